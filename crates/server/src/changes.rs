//! Who waits for changes of what: of an agent, or of an instance's events.
//!
//! A change is no message: it only says that looking again is worth while. Any number of changes between two looks are
//! one, so that a slow reader costs no memory and always finds the newest.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The things whose changes somebody waits for.
#[derive(Debug)]
pub struct Changes<K: Hash + Eq + Copy> {
    watched: Arc<Mutex<HashMap<K, watch::Sender<()>>>>,
}

impl<K: Hash + Eq + Copy> Default for Changes<K> {
    fn default() -> Self {
        Changes { watched: Arc::default() }
    }
}

impl<K: Hash + Eq + Copy> Changes<K> {
    /// The thing has changed.
    pub fn changed(&self, thing: K) {
        if let Some(sender) = self.lock().get(&thing) {
            sender.send_replace(());
        }
    }

    /// All of these things have changed.
    pub fn changed_where(&self, which: impl Fn(&K) -> bool) {
        self.lock().iter().filter(|(thing, _)| which(thing)).for_each(|(_, sender)| sender.send_replace(()));
    }

    /// Waits for changes from now on.
    pub fn subscribe(&self, thing: K) -> Subscription<K> {
        let receiver = self.lock().entry(thing).or_insert_with(|| watch::channel(()).0).subscribe();
        Subscription { thing, receiver, changes: Changes { watched: Arc::clone(&self.watched) } }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, watch::Sender<()>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for a thing's changes.
#[derive(Debug)]
pub struct Subscription<K: Hash + Eq + Copy> {
    thing: K,
    receiver: watch::Receiver<()>,
    changes: Changes<K>,
}

impl<K: Hash + Eq + Copy> Subscription<K> {
    /// Ready when there was a change since the last time.
    pub async fn changed(&mut self) {
        // The sender lives as long as its last subscription.
        let _ = self.receiver.changed().await;
    }
}

impl<K: Hash + Eq + Copy> Drop for Subscription<K> {
    fn drop(&mut self) {
        let mut watched = self.changes.lock();
        // This one is still counted.
        if watched.get(&self.thing).is_some_and(|sender| sender.receiver_count() <= 1) {
            watched.remove(&self.thing);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn many_changes_between_two_looks_are_one() {
        let changes = Changes::default();
        let mut subscription = changes.subscribe(1);
        assert!(subscription.changed().now_or_never().is_none());
        changes.changed(1);
        changes.changed(1);
        assert!(subscription.changed().now_or_never().is_some());
        assert!(subscription.changed().now_or_never().is_none());
        changes.changed(1);
        assert!(subscription.changed().now_or_never().is_some());
    }

    #[test]
    fn everybody_hears_of_what_they_wait_for_and_of_nothing_else() {
        let changes = Changes::default();
        let mut first = changes.subscribe(1);
        let mut second = changes.subscribe(1);
        let mut other = changes.subscribe(2);
        changes.changed(1);
        assert!(first.changed().now_or_never().is_some());
        assert!(second.changed().now_or_never().is_some());
        assert!(other.changed().now_or_never().is_none());
        changes.changed_where(|thing| *thing > 1);
        assert!(first.changed().now_or_never().is_none());
        assert!(other.changed().now_or_never().is_some());
    }

    #[test]
    fn nothing_is_left_of_those_who_went_away() {
        let changes = Changes::default();
        let first = changes.subscribe(1);
        let mut second = changes.subscribe(1);
        drop(first);
        changes.changed(1);
        assert!(second.changed().now_or_never().is_some());
        drop(second);
        assert!(changes.lock().is_empty());
        changes.changed(1);
    }
}
