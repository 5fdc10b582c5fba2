//! Agents who had a session or an event stream in an earlier process, as the instance was found when it was opened.
//!
//! Each of them has to lose it once, durably, before anything else happens to the agent.

use std::collections::BTreeMap;

use engine::UserId;

/// The agents for whom that is not durable yet.
#[derive(Debug)]
pub struct LostConnections {
    /// With the commit by which they lose it, if the event has run.
    agents: BTreeMap<UserId, Option<u64>>,
}

impl LostConnections {
    /// These agents are stored as connected.
    pub fn of(connected: impl Iterator<Item = UserId>) -> Self {
        let lost = connected.skip(usize::from(cfg!(feature = "mutant-kept-presence")));
        LostConnections { agents: lost.map(|user| (user, None)).collect() }
    }

    /// Those for whom the event has to run.
    pub fn waiting(&self) -> impl Iterator<Item = UserId> {
        self.agents.iter().filter(|(_, lost)| lost.is_none()).map(|(user, _)| *user)
    }

    /// The event has run, and this commit makes it durable.
    pub fn lost(&mut self, user: UserId, commit: u64) {
        self.agents.insert(user, Some(commit));
    }

    /// Commits up to this one are durable.
    pub fn durable(&mut self, commit: u64) {
        self.agents.retain(|_, lost| lost.is_none_or(|lost| lost > commit));
    }

    /// Commits that are not durable failed: what they have made durable all the same is no harm to do again.
    pub fn undo(&mut self) {
        self.agents.values_mut().for_each(|lost| *lost = None);
    }
}
