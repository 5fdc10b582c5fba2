//! Security profiles: what users may do in the pages. The API asks policies instead (`observed-errors.md` E-C10).
//!
//! Facts: `control-plane.md` section 3.

use std::sync::Arc;

use api::shapes;
use engine::SecurityProfileId;
use engine::security_profile::{Application, SecurityProfile};
use store::{KeyId, Kind};

use super::resource::{load, shown};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateSecurityProfileRequest,
    shapes::DescribeSecurityProfileRequest,
    shapes::ListSecurityProfilesRequest,
);

impl Record for SecurityProfile {
    const KIND: Kind = kinds::SECURITY_PROFILE;
    const NAME: &'static str = "security profile";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

fn arn(tx: &Tx<'_>, id: SecurityProfileId) -> String {
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
    refuse_unknown_parts(input)?;
    let application = |application: &shapes::Application| Application {
        namespace: application.namespace.clone().unwrap_or_default(),
        permissions: application.application_permissions.clone().unwrap_or_default(),
    };
    let profile = SecurityProfile {
        id: SecurityProfileId(tx.new_id()),
        name: input.security_profile_name.clone(),
        description: input.description.clone(),
        permissions: input.permissions.clone().unwrap_or_default(),
        allowed_access_control_tags: input.allowed_access_control_tags.clone().unwrap_or_default(),
        tag_restricted_resources: input.tag_restricted_resources.clone().unwrap_or_default(),
        hierarchy_restricted_resources: input.hierarchy_restricted_resources.clone().unwrap_or_default(),
        allowed_hierarchy_group: None,
        applications: input.applications.iter().flatten().map(application).collect(),
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
fn refuse_unknown_parts(input: &shapes::CreateSecurityProfileRequest) -> Result<(), ApiError> {
    if let Some(group) = &input.allowed_access_control_hierarchy_group_id {
        return Err(crate::error::resource_not_found("hierarchy group", group));
    }
    let refuse = |member: &str| {
        ApiError::invalid_request(format!(
            "{member} is not supported: leave it out, or restrict by Permissions and tags"
        ))
    };
    if input.allowed_flow_modules.as_ref().is_some_and(|modules| !modules.is_empty()) {
        return Err(refuse("AllowedFlowModules"));
    }
    if input.granular_access_control_configuration.is_some() {
        return Err(refuse("GranularAccessControlConfiguration"));
    }
    Ok(())
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
