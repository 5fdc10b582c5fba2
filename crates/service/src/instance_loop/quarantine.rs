//! Finding the event that spoils every commit it is in.
//!
//! A commit that fails for a reason that does not lie in the disk would fail again as long as what spoils it comes
//! back: a timer does, an effect's result does, and a client that tries again does. So after such a failure the loop is
//! careful for a while and gives every event a batch of its own. One that fails twice alone is set aside, for as long as
//! the instance is open.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use engine::{ContactId, UserId};
use store::{CommitError, Reason, Refusal};

use crate::effect::EffectId;
use crate::token::TokenHash;

/// How many commits an event may fail alone.
pub(super) const COMMITS_ALONE_MAX: u8 = 2;
/// How many commits in a row have to succeed before events share them again.
const CAREFUL_COMMITS: u32 = 32;
/// How many suspects are remembered.
const SUSPECTS_MAX: usize = 1_024;

/// An event that comes back when its commit failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Suspect {
    /// A contact's timer, or the next turn of its flow.
    Timer(ContactId),
    /// An agent's timer.
    Agent(UserId),
    /// The result of an effect.
    Effect(EffectId),
    /// A call, which is tried again with the same token.
    Call(TokenHash),
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Suspect::Timer(contact) => write!(f, "the timer of contact {contact}"),
            Suspect::Agent(agent) => write!(f, "the timer of agent {agent}"),
            Suspect::Effect(effect) => write!(f, "the result of effect {}", effect.0),
            Suspect::Call(_) => f.write_str("a call"),
        }
    }
}

/// Who is suspected, and who is convicted.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    /// Commits that still have one event each.
    careful: u32,
    /// Whose changes are in the open batch or in the one that is being written.
    alone: Option<Suspect>,
    failures: BTreeMap<Suspect, u8>,
    held: BTreeSet<Suspect>,
}

impl Quarantine {
    /// Whether every event has a batch of its own.
    pub fn is_careful(&self) -> bool {
        self.careful > 0
    }

    /// An event has changed something.
    pub fn note(&mut self, suspect: Option<Suspect>) {
        if self.is_careful() {
            self.alone = suspect;
        }
    }

    /// A commit has succeeded.
    pub fn committed(&mut self) {
        self.careful = self.careful.saturating_sub(1);
        if let Some(cleared) = self.alone.take() {
            self.failures.remove(&cleared);
        }
    }

    /// A commit has failed. Tells who is set aside for it.
    pub fn failed(&mut self, error: &CommitError) -> Option<Suspect> {
        if !lies_in_the_batch(error) {
            self.alone = None;
            return None;
        }
        let was_careful = self.is_careful();
        self.careful = CAREFUL_COMMITS;
        let suspect = self.alone.take().filter(|_| was_careful)?;
        let failures = self.failures.entry(suspect).or_default();
        *failures += 1;
        let is_convicted = *failures >= COMMITS_ALONE_MAX;
        if is_convicted {
            self.failures.remove(&suspect);
            self.held.insert(suspect);
        }
        if self.failures.len() > SUSPECTS_MAX {
            self.failures.pop_first();
        }
        if self.held.len() > SUSPECTS_MAX {
            self.held.pop_first();
        }
        is_convicted.then_some(suspect)
    }

    /// Whether an event is set aside.
    pub fn holds(&self, suspect: &Suspect) -> bool {
        self.held.contains(suspect)
    }

    /// Whether an agent's timer is set aside.
    pub fn holds_agent(&self, agent: &UserId) -> bool {
        !self.held.is_empty() && self.holds(&Suspect::Agent(*agent))
    }

    /// Whether a contact's timer is set aside.
    pub fn holds_timer(&self, contact: &ContactId) -> bool {
        !self.held.is_empty() && self.holds(&Suspect::Timer(*contact))
    }
}

/// Whether another batch in its place might have been written.
fn lies_in_the_batch(error: &CommitError) -> bool {
    match error {
        CommitError::Refused { refusal, .. } => matches!(refusal, Refusal::ValueTooLarge { .. }),
        CommitError::Unavailable(unavailable) => unavailable.reason == Reason::Other,
    }
}
