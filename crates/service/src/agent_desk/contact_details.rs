//! One contact with all that a person needs to work on it.

use std::fmt::Write as _;

use engine::contact::{Chain, Contact, Reference, ReferenceStatus};
use engine::template::FieldType;
use engine::{ContactId, UserId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::load_own;
use crate::error::Halt;
use crate::handlers::contact::load_chain;
use crate::handlers::queue::queue_name;
use crate::handlers::task_template::load_version;
use crate::record;
use crate::tx::Tx;

/// Bytes of a hash that make a version.
const VERSION_BYTES: usize = 8;

/// A contact of the agent's.
pub(super) fn details(tx: &Tx<'_>, agent: UserId, id: ContactId) -> Result<Value, Halt> {
    let contact = load_own(tx, agent, id)?;
    let chain = load_chain(tx, &contact)?;
    let text = |id: Option<ContactId>| id.map(|id| id.to_string());
    Ok(json!({
        "ContactId": contact.id.to_string(),
        "DetailsVersion": version(&contact, &chain),
        "InitialContactId": text(contact.initial),
        "PreviousContactId": text(contact.previous),
        "RelatedContactId": text(contact.related),
        "InitiationMethod": contact.initiation_method.as_str(),
        "InitiationTimestamp": contact.times.initiation.to_string(),
        "ScheduledTimestamp": contact.times.scheduled.map(|at| at.to_string()),
        "Name": contact.name,
        "Description": contact.description,
        "References": contact.references.iter().map(|(key, reference)| shown_reference(key, reference)).collect::<Vec<_>>(),
        "Attributes": chain.attributes,
        "Tags": contact.tags,
        "Queue": contact.queue.map(|queue| shown_queue(tx, queue)),
        "TaskTemplate": template(tx, &contact)?,
        "CreatedByUserId": contact.created_by.map(|user| user.to_string()),
    }))
}

/// Changes with name, description, references, attributes and tags, and with nothing else.
pub(super) fn version(contact: &Contact, chain: &Chain) -> String {
    let content = (&contact.name, &contact.description, &contact.references, &chain.attributes, &contact.tags);
    let hash = Sha256::digest(record::encode(&content));
    hash[..VERSION_BYTES].iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn shown_queue(tx: &Tx<'_>, id: engine::QueueId) -> Value {
    json!({"QueueId": id.to_string(), "Name": queue_name(tx, id)})
}

fn shown_reference(key: &str, reference: &Reference) -> Value {
    json!({
        "Name": key,
        "Type": reference.reference_type.as_str(),
        "Value": reference.value,
        "Status": reference.status.map(ReferenceStatus::as_str),
        "StatusReason": reference.status_reason,
    })
}

/// The template that the task was made from, its fields with the values that the task has.
fn template(tx: &Tx<'_>, contact: &Contact) -> Result<Option<Value>, Halt> {
    let Some(used) = &contact.template else { return Ok(None) };
    let fields = load_version(tx, used.id, used.version)?.map(|template| {
        let field = |field: &engine::template::TaskTemplateField| {
            let value = match field.field_type {
                Some(FieldType::Name) => Some(contact.name.clone()),
                Some(FieldType::Description) => contact.description.clone(),
                Some(FieldType::ScheduledTime) => contact.times.scheduled.map(|at| at.to_string()),
                Some(FieldType::QuickConnect) => contact.quick_connect.map(|id| id.to_string()),
                Some(FieldType::SelfAssign) => Some(contact.self_assigned.to_string()),
                Some(FieldType::ExpiryDuration) => Some(contact.expiry_minutes().to_string()),
                _ => contact.references.get(&field.name).map(|reference| reference.value.clone()),
            };
            json!({"Name": field.name, "Type": field.field_type.map(FieldType::as_str), "Description": field.description, "Value": value})
        };
        template.fields.iter().map(field).collect::<Vec<_>>()
    });
    Ok(Some(json!({"TaskTemplateId": used.id.to_string(), "Name": used.name, "Fields": fields})))
}
