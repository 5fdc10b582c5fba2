//! The servers that are measured: processes of their own, so that their time and memory are told apart.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;

use super::connection::Connection;
use super::machine;
use super::signer::Signer;

/// What a server prints when it can be reached.
pub(super) const LISTENING: &str = "listening on ";

/// A running server.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    process: Option<Process>,
}

/// A process that ends with this value.
struct Process {
    child: Child,
    /// The bare server ends when this is closed.
    _input: Option<ChildStdin>,
    /// A server that prints must find a reader.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// One that runs already.
    pub(super) fn elsewhere(url: &str) -> anyhow::Result<Server> {
        let host = url.strip_prefix("http://").context("--url begins with http://")?.trim_end_matches('/');
        let address = host.to_socket_addrs().with_context(|| format!("--url {url} needs a host and a port"))?.next();
        let address = address.with_context(|| format!("--url {url} has no address"))?;
        anyhow::ensure!(address.ip().is_loopback(), "--url {url} is another machine; the bench loads this one only");
        Ok(Server { address, process: None })
    }

    /// `callboard serve` with its defaults on a data directory; ready when this returns.
    pub(super) fn durable(data_dir: &Path, signer: &Signer) -> anyhow::Result<Server> {
        let mut command = own_executable(signer)?;
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-filter", "warn", "--data-dir"]).arg(data_dir);
        Server::start(command)
    }

    /// The same without anything behind the edge.
    pub(super) fn bare(signer: &Signer) -> anyhow::Result<Server> {
        let mut command = own_executable(signer)?;
        command.args(["bench", "bare", "--listen", "127.0.0.1:0"]);
        Server::start(command)
    }

    fn start(mut command: Command) -> anyhow::Result<Server> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("start a server")?;
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("it is piped"));
        let mut process = Process { child, _input: input, _output: BufReader::new(output) };
        let mut line = String::new();
        while process._output.read_line(&mut line)? > 0 {
            if let Some(url) = line.strip_prefix(LISTENING) {
                return Ok(Server { process: Some(process), ..Server::elsewhere(url.trim())? });
            }
            line.clear();
        }
        anyhow::bail!("a server ended before it listened: {}", process.child.wait()?)
    }

    /// Seconds of processor time it has used; zero of one that runs elsewhere.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.process.as_ref().map_or(Ok(0.0), |process| machine::cpu_seconds(process.child.id()))
    }

    /// Its resident memory in bytes; zero of one that runs elsewhere.
    pub(super) fn resident_bytes(&self) -> anyhow::Result<u64> {
        self.process.as_ref().map_or(Ok(0), |process| machine::resident_bytes(process.child.id()))
    }

    /// Its metrics by name, with the labels that the exporter gave them.
    pub(super) async fn metrics(&self) -> anyhow::Result<Metrics> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.send(b"GET /metrics HTTP/1.1\r\nhost: callboard.bench\r\n\r\n").await?.succeeded()?;
        let text = std::str::from_utf8(answer.body)?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let values = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(Metrics(values.collect()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server counts.
pub(super) struct Metrics(HashMap<String, f64>);

impl Metrics {
    /// One value; zero where there is none.
    pub(super) fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// How much one has grown since.
    pub(super) fn growth(&self, before: &Metrics, name: &str) -> f64 {
        self.value(name) - before.value(name)
    }
}

/// This program with the access key in its environment, and no settings but the defaults.
fn own_executable(signer: &Signer) -> anyhow::Result<Command> {
    let program: PathBuf = std::env::current_exe().context("the path of this program")?;
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLBOARD_")) {
        command.env_remove(name);
    }
    command.env("CALLBOARD_ROOT_ACCESS_KEY_ID", &signer.access_key_id);
    command.env("CALLBOARD_ROOT_SECRET_ACCESS_KEY", &signer.secret_access_key);
    Ok(command)
}
