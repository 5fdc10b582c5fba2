//! What is written: batches of record changes, and the head that each of them moves.

use crate::key::{Key, KeyId, Kind, Scope};

/// The largest value of one record, in bytes. Larger things belong into the attachments directory.
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// Who may write a scope: it grows with every change of owner. SQLite has one owner, so one epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch of a scope's first owner.
    pub const FIRST: Epoch = Epoch(1);
}

/// The number of a scope's commit: 1 for the first, without a gap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CommitNumber(pub u64);

impl CommitNumber {
    /// Before the first commit.
    pub const ZERO: CommitNumber = CommitNumber(0);

    /// The number of the commit after this one.
    #[must_use]
    pub const fn next(self) -> CommitNumber {
        CommitNumber(self.0 + 1)
    }
}

/// Where a scope stands: what its last commit left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScopeHead {
    /// The owner's epoch.
    pub epoch: Epoch,
    /// The last commit.
    pub number: CommitNumber,
    /// The scope's now at the last commit, in milliseconds of the Unix epoch. It never goes back.
    pub now_ms: i64,
    /// When the scope's first timer is due, in milliseconds of the Unix epoch.
    pub next_due_ms: Option<i64>,
}

impl ScopeHead {
    /// The head of a scope that nothing was ever committed to.
    pub const NEW: ScopeHead =
        ScopeHead { epoch: Epoch::FIRST, number: CommitNumber::ZERO, now_ms: 0, next_due_ms: None };
}

/// One change of a record. The changes of a batch are applied in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Write {
    /// Makes or replaces the record.
    Put {
        /// Which record.
        key: Key,
        /// All of its bytes, at most [`VALUE_BYTES_MAX`].
        value: Vec<u8>,
    },
    /// Deletes the record, if it is there.
    Delete {
        /// Which record.
        key: Key,
    },
    /// Deletes the records of a kind with `from <= id < to`. For retention; the caller bounds how many those are.
    DeleteRange {
        /// Of which kind.
        kind: Kind,
        /// The first id to delete.
        from: KeyId,
        /// The first id to keep.
        to: KeyId,
    },
}

impl Write {
    /// How many bytes of key and value it brings.
    pub fn bytes(&self) -> usize {
        match self {
            Write::Put { key, value } => key.id.len() + value.len(),
            Write::Delete { key } => key.id.len(),
            Write::DeleteRange { from, to, .. } => from.len() + to.len(),
        }
    }
}

/// The changes of one scope that become durable together. One without writes is a probe: it moves the head alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Whose records change.
    pub scope: Scope,
    /// The epoch in which the writer owns the scope.
    pub epoch: Epoch,
    /// The number of the scope's last commit plus one.
    pub number: CommitNumber,
    /// The scope's now, in milliseconds of the Unix epoch.
    pub now_ms: i64,
    /// When the scope's first timer is due after this batch, in milliseconds of the Unix epoch.
    pub next_due_ms: Option<i64>,
    /// The changes, in order.
    pub writes: Vec<Write>,
}

impl Batch {
    /// The head that the scope has once this batch is durable.
    pub fn head(&self) -> ScopeHead {
        ScopeHead { epoch: self.epoch, number: self.number, now_ms: self.now_ms, next_due_ms: self.next_due_ms }
    }

    /// How many bytes of keys and values it brings.
    pub fn bytes(&self) -> usize {
        self.writes.iter().map(Write::bytes).sum()
    }

    /// Why it can not follow this head, if it can not. Every store asks this within the transaction that writes.
    pub fn check(&self, head: &ScopeHead) -> Result<(), crate::Refusal> {
        use crate::Refusal;
        if self.epoch != head.epoch {
            return Err(Refusal::WrongEpoch { owner: head.epoch, given: self.epoch });
        }
        if self.number != head.number.next() {
            return Err(Refusal::WrongNumber { expected: head.number.next(), given: self.number });
        }
        if self.now_ms < head.now_ms {
            return Err(Refusal::TimeWentBack { last_ms: head.now_ms, given_ms: self.now_ms });
        }
        self.check_values()
    }

    /// Why its records can not be stored, if they can not.
    pub(crate) fn check_values(&self) -> Result<(), crate::Refusal> {
        for write in &self.writes {
            if let Write::Put { key, value } = write
                && value.len() > VALUE_BYTES_MAX
            {
                return Err(crate::Refusal::ValueTooLarge { key: key.clone(), bytes: value.len() });
            }
        }
        Ok(())
    }
}
