use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use uuid::Uuid;

use super::{BackupError, Manifest, Progress, backup, restore};
use crate::sqlite::{Options, SqliteStore, verify};
use crate::{Batch, CommitNumber, DataDir, DataPaths, Epoch, Holder, Key, Kind, Scan, Scope, Store, Write};

const TASK: Kind = Kind(1);
const EVENT: Kind = Kind(0x81);
const SCOPES: u128 = 2;

fn take(root: &Path) -> DataDir {
    let holder = Holder { command: "test".into(), listen: None, started: "now".into() };
    DataDir::take(root, &holder).unwrap()
}

/// Commit n of every scope puts one task, one event and moves a counter, so a copy shows whether it is of one moment.
fn commit(store: &SqliteStore, number: u64) {
    let put = |kind, id: &[u8], value: Vec<u8>| Write::Put { key: Key::new(kind, id), value };
    let batches: Vec<Batch> = (1..=SCOPES)
        .map(|scope| Batch {
            scope: Scope(Uuid::from_u128(scope)),
            epoch: Epoch::FIRST,
            number: CommitNumber(number),
            now_ms: number as i64,
            next_due_ms: None,
            writes: vec![
                put(TASK, b"counter", number.to_be_bytes().to_vec()),
                put(TASK, &number.to_be_bytes(), vec![7; 900]),
                put(EVENT, &number.to_be_bytes(), vec![8; 300]),
            ],
        })
        .collect();
    store.commit(&batches).unwrap();
}

/// The number of the last commit, after checking that all of each scope is as of it.
fn check_moment(store: &SqliteStore) -> u64 {
    let heads = store.heads(None, 10).unwrap();
    assert_eq!(heads.len(), SCOPES as usize);
    let number = heads[0].1.number;
    for (scope, head) in heads {
        assert_eq!(head.number, number);
        let tasks = store.scan(scope, &Scan::all(TASK, usize::MAX, usize::MAX)).unwrap().rows;
        let events = store.scan(scope, &Scan::all(EVENT, usize::MAX, usize::MAX)).unwrap().rows;
        assert_eq!((tasks.len() as u64, events.len() as u64), (number.0 + 1, number.0));
        assert_eq!(tasks.last().unwrap().value, number.0.to_be_bytes());
    }
    number.0
}

fn open(paths: &DataPaths) -> SqliteStore {
    SqliteStore::open(Options::new(paths.database())).unwrap()
}

fn attach(paths: &DataPaths, name: &str, content: &str) {
    let path = paths.attachments().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

struct Made {
    directory: TempDir,
    source: DataDir,
}

fn made(commits: u64) -> Made {
    let directory = tempfile::tempdir().unwrap();
    let source = take(&directory.path().join("source"));
    let store = open(source.paths());
    (1..=commits).for_each(|number| commit(&store, number));
    attach(source.paths(), "one.txt", "first");
    attach(source.paths(), "ab/two.txt", "second");
    attach(source.paths(), ".unfinished", "not yet");
    Made { directory, source }
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_backup_of_a_running_database_is_of_one_moment_and_comes_back() {
    let made = made(200);
    let store = open(made.source.paths());
    let to = made.directory.path().join("backup");
    let (started, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let manifest = std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let mut number = 200;
            while !ended.load(Ordering::Relaxed) || number < 210 {
                number += 1;
                commit(&store, number);
                started.store(true, Ordering::Relaxed);
            }
            number
        });
        let mut steps = 0;
        let manifest = backup(made.source.paths(), &to, 5, &mut |progress| {
            steps += 1;
            if matches!(progress, Progress::Attachments(1)) {
                while !started.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        ended.store(true, Ordering::Relaxed);
        assert!(steps >= 3, "{steps} steps");
        let last = writer.join().unwrap();
        assert_eq!(check_moment(&store), last);
        manifest
    });
    assert_eq!((manifest.made_at_ms, manifest.attachments, manifest.attachments_bytes), (5, 2, 11));
    assert_eq!(Manifest::read(&to).unwrap(), manifest);

    let target = take(&made.directory.path().join("target"));
    assert_eq!(restore(&to, &target).unwrap(), manifest);
    assert!(check_moment(&open(target.paths())) > 200);
    assert_eq!(fs::read_to_string(target.paths().attachments().join("ab/two.txt")).unwrap(), "second");
    assert!(!target.paths().attachments().join(".unfinished").exists());
    assert_eq!(verify(&target.paths().database()).unwrap(), []);
}

#[test]
fn an_attachment_that_comes_or_goes_meanwhile_does_no_harm() {
    let made = made(1);
    let to = made.directory.path().join("backup");
    let paths = made.source.paths();
    let manifest = backup(paths, &to, 0, &mut |progress| {
        if let Progress::Database { .. } = progress {
            attach(paths, "late.txt", "third");
            let _ = fs::remove_file(paths.attachments().join("one.txt"));
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(manifest.attachments, 3);
}

#[test]
fn a_backup_can_be_stopped_and_is_then_not_one() {
    let made = made(1);
    let to = made.directory.path().join("backup");
    let stopped = backup(made.source.paths(), &to, 0, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(BackupError::Stopped)));
    let refused = restore(&to, &take(&made.directory.path().join("target"))).unwrap_err();
    assert_eq!(refused.to_string(), format!("{} is not a complete backup: it has no manifest", to.display()));
}

#[test]
fn nothing_is_overwritten() {
    let made = made(1);
    let to = made.directory.path().join("backup");
    backup(made.source.paths(), &to, 0, &mut go_on).unwrap();
    assert!(matches!(backup(made.source.paths(), &to, 0, &mut go_on), Err(BackupError::NotEmpty(path)) if path == to));
    assert!(matches!(restore(&to, &made.source), Err(BackupError::NotEmpty(_))));
}

#[test]
fn a_changed_backup_is_refused_and_the_target_stays_empty() {
    let made = made(50);
    let to = made.directory.path().join("backup");
    backup(made.source.paths(), &to, 0, &mut go_on).unwrap();
    let target = take(&made.directory.path().join("target"));
    let database = DataPaths::new(&to).database();
    let whole = fs::read(&database).unwrap();

    fs::write(&database, &whole[..whole.len() - 8192]).unwrap();
    assert!(matches!(restore(&to, &target), Err(BackupError::Incomplete { .. })));

    let mut damaged = whole.clone();
    damaged[8192..].iter_mut().skip(100).step_by(5_000).for_each(|byte| *byte ^= 0xff);
    fs::write(&database, damaged).unwrap();
    assert!(matches!(restore(&to, &target), Err(BackupError::Damaged { .. })));

    let manifest = fs::read_to_string(to.join("manifest")).unwrap();
    fs::write(to.join("manifest"), manifest.replace("schema 2", "schema 9")).unwrap();
    let newer = restore(&to, &target).unwrap_err().to_string();
    assert!(newer.contains("schema version 9") && newer.contains("up to 2"), "{newer}");

    fs::write(&database, whole).unwrap();
    fs::write(to.join("manifest"), manifest).unwrap();
    restore(&to, &target).unwrap();
}
