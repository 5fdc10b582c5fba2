//! Threads that read, so that nobody who must not block does.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::Store;
use crate::error::{Reason, Unavailable};

/// A read: it asks the store and tells whoever waits. The store limits each of its transactions in time.
pub type Read = Box<dyn FnOnce(&dyn Store) + Send>;

/// How much may be read at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReaderBounds {
    /// How many threads read.
    pub threads: usize,
    /// How many reads may wait for a thread.
    pub waiting_max: usize,
}

impl Default for ReaderBounds {
    fn default() -> Self {
        ReaderBounds { threads: 4, waiting_max: 1_024 }
    }
}

/// Why a read was not taken; it was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadRefused {
    /// Too many are waiting.
    #[error("{waiting_max} reads are waiting already; try again later")]
    Busy {
        /// The bound.
        waiting_max: usize,
    },
    /// The readers have been stopped.
    #[error("the readers have been stopped")]
    Stopped,
}

/// A few threads that read a store. Dropping it stops them.
pub struct Readers {
    queue: Arc<Queue>,
    waiting_max: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    reads: VecDeque<Read>,
    stopped: bool,
}

impl Readers {
    /// Starts the threads.
    pub fn start(store: &Arc<dyn Store>, bounds: ReaderBounds) -> Result<Self, Unavailable> {
        assert!(bounds.threads > 0, "without a thread nothing is ever read");
        let readers = Readers { queue: Arc::default(), waiting_max: bounds.waiting_max, threads: Mutex::default() };
        for number in 0..bounds.threads {
            let (queue, store) = (Arc::clone(&readers.queue), Arc::clone(store));
            let thread = std::thread::Builder::new()
                .name(format!("reader-{number}"))
                .spawn(move || queue.serve(&*store))
                .map_err(|error| Unavailable::new("start a reader's thread", Reason::Other, error))?;
            lock(&readers.threads).push(thread);
        }
        Ok(readers)
    }

    /// Takes a read for the next free thread.
    pub fn submit(&self, read: impl FnOnce(&dyn Store) + Send + 'static) -> Result<(), ReadRefused> {
        let mut waiting = lock(&self.queue.waiting);
        if waiting.stopped {
            return Err(ReadRefused::Stopped);
        }
        if waiting.reads.len() >= self.waiting_max {
            return Err(ReadRefused::Busy { waiting_max: self.waiting_max });
        }
        waiting.reads.push_back(Box::new(read));
        self.queue.changed.notify_one();
        Ok(())
    }

    /// Runs the reads that wait, takes no more, and returns when the threads have ended.
    pub fn stop(&self) {
        lock(&self.queue.waiting).stopped = true;
        self.queue.changed.notify_all();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            // A read that panicked has printed it, and dropped what it was to tell.
            let _ = thread.join();
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Queue {
    /// A reader's thread.
    fn serve(&self, store: &dyn Store) {
        while let Some(read) = self.take() {
            // One read's broken invariant must not take the thread from all the others; it has been printed.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(store)));
        }
    }

    fn take(&self) -> Option<Read> {
        let idle = |waiting: &mut Waiting| waiting.reads.is_empty() && !waiting.stopped;
        let mut waiting = self.changed.wait_while(lock(&self.waiting), idle).unwrap_or_else(PoisonError::into_inner);
        waiting.reads.pop_front()
    }
}

/// Nothing panics while it holds the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
