//! How long a server takes from its start to its first answer, against reading the same rows with nothing but SQLite.

use std::path::Path;

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags};

use super::Bench;
use super::connection;
use super::server::Server;
use super::signer::{Place, Unsigned};
use crate::clock::Stopwatch;

/// What was measured; of two runs the second.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartUp {
    /// Seconds from the start of the process to the answer to a StartTaskContact.
    pub(super) server_seconds: f64,
    /// Seconds that reading the rows took.
    pub(super) read_seconds: f64,
    /// Rows that were read: all that are in memory when all instances are.
    pub(super) rows: u64,
    /// Bytes of them.
    pub(super) bytes: u64,
}

/// Starts the server of a data directory that no server has, twice.
pub(super) async fn measure(bench: &Bench<'_>, name: &str, place: &Place) -> anyhow::Result<StartUp> {
    let mut server_seconds = 0.0;
    for _ in 0..2 {
        let request = bench.signer.sign(&Unsigned::start_task(place, 0, None)?)?;
        let watch = Stopwatch::start();
        let server = bench.durable(name)?;
        connection::Connection::open(server.address).await?.send(&request).await?.succeeded()?;
        server_seconds = watch.elapsed().as_secs_f64();
    }
    let database = bench.database(name);
    read(&database)?;
    let watch = Stopwatch::start();
    let (rows, bytes) = read(&database)?;
    Ok(StartUp { server_seconds, read_seconds: watch.elapsed().as_secs_f64(), rows, bytes })
}

impl StartUp {
    pub(super) fn ratio(&self) -> f64 {
        self.server_seconds / self.read_seconds
    }

    pub(super) fn print(&self) {
        println!(
            "start-up {:.2} s to the first task; plain reading of the same {} rows ({} MiB) {:.2} s: {:.1} times",
            self.server_seconds,
            self.rows,
            self.bytes >> 20,
            self.read_seconds,
            self.ratio(),
        );
    }
}

/// Rows and bytes of all hot records, read once.
fn read(database: &Path) -> anyhow::Result<(u64, u64)> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("open {}", database.display()))?;
    let mut statement = connection.prepare("SELECT scope, kind, id, value FROM hot")?;
    let mut rows = statement.query([])?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        let (id, value) = (row.get_ref(2)?.as_blob()?, row.get_ref(3)?.as_blob()?);
        // What is counted must have been read.
        bytes += std::hint::black_box(id).len() as u64 + std::hint::black_box(value.to_vec()).len() as u64;
        count += 1;
    }
    Ok((count, bytes))
}

/// Ends a target's server as `kill -9` does, and measures how it starts again.
pub(super) async fn after(bench: &Bench<'_>, server: Server, name: &str, place: &Place) -> anyhow::Result<StartUp> {
    drop(server);
    let start_up = measure(bench, name, place).await?;
    start_up.print();
    Ok(start_up)
}
