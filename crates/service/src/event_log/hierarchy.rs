//! The groups of an agent, level by level.

use engine::HierarchyGroupId;
use engine::arn::Scope as ArnScope;
use serde_json::{Map, Value};

use super::ReadEventsError;
use super::records::Records;
use crate::handlers::user_hierarchy::HierarchyGroup;
use crate::handlers::user_hierarchy::group::group_arn;

/// The groups from the top to this one, each as `show` writes it from ARN and name, under the words `<level>1` to
/// `<level>5`. A group that is gone has neither name nor path.
pub(super) fn by_level(
    records: &Records<'_>,
    arns: &ArnScope,
    group: HierarchyGroupId,
    level: &str,
    show: impl Fn(String, Option<String>) -> Value,
) -> Result<Value, ReadEventsError> {
    let find = |id: HierarchyGroupId| records.get::<HierarchyGroup>(id.as_bytes());
    let path = find(group)?.map_or_else(|| vec![group], |group| group.path());
    let mut groups = Map::new();
    for (number, id) in (1..).zip(path) {
        let name = find(id)?.map(|group| group.name);
        groups.insert(format!("{level}{number}"), show(group_arn(arns, id), name));
    }
    Ok(Value::Object(groups))
}
