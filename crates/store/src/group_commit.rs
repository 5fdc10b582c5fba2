//! The one writer of a database: merges the waiting batches of all scopes into one transaction.
//!
//! While a transaction is being written, the next batches gather; so the more there is to do, the larger the groups,
//! and the disk is waited for once per group. An owner has one batch under way at a time, so taking the batches in the
//! order of their arrival is fair to all scopes. Between two commits the writer runs one step of other work, such as
//! deleting a scope.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::Store;
use crate::batch::Batch;
use crate::error::{CommitError, Reason, Unavailable};
use crate::histogram::Histogram;
use crate::key::Scope;

/// Hears, once and on the writer's thread, whether a batch is durable. It must be quick: all other batches wait.
pub type Done = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// Other work on the database, done in steps between commits. A step must be bounded: the next commit waits for it.
pub type Job = Box<dyn FnMut(&dyn Store) -> Step + Send>;

/// Whether a job has more to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is called again after the next commit, or at once if none is waiting.
    Again,
    /// It is over.
    Over,
}

/// How large a group may get. A batch that is larger is committed alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriterBounds {
    /// How many batches, so scopes, at most.
    pub batches_max: usize,
    /// How many writes at most.
    pub rows_max: usize,
    /// How many bytes of keys and values at most.
    pub bytes_max: usize,
}

impl Default for WriterBounds {
    fn default() -> Self {
        WriterBounds { batches_max: 4_096, rows_max: 16_384, bytes_max: 16 << 20 }
    }
}

/// What the writer has done since it was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WriterStatistics {
    /// How many batches wait now.
    pub waiting: usize,
    /// How many rows the committed batches wrote.
    pub rows: u64,
    /// How many bytes of keys and values the committed batches brought.
    pub bytes: u64,
    /// How many commits failed, those tried again batch by batch included.
    pub failures: u64,
    /// The number of batches of each successful commit.
    pub batches: Histogram,
    /// How long each successful commit took, the disk included, in microseconds.
    pub duration_us: Histogram,
}

/// The one writer of a database. Dropping it stops it.
pub struct GroupCommit {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl GroupCommit {
    /// Starts the writer's thread.
    pub fn start(store: Arc<dyn Store>, bounds: WriterBounds) -> Result<Self, Unavailable> {
        let queue = Arc::new(Queue::default());
        let thread = std::thread::Builder::new()
            .name("group-commit".into())
            .spawn({
                let queue = Arc::clone(&queue);
                move || write(&queue, &*store, bounds)
            })
            .map_err(|error| Unavailable::new("start the writer's thread", Reason::Other, error))?;
        Ok(GroupCommit { queue, thread: Mutex::new(Some(thread)) })
    }

    /// Takes a batch, to be committed with others; `done` hears how it went. Its owner submits no further batch of
    /// the scope before; this is also what bounds the queue. After [`GroupCommit::stop`] it is refused.
    pub fn submit(&self, batch: Batch, done: Done) {
        let mut waiting = self.queue.lock();
        if waiting.stopped {
            drop(waiting);
            done(Err(stopped().into()));
        } else {
            waiting.batches.push_back((batch, done));
            self.queue.changed.notify_one();
        }
    }

    /// Takes other work, whose steps run between commits on the writer's thread. After [`GroupCommit::stop`] it is
    /// refused.
    pub fn run_between(&self, job: Job) -> Result<(), Unavailable> {
        let mut waiting = self.queue.lock();
        if waiting.stopped {
            return Err(stopped());
        }
        waiting.jobs.push_back(job);
        self.queue.changed.notify_one();
        Ok(())
    }

    /// What the writer has done.
    pub fn statistics(&self) -> WriterStatistics {
        let waiting = self.queue.lock().batches.len();
        WriterStatistics { waiting, ..*lock(&self.queue.statistics) }
    }

    /// Commits what waits, takes nothing more, and returns when the thread has ended. Jobs end after their step.
    pub fn stop(&self) {
        self.queue.lock().stopped = true;
        self.queue.changed.notify_one();
        if let Some(thread) = lock(&self.thread).take() {
            // Its panic has been printed, and has refused what was waiting.
            let _ = thread.join();
        }
    }
}

impl Drop for GroupCommit {
    fn drop(&mut self) {
        self.stop();
    }
}

fn stopped() -> Unavailable {
    Unavailable::without_source("commit", Reason::Stopped)
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    statistics: Mutex<WriterStatistics>,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<(Batch, Done)>,
    jobs: VecDeque<Job>,
    stopped: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }

    /// Waits for something to do; `None` when it is stopped and everything is written.
    fn take(&self, bounds: WriterBounds) -> Option<(Vec<Batch>, Vec<Done>, Option<Job>)> {
        let idle = |waiting: &mut Waiting| waiting.batches.is_empty() && waiting.jobs.is_empty() && !waiting.stopped;
        let mut waiting = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        if waiting.stopped && waiting.batches.is_empty() {
            return None;
        }
        let (batches, dones) = waiting.group(bounds);
        let job = waiting.jobs.pop_front();
        Some((batches, dones, job))
    }
}

impl Waiting {
    /// The first waiting batches, within the bounds, one of a scope.
    fn group(&mut self, bounds: WriterBounds) -> (Vec<Batch>, Vec<Done>) {
        let (mut batches, mut dones) = (Vec::new(), Vec::new());
        let (mut rows, mut bytes) = (0, 0);
        let mut scopes: HashSet<Scope> = HashSet::new();
        while let Some((batch, _)) = self.batches.front() {
            rows += batch.writes.len();
            bytes += batch.bytes();
            let full = batches.len() == bounds.batches_max || rows > bounds.rows_max || bytes > bounds.bytes_max;
            if (full && !batches.is_empty()) || !scopes.insert(batch.scope) {
                break;
            }
            let (batch, done) = self.batches.pop_front().expect("it was looked at just before");
            batches.push(batch);
            dones.push(done);
        }
        (batches, dones)
    }
}

/// A panic while the lock was held leaves at worst a queue without its first batch, and that has been told.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The writer's thread.
fn write(queue: &Queue, store: &dyn Store, bounds: WriterBounds) {
    let _refuse = RefuseAtEnd(queue);
    while let Some((batches, dones, job)) = queue.take(bounds) {
        if !batches.is_empty() {
            let mut waiting = Dones(dones);
            let results = commit(queue, store, &batches);
            for (done, result) in mem::take(&mut waiting.0).into_iter().zip(results) {
                done(result);
            }
        }
        if let Some(mut job) = job
            && job(store) == Step::Again
        {
            queue.lock().jobs.push_back(job);
        }
    }
}

/// Those who wait for the group in hand: a panic while it is committed leaves nobody waiting for ever.
struct Dones(Vec<Done>);

impl Drop for Dones {
    fn drop(&mut self) {
        for done in mem::take(&mut self.0) {
            done(Err(stopped().into()));
        }
    }
}

/// However the thread ends, nobody waits for ever.
struct RefuseAtEnd<'a>(&'a Queue);

impl Drop for RefuseAtEnd<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.stopped = true;
        waiting.jobs.clear();
        let batches = std::mem::take(&mut waiting.batches);
        drop(waiting);
        for (_, done) in batches {
            done(Err(stopped().into()));
        }
    }
}

/// Commits a group. If it fails for a reason that lies in a batch and not in the disk, its batches are committed one by
/// one, so that only the failing one reports.
fn commit(queue: &Queue, store: &dyn Store, batches: &[Batch]) -> Vec<Result<(), CommitError>> {
    match timed_commit(queue, store, batches) {
        Err(error) if batches.len() > 1 && lies_in_a_batch(&error) => {
            batches.iter().map(|batch| timed_commit(queue, store, std::slice::from_ref(batch))).collect()
        }
        result => vec![result; batches.len()],
    }
}

fn lies_in_a_batch(error: &CommitError) -> bool {
    match error {
        CommitError::Refused { .. } => true,
        CommitError::Unavailable(unavailable) => unavailable.reason == Reason::Other,
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a commit took is for metrics, and decides nothing")]
fn timed_commit(queue: &Queue, store: &dyn Store, batches: &[Batch]) -> Result<(), CommitError> {
    let start = Instant::now();
    let result = store.commit(batches);
    let duration = start.elapsed();
    let mut statistics = lock(&queue.statistics);
    match &result {
        Ok(()) => {
            statistics.rows += batches.iter().map(|batch| batch.writes.len() as u64).sum::<u64>();
            statistics.bytes += batches.iter().map(|batch| batch.bytes() as u64).sum::<u64>();
            statistics.batches.record(batches.len() as u64);
            statistics.duration_us.record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        }
        Err(_) => statistics.failures += 1,
    }
    result
}

#[cfg(test)]
mod tests;
