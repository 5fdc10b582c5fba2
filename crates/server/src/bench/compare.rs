//! Servers against each other and against the bare one, in turns.

use std::time::Duration;

use super::load::{Observed, Until, closed_loop};
use super::server::{Metrics, Server};
use super::signer::Place;
use super::{Bench, processors, setup};

/// How many requests a server is warmed up with, and its rate is guessed from.
const WARM_UP_REQUESTS: usize = 5_000;
/// How long the bare server is warmed up.
const WARM_UP: Duration = Duration::from_secs(1);
/// How many more requests are prepared for a round than the guess needs.
const PREPARED_SHARE: f64 = 1.6;
/// How many requests are prepared at a time when tasks are only to be there.
const LOAD_STEP: usize = 50_000;
/// How many connections load them.
const LOAD_CONNECTIONS: usize = 256;

/// A durable server and where it gets its tasks.
pub(super) struct Target<'a> {
    pub(super) name: &'static str,
    pub(super) server: &'a Server,
    pub(super) places: &'a [Place],
}

/// What the rounds of all servers gave.
pub(super) struct Comparison {
    /// In the order of the targets.
    pub(super) durable: Vec<Observed>,
    pub(super) bare: Observed,
}

/// One durable server against the bare one.
pub(super) async fn measure(bench: &Bench<'_>) -> anyhow::Result<()> {
    let server = match &bench.options.url {
        Some(url) => Server::elsewhere(url)?,
        None => bench.durable("durable")?,
    };
    let places = setup::instances(&server, &bench.signer, 1).await?;
    let before = server.metrics().await?;
    let target = Target { name: "durable", server: &server, places: &places };
    let targets = [target];
    let comparison = alternate(bench, &targets).await?;
    comparison.print(&targets)?;
    print_commits(&before, &server.metrics().await?, "callboard_requests_total");
    let (durable, bare) = (&comparison.durable[0], &comparison.bare);
    let p99 = durable.latencies.distribution().p99 / bare.latencies.distribution().p99;
    println!("p99 {p99:.1} times the bare server's");
    println!("ratio {:.2}", durable.rate() / bare.rate());
    Ok(())
}

/// Runs the rounds. Every round of a target has new requests; the bare server gets those of the last target.
pub(super) async fn alternate(bench: &Bench<'_>, targets: &[Target<'_>]) -> anyhow::Result<Comparison> {
    let bare = Server::bare(&bench.signer)?;
    let mut prepared = Vec::new();
    let mut last = Vec::new();
    for target in targets {
        last = bench.signer.start_tasks(target.places, WARM_UP_REQUESTS, None)?;
        let observed = closed_loop(target.server, bench.connections(), &last, Until::Sent).await?;
        prepared.push((observed.rate() * bench.round().as_secs_f64() * PREPARED_SHARE) as usize + WARM_UP_REQUESTS);
    }
    closed_loop(&bare, bench.connections(), &last, Until::Over(WARM_UP)).await?;
    let mut comparison = Comparison { durable: vec![Observed::default(); targets.len()], bare: Observed::default() };
    for _ in 0..bench.options.rounds {
        for (number, target) in targets.iter().enumerate() {
            last = bench.signer.start_tasks(target.places, prepared[number], None)?;
            let until = Until::SentOr(bench.round());
            comparison.durable[number].add(&closed_loop(target.server, bench.connections(), &last, until).await?);
        }
        comparison.bare.add(&closed_loop(&bare, bench.connections(), &last, Until::Over(bench.round())).await?);
    }
    Ok(comparison)
}

/// Starts so many tasks as fast as it goes; returns how many a second.
pub(super) async fn start_tasks(
    bench: &Bench<'_>,
    server: &Server,
    places: &[Place],
    count: usize,
    at: Option<i64>,
) -> anyhow::Result<f64> {
    let mut total = Observed::default();
    while total.latencies.count() < count {
        let step = LOAD_STEP.min(count - total.latencies.count());
        let requests = bench.signer.start_tasks(places, step, at)?;
        total.add(&closed_loop(server, LOAD_CONNECTIONS, &requests, Until::Sent).await?);
    }
    Ok(total.rate())
}

impl Comparison {
    /// One line a server. Processor time is in percent of all processors.
    pub(super) fn print(&self, targets: &[Target<'_>]) -> anyhow::Result<()> {
        println!();
        println!(
            "{:<14} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} {:>12}",
            "server", "requests", "rate/s", "p50 ms", "p90 ms", "p99 ms", "max ms", "its CPU %", "generator %"
        );
        let names = targets.iter().map(|target| target.name).chain(["bare"]);
        for (name, observed) in names.zip(self.durable.iter().chain([&self.bare])) {
            let latency = observed.latencies.distribution();
            let share = 100.0 / (observed.seconds * processors()? as f64);
            println!(
                "{name:<14} {:>9} {:>9.0} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>9.0} {:>12.0}",
                observed.latencies.count(),
                observed.rate(),
                latency.p50,
                latency.p90,
                latency.p99,
                latency.max,
                observed.server_cpu_seconds * share,
                observed.generator_cpu_seconds * share,
            );
        }
        println!();
        Ok(())
    }
}

/// How commits were grouped between two readings of a server's metrics.
pub(super) fn print_commits(before: &Metrics, after: &Metrics, requests: &str) {
    let started =
        |metrics: &Metrics| metrics.value(&format!("{requests}{{operation=\"StartTaskContact\",status=\"200\"}}"));
    let commits = after.growth(before, "callboard_commit_duration_seconds_count");
    let seconds = after.growth(before, "callboard_commit_duration_seconds_sum");
    if commits > 0.0 {
        println!(
            "commits {commits:.0}: {:.1} tasks, {:.1} batches, {:.1} rows, {:.0} bytes and {:.2} ms each on average",
            (started(after) - started(before)) / commits,
            after.growth(before, "callboard_commit_batches_sum") / commits,
            after.growth(before, "callboard_commit_rows_total") / commits,
            after.growth(before, "callboard_commit_bytes_total") / commits,
            seconds * 1000.0 / commits,
        );
        let quantile =
            |share| after.value(&format!("callboard_commit_duration_seconds{{quantile=\"{share}\"}}")) * 1000.0;
        println!(
            "commit ms, to a power of two: p50 {:.1}, p90 {:.1}, p99 {:.1}",
            quantile("0.5"),
            quantile("0.9"),
            quantile("0.99")
        );
    }
}
