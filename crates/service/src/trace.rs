//! What flows did with a contact, action by action: kept in the store, read page by page, never in memory.
//!
//! Each step that executed actions writes one chunk, without reading. The first chunks of a contact stay; those after
//! them go round a ring, so that the first and the last are kept and the whole is bounded in chunks, each of which is
//! bounded in actions and bytes. A chunk says how many actions came before it, so that whoever reads knows where some
//! are missing. The contact counts its chunks and its actions.
//!
//! Why: `docs/adr/0017`.

mod packing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use engine::contact::Contact;
use engine::flow::module::ContactFlowModule;
use engine::flow::trace::{Trace, TraceCount, TraceEntry};
use engine::flow::{ContactFlow, log};
use engine::{ContactId, InstanceId};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Key, KeyId, Write};

use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::contact::named_contact;
use crate::kinds;
use crate::operations::{Prepared, Request};
use crate::tx::Tx;

/// Chunks of a contact that stay: its first.
pub const FIRST_CHUNKS_MAX: u32 = 32;
/// Chunks of a contact that are kept after those: always the last. A later one takes the place of the oldest of them.
pub const LAST_CHUNKS_MAX: u32 = 96;
/// About the most bytes of the actions of a chunk. Above, actions in the middle of the step are left out. With the number
/// of chunks it bounds the trace of a contact to 8 MiB.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;
/// Chunks that one page is read from.
const PAGE_CHUNKS_MAX: u32 = 16;
/// What an entry takes besides its texts, in bytes.
const ENTRY_BYTES: usize = 48;

/// What flows did in one step of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceChunk {
    /// The contact.
    pub contact: ContactId,
    /// The first chunk of a contact is 0.
    pub number: u32,
    /// How many actions the chunks before it have, those included that they leave out.
    pub before: u64,
    /// What is told of the step, in order.
    pub actions: Vec<KeptAction>,
}

/// An action, and the gap in front of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct KeptAction {
    /// What was executed.
    #[n(0)]
    pub entry: TraceEntry,
    /// How many actions of the same step are left out before it.
    #[n(1)]
    #[cbor(skip_if = "is_zero")]
    pub left_out: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The place of a chunk.
fn slot(number: u32) -> u16 {
    let slot = match number.checked_sub(FIRST_CHUNKS_MAX) {
        None => number,
        Some(later) => FIRST_CHUNKS_MAX + later % LAST_CHUNKS_MAX,
    };
    u16::try_from(slot).expect("there are fewer places than that")
}

fn key_id(contact: ContactId, slot: u16) -> KeyId {
    let mut id = [0; 18];
    id[..16].copy_from_slice(contact.as_bytes());
    id[16..].copy_from_slice(&slot.to_be_bytes());
    id.into()
}

/// The numbers of the chunks that are kept, of so many.
fn kept(chunks: u32) -> impl Iterator<Item = u32> {
    let last = FIRST_CHUNKS_MAX.max(chunks.saturating_sub(LAST_CHUNKS_MAX))..chunks;
    (0..chunks.min(FIRST_CHUNKS_MAX)).chain(last)
}

impl TraceChunk {
    fn of(contact: ContactId, count: TraceCount, trace: Trace) -> Self {
        let Trace { first, omitted, last } = trace;
        let told_first = first.len();
        let mut actions: Vec<KeptAction> =
            first.into_iter().chain(last).map(|entry| KeptAction { entry, left_out: 0 }).collect();
        if let Some(after_the_gap) = actions.get_mut(told_first) {
            after_the_gap.left_out = omitted;
        }
        TraceChunk { contact, number: count.chunks, before: count.entries, actions: within_bytes(actions) }
    }

    /// Its place in the store.
    pub fn key(&self) -> Key {
        Key::new(kinds::TRACE, key_id(self.contact, slot(self.number)))
    }

    /// How many actions the step had, told or not.
    fn len(&self) -> u64 {
        self.actions.iter().map(|action| action.left_out + 1).sum()
    }
}

/// About the bytes of an action.
fn bytes(action: &KeptAction) -> usize {
    let TraceEntry { action, action_type, parameters, result, error, next, output, .. } = &action.entry;
    let optional = [parameters, error, next, output].into_iter().flatten().map(String::len).sum::<usize>();
    ENTRY_BYTES + action.len() + action_type.len() + result.len() + optional
}

/// Leaves out actions in the middle, if all are too many bytes.
fn within_bytes(mut actions: Vec<KeptAction>) -> Vec<KeptAction> {
    let fitting = |actions: &mut dyn Iterator<Item = &KeptAction>| {
        let mut left = CHUNK_BYTES_MAX / 2;
        actions.map_while(|action| left.checked_sub(bytes(action)).map(|rest| left = rest)).count()
    };
    if actions.iter().map(bytes).sum::<usize>() <= CHUNK_BYTES_MAX {
        return actions;
    }
    let (first, last) = (fitting(&mut actions.iter()), fitting(&mut actions.iter().rev()));
    let mut kept = actions.split_off(actions.len() - last);
    let left_out: u64 = actions.drain(first..).map(|action| action.left_out + 1).sum();
    if let Some(after_the_gap) = kept.first_mut() {
        after_the_gap.left_out += left_out;
    }
    actions.append(&mut kept);
    actions
}

/// Tells the flow logs what flows did in a step, as far as they had turned logs on.
pub(crate) fn log(tx: &mut Tx<'_>, contact: ContactId, trace: &Trace) {
    if !tx.settings().flow_logs {
        return;
    }
    for entry in trace.entries().filter(|entry| entry.logged) {
        let name = match entry.module {
            Some(id) => tx.get::<ContactFlowModule>(id.as_bytes()).map(|module| module.name.clone()),
            None => tx.get::<ContactFlow>(entry.flow.as_bytes()).map(|flow| flow.name.clone()),
        };
        let line = log::line(entry, contact, tx.arn_scope(), name.as_deref());
        tx.log_flow(line);
    }
}

/// Keeps what flows did in a step of a contact, and counts it.
pub(crate) fn keep(tx: &mut Tx<'_>, contact: &mut Contact, trace: Trace) {
    if !tx.settings().flow_trace {
        return;
    }
    let count = contact.trace.unwrap_or_default();
    let chunk = TraceChunk::of(contact.id, count, trace);
    contact.trace = Some(TraceCount { chunks: count.chunks.saturating_add(1), entries: count.entries + chunk.len() });
    let Key { kind, id } = chunk.key();
    tx.put_cold(kind, &id, &chunk);
}

/// Deletes all chunks of a contact.
pub(crate) fn delete_all(contact: &[u8; 16]) -> Write {
    let contact = ContactId::from_bytes(*contact);
    Write::DeleteRange { kind: kinds::TRACE, from: key_id(contact, 0), to: key_id(contact, u16::MAX) }
}

/// Which chunks a contact with so many should have, for the check of a stored instance.
pub(crate) fn chunks_kept(count: Option<TraceCount>) -> usize {
    kept(count.unwrap_or_default().chunks).count()
}

/// Where a page of a trace begins: behind what was read before it. Its text means nothing to whoever passes it on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TraceCursor {
    chunk: u32,
    actions: u64,
}

impl fmt::Display for TraceCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.chunk, self.actions)
    }
}

/// A text that is no [`TraceCursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a trace: give Next of the page before, unchanged, or nothing")]
pub struct NotACursor;

impl FromStr for TraceCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (chunk, actions) = text.split_once('-').ok_or(NotACursor)?;
        match (chunk.parse(), actions.parse()) {
            (Ok(chunk), Ok(actions)) => Ok(TraceCursor { chunk, actions }),
            _ => Err(NotACursor),
        }
    }
}

/// A page of what flows did with a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TracePage {
    /// The contact.
    pub contact_id: String,
    /// How many actions there were in all, kept or not.
    pub total: u64,
    /// Those of this page, in order.
    pub actions: Vec<TracedAction>,
    /// Where the next page begins, if there is one: the text of a [`TraceCursor`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An executed action, or the end of a run that could not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TracedAction {
    /// The first action of the contact is 1.
    pub number: u64,
    /// How many actions before it, since the one that was told before it, are not kept.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub left_out: u64,
    /// When, in ISO 8601.
    pub timestamp: String,
    /// The run of a flow: each flow, hook and module that a contact is in is one.
    pub run: u32,
    /// The flow; of an action in a module the flow that invoked it.
    pub contact_flow_id: String,
    /// The flow's name now; none when it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_flow_name: Option<String>,
    /// The module that the action is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_flow_module_id: Option<String>,
    /// The action's Identifier; empty when the run did not come to one.
    pub identifier: String,
    /// The action's Type.
    #[serde(rename = "Type")]
    pub action_type: String,
    /// Its parameters with the values of their paths; null when they are too long to be kept.
    pub parameters: Value,
    /// Why the branch was taken: `Next`, an operand, an ErrorType, or a word such as `Waiting`.
    pub result: String,
    /// What the action gave: the answer of a function, the ResultData of a module, metrics, the id of a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why an error was the result, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Identifier of the action that follows in the same flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_action: Option<String>,
}

struct Page {
    contact: ContactId,
    after: TraceCursor,
}

impl Request {
    /// A page of what flows did with a contact; the answer is a [`TracePage`] as JSON.
    pub fn trace(instance: InstanceId, contact: ContactId, after: TraceCursor) -> Self {
        Self::of_server("trace", Some(instance), false, Box::new(Page { contact, after }))
    }
}

impl Prepared for Page {
    fn run(&self, tx: &mut Tx<'_>, _: &Call) -> Result<Vec<u8>, Halt> {
        serde_json::to_vec(&self.read(tx)?).map_err(|error| ApiError::internal(error).into())
    }
}

impl Page {
    fn read(&self, tx: &Tx<'_>) -> Result<TracePage, Halt> {
        let contact = named_contact(tx, &self.contact.to_string())?;
        let TraceCount { chunks, entries: total } = contact.trace.unwrap_or_default();
        let mut wanted = kept(chunks).filter(|number| *number >= self.after.chunk);
        let numbers: Vec<u32> = wanted.by_ref().take(PAGE_CHUNKS_MAX as usize).collect();
        let ids: Vec<KeyId> = numbers.iter().map(|number| key_id(contact.id, slot(*number))).collect();
        let mut page = TracePage { contact_id: contact.id.to_string(), total, actions: Vec::new(), next: None };
        let mut told = self.after.actions;
        // A chunk that a later one has replaced since the page before is among those that are left out.
        let found = tx.cold_all::<TraceChunk>(kinds::TRACE, &ids)?.into_iter().flatten();
        for chunk in found.filter(|chunk| numbers.contains(&chunk.number)) {
            let mut number = chunk.before;
            for KeptAction { entry, left_out } in chunk.actions {
                number += left_out + 1;
                page.actions.push(shown(tx, entry, number, number - told - 1));
                told = number;
            }
        }
        page.next = wanted.next().map(|chunk| TraceCursor { chunk, actions: told }.to_string());
        Ok(page)
    }
}

fn shown(tx: &Tx<'_>, entry: TraceEntry, number: u64, left_out: u64) -> TracedAction {
    let json = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    TracedAction {
        number,
        left_out,
        timestamp: entry.at.to_string(),
        run: entry.run.0,
        contact_flow_id: entry.flow.to_string(),
        contact_flow_name: tx.get::<ContactFlow>(entry.flow.as_bytes()).map(|flow| flow.name.clone()),
        contact_flow_module_id: entry.module.map(|id| id.to_string()),
        identifier: entry.action,
        action_type: entry.action_type,
        parameters: entry.parameters.map_or(Value::Null, json),
        result: entry.result,
        output: entry.output.map(json),
        error: entry.error,
        next_action: entry.next,
    }
}
