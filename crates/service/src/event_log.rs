//! The events of an instance, read from its journal and written out.
//!
//! Reading goes past the loop, on the store itself: what is read is durable, and a reader who catches up holds up nobody.
//! An event tells what was true at its time where that is kept (times, queue, reason, an agent's contacts); names and
//! descriptions are those of now. A contact that retention has deleted leaves what its events hold.
//!
//! Facts: `contact-events.md`.

mod agent_event;
mod contact_event;
mod contact_record;
mod hierarchy;
mod records;
#[cfg(test)]
mod tests;

use engine::arn::Scope as ArnScope;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Scan, Scope, Store, Unavailable};
use uuid::Uuid;

use crate::event::Event;
use crate::journal::JournalEntry;
use crate::kinds;
use crate::record::{self, DecodeError};
use records::Records;

/// Journal entries read at a time.
const ENTRIES: usize = 200;
/// Bytes of journal read at a time.
const BYTES: usize = 1 << 20;
/// Bytes of JSON after which an answer takes no further event.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Some events of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Events {
    /// Each with its number, in their order.
    pub events: Vec<Value>,
    /// The last one's number, or what was asked for if there is none.
    pub next: u64,
}

/// Why events cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadEventsError {
    /// They are not kept any more.
    #[error("events before {oldest} are not kept any more; read on after {}", oldest - 1)]
    Expired {
        /// The oldest that is kept.
        oldest: u64,
    },
    /// There are none yet, so that whoever has read them has read those of another instance, or of this one before it
    /// was restored.
    #[error(
        "the newest event is {newest}, and events after {after} are asked for; read on after {newest} or begin anew"
    )]
    Ahead {
        /// The newest that there is.
        newest: u64,
        /// What was asked for.
        after: u64,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] Unavailable),
    /// What was read is not what this program writes.
    #[error("a record of the instance cannot be read")]
    Record(#[from] DecodeError),
}

/// The events after `after`, at most `max`, and not many more than [`ANSWER_BYTES_MAX`] bytes of them.
///
/// # Errors
/// Some of them are not kept any more, there is no event `after` yet, or the store cannot be read.
pub fn read_events(store: &dyn Store, arns: &ArnScope, after: u64, max: usize) -> Result<Events, ReadEventsError> {
    read_within(store, arns, after, max, ANSWER_BYTES_MAX)
}

/// The events after `after`, at most `max`, and none after those that have `bytes_max` bytes together.
fn read_within(
    store: &dyn Store,
    arns: &ArnScope,
    after: u64,
    max: usize,
    bytes_max: usize,
) -> Result<Events, ReadEventsError> {
    let scope = Scope(arns.instance.0);
    let first = after.saturating_add(1);
    let mut found = Vec::new();
    // The entry that the first event may be in the middle of.
    let before = Scan { to: Some(JournalEntry::id(first, 0).to_vec()), ..Scan::all(kinds::JOURNAL, 1, BYTES) };
    let earlier = store.scan(scope, &before.descending())?;
    for row in &earlier.rows {
        found.extend(entry(&row.value)?.events().filter(|(number, _)| *number >= first));
    }
    let mut known = !earlier.rows.is_empty();
    let from = JournalEntry::id(first, 0).to_vec();
    let mut scan = Scan { from, ..Scan::all(kinds::JOURNAL, ENTRIES, BYTES) };
    while found.len() < max {
        let page = store.scan(scope, &scan)?;
        for row in &page.rows {
            let entry = entry(&row.value)?;
            if entry.first_event > first && !known {
                return Err(ReadEventsError::Expired { oldest: entry.first_event });
            }
            known = true;
            found.extend(entry.events());
        }
        match page.rows.last() {
            Some(last) if page.more => scan = scan.after(&last.key.id),
            _ => break,
        }
    }
    if let (true, Some(newest)) = (found.is_empty(), newest(store, scope)?.filter(|newest| *newest < after)) {
        return Err(ReadEventsError::Ahead { newest, after });
    }
    found.truncate(max);
    let records = Records::new(store, scope);
    let (mut events, mut next, mut bytes) = (Vec::new(), after, 0);
    for (number, event) in &found {
        if bytes >= bytes_max {
            break;
        }
        let event = shown(&records, arns, *number, event)?;
        bytes += event.to_string().len();
        events.push(event);
        next = *number;
    }
    Ok(Events { events, next })
}

/// The number of the newest event; none when no event is kept.
fn newest(store: &dyn Store, scope: Scope) -> Result<Option<u64>, ReadEventsError> {
    let last = store.scan(scope, &Scan::all(kinds::JOURNAL, 1, BYTES).descending())?;
    let Some(row) = last.rows.first() else { return Ok(None) };
    let entry = entry(&row.value)?;
    let before = entry.first_event.saturating_sub(1);
    Ok(Some(entry.events().last().map_or(before, |(number, _)| number)))
}

fn entry(value: &[u8]) -> Result<JournalEntry, DecodeError> {
    record::decode(value)
}

/// An event with its number. The event after which a contact is complete brings the contact's record along, and so does
/// every later one.
fn shown(records: &Records<'_>, arns: &ArnScope, number: u64, event: &Event) -> Result<Value, ReadEventsError> {
    let id = event_id(arns, number);
    Ok(match event {
        Event::Contact(event) => {
            let contact = records.contact(event.contact)?;
            let mut shown = json!({
                "Sequence": number,
                "Type": "CONTACT",
                "Event": contact_event::render(records, arns, id, event, contact.as_ref())?,
            });
            if let Some(contact) = contact.filter(|contact| contact_record::is_due(contact, event)) {
                shown["ContactRecord"] = contact_record::render(records, arns, &contact)?;
            }
            shown
        }
        Event::Agent(event) => json!({
            "Sequence": number,
            "Type": "AGENT",
            "Event": agent_event::render(records, arns, id, event)?,
        }),
    })
}

/// The id of an event: the same whenever it is read, so that consumers know one that comes twice.
fn event_id(arns: &ArnScope, number: u64) -> Uuid {
    let hash = Sha256::new().chain_update(arns.instance.as_bytes()).chain_update(number.to_be_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// An object without the members that have no value.
fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, value| !value.is_null());
    }
    object
}
