//! Records in SQLite: one file, one writer, snapshots for readers. ADR 2 has the layout and its measurements.

mod checkpoint;
mod connection;
mod copy;
mod migrations;
mod read;
mod recent;
mod verify;
mod write;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction};

use crate::batch::{Batch, CommitNumber, Epoch, ScopeHead};
use crate::error::{CommitError, Reason, Unavailable};
use crate::key::{Key, Scope};
use crate::{Deleted, EachRecord, Page, Scan, Store, Values};

use recent::{Recent, View};

pub use checkpoint::WalStatistics;
pub(crate) use connection::failed;
pub(crate) use copy::{Copied, copy};
pub(crate) use migrations::SCHEMA_VERSION;
pub use verify::{Problem, verify};
use write::Writer;

/// How many connections wait for the next reader; more are opened when needed and closed after use.
const READERS_KEPT: usize = 8;
/// After how many steps of SQLite's machine a read looks at the time.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database file; made if it is not there.
    pub path: PathBuf,
    /// Whether a commit waits for the disk.
    #[doc(hidden)]
    pub synchronous: Synchronous,
    /// The most pages that the database may have, to test a full disk.
    #[doc(hidden)]
    pub pages_max: Option<u32>,
    /// The writer's page cache.
    pub writer_cache_bytes: usize,
    /// Each reader's page cache.
    pub reader_cache_bytes: usize,
    /// How long a get or a scan may take. [`Store::load_hot`] is not limited.
    pub read_time_max: Duration,
    /// From this size on, the write-ahead log is emptied even if commits have to wait for a moment.
    pub wal_bytes_max: u64,
    /// How many bytes of commits gather before they are folded into the tables: smaller to test that.
    #[doc(hidden)]
    pub generation_bytes: usize,
}

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[doc(hidden)]
pub enum Synchronous {
    /// It does.
    Full,
    /// It does not, and power loss loses acknowledged commits: only to show that the test of it would notice.
    Off,
}

impl Options {
    /// The usual ones, for the database at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Options {
            path: path.into(),
            synchronous: Synchronous::Full,
            pages_max: None,
            writer_cache_bytes: 64 << 20,
            reader_cache_bytes: 8 << 20,
            read_time_max: Duration::from_secs(5),
            wal_bytes_max: 128 << 20,
            generation_bytes: write::GENERATION_BYTES,
        }
    }
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It could not be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A newer version of Callboard wrote it.
    #[error(
        "{} has schema version {found}, written by a newer callboard; this one knows versions up to {known}: \
         run the newer one, or restore a backup made by this one", path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this binary knows.
        known: usize,
    },
    /// It is a database, but not one of Callboard's.
    #[error("{} is a database of another program; choose another data directory", path.display())]
    NotOurs {
        /// The database.
        path: PathBuf,
    },
}

/// Records in a SQLite database, which this process alone has open: [`crate::DataDir`] sees to that.
pub struct SqliteStore {
    options: Options,
    writer: Mutex<Writer>,
    /// What the tables do not have yet. A reader begins its snapshot while it holds this, so that the two fit.
    recent: Arc<RwLock<Recent>>,
    /// Whether a commit failed and the writer has not looked yet what became of it.
    unsure: AtomicBool,
    readers: Mutex<Vec<Connection>>,
    signal: Arc<checkpoint::Signal>,
    checkpointer: Option<JoinHandle<()>>,
    /// The file, for the checkpointer: the last to be closed.
    _database: Arc<File>,
}

impl SqliteStore {
    /// Opens a database, makes it if it is not there, and brings its schema up to date.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let path = &options.path;
        let mut connection = connection::open_writing(&options).map_err(|error| open_failed(path, error))?;
        migrations::migrate(&mut connection, path)?;
        let signal = Arc::new(checkpoint::Signal::new(options.wal_bytes_max));
        report_log_size(&mut connection, &signal).map_err(|error| open_failed(path, error))?;

        drop(connection);

        let recent = Arc::<RwLock<Recent>>::default();
        let open = {
            let (options, signal) = (options.clone(), Arc::clone(&signal));
            move || {
                let open = || {
                    let mut connection = connection::open_writing(&options)?;
                    report_log_size(&mut connection, &signal)?;
                    Ok(connection)
                };
                open().map_err(|error| open_failed(&options.path, error))
            }
        };
        let mut writer = Writer::new(Arc::clone(&signal), Arc::clone(&recent), options.generation_bytes, open);
        writer.connection(path)?;
        let (writer, unsure) = (Mutex::new(writer), AtomicBool::new(false));
        let file =
            File::open(path).map_err(|error| Unavailable::new("open the database file", Reason::CannotOpen, error))?;
        let database = Arc::new(file);
        let checkpointer = start_checkpointer(&options, &database, &signal)?;
        let (readers, checkpointer) = (Mutex::default(), Some(checkpointer));
        Ok(SqliteStore { options, writer, recent, unsure, readers, signal, checkpointer, _database: database })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    /// How the write-ahead log is doing.
    pub fn wal_statistics(&self) -> WalStatistics {
        self.signal.statistics()
    }

    /// Moves everything from the write-ahead log and from the recent commits into the tables of the database file,
    /// which is then whole without them. For the end of a process: commits wait for it.
    pub fn settle(&self) -> Result<(), CommitError> {
        let mut writer = lock(&self.writer);
        writer.fold_all(self.path())?;
        let settled = writer
            .connection(self.path())?
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|error| failed("empty the write-ahead log of", self.path(), error));
        Ok(settled?)
    }

    /// Changes the most pages that the database may have, to test a disk that is full and then has space again.
    #[doc(hidden)]
    pub fn set_pages_max(&self, pages: u32) -> Result<(), Unavailable> {
        lock(&self.writer)
            .connection(self.path())?
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(|error| failed("set the largest size of", self.path(), error))
    }

    /// Runs a read in one snapshot, on a connection of its own, within the time limit if there is one. `look` takes
    /// from the recent commits what the read needs of them.
    fn read<L, T>(
        &self,
        time_max: Option<Duration>,
        look: impl FnOnce(&Recent) -> L,
        read: impl FnOnce(&Transaction, &L) -> rusqlite::Result<T>,
    ) -> Result<T, Unavailable> {
        let kept = lock(&self.readers).pop();
        let attempt = || {
            let mut connection = match kept {
                Some(connection) => connection,
                None => connection::open_reading(self.path(), self.options.reader_cache_bytes)?,
            };
            limit_time(&mut connection, time_max)?;
            let transaction = connection.transaction()?;
            let looked = {
                let recent = read_lock(&self.recent);
                // The first read begins the snapshot.
                transaction.prepare_cached("SELECT 1 FROM scope LIMIT 1")?.exists([])?;
                look(&recent)
            };
            let value = read(&transaction, &looked)?;
            transaction.commit()?;
            Ok((connection, value))
        };
        let (connection, value) = attempt().map_err(|error| failed("read", self.path(), error))?;
        let mut readers = lock(&self.readers);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        Ok(value)
    }

    /// Notes that a commit failed of which nobody knows yet whether it is durable.
    fn sure<T>(&self, result: Result<T, CommitError>) -> Result<T, CommitError> {
        let is_unsure = matches!(result, Err(CommitError::Unavailable(_)));
        self.unsure.fetch_or(is_unsure, Ordering::AcqRel);
        result
    }

    fn read_scope<T>(
        &self,
        scope: Scope,
        read: impl FnOnce(&Transaction, &View) -> rusqlite::Result<T>,
    ) -> Result<T, Unavailable> {
        self.read(Some(self.options.read_time_max), |recent| recent.view(scope), read)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.signal.stop();
        if let Some(checkpointer) = self.checkpointer.take() {
            // Its panic has been printed; there is nobody to tell it to here.
            let _ = checkpointer.join();
        }
    }
}

impl Store for SqliteStore {
    fn heads(&self, after: Option<Scope>, limit: usize) -> Result<Vec<(Scope, ScopeHead)>, Unavailable> {
        let time_max = Some(self.options.read_time_max);
        self.read(
            time_max,
            |recent| recent.heads().collect(),
            |transaction, recent| read::heads(transaction, recent, after, limit),
        )
    }

    fn head(&self, scope: Scope) -> Result<Option<ScopeHead>, Unavailable> {
        self.read_scope(scope, |transaction, view| read::head(transaction, view, scope))
    }

    fn acquire(&self, scope: Scope) -> Result<ScopeHead, Unavailable> {
        if self.unsure.swap(false, Ordering::AcqRel) {
            let looked = lock(&self.writer).connection(self.path()).map(|_| ());
            self.unsure.fetch_or(looked.is_err(), Ordering::AcqRel);
            looked?;
        }
        Ok(self.head(scope)?.unwrap_or(ScopeHead::NEW))
    }

    fn load_hot(&self, scope: Scope, each: &mut EachRecord) -> Result<ScopeHead, Unavailable> {
        self.read(None, |recent| recent.view(scope), |transaction, view| read::load_hot(transaction, view, scope, each))
    }

    fn get(&self, scope: Scope, keys: &[Key]) -> Result<(CommitNumber, Values), Unavailable> {
        self.read_scope(scope, |transaction, view| read::get(transaction, view, scope, keys))
    }

    fn scan(&self, scope: Scope, scan: &Scan) -> Result<Page, Unavailable> {
        self.read_scope(scope, |transaction, view| read::scan(transaction, view, scope, scan))
    }

    fn commit(&self, batches: &[Batch]) -> Result<(), CommitError> {
        self.sure(lock(&self.writer).commit(self.path(), batches))
    }

    fn delete_scope(&self, scope: Scope, epoch: Epoch, rows_max: usize) -> Result<Deleted, CommitError> {
        self.sure(lock(&self.writer).delete_scope(self.path(), scope, epoch, rows_max))
    }
}

/// A panic while the lock was held has rolled its transaction back, so what it guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_lock(recent: &RwLock<Recent>) -> RwLockReadGuard<'_, Recent> {
    recent.read().unwrap_or_else(PoisonError::into_inner)
}

/// A panic while it was held may leave out what is in the database; the writer's thread is then gone, and with it
/// every later commit.
fn write_lock(recent: &RwLock<Recent>) -> RwLockWriteGuard<'_, Recent> {
    recent.write().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn open_failed(path: &Path, error: rusqlite::Error) -> Unavailable {
    failed("open", path, error)
}

fn report_log_size(connection: &mut Connection, signal: &Arc<checkpoint::Signal>) -> rusqlite::Result<()> {
    let signal = Arc::clone(signal);
    connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
        signal.committed(u64::try_from(pages).unwrap_or(0));
        Ok(())
    }))
}

fn start_checkpointer(
    options: &Options,
    database: &Arc<File>,
    signal: &Arc<checkpoint::Signal>,
) -> Result<JoinHandle<()>, Unavailable> {
    let connection = connection::open_writing(options).map_err(|error| open_failed(&options.path, error))?;
    let signal = Arc::clone(signal);
    let waits = options.synchronous == Synchronous::Full;
    let database = waits.then(|| Arc::clone(database));
    std::thread::Builder::new()
        .name("checkpoint".into())
        .spawn(move || checkpoint::run(&connection, database.as_deref(), &signal))
        .map_err(|error| Unavailable::new("start the checkpoint thread", Reason::Other, error))
}

#[expect(clippy::disallowed_methods, reason = "a limit on I/O is in real time, and decides nothing of the domain")]
fn limit_time(connection: &mut Connection, time_max: Option<Duration>) -> rusqlite::Result<()> {
    let deadline = time_max.map(|time_max| Instant::now() + time_max);
    connection.progress_handler(STEPS_BETWEEN_LOOKS, deadline.map(|deadline| move || Instant::now() >= deadline))
}

#[cfg(test)]
mod tests;
