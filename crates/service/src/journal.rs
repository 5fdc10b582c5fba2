//! The journal: one record a commit, with the events and the tokens that the commit brought.
//!
//! Its key is the number of its first event and the commit, so that events are found by their sequence and tokens in
//! the order of commits. A commit without events has the number of the event that will come next.

use engine::Timestamp;
use store::{Key, KeyId};

use crate::event::EventRecord;
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
    /// The events, numbered from `first_event` without a gap.
    #[n(3)]
    pub events: Vec<EventRecord>,
    /// The tokens of calls that made something.
    #[n(4)]
    pub tokens: Vec<TokenEntry>,
}

impl JournalEntry {
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
