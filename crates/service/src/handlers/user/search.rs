//! The search for users.
//!
//! What the conditions on proficiencies mean is not documented. Here a condition's FieldName is a predefined attribute,
//! a StringCondition is about its value and a NumberCondition about its level, and all conditions on one attribute must
//! hold for the same proficiency.

use std::collections::{BTreeMap, BTreeSet};

use api::shapes::{
    self, AttributeAndCondition, Condition, ControlPlaneUserAttributeFilter, NumberComparisonType, NumberCondition,
};
use engine::user::{PhoneConfig, Proficiency, User};

use super::{arn, shown_after_contact_work, shown_auto_accept, shown_phone, some};
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::resource::load;
use crate::handlers::search::{self, Field, Test};
use crate::handlers::user_hierarchy::HierarchyGroup;
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(shapes::SearchUsersRequest);

/// What of a user can be searched.
const FIELDS: [Field<User>; 6] = [
    Field { name: "Username", values: |user| vec![user.username.clone()] },
    Field { name: "FirstName", values: |user| user.identity.first_name.clone().into_iter().collect() },
    Field { name: "LastName", values: |user| user.identity.last_name.clone().into_iter().collect() },
    Field { name: "RoutingProfileId", values: |user| vec![user.routing_profile.to_string()] },
    Field {
        name: "SecurityProfileId",
        values: |user| user.security_profiles.iter().map(ToString::to_string).collect(),
    },
    Field { name: "ResourceId", values: |user| vec![user.id.to_string()] },
];

search::criteria!(shapes::UserSearchCriteria: User, FIELDS, |criteria, tx| {
    let conditions = criteria.list_condition.as_ref().and_then(|list| list.conditions.as_deref());
    let mut tests = conditions.map_or_else(|| Ok(Vec::new()), proficiency_tests)?;
    if let Some(condition) = &criteria.hierarchy_group_condition {
        tests.push(in_group(tx, condition)?);
    }
    Ok(tests)
});

/// The test of a group: whether a user is in it or, if that is asked, in one below it.
fn in_group(tx: &Tx<'_>, condition: &shapes::HierarchyGroupCondition) -> Result<Test<User>, ApiError> {
    let wanted = load::<HierarchyGroup>(tx, condition.value.as_deref().unwrap_or_default())?.id;
    let mut groups = BTreeSet::from([wanted]);
    if condition.hierarchy_group_match_type == Some(shapes::HierarchyGroupMatchType::WithChildGroups) {
        let below = tx.list::<HierarchyGroup>().into_iter().filter(|group| group.ancestors.contains(&wanted));
        groups.extend(below.map(|group| group.id));
    }
    Ok(Box::new(move |user| user.hierarchy_group.is_some_and(|group| groups.contains(&group))))
}

/// One test for each attribute that is named: some proficiency of it meets all conditions on it.
fn proficiency_tests(conditions: &[Condition]) -> Result<Vec<Test<User>>, ApiError> {
    let mut by_attribute: BTreeMap<String, Vec<Test<Proficiency>>> = BTreeMap::new();
    for condition in conditions {
        if let Some(condition) = &condition.string_condition {
            let name = condition.field_name.clone().unwrap_or_default();
            let value = [Field { name: "", values: |skill: &Proficiency| vec![skill.value.clone()] }];
            let of_value = shapes::StringCondition { field_name: Some(String::new()), ..condition.clone() };
            by_attribute.entry(name).or_default().push(search::string(&value, &of_value)?);
        }
        if let Some(condition) = &condition.number_condition {
            let name = condition.field_name.clone().unwrap_or_default();
            by_attribute.entry(name).or_default().push(level(condition)?);
        }
    }
    let mut tests: Vec<Test<User>> = Vec::new();
    for (attribute, conditions) in by_attribute {
        if attribute.is_empty() {
            let text = "a condition of ListCondition has no FieldName: give the name of a predefined attribute";
            return Err(ApiError::invalid_parameter(text));
        }
        let meets_all = search::all(conditions);
        tests.push(Box::new(move |user| {
            user.proficiencies.iter().any(|skill| skill.attribute == attribute && meets_all(skill))
        }));
    }
    Ok(tests)
}

/// The test of a level. A comparison with one number takes whichever of the two is given.
fn level(condition: &NumberCondition) -> Result<Test<Proficiency>, ApiError> {
    let incomplete = |missing: &str| {
        ApiError::invalid_parameter(format!("NumberCondition is not whole: give {missing} with its ComparisonType"))
    };
    let Some(comparison) = condition.comparison_type else { return Err(incomplete("ComparisonType")) };
    let (min, max) = (condition.min_value.map(f64::from), condition.max_value.map(f64::from));
    if comparison == NumberComparisonType::Range {
        let (Some(min), Some(max)) = (min, max) else { return Err(incomplete("MinValue and MaxValue")) };
        return Ok(Box::new(move |skill| (min..=max).contains(&f64::from(skill.level))));
    }
    let bound = min.or(max).ok_or_else(|| incomplete("MinValue or MaxValue"))?;
    let compare: fn(f64, f64) -> bool = match comparison {
        NumberComparisonType::GreaterOrEqual => |level, bound| level >= bound,
        NumberComparisonType::Greater => |level, bound| level > bound,
        NumberComparisonType::LesserOrEqual => |level, bound| level <= bound,
        NumberComparisonType::Lesser => |level, bound| level < bound,
        NumberComparisonType::Equal => |level, bound| level == bound,
        NumberComparisonType::NotEqual => |level, bound| level != bound,
        NumberComparisonType::Range => unreachable!("a range has two bounds and was judged above"),
    };
    Ok(Box::new(move |skill| compare(f64::from(skill.level), bound)))
}

/// The tests of a filter by tags and groups: of its OrConditions one must hold whole.
fn attribute_tests(tx: &Tx<'_>, filter: &ControlPlaneUserAttributeFilter) -> Result<Vec<Test<User>>, ApiError> {
    let together = |group: &AttributeAndCondition| -> Result<Vec<Test<User>>, ApiError> {
        let mut tests: Vec<_> = group.tag_conditions.iter().flatten().map(search::tag).collect();
        tests.extend(group.hierarchy_group_condition.as_ref().map(|it| in_group(tx, it)).transpose()?);
        Ok(tests)
    };
    let mut tests: Vec<_> = filter.tag_condition.iter().map(search::tag).collect();
    tests.extend(filter.hierarchy_group_condition.as_ref().map(|it| in_group(tx, it)).transpose()?);
    tests.extend(filter.and_condition.as_ref().map(together).transpose()?.into_iter().flatten());
    let choices = filter.or_conditions.iter().flatten().map(|group| Ok(search::all(together(group)?)));
    let choices = choices.collect::<Result<Vec<_>, ApiError>>()?;
    if !choices.is_empty() {
        tests.push(search::any(choices));
    }
    Ok(tests)
}

/// Searches users.
pub(crate) fn search_users(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchUsersRequest,
) -> Result<shapes::SearchUsersResponse, Halt> {
    let filter = input.search_filter.as_ref();
    let by_tag = filter.and_then(|filter| filter.tag_filter.as_ref());
    let by_attribute = filter.and_then(|filter| filter.user_attribute_filter.as_ref());
    let mut tests = search::tests(tx, input.search_criteria.as_ref(), by_tag)?;
    if let Some(filter) = by_attribute {
        tests.extend(attribute_tests(tx, filter)?);
    }
    let (page, total) = search::search(tx.list::<User>(), &tests, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::SearchUsersResponse {
        users: Some(page.items.iter().map(|user| shown_summary(tx, user)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}

/// Searches give the time of after contact work in milliseconds (`contact-lifecycle.md` section 8).
fn shown_phone_of_search(phone: &PhoneConfig) -> shapes::UserPhoneConfig {
    let milliseconds = i32::try_from(u64::from(phone.after_contact_work_seconds) * 1_000).ok();
    shapes::UserPhoneConfig { after_contact_work_time_limit: milliseconds, ..shown_phone(phone) }
}

fn shown_summary(tx: &Tx<'_>, user: &User) -> shapes::UserSearchSummary {
    let identity = shapes::UserIdentityInfoLite {
        first_name: user.identity.first_name.clone(),
        last_name: user.identity.last_name.clone(),
    };
    shapes::UserSearchSummary {
        arn: Some(arn(tx, user.id)),
        directory_user_id: user.directory_user_id.clone(),
        hierarchy_group_id: user.hierarchy_group.map(|group| group.to_string()),
        id: Some(user.id.to_string()),
        identity_info: Some(identity),
        phone_config: user.phone.as_ref().map(shown_phone_of_search),
        routing_profile_id: Some(user.routing_profile.to_string()),
        security_profile_ids: Some(user.security_profiles.iter().map(ToString::to_string).collect()),
        tags: Some(user.tags.clone()),
        username: Some(user.username.clone()),
        auto_accept_configs: some(user.channels.iter().filter_map(shown_auto_accept)),
        after_contact_work_configs: some(user.channels.iter().filter_map(shown_after_contact_work)),
        ..shapes::UserSearchSummary::default()
    }
}
