//! How many tasks a second the writer makes durable: `cargo run --release -p store --example throughput -- DIRECTORY`.
//!
//! A second argument is the number of tasks for the last load (1,000,000). Each task is a record of 900 bytes under a
//! time-ordered id and its share of its batch's journal row; each batch moves its scope's head. Everything goes through
//! `GroupCommit` and `SqliteStore` with `synchronous=FULL`; one thread makes the load.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]
#![expect(clippy::unwrap_used, reason = "a bench ends at the first error")]

#[path = "measure/mod.rs"]
mod measure;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use store::sqlite::{Options, SqliteStore};
use store::{Batch, CommitNumber, Epoch, GroupCommit, Key, Kind, Scope, Store, Write, WriterBounds};
use uuid::Uuid;

use measure::{JOURNAL_BYTES_PER_TASK, Random, TASK_BYTES, task_id};

const TASK: Kind = Kind(1);
const JOURNAL: Kind = Kind(0x80);
const TASKS_PER_BATCH: usize = 500;
const SCOPES: usize = 10_000;
const SCOPES_BUSY: usize = 1_000;
const TASKS_PER_IDLE_SCOPE: usize = 10;
const SETTLE: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(5);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = measure::directory(arguments.next());
    let many: usize = arguments.next().map_or(1_000_000, |count| count.parse().unwrap());

    let mut load = Load::open(&directory);
    let one = load.measure("one scope, 500 tasks a batch", 1, TASKS_PER_BATCH);

    let mut load = Load::open(&directory);
    load.fill(SCOPES, SCOPES * TASKS_PER_IDLE_SCOPE);
    let spread = load.measure("1,000 of 10,000 scopes, 1 task a batch", SCOPES_BUSY, 1);

    let mut load = Load::open(&directory);
    load.measure("one scope, 1 task a batch", 1, 1);

    let mut load = Load::open(&directory);
    load.fill(1, many);
    let full = load.measure(&format!("one scope with {many} tasks, 500 a batch"), 1, TASKS_PER_BATCH);
    println!("spread / one scope {:.2}   many / none {:.2}", spread / one, full / one);
    load.measure_start();
}

struct Load {
    store: Arc<SqliteStore>,
    writer: GroupCommit,
    random: Random,
    numbers: Vec<u64>,
    millisecond: u64,
}

impl Load {
    fn open(directory: &Path) -> Self {
        let path = directory.join("throughput.db");
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
        let store = Arc::new(SqliteStore::open(Options::new(path)).unwrap());
        let writer = GroupCommit::start(Arc::clone(&store) as Arc<dyn Store>, WriterBounds::default()).unwrap();
        Load { store, writer, random: Random::new(1), numbers: vec![0; SCOPES], millisecond: 0 }
    }

    fn scope(index: usize) -> Scope {
        // As far from each other as random ids are.
        Scope(Uuid::from_u64_pair(Random::new(index as u64).next(), index as u64))
    }

    fn batch(&mut self, scope: usize, tasks: usize) -> Batch {
        self.numbers[scope] += 1;
        self.millisecond += 1;
        let number = self.numbers[scope];
        let mut writes: Vec<Write> = (0..tasks)
            .map(|_| {
                let id = task_id(self.millisecond, &mut self.random);
                Write::Put { key: Key::new(TASK, id), value: self.random.bytes(TASK_BYTES).to_vec() }
            })
            .collect();
        let journal = self.random.bytes(JOURNAL_BYTES_PER_TASK * tasks).to_vec();
        writes.push(Write::Put { key: Key::new(JOURNAL, number.to_be_bytes()), value: journal });
        let (number, now_ms) = (CommitNumber(number), self.millisecond as i64);
        Batch { scope: Self::scope(scope), epoch: Epoch::FIRST, number, now_ms, next_due_ms: Some(now_ms), writes }
    }

    fn fill(&mut self, scopes: usize, tasks: usize) {
        let mut left = tasks;
        while left > 0 {
            let round = left.min(scopes.max(10_000));
            let batches: Vec<Batch> = (0..scopes).map(|scope| self.batch(scope, round / scopes)).collect();
            self.store.commit(&batches).unwrap();
            left -= round;
        }
        // Else what is measured next competes with the disk still writing this.
        std::fs::File::open(self.store.path()).unwrap().sync_all().unwrap();
        std::thread::sleep(SETTLE);
        std::fs::File::open(self.store.path()).unwrap().sync_all().unwrap();
    }

    /// Keeps a batch of each scope under way, the next one made while it is written; returns tasks a second.
    fn measure(&mut self, name: &str, scopes: usize, tasks: usize) -> f64 {
        let (done, durable) = mpsc::channel();
        let submit = |load: &Load, scope: usize, batch: Batch| {
            let done = done.clone();
            load.writer.submit(batch, Box::new(move |result| done.send((scope, result)).unwrap()));
        };
        let mut next: Vec<Batch> = (0..scopes).map(|scope| self.batch(scope, tasks)).collect();
        let (before, start) = (self.writer.statistics(), Instant::now());
        for (scope, ready) in next.iter_mut().enumerate() {
            let following = self.batch(scope, tasks);
            submit(self, scope, std::mem::replace(ready, following));
        }
        let (mut under_way, mut written) = (scopes, 0);
        while under_way > 0 {
            let (scope, result): (usize, Result<(), _>) = durable.recv().unwrap();
            result.unwrap();
            under_way -= 1;
            written += tasks;
            if start.elapsed() < MEASURED {
                let ready = std::mem::replace(&mut next[scope], Batch { writes: Vec::new(), ..EMPTY });
                submit(self, scope, ready);
                under_way += 1;
                next[scope] = self.batch(scope, tasks);
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let after = self.writer.statistics();
        let commits = after.duration_us.count() - before.duration_us.count();
        println!(
            "{name:<44}{:>9.0} tasks/s{:>9.0} rows/s   {:>6.0} tasks a commit, commit p50 < {} µs, p99 < {} µs, log {} MiB",
            written as f64 / seconds,
            (after.rows - before.rows) as f64 / seconds,
            written as f64 / commits as f64,
            after.duration_us.quantile(0.5),
            after.duration_us.quantile(0.99),
            self.store.wal_statistics().bytes >> 20,
        );
        written as f64 / seconds
    }

    /// Loads the scope's hot records, and reads the same rows with plain SQL; each the second of two times.
    fn measure_start(&mut self) {
        let plain = rusqlite::Connection::open(self.store.path()).unwrap();
        let mut rates = [0.0; 2];
        for _ in 0..2 {
            let (start, mut bytes, mut rows) = (Instant::now(), 0, 0);
            let mut count = |value: &[u8]| {
                bytes += value.len();
                rows += 1;
            };
            self.store.load_hot(Self::scope(0), &mut |_, _, value| count(value)).unwrap();
            rates[0] = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let mut statement = plain.prepare("SELECT kind, id, value FROM hot").unwrap();
            let mut found = statement.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                count(row.get_ref(2).unwrap().as_blob().unwrap());
            }
            rates[1] = start.elapsed().as_secs_f64();
            assert!(bytes > 0);
        }
        let [load, plain] = rates;
        println!("load_hot {load:.2} s, plain scan {plain:.2} s, ratio {:.2}", load / plain);
    }
}

const EMPTY: Batch = Batch {
    scope: Scope::SYSTEM,
    epoch: Epoch::FIRST,
    number: CommitNumber::ZERO,
    now_ms: 0,
    next_due_ms: None,
    writes: Vec::new(),
};
