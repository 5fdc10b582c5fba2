//! What agents bring to a contact: offers, the agent who has it, after contact work, pauses (contact-lifecycle.md
//! sections 2, 5 and 6).

use minicbor::{Decode, Encode};

use crate::id::UserId;
use crate::time::Timestamp;

/// How long a task is offered, in seconds. Amazon Connect lets nobody configure it (contact-lifecycle.md section 5).
pub const OFFER_SECONDS: i64 = 30;
/// The longest an agent whisper flow may keep an agent from joining, in seconds.
pub const WHISPER_SECONDS_MAX: i64 = 120;
/// How long before the end of its time the agent of a task is warned, in seconds (contact-lifecycle.md section 8).
pub const EXPIRY_WARNING_SECONDS: i64 = 2 * 60 * 60;
/// Most pauses of a task (contact-lifecycle.md section 6).
pub const PAUSES_MAX: u32 = 10;
/// The longest a disconnect flow may go on after the end, in seconds: as long as the longest Wait.
pub const DISCONNECT_FLOW_SECONDS_MAX: i64 = 604_800;
/// Routing criteria that a contact keeps, the latest (routing.md section 6).
pub const CRITERIA_KEPT: usize = 3;

/// The offer of a contact to one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Offer {
    /// The agent.
    #[n(0)]
    pub agent: UserId,
    /// Since when.
    #[n(1)]
    pub since: Timestamp,
    /// When the agent accepted, while the whisper flow runs.
    #[n(2)]
    pub accepted: Option<Timestamp>,
}

/// The agent who has or had the contact. A mere offer leaves no trace here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AgentInfo {
    /// The agent.
    #[n(0)]
    pub agent: UserId,
    /// ConnectedToAgentTimestamp.
    #[n(1)]
    pub connected: Timestamp,
    /// Milliseconds that it was paused with the agent, without a pause that lasts.
    #[n(2)]
    pub paused_ms: i64,
    /// AfterContactWorkStartTimestamp.
    #[n(3)]
    pub acw_start: Option<Timestamp>,
    /// When after contact work ends by itself; none lasts until the agent closes the contact.
    #[n(4)]
    pub acw_until: Option<Timestamp>,
    /// AfterContactWorkEndTimestamp.
    #[n(5)]
    pub acw_end: Option<Timestamp>,
    /// Whether a warning that its time ends is still to come.
    #[n(6)]
    pub warns: bool,
}

impl AgentInfo {
    /// AfterContactWorkDuration in milliseconds, once it is over.
    pub fn acw_ms(&self) -> Option<i64> {
        Some(self.acw_end?.since(self.acw_start?))
    }

    /// Whether the contact is in the after contact work of its agent.
    pub fn in_acw(&self) -> bool {
        self.acw_start.is_some() && self.acw_end.is_none()
    }
}

/// Where a contact was when it was paused, and goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PausedFrom {
    /// In its flow, which stands still.
    #[n(0)]
    Flow,
    /// In a queue, which it left and is not put back into by itself.
    #[n(1)]
    Queue,
    /// With its agent, who keeps it.
    #[n(2)]
    Agent,
}

/// The pauses of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pauses {
    /// TotalPauseCount.
    #[n(0)]
    pub count: u32,
    /// LastPausedTimestamp.
    #[n(1)]
    pub last_paused: Timestamp,
    /// LastResumedTimestamp.
    #[n(2)]
    pub last_resumed: Option<Timestamp>,
    /// Milliseconds of all pauses, without one that lasts.
    #[n(3)]
    pub total_ms: i64,
    /// Where the pause that lasts began.
    #[n(4)]
    pub from: Option<PausedFrom>,
}
