//! Checkpoints: a thread of its own moves what was committed from the write-ahead log into the database.
//!
//! A passive checkpoint waits for nobody and nobody waits for it. But while commits go on it never catches up, so the
//! log would grow for ever; when it is larger than its bound, the writer does the last step itself before its next
//! commit, which then begins the log anew. Only a reader with an old snapshot (a backup, a long load) can delay that.
//!
//! SQLite waits for the disk only in a checkpoint that catches up, so that the writer's last step would wait for all that
//! the passes before it wrote. So the checkpointer waits for it after each pass, beside the commits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use std::fs::File;

use rusqlite::Connection;

use super::connection::PAGE_BYTES;

/// A checkpoint begins when this part of the log's bound has not been moved yet.
const BOUND_PARTS: u64 = 32;
/// A checkpoint begins after this time, if anything was written: so a restart finds a short log.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How often a checkpoint runs beside the commits before the writer is asked to do the last step.
const PASSES_BESIDE: usize = 2;

/// What the writer and the checkpointer tell each other.
pub(crate) struct Signal {
    wal_bytes_max: u64,
    state: Mutex<State>,
    changed: Condvar,
    wal_pages: AtomicU64,
    /// How many of the log's pages are in the database.
    moved_pages: AtomicU64,
    checkpoints: AtomicU64,
}

#[derive(Default)]
struct State {
    stopped: bool,
    /// The log has grown by enough for a checkpoint.
    large: bool,
    last_step: LastStep,
}

/// How it stands with the step that no commit may run beside.
#[derive(Default, PartialEq, Eq)]
enum LastStep {
    #[default]
    NotNeeded,
    /// The writer is to do it before its next commit.
    Asked,
    /// It has not helped: a reader holds the log back.
    HeldBack,
}

/// How the write-ahead log is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WalStatistics {
    /// How many bytes the log had after the last commit.
    pub bytes: u64,
    /// How many checkpoints there were since the start.
    pub checkpoints: u64,
}

impl Signal {
    /// For a log that should not be larger than this.
    pub(crate) fn new(wal_bytes_max: u64) -> Self {
        Signal {
            wal_bytes_max,
            state: Mutex::default(),
            changed: Condvar::new(),
            wal_pages: AtomicU64::new(0),
            moved_pages: AtomicU64::new(0),
            checkpoints: AtomicU64::new(0),
        }
    }

    /// The log has this many pages after a commit.
    pub(crate) fn committed(&self, wal_pages: u64) {
        self.wal_pages.store(wal_pages, Ordering::Relaxed);
        if self.unmoved_pages() * u64::from(PAGE_BYTES) >= self.wal_bytes_max / BOUND_PARTS {
            self.lock().large = true;
            self.changed.notify_one();
        }
    }

    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_one();
    }

    pub(crate) fn statistics(&self) -> WalStatistics {
        WalStatistics {
            bytes: self.wal_pages.load(Ordering::Relaxed) * u64::from(PAGE_BYTES),
            checkpoints: self.checkpoints.load(Ordering::Relaxed),
        }
    }

    fn moved(&self, pages: u64) {
        self.moved_pages.store(pages, Ordering::Relaxed);
    }

    fn unmoved_pages(&self) -> u64 {
        let (logged, moved) = (self.wal_pages.load(Ordering::Relaxed), self.moved_pages.load(Ordering::Relaxed));
        // Fewer pages than were moved means that the log has begun anew.
        if logged < moved { logged } else { logged - moved }
    }

    /// The log is larger than its bound, and will not begin anew with the next commit.
    fn is_log_too_large(&self) -> bool {
        self.wal_pages.load(Ordering::Relaxed) * u64::from(PAGE_BYTES) > self.wal_bytes_max && self.unmoved_pages() > 0
    }

    /// The writer, before a commit: does the last step of a checkpoint, if it was asked to.
    pub(crate) fn before_commit(&self, writer: &Connection) {
        if self.lock().last_step == LastStep::Asked {
            self.moved(passive(writer));
            self.lock().last_step = if self.unmoved_pages() > 0 { LastStep::HeldBack } else { LastStep::NotNeeded };
        }
    }

    /// The checkpointer: waits until there is something to do; false when there never will be again. While the last
    /// step waits for the writer, or has not helped, the size of the log is no reason.
    fn wait(&self) -> bool {
        let idle = |state: &mut State| {
            let grown = state.large && state.last_step == LastStep::NotNeeded;
            !(grown || state.stopped)
        };
        let (mut state, _) = self
            .changed
            .wait_timeout_while(self.lock(), CHECKPOINT_EVERY, idle)
            .unwrap_or_else(PoisonError::into_inner);
        state.large = false;
        !state.stopped
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The checkpointer's thread.
///
/// A checkpoint that fails loses nothing, since the log still has it all; the next one tries again. `database` is the
/// file, if its writes are to be waited for. It must stay open for as long as any connection of the process: the end of
/// one descriptor ends the locks of all.
pub(crate) fn run(connection: &Connection, database: Option<&File>, signal: &Signal) {
    let pass = || {
        signal.moved(passive(connection));
        // An error is told to SQLite's own descriptor too, when it waits for the disk at the end of a checkpoint.
        let _ = database.map(File::sync_data);
    };
    while signal.wait() {
        if signal.unmoved_pages() == 0 {
            continue;
        }
        pass();
        for _ in 1..PASSES_BESIDE {
            if signal.is_log_too_large() {
                pass();
            }
        }
        signal.checkpoints.fetch_add(1, Ordering::Relaxed);
        let too_large = signal.is_log_too_large();
        signal.lock().last_step = if too_large { LastStep::Asked } else { LastStep::NotNeeded };
    }
}

/// Moves what it can without waiting for anyone; returns how many pages of the log are in the database now.
fn passive(connection: &Connection) -> u64 {
    // No answer means that the disk failed; the writer meets that failure too, and reports it to who waits.
    let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>("checkpointed"));
    u64::try_from(moved.unwrap_or(0)).unwrap_or(0)
}
