//! Predefined attributes: the vocabulary of skills and of user-defined segment attributes.
//!
//! They have no id: a name of up to 100 characters is found by the first bytes of its hash.
//!
//! Facts: `control-plane.md` sections 1 and 3, `observed-errors.md` O3 and O20.

use std::sync::Arc;

use api::shapes;
use engine::arn::Resource;
use engine::predefined::PredefinedAttribute;
use engine::user::User;
use serde_json::json;
use store::{KeyId, Kind};

use super::resource::shown;
use super::search::{self, Criteria, Field};
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_in_use, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::{Record, text_key};
use crate::tx::Tx;

/// Prefixes of the system's own names.
const SYSTEM_PREFIXES: [&str; 2] = ["aws:", "connect:"];

in_instance!(
    shapes::CreatePredefinedAttributeRequest,
    shapes::DescribePredefinedAttributeRequest,
    shapes::ListPredefinedAttributesRequest,
    shapes::DeletePredefinedAttributeRequest,
    shapes::UpdatePredefinedAttributeRequest,
    shapes::SearchPredefinedAttributesRequest,
);

impl Record for PredefinedAttribute {
    const KIND: Kind = kinds::PREDEFINED_ATTRIBUTE;
    const NAME: &'static str = "predefined attribute";

    fn id(&self) -> KeyId {
        text_key(&self.name).into()
    }
}

/// The predefined attribute of this name.
pub(crate) fn find_predefined(tx: &Tx<'_>, name: &str) -> Option<Arc<PredefinedAttribute>> {
    tx.get::<PredefinedAttribute>(&text_key(name))
}

fn load_predefined(tx: &Tx<'_>, name: &str) -> Result<Arc<PredefinedAttribute>, ApiError> {
    find_predefined(tx, name).ok_or_else(|| resource_not_found(PredefinedAttribute::NAME, name))
}

/// Makes a predefined attribute.
pub(crate) fn create_predefined_attribute(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreatePredefinedAttributeRequest,
) -> Result<api::Empty, Halt> {
    if let Some(prefix) = SYSTEM_PREFIXES.into_iter().find(|prefix| input.name.starts_with(prefix)) {
        return Err(ApiError::invalid_parameter(format!(
            "Name {:?} is reserved: names that begin with {prefix} belong to the system",
            input.name
        ))
        .into());
    }
    if find_predefined(tx, &input.name).is_some() {
        return Err(name_exists("Predefined attribute", &input.name).into());
    }
    let count = tx.list::<PredefinedAttribute>().iter().filter(|attribute| !attribute.read_only).count();
    super::refuse_over_quota("predefined attributes", count, tx.settings().quotas.predefined_attributes)?;
    let values = match &input.values {
        Some(shapes::PredefinedAttributeValues::StringList(values)) => values.clone(),
        None => Vec::new(),
    };
    let configuration = input.attribute_configuration.as_ref();
    tx.put(PredefinedAttribute {
        name: input.name.clone(),
        values,
        purposes: input.purposes.clone().unwrap_or_default(),
        enforce_values: configuration
            .and_then(|configuration| configuration.enable_value_validation_on_association)
            .unwrap_or(false),
        read_only: false,
        last_modified: tx.now,
    });
    Ok(api::Empty {})
}

/// Shows a predefined attribute.
pub(crate) fn describe_predefined_attribute(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribePredefinedAttributeRequest,
) -> Result<shapes::DescribePredefinedAttributeResponse, Halt> {
    let attribute = load_predefined(tx, &input.name)?;
    Ok(shapes::DescribePredefinedAttributeResponse { predefined_attribute: Some(shown_attribute(tx, &attribute)) })
}

fn shown_attribute(tx: &Tx<'_>, attribute: &PredefinedAttribute) -> shapes::PredefinedAttribute {
    shapes::PredefinedAttribute {
        name: Some(attribute.name.clone()),
        values: Some(shapes::PredefinedAttributeValues::StringList(attribute.values.clone())),
        purposes: Some(attribute.purposes.clone()).filter(|purposes| !purposes.is_empty()),
        attribute_configuration: Some(shapes::PredefinedAttributeConfiguration {
            enable_value_validation_on_association: Some(attribute.enforce_values),
            is_read_only: Some(attribute.read_only),
        }),
        last_modified_time: shown(attribute.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    }
}

/// Lists predefined attributes, the system's own among them.
pub(crate) fn list_predefined_attributes(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListPredefinedAttributesRequest,
) -> Result<shapes::ListPredefinedAttributesResponse, Halt> {
    let page = page(tx.list::<PredefinedAttribute>(), input.next_token.as_deref(), input.max_results)?;
    let summary = |attribute: &Arc<PredefinedAttribute>| shapes::PredefinedAttributeSummary {
        name: Some(attribute.name.clone()),
        last_modified_time: shown(attribute.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListPredefinedAttributesResponse {
        next_token: page.next_token,
        predefined_attribute_summary_list: Some(page.items.iter().map(summary).collect()),
    })
}

/// Deletes a predefined attribute that is not the system's and that no user has as a skill. Contacts keep their values.
pub(crate) fn delete_predefined_attribute(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeletePredefinedAttributeRequest,
) -> Result<api::Empty, Halt> {
    let attribute = load_predefined(tx, &input.name)?;
    if attribute.read_only {
        let text = format!("predefined attribute {:?} belongs to the system and cannot be deleted", attribute.name);
        return Err(ApiError::invalid_request(text).into());
    }
    let has_it = |user: &Arc<User>| user.proficiencies.iter().any(|skill| skill.attribute == attribute.name);
    if let Some(user) = tx.list::<User>().into_iter().find(has_it) {
        let text = format!(
            "predefined attribute {:?} is a proficiency of user {}; take it away first",
            attribute.name, user.id
        );
        let arn = tx.arn_scope().arn(Resource::User(user.id));
        return Err(resource_in_use(text, arn).with("ResourceType", json!("USER")).into());
    }
    tx.delete::<PredefinedAttribute>(&text_key(&attribute.name));
    Ok(api::Empty {})
}

/// Changes a predefined attribute; what is not given stays. Users and contacts keep values that it no longer lists.
pub(crate) fn update_predefined_attribute(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdatePredefinedAttributeRequest,
) -> Result<api::Empty, Halt> {
    let mut attribute = PredefinedAttribute::clone(&*load_predefined(tx, &input.name)?);
    if attribute.read_only {
        let text = format!("predefined attribute {:?} belongs to the system and cannot be changed", attribute.name);
        return Err(ApiError::invalid_request(text).into());
    }
    if let Some(shapes::PredefinedAttributeValues::StringList(values)) = &input.values {
        attribute.values.clone_from(values);
    }
    if let Some(purposes) = &input.purposes {
        attribute.purposes.clone_from(purposes);
    }
    let enforce = input.attribute_configuration.as_ref();
    attribute.enforce_values = enforce
        .and_then(|configuration| configuration.enable_value_validation_on_association)
        .unwrap_or(attribute.enforce_values);
    attribute.last_modified = tx.now;
    tx.put(attribute);
    Ok(api::Empty {})
}

/// What of a predefined attribute can be searched.
const FIELDS: [Field<PredefinedAttribute>; 1] =
    [Field { name: "name", values: |attribute| vec![attribute.name.clone()] }];

search::criteria!(shapes::PredefinedAttributeSearchCriteria: PredefinedAttribute, FIELDS);

/// Searches predefined attributes.
pub(crate) fn search_predefined_attributes(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchPredefinedAttributesRequest,
) -> Result<shapes::SearchPredefinedAttributesResponse, Halt> {
    let tests: Vec<_> =
        input.search_criteria.as_ref().map(|criteria| criteria.test(tx)).transpose()?.into_iter().collect();
    let attributes = tx.list::<PredefinedAttribute>();
    let (page, total) = search::search(attributes, &tests, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::SearchPredefinedAttributesResponse {
        predefined_attributes: Some(page.items.iter().map(|attribute| shown_attribute(tx, attribute)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}
