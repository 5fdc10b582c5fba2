//! The hierarchy of users: up to five named levels, and groups on them. A group stays where it was made; users are
//! moved from group to group.
//!
//! Facts: `control-plane.md` section 3, `quotas.md` section 1, `observed-errors.md` S5 and O14.

pub(crate) mod group;

use api::shapes;
use engine::user::User;
use engine::{HierarchyGroupId, Timestamp};
use minicbor::{Decode, Encode};
use serde_json::json;
use store::{KeyId, Kind};

use super::resource::shown;
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_in_use};
use crate::kinds;
use crate::operations::in_instance;
use crate::record::Record;
use crate::tx::Tx;
pub(crate) use group::HierarchyGroup;

/// Most characters of the name of a level.
const LEVEL_NAME_CHARACTERS_MAX: usize = 50;
/// The members of a structure, from the top.
const LEVEL_MEMBERS: [&str; 5] = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];
/// The key of the only record of its kind.
const KEY: [u8; 1] = [0];

in_instance!(shapes::DescribeUserHierarchyStructureRequest, shapes::UpdateUserHierarchyStructureRequest);

/// A level of the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct HierarchyLevel {
    /// What the groups on it are, such as "Site".
    #[n(0)]
    pub name: String,
    /// Last change.
    #[n(1)]
    pub last_modified: Timestamp,
}

/// The levels of an instance's hierarchy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct HierarchyStructure {
    /// From the top.
    #[n(0)]
    pub levels: Vec<HierarchyLevel>,
}

impl Record for HierarchyStructure {
    const KIND: Kind = kinds::HIERARCHY_STRUCTURE;
    const NAME: &'static str = "user hierarchy structure";

    fn id(&self) -> KeyId {
        KEY.into()
    }
}

/// The levels of the instance; none until some are made.
fn structure(tx: &Tx<'_>) -> HierarchyStructure {
    tx.get::<HierarchyStructure>(&KEY).map(|structure| HierarchyStructure::clone(&structure)).unwrap_or_default()
}

/// The groups that a user is in: its own, and those above it, from the top.
pub(crate) fn path_of_user(tx: &Tx<'_>, user: &User) -> Vec<HierarchyGroupId> {
    let group = user.hierarchy_group.and_then(|id| tx.get::<HierarchyGroup>(id.as_bytes()));
    group.map(|group| group.path()).unwrap_or_default()
}

/// Shows the levels.
pub(crate) fn describe_user_hierarchy_structure(
    tx: &Tx<'_>,
    _: &Call,
    _: &shapes::DescribeUserHierarchyStructureRequest,
) -> Result<shapes::DescribeUserHierarchyStructureResponse, Halt> {
    let shown_level = |(level, number): (HierarchyLevel, usize)| shapes::HierarchyLevel {
        id: Some(number.to_string()),
        arn: Some(format!("{}/agent-group-level/{number}", tx.arn_scope().instance_arn())),
        name: Some(level.name),
        last_modified_time: shown(level.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    let mut levels = structure(tx).levels.into_iter().zip(1..).map(shown_level);
    let structure = shapes::HierarchyStructure {
        level_one: levels.next(),
        level_two: levels.next(),
        level_three: levels.next(),
        level_four: levels.next(),
        level_five: levels.next(),
    };
    Ok(shapes::DescribeUserHierarchyStructureResponse { hierarchy_structure: Some(structure) })
}

/// Replaces the levels: those that are not given go, which a level with groups cannot.
pub(crate) fn update_user_hierarchy_structure(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserHierarchyStructureRequest,
) -> Result<api::Empty, Halt> {
    let names = level_names(&input.hierarchy_structure)?;
    if let Some(group) = tx.list::<HierarchyGroup>().iter().find(|group| group.level() > names.len()) {
        let text = format!(
            "{} cannot be removed: group {} is on it; delete its groups first, or give its name again",
            LEVEL_MEMBERS[group.level() - 1],
            group.id
        );
        let in_use = resource_in_use(text, group::arn(tx, group.id));
        return Err(in_use.with("ResourceType", json!("HIERARCHY_GROUP")).into());
    }
    let before = structure(tx).levels;
    let level = |(place, name): (usize, &str)| match before.get(place) {
        Some(level) if level.name == name => level.clone(),
        _ => HierarchyLevel { name: name.to_owned(), last_modified: tx.now },
    };
    let levels = names.into_iter().enumerate().map(level).collect();
    tx.put(HierarchyStructure { levels });
    Ok(api::Empty {})
}

/// The names of the levels, from the top.
///
/// # Errors
/// A level is given below one that is not, or a name is no name.
fn level_names(given: &shapes::HierarchyStructureUpdate) -> Result<Vec<&str>, ApiError> {
    let levels = [&given.level_one, &given.level_two, &given.level_three, &given.level_four, &given.level_five];
    let mut names = Vec::new();
    for (place, level) in levels.into_iter().enumerate() {
        let Some(level) = level else { continue };
        if names.len() < place {
            let (member, above) = (LEVEL_MEMBERS[place], LEVEL_MEMBERS[place - 1]);
            return Err(ApiError::invalid_parameter(format!(
                "HierarchyStructure has {member} and no {above}; give both"
            )));
        }
        check_name(
            &format!("HierarchyStructure.{}.Name", LEVEL_MEMBERS[place]),
            &level.name,
            LEVEL_NAME_CHARACTERS_MAX,
        )?;
        names.push(level.name.as_str());
    }
    Ok(names)
}

/// Refuses a name that is empty or too long, which the model does not.
fn check_name(member: &str, name: &str, characters_max: usize) -> Result<(), ApiError> {
    let characters = name.chars().count();
    if (1..=characters_max).contains(&characters) {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "Invalid parameter:  {member} has {characters} characters; give 1 to {characters_max}"
    )))
}
