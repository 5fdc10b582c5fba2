//! Load: requests that were prepared, sent over many connections from one thread.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::connection::Connection;
use super::latency::Latencies;
use super::machine;
use super::server::Server;
use crate::clock::Stopwatch;

/// What a server was seen to do under load.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    pub(super) latencies: Latencies,
    pub(super) seconds: f64,
    pub(super) server_cpu_seconds: f64,
    pub(super) generator_cpu_seconds: f64,
}

/// When a closed loop ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// Every request was sent once.
    Sent,
    /// So much time has passed, or every request was sent once.
    SentOr(Duration),
    /// So much time has passed; requests are sent again when there are no more.
    Over(Duration),
}

impl Observed {
    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.latencies.count() as f64 / self.seconds } else { 0.0 }
    }

    /// Adds another observation of the same server.
    pub(super) fn add(&mut self, other: &Observed) {
        self.latencies.extend(&other.latencies);
        self.seconds += other.seconds;
        self.server_cpu_seconds += other.server_cpu_seconds;
        self.generator_cpu_seconds += other.generator_cpu_seconds;
    }
}

/// Closed-loop load: on each connection the next request follows the answer to the one before. The first answer that is
/// not a success ends it.
pub(super) async fn closed_loop(
    server: &Server,
    connections: usize,
    requests: &[Vec<u8>],
    until: Until,
) -> anyhow::Result<Observed> {
    let mut opened = Vec::new();
    for _ in 0..connections {
        opened.push(Connection::open(server.address).await?);
    }
    let own = std::process::id();
    let cpu_before = (server.cpu_seconds()?, machine::cpu_seconds(own)?);
    let (next, latencies) = (Cell::new(0), RefCell::new(Latencies::default()));
    let watch = Stopwatch::start();
    try_join_all(opened.into_iter().map(async |mut connection| {
        while let Some(request) = pick(requests, &next, until, watch) {
            let watch = Stopwatch::start();
            connection.send(request).await?.succeeded()?;
            latencies.borrow_mut().record(watch.elapsed());
        }
        anyhow::Ok(())
    }))
    .await?;
    let seconds = watch.elapsed().as_secs_f64();
    Ok(Observed {
        latencies: latencies.into_inner(),
        seconds,
        server_cpu_seconds: server.cpu_seconds()? - cpu_before.0,
        generator_cpu_seconds: machine::cpu_seconds(own)? - cpu_before.1,
    })
}

fn pick<'r>(requests: &'r [Vec<u8>], next: &Cell<usize>, until: Until, watch: Stopwatch) -> Option<&'r Vec<u8>> {
    let number = next.replace(next.get() + 1);
    match until {
        Until::Sent => requests.get(number),
        Until::SentOr(time) => requests.get(number).filter(|_| watch.elapsed() < time),
        Until::Over(time) => requests.get(number % requests.len()).filter(|_| watch.elapsed() < time),
    }
}

/// Load at a fixed pace over a few connections, until there are no more requests or `stop` is set. A request that waits
/// for the one before it on its connection has waited since its own time: that counts.
pub(super) async fn paced(
    address: SocketAddr,
    connections: usize,
    requests: &[Vec<u8>],
    every: Duration,
    stop: &Cell<bool>,
) -> anyhow::Result<Latencies> {
    let latencies = RefCell::new(Latencies::default());
    let start = Stopwatch::start();
    try_join_all((0..connections).map(async |first| {
        let mut connection = Connection::open(address).await?;
        for number in (first..requests.len()).step_by(connections) {
            let at = every * u32::try_from(number)?;
            let early = at.saturating_sub(start.elapsed());
            if !early.is_zero() {
                tokio::time::sleep(early).await;
            }
            if stop.get() {
                break;
            }
            let late = if early.is_zero() { start.elapsed().saturating_sub(at) } else { Duration::ZERO };
            let watch = Stopwatch::start();
            connection.send(&requests[number]).await?.succeeded()?;
            latencies.borrow_mut().record(late + watch.elapsed());
        }
        anyhow::Ok(())
    }))
    .await?;
    Ok(latencies.into_inner())
}
