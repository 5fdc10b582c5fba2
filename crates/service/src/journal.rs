//! The journal: one record a commit, with the events and the tokens that the commit brought.
//!
//! Its key is the number of its first event and the commit, so that events are found by their sequence and tokens in
//! the order of commits. A commit without events has the number of the event that will come next.

use engine::Timestamp;
use store::{Key, KeyId};

use crate::event::{AgentEventRecord, Event, EventRecord};
use crate::kinds;
use crate::token::TokenEntry;

/// What one commit adds to the event sequence and to the tokens.
#[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct JournalEntry {
    /// Sequence number of the first event.
    #[n(0)]
    pub first_event: u64,
    /// The commit.
    #[n(1)]
    pub commit: u64,
    /// When the commit was begun, in the instance's time.
    #[n(2)]
    pub at: Timestamp,
    /// The events of contacts, in their order; see [`JournalEntry::events`].
    #[n(3)]
    pub contacts: Vec<EventRecord>,
    /// The tokens of calls that made something.
    #[n(4)]
    pub tokens: Vec<TokenEntry>,
    /// The events of agents, in their order.
    #[n(5)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub agents: Vec<PlacedAgentEvent>,
}

/// An event of an agent between those of contacts.
#[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct PlacedAgentEvent {
    /// How many events of the entry come before it, of either kind.
    #[n(0)]
    pub place: u32,
    /// The event.
    #[n(1)]
    pub event: AgentEventRecord,
}

impl JournalEntry {
    /// The entry of a commit with these events.
    pub fn new(first_event: u64, commit: u64, at: Timestamp, events: Vec<Event>, tokens: Vec<TokenEntry>) -> Self {
        let (mut contacts, mut agents) = (Vec::new(), Vec::new());
        for (place, event) in (0..).zip(events) {
            match event {
                Event::Contact(event) => contacts.push(event),
                Event::Agent(event) => agents.push(PlacedAgentEvent { place, event: *event }),
            }
        }
        JournalEntry { first_event, commit, at, contacts, tokens, agents }
    }

    /// How many events there are.
    pub fn event_count(&self) -> u64 {
        (self.contacts.len() + self.agents.len()) as u64
    }

    /// The number of the event that comes after those of this entry.
    pub fn next_event(&self) -> u64 {
        self.first_event + self.event_count()
    }

    /// The events in their order, numbered from `first_event` without a gap.
    pub fn events(self) -> impl Iterator<Item = (u64, Event)> {
        let (mut contacts, mut agents) = (self.contacts.into_iter(), self.agents.into_iter().peekable());
        let events = (0..).map_while(move |place| match agents.next_if(|agent| agent.place == place) {
            Some(agent) => Some(Event::Agent(Box::new(agent.event))),
            None => contacts.next().map(Event::Contact),
        });
        (self.first_event..).zip(events)
    }

    /// Where the entry is stored.
    pub fn key(&self) -> Key {
        Key::new(kinds::JOURNAL, Self::id(self.first_event, self.commit))
    }

    /// The id of an entry.
    pub fn id(first_event: u64, commit: u64) -> KeyId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&first_event.to_be_bytes());
        id[8..].copy_from_slice(&commit.to_be_bytes());
        id.into()
    }

    /// The commit of a stored entry, from its id alone.
    pub fn commit_of(id: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(id.get(8..16)?.try_into().ok()?))
    }
}
