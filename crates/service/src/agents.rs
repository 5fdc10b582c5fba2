//! The agents who have to be woken: derived from their records, as the orders of contacts are from theirs.

use std::collections::{BTreeMap, BTreeSet};

use engine::agent::Agent;
use engine::limits::Limits;
use engine::{ContactId, Timestamp, UserId};

/// When agents are next due, who is connected, and who has contacts of which chain.
#[derive(Debug, Default)]
pub struct AgentOrder {
    due: BTreeSet<(Timestamp, UserId)>,
    due_of: BTreeMap<UserId, Timestamp>,
    connected: BTreeSet<UserId>,
    chains: BTreeSet<(ContactId, UserId)>,
    chains_of: BTreeMap<UserId, Vec<ContactId>>,
}

impl AgentOrder {
    /// Takes an agent as it is now.
    pub fn put(&mut self, agent: &Agent, limits: &Limits) {
        self.remove(agent.user);
        if let Some(at) = agent.next_due(limits) {
            self.due.insert((at, agent.user));
            self.due_of.insert(agent.user, at);
        }
        if agent.is_connected() {
            self.connected.insert(agent.user);
        }
        if !agent.contacts.is_empty() {
            let chains: Vec<ContactId> = agent.contacts.iter().map(|entry| entry.initial).collect();
            self.chains.extend(chains.iter().map(|chain| (*chain, agent.user)));
            self.chains_of.insert(agent.user, chains);
        }
    }

    /// Forgets an agent.
    pub fn remove(&mut self, user: UserId) {
        if let Some(at) = self.due_of.remove(&user) {
            self.due.remove(&(at, user));
        }
        self.connected.remove(&user);
        for chain in self.chains_of.remove(&user).unwrap_or_default() {
            self.chains.remove(&(chain, user));
        }
    }

    /// Those with a contact of this chain.
    pub fn with_chain(&self, chain: ContactId) -> impl Iterator<Item = UserId> {
        let from = (chain, UserId::from_bytes([0; 16]));
        self.chains.range(from..).take_while(move |(of, _)| *of == chain).map(|(_, user)| *user)
    }

    /// The agents who are due by `now`, by time and then by id.
    pub fn due_by(&self, now: Timestamp) -> impl Iterator<Item = UserId> {
        self.due.iter().take_while(move |(due, _)| *due <= now).map(|(_, user)| *user)
    }

    /// When the first one is due, of the agents who `count`.
    pub fn next_due(&self, counts: impl Fn(&UserId) -> bool) -> Option<Timestamp> {
        self.due.iter().find(|(_, user)| counts(user)).map(|(at, _)| *at)
    }

    /// Those with a session or an event stream.
    pub fn connected(&self) -> impl Iterator<Item = UserId> {
        self.connected.iter().copied()
    }
}
