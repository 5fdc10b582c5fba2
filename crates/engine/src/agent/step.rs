//! What moves an agent.

use crate::agent::{Agent, AgentContact, AgentContactState, NextStatus, Presence, StatusRef};
use crate::agent_status::AgentStatusKind;
use crate::contact;
use crate::id::{AgentStatusId, ContactId};
use crate::limits::Limits;
use crate::name::named_enum;
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// What happens to an agent. What a contact says of itself ([`Event::Offered`] to [`Event::ExpiresSoon`]) is never
/// refused, and does nothing when the agent does not have the contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// PutUserStatus, or the agent's own choice, see [`AgentStatus::chosen`](crate::agent_status::AgentStatus::chosen).
    StatusSet(StatusRef),
    /// A contact is offered: it is CONNECTING here.
    Offered(Box<AgentContact>),
    /// The offer ran out, or the agent was no longer there to take it.
    Missed {
        /// The contact.
        contact: ContactId,
    },
    /// The agent declined, or the contact ended or went elsewhere while it was offered.
    Rejected {
        /// The contact.
        contact: ContactId,
    },
    /// The agent has the contact.
    Joined {
        /// The contact.
        contact: ContactId,
    },
    /// The agent's contact is paused.
    Paused {
        /// The contact.
        contact: ContactId,
    },
    /// It goes on.
    Resumed {
        /// The contact.
        contact: ContactId,
    },
    /// The agent's contact is over, after contact work begins.
    Ended {
        /// The contact.
        contact: ContactId,
    },
    /// After contact work is over.
    Closed {
        /// The contact.
        contact: ContactId,
    },
    /// The time of the agent's contact ends within two hours, or does not any more.
    ExpiresSoon {
        /// The contact.
        contact: ContactId,
        /// Whether it does.
        soon: bool,
    },
    /// The agent clears a contact, or DismissUserContact does (MISSED, REJECTED, ERROR, ENDED).
    Dismissed {
        /// The contact.
        contact: ContactId,
    },
    /// A person's first event stream opened.
    StreamOpened,
    /// A person's last event stream is gone.
    StreamClosed,
    /// A person's session began, and there was none.
    SignedIn,
    /// The server ended with all sessions and streams that it had. For every agent who
    /// [was connected](Agent::is_connected) when another server starts.
    ServerLost,
    /// A person's session ended, by signing out or by its time.
    SignedOut {
        /// The instance's Offline.
        offline: AgentStatusId,
    },
    /// The moment of [`Agent::next_due`] came; does nothing when it has not.
    TimerFired {
        /// The instance's Offline.
        offline: AgentStatusId,
    },
    /// The user is deleted, and the record with it: what the agent was offered goes back to its queue, what is in after
    /// contact work is closed. A contact that the agent has goes on without, until something ends it.
    UserDeleted,
    /// Routing profile, proficiencies or another setting of the user changed.
    ConfigurationChanged,
}

named_enum! {
    /// Type of an agent event (contact-events.md section 3).
    AgentEventType {
        /// A person signed in.
        Login = 0 "LOGIN",
        /// A person signed out.
        Logout = 1 "LOGOUT",
        /// Status, a contact's state or configuration changed.
        StateChange = 2 "STATE_CHANGE",
        /// Nothing else was heard for a while.
        HeartBeat = 3 "HEART_BEAT",
    }
}

/// What is to be done because of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Step this contact, in the same batch.
    Contact {
        /// The contact.
        contact: ContactId,
        /// Its event.
        event: contact::Event,
    },
    /// An agent event to write, with the agent as it is after the step.
    Emit(AgentEventType),
}

/// Moves an agent by one event and says what is to be done about it. On an error the agent is unchanged.
pub fn step(agent: &mut Agent, event: Event, now: Timestamp, limits: &Limits) -> Result<Vec<Effect>, Refusal> {
    let before = agent.clone();
    let mut work = Work { agent, now, effects: Vec::new() };
    let emitted = work.apply(event, limits)?;
    let Work { agent, effects, .. } = work;
    let emitted = emitted.filter(|kind| *agent != before || *kind == AgentEventType::HeartBeat);
    if emitted.is_some() {
        agent.last_event = Some(now);
    }
    if *agent != before && agent.version == before.version {
        agent.version += 1;
    }
    // First, because the contacts that follow change the agent again.
    Ok(emitted.map(Effect::Emit).into_iter().chain(effects).collect())
}

struct Work<'a> {
    agent: &'a mut Agent,
    now: Timestamp,
    effects: Vec<Effect>,
}

impl Work<'_> {
    /// Applies an event. Answers with the agent event to write if anything changed.
    fn apply(&mut self, event: Event, limits: &Limits) -> Result<Option<AgentEventType>, Refusal> {
        match event {
            Event::StatusSet(status) => self.set_status(status),
            Event::Offered(entry) => self.agent.contacts.push(*entry),
            Event::Missed { contact } => self.connecting_becomes(contact, AgentContactState::Missed),
            Event::Rejected { contact } => self.connecting_becomes(contact, AgentContactState::Rejected),
            Event::Joined { contact } => self.joined(contact),
            Event::Paused { contact } => self.becomes(contact, AgentContactState::Paused),
            Event::Resumed { contact } => self.becomes(contact, AgentContactState::Connected),
            Event::Ended { contact } => self.becomes(contact, AgentContactState::Ended),
            Event::Closed { contact } => self.remove(|entry| entry.contact == contact && !entry.state.is_uncleared()),
            Event::ExpiresSoon { contact, soon } => {
                if let Some(entry) = self.current(contact) {
                    entry.expires_soon = soon;
                }
            }
            Event::Dismissed { contact } => self.dismiss(contact)?,
            Event::StreamOpened => return Ok(self.stream_opened()),
            Event::StreamClosed => {
                if self.agent.presence == Presence::Streaming {
                    self.agent.presence = Presence::GoneSince(self.now);
                }
                return Ok(None);
            }
            Event::SignedIn => return Ok(self.sign_in()),
            Event::ServerLost => {
                self.lose_server();
                return Ok(None);
            }
            Event::SignedOut { offline } => return Ok(self.sign_out(offline)),
            Event::TimerFired { offline } => return Ok(self.timer_fired(offline, limits)),
            Event::UserDeleted => self.let_go(),
            Event::ConfigurationChanged => self.agent.version += 1,
        }
        Ok(Some(AgentEventType::StateChange))
    }

    fn timer_fired(&mut self, offline: AgentStatusId, limits: &Limits) -> Option<AgentEventType> {
        let now = self.now;
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        if is_due(self.agent.presence_due(limits)) {
            return match self.agent.presence {
                Presence::GoneSince(at) if limits.presence_grace_seconds.is_some() => {
                    self.agent.presence = Presence::Absent(at);
                    Some(AgentEventType::StateChange)
                }
                _ => self.sign_out(offline),
            };
        }
        is_due(self.agent.heartbeat_due(limits)).then_some(AgentEventType::HeartBeat)
    }

    fn current(&mut self, contact: ContactId) -> Option<&mut AgentContact> {
        self.agent.contacts.iter_mut().find(|entry| entry.contact == contact && !entry.state.is_uncleared())
    }

    fn becomes(&mut self, contact: ContactId, state: AgentContactState) {
        let now = self.now;
        if let Some(entry) = self.current(contact) {
            entry.state = state;
            entry.since = now;
        }
    }

    fn connecting_becomes(&mut self, contact: ContactId, state: AgentContactState) {
        self.becomes(contact, state);
        self.agent.last_activity = self.now;
        self.take_next_status();
    }

    fn joined(&mut self, contact: ContactId) {
        let now = self.now;
        self.becomes(contact, AgentContactState::Connected);
        if let Some(entry) = self.current(contact) {
            entry.connected = Some(now);
            self.agent.last_activity = now;
            self.agent.last_inbound = now;
        }
    }

    fn dismiss(&mut self, contact: ContactId) -> Result<(), Refusal> {
        let user = self.agent.user;
        let Some(entry) = self.agent.contact(contact).copied() else {
            return Err(Refusal::NotWithAgent { contact, agent: user });
        };
        // A contact that was missed here and is here again: what is left of the old offer goes.
        let leftover = self.agent.contacts.iter().any(|entry| entry.contact == contact && entry.state.is_uncleared());
        if leftover {
            self.remove(|entry| entry.contact == contact && entry.state.is_uncleared());
            return Ok(());
        }
        match entry.state {
            AgentContactState::Ended => {
                let event = contact::Event::Closed { agent: user };
                self.effects.push(Effect::Contact { contact, event });
                Ok(())
            }
            state => Err(Refusal::NotDismissable { contact, agent: user, state }),
        }
    }

    fn remove(&mut self, removed: impl Fn(&AgentContact) -> bool) {
        let before = self.agent.contacts.len();
        self.agent.contacts.retain(|entry| !removed(entry));
        if self.agent.contacts.len() != before {
            self.agent.last_activity = self.now;
            self.take_next_status();
        }
    }

    /// While the agent handles contacts a new status waits, and routing pauses at once; otherwise it holds at once
    /// (routing.md section 4).
    fn set_status(&mut self, status: StatusRef) {
        if status.kind != AgentStatusKind::Routable {
            self.miss_offers();
        }
        if self.agent.status.id == status.id {
            self.agent.next = None;
        } else if self.handles_contacts() {
            self.agent.next = Some(NextStatus { status, enqueued: self.now });
        } else {
            self.take_status(status);
        }
    }

    fn handles_contacts(&self) -> bool {
        let handled = |entry: &AgentContact| {
            matches!(entry.state, AgentContactState::Connected | AgentContactState::Paused | AgentContactState::Ended)
        };
        self.agent.contacts.iter().any(handled)
    }

    fn take_status(&mut self, status: StatusRef) {
        self.agent.status = status;
        self.agent.since = self.now;
        self.agent.next = None;
        if status.kind == AgentStatusKind::Routable {
            self.agent.last_activity = self.now;
        }
    }

    fn take_next_status(&mut self) {
        if let Some(next) = self.agent.next.filter(|_| !self.handles_contacts()) {
            self.take_status(next.status);
        }
    }

    /// Offers that nobody will take count as missed; their contacts say so.
    fn miss_offers(&mut self) {
        let agent = self.agent.user;
        let offered = self.agent.contacts.iter().filter(|entry| entry.state == AgentContactState::Connecting);
        self.effects.extend(
            offered
                .map(|entry| Effect::Contact { contact: entry.contact, event: contact::Event::OfferMissed { agent } }),
        );
    }

    fn let_go(&mut self) {
        self.miss_offers();
        let agent = self.agent.user;
        let ended = self.agent.contacts.iter().filter(|entry| entry.state == AgentContactState::Ended);
        self.effects.extend(
            ended.map(|entry| Effect::Contact { contact: entry.contact, event: contact::Event::Closed { agent } }),
        );
    }

    /// Whether a LOGIN was told and no LOGOUT after it.
    fn is_logged_in(&self) -> bool {
        self.agent.signed_in.is_some() || self.agent.presence != Presence::Program
    }

    fn stream_opened(&mut self) -> Option<AgentEventType> {
        let is_first = !self.is_logged_in();
        let before = std::mem::replace(&mut self.agent.presence, Presence::Streaming);
        match before {
            Presence::Program => is_first.then_some(AgentEventType::Login),
            Presence::Absent(_) => Some(AgentEventType::StateChange),
            Presence::Streaming | Presence::GoneSince(_) | Presence::Lost(_) => None,
        }
    }

    fn sign_in(&mut self) -> Option<AgentEventType> {
        let is_first = !self.is_logged_in();
        self.agent.signed_in.get_or_insert(self.now);
        if let Presence::Lost(_) = self.agent.presence {
            self.agent.presence = Presence::Program;
        }
        is_first.then_some(AgentEventType::Login)
    }

    fn lose_server(&mut self) {
        if self.agent.signed_in.take().is_some() {
            self.agent.presence = Presence::Lost(self.now);
        } else if self.agent.presence == Presence::Streaming {
            self.agent.presence = Presence::GoneSince(self.now);
        }
    }

    /// Offline at once, whatever the agent has.
    fn sign_out(&mut self, offline: AgentStatusId) -> Option<AgentEventType> {
        let was_logged_in = self.is_logged_in();
        self.miss_offers();
        self.agent.presence = Presence::Program;
        self.agent.signed_in = None;
        self.agent.next = None;
        let was_offline = self.agent.status.kind == AgentStatusKind::Offline;
        if !was_offline {
            self.take_status(StatusRef { id: offline, kind: AgentStatusKind::Offline });
        }
        match (was_logged_in, was_offline) {
            (true, _) => Some(AgentEventType::Logout),
            (false, false) => Some(AgentEventType::StateChange),
            (false, true) => None,
        }
    }
}
