//! Durable records: opaque values under (scope, kind, id), written in numbered batches, read in snapshots.
//!
//! The store knows bytes and no domain: what a kind means and how a value is encoded is the service's affair. Nothing
//! above this crate knows SQL, files or sockets of a database.
//!
//! Begin with [`Store`], the interface; [`memory::MemoryStore`] says in a few lines what it means, [`sqlite::SqliteStore`]
//! makes it durable, `conformance` holds both to it. [`GroupCommit`] is the one writer of a database, [`Readers`] the
//! threads that read it, [`DataDir`] the directory that one process owns.
//!
//! Invariants: a scope's commits are numbered without a gap; every read tells the number it is as of, read in the same
//! snapshot; a commit is durable when it returns; several batches in one commit are durable together or not at all.

pub mod backup;
mod batch;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod data_dir;
mod error;
pub mod faulty;
mod group_commit;
mod histogram;
mod key;
pub mod memory;
mod readers;
pub mod sqlite;

pub use batch::{Batch, CommitNumber, Epoch, ScopeHead, VALUE_BYTES_MAX, Write};
pub use data_dir::{DataDir, DataDirError, DataPaths, Holder};
pub use error::{CommitError, Reason, Refusal, Unavailable};
pub use group_commit::{Done, GroupCommit, Job, Step, WriterBounds, WriterStatistics};
pub use histogram::Histogram;
pub use key::{KEY_ID_MAX, Key, KeyId, Kind, Scope};
pub use readers::{Read, ReadRefused, ReaderBounds, Readers};

/// Takes the kind, id and value of one record after the other.
pub type EachRecord<'a> = dyn FnMut(Kind, &[u8], &[u8]) + 'a;

/// The values of the keys that were asked for, in their order; `None` where there is no record.
pub type Values = Vec<Option<Vec<u8>>>;

/// A place where records are durable. All functions block; the threads live around it.
pub trait Store: Send + Sync {
    /// The heads of the scopes after `after`, in their order, at most `limit`. Less than `limit` means the end.
    fn heads(&self, after: Option<Scope>, limit: usize) -> Result<Vec<(Scope, ScopeHead)>, Unavailable>;

    /// The head of a scope; `None` when nothing was ever committed to it.
    fn head(&self, scope: Scope) -> Result<Option<ScopeHead>, Unavailable>;

    /// Becomes the owner of a scope and returns its head, with the epoch to write in. A scope need not exist before:
    /// its head is then [`ScopeHead::NEW`], and commit 1 makes it.
    fn acquire(&self, scope: Scope) -> Result<ScopeHead, Unavailable>;

    /// Hands every hot record (kind, id, value) of a scope to `each`, in no particular order, from one snapshot, and
    /// returns the head as of that snapshot. Not limited in time: the start of a large scope takes what it takes.
    fn load_hot(&self, scope: Scope, each: &mut EachRecord) -> Result<ScopeHead, Unavailable>;

    /// The values of these keys, in their order, from one snapshot, with the number it is as of.
    fn get(&self, scope: Scope, keys: &[Key]) -> Result<(CommitNumber, Values), Unavailable>;

    /// The records of a kind in a range of ids, in either direction, within limits, from one snapshot.
    fn scan(&self, scope: Scope, scan: &Scan) -> Result<Page, Unavailable>;

    /// Writes batches of different scopes in one transaction; durable when it returns. Refuses a batch that does not
    /// follow the head of its scope, and then writes none of them.
    fn commit(&self, batches: &[Batch]) -> Result<(), CommitError>;

    /// Deletes at most `rows_max` records of a scope, and the head with the last of them. Called again until it
    /// returns [`Deleted::All`]; a scope that is not there is deleted.
    fn delete_scope(&self, scope: Scope, epoch: Epoch, rows_max: usize) -> Result<Deleted, CommitError>;
}

/// How far the deletion of a scope has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deleted {
    /// There may be more to delete.
    Some,
    /// Nothing is left of the scope.
    All,
}

/// In which order a scan returns records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From the smallest id up.
    Ascending,
    /// From the largest id down.
    Descending,
}

/// Which records to read: those of a kind with `from <= id < to`, from one end, within limits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// Of which kind.
    pub kind: Kind,
    /// The smallest id; empty for no limit.
    pub from: Vec<u8>,
    /// The id that all are smaller than; `None` for no limit.
    pub to: Option<Vec<u8>>,
    /// From which end.
    pub direction: Direction,
    /// How many records at most.
    pub rows_max: usize,
    /// How many bytes of ids and values at most; the first record is returned whatever its size.
    pub bytes_max: usize,
}

impl Scan {
    /// All records of a kind from the smallest id up, within limits.
    pub fn all(kind: Kind, rows_max: usize, bytes_max: usize) -> Self {
        Scan { kind, from: Vec::new(), to: None, direction: Direction::Ascending, rows_max, bytes_max }
    }

    /// All records of a kind whose id starts with `prefix`, from the smallest id up, within limits.
    pub fn prefix(kind: Kind, prefix: &[u8], rows_max: usize, bytes_max: usize) -> Self {
        let mut end = prefix.to_vec();
        while end.pop_if(|byte| *byte == u8::MAX).is_some() {}
        let to = end.last().is_some().then(|| {
            if let Some(last) = end.last_mut() {
                *last += 1;
            }
            end
        });
        Scan { from: prefix.to_vec(), to, ..Scan::all(kind, rows_max, bytes_max) }
    }

    /// From the largest id down.
    #[must_use]
    pub fn descending(self) -> Self {
        Scan { direction: Direction::Descending, ..self }
    }

    /// The scan that goes on after a record with this id.
    #[must_use]
    pub fn after(self, id: &[u8]) -> Self {
        match self.direction {
            Direction::Ascending => Scan { from: [id, &[0]].concat(), ..self },
            Direction::Descending => Scan { to: Some(id.to_vec()), ..self },
        }
    }
}

/// What a scan found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The commit that it is as of.
    pub as_of: CommitNumber,
    /// The records, in the direction of the scan.
    pub rows: Vec<Row>,
    /// Whether a limit ended it and there is at least one more record.
    pub more: bool,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// What it is found by.
    pub key: Key,
    /// Its bytes.
    pub value: Vec<u8>,
}
