//! `callboard bench`: how much the server does, against what the same machine could do at most.
//!
//! The limit is the *bare* server: the same HTTP edge, the same number of threads and the same decoding down to the
//! typed input, with a constant for an answer. Servers are processes of their own and get the very same bytes, signed
//! before the clock starts, in rounds that take turns, so that a slow minute of the machine slows all of them.
//!
//! Begin with [`StartTask`]; each scenario is a module.

mod bare;
mod compare;
mod connection;
mod desks;
mod due_together;
mod event_stream;
mod flow;
mod instances;
mod latency;
mod lives;
mod load;
mod machine;
mod open_tasks;
mod route;
mod server;
mod setup;
mod signer;
mod start_up;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use store::DataPaths;

use flow::Flow;
use route::Route;
use server::Server;
use signer::Signer;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum BenchVerb {
    /// Start tasks as fast as they are answered: signed, durable, with a flow that queues them.
    ///
    /// Starts a server on a new directory, and a bare one that answers a constant: the limit. Sends both the same
    /// requests in turns, prints rates and latencies, and ends with the line "ratio 0.NN": durable rate over bare rate.
    /// With --open-tasks, --instances, --due-together, --lives or --agents it measures something else, and the last line is the ratio of that.
    StartTask(Box<StartTask>),
    /// Route tasks to agents in memory: no server, no directory, one thread.
    ///
    /// Many tasks wait, all agents work, and each decision takes the next task for an agent who just ended one. Prints rates
    /// and latencies of that, with few tasks, with many, and with criteria on some of them, and ends with the line "ratio 0.NN":
    /// the rate of decisions over that of popping from and pushing onto a plain binary heap with as many keys.
    Route(Route),
    /// Run flows in memory: no server, no directory, one thread.
    ///
    /// Prints what an executed action costs, with and without the trace, and in a short and a long flow, and ends with the line
    /// "ratio 0.NN": what it costs with the trace, over reading the JSON text of the action once.
    Flow(Flow),
    /// The server that answers a constant.
    #[command(hide = true)]
    Bare {
        /// Address and port to listen on.
        #[arg(long)]
        listen: String,
    },
}

/// What to measure, and for how long.
#[derive(Clone, Debug, Args)]
pub struct StartTask {
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Seconds of a round.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Rounds of each server; they take turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// Compare a server that has so many open tasks with one that has none; also memory of a task and start-up.
    #[arg(long, value_name = "N", conflicts_with_all = ["instances", "due_together"])]
    open_tasks: Option<usize>,
    /// Compare a server that has so many instances with one that has one; also start-up.
    #[arg(long, value_name = "N", conflicts_with = "due_together")]
    instances: Option<usize>,
    /// How many of the instances get the load.
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "instances")]
    busy: usize,
    /// Open tasks in each of the instances before it starts.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "instances")]
    tasks_each: usize,
    /// Schedule so many tasks for the same second, and see what other requests notice of it.
    #[arg(long, value_name = "N")]
    due_together: Option<usize>,
    /// Compare starting tasks with their whole lives, from start to close, in the instance loops and without HTTP. As many agents as connections.
    #[arg(long, conflicts_with_all = ["open_tasks", "instances", "due_together"])]
    lives: bool,
    /// So many agents carry tasks through their lives at their event streams; see when they see offers. One round.
    #[arg(long, value_name = "N", conflicts_with_all = ["open_tasks", "instances", "due_together", "lives"])]
    agents: Option<usize>,
    /// Tasks a second that they get.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..), requires = "agents")]
    rate: u16,
    /// Measure a server that runs on this machine already, such as http://127.0.0.1:8080. Its access key is taken from
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. It gets an instance of its own, which stays.
    #[arg(long, conflicts_with_all = ["open_tasks", "instances", "due_together", "lives", "agents"])]
    url: Option<String>,
    /// Region that requests to --url are signed for.
    #[arg(long, default_value = "us-east-1", requires = "url")]
    region: String,
    /// Where a directory for the databases is made.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Leave that directory there.
    #[arg(long)]
    keep: bool,
}

impl BenchVerb {
    /// Measures, and prints what was measured.
    ///
    /// # Errors
    /// The directory is in memory, a server does not start, or an answer is not a success.
    pub fn run(self) -> anyhow::Result<()> {
        // One thread: the generator leaves the others to the servers.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        match self {
            BenchVerb::StartTask(options) => runtime.enable_all().build()?.block_on(async {
                tokio::select! {
                    measured = options.measure() => measured,
                    // Servers and directory are given up in good order.
                    _ = tokio::signal::ctrl_c() => bail!("interrupted"),
                }
            }),
            BenchVerb::Route(options) => options.measure(),
            BenchVerb::Flow(options) => options.measure(),
            BenchVerb::Bare { listen } => {
                tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(bare::serve(&listen))
            }
        }
    }
}

impl StartTask {
    async fn measure(&self) -> anyhow::Result<()> {
        let bench = Bench::new(self)?;
        if let Some(agents) = self.agents {
            return desks::measure(&bench, agents).await;
        }
        match (self.open_tasks, self.instances, self.due_together) {
            (Some(count), ..) => open_tasks::measure(&bench, count).await,
            (_, Some(count), _) => instances::measure(&bench, count).await,
            (.., Some(count)) => due_together::measure(&bench, count).await,
            _ if self.lives => lives::measure(&bench).await,
            _ => compare::measure(&bench).await,
        }
    }
}

/// A run of the bench: its options, its directory, its access key.
struct Bench<'o> {
    options: &'o StartTask,
    directory: Directory,
    signer: Signer,
}

impl<'o> Bench<'o> {
    fn new(options: &'o StartTask) -> anyhow::Result<Bench<'o>> {
        let directory = Directory::create(options)?;
        let variable = |name: &str| std::env::var(name).with_context(|| format!("--url needs {name}"));
        let (access_key_id, secret_access_key) = match &options.url {
            Some(_) => (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?),
            None => ("CBBENCHBENCHBENCHBEN".to_owned(), "of this machine, for as long as a bench runs".to_owned()),
        };
        let signer = Signer { access_key_id, secret_access_key, region: options.region.clone() };
        let bench = Bench { options, directory, signer };
        bench.print_machine()?;
        Ok(bench)
    }

    fn print_machine(&self) -> anyhow::Result<()> {
        let StartTask { connections, rounds, seconds, .. } = self.options;
        let kind = machine::file_system(&self.directory.path)?;
        if machine::is_memory(&kind) {
            bail!(
                "{} is on {kind}, where nothing is durable; give a directory on a disk with --dir",
                self.options.dir.display()
            );
        }
        println!("{connections} connections, {rounds} rounds of {seconds} s each, in turns");
        if self.options.keep {
            println!("{} will be kept", self.directory.path.display());
        }
        let sync = machine::fdatasync_p50(&self.directory.path)?;
        println!("{} processors; file system {kind}, fdatasync p50 {sync:.2} ms", processors()?);
        Ok(())
    }

    /// The data directory of that name.
    fn data_dir(&self, name: &str) -> PathBuf {
        self.directory.path.join(name)
    }

    /// The database of that data directory.
    fn database(&self, name: &str) -> PathBuf {
        DataPaths::new(self.data_dir(name)).database()
    }

    fn durable(&self, name: &str) -> anyhow::Result<Server> {
        Server::durable(&self.data_dir(name), &self.signer)
    }

    fn round(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    fn connections(&self) -> usize {
        usize::from(self.options.connections)
    }
}

/// A directory that is removed in the end.
struct Directory {
    path: PathBuf,
    keep: bool,
}

impl Directory {
    fn create(options: &StartTask) -> anyhow::Result<Directory> {
        let path = options.dir.join(format!("callboard-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(Directory { path, keep: options.keep })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}

fn processors() -> anyhow::Result<usize> {
    Ok(std::thread::available_parallelism()?.get())
}

/// Bytes of a file; zero if there is none.
fn file_bytes(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}
