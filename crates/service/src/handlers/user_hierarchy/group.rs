//! Groups of the hierarchy.

use std::sync::Arc;

use api::shapes;
use engine::arn::Resource;
use engine::security_profile::SecurityProfile;
use engine::tag::Tags;
use engine::user::User;
use engine::{HierarchyGroupId, Timestamp};
use minicbor::{Decode, Encode};
use serde_json::json;
use store::{KeyId, Kind};

use super::{check_name, path_of_user, structure};
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_in_use};
use crate::handlers::resource::{load, shown};
use crate::handlers::search::{self, Field};
use crate::handlers::tag::new_tags;
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

/// Most characters of the name of a group.
const NAME_CHARACTERS_MAX: usize = 100;

in_instance!(
    shapes::CreateUserHierarchyGroupRequest,
    shapes::DescribeUserHierarchyGroupRequest,
    shapes::ListUserHierarchyGroupsRequest,
    shapes::UpdateUserHierarchyGroupNameRequest,
    shapes::DeleteUserHierarchyGroupRequest,
    shapes::SearchUserHierarchyGroupsRequest,
);

/// A group of the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct HierarchyGroup {
    /// Its id.
    #[n(0)]
    pub id: HierarchyGroupId,
    /// Unique among the groups of its parent.
    #[n(1)]
    pub name: String,
    /// The groups above it, from the top.
    #[n(2)]
    pub ancestors: Vec<HierarchyGroupId>,
    /// Tags of the resource.
    #[n(3)]
    pub tags: Tags,
    /// Last change.
    #[n(4)]
    pub last_modified: Timestamp,
}

impl HierarchyGroup {
    /// The level it is on; the top is 1.
    pub fn level(&self) -> usize {
        self.ancestors.len() + 1
    }

    /// The groups above it and itself, from the top.
    pub fn path(&self) -> Vec<HierarchyGroupId> {
        self.ancestors.iter().copied().chain([self.id]).collect()
    }
}

impl Record for HierarchyGroup {
    const KIND: Kind = kinds::HIERARCHY_GROUP;
    const NAME: &'static str = "hierarchy group";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// The group of an id or ARN, if one is given.
pub(crate) fn find(tx: &Tx<'_>, given: Option<&str>) -> Result<Option<HierarchyGroupId>, ApiError> {
    Ok(given.map(|given| load::<HierarchyGroup>(tx, given)).transpose()?.map(|group| group.id))
}

/// The ARN of a group.
pub(crate) fn arn(tx: &Tx<'_>, id: HierarchyGroupId) -> String {
    group_arn(tx.arn_scope(), id)
}

/// The ARN of a group, where there is no overlay to ask.
pub(crate) fn group_arn(scope: &engine::arn::Scope, id: HierarchyGroupId) -> String {
    format!("{}/agent-group/{id}", scope.instance_arn())
}

fn refuse_taken_name(
    tx: &Tx<'_>,
    ancestors: &[HierarchyGroupId],
    name: &str,
    except: Option<HierarchyGroupId>,
) -> Result<(), ApiError> {
    let taken =
        |group: &Arc<HierarchyGroup>| group.ancestors == ancestors && group.name == name && Some(group.id) != except;
    if tx.list::<HierarchyGroup>().iter().any(taken) { Err(name_exists("Hierarchy group", name)) } else { Ok(()) }
}

/// Makes a group: below another, or on the top level.
pub(crate) fn create_user_hierarchy_group(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateUserHierarchyGroupRequest,
) -> Result<shapes::CreateUserHierarchyGroupResponse, Halt> {
    check_name("Name", &input.name, NAME_CHARACTERS_MAX)?;
    let parent = input.parent_group_id.as_deref().map(|given| load::<HierarchyGroup>(tx, given)).transpose()?;
    let ancestors = parent.map(|parent| parent.path()).unwrap_or_default();
    let (level, levels) = (ancestors.len() + 1, structure(tx).levels.len());
    if level > levels {
        return Err(ApiError::invalid_request(format!(
            "the group would be on level {level}, and the hierarchy has {levels} levels; add levels by UpdateUserHierarchyStructure"
        ))
        .into());
    }
    refuse_taken_name(tx, &ancestors, &input.name, None)?;
    let count = tx.list::<HierarchyGroup>().len();
    crate::handlers::refuse_over_quota("hierarchy groups", count, tx.settings().quotas.user_hierarchy_groups)?;
    let group = HierarchyGroup {
        id: HierarchyGroupId(tx.new_id()),
        name: input.name.clone(),
        ancestors,
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
    };
    let answer = shapes::CreateUserHierarchyGroupResponse {
        hierarchy_group_id: Some(group.id.to_string()),
        hierarchy_group_arn: Some(arn(tx, group.id)),
    };
    tx.put(group);
    Ok(answer)
}

fn summary(tx: &Tx<'_>, group: &HierarchyGroup) -> shapes::HierarchyGroupSummary {
    shapes::HierarchyGroupSummary {
        id: Some(group.id.to_string()),
        arn: Some(arn(tx, group.id)),
        name: Some(group.name.clone()),
        last_modified_time: shown(group.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    }
}

/// A group with its path, itself included.
fn shown_group(tx: &Tx<'_>, group: &HierarchyGroup) -> shapes::HierarchyGroup {
    let path = group.path();
    let mut groups = path.iter().filter_map(|id| tx.get::<HierarchyGroup>(id.as_bytes())).map(|it| summary(tx, &it));
    shapes::HierarchyGroup {
        id: Some(group.id.to_string()),
        arn: Some(arn(tx, group.id)),
        name: Some(group.name.clone()),
        level_id: Some(group.level().to_string()),
        hierarchy_path: Some(shapes::HierarchyPath {
            level_one: groups.next(),
            level_two: groups.next(),
            level_three: groups.next(),
            level_four: groups.next(),
            level_five: groups.next(),
        }),
        tags: Some(group.tags.clone()),
        last_modified_time: shown(group.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    }
}

/// Shows a group.
pub(crate) fn describe_user_hierarchy_group(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeUserHierarchyGroupRequest,
) -> Result<shapes::DescribeUserHierarchyGroupResponse, Halt> {
    let group = load::<HierarchyGroup>(tx, &input.hierarchy_group_id)?;
    Ok(shapes::DescribeUserHierarchyGroupResponse { hierarchy_group: Some(shown_group(tx, &group)) })
}

/// Lists groups, of all levels.
pub(crate) fn list_user_hierarchy_groups(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListUserHierarchyGroupsRequest,
) -> Result<shapes::ListUserHierarchyGroupsResponse, Halt> {
    let page = page(tx.list::<HierarchyGroup>(), input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::ListUserHierarchyGroupsResponse {
        user_hierarchy_group_summary_list: Some(page.items.iter().map(|group| summary(tx, group)).collect()),
        next_token: page.next_token,
    })
}

/// Renames a group.
pub(crate) fn update_user_hierarchy_group_name(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserHierarchyGroupNameRequest,
) -> Result<api::Empty, Halt> {
    let mut group = HierarchyGroup::clone(&*load::<HierarchyGroup>(tx, &input.hierarchy_group_id)?);
    check_name("Name", &input.name, NAME_CHARACTERS_MAX)?;
    refuse_taken_name(tx, &group.ancestors, &input.name, Some(group.id))?;
    group.name.clone_from(&input.name);
    group.last_modified = tx.now;
    tx.put(group);
    Ok(api::Empty {})
}

/// Deletes a group that has no group below it, no user in it, and no security profile that reaches to it.
pub(crate) fn delete_user_hierarchy_group(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteUserHierarchyGroupRequest,
) -> Result<api::Empty, Halt> {
    let group = load::<HierarchyGroup>(tx, &input.hierarchy_group_id)?;
    if let Some(below) = tx.list::<HierarchyGroup>().iter().find(|other| other.ancestors.contains(&group.id)) {
        let text = format!("group {} has group {} below it; delete that first", group.id, below.id);
        let in_use = resource_in_use(text, arn(tx, below.id));
        return Err(in_use.with("ResourceType", json!("HIERARCHY_GROUP")).into());
    }
    if let Some(user) = tx.list::<User>().iter().find(|user| user.hierarchy_group == Some(group.id)) {
        let text = format!("user {} is in group {}; move it by UpdateUserHierarchy", user.id, group.id);
        let in_use = resource_in_use(text, tx.arn_scope().arn(Resource::User(user.id)));
        return Err(in_use.with("ResourceType", json!("USER")).into());
    }
    let reaches = |profile: &&Arc<SecurityProfile>| profile.allowed_hierarchy_group == Some(group.id);
    if let Some(profile) = tx.list::<SecurityProfile>().iter().find(reaches) {
        let text = format!(
            "security profile {} reaches to group {}; give it another by UpdateSecurityProfile",
            profile.id, group.id
        );
        return Err(resource_in_use(text, crate::handlers::security_profile::arn(tx, profile.id)).into());
    }
    tx.delete::<HierarchyGroup>(group.id.as_bytes());
    Ok(api::Empty {})
}

/// What of a group can be searched.
const FIELDS: [Field<HierarchyGroup>; 4] = [
    Field { name: "name", values: |group| vec![group.name.clone()] },
    Field { name: "parentId", values: |group| group.ancestors.last().iter().map(ToString::to_string).collect() },
    Field { name: "levelId", values: |group| vec![group.level().to_string()] },
    Field { name: "resourceID", values: |group| vec![group.id.to_string()] },
];

search::criteria!(shapes::UserHierarchyGroupSearchCriteria: HierarchyGroup, FIELDS);

/// Searches groups.
pub(crate) fn search_user_hierarchy_groups(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchUserHierarchyGroupsRequest,
) -> Result<shapes::SearchUserHierarchyGroupsResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.attribute_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let found = search::search(tx.list::<HierarchyGroup>(), &tests, input.next_token.as_deref(), input.max_results)?;
    let (page, total) = found;
    Ok(shapes::SearchUserHierarchyGroupsResponse {
        user_hierarchy_groups: Some(page.items.iter().map(|group| shown_group(tx, group)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}

/// The path of a user as current data shows it.
pub(crate) fn shown_path(tx: &Tx<'_>, user: &User) -> Option<shapes::HierarchyPathReference> {
    let path = path_of_user(tx, user);
    if path.is_empty() {
        return None;
    }
    let mut groups = path
        .into_iter()
        .map(|id| shapes::HierarchyGroupSummaryReference { id: Some(id.to_string()), arn: Some(arn(tx, id)) });
    Some(shapes::HierarchyPathReference {
        level_one: groups.next(),
        level_two: groups.next(),
        level_three: groups.next(),
        level_four: groups.next(),
        level_five: groups.next(),
    })
}

/// The groups of the agent of a contact: those that the user is in now.
pub(crate) fn shown_groups(tx: &Tx<'_>, user: &User) -> Option<shapes::HierarchyGroups> {
    let path = path_of_user(tx, user);
    if path.is_empty() {
        return None;
    }
    let mut groups = path.into_iter().map(|id| shapes::AgentHierarchyGroup { arn: Some(arn(tx, id)) });
    Some(shapes::HierarchyGroups {
        level1: groups.next(),
        level2: groups.next(),
        level3: groups.next(),
        level4: groups.next(),
        level5: groups.next(),
    })
}
