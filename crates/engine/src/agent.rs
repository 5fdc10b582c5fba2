//! An agent at work: status, presence, and the contacts at the agent.
//!
//! A contact is moved by [`crate::contact::step()`] alone, and the agent's list follows what the contact says; neither
//! touches the other. They talk by effects: [`crate::contact::Effect::Agent`] and [`Effect::Contact`], carried over
//! within the same batch.

mod step;

use minicbor::{Decode, Encode};

pub use step::{AgentEventType, Effect, Event, step};

use crate::agent_status::{AgentStatus, AgentStatusKind, AgentStatusState};
use crate::contact::InitiationMethod;
use crate::id::{AgentStatusId, ContactId, QueueId, UserId};
use crate::limits::Limits;
use crate::name::named_enum;
use crate::refusal::Refusal;
use crate::routing_profile::Channel;
use crate::time::Timestamp;

/// How long heartbeats of an agent go on after the status became Offline, in seconds (contact-events.md section 3).
pub const HEARTBEAT_AFTER_LOGOUT_SECONDS: i64 = 60 * 60;

named_enum! {
    /// A contact's state at one agent (contact-lifecycle.md section 1).
    AgentContactState {
        /// Offered, or accepted and about to join.
        Connecting = 0 "CONNECTING",
        /// Accepted.
        Connected = 1 "CONNECTED",
        /// Accepted and paused.
        Paused = 2 "PAUSED",
        /// The offer ran out. It holds its slot until it is cleared.
        Missed = 3 "MISSED",
        /// The offer was declined, or the contact ended or went elsewhere meanwhile. It holds its slot until it is
        /// cleared.
        Rejected = 4 "REJECTED",
        /// Over; the agent is in after contact work.
        Ended = 5 "ENDED",
        /// Connecting failed. It holds its slot until it is cleared.
        Error = 6 "ERROR",
    }
}

impl AgentContactState {
    /// Whether it takes a slot: all but paused (routing.md section 3).
    pub fn is_active(self) -> bool {
        self != AgentContactState::Paused
    }

    /// Whether it is what is left of an offer, to be cleared.
    pub fn is_uncleared(self) -> bool {
        matches!(self, AgentContactState::Missed | AgentContactState::Rejected | AgentContactState::Error)
    }
}

/// Contacts at one agent, those included that were missed or rejected and are not cleared. With more nobody is offered
/// any.
pub const CONTACTS_MAX: usize = 100;

/// A contact at an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AgentContact {
    /// The contact.
    #[n(0)]
    pub contact: ContactId,
    /// First contact of its chain.
    #[n(1)]
    pub initial: ContactId,
    /// Its channel.
    #[n(2)]
    pub channel: Channel,
    /// Its state here.
    #[n(3)]
    pub state: AgentContactState,
    /// Since when it has that state.
    #[n(4)]
    pub since: Timestamp,
    /// When the agent joined.
    #[n(5)]
    pub connected: Option<Timestamp>,
    /// The queue it came from.
    #[n(6)]
    pub queue: Option<QueueId>,
    /// Since when it was there.
    #[n(7)]
    pub enqueued: Option<Timestamp>,
    /// How it came to be.
    #[n(8)]
    pub initiation_method: InitiationMethod,
    /// Whether the agent was warned that its time ends.
    #[n(9)]
    pub expires_soon: bool,
}

/// A status and what it means for routing, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StatusRef {
    /// The status.
    #[n(0)]
    pub id: AgentStatusId,
    /// Its meaning.
    #[n(1)]
    pub kind: AgentStatusKind,
}

impl AgentStatus {
    /// The status as an agent chooses it; a disabled one cannot be chosen.
    pub fn chosen(&self) -> Result<StatusRef, Refusal> {
        match self.state {
            AgentStatusState::Enabled => Ok(StatusRef { id: self.id, kind: self.kind }),
            AgentStatusState::Disabled => Err(Refusal::AgentStatusDisabled(self.id)),
        }
    }
}

/// A status that waits until the last contact is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NextStatus {
    /// The status.
    #[n(0)]
    pub status: StatusRef,
    /// Since when it waits.
    #[n(1)]
    pub enqueued: Timestamp,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Presence {
    /// No person ever opened an event stream: a program, or nobody. Routing does not ask for presence.
    #[n(0)]
    Program,
    /// A person follows the event stream.
    #[n(1)]
    Streaming,
    /// The person's stream is gone since then, for less than the grace.
    #[n(2)]
    GoneSince(#[n(0)] Timestamp),
    /// The stream is gone since then, and the grace is over: no offers, until it is back.
    #[n(3)]
    Absent(#[n(0)] Timestamp),
    /// The server that had the person's session ended then. Who does not sign in again within the grace is Offline.
    #[n(4)]
    Lost(#[n(0)] Timestamp),
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Agent {
    /// The user.
    #[n(0)]
    pub user: UserId,
    /// Status.
    #[n(1)]
    pub status: StatusRef,
    /// Since when.
    #[n(2)]
    pub since: Timestamp,
    /// Status that follows; while there is one the agent is not offered contacts.
    #[n(3)]
    pub next: Option<NextStatus>,
    /// Contacts at the agent, in the order in which they were offered.
    #[n(4)]
    pub contacts: Vec<AgentContact>,
    /// End of the last work, or when the agent became routable: what TIME_SINCE_LAST_ACTIVITY counts from.
    #[n(5)]
    pub last_activity: Timestamp,
    /// When a contact last was joined: what TIME_SINCE_LAST_INBOUND counts from.
    #[n(6)]
    pub last_inbound: Timestamp,
    /// Whether somebody is there.
    #[n(7)]
    pub presence: Presence,
    /// Counts the changes: the version of a snapshot.
    #[n(8)]
    pub version: u64,
    /// When the last agent event was written.
    #[n(9)]
    pub last_event: Option<Timestamp>,
    /// Since when a person's session lasts; none for a program, and when nobody is signed in.
    #[n(10)]
    pub signed_in: Option<Timestamp>,
}

impl Agent {
    /// An agent who was never seen: Offline.
    pub fn new(user: UserId, offline: AgentStatusId, now: Timestamp) -> Agent {
        Agent {
            user,
            status: StatusRef { id: offline, kind: AgentStatusKind::Offline },
            since: now,
            next: None,
            contacts: Vec::new(),
            last_activity: now,
            last_inbound: now,
            presence: Presence::Program,
            version: 0,
            last_event: None,
            signed_in: None,
        }
    }

    /// The entry of a contact. One that was missed or rejected here before may be here again, and then has two.
    pub fn contact(&self, id: ContactId) -> Option<&AgentContact> {
        let current = |entry: &&AgentContact| entry.contact == id && !entry.state.is_uncleared();
        self.contacts.iter().find(current).or_else(|| self.contacts.iter().find(|entry| entry.contact == id))
    }

    /// Slots taken on a channel: paused contacts take none.
    pub fn active_slots(&self, channel: Channel) -> u32 {
        self.count(|entry| entry.channel == channel && entry.state.is_active())
    }

    /// Contacts paused on a channel.
    pub fn paused(&self, channel: Channel) -> u32 {
        self.count(|entry| entry.channel == channel && entry.state == AgentContactState::Paused)
    }

    fn count(&self, counts: impl Fn(&AgentContact) -> bool) -> u32 {
        u32::try_from(self.contacts.iter().filter(|entry| counts(entry)).count()).unwrap_or(u32::MAX)
    }

    /// Whether status, presence and room for another contact allow offers; slots are another question.
    pub fn is_routable(&self) -> bool {
        self.status.kind == AgentStatusKind::Routable && self.next.is_none() && !self.is_absent() && !self.is_full()
    }

    /// Whether there is no room for another contact until some are closed.
    pub fn is_full(&self) -> bool {
        self.contacts.len() >= CONTACTS_MAX
    }

    /// Whether a person is gone for longer than the grace.
    pub fn is_absent(&self) -> bool {
        matches!(self.presence, Presence::Absent(_))
    }

    /// Whether somebody is there by a session or a stream of the server that runs: both end with it.
    pub fn is_connected(&self) -> bool {
        self.presence == Presence::Streaming || self.signed_in.is_some()
    }

    /// When it next has to be woken by [`Event::TimerFired`].
    pub fn next_due(&self, limits: &Limits) -> Option<Timestamp> {
        self.presence_due(limits).into_iter().chain(self.heartbeat_due(limits)).min()
    }

    /// When a stream is gone for too long. Who has a session is signed out by its end, whatever stream is gone since when.
    fn presence_due(&self, limits: &Limits) -> Option<Timestamp> {
        let session = |at: Timestamp| {
            let signed_out = at.plus_seconds(i64::from(limits.session_seconds_max));
            self.signed_in.is_none().then_some(signed_out)
        };
        match self.presence {
            Presence::Program | Presence::Streaming => None,
            Presence::GoneSince(at) | Presence::Lost(at) => match limits.presence_grace_seconds {
                Some(grace) => Some(at.plus_seconds(i64::from(grace))),
                None => session(at),
            },
            Presence::Absent(at) => session(at),
        }
    }

    /// When nothing was heard of the agent for too long; of one who is Offline only for a while.
    fn heartbeat_due(&self, limits: &Limits) -> Option<Timestamp> {
        let due = self.last_event?.plus_seconds(i64::from(limits.agent_heartbeat_seconds?));
        let until = self.since.plus_seconds(HEARTBEAT_AFTER_LOGOUT_SECONDS);
        Some(due).filter(|due| self.status.kind != AgentStatusKind::Offline || *due <= until)
    }
}
