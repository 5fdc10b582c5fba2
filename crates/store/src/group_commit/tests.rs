use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use expect_test::{Expect, expect};
use uuid::Uuid;

use super::{GroupCommit, Step, WriterBounds};
use crate::faulty::{Fault, FaultyStore};
use crate::memory::MemoryStore;
use crate::{
    Batch, CommitError, CommitNumber, Deleted, EachRecord, Epoch, Key, Kind, Page, Reason, Scan, Scope, ScopeHead,
    Store, Unavailable, Values, Write,
};

fn scope(number: u128) -> Scope {
    Scope(Uuid::from_u128(number))
}

fn batch(scope_number: u128, number: u64, rows: usize) -> Batch {
    let put = |row: usize| Write::Put { key: Key::new(Kind(1), row.to_be_bytes()), value: vec![0; 100] };
    Batch {
        scope: scope(scope_number),
        epoch: Epoch::FIRST,
        number: CommitNumber(number),
        now_ms: 0,
        next_due_ms: None,
        writes: (0..rows).map(put).collect(),
    }
}

/// A store whose commits wait for a word each, and note which scopes they are of.
struct Gated {
    inner: Arc<FaultyStore<MemoryStore>>,
    go: Mutex<Receiver<()>>,
    log: Log,
}

type Log = Arc<Mutex<Vec<String>>>;

impl Store for Gated {
    fn commit(&self, batches: &[Batch]) -> Result<(), CommitError> {
        let _ = self.go.lock().unwrap().recv();
        let scopes: Vec<String> = batches.iter().map(|batch| batch.scope.0.as_u128().to_string()).collect();
        let result = self.inner.commit(batches);
        let outcome = if result.is_ok() { "" } else { " failed" };
        self.log.lock().unwrap().push(format!("commit {}{outcome}", scopes.join(" ")));
        result
    }

    fn heads(&self, after: Option<Scope>, limit: usize) -> Result<Vec<(Scope, ScopeHead)>, Unavailable> {
        self.inner.heads(after, limit)
    }

    fn head(&self, scope: Scope) -> Result<Option<ScopeHead>, Unavailable> {
        self.inner.head(scope)
    }

    fn acquire(&self, scope: Scope) -> Result<ScopeHead, Unavailable> {
        self.inner.acquire(scope)
    }

    fn load_hot(&self, scope: Scope, each: &mut EachRecord) -> Result<ScopeHead, Unavailable> {
        self.inner.load_hot(scope, each)
    }

    fn get(&self, scope: Scope, keys: &[Key]) -> Result<(CommitNumber, Values), Unavailable> {
        self.inner.get(scope, keys)
    }

    fn scan(&self, scope: Scope, scan: &Scan) -> Result<Page, Unavailable> {
        self.inner.scan(scope, scan)
    }

    fn delete_scope(&self, scope: Scope, epoch: Epoch, rows_max: usize) -> Result<Deleted, CommitError> {
        self.inner.delete_scope(scope, epoch, rows_max)
    }
}

/// A writer whose first commit, of scope 0, waits until everything else has been submitted.
struct Writer {
    writer: GroupCommit,
    inner: Arc<FaultyStore<MemoryStore>>,
    log: Log,
    go: Sender<()>,
}

impl Writer {
    fn new(bounds: WriterBounds) -> Self {
        let (go, wait) = channel();
        let (inner, log) = (Arc::new(FaultyStore::new(MemoryStore::new())), Log::default());
        let store = Gated { inner: Arc::clone(&inner), go: Mutex::new(wait), log: Arc::clone(&log) };
        let writer = Writer { writer: GroupCommit::start(Arc::new(store), bounds).unwrap(), inner, log, go };
        writer.submit(batch(0, 1, 0));
        // The writer has taken it once nothing waits any more.
        while writer.writer.statistics().waiting > 0 {
            std::thread::yield_now();
        }
        writer
    }

    fn submit(&self, batch: Batch) {
        let (log, name) = (Arc::clone(&self.log), format!("{} #{}", batch.scope.0.as_u128(), batch.number.0));
        let done = move |result: Result<(), CommitError>| {
            let line = match result {
                Ok(()) => format!("  {name} durable"),
                Err(error) => format!("  {name}: {error}"),
            };
            log.lock().unwrap().push(line);
        };
        self.writer.submit(batch, Box::new(done));
    }

    /// Lets everything run and compares what happened after the first commit.
    fn check(self, expected: &Expect) {
        drop(self.go);
        self.writer.stop();
        let log = self.log.lock().unwrap();
        assert_eq!(log[..2], ["commit 0", "  0 #1 durable"]);
        expected.assert_eq(&log[2..].iter().map(|line| format!("{line}\n")).collect::<String>());
    }
}

#[test]
fn what_waits_is_committed_together_in_order_of_arrival() {
    let writer = Writer::new(WriterBounds::default());
    [3, 1, 2].iter().for_each(|scope| writer.submit(batch(*scope, 1, 1)));
    writer.check(&expect![[r#"
        commit 3 1 2
          3 #1 durable
          1 #1 durable
          2 #1 durable
    "#]]);
}

#[test]
fn a_group_ends_at_its_bounds() {
    let writer = Writer::new(WriterBounds { batches_max: 3, rows_max: 10, bytes_max: 1_000 });
    for (scope, rows) in [(1, 6), (2, 6), (3, 1), (4, 1), (5, 0), (6, 9), (7, 1), (8, 30), (9, 1)] {
        writer.submit(batch(scope, 1, rows));
    }
    writer.check(&expect![[r#"
        commit 1
          1 #1 durable
        commit 2 3 4
          2 #1 durable
          3 #1 durable
          4 #1 durable
        commit 5 6
          5 #1 durable
          6 #1 durable
        commit 7
          7 #1 durable
        commit 8
          8 #1 durable
        commit 9
          9 #1 durable
    "#]]);
}

#[test]
fn two_batches_of_a_scope_are_not_in_one_group() {
    let writer = Writer::new(WriterBounds::default());
    for (scope, number) in [(1, 1), (2, 1), (1, 2), (3, 1)] {
        writer.submit(batch(scope, number, 1));
    }
    writer.check(&expect![[r#"
        commit 1 2
          1 #1 durable
          2 #1 durable
        commit 1 3
          1 #2 durable
          3 #1 durable
    "#]]);
}

#[test]
fn only_the_batch_that_is_refused_reports_it() {
    let writer = Writer::new(WriterBounds::default());
    for (scope, number) in [(1, 1), (2, 7), (3, 1)] {
        writer.submit(batch(scope, number, 1));
    }
    writer.check(&expect![[r#"
        commit 1 2 3 failed
        commit 1
        commit 2 failed
        commit 3
          1 #1 durable
          2 #7: batch of scope 00000000-0000-0000-0000-000000000002 refused: commit 7 was given where 1 comes next
          3 #1 durable
    "#]]);
}

#[test]
fn a_failing_disk_fails_the_group_once() {
    let writer = Writer::new(WriterBounds::default());
    writer.inner.fail_commit(2, Fault::Before(Reason::DiskFull));
    writer.inner.fail_commit(3, Fault::After(Reason::Io));
    for (scope, number) in [(1, 1), (2, 1), (3, 1), (2, 1)] {
        writer.submit(batch(scope, number, 1));
    }
    writer.check(&expect![[r#"
        commit 1 2 3 failed
          1 #1: commit (injected): the disk is full; make space, and writing goes on by itself
          2 #1: commit (injected): the disk is full; make space, and writing goes on by itself
          3 #1: commit (injected): the disk is full; make space, and writing goes on by itself
        commit 2 failed
          2 #1: commit (injected): the disk failed to read or write; see the system's log
    "#]]);
}

#[test]
fn jobs_run_a_step_between_commits() {
    let writer = Writer::new(WriterBounds { batches_max: 1, ..WriterBounds::default() });
    for name in ["job a", "job b"] {
        let log = Arc::clone(&writer.log);
        let mut steps = 0;
        let job = move |store: &dyn Store| {
            steps += 1;
            assert!(store.head(scope(0)).unwrap().is_some());
            log.lock().unwrap().push(format!("{name} step {steps}"));
            if steps == 2 { Step::Over } else { Step::Again }
        };
        writer.writer.run_between(Box::new(job)).unwrap();
    }
    [1, 2, 3, 4].iter().for_each(|scope| writer.submit(batch(*scope, 1, 1)));
    writer.check(&expect![[r#"
        commit 1
          1 #1 durable
        job a step 1
        commit 2
          2 #1 durable
        job b step 1
        commit 3
          3 #1 durable
        job a step 2
        commit 4
          4 #1 durable
        job b step 2
    "#]]);
}

#[test]
fn after_stopping_everything_is_refused() {
    let writer = GroupCommit::start(Arc::new(MemoryStore::new()), WriterBounds::default()).unwrap();
    let (tell, told) = channel();
    let submit = |batch| {
        let tell = tell.clone();
        writer.submit(batch, Box::new(move |result| tell.send(result).unwrap()));
    };
    submit(batch(1, 1, 3));
    writer.stop();
    submit(batch(1, 2, 3));
    assert!(told.recv().unwrap().is_ok());
    let stopped = |error: &Unavailable| error.reason == Reason::Stopped;
    assert!(matches!(told.recv().unwrap(), Err(CommitError::Unavailable(error)) if stopped(&error)));
    assert!(matches!(writer.run_between(Box::new(|_| Step::Over)), Err(error) if stopped(&error)));

    let statistics = writer.statistics();
    assert_eq!((statistics.rows, statistics.bytes, statistics.failures), (3, 3 * 108, 0));
    assert_eq!((statistics.batches.count(), statistics.duration_us.count()), (1, 1));
}
