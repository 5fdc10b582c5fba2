//! Security profiles: what users may do in the pages. The API asks policies instead (`observed-errors.md` E-C10).
//!
//! Facts: `control-plane.md` section 3.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::shapes;
use engine::SecurityProfileId;
use engine::arn::Resource;
use engine::security_profile::{Application, SecurityProfile};
use engine::user::User;
use serde_json::json;
use store::{KeyId, Kind};

use super::defaults;
use super::resource::{load, shown};
use super::search::{self, Field};
use super::tag::new_tags;
use super::user_hierarchy::group;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_in_use};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::{page, page_by};
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateSecurityProfileRequest,
    shapes::DescribeSecurityProfileRequest,
    shapes::ListSecurityProfilesRequest,
    shapes::UpdateSecurityProfileRequest,
    shapes::DeleteSecurityProfileRequest,
    shapes::ListSecurityProfilePermissionsRequest,
    shapes::SearchSecurityProfilesRequest,
);

impl Record for SecurityProfile {
    const KIND: Kind = kinds::SECURITY_PROFILE;
    const NAME: &'static str = "security profile";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// The ARN of a security profile.
pub(crate) fn arn(tx: &Tx<'_>, id: SecurityProfileId) -> String {
    format!("{}/security-profile/{id}", tx.arn_scope().instance_arn())
}

/// Makes a security profile.
pub(crate) fn create_security_profile(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateSecurityProfileRequest,
) -> Result<shapes::CreateSecurityProfileResponse, Halt> {
    let profiles = tx.list::<SecurityProfile>();
    if profiles.iter().any(|profile| profile.name == input.security_profile_name) {
        return Err(name_exists("Security profile", &input.security_profile_name).into());
    }
    super::refuse_over_quota("security profiles", profiles.len(), tx.settings().quotas.security_profiles)?;
    let hierarchy_group = group::find(tx, input.allowed_access_control_hierarchy_group_id.as_deref())?;
    refuse_unknown_parts(input.allowed_flow_modules.as_deref(), input.granular_access_control_configuration.is_some())?;
    let profile = SecurityProfile {
        id: SecurityProfileId(tx.new_id()),
        name: input.security_profile_name.clone(),
        description: input.description.clone(),
        permissions: input.permissions.clone().unwrap_or_default(),
        allowed_access_control_tags: input.allowed_access_control_tags.clone().unwrap_or_default(),
        tag_restricted_resources: input.tag_restricted_resources.clone().unwrap_or_default(),
        hierarchy_restricted_resources: input.hierarchy_restricted_resources.clone().unwrap_or_default(),
        allowed_hierarchy_group: hierarchy_group,
        applications: applications(input.applications.as_deref().unwrap_or_default()),
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
    };
    let answer = shapes::CreateSecurityProfileResponse {
        security_profile_id: Some(profile.id.to_string()),
        security_profile_arn: Some(arn(tx, profile.id)),
    };
    tx.put(profile);
    Ok(answer)
}

/// Refuses what a profile could name and an instance does not have, rather than forget it.
fn refuse_unknown_parts(flow_modules: Option<&[shapes::FlowModule]>, is_granular: bool) -> Result<(), ApiError> {
    let refuse = |member: &str| {
        ApiError::invalid_request(format!(
            "{member} is not supported: leave it out, or restrict by Permissions and tags"
        ))
    };
    if flow_modules.is_some_and(|modules| !modules.is_empty()) {
        return Err(refuse("AllowedFlowModules"));
    }
    if is_granular {
        return Err(refuse("GranularAccessControlConfiguration"));
    }
    Ok(())
}

fn applications(given: &[shapes::Application]) -> Vec<Application> {
    let application = |application: &shapes::Application| Application {
        namespace: application.namespace.clone().unwrap_or_default(),
        permissions: application.application_permissions.clone().unwrap_or_default(),
    };
    given.iter().map(application).collect()
}

/// Shows a security profile.
pub(crate) fn describe_security_profile(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeSecurityProfileRequest,
) -> Result<shapes::DescribeSecurityProfileResponse, Halt> {
    let profile = load::<SecurityProfile>(tx, &input.security_profile_id)?;
    let some = |list: &Vec<String>| Some(list.clone()).filter(|list| !list.is_empty());
    let shown = shapes::SecurityProfile {
        id: Some(profile.id.to_string()),
        organization_resource_id: Some(tx.arn_scope().instance.to_string()),
        arn: Some(arn(tx, profile.id)),
        security_profile_name: Some(profile.name.clone()),
        description: profile.description.clone(),
        tags: Some(profile.tags.clone()),
        allowed_access_control_tags: Some(profile.allowed_access_control_tags.clone()).filter(|tags| !tags.is_empty()),
        tag_restricted_resources: some(&profile.tag_restricted_resources),
        last_modified_time: shown(profile.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
        hierarchy_restricted_resources: some(&profile.hierarchy_restricted_resources),
        allowed_access_control_hierarchy_group_id: profile.allowed_hierarchy_group.map(|group| group.to_string()),
        granular_access_control_configuration: None,
    };
    Ok(shapes::DescribeSecurityProfileResponse { security_profile: Some(shown) })
}

/// Lists security profiles.
pub(crate) fn list_security_profiles(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListSecurityProfilesRequest,
) -> Result<shapes::ListSecurityProfilesResponse, Halt> {
    let page = page(tx.list::<SecurityProfile>(), input.next_token.as_deref(), input.max_results)?;
    let summary = |profile: &Arc<SecurityProfile>| shapes::SecurityProfileSummary {
        id: Some(profile.id.to_string()),
        arn: Some(arn(tx, profile.id)),
        name: Some(profile.name.clone()),
        last_modified_time: shown(profile.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListSecurityProfilesResponse {
        security_profile_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Changes a security profile; what is not given stays.
pub(crate) fn update_security_profile(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateSecurityProfileRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = SecurityProfile::clone(&*load::<SecurityProfile>(tx, &input.security_profile_id)?);
    let hierarchy_group = group::find(tx, input.allowed_access_control_hierarchy_group_id.as_deref())?;
    refuse_unknown_parts(input.allowed_flow_modules.as_deref(), input.granular_access_control_configuration.is_some())?;
    profile.allowed_hierarchy_group = hierarchy_group.or(profile.allowed_hierarchy_group);
    profile.description = input.description.clone().or(profile.description);
    replace(&mut profile.permissions, input.permissions.as_ref());
    replace(&mut profile.allowed_access_control_tags, input.allowed_access_control_tags.as_ref());
    replace(&mut profile.tag_restricted_resources, input.tag_restricted_resources.as_ref());
    replace(&mut profile.hierarchy_restricted_resources, input.hierarchy_restricted_resources.as_ref());
    if let Some(given) = &input.applications {
        profile.applications = applications(given);
    }
    profile.last_modified = tx.now;
    tx.put(profile);
    Ok(api::Empty {})
}

fn replace<T: Clone>(current: &mut T, given: Option<&T>) {
    if let Some(given) = given {
        current.clone_from(given);
    }
}

/// Deletes a security profile that no user has and that did not come with the instance (`observed-errors.md` section 6).
pub(crate) fn delete_security_profile(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteSecurityProfileRequest,
) -> Result<api::Empty, Halt> {
    let profile = load::<SecurityProfile>(tx, &input.security_profile_id)?;
    if defaults::SECURITY_PROFILES.iter().any(|(name, _)| *name == profile.name) {
        let text = format!("security profile {} came with the instance and cannot be deleted", profile.name);
        return Err(ApiError::invalid_request(text).into());
    }
    if let Some(user) = tx.list::<User>().iter().find(|user| user.security_profiles.contains(&profile.id)) {
        let text = format!(
            "security profile {} is one of user {}; give the user others by UpdateUserSecurityProfiles",
            profile.id, user.id
        );
        let arn = tx.arn_scope().arn(Resource::User(user.id));
        return Err(resource_in_use(text, arn).with("ResourceType", json!("USER")).into());
    }
    tx.delete::<SecurityProfile>(profile.id.as_bytes());
    Ok(api::Empty {})
}

/// Lists the permissions of a security profile, in the order of the alphabet.
pub(crate) fn list_security_profile_permissions(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListSecurityProfilePermissionsRequest,
) -> Result<shapes::ListSecurityProfilePermissionsResponse, Halt> {
    let profile = load::<SecurityProfile>(tx, &input.security_profile_id)?;
    let permissions: BTreeSet<&String> = profile.permissions.iter().collect();
    let id = |permission: &&String| KeyId::from(permission.as_bytes());
    let page = page_by(kinds::SECURITY_PROFILE, permissions, id, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::ListSecurityProfilePermissionsResponse {
        permissions: Some(page.items.into_iter().cloned().collect()),
        next_token: page.next_token,
        last_modified_time: shown(profile.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    })
}

/// What of a security profile can be searched.
const FIELDS: [Field<SecurityProfile>; 3] = [
    Field { name: "name", values: |profile| vec![profile.name.clone()] },
    Field { name: "description", values: |profile| profile.description.clone().into_iter().collect() },
    Field { name: "resourceID", values: |profile| vec![profile.id.to_string()] },
];

search::criteria!(shapes::SecurityProfileSearchCriteria: SecurityProfile, FIELDS);

/// Searches security profiles.
pub(crate) fn search_security_profiles(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchSecurityProfilesRequest,
) -> Result<shapes::SearchSecurityProfilesResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.tag_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let found = search::search(tx.list::<SecurityProfile>(), &tests, input.next_token.as_deref(), input.max_results)?;
    let (page, total) = found;
    let summary = |profile: &Arc<SecurityProfile>| shapes::SecurityProfileSearchSummary {
        id: Some(profile.id.to_string()),
        organization_resource_id: Some(tx.arn_scope().instance.to_string()),
        arn: Some(arn(tx, profile.id)),
        security_profile_name: Some(profile.name.clone()),
        description: profile.description.clone(),
        tags: Some(profile.tags.clone()),
    };
    Ok(shapes::SearchSecurityProfilesResponse {
        security_profiles: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}
