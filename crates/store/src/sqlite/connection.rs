//! Connections: how they are set up, and what their errors mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Options, Synchronous};
use crate::error::{Reason, Unavailable};

/// The size of a page; ADR 2 has the measurement.
pub(crate) const PAGE_BYTES: u32 = 8192;
/// How long a connection waits for another one's lock. Only a checkpoint's last step or a backup hold one.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How many prepared statements a connection keeps; more than there are different ones.
const STATEMENTS_KEPT: usize = 32;

/// A connection that writes: the writer's and the checkpointer's.
pub(crate) fn open_writing(options: &Options) -> rusqlite::Result<Connection> {
    let connection = Connection::open(&options.path)?;
    prepare(&connection)?;
    // The page size holds for a new database only, and must come before its journal mode.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Off => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // A log that had to grow larger, because a reader held it back, is cut when it begins anew.
    // Cutting the file off takes time, and the log is always a little larger than its bound when it begins anew.
    let wal_bytes_kept = i64::try_from(options.wal_bytes_max.saturating_mul(2)).unwrap_or(i64::MAX);
    connection.pragma_update_and_check(None, "journal_size_limit", wal_bytes_kept, |_| Ok(()))?;
    set_cache(&connection, options.writer_cache_bytes)?;
    if let Some(pages) = options.pages_max {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(connection)
}

/// A connection that only reads a database that is there.
pub(crate) fn open_reading(path: &Path, cache_bytes: usize) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    prepare(&connection)?;
    set_cache(&connection, cache_bytes)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(())
}

fn set_cache(connection: &Connection, bytes: usize) -> rusqlite::Result<()> {
    // A negative size is in KiB.
    connection.pragma_update(None, "cache_size", -((bytes / 1024) as i64))
}

/// What an error means to the person who runs the server.
pub(crate) fn reason(error: &rusqlite::Error) -> Reason {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Reason::DiskFull,
        Some(ErrorCode::SystemIoFailure) => Reason::Io,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Reason::Corrupt,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Reason::ReadOnly,
        Some(ErrorCode::CannotOpen) => Reason::CannotOpen,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Reason::Busy
        }
        Some(ErrorCode::OperationInterrupted) => Reason::TimedOut,
        _ => Reason::Other,
    }
}

/// An error while doing something, such as `commit`, with the database at `path`.
pub(crate) fn failed(doing: &str, path: &Path, error: rusqlite::Error) -> Unavailable {
    Unavailable::new(format!("{doing} {}", path.display()), reason(&error), error)
}
