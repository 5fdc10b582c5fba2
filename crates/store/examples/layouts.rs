//! Compares on-disk layouts for ADR 2, in plain SQL: `cargo run --release -p store --example layouts -- DIRECTORY`.
//!
//! Each row is one layout under three loads: all tasks in one scope, tasks spread over 1,000 of 10,000 scopes, and one
//! scope that holds many tasks already. Tasks have 900 bytes and a time-ordered id; each batch adds a journal row per
//! scope and moves the scope's head. Rates are tasks a second with `synchronous=FULL`.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]
#![expect(clippy::unwrap_used, reason = "a bench ends at the first error")]

#[path = "measure/mod.rs"]
mod measure;

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, params};

use measure::{JOURNAL_BYTES_PER_TASK, Random, TASK_BYTES, task_id};

const TASKS_PER_COMMIT: usize = 500;
const COMMITS: usize = 200;
const SCOPES: usize = 10_000;
const SCOPES_BUSY: usize = 1_000;
const TASKS_PER_IDLE_SCOPE: usize = 10;

struct Layout {
    name: &'static str,
    page_bytes: usize,
    schema: &'static str,
    put: &'static str,
    load: &'static str,
}

const COLUMNS: &str = "
    CREATE TABLE hot (scope INTEGER, kind INTEGER, id BLOB, value BLOB, PRIMARY KEY (scope, kind, id)) WITHOUT ROWID;
    CREATE TABLE cold (scope INTEGER, kind INTEGER, id BLOB, value BLOB, PRIMARY KEY (scope, kind, id)) WITHOUT ROWID;";
const ROWID: &str = "
    CREATE TABLE hot (row INTEGER PRIMARY KEY, scope INTEGER, kind INTEGER, id BLOB, value BLOB);
    CREATE UNIQUE INDEX hot_key ON hot (scope, kind, id);
    CREATE TABLE cold (row INTEGER PRIMARY KEY, scope INTEGER, kind INTEGER, id BLOB, value BLOB);
    CREATE UNIQUE INDEX cold_key ON cold (scope, kind, id);";
const PUT: &str = "INSERT OR REPLACE INTO hot (scope, kind, id, value) VALUES (?1, ?2, ?3, ?4)";
const UPSERT: &str = "INSERT INTO hot (scope, kind, id, value) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, kind, id) DO UPDATE SET value = excluded.value";
const LOAD: &str = "SELECT kind, id, value FROM hot WHERE scope = ?1 ORDER BY kind, id";

const LAYOUTS: &[Layout] = &[
    Layout { name: "key columns, replace", page_bytes: 4096, schema: COLUMNS, put: PUT, load: LOAD },
    Layout { name: "key columns, upsert", page_bytes: 4096, schema: COLUMNS, put: UPSERT, load: LOAD },
    Layout { name: "key columns, replace", page_bytes: 8192, schema: COLUMNS, put: PUT, load: LOAD },
    Layout { name: "key columns, replace", page_bytes: 16384, schema: COLUMNS, put: PUT, load: LOAD },
    Layout { name: "rowid and index, replace", page_bytes: 4096, schema: ROWID, put: PUT, load: LOAD },
    Layout { name: "rowid and index, upsert", page_bytes: 4096, schema: ROWID, put: UPSERT, load: LOAD },
    Layout { name: "rowid and index, upsert", page_bytes: 8192, schema: ROWID, put: UPSERT, load: LOAD },
    Layout { name: "rowid and index, upsert", page_bytes: 16384, schema: ROWID, put: UPSERT, load: LOAD },
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = measure::directory(arguments.next());
    let many: usize = arguments.next().map_or(200_000, |count| count.parse().unwrap());
    println!("tasks a second of processor time (of wall time); load: microseconds a task");
    println!("{:<26}{:>6}{:>18}{:>18}{:>18}{:>8}{:>8}", "layout", "page", "one scope", "spread", "many", "load", "MiB");
    for layout in LAYOUTS {
        let (one, _, _) = one_scope(&directory, layout, 0);
        let spread = spread(&directory, layout);
        let (full, load, bytes) = one_scope(&directory, layout, many);
        println!(
            "{:<26}{:>6}{:>18}{:>18}{:>18}{load:>8.2}{:>8}",
            layout.name,
            layout.page_bytes,
            one,
            spread,
            full,
            bytes >> 20
        );
    }
}

fn open(directory: &Path, layout: &Layout) -> Connection {
    let path = directory.join("layouts.db");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(&format!("PRAGMA page_size = {}", layout.page_bytes)).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;")
        .unwrap();
    let pages = (64 << 20) / layout.page_bytes;
    connection.execute_batch(&format!("PRAGMA wal_autocheckpoint = {pages}")).unwrap();
    connection.execute_batch(layout.schema).unwrap();
    connection
        .execute_batch("CREATE TABLE head (scope INTEGER PRIMARY KEY, uuid BLOB, epoch, number, now, due);")
        .unwrap();
    connection
}

struct Commits<'a> {
    connection: &'a mut Connection,
    layout: &'a Layout,
    random: Random,
    number: i64,
}

impl Commits<'_> {
    /// One transaction: each scope gets this many tasks, one journal row, and its head is moved.
    fn commit(&mut self, scopes: &[i64], tasks: usize) {
        let transaction = self.connection.transaction().unwrap();
        {
            self.number += 1;
            let mut put = transaction.prepare_cached(self.layout.put).unwrap();
            let cold = self.layout.put.replace("hot", "cold");
            let mut put_cold = transaction.prepare_cached(&cold).unwrap();
            let mut head =
                transaction.prepare_cached("INSERT OR REPLACE INTO head VALUES (?1, ?2, 1, ?3, ?3, ?3)").unwrap();
            for &scope in scopes {
                for _ in 0..tasks {
                    let id = task_id(self.number as u64, &mut self.random);
                    put.execute(params![scope, 1, &id[..], self.random.bytes(TASK_BYTES)]).unwrap();
                }
                let journal = self.random.bytes(JOURNAL_BYTES_PER_TASK * tasks);
                put_cold.execute(params![scope, 130, &self.number.to_be_bytes()[..], journal]).unwrap();
                head.execute(params![scope, &[7u8; 16][..], self.number]).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
}

fn rate(tasks: usize, work: impl FnOnce()) -> String {
    let (start, processor) = (Instant::now(), measure::processor_seconds());
    work();
    let (wall, processor) = (start.elapsed().as_secs_f64(), measure::processor_seconds() - processor);
    format!("{:.0} ({:.0})", tasks as f64 / processor, tasks as f64 / wall)
}

fn one_scope(directory: &Path, layout: &Layout, before: usize) -> (String, f64, u64) {
    let mut connection = open(directory, layout);
    let mut commits = Commits { connection: &mut connection, layout, random: Random::new(1), number: 0 };
    for _ in 0..before / 5_000 {
        commits.commit(&[1], 5_000);
    }
    let rate = rate(COMMITS * TASKS_PER_COMMIT, || {
        for _ in 0..COMMITS {
            commits.commit(&[1], TASKS_PER_COMMIT);
        }
    });
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let processor = measure::processor_seconds();
    let mut count = 0usize;
    let mut statement = connection.prepare(layout.load).unwrap();
    let mut rows = statement.query([1]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        count += usize::from(!row.get_ref(2).unwrap().as_blob().unwrap().is_empty());
    }
    let load = (measure::processor_seconds() - processor) * 1e6 / count as f64;
    (rate, load, std::fs::metadata(directory.join("layouts.db")).unwrap().len())
}

fn spread(directory: &Path, layout: &Layout) -> String {
    let mut connection = open(directory, layout);
    let mut commits = Commits { connection: &mut connection, layout, random: Random::new(2), number: 0 };
    let all: Vec<i64> = (0..SCOPES as i64).collect();
    for _ in 0..TASKS_PER_IDLE_SCOPE {
        for scopes in all.chunks(2_500) {
            commits.commit(scopes, 1);
        }
    }
    let busy: Vec<i64> = all.iter().copied().step_by(SCOPES / SCOPES_BUSY).collect();
    rate(COMMITS * TASKS_PER_COMMIT, || {
        for commit in 0..COMMITS {
            let half = commit % 2 * (SCOPES_BUSY / 2);
            commits.commit(&busy[half..half + TASKS_PER_COMMIT], 1);
        }
    })
}
