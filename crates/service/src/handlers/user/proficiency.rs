//! What users are skilled in, which routing criteria of contacts ask for. A change reaches routing with its answer.
//!
//! A proficiency is a value of a predefined attribute with a level; a user may have several values of one attribute.
//! Giving one again sets its level, and taking away one that is not there is no error, so that both can be sent twice.
//!
//! Facts: `routing.md` section 6, `quotas.md` section 1.

use std::collections::BTreeSet;

use api::shapes;
use engine::user::{Proficiency, User};
use sha2::{Digest, Sha256};
use store::KeyId;

use super::change_user;
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::handlers::predefined_attribute::find_predefined;
use crate::handlers::resource::{load, shown};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page_by;
use crate::tx::Tx;

in_instance!(
    shapes::AssociateUserProficienciesRequest,
    shapes::DisassociateUserProficienciesRequest,
    shapes::UpdateUserProficienciesRequest,
    shapes::ListUserProficienciesRequest,
);

/// The proficiency of an attribute and a value.
fn find<'a>(user: &'a mut User, attribute: &str, value: &str) -> Option<&'a mut Proficiency> {
    user.proficiencies.iter_mut().find(|skill| skill.attribute == attribute && skill.value == value)
}

fn proficiency(given: &shapes::UserProficiency) -> Proficiency {
    Proficiency {
        attribute: given.attribute_name.clone(),
        value: given.attribute_value.clone(),
        level: given.level as f32,
    }
}

fn refuse_twice<'a>(given: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    for (attribute, value) in given {
        if !seen.insert((attribute, value)) {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid parameter:  UserProficiencies has {attribute:?} {value:?} twice; give it once"
            )));
        }
    }
    Ok(())
}

/// Gives a user skills.
pub(crate) fn associate_user_proficiencies(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::AssociateUserProficienciesRequest,
) -> Result<api::Empty, Halt> {
    let given = &input.user_proficiencies;
    load::<User>(tx, &input.user_id)?;
    refuse_twice(given.iter().map(|skill| (&*skill.attribute_name, &*skill.attribute_value)))?;
    for skill in given {
        refuse_unlisted(tx, skill)?;
    }
    let quota = tx.settings().quotas.user_proficiencies;
    change_user(tx, &input.user_id, |user| {
        for skill in given {
            match find(user, &skill.attribute_name, &skill.attribute_value) {
                Some(present) => *present = proficiency(skill),
                None => user.proficiencies.push(proficiency(skill)),
            }
        }
        let count = user.proficiencies.len();
        if let Some(most) = quota.filter(|most| count > *most) {
            let text = format!(
                "user {} would have {count} proficiencies, and the most is {most}; take some away by \
                 DisassociateUserProficiencies, or raise the quota in the configuration",
                user.id
            );
            return Err(ApiError::invalid_request(text).into());
        }
        Ok(())
    })
}

/// The attribute must be there. If it lists values, only those can be given.
fn refuse_unlisted(tx: &Tx<'_>, skill: &shapes::UserProficiency) -> Result<(), ApiError> {
    let name = &skill.attribute_name;
    let attribute = find_predefined(tx, name).ok_or_else(|| resource_not_found("predefined attribute", name))?;
    if attribute.values.is_empty() || attribute.values.contains(&skill.attribute_value) {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "Invalid parameter:  AttributeValue {:?} is none of the {} values of predefined attribute {name:?}; add it by \
         UpdatePredefinedAttribute",
        skill.attribute_value,
        attribute.values.len()
    )))
}

/// Takes skills away from a user.
pub(crate) fn disassociate_user_proficiencies(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DisassociateUserProficienciesRequest,
) -> Result<api::Empty, Halt> {
    let gone = |skill: &Proficiency| {
        let names = |given: &shapes::UserProficiencyDisassociate| {
            given.attribute_name == skill.attribute && given.attribute_value == skill.value
        };
        input.user_proficiencies.iter().any(names)
    };
    change_user(tx, &input.user_id, |user| {
        user.proficiencies.retain(|skill| !gone(skill));
        Ok(())
    })
}

/// Sets the level of skills that a user has.
pub(crate) fn update_user_proficiencies(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateUserProficienciesRequest,
) -> Result<api::Empty, Halt> {
    let given = &input.user_proficiencies;
    refuse_twice(given.iter().map(|skill| (&*skill.attribute_name, &*skill.attribute_value)))?;
    change_user(tx, &input.user_id, |user| {
        for skill in given {
            let id = user.id;
            let Some(present) = find(user, &skill.attribute_name, &skill.attribute_value) else {
                let text = format!(
                    "user {id} has no proficiency {:?} {:?}: add it by AssociateUserProficiencies",
                    skill.attribute_name, skill.attribute_value
                );
                return Err(ApiError::invalid_request(text).into());
            };
            *present = proficiency(skill);
        }
        Ok(())
    })
}

/// Lists the skills of a user.
pub(crate) fn list_user_proficiencies(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListUserProficienciesRequest,
) -> Result<shapes::ListUserProficienciesResponse, Halt> {
    let user = load::<User>(tx, &input.user_id)?;
    let mut skills: Vec<&Proficiency> = user.proficiencies.iter().collect();
    skills.sort_by_key(key);
    let page = page_by(kinds::USER, skills, key, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::ListUserProficienciesResponse {
        next_token: page.next_token,
        user_proficiency_list: Some(page.items.into_iter().map(shown_proficiency).collect()),
        last_modified_time: shown(user.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    })
}

/// Where a skill stands in lists.
fn key(skill: &&Proficiency) -> KeyId {
    const BYTES: usize = 16;
    let mut hash = Sha256::new();
    hash.update((skill.attribute.len() as u64).to_be_bytes());
    hash.update(&skill.attribute);
    hash.update(&skill.value);
    KeyId::from(&hash.finalize()[..BYTES])
}

fn shown_proficiency(skill: &Proficiency) -> shapes::UserProficiency {
    shapes::UserProficiency {
        attribute_name: skill.attribute.clone(),
        attribute_value: skill.value.clone(),
        level: decimal(skill.level),
    }
}

/// The number with the fewest digits that means this level: a plain conversion would show 2.2 as 2.200000047683716.
fn decimal(level: f32) -> f64 {
    level.to_string().parse().expect("a number as text is a number")
}
