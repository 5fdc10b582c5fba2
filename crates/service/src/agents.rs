//! The agents who have to be woken: derived from their records, as the orders of contacts are from theirs.

use std::collections::{BTreeMap, BTreeSet};

use engine::agent::{Agent, Presence};
use engine::limits::Limits;
use engine::{Timestamp, UserId};

/// When agents are next due, and who has an event stream.
#[derive(Debug, Default)]
pub struct AgentOrder {
    due: BTreeSet<(Timestamp, UserId)>,
    due_of: BTreeMap<UserId, Timestamp>,
    streaming: BTreeSet<UserId>,
}

impl AgentOrder {
    /// Takes an agent as it is now.
    pub fn put(&mut self, agent: &Agent, limits: &Limits) {
        self.remove(agent.user);
        if let Some(at) = agent.next_due(limits) {
            self.due.insert((at, agent.user));
            self.due_of.insert(agent.user, at);
        }
        if agent.presence == Presence::Streaming {
            self.streaming.insert(agent.user);
        }
    }

    /// Forgets an agent.
    pub fn remove(&mut self, user: UserId) {
        if let Some(at) = self.due_of.remove(&user) {
            self.due.remove(&(at, user));
        }
        self.streaming.remove(&user);
    }

    /// The agents who are due by `now`, by time and then by id.
    pub fn due_by(&self, now: Timestamp) -> impl Iterator<Item = UserId> {
        self.due.iter().take_while(move |(due, _)| *due <= now).map(|(_, user)| *user)
    }

    /// When the first one is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Those with an event stream.
    pub fn streaming(&self) -> impl Iterator<Item = UserId> {
        self.streaming.iter().copied()
    }
}
