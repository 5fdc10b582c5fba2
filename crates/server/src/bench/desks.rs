//! Agents at their event streams, over HTTP: how long after a task is started an idle agent sees the offer, and whether everybody sees
//! everything for as long as it goes on.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::future::{join3, try_join_all};
use serde::Deserialize;
use serde_json::Value;

use super::Bench;
use super::connection::Connection;
use super::event_stream::EventStream;
use super::latency::Latencies;
use super::server::Server;
use super::setup::{self, Caller, text};
use super::signer::{Place, Signer, Unsigned};
use crate::clock::Stopwatch;
use crate::open_files;

/// Connections that tasks are started over.
const STARTING: usize = 16;
/// How long after the last task everything must have been seen and done.
const REST: Duration = Duration::from_secs(10);
/// Time between two looks at the server's memory.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Memory is told by the most of it in a minute: what waits to be folded comes and goes. What is held for good is there
/// after the first.
const MINUTE: Duration = Duration::from_secs(60);
/// Most memory of the last minute, in that of the second.
const MEMORY_MAX: f64 = 1.1;
/// Longest p50 from a start to its offer, in p50s of the start itself.
const OFFER_MAX: f64 = 3.0;

/// All that happens, seen by one clock.
struct Office<'b> {
    server: &'b Server,
    signer: &'b Signer,
    place: &'b Place,
    watch: Stopwatch,
    /// Tasks that were answered or offered, by contact.
    tasks: RefCell<HashMap<String, Task>>,
    starts: RefCell<Latencies>,
    closed: Cell<usize>,
    /// Resident memory of the server in bytes, at each look.
    memory: RefCell<Vec<(Duration, u64)>>,
}

/// When it was sent, and when its first offer was seen.
#[derive(Clone, Copy, Default)]
struct Task {
    sent: Option<Duration>,
    offered: Option<Duration>,
}

/// What an agent sees.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Snapshot {
    contacts: Vec<Shown>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    contact_id: String,
    actions: Vec<String>,
}

/// So many agents, who carry so many tasks a second through their lives.
pub(super) async fn measure(bench: &Bench<'_>, agents: usize) -> anyhow::Result<()> {
    let every = Duration::from_secs_f64(1.0 / f64::from(bench.options.rate));
    open_files::allow_connections(u32::try_from(agents * 2 + STARTING)?);
    let server = bench.durable("desks")?;
    let places = setup::instances(&server, &bench.signer, 1).await?;
    let users = setup::agents(&server, &bench.signer, &places[0], agents).await?;
    println!(
        "{agents} agents, each with an event stream; {} tasks a second for {:?}",
        bench.options.rate,
        bench.round()
    );
    let office = Office {
        server: &server,
        signer: &bench.signer,
        place: &places[0],
        watch: Stopwatch::start(),
        tasks: RefCell::default(),
        starts: RefCell::default(),
        closed: Cell::new(0),
        memory: RefCell::default(),
    };
    let count = (bench.round().as_secs_f64() / every.as_secs_f64()) as usize;
    let end = office.watch.elapsed() + bench.round() + REST;
    let desks = try_join_all(users.iter().map(|user| office.sit(user, end)));
    let (desks, started, watched) = join3(desks, office.start(count, every), office.watch_memory(end)).await;
    let equal = desks?.into_iter().filter(|equal| *equal).count();
    started?;
    watched?;
    office.print(agents, equal)
}

impl Office<'_> {
    /// Starts tasks at a fixed pace. A task that waits for the one before it on its connection is sent late: nothing but its pace suffers.
    async fn start(&self, count: usize, every: Duration) -> anyhow::Result<()> {
        let begin = self.watch.elapsed();
        try_join_all((0..STARTING).map(async |first| {
            let mut caller = Caller { connection: Connection::open(self.server.address).await?, signer: self.signer };
            for number in (first..count).step_by(STARTING) {
                let at = begin + every * u32::try_from(number)?;
                tokio::time::sleep(at.saturating_sub(self.watch.elapsed())).await;
                let request = Unsigned::start_task(self.place, number, None)?;
                let sent = self.watch.elapsed();
                let contact = text(&caller.call(&request).await?, "/ContactId")?;
                self.starts.borrow_mut().record(self.watch.elapsed() - sent);
                self.tasks.borrow_mut().entry(contact).or_default().sent = Some(sent);
            }
            anyhow::Ok(())
        }))
        .await?;
        Ok(())
    }

    async fn watch_memory(&self, end: Duration) -> anyhow::Result<()> {
        let begin = self.watch.elapsed();
        while self.watch.elapsed() < end {
            self.memory.borrow_mut().push((self.watch.elapsed() - begin, self.server.resident_bytes()?));
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// An agent does what the last snapshot says can be done, until `end`. Says whether that snapshot is equal to a fresh one then.
    async fn sit(&self, user: &str, end: Duration) -> anyhow::Result<bool> {
        let desk = format!("/agent/v1/users/{user}");
        let query = format!("instance={}", self.place.instance);
        let ask = |method, path: String| Unsigned { method, path, query: query.clone(), body: String::new() };
        let request = self.signer.sign(&ask("GET", format!("{desk}/events")))?;
        let mut events = EventStream::open(self.server.address, &request).await?;
        let mut caller = Caller { connection: Connection::open(self.server.address).await?, signer: self.signer };
        let mut last = Vec::new();
        loop {
            let left = end.saturating_sub(self.watch.elapsed());
            let Ok(snapshot) = tokio::time::timeout(left, events.snapshot()).await else { break };
            last = snapshot?;
            let snapshot: Snapshot = serde_json::from_slice(&last).context("a snapshot")?;
            let seen = self.watch.elapsed();
            for contact in snapshot.contacts {
                let Some(action) = contact.actions.first() else { continue };
                match action.as_str() {
                    "accept" => {
                        let mut tasks = self.tasks.borrow_mut();
                        tasks.entry(contact.contact_id.clone()).or_default().offered.get_or_insert(seen);
                    }
                    "close" => self.closed.set(self.closed.get() + 1),
                    _ => {}
                }
                caller.call(&ask("POST", format!("{desk}/contacts/{}/{action}", contact.contact_id))).await?;
            }
        }
        let fresh = caller.call(&ask("GET", format!("{desk}/snapshot"))).await?;
        Ok(fresh == serde_json::from_slice::<Value>(&last).context("a snapshot")?)
    }

    fn print(&self, agents: usize, equal: usize) -> anyhow::Result<()> {
        let mut offers = Latencies::default();
        let tasks = self.tasks.borrow();
        // The task that the set-up was tried with was not sent by us.
        let sent = tasks.values().filter_map(|task| Some((task.sent?, task.offered)));
        let sent: Vec<_> = sent.collect();
        for (sent, offered) in &sent {
            if let Some(offered) = offered {
                offers.record(offered.saturating_sub(*sent));
            }
        }
        let starts = self.starts.borrow();
        println!("\n{:<8} {:>9} {:>8} {:>8} {:>8} {:>8}", "", "tasks", "p50 ms", "p90 ms", "p99 ms", "max ms");
        for (name, latencies) in [("starts", &*starts), ("offers", &offers)] {
            let took = latencies.distribution();
            println!(
                "{name:<8} {:>9} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
                latencies.count(),
                took.p50,
                took.p90,
                took.p99,
                took.max
            );
        }
        println!("\n{} of {} tasks were seen as offers, {} closed", offers.count(), sent.len(), self.closed.get());
        println!("{equal} of {agents} agents ended with a snapshot equal to a fresh one");
        self.print_memory();
        ensure!(offers.count() == sent.len(), "an offer was not seen");
        ensure!(equal == agents, "an agent missed the newest snapshot");
        let ratio = offers.distribution().p50 / starts.distribution().p50;
        println!("ratio {ratio:.2} of a start's p50, from sending it to seeing its offer (at most {OFFER_MAX})");
        Ok(())
    }

    fn print_memory(&self) {
        let memory = self.memory.borrow();
        let Some((ended, _)) = memory.last() else { return };
        let most = |from: Duration, to: Duration| {
            memory.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, bytes)| *bytes).max()
        };
        let (second, last) = (most(MINUTE, 2 * MINUTE), most(ended.saturating_sub(MINUTE), *ended));
        let (Some(second), Some(last)) = (second, last) else { return };
        let ratio = last as f64 / second as f64;
        let (second, last) = (second >> 20, last >> 20);
        println!("memory at most {second} MiB in the second minute, {last} MiB in the last (RssAnon)");
        println!("ratio {ratio:.2} of the second minute's memory (at most {MEMORY_MAX})");
    }
}
