//! What other requests notice when many tasks are due in the same second.

use std::cell::Cell;
use std::time::Duration;

use anyhow::ensure;
use futures_util::future::try_join;

use super::compare::start_tasks;
use super::connection::Connection;
use super::latency::Latencies;
use super::load::paced;
use super::server::Server;
use super::setup::{self, Caller, ENQUEUED, text};
use super::signer::{Place, Unsigned};
use super::{Bench, compare};
use crate::clock::{self, Stopwatch};

/// Tasks from whose rate the due time is guessed.
const WARM_UP_TASKS: usize = 10_000;
/// How much longer opening all of them may take than the guess.
const SLACK: f64 = 2.0;
/// Seconds between the end of what is usual and the due time, and of reserve.
const MARGIN_SECONDS: i64 = 5;
/// The other requests: one every so often, DescribeContact and StartTaskContact by turns.
const EVERY: Duration = Duration::from_millis(5);
/// Connections that they come over.
const CONNECTIONS: usize = 16;
/// How long it may take until all tasks that were due are queued.
const BACKLOG_WAIT: Duration = Duration::from_secs(240);
/// How often that is asked.
const BACKLOG_POLL: Duration = Duration::from_millis(200);

/// Schedules so many tasks for one second, and measures other requests before and during it.
pub(super) async fn measure(bench: &Bench<'_>, count: usize) -> anyhow::Result<()> {
    let server = bench.durable("due")?;
    let places = setup::instances(&server, &bench.signer, 1).await?;
    let place = &places[0];
    let rate = start_tasks(bench, &server, &places, WARM_UP_TASKS, None).await?;

    let usual_for = bench.round();
    let loading = (count as f64 / rate * SLACK).ceil() as i64;
    let due = now_seconds() + loading + bench.options.seconds as i64 + 2 * MARGIN_SECONDS;
    let rate = start_tasks(bench, &server, &places, count, Some(due)).await?;
    println!("{count} tasks scheduled at {rate:.0}/s");
    let mut caller = Caller { connection: Connection::open(server.address).await?, signer: &bench.signer };
    // Of tasks due together the last id is the last: ids grow with time.
    let last = text(&caller.call(&Unsigned::start_task(place, count, Some(due))?).await?, "/ContactId")?;
    let any = text(&caller.call(&Unsigned::start_task(place, count, None)?).await?, "/ContactId")?;
    ensure!(
        now_seconds() + bench.options.seconds as i64 + MARGIN_SECONDS <= due,
        "scheduling the tasks took longer than expected; try again"
    );

    let usual = Others { bench, server: &server, place, contact: &any };
    let usual_latencies = usual.measure(usual_for, &Cell::new(false)).await?;
    tokio::time::sleep(until(due)).await;
    let before = server.metrics().await?;
    let done = Cell::new(false);
    let backlog = async {
        let took = queued(&mut caller, place, &last).await;
        done.set(true);
        took
    };
    let (latencies, took) = try_join(usual.measure(BACKLOG_WAIT, &done), backlog).await?;

    println!("all queued {:.1} s after they were due: {:.0}/s", took, count as f64 / took);
    compare::print_commits(&before, &server.metrics().await?, "callboard_requests_total");
    println!();
    println!("{:<12} {:>9} {:>8} {:>8} {:>8} {:>8}", "others", "requests", "p50 ms", "p90 ms", "p99 ms", "max ms");
    for (name, latencies) in [("usual", &usual_latencies), ("due together", &latencies)] {
        let d = latencies.distribution();
        println!("{name:<12} {:>9} {:>8.2} {:>8.2} {:>8.2} {:>8.2}", latencies.count(), d.p50, d.p90, d.p99, d.max);
    }
    println!();
    println!("ratio {:.2}", latencies.distribution().p99 / usual_latencies.distribution().p99);
    Ok(())
}

/// Modest load by requests that have nothing to do with what is due.
struct Others<'a> {
    bench: &'a Bench<'a>,
    server: &'a Server,
    place: &'a Place,
    contact: &'a str,
}

impl Others<'_> {
    async fn measure(&self, time: Duration, stop: &Cell<bool>) -> anyhow::Result<Latencies> {
        let Others { bench, server, place, contact } = self;
        let count = (time.as_secs_f64() / EVERY.as_secs_f64()) as usize;
        let requests: Vec<Vec<u8>> = (0..count)
            .map(|number| {
                bench.signer.sign(&match number % 2 {
                    0 => Unsigned::describe_contact(&place.instance, contact),
                    _ => Unsigned::start_task(place, number, None)?,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        paced(server.address, CONNECTIONS, &requests, EVERY, stop).await
    }
}

/// Waits until a task is in its queue; how many seconds that took.
async fn queued(caller: &mut Caller<'_>, place: &Place, contact: &str) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    loop {
        let answer = caller.call(&Unsigned::describe_contact(&place.instance, contact)).await?;
        if answer.pointer(ENQUEUED).is_some() {
            return Ok(watch.elapsed().as_secs_f64());
        }
        ensure!(watch.elapsed() < BACKLOG_WAIT, "contact {contact} was due and is not queued: {answer}");
        tokio::time::sleep(BACKLOG_POLL).await;
    }
}

fn now_seconds() -> i64 {
    clock::wall_ms().div_euclid(1000)
}

/// How long it is until that second.
fn until(seconds: i64) -> Duration {
    Duration::from_millis((seconds * 1000 - clock::wall_ms()).max(0) as u64)
}
