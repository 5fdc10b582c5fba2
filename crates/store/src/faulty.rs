//! A store that fails when it is told to, around one that works: for tests and the simulator.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::batch::{Batch, CommitNumber, Epoch, ScopeHead};
use crate::error::{CommitError, Reason, Unavailable};
use crate::key::{Key, Scope};
use crate::{Deleted, EachRecord, Page, Scan, Store, Values};

/// How a commit fails. The caller is told the same in both cases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing became durable.
    Before(Reason),
    /// Everything became durable.
    After(Reason),
}

/// A store that fails when it is told to.
pub struct FaultyStore<S> {
    inner: S,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    /// How many commits were asked for.
    commits: u64,
    /// How many reads were asked for.
    reads: u64,
    commit_faults: BTreeMap<u64, Fault>,
    read_faults: BTreeMap<u64, Reason>,
    writes_fail: Option<Reason>,
}

impl<S: Store> FaultyStore<S> {
    /// A store that works until told otherwise.
    pub fn new(inner: S) -> Self {
        FaultyStore { inner, plan: Mutex::default() }
    }

    /// The commit that is asked for as the `nth` from now fails; 1 is the next.
    pub fn fail_commit(&self, nth: u64, fault: Fault) {
        let mut plan = self.plan();
        let number = plan.commits + nth;
        plan.commit_faults.insert(number, fault);
    }

    /// The read that is asked for as the `nth` from now fails; 1 is the next.
    pub fn fail_read(&self, nth: u64, reason: Reason) {
        let mut plan = self.plan();
        let number = plan.reads + nth;
        plan.read_faults.insert(number, reason);
    }

    /// From now on every commit fails and changes nothing, as on a full disk; `None` ends that. Reads go on.
    pub fn fail_writes(&self, reason: Option<Reason>) {
        self.plan().writes_fail = reason;
    }

    /// How many commits were asked for, failed ones included.
    pub fn commits(&self) -> u64 {
        self.plan().commits
    }

    /// The store that works.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, write: impl FnOnce() -> Result<T, CommitError>) -> Result<T, CommitError> {
        let fault = {
            let mut plan = self.plan();
            plan.commits += 1;
            let number = plan.commits;
            plan.commit_faults.remove(&number).or(plan.writes_fail.map(Fault::Before))
        };
        match fault {
            None => write(),
            Some(Fault::Before(reason)) => Err(injected("commit", reason).into()),
            Some(Fault::After(reason)) => {
                write()?;
                Err(injected("commit", reason).into())
            }
        }
    }

    fn read<T>(&self, read: impl FnOnce() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
        let fault = {
            let mut plan = self.plan();
            plan.reads += 1;
            let number = plan.reads;
            plan.read_faults.remove(&number)
        };
        fault.map_or_else(read, |reason| Err(injected("read", reason)))
    }
}

fn injected(doing: &str, reason: Reason) -> Unavailable {
    Unavailable::without_source(format!("{doing} (injected)"), reason)
}

impl<S: Store> Store for FaultyStore<S> {
    fn heads(&self, after: Option<Scope>, limit: usize) -> Result<Vec<(Scope, ScopeHead)>, Unavailable> {
        self.read(|| self.inner.heads(after, limit))
    }

    fn head(&self, scope: Scope) -> Result<Option<ScopeHead>, Unavailable> {
        self.read(|| self.inner.head(scope))
    }

    fn acquire(&self, scope: Scope) -> Result<ScopeHead, Unavailable> {
        self.read(|| self.inner.acquire(scope))
    }

    fn load_hot(&self, scope: Scope, each: &mut EachRecord) -> Result<ScopeHead, Unavailable> {
        self.read(|| self.inner.load_hot(scope, each))
    }

    fn get(&self, scope: Scope, keys: &[Key]) -> Result<(CommitNumber, Values), Unavailable> {
        self.read(|| self.inner.get(scope, keys))
    }

    fn scan(&self, scope: Scope, scan: &Scan) -> Result<Page, Unavailable> {
        self.read(|| self.inner.scan(scope, scan))
    }

    fn commit(&self, batches: &[Batch]) -> Result<(), CommitError> {
        self.write(|| self.inner.commit(batches))
    }

    fn delete_scope(&self, scope: Scope, epoch: Epoch, rows_max: usize) -> Result<Deleted, CommitError> {
        self.write(|| self.inner.delete_scope(scope, epoch, rows_max))
    }
}
