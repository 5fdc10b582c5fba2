use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use expect_test::expect;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::{Options, SqliteStore, Synchronous, verify};
use crate::conformance::{Subject, exercise};
use crate::memory::MemoryStore;
use crate::sqlite::write::GENERATION_BYTES;
use crate::{Batch, CommitError, CommitNumber, Deleted, Epoch, Key, Kind, Reason, Scan, Scope, Store, Write};

/// A store in a directory of its own.
struct Temporary {
    _directory: TempDir,
    options: Options,
    store: Option<SqliteStore>,
}

impl Temporary {
    fn new() -> Self {
        Self::with(Synchronous::Full)
    }

    fn with(synchronous: Synchronous) -> Self {
        Self::folding(synchronous, GENERATION_BYTES)
    }

    /// One that folds its commits when so many bytes have gathered.
    fn folding(synchronous: Synchronous, generation_bytes: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options { synchronous, generation_bytes, ..Options::new(directory.path().join("test.db")) };
        let store = Some(SqliteStore::open(options.clone()).unwrap());
        Temporary { _directory: directory, options, store }
    }
}

impl Subject for Temporary {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(SqliteStore::open(self.options.clone()).unwrap());
    }
}

#[test]
fn conforms() {
    for generation_bytes in [0, 1, 100, GENERATION_BYTES] {
        exercise(|| Temporary::folding(Synchronous::Full, generation_bytes));
    }
}

const HOT: Kind = Kind(1);
const COLD: Kind = Kind(0x80);

fn scope(number: u128) -> Scope {
    Scope(Uuid::from_u128(number))
}

fn batch(scope: Scope, number: u64, writes: Vec<Write>) -> Batch {
    let number = CommitNumber(number);
    Batch { scope, epoch: Epoch::FIRST, number, now_ms: 0, next_due_ms: None, writes }
}

fn put(kind: Kind, id: &[u8], bytes: usize) -> Write {
    Write::Put { key: Key::new(kind, id), value: vec![7; bytes] }
}

fn unavailable(result: Result<(), CommitError>) -> Reason {
    match result.unwrap_err() {
        CommitError::Unavailable(unavailable) => unavailable.reason,
        CommitError::Refused { refusal, .. } => panic!("{refusal}"),
    }
}

#[test]
fn on_a_full_disk_reads_are_served_and_writing_goes_on_when_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { pages_max: Some(40), ..Options::new(directory.path().join("test.db")) };
    let store = SqliteStore::open(options).unwrap();
    let mut number = 0;
    let full = loop {
        match store.commit(&[batch(scope(1), number + 1, vec![put(HOT, &number.to_be_bytes(), 20_000)])]) {
            Ok(()) => number += 1,
            error => break error,
        }
    };
    assert_eq!(unavailable(full), Reason::DiskFull);
    assert!(number > 2, "it was full after {number} commits");
    let values = Scan::all(HOT, 1_000, usize::MAX);
    assert_eq!(store.head(scope(1)).unwrap().unwrap().number, CommitNumber(number));
    assert_eq!(store.scan(scope(1), &values).unwrap().rows.len() as u64, number);
    let again = store.commit(&[batch(scope(1), number + 1, vec![put(HOT, b"more", 20_000)])]);
    assert_eq!(unavailable(again), Reason::DiskFull);

    store.set_pages_max(1_000).unwrap();
    store.commit(&[batch(scope(1), number + 1, vec![put(HOT, b"more", 20_000)])]).unwrap();
    assert_eq!(store.scan(scope(1), &values).unwrap().rows.len() as u64, number + 1);
}

#[test]
fn a_read_that_takes_too_long_is_ended_and_loading_is_not() {
    let temporary = Temporary::new();
    let writes = (0..5_000_u64).map(|id| put(HOT, &id.to_be_bytes(), 10)).collect();
    temporary.store().commit(&[batch(scope(1), 1, writes)]).unwrap();
    // What is still in memory takes no time that could be limited.
    temporary.store.as_ref().unwrap().settle().unwrap();
    let options = Options { read_time_max: Duration::ZERO, ..temporary.options.clone() };
    let hurried = SqliteStore::open(options).unwrap();
    let error = hurried.scan(scope(1), &Scan::all(HOT, 5_000, usize::MAX)).unwrap_err();
    assert_eq!(error.reason, Reason::TimedOut);
    let mut rows = 0;
    hurried.load_hot(scope(1), &mut |_, _, _| rows += 1).unwrap();
    assert_eq!(rows, 5_000);
}

#[test]
fn readers_see_whole_commits_while_they_are_written() {
    let temporary = Temporary::with(Synchronous::Off);
    let store = temporary.store();
    let value = |number: u64| number.to_be_bytes().to_vec();
    let ended = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for number in 1..=300_u64 {
                let writes = [HOT, COLD].map(|kind| Write::Put { key: Key::new(kind, *b"a"), value: value(number) });
                store.commit(&[batch(scope(1), number, writes.to_vec())]).unwrap();
            }
            ended.store(true, Ordering::Relaxed);
        });
        let mut last = CommitNumber::ZERO;
        while !ended.load(Ordering::Relaxed) {
            let (as_of, values) = store.get(scope(1), &[Key::new(HOT, *b"a"), Key::new(COLD, *b"a")]).unwrap();
            let expected = (as_of > CommitNumber::ZERO).then(|| value(as_of.0));
            assert_eq!(values, [expected.clone(), expected]);
            assert!(as_of >= last);
            last = as_of;
            let mut loaded = None;
            let head = store.load_hot(scope(1), &mut |_, _, value| loaded = Some(value.to_vec())).unwrap();
            assert_eq!(loaded, (head.number > CommitNumber::ZERO).then(|| value(head.number.0)));
        }
    });
}

#[test]
fn a_large_scope_is_loaded_whole_and_alone() {
    let temporary = Temporary::with(Synchronous::Off);
    let sizes = [(1, 12_000), (2, 100), (3, 0)];
    let write = |size: u64| (0..size).map(|id| put(HOT, &id.to_be_bytes(), id as usize % 7)).collect();
    let batches = sizes.map(|(number, size)| batch(scope(number), 1, write(size)));
    temporary.store().commit(&batches).unwrap();
    for (number, size) in sizes {
        let mut ids = Vec::new();
        let each = &mut |kind, id: &[u8], value: &[u8]| {
            let id = u64::from_be_bytes(id.try_into().unwrap());
            assert_eq!((kind, value.len() as u64), (HOT, id % 7));
            ids.push(id);
        };
        temporary.store().load_hot(scope(number), each).unwrap();
        ids.sort_unstable();
        assert_eq!(ids, (0..size).collect::<Vec<_>>());
    }
}

#[test]
fn a_newer_or_a_foreign_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    drop(SqliteStore::open(Options::new(&path)).unwrap());
    let alter = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let refused = |path: &Path| match SqliteStore::open(Options::new(path)) {
        Err(error) => error.to_string().replace(&directory.path().display().to_string(), "DIR"),
        Ok(_) => "opened".to_owned(),
    };
    alter("PRAGMA user_version = 7");
    let newer = refused(&path);
    alter("PRAGMA user_version = 1; PRAGMA application_id = 5");
    let foreign = refused(&path);
    let text = directory.path().join("text.db");
    std::fs::write(&text, "this is a text, and longer than the header of a database: ".repeat(20)).unwrap();
    let garbage = refused(&text);
    let missing = refused(&directory.path().join("no such directory").join("test.db"));
    expect![[r#"
        DIR/test.db has schema version 7, written by a newer callboard; this one knows versions up to 2: run the newer one, or restore a backup made by this one
        DIR/test.db is a database of another program; choose another data directory
        open DIR/text.db: the database is damaged; stop the server, run `callboard check`, restore a backup
        open DIR/no such directory/test.db: the database could not be opened; check the owner of the data directory
    "#]]
    .assert_eq(&[newer, foreign, garbage, missing].map(|line| format!("{line}\n")).concat());
}

#[test]
fn the_log_stays_within_its_bound() {
    let directory = tempfile::tempdir().unwrap();
    let wal_bytes_max = 1 << 20;
    let options =
        Options { wal_bytes_max, synchronous: Synchronous::Off, ..Options::new(directory.path().join("a.db")) };
    let store = SqliteStore::open(options).unwrap();
    let mut larger = false;
    for number in 1..100_000 {
        store.commit(&[batch(scope(1), number, vec![put(HOT, b"a", 100_000)])]).unwrap();
        let bytes = store.wal_statistics().bytes;
        if larger && bytes <= wal_bytes_max {
            return;
        }
        larger |= bytes > wal_bytes_max;
    }
    panic!("{:?}", store.wal_statistics());
}

#[test]
fn a_check_finds_what_should_not_be() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = SqliteStore::open(Options::new(&path)).unwrap();
    store.commit(&[batch(scope(1), 1, vec![put(HOT, b"a", 1), put(COLD, b"b", 1)])]).unwrap();
    store.commit(&[batch(Scope::SYSTEM, 1, vec![put(HOT, b"c", 1)])]).unwrap();
    assert_eq!(verify(&path).unwrap(), []);
    store.settle().unwrap();
    drop(store);
    assert_eq!(verify(&path).unwrap(), []);
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "INSERT INTO hot (scope, kind, id, value) VALUES (99, 1, x'01', x''), (1, 200, x'02', x'');
             INSERT INTO cold (scope, kind, id, value) VALUES (1, 3, x'03', x''), (1, 130, zeroblob(129), x'');
             UPDATE scope SET commit_number = 0 WHERE number = 2;
             INSERT INTO scope (uuid, epoch, commit_number, now_ms) VALUES (x'0102', 1, 1, 0);
             INSERT INTO recent (batches) VALUES (x'820102');",
        )
        .unwrap();
    let problems = verify(&path).unwrap();
    expect![[r#"
        scope row 3: its id is not a UUID
        scope 00000000000000000000000000000001: epoch 1 and commit number 0 are not both positive
        hot record 1:01 of scope row 99: there is no such scope
        hot record 200:02 of scope row 1: the kind belongs into the other table
        cold record 3:03 of scope row 1: the kind belongs into the other table
        cold record 130:000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 of scope row 1: the id is longer than 128 bytes
        recent commit 1: it cannot be read: decode error: its checksum does not fit
    "#]]
    .assert_eq(&problems.iter().map(|problem| format!("{problem}\n")).collect::<String>());
}

#[test]
fn a_deleted_scope_does_not_come_back() {
    // With a generation of one commit everything is folded at once, and its rows are deleted some commits later.
    let mut temporary = Temporary::folding(Synchronous::Off, 0);
    for number in 1..=50 {
        temporary.store().commit(&[batch(scope(1), number, vec![put(HOT, &number.to_be_bytes(), 10)])]).unwrap();
    }
    temporary.store().commit(&[batch(scope(2), 1, vec![put(HOT, b"a", 10)])]).unwrap();
    while temporary.store().delete_scope(scope(1), Epoch::FIRST, 20).unwrap() == Deleted::Some {}
    assert_eq!(temporary.store().head(scope(1)).unwrap(), None);
    temporary.reopen();
    assert_eq!(temporary.store().head(scope(1)).unwrap(), None);
    assert_eq!(temporary.store().head(scope(2)).unwrap().unwrap().number, CommitNumber(1));
    assert_eq!(temporary.store().scan(scope(2), &Scan::all(HOT, 10, usize::MAX)).unwrap().rows.len(), 1);
}

/// One of a few scopes, keys and values, so that they meet often.
fn any_batch() -> impl Strategy<Value = (u128, i64, Vec<Write>)> {
    let kind = prop_oneof![Just(HOT), Just(Kind(2)), Just(COLD), Just(Kind(0x81))];
    let id = proptest::collection::vec(0..3_u8, 0..4);
    let key = (kind.clone(), id.clone()).prop_map(|(kind, id)| Key::new(kind, id));
    let write = prop_oneof![
        6 => (key.clone(), proptest::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(key, value)| Write::Put { key, value }),
        2 => key.prop_map(|key| Write::Delete { key }),
        1 => (kind, id.clone(), id)
            .prop_map(|(kind, from, to)| Write::DeleteRange { kind, from: from.into(), to: to.into() }),
    ];
    (0..3_u128, 0..3_i64, proptest::collection::vec(write, 0..12))
}

/// Everything there is to see of a scope.
fn everything(store: &dyn Store, scope: Scope) -> String {
    let mut hot = Vec::new();
    store.load_hot(scope, &mut |kind, id, value| hot.push((kind, id.to_vec(), value.to_vec()))).unwrap();
    hot.sort();
    let scans = [HOT, Kind(2), COLD, Kind(0x81)].map(|kind| {
        let all = Scan::all(kind, 1_000, usize::MAX);
        let some = Scan { from: vec![0, 1], to: Some(vec![1, 2]), rows_max: 5, bytes_max: 60, ..all.clone() };
        [all, some.clone(), some.descending()].map(|scan| store.scan(scope, &scan).unwrap())
    });
    format!("{:?} {hot:?} {scans:?}", store.head(scope).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_memory_does(
        batches in proptest::collection::vec((any_batch(), 0..10_u8), 1..20),
        generation_bytes in prop_oneof![Just(0), 1..300_usize, Just(GENERATION_BYTES)],
    ) {
        let memory = MemoryStore::new();
        let mut sqlite = Temporary::folding(Synchronous::Off, generation_bytes);
        for ((number, later_ms, writes), between) in batches {
            match between {
                0 => sqlite.reopen(),
                1 => sqlite.store.as_ref().unwrap().settle().unwrap(),
                2 => {
                    let (scope, epoch) = (scope(number), Epoch::FIRST);
                    let outcome = |store: &dyn Store| store.delete_scope(scope, epoch, 3).map_err(|error| error.to_string());
                    let deleted = outcome(&memory);
                    prop_assert_eq!(&deleted, &outcome(sqlite.store()));
                    // Half deleted they may differ in what is left.
                    if deleted == Ok(crate::Deleted::Some) {
                        while outcome(&memory) == Ok(crate::Deleted::Some) {}
                        while outcome(sqlite.store()) == Ok(crate::Deleted::Some) {}
                    }
                }
                _ => {}
            }
            let scope = scope(number);
            let head = memory.acquire(scope).unwrap();
            // Every now and then a time that goes back: both refuse it.
            let now_ms = head.now_ms + later_ms - i64::from(later_ms == 2) * 3;
            let next_due_ms = (later_ms > 0).then_some(later_ms);
            let number = head.number.next();
            let batch = Batch { scope, epoch: head.epoch, number, now_ms, next_due_ms, writes };
            let outcome = |result: Result<(), CommitError>| result.map_err(|error| error.to_string());
            let batches = std::slice::from_ref(&batch);
            prop_assert_eq!(outcome(memory.commit(batches)), outcome(sqlite.store().commit(batches)));
            prop_assert_eq!(everything(&memory, scope), everything(sqlite.store(), scope));
        }
    }
}
