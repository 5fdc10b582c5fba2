//! What goes wrong in a store, in words for the person who runs it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::batch::{CommitNumber, Epoch, VALUE_BYTES_MAX};
use crate::key::{Key, Scope};

/// The store could not do its work. It may be able to later: the disk may have space again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}: {reason}")]
pub struct Unavailable {
    /// What was being done, such as `commit to /var/lib/callboard/callboard.db`.
    pub doing: String,
    /// Why it failed.
    pub reason: Reason,
    /// What the system or the library said.
    #[source]
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Unavailable {
    /// A failure of this reason, with what the system or the library said.
    pub fn new(doing: impl Into<String>, reason: Reason, source: impl Error + Send + Sync + 'static) -> Self {
        Unavailable { doing: doing.into(), reason, source: Some(Arc::new(source)) }
    }

    /// A failure that the store noticed by itself.
    pub fn without_source(doing: impl Into<String>, reason: Reason) -> Self {
        Unavailable { doing: doing.into(), reason, source: None }
    }
}

/// Why a store could not do its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// There is no space left, or the database has reached its largest size.
    DiskFull,
    /// Reading or writing failed.
    Io,
    /// The database is damaged.
    Corrupt,
    /// The file or its file system does not allow writing.
    ReadOnly,
    /// The database could not be opened.
    CannotOpen,
    /// Another process or connection holds the database.
    Busy,
    /// The read took longer than allowed.
    TimedOut,
    /// The store has been stopped.
    Stopped,
    /// Anything else; the source tells.
    Other,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::DiskFull => "the disk is full; make space, and writing goes on by itself",
            Reason::Io => "the disk failed to read or write; see the system's log",
            Reason::Corrupt => "the database is damaged; stop the server, run `callboard check`, restore a backup",
            Reason::ReadOnly => "the database can not be written; check the owner and the mount of the data directory",
            Reason::CannotOpen => "the database could not be opened; check the owner of the data directory",
            Reason::Busy => "another process holds the database; one server owns a data directory",
            Reason::TimedOut => "the read took longer than allowed; ask for less at a time",
            Reason::Stopped => "the store has been stopped",
            Reason::Other => "the database refused",
        })
    }
}

/// Why a batch may not follow the head of its scope. Nothing was written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Another owner has the scope now.
    #[error("epoch {} is not the owner's epoch {}", given.0, owner.0)]
    WrongEpoch {
        /// The owner's.
        owner: Epoch,
        /// The batch's.
        given: Epoch,
    },
    /// A batch is missing, or this one has been committed.
    #[error("commit {} was given where {} comes next", given.0, expected.0)]
    WrongNumber {
        /// The last one plus one.
        expected: CommitNumber,
        /// The batch's.
        given: CommitNumber,
    },
    /// The scope's now may not go back.
    #[error("time {given_ms} ms is before the last commit's {last_ms} ms")]
    TimeWentBack {
        /// The last commit's.
        last_ms: i64,
        /// The batch's.
        given_ms: i64,
    },
    /// A record is larger than a store holds.
    #[error("record {key} has {bytes} bytes, more than {VALUE_BYTES_MAX}")]
    ValueTooLarge {
        /// Which record.
        key: Key,
        /// Its size.
        bytes: usize,
    },
}

/// Why a commit did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The disk or the database failed. It is unknown whether the batches are durable: all are or none is.
    /// The head of each scope, read again, tells.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A batch was refused; nothing was written, also of the batches that came with it.
    #[error("batch of scope {scope} refused: {refusal}")]
    Refused {
        /// Whose batch.
        scope: Scope,
        /// Why.
        #[source]
        refusal: Refusal,
    },
}
