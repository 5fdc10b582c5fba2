//! Contact events as they are kept: compact, with what was true at the time and may change later. They are rendered
//! when they are read.

use engine::contact::{Contact, ContactEvent, DisconnectReason, EventType, UpdatedProperty};
use engine::{ContactId, QueueId, Timestamp};

/// One event of the instance's sequence.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct EventRecord {
    /// The contact.
    #[n(0)]
    pub contact: ContactId,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// What happened.
    #[n(2)]
    pub event_type: EventType,
    /// Of CONTACT_DATA_UPDATED: what changed.
    #[n(3)]
    pub updated: Vec<UpdatedProperty>,
    /// The queue that the contact is or was in.
    #[n(4)]
    pub queue: Option<QueueId>,
    /// Since when.
    #[n(5)]
    pub enqueued: Option<Timestamp>,
    /// Why it ended.
    #[n(6)]
    pub disconnect_reason: Option<DisconnectReason>,
}

impl EventRecord {
    /// The record of an event, with the contact as it is after it.
    pub fn of(contact: &Contact, event: ContactEvent, at: Timestamp) -> Self {
        EventRecord {
            contact: contact.id,
            at,
            event_type: event.event_type,
            updated: event.updated,
            queue: contact.queue,
            enqueued: contact.times.enqueue,
            disconnect_reason: contact.disconnect_reason,
        }
    }
}
