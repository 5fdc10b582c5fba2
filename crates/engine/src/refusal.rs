//! Refusals: why a request changes nothing. Each names the thing, the rule, what was given and what would do; the
//! service maps each to the exception that its operation declares.

use std::fmt;

use crate::agent::AgentContactState;
use crate::contact::State;
use crate::id::{
    AgentStatusId, ContactFlowId, ContactId, HoursOfOperationId, QueueId, QuickConnectId, TaskTemplateId, UserId,
};

/// What a request wants to do to a contact and the contact's state may forbid. Operations declare different exceptions
/// for it (contact-lifecycle.md section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// AssociateContactWithUser, routing.
    Offer,
    /// PauseContact.
    Pause,
    /// ResumeContact.
    Resume,
    /// TransferContact.
    Transfer,
    /// UpdateContactRoutingData.
    Routing,
}

impl StateChange {
    fn allowed(self) -> &'static str {
        match self {
            StateChange::Offer => "only a queued task that no agent is being offered can",
            StateChange::Pause => {
                "a task can in its flow, in a queue while no agent is being offered it, and with an agent"
            }
            StateChange::Resume => "only a paused task can",
            StateChange::Transfer => "only a task that has begun and not ended can",
            StateChange::Routing => "only a task that no agent has joined can, before its end",
        }
    }
}

/// What cannot be done, as a participle.
impl fmt::Display for StateChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StateChange::Offer => "offered to an agent",
            StateChange::Pause => "paused",
            StateChange::Resume => "resumed",
            StateChange::Transfer => "transferred",
            StateChange::Routing => "routed anew",
        })
    }
}

/// Why a request was refused. `R6` and the like are rules of start-task-contact.md.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The contact is over.
    #[error("contact {0} has ended")]
    ContactEnded(ContactId),
    /// The contact is in a state that does not allow it.
    #[error("contact {contact} is {state:?}: only a task that still waits for its ScheduledTime can be rescheduled")]
    NotScheduled {
        /// The contact.
        contact: ContactId,
        /// Its state.
        state: State,
    },
    /// Rescheduled too often.
    #[error("contact {contact} was rescheduled {max} times, which is the most a task can be")]
    TooManyReschedules {
        /// The contact.
        contact: ContactId,
        /// The limit.
        max: u32,
    },
    /// R8: ScheduledTime in the past.
    #[error("ScheduledTime {given} is in the past (now is {now}): give a later time")]
    ScheduledInPast {
        /// What was given.
        given: crate::Timestamp,
        /// The instance's now.
        now: crate::Timestamp,
    },
    /// R8: ScheduledTime too far ahead.
    #[error("ScheduledTime {given} is too far ahead: give a time up to {latest}")]
    ScheduledTooFar {
        /// What was given.
        given: crate::Timestamp,
        /// The latest that would do.
        latest: crate::Timestamp,
    },
    /// R9: expiry out of range.
    #[error("ExpiryDuration {given} is out of range: give {min} to {max} minutes")]
    ExpiryOutOfRange {
        /// Minutes given.
        given: i64,
        /// Least.
        min: u32,
        /// Most.
        max: u32,
    },
    /// R19: key of an attribute.
    #[error("attribute key {key:?} is not allowed: use 1 to 32767 letters, digits, - and _")]
    AttributeKey {
        /// What was given.
        key: String,
    },
    /// R19, R22: all attributes together.
    #[error("attributes of contact would be {bytes} bytes in UTF-8, keys and values together: the most is {max}")]
    AttributesTooLarge {
        /// Bytes they would be.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// R19a.
    #[error("Invalid reference passed, check input reference: {key}: {why}")]
    InvalidReference {
        /// Its key.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// R19a: all references together.
    #[error(
        "Invalid reference passed, check input reference: all references together are {bytes} bytes in UTF-8, the most is {max}"
    )]
    ReferencesTooLarge {
        /// Bytes they would be.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// R24: name of an attached file.
    #[error("attachment {file_name:?}: {why}")]
    AttachmentName {
        /// What was given.
        file_name: String,
        /// What would do.
        why: String,
    },
    /// R24: type of an attached file.
    #[error("attachment {file_name:?} is of a type that is not allowed: use one of {allowed}")]
    AttachmentType {
        /// What was given.
        file_name: String,
        /// What would do.
        allowed: String,
    },
    /// R12, R13: segment attribute that callers cannot set.
    #[error(
        "segment attribute {key:?} cannot be set: give connect:ContactExpiry, connect:CreatedByUser, connect:AssignmentType or a predefined attribute of the instance"
    )]
    SegmentKey {
        /// What was given.
        key: String,
    },
    /// R9 to R12: value of a segment attribute.
    #[error("segment attribute {key:?} has a wrong value: {why}")]
    SegmentValue {
        /// Its key.
        key: String,
        /// What would do.
        why: String,
    },
    /// R1a.
    #[error("cannot identify the unique flow: give a ContactFlowId, a QuickConnectId or a TaskTemplateId with a flow")]
    NoFlowSource,
    /// R1, R1b, R1c.
    #[error("cannot identify the unique flow: {first} and {second} both name one, give only one of them")]
    TwoFlowSources {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// R1: a template without a flow, alone.
    #[error("cannot identify the unique flow: task template {0} has none, give a ContactFlowId too")]
    TemplateWithoutFlow(TaskTemplateId),
    /// R1c: a template without a flow and without a QUICK_CONNECT field.
    #[error("task template {0} has no field of type QUICK_CONNECT: a QuickConnectId cannot be given with it")]
    TemplateWithoutQuickConnectField(TaskTemplateId),
    /// R2.
    #[error("PreviousContactId and RelatedContactId cannot be given together: give one of them")]
    PreviousAndRelated,
    /// R6 (a).
    #[error("{max} tasks already name contact {previous} as PreviousContactId, which is the most")]
    TooManyLinkedTasks {
        /// The contact.
        previous: ContactId,
        /// The limit.
        max: u32,
    },
    /// R6 (b).
    #[error("the chain of contact {previous} is {max} contacts long, which is the most")]
    ChainTooLong {
        /// Its last contact.
        previous: ContactId,
        /// The limit.
        max: u32,
    },
    /// R10: no such user.
    #[error("user {0} of connect:CreatedByUser not found in the instance")]
    CreatedByUnknown(UserId),
    /// R11.
    #[error("connect:AssignmentType SELF needs {missing}")]
    SelfAssignment {
        /// What is missing.
        missing: &'static str,
    },
    /// R14.
    #[error("task template {0} is INACTIVE: only ACTIVE templates make tasks")]
    TemplateInactive(TaskTemplateId),
    /// R15: value of a template field.
    #[error("field {field:?} of task template {template}: {why}")]
    TemplateField {
        /// The template.
        template: TaskTemplateId,
        /// The field.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// R16.
    #[error("quick connect {id} is of type {kind}: a task can use USER and QUEUE")]
    QuickConnectKind {
        /// The quick connect.
        id: QuickConnectId,
        /// Its kind.
        kind: &'static str,
    },
    /// R17: not there.
    #[error("flow {0} not found in the instance")]
    FlowUnknown(ContactFlowId),
    /// R17: archived, never published, or of another type.
    #[error("flow {flow} cannot be run: {why}")]
    FlowUnusable {
        /// The flow.
        flow: ContactFlowId,
        /// What is wrong.
        why: String,
    },
    /// No such queue.
    #[error("queue {0} not found in the instance")]
    QueueUnknown(QueueId),
    /// No such hours.
    #[error("hours of operation {0} not found in the instance")]
    HoursUnknown(HoursOfOperationId),
    /// Length of a tag key.
    #[error("tag key has {length} characters: give 1 to 128")]
    TagKeyLength {
        /// Characters given.
        length: usize,
    },
    /// A system tag.
    #[error("tag key {key:?} is reserved: keys that begin with aws: belong to the system")]
    TagKeyReserved {
        /// What was given.
        key: String,
    },
    /// A character of a tag key.
    #[error("tag key {key:?} has the character {character:?}: use ASCII letters, digits and + , - . / : ; < = _")]
    TagKeyCharacter {
        /// What was given.
        key: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// Length of a tag value.
    #[error("value of tag {key:?} has {length} characters: give at most 256")]
    TagValueLength {
        /// The key.
        key: String,
        /// Characters given.
        length: usize,
    },
    /// Too many tags.
    #[error("the contact would have {count} tags: the most is {max}")]
    TooManyTags {
        /// Tags it would have.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// An update without a change.
    #[error("nothing to update: give at least one of Name, Description, References and SegmentAttributes")]
    NothingToUpdate,
    /// The contact is in a state that does not allow it.
    #[error("contact {contact} is {state:?} and cannot be {change}: {}", .change.allowed())]
    WrongState {
        /// The contact.
        contact: ContactId,
        /// Its state.
        state: State,
        /// What cannot be done to it.
        change: StateChange,
    },
    /// The contact is not offered to the agent, or not any more, or was accepted already.
    #[error(
        "contact {contact} is not offered to agent {agent}: only the agent who is being offered a contact can answer, within 30 seconds"
    )]
    NotOffered {
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: UserId,
    },
    /// The agent has so many contacts that no other fits.
    #[error(
        "agent {agent} has {max} contacts, those included that were missed, rejected or not closed: close some, or DismissUserContact them"
    )]
    AgentFull {
        /// The agent.
        agent: UserId,
        /// The most.
        max: usize,
    },
    /// The agent has accepted the contact already.
    #[error("contact {contact} was accepted by agent {agent} already, who joins when the whisper flow is over")]
    AcceptedBefore {
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: UserId,
    },
    /// The agent does not have the contact.
    #[error("contact {contact} is not with agent {agent}: GetCurrentUserData shows the contacts of an agent")]
    NotWithAgent {
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: UserId,
    },
    /// Not in after contact work.
    #[error("contact {contact} is not in the after contact work of agent {agent}: end it first")]
    NotEnded {
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: UserId,
    },
    /// DismissUserContact in another state.
    #[error(
        "contact {contact} is {state} at agent {agent}: only MISSED, REJECTED, ERROR and ENDED contacts can be dismissed"
    )]
    NotDismissable {
        /// The contact.
        contact: ContactId,
        /// The agent.
        agent: UserId,
        /// Its state there.
        state: AgentContactState,
    },
    /// Paused too often.
    #[error("contact {contact} was paused {max} times, which is the most a task can be")]
    TooManyPauses {
        /// The contact.
        contact: ContactId,
        /// The limit.
        max: u32,
    },
    /// The agent has as many paused tasks as slots.
    #[error("agent {agent} has {max} paused tasks, as many as the slots for tasks: resume or end one first")]
    TooManyPausedTasks {
        /// The agent.
        agent: UserId,
        /// The limit.
        max: u32,
    },
    /// Both ways to change a contact's place.
    #[error("QueuePriority and QueueTimeAdjustmentSeconds cannot be given together: give one of them")]
    PriorityAndAdjustment,
    /// UpdateContactRoutingData without a change.
    #[error("nothing to update: give QueuePriority, QueueTimeAdjustmentSeconds or RoutingCriteria")]
    NoRoutingData,
    /// A priority below 1.
    #[error("QueuePriority {0} is out of range: give 1 (first) or more")]
    QueuePriority(i64),
    /// Criteria that are not allowed.
    #[error("routing criteria: {why}")]
    RoutingCriteria {
        /// What is wrong and what would do.
        why: String,
    },
    /// The status is disabled.
    #[error("agent status {0} is DISABLED: choose an ENABLED one")]
    AgentStatusDisabled(AgentStatusId),
    /// No such user.
    #[error("user {0} not found in the instance")]
    UserUnknown(UserId),
}
