//! Events as they are kept: compact, with what was true at the time and may change later. They are rendered when they
//! are read, by [`crate::event_log`].

use engine::agent::{Agent, AgentContact, AgentEventType, NextStatus, StatusRef};
use engine::contact::{Contact, ContactEvent, DisconnectReason, EventType, UpdatedProperty};
use engine::criteria::StepStatus;
use engine::routing_profile::{Channel, RoutingProfile};
use engine::user::{Proficiency, User};
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
    /// How far its routing criteria were; none without any.
    #[n(7)]
    pub criteria: Option<Vec<CriteriaMark>>,
}

/// How far routing criteria of a contact were. What they ask for is in the contact.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct CriteriaMark {
    /// Their number among those of the contact.
    #[n(0)]
    pub index: u32,
    /// When they began.
    #[n(1)]
    pub activation: Option<Timestamp>,
    /// Their steps.
    #[n(2)]
    pub steps: Vec<StepMark>,
}

/// How far a step was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct StepMark {
    /// Its status.
    #[n(0)]
    pub status: StepStatus,
    /// When it ends or ended.
    #[n(1)]
    pub expires: Option<Timestamp>,
}

/// What events tell of a contact that changes under way.
#[derive(Debug, Clone, Default)]
pub struct ContactFace {
    queue: Option<(QueueId, Option<Timestamp>)>,
    criteria: Option<Vec<CriteriaMark>>,
}

impl ContactFace {
    /// The face of a contact.
    pub fn of(contact: &Contact) -> Self {
        let marks = contact.criteria.iter().map(|criteria| CriteriaMark {
            index: criteria.index,
            activation: criteria.activation,
            steps: criteria.steps.iter().map(|it| StepMark { status: it.status, expires: it.expires }).collect(),
        });
        ContactFace {
            queue: contact.queue.map(|queue| (queue, contact.times.enqueue)),
            criteria: (!contact.criteria.is_empty()).then(|| marks.collect()),
        }
    }
}

impl EventRecord {
    /// The records of the events that one step brought, with the contact as it is after the step and its face before it.
    /// What a later one of them brought is not in the earlier ones.
    pub fn of_step(before: &ContactFace, contact: &Contact, events: Vec<ContactEvent>, at: Timestamp) -> Vec<Self> {
        let after = ContactFace::of(contact);
        let queued = events.iter().rposition(|event| event.event_type == EventType::Queued);
        let of_criteria = [UpdatedProperty::RoutingCriteria, UpdatedProperty::RoutingCriteriaStepStatus];
        let criteria = events.iter().rposition(|event| event.updated.iter().any(|it| of_criteria.contains(it)));
        let face_at = |place: usize, changed: Option<usize>| {
            if changed.is_some_and(|changed| place < changed) { before } else { &after }
        };
        let record = |(place, event): (usize, ContactEvent)| {
            let queue = face_at(place, queued).queue.filter(|_| !is_beginning(event.event_type));
            EventRecord {
                contact: contact.id,
                at,
                event_type: event.event_type,
                updated: event.updated,
                queue: queue.map(|(queue, _)| queue),
                enqueued: queue.and_then(|(_, enqueued)| enqueued),
                disconnect_reason: contact.disconnect_reason.filter(|_| may_be_over(event.event_type)),
                criteria: face_at(place, criteria).criteria.clone(),
            }
        };
        events.into_iter().enumerate().map(record).collect()
    }

    /// Whether the contact was at its end, or after it.
    pub fn is_over(&self) -> bool {
        self.disconnect_reason.is_some()
    }
}

fn may_be_over(event_type: EventType) -> bool {
    matches!(event_type, EventType::ContactDataUpdated | EventType::Disconnected | EventType::Completed)
}

/// Whether a contact has no queue yet when this happens to it.
pub fn is_beginning(event_type: EventType) -> bool {
    matches!(event_type, EventType::Initiated | EventType::ConnectedToSystem)
}

/// One event of an agent, with the agent before and after it.
#[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
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
#[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
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
    /// What else was configured; in the agent before, none if it was as after.
    #[n(6)]
    pub configuration: Option<AgentConfiguration>,
    /// Whether a person was gone for longer than the grace.
    #[n(7)]
    pub absent: Option<bool>,
}

/// What was configured for an agent, as far as agent events show it.
#[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct AgentConfiguration {
    /// Slots by channel.
    #[n(0)]
    pub slots: Vec<(Channel, u8)>,
    /// Queues of the routing profile, in their order.
    #[n(1)]
    pub queues: Vec<(QueueId, Channel)>,
    /// The profile's default outbound queue.
    #[n(2)]
    pub default_outbound_queue: QueueId,
    /// Skills.
    #[n(3)]
    pub proficiencies: Vec<Proficiency>,
    /// Whether tasks are accepted for the agent.
    #[n(4)]
    pub auto_accept: bool,
}

impl AgentConfiguration {
    fn of(user: &User, profile: &RoutingProfile) -> Self {
        AgentConfiguration {
            slots: profile.concurrencies.iter().map(|media| (media.channel, media.concurrency)).collect(),
            queues: profile.queues.iter().map(|served| (served.queue, served.channel)).collect(),
            default_outbound_queue: profile.default_outbound_queue,
            proficiencies: user.proficiencies.clone(),
            auto_accept: user.auto_accepts(Channel::Task),
        }
    }
}

impl AgentFace {
    /// The face of an agent; without its user when that is gone.
    pub fn of(agent: &Agent, configured: Option<(&User, &RoutingProfile)>) -> Self {
        AgentFace {
            status: agent.status,
            since: agent.since,
            next: agent.next,
            // Agent events do not tell of expiry warnings.
            contacts: agent.contacts.iter().map(|it| AgentContact { expires_soon: false, ..*it }).collect(),
            routing_profile: configured.map(|(user, _)| user.routing_profile),
            hierarchy_group: configured.and_then(|(user, _)| user.hierarchy_group),
            configuration: configured.map(|(user, profile)| AgentConfiguration::of(user, profile)),
            absent: agent.is_absent().then_some(true),
        }
    }
}
