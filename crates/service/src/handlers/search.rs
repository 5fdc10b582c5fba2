//! Search of configuration: criteria become tests of a record, and what passes all of them is paged like a list.
//!
//! Whether upper and lower case count is not documented; here they do not, whatever the comparison. A record is found
//! from the moment that its write was answered: no search lags behind (`control-plane.md` section 2).

use std::sync::Arc;

use api::shapes::{
    CommonAttributeAndCondition, ControlPlaneAttributeFilter, ControlPlaneTagFilter, StringComparisonType,
    StringCondition, TagCondition,
};

use super::tag::Tagged;
use crate::error::ApiError;
use crate::page::{Page, page};
use crate::record::Record;
use crate::tx::Tx;

/// Whether a record is wanted.
pub(crate) type Test<R> = Box<dyn Fn(&R) -> bool>;

/// What must hold together, or the condition that cannot be judged.
pub(crate) type Tests<R> = Result<Vec<Test<R>>, ApiError>;

/// A text of a record that a StringCondition can name.
pub(crate) struct Field<R> {
    /// Its name in the API.
    pub name: &'static str,
    /// What the record has there.
    pub values: fn(&R) -> Vec<String>,
}

/// Search criteria: what is given together must hold together. Implemented by [`criteria!`].
pub(crate) trait Criteria: Sized {
    /// What is searched.
    type Record: 'static;

    /// OrConditions.
    fn any(&self) -> &[Self];

    /// AndConditions.
    fn all(&self) -> &[Self];

    /// The other conditions.
    ///
    /// # Errors
    /// A condition that cannot be judged.
    fn own(&self, tx: &Tx<'_>) -> Tests<Self::Record>;

    /// The whole as one test.
    ///
    /// # Errors
    /// A condition that cannot be judged.
    fn test(&self, tx: &Tx<'_>) -> Result<Test<Self::Record>, ApiError> {
        let mut tests = self.own(tx)?;
        for criteria in self.all() {
            tests.push(criteria.test(tx)?);
        }
        if !self.any().is_empty() {
            tests.push(any(self.any().iter().map(|criteria| criteria.test(tx)).collect::<Result<_, _>>()?));
        }
        Ok(all(tests))
    }
}

/// How the criteria of one search are read: their StringCondition by fields of the record, and what else they have by
/// a function.
macro_rules! criteria {
    ($criteria:ty: $record:ty, $fields:expr) => {
        $crate::handlers::search::criteria!($criteria: $record, $fields, |_, _| Ok(Vec::new()));
    };
    ($criteria:ty: $record:ty, $fields:expr, $others:expr) => {
        impl $crate::handlers::search::Criteria for $criteria {
            type Record = $record;

            fn any(&self) -> &[Self] {
                self.or_conditions.as_deref().unwrap_or_default()
            }

            fn all(&self) -> &[Self] {
                self.and_conditions.as_deref().unwrap_or_default()
            }

            fn own(&self, tx: &$crate::tx::Tx<'_>) -> $crate::handlers::search::Tests<$record> {
                let others: fn(&Self, &$crate::tx::Tx<'_>) -> $crate::handlers::search::Tests<$record> = $others;
                let mut tests = others(self, tx)?;
                if let Some(condition) = &self.string_condition {
                    tests.push($crate::handlers::search::string(&$fields, condition)?);
                }
                Ok(tests)
            }
        }
    };
}
pub(crate) use criteria;

/// Passes what passes every test.
pub(crate) fn all<R: 'static>(tests: Vec<Test<R>>) -> Test<R> {
    Box::new(move |record| tests.iter().all(|test| test(record)))
}

/// Passes what passes one of the tests.
pub(crate) fn any<R: 'static>(tests: Vec<Test<R>>) -> Test<R> {
    Box::new(move |record| tests.iter().any(|test| test(record)))
}

/// The test of a StringCondition.
///
/// # Errors
/// The condition is not whole, or names a field that cannot be searched.
pub(crate) fn string<R: 'static>(fields: &[Field<R>], condition: &StringCondition) -> Result<Test<R>, ApiError> {
    let (Some(name), Some(value), Some(comparison)) =
        (&condition.field_name, &condition.value, condition.comparison_type)
    else {
        let text = "StringCondition is not whole: give FieldName, Value and ComparisonType";
        return Err(ApiError::invalid_parameter(text));
    };
    let Some(field) = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)) else {
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter:  FieldName {name:?}; give one of {}",
            names.join(", ")
        )));
    };
    let (values, value) = (field.values, value.to_lowercase());
    let compare: fn(&str, &str) -> bool = match comparison {
        StringComparisonType::StartsWith => |text, value| text.starts_with(value),
        StringComparisonType::Contains => |text, value| text.contains(value),
        StringComparisonType::Exact => |text, value| text == value,
    };
    Ok(Box::new(move |record| values(record).iter().any(|text| compare(&text.to_lowercase(), &value))))
}

/// A filter by tags, in either of the two forms that searches have it.
pub(crate) trait TagFilter {
    /// Its conditions.
    fn groups(&self) -> TagGroups<'_>;
}

/// The conditions of a [`TagFilter`].
#[derive(Debug, Default)]
pub(crate) struct TagGroups<'a> {
    /// All of them must hold.
    pub all: Vec<&'a TagCondition>,
    /// If there are some: one of them must hold whole.
    pub any: Vec<&'a [TagCondition]>,
}

impl TagFilter for ControlPlaneTagFilter {
    fn groups(&self) -> TagGroups<'_> {
        TagGroups {
            all: self.tag_condition.iter().chain(self.and_conditions.iter().flatten()).collect(),
            any: self.or_conditions.iter().flatten().map(Vec::as_slice).collect(),
        }
    }
}

impl TagFilter for ControlPlaneAttributeFilter {
    fn groups(&self) -> TagGroups<'_> {
        fn tags(group: &CommonAttributeAndCondition) -> &[TagCondition] {
            group.tag_conditions.as_deref().unwrap_or_default()
        }
        TagGroups {
            all: self.tag_condition.iter().chain(self.and_condition.iter().flat_map(tags)).collect(),
            any: self.or_conditions.iter().flatten().map(tags).collect(),
        }
    }
}

/// The tests of criteria and of a filter by tags.
///
/// # Errors
/// A condition that cannot be judged.
pub(crate) fn tests<C: Criteria<Record: Tagged>>(
    tx: &Tx<'_>,
    criteria: Option<&C>,
    filter: Option<&impl TagFilter>,
) -> Tests<C::Record> {
    let mut tests: Vec<_> = criteria.map(|criteria| criteria.test(tx)).transpose()?.into_iter().collect();
    tests.extend(filter.map(tag_tests).into_iter().flatten());
    Ok(tests)
}

/// The tests of a filter by tags.
pub(crate) fn tag_tests<R: Tagged + 'static>(filter: &impl TagFilter) -> Vec<Test<R>> {
    let TagGroups { all: wanted, any: groups } = filter.groups();
    let mut tests: Vec<Test<R>> = wanted.into_iter().map(tag).collect();
    if !groups.is_empty() {
        tests.push(any(groups.into_iter().map(|group| all(group.iter().map(tag).collect())).collect()));
    }
    tests
}

/// The test of one tag: without a value any will do, without a key nothing is asked.
pub(crate) fn tag<R: Tagged + 'static>(condition: &TagCondition) -> Test<R> {
    let TagCondition { tag_key, tag_value } = condition.clone();
    Box::new(move |record| match &tag_key {
        None => true,
        Some(key) => {
            record.tags().get(key).is_some_and(|value| tag_value.as_ref().is_none_or(|wanted| wanted == value))
        }
    })
}

/// One page of what passes all tests, and how many records do (ApproximateTotalCount, which is exact here).
///
/// # Errors
/// The token is none of this search.
pub(crate) fn search<R: Record>(
    mut records: Vec<Arc<R>>,
    tests: &[Test<R>],
    next_token: Option<&str>,
    max_results: Option<i32>,
) -> Result<(Page<Arc<R>>, i64), ApiError> {
    records.retain(|record| tests.iter().all(|test| test(record)));
    let total = records.len() as i64;
    Ok((page(records, next_token, max_results)?, total))
}
