//! Events as they are kept: compact, with what was true at the time and may change later. They are rendered when they
//! are read, by [`crate::event_log`].

use engine::agent::{Agent, AgentContact, AgentEventType, NextStatus, StatusRef};
use engine::contact::{Contact, ContactEvent, DisconnectReason, EventType, UpdatedProperty};
use engine::user::User;
use engine::{ContactId, HierarchyGroupId, QueueId, RoutingProfileId, Timestamp, UserId};

/// What has a number in the instance's sequence.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of a contact.
    Contact(EventRecord),
    /// Of an agent.
    Agent(Box<AgentEventRecord>),
}

/// One event of a contact.
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
    /// The record of an event, with the contact as it is after the step that brought it. A step can bring several: what
    /// the later ones say is not in the earlier ones.
    pub fn of(contact: &Contact, event: ContactEvent, at: Timestamp) -> Self {
        let queue = contact.queue.filter(|_| !is_beginning(event.event_type));
        let may_be_over =
            matches!(event.event_type, EventType::ContactDataUpdated | EventType::Disconnected | EventType::Completed);
        EventRecord {
            contact: contact.id,
            at,
            event_type: event.event_type,
            updated: event.updated,
            queue,
            enqueued: queue.and(contact.times.enqueue),
            disconnect_reason: contact.disconnect_reason.filter(|_| may_be_over),
        }
    }

    /// Whether the contact was at its end, or after it.
    pub fn is_over(&self) -> bool {
        self.disconnect_reason.is_some()
    }
}

/// Whether a contact has no queue yet when this happens to it.
pub fn is_beginning(event_type: EventType) -> bool {
    matches!(event_type, EventType::Initiated | EventType::ConnectedToSystem)
}

/// One event of an agent, with the agent before and after it.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct AgentEventRecord {
    /// The agent.
    #[n(0)]
    pub agent: UserId,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// What happened.
    #[n(2)]
    pub event_type: AgentEventType,
    /// The agent before; none at the first event.
    #[n(3)]
    pub before: Option<AgentFace>,
    /// The agent after.
    #[n(4)]
    pub after: AgentFace,
}

/// An agent at one moment, as agent events show one.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct AgentFace {
    /// Status.
    #[n(0)]
    pub status: StatusRef,
    /// Since when.
    #[n(1)]
    pub since: Timestamp,
    /// Status that follows.
    #[n(2)]
    pub next: Option<NextStatus>,
    /// Contacts at the agent.
    #[n(3)]
    pub contacts: Vec<AgentContact>,
    /// Routing profile of the user.
    #[n(4)]
    pub routing_profile: Option<RoutingProfileId>,
    /// Group of the user in the hierarchy.
    #[n(5)]
    pub hierarchy_group: Option<HierarchyGroupId>,
}

impl AgentFace {
    /// The face of an agent; without its user when that is gone.
    pub fn of(agent: &Agent, user: Option<&User>) -> Self {
        AgentFace {
            status: agent.status,
            since: agent.since,
            next: agent.next,
            contacts: agent.contacts.clone(),
            routing_profile: user.map(|user| user.routing_profile),
            hierarchy_group: user.and_then(|user| user.hierarchy_group),
        }
    }
}
