//! What a step asks for: effects, which are data, and the contact events among them.

use crate::agent;
use crate::contact::{Chain, Contact, Event, PendingAttachment};
use crate::flow::function::FunctionCall;
use crate::flow::trace::Trace;
use crate::id::{ContactId, RunId, UserId};
use crate::name::named_enum;

/// What is to be done because of a step, once the batch that has it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A contact event to write, with the contact as it is after the step.
    Emit(ContactEvent),
    /// Give the run its next turn: [`Event::Continue`], behind the requests that wait.
    Continue {
        /// The run.
        run: RunId,
        /// The step it is at.
        step: u64,
    },
    /// Fetch a file; the result comes back as [`Event::AttachmentSettled`].
    FetchAttachment(PendingAttachment),
    /// Step another contact by an event, in the same batch. What would refuse it was checked.
    Step {
        /// The contact.
        contact: ContactId,
        /// Its event: [`Event::AttributesSet`] or [`Event::Updated`].
        event: Box<Event>,
    },
    /// Step an agent by an event, in the same batch. It is never refused.
    Agent {
        /// The agent.
        agent: UserId,
        /// Its event.
        event: agent::Event,
    },
    /// Keep this new contact of the same chain, and step it by [`Event::Begin`] in the same batch, after this contact
    /// and the chain are kept: the chain counts it already. A transfer names it in its answer.
    Create(Box<Contact>),
    /// Keep this new task of a chain of its own, and step it by [`Event::Begin`] in the same batch.
    CreateTask {
        /// The task.
        contact: Box<Contact>,
        /// Its chain.
        chain: Chain,
    },
    /// Call a function; the answer comes back as [`Event::FunctionAnswered`].
    InvokeFunction(Box<FunctionCall>),
    /// What the flows of the contact did in this step, when [`Env::keeps_trace`](crate::env::Env::keeps_trace). It is
    /// the last effect.
    Trace(Trace),
}

named_enum! {
    /// Type of a contact event (contact-events.md section 1).
    EventType {
        /// Created.
        Initiated = 0 "INITIATED",
        /// Its flow starts.
        ConnectedToSystem = 1 "CONNECTED_TO_SYSTEM",
        /// Something of it changed.
        ContactDataUpdated = 2 "CONTACT_DATA_UPDATED",
        /// Put in a queue.
        Queued = 3 "QUEUED",
        /// An agent took it.
        ConnectedToAgent = 4 "CONNECTED_TO_AGENT",
        /// Paused.
        Paused = 5 "PAUSED",
        /// Resumed.
        Resumed = 6 "RESUMED",
        /// Ended.
        Disconnected = 7 "DISCONNECTED",
        /// All over.
        Completed = 8 "COMPLETED",
    }
}

named_enum! {
    /// What a CONTACT_DATA_UPDATED event is about.
    UpdatedProperty {
        /// The start was moved.
        ScheduledTimestamp = 0 "ScheduledTimestamp",
        /// Attributes.
        UserDefinedAttributes = 1 "UserDefinedAttributes",
        /// Segment attributes.
        SegmentAttributes = 2 "SegmentAttributes",
        /// Tags.
        Tags = 3 "Tags",
        /// Other routing criteria.
        RoutingCriteria = 4 "RoutingCriteria",
        /// A step of the routing criteria began or ended.
        RoutingCriteriaStepStatus = 5 "RoutingCriteria.Step.Status",
    }
}

/// A contact event before it has its number and its rendered form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactEvent {
    /// Its type.
    pub event_type: EventType,
    /// Of CONTACT_DATA_UPDATED: what changed.
    pub updated: Vec<UpdatedProperty>,
}

impl Effect {
    pub(crate) fn emit(event_type: EventType) -> Effect {
        Effect::Emit(ContactEvent { event_type, updated: Vec::new() })
    }

    pub(crate) fn updated(property: UpdatedProperty) -> Effect {
        Effect::Emit(ContactEvent { event_type: EventType::ContactDataUpdated, updated: vec![property] })
    }
}
