//! Checkpoints: a thread of its own moves what was committed from the write-ahead log into the database.
//!
//! A passive checkpoint waits for nobody and nobody waits for it. But while commits go on it never catches up, so the
//! log would grow for ever; when it is larger than its bound, the last step holds the writer back for a moment, and the
//! next commit begins the log anew. Only a reader with an old snapshot (a backup, a long load) can delay that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::connection::PAGE_BYTES;

/// A checkpoint begins when the log has this many bytes that no checkpoint has moved yet.
const CHECKPOINT_BYTES: u64 = 32 << 20;
/// A checkpoint begins after this time, if anything was written: so a restart finds a short log.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How often a checkpoint runs beside the commits before the last step holds them back.
const PASSES_BESIDE: usize = 2;

/// What the writer and the checkpointer tell each other.
#[derive(Default)]
pub(crate) struct Signal {
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
    large: bool,
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
    /// The log has this many pages after a commit.
    pub(crate) fn committed(&self, wal_pages: u64) {
        self.wal_pages.store(wal_pages, Ordering::Relaxed);
        let moved = self.moved_pages.load(Ordering::Relaxed);
        // Fewer pages than were moved means that the log has begun anew.
        let unmoved = if wal_pages < moved { wal_pages } else { wal_pages - moved };
        if unmoved * u64::from(PAGE_BYTES) >= CHECKPOINT_BYTES {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).large = true;
            self.changed.notify_one();
        }
    }

    pub(crate) fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        self.changed.notify_one();
    }

    pub(crate) fn statistics(&self) -> WalStatistics {
        WalStatistics {
            bytes: self.wal_pages.load(Ordering::Relaxed) * u64::from(PAGE_BYTES),
            checkpoints: self.checkpoints.load(Ordering::Relaxed),
        }
    }

    /// Waits until there is something to do; false when there never will be again. While a reader holds the log back,
    /// its size alone is no reason.
    fn wait(&self, held_back: bool) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |state: &mut State| (!state.large || held_back) && !state.stopped;
        let (mut state, _) =
            self.changed.wait_timeout_while(state, CHECKPOINT_EVERY, idle).unwrap_or_else(PoisonError::into_inner);
        state.large = false;
        !state.stopped
    }
}

/// The checkpointer's thread. `hold_writer` runs its argument while no commit runs.
///
/// A checkpoint that fails loses nothing, since the log still has it all; the next one tries again.
pub(crate) fn run(
    connection: &Connection,
    signal: &Signal,
    wal_bytes_max: u64,
    hold_writer: impl Fn(&mut dyn FnMut()),
) {
    let mut held_back = false;
    while signal.wait(held_back) {
        if signal.wal_pages.load(Ordering::Relaxed) == signal.moved_pages.load(Ordering::Relaxed) {
            continue;
        }
        let mut progress = passive(connection);
        for _ in 1..PASSES_BESIDE {
            if !progress.is_behind(wal_bytes_max) {
                break;
            }
            progress = passive(connection);
        }
        if progress.is_behind(wal_bytes_max) {
            hold_writer(&mut || progress = passive(connection));
        }
        held_back = progress.is_behind(wal_bytes_max);
        signal.moved_pages.store(progress.moved, Ordering::Relaxed);
        signal.checkpoints.fetch_add(1, Ordering::Relaxed);
    }
}

struct Progress {
    logged: u64,
    moved: u64,
}

impl Progress {
    fn is_behind(&self, wal_bytes_max: u64) -> bool {
        self.moved < self.logged && self.logged * u64::from(PAGE_BYTES) > wal_bytes_max
    }
}

fn passive(connection: &Connection) -> Progress {
    let pages = |row: &rusqlite::Row| {
        let count = |column| row.get::<_, i64>(column).map(|pages| u64::try_from(pages).unwrap_or(0));
        Ok(Progress { logged: count(1)?, moved: count(2)? })
    };
    // No answer means that the disk failed; the writer meets that failure too, and reports it to who waits.
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], pages).unwrap_or(Progress { logged: 0, moved: 0 })
}
