//! The user-defined attributes of contacts, shared by a chain.
//!
//! Facts: `contact-lifecycle.md` section 9.

use std::collections::BTreeMap;

use api::shapes;
use engine::contact::Event;
use engine::start_task::attributes;

use super::contact::{load_chain, move_contact, named_contact};
use crate::call::Call;
use crate::error::Halt;
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(shapes::UpdateContactAttributesRequest, shapes::GetContactAttributesRequest);

/// Sets attributes on a contact, and so on every contact of its chain; also after the end.
pub fn update_contact_attributes(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateContactAttributesRequest,
) -> Result<shapes::UpdateContactAttributesResponse, Halt> {
    let contact = named_contact(tx, &input.initial_contact_id)?;
    attributes::check_keys(input.attributes.keys())?;
    move_contact(tx, contact, Event::AttributesSet(input.attributes.clone()))?;
    Ok(shapes::UpdateContactAttributesResponse {})
}

/// Shows the attributes of a contact. Any contact of the chain may be named.
pub fn get_contact_attributes(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::GetContactAttributesRequest,
) -> Result<shapes::GetContactAttributesResponse, Halt> {
    let contact = named_contact(tx, &input.initial_contact_id)?;
    let attributes: BTreeMap<String, String> = load_chain(tx, &contact)?.attributes;
    Ok(shapes::GetContactAttributesResponse { attributes: Some(attributes) })
}
