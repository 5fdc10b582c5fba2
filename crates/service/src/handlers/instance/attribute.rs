//! The attributes of an instance: switches, kept with it in the system scope.
//!
//! Facts: `observed-errors.md` section 6 and E-I8.

use api::shapes::{self, InstanceAttributeType};
use engine::instance::{INSTANCE_ATTRIBUTES, Instance};
use store::KeyId;

use super::load_instance;
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::resource::same;
use crate::kinds;
use crate::page::page_by;
use crate::tx::Tx;

/// Most attributes of a page, and as many where none is said.
const PAGE_MAX: i32 = 7;

fn shown(instance: &Instance, name: &'static str, default: bool) -> shapes::Attribute {
    let value = instance.attributes.get(name).copied().unwrap_or(default);
    shapes::Attribute { attribute_type: Some(same(name)), value: Some(value.to_string()) }
}

/// Shows an attribute of an instance.
pub(crate) fn describe_instance_attribute(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeInstanceAttributeRequest,
) -> Result<shapes::DescribeInstanceAttributeResponse, Halt> {
    let instance = load_instance(tx, &input.instance_id)?;
    let found = INSTANCE_ATTRIBUTES.iter().find(|(name, _)| *name == input.attribute_type.as_str());
    let (name, default) = found.expect("the domain has the attributes of the model");
    Ok(shapes::DescribeInstanceAttributeResponse { attribute: Some(shown(&instance, name, *default)) })
}

/// Lists the attributes of an instance.
pub(crate) fn list_instance_attributes(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListInstanceAttributesRequest,
) -> Result<shapes::ListInstanceAttributesResponse, Halt> {
    let instance = load_instance(tx, &input.instance_id)?;
    let numbered = (0_u8..).zip(INSTANCE_ATTRIBUTES);
    let id = |(number, _): &(u8, &(&'static str, bool))| KeyId::from([*number]);
    let max = Some(input.max_results.unwrap_or(PAGE_MAX));
    let page = page_by(kinds::INSTANCE, numbered, id, input.next_token.as_deref(), max)?;
    Ok(shapes::ListInstanceAttributesResponse {
        attributes: Some(page.items.iter().map(|(_, (name, default))| shown(&instance, name, *default)).collect()),
        next_token: page.next_token,
    })
}

/// Sets an attribute of an instance. The same token sets it once.
pub(crate) fn update_instance_attribute(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateInstanceAttributeRequest,
) -> Result<api::Empty, Halt> {
    if tx.replayed()?.is_some() {
        return Ok(api::Empty {});
    }
    let mut instance = Instance::clone(&*load_instance(tx, &input.instance_id)?);
    let name = input.attribute_type;
    if name == InstanceAttributeType::UseCustomTtsVoices {
        let text = format!("{name} is not authorized to update: it is a closed preview");
        return Err(ApiError::new("AccessDeniedException", text).into());
    }
    let Ok(value) = input.value.to_ascii_lowercase().parse() else {
        let text = format!("Invalid parameter:  Value {:?} of {name}; give true or false", input.value);
        return Err(ApiError::invalid_parameter(text).into());
    };
    instance.attributes.insert(name.as_str().to_owned(), value);
    tx.made(instance.id.0);
    tx.put(instance);
    Ok(api::Empty {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_has_the_attributes_of_the_model() {
        let domain: Vec<&str> = INSTANCE_ATTRIBUTES.iter().map(|(name, _)| *name).collect();
        let model: Vec<&str> = InstanceAttributeType::ALL.iter().map(|name| name.as_str()).collect();
        assert_eq!(domain, model);
    }
}
