//! Whole lives of tasks: started, offered, accepted, ended and closed, against starting alone.
//!
//! Both go to the instance loops directly and wait for durable answers, without HTTP. An agent finds the offer in a snapshot, as a
//! program at an event stream does, and then knows what to do: accept, end, close.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use engine::{ContactId, InstanceId, UserId};
use futures_util::future::try_join_all;
use serde::Deserialize;
use service::{AgentCommand, Caller};
use store::Holder;

use super::latency::Latencies;
use super::signer::{Place, Unsigned};
use super::{Bench, setup};
use crate::agent_interface::desk::{AgentKey, Command, Desk};
use crate::application::Application;
use crate::backend::Backend;
use crate::clock::{self, Stopwatch};
use crate::config::Config;

/// Lives and starts before the first that counts.
const WARM_UP: Duration = Duration::from_secs(2);
/// State of a contact that is being offered.
const OFFERED: &str = "CONNECTING";
/// Lowest rate of lives, in rates of starts.
const RATE_MIN: f64 = 0.25;

/// An instance where tasks only start, and one where agents take them.
struct Office {
    backend: Arc<Backend>,
    desk: Arc<dyn Desk>,
    caller: Caller,
    places: Vec<Place>,
    agents: Vec<AgentKey>,
}

/// What an agent sees.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Snapshot {
    contacts: Vec<Shown>,
    statuses: Vec<Status>,
}

/// A status that the agent may choose.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    agent_status_id: String,
    r#type: String,
}

/// A contact at the agent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    contact_id: String,
    state: String,
}

impl Shown {
    fn id(&self) -> anyhow::Result<ContactId> {
        self.contact_id.parse().context("the id of a contact")
    }
}

/// How often something was done, and how long each took.
#[derive(Default)]
struct Done {
    latencies: Latencies,
    seconds: f64,
}

/// Measures starts and lives in turns, as many at a time of one as of the other.
pub(super) async fn measure(bench: &Bench<'_>) -> anyhow::Result<()> {
    let server = bench.durable("lives")?;
    let places = setup::instances(&server, &bench.signer, 2).await?;
    let users = setup::agents(&server, &bench.signer, &places[1], bench.connections()).await?;
    drop(server);
    println!("{} agents; no HTTP: calls go to the loops of the instances", users.len());

    let config = Config::defaults(&bench.data_dir("lives"));
    let holder = Holder { command: "bench".to_owned(), listen: None, started: clock::wall_text() };
    let application = Application::open(&config, None, &holder).await?;
    let measured = rounds(bench, Office::of(&application, places, &users)?).await;
    application.close().await;
    let (starts, lives) = measured?;
    println!(
        "\n{:<8} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8}",
        "", "done", "rate/s", "p50 ms", "p90 ms", "p99 ms", "max ms"
    );
    starts.print("starts");
    lives.print("lives");
    println!("\nratio {:.2} lives of a start (at least {RATE_MIN})", lives.rate() / starts.rate());
    Ok(())
}

async fn rounds(bench: &Bench<'_>, office: Office) -> anyhow::Result<(Done, Done)> {
    office.start_over(&mut Done::default(), WARM_UP).await?;
    office.live_over(&mut Done::default(), WARM_UP).await?;
    let (mut starts, mut lives) = (Done::default(), Done::default());
    for _ in 0..bench.options.rounds {
        office.start_over(&mut starts, bench.round()).await?;
        office.live_over(&mut lives, bench.round()).await?;
    }
    Ok((starts, lives))
}

impl Office {
    fn of(application: &Application, places: Vec<Place>, users: &[String]) -> anyhow::Result<Office> {
        let backend = application.backend();
        let instance: InstanceId = places[1].instance.parse().context("the id of an instance")?;
        let agent = |user: &String| {
            let user: UserId = user.parse().context("the id of a user")?;
            anyhow::Ok(AgentKey { instance, user })
        };
        Ok(Office {
            desk: application.desk(&backend),
            backend,
            caller: Caller { access_key_id: String::new(), arn: String::new(), root: true },
            agents: users.iter().map(agent).collect::<anyhow::Result<_>>()?,
            places,
        })
    }

    async fn start_over(&self, done: &mut Done, time: Duration) -> anyhow::Result<()> {
        done.over(time, self.agents.len(), async |_| self.start(&self.places[0]).await, async |_| Ok(())).await
    }

    async fn live_over(&self, done: &mut Done, time: Duration) -> anyhow::Result<()> {
        try_join_all(self.agents.iter().map(|agent| self.come(*agent))).await?;
        let once = async |nth| self.live(self.agents[nth]).await;
        done.over(time, self.agents.len(), once, async |nth| self.go(self.agents[nth]).await).await
    }

    async fn snapshot(&self, agent: AgentKey) -> anyhow::Result<Snapshot> {
        let snapshot = self.command(agent, AgentCommand::Snapshot).await?;
        serde_json::from_slice(&snapshot).context("a snapshot")
    }

    /// The agent begins with a desk on which nothing is but offers.
    async fn come(&self, agent: AgentKey) -> anyhow::Result<()> {
        let snapshot = self.snapshot(agent).await?;
        for left in snapshot.contacts.iter().filter(|contact| contact.state != OFFERED) {
            self.command(agent, AgentCommand::Close(left.id()?)).await?;
        }
        self.set_status(agent, &snapshot, "ROUTABLE").await
    }

    /// The agent goes Offline, so that what is offered to nobody any more goes to those who still wait.
    async fn go(&self, agent: AgentKey) -> anyhow::Result<()> {
        let snapshot = self.snapshot(agent).await?;
        self.set_status(agent, &snapshot, "OFFLINE").await
    }

    async fn set_status(&self, agent: AgentKey, snapshot: &Snapshot, kind: &str) -> anyhow::Result<()> {
        let status = snapshot.statuses.iter().find(|status| status.r#type == kind).context("a status of each type")?;
        let id = status.agent_status_id.parse().context("the id of a status")?;
        self.command(agent, AgentCommand::SetStatus(id)).await?;
        Ok(())
    }

    async fn start(&self, place: &Place) -> anyhow::Result<()> {
        let request = Unsigned::start_task(place, 0, None)?;
        let route = wire::route(request.method, &request.path)?;
        let bound = wire::bind(&route, &request.query, request.body.as_bytes())?;
        self.backend.call(bound, self.caller.clone()).await?;
        Ok(())
    }

    /// Starts a task and carries one through: there are as many tasks as agents who wait for one, so that each gets one, if not their own.
    async fn live(&self, agent: AgentKey) -> anyhow::Result<()> {
        let mut changes = self.desk.changes().subscribe(agent);
        self.start(&self.places[1]).await?;
        let contact = loop {
            let snapshot = self.snapshot(agent).await?;
            match snapshot.contacts.iter().find(|contact| contact.state == OFFERED) {
                Some(contact) => break contact.id()?,
                None => changes.changed().await,
            }
        };
        for command in [AgentCommand::Accept(contact), AgentCommand::End(contact), AgentCommand::Close(contact)] {
            self.command(agent, command).await?;
        }
        Ok(())
    }

    async fn command(&self, agent: AgentKey, command: AgentCommand) -> anyhow::Result<bytes::Bytes> {
        Ok(self.desk.command(agent, Command::Agent(command)).await?)
    }
}

impl Done {
    /// Does something over and over, so many at a time, until so much time has passed and what was begun is done.
    async fn over(
        &mut self,
        time: Duration,
        at_a_time: usize,
        once: impl AsyncFn(usize) -> anyhow::Result<()>,
        at_end: impl AsyncFn(usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let latencies = RefCell::new(&mut self.latencies);
        let watch = Stopwatch::start();
        try_join_all((0..at_a_time).map(async |nth| {
            while watch.elapsed() < time {
                let watch = Stopwatch::start();
                once(nth).await?;
                latencies.borrow_mut().record(watch.elapsed());
            }
            at_end(nth).await
        }))
        .await?;
        self.seconds += watch.elapsed().as_secs_f64();
        Ok(())
    }

    fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.seconds
    }

    fn print(&self, name: &str) {
        let took = self.latencies.distribution();
        let (count, rate) = (self.latencies.count(), self.rate());
        println!(
            "{name:<8} {count:>9} {rate:>9.0} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
            took.p50, took.p90, took.p99, took.max
        );
    }
}
