//! A task contact: its records, and [`step()`], the one function that changes them.
//!
//! What a contact waits for is part of it ([`Contact::next_due`]), and so is its place in a queue: whoever keeps
//! timers, queues and counters compares [`Contact::head`] before and after a step.

mod create;
mod effect;
mod finish;
mod head;
mod offer;
mod pause;
mod routing_data;
pub(crate) mod step;
mod transfer;
mod update;
mod work;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

pub use create::{Link, NewTask};
pub use effect::{ContactEvent, Effect, EventType, UpdatedProperty};
pub use head::{ContactHead, Timer, WaitingContact};
pub use step::{Event, StepError, Work, step};
pub use update::{ContactUpdate, RoutingUpdate, Transfer};
pub use work::*;

use crate::criteria::Criteria;
use crate::flow::run::FlowRun;
use crate::flow::trace::TraceCount;
use crate::id::{ContactFlowId, ContactId, FileId, QueueId, QuickConnectId, TaskTemplateId, UserId};
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

/// QueuePriority of a contact that was given none; 1 comes first.
pub const QUEUE_PRIORITY_DEFAULT: i64 = 5;

/// Where a contact is in its life (contact-lifecycle.md section 1). The API does not show it; clients infer it from
/// timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// Waits for its ScheduledTime.
    #[n(0)]
    Scheduled,
    /// Its flow runs, or is about to.
    #[n(1)]
    InFlow,
    /// Waits in a queue.
    #[n(2)]
    Queued,
    /// Over.
    #[n(3)]
    Completed,
    /// In its queue and offered to one agent.
    #[n(4)]
    Offered,
    /// In its queue; an agent accepted, whose whisper flow runs.
    #[n(5)]
    Joining,
    /// With an agent.
    #[n(6)]
    Connected,
    /// Paused, see [`Pauses::from`].
    #[n(7)]
    Paused,
    /// Disconnected; after contact work goes on, or the disconnect flow runs.
    #[n(8)]
    Ended,
}

impl State {
    /// Whether the contact is in a queue: it has not left while it is offered and the whisper flow runs.
    pub fn is_in_queue(self) -> bool {
        matches!(self, State::Queued | State::Offered | State::Joining)
    }

    /// Whether the contact is disconnected.
    pub fn is_disconnected(self) -> bool {
        matches!(self, State::Ended | State::Completed)
    }
}

named_enum! {
    /// How a contact came to be.
    InitiationMethod {
        /// StartTaskContact.
        Api = 0 "API",
        /// A transfer.
        Transfer = 1 "TRANSFER",
        /// A transfer from queue to queue.
        QueueTransfer = 2 "QUEUE_TRANSFER",
        /// Made in a disconnect flow.
        Disconnect = 3 "DISCONNECT",
    }
}

named_enum! {
    /// Why a task ended (contact-lifecycle.md section 3).
    DisconnectReason {
        /// The agent finished and ended it in time.
        AgentCompleted = 0 "AGENT_COMPLETED",
        /// The agent marked it complete.
        AgentDisconnect = 1 "AGENT_DISCONNECT",
        /// Its time ran out.
        Expired = 2 "EXPIRED",
        /// A flow ended it.
        ContactFlowDisconnect = 3 "CONTACT_FLOW_DISCONNECT",
        /// StopContact.
        Api = 4 "API",
        /// Anything else.
        Other = 5 "OTHER",
    }
}

named_enum! {
    /// What a reference is.
    ReferenceType {
        /// A URL.
        Url = 0 "URL",
        /// A file.
        Attachment = 1 "ATTACHMENT",
        /// An analysis of a contact.
        ContactAnalysis = 2 "CONTACT_ANALYSIS",
        /// A number.
        Number = 3 "NUMBER",
        /// Text.
        String = 4 "STRING",
        /// A moment, in epoch seconds.
        Date = 5 "DATE",
        /// A mail address.
        Email = 6 "EMAIL",
        /// Of mail contacts.
        EmailMessage = 7 "EMAIL_MESSAGE",
        /// Of mail contacts.
        EmailMessagePlainText = 8 "EMAIL_MESSAGE_PLAIN_TEXT",
        /// Of mail contacts.
        EmailMessagePlainTextRedacted = 9 "EMAIL_MESSAGE_PLAIN_TEXT_REDACTED",
        /// Of mail contacts.
        EmailMessageRedacted = 10 "EMAIL_MESSAGE_REDACTED",
    }
}

named_enum! {
    /// How far an attachment is.
    ReferenceStatus {
        /// It can be read.
        Available = 0 "AVAILABLE",
        /// It is gone.
        Deleted = 1 "DELETED",
        /// It was checked and can be read.
        Approved = 2 "APPROVED",
        /// It was checked and refused.
        Rejected = 3 "REJECTED",
        /// It is being fetched.
        Processing = 4 "PROCESSING",
        /// It could not be fetched.
        Failed = 5 "FAILED",
    }
}

/// A link or a file on a contact.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reference {
    /// What it is.
    #[n(0)]
    pub reference_type: ReferenceType,
    /// The URL, number, text, moment, address; of an attachment the location.
    #[n(1)]
    pub value: String,
    /// How far an attachment is.
    #[n(2)]
    pub status: Option<ReferenceStatus>,
    /// Why it is no further, at most 100 characters.
    #[n(3)]
    pub status_reason: Option<String>,
    /// The file of an attachment.
    #[n(4)]
    pub file: Option<FileId>,
}

/// The value of a segment attribute, a union as in the API.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SegmentValue {
    /// Text.
    #[n(0)]
    String(#[n(0)] String),
    /// Integer.
    #[n(1)]
    Integer(#[n(0)] i64),
    /// Values by name.
    #[n(2)]
    Map(#[n(0)] BTreeMap<String, SegmentValue>),
    /// Values in order.
    #[n(3)]
    List(#[n(0)] Vec<SegmentValue>),
    /// An ARN.
    #[n(4)]
    Arn(#[n(0)] String),
}

/// Moments of a contact (contact-lifecycle.md section 2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Times {
    /// Creation: when the request arrived, also of a scheduled task.
    #[n(0)]
    pub initiation: Timestamp,
    /// Any last change, also after the end.
    #[n(1)]
    pub last_update: Timestamp,
    /// End of its time.
    #[n(2)]
    pub expiry: Timestamp,
    /// Asked-for start of the flow, kept after it passed.
    #[n(3)]
    pub scheduled: Option<Timestamp>,
    /// Start of the flow.
    #[n(4)]
    pub connected_to_system: Option<Timestamp>,
    /// Put in the present or last queue.
    #[n(5)]
    pub enqueue: Option<Timestamp>,
    /// Taken out of it.
    #[n(6)]
    pub dequeue: Option<Timestamp>,
    /// End.
    #[n(7)]
    pub disconnect: Option<Timestamp>,
}

/// The template that a task was made from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TemplateUse {
    /// The template.
    #[n(0)]
    pub id: TaskTemplateId,
    /// Its version.
    #[n(1)]
    pub version: u32,
    /// Its name then.
    #[n(2)]
    pub name: String,
}

/// An attached file still to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PendingAttachment {
    /// Its id.
    #[n(0)]
    pub file: FileId,
    /// Key of its reference: the file name.
    #[n(1)]
    pub key: String,
    /// Where from.
    #[n(2)]
    pub url: String,
}

/// A flow set to run at a moment of the contact's life.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EventHook {
    /// The moment.
    #[n(0)]
    pub hook: Hook,
    /// The flow.
    #[n(1)]
    pub flow: ContactFlowId,
}

named_enum! {
    /// Moments at which another flow may be set to run.
    Hook {
        /// While queued.
        CustomerQueue = 0 "CustomerQueue",
        /// After the end.
        CustomerRemaining = 1 "CustomerRemaining",
        /// After an agent accepts.
        AgentWhisper = 2 "AgentWhisper",
        /// On pause.
        PauseContact = 3 "PauseContact",
        /// On resume.
        ResumeContact = 4 "ResumeContact",
        /// Before the customer joins.
        CustomerWhisper = 5 "CustomerWhisper",
        /// Agent's first screen.
        DefaultAgentUI = 6 "DefaultAgentUI",
        /// Agent's last screen.
        DisconnectAgentUI = 7 "DisconnectAgentUI",
    }
}

/// A task contact.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Contact {
    /// Its id.
    #[n(0)]
    pub id: ContactId,
    /// Where it is in its life.
    #[n(1)]
    pub state: State,
    /// How it came to be.
    #[n(2)]
    pub initiation_method: InitiationMethod,
    /// Its moments.
    #[n(3)]
    pub times: Times,
    /// First contact of its chain; none on the first itself.
    #[n(4)]
    pub initial: Option<ContactId>,
    /// The contact before it in the chain.
    #[n(5)]
    pub previous: Option<ContactId>,
    /// The contact it was related to, outside its chain.
    #[n(6)]
    pub related: Option<ContactId>,
    /// Root of the tree of chains and related contacts; none on the root itself.
    #[n(7)]
    pub association: Option<ContactId>,
    /// Contacts from the first of the chain to this one, both included.
    #[n(8)]
    pub depth: u32,
    /// Name of the task.
    #[n(9)]
    pub name: String,
    /// Description of the task.
    #[n(10)]
    pub description: Option<String>,
    /// Links and files by key.
    #[n(11)]
    pub references: BTreeMap<String, Reference>,
    /// Segment attributes given by callers and flows. The system's own are derived, see
    /// [`Contact::segment_attributes`].
    #[n(12)]
    pub segment: BTreeMap<String, SegmentValue>,
    /// User tags.
    #[n(13)]
    pub tags: Tags,
    /// The queue that a transfer to queue leads to.
    #[n(14)]
    pub target_queue: Option<QueueId>,
    /// The present or last queue; its moments are in [`Contact::times`].
    #[n(15)]
    pub queue: Option<QueueId>,
    /// 1 first; none is [`QUEUE_PRIORITY_DEFAULT`].
    #[n(16)]
    pub queue_priority: Option<i64>,
    /// Seconds added to the age in the queue.
    #[n(17)]
    pub queue_time_adjustment_seconds: Option<i32>,
    /// Why it ended.
    #[n(18)]
    pub disconnect_reason: Option<DisconnectReason>,
    /// Template it was made from.
    #[n(19)]
    pub template: Option<TemplateUse>,
    /// Quick connect it was started with.
    #[n(20)]
    pub quick_connect: Option<QuickConnectId>,
    /// Times it was rescheduled.
    #[n(21)]
    pub reschedules: u32,
    /// The flow it is started with, until its first run begins.
    #[n(22)]
    pub start_flow: Option<ContactFlowId>,
    /// Flow runs; the last one is the one that runs.
    #[n(23)]
    pub runs: Vec<FlowRun>,
    /// Runs begun so far, from which the next gets its id.
    #[n(24)]
    pub runs_begun: u32,
    /// Flows set to run at moments of its life.
    #[n(25)]
    pub hooks: Vec<EventHook>,
    /// Whether its flows write a log.
    #[n(26)]
    pub flow_logging: bool,
    /// Files being fetched.
    #[n(27)]
    pub attachments: Vec<PendingAttachment>,
    /// Who made it, when that is a user (connect:CreatedByUser).
    #[n(28)]
    pub created_by: Option<UserId>,
    /// Whether it was assigned to its maker (connect:AssignmentType SELF).
    #[n(29)]
    pub self_assigned: bool,
    /// LanguageCode, set by a flow.
    #[n(30)]
    pub language_code: Option<String>,
    /// CustomerId, set by a flow.
    #[n(31)]
    pub customer_id: Option<String>,
    /// The offer that is open; `Some` exactly in states Offered and Joining.
    #[n(32)]
    pub offer: Option<Offer>,
    /// Offers so far (AgentConnectionAttempts).
    #[n(33)]
    #[cbor(skip_if = "is_zero")]
    pub offers: u32,
    /// The agent who has or had it.
    #[n(34)]
    pub agent: Option<AgentInfo>,
    /// Its pauses; none before the first.
    #[n(35)]
    pub pauses: Option<Pauses>,
    /// Its routing criteria, the latest [`CRITERIA_KEPT`]; the last of them hold.
    #[n(36)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub criteria: Vec<Criteria>,
    /// The contact after it in the chain.
    #[n(37)]
    pub next: Option<ContactId>,
    /// Since when it ranks in a queue, when that is not its own time: an agent's transfer keeps the place
    /// (contact-lifecycle.md section 7).
    #[n(38)]
    pub ranked_since: Option<Timestamp>,
    /// How many flows made tasks that made tasks up to this one; 0 when no flow made it.
    #[n(39)]
    #[cbor(skip_if = "is_zero")]
    pub generation: u32,
    /// How much of its trace was kept; none before the first step that told something.
    #[n(40)]
    pub trace: Option<TraceCount>,
    /// Moments at which no flow runs.
    #[n(41)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub hooks_disabled: Vec<Hook>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What the contacts of a chain share. Its id is that of the first contact (design, hard part 6).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Chain {
    /// The first contact.
    #[n(0)]
    pub id: ContactId,
    /// The user-defined attributes of every contact of the chain.
    #[n(1)]
    pub attributes: BTreeMap<String, String>,
    /// Contacts of the chain, open or ended.
    #[n(2)]
    pub members: u32,
    /// Those not ended: while there is one the chain stays in memory.
    #[n(3)]
    pub open: u32,
    /// Tasks started with a PreviousContactId, by that contact (R6).
    #[n(4)]
    pub linked: BTreeMap<ContactId, u32>,
    /// When its last open contact ended; none while one is open. Retention goes by it, for every contact of the chain
    /// is older.
    #[n(5)]
    pub ended: Option<Timestamp>,
}

impl Contact {
    /// The id of its chain.
    pub fn chain_id(&self) -> ContactId {
        self.initial.unwrap_or(self.id)
    }

    /// Whether it is over.
    pub fn is_completed(&self) -> bool {
        self.state == State::Completed
    }

    /// TotalPauseDurationInSeconds in milliseconds, with a pause that lasts.
    pub fn paused_ms(&self, now: Timestamp) -> i64 {
        self.pauses.map_or(0, |pauses| {
            let lasting = pauses.from.map_or(0, |_| now.since(pauses.last_paused));
            pauses.total_ms + lasting
        })
    }

    /// The flow set for a moment of its life.
    pub fn hook(&self, hook: Hook) -> Option<ContactFlowId> {
        self.hooks.iter().find(|set| set.hook == hook && self.runs_at(hook)).map(|set| set.flow)
    }

    /// Whether a flow may run at a moment of its life: none does, not even the default one, when a flow has turned that
    /// off.
    pub fn runs_at(&self, hook: Hook) -> bool {
        !self.hooks_disabled.contains(&hook)
    }
}
