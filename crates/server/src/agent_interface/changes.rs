//! Who waits for which agent's changes.
//!
//! A change is no message: it only says that the snapshot is another one. Any number of changes between two looks are
//! one, so that a slow reader costs no memory and always finds the newest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::desk::AgentKey;

type Watched = Arc<Mutex<HashMap<AgentKey, watch::Sender<()>>>>;

/// The agents whose changes somebody waits for.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    watched: Watched,
}

impl Changes {
    /// An agent's snapshot has changed.
    pub fn changed(&self, agent: AgentKey) {
        if let Some(sender) = self.lock().get(&agent) {
            sender.send_replace(());
        }
    }

    /// Waits for changes from now on.
    pub fn subscribe(&self, agent: AgentKey) -> Subscription {
        let receiver = self.lock().entry(agent).or_insert_with(|| watch::channel(()).0).subscribe();
        Subscription { agent, receiver, changes: self.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgentKey, watch::Sender<()>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for an agent's changes.
#[derive(Debug)]
pub struct Subscription {
    agent: AgentKey,
    receiver: watch::Receiver<()>,
    changes: Changes,
}

impl Subscription {
    /// Ready when there was a change since the last time.
    pub async fn changed(&mut self) {
        // The sender lives as long as its last subscription.
        let _ = self.receiver.changed().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut watched = self.changes.lock();
        // This one is still counted.
        if watched.get(&self.agent).is_some_and(|sender| sender.receiver_count() <= 1) {
            watched.remove(&self.agent);
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{InstanceId, UserId};
    use futures_util::FutureExt as _;

    use super::*;

    fn agent(number: u8) -> AgentKey {
        AgentKey { instance: InstanceId::from_bytes([1; 16]), user: UserId::from_bytes([number; 16]) }
    }

    #[test]
    fn many_changes_between_two_looks_are_one() {
        let changes = Changes::default();
        let mut subscription = changes.subscribe(agent(1));
        assert!(subscription.changed().now_or_never().is_none());
        changes.changed(agent(1));
        changes.changed(agent(1));
        assert!(subscription.changed().now_or_never().is_some());
        assert!(subscription.changed().now_or_never().is_none());
        changes.changed(agent(1));
        assert!(subscription.changed().now_or_never().is_some());
    }

    #[test]
    fn everybody_hears_of_the_agent_they_wait_for_and_of_no_other() {
        let changes = Changes::default();
        let mut first = changes.subscribe(agent(1));
        let mut second = changes.subscribe(agent(1));
        let mut other = changes.subscribe(agent(2));
        changes.changed(agent(1));
        assert!(first.changed().now_or_never().is_some());
        assert!(second.changed().now_or_never().is_some());
        assert!(other.changed().now_or_never().is_none());
    }

    #[test]
    fn nothing_is_left_of_those_who_went_away() {
        let changes = Changes::default();
        let first = changes.subscribe(agent(1));
        let mut second = changes.subscribe(agent(1));
        drop(first);
        changes.changed(agent(1));
        assert!(second.changed().now_or_never().is_some());
        drop(second);
        assert!(changes.lock().is_empty());
        changes.changed(agent(1));
    }
}
