//! `callboard serve`: takes the data directory, listens, and stops in good order.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use store::Holder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::interval;
use tracing::info;

use crate::administration::IssuedKey;
use crate::agent_interface::AgentInterface;
use crate::application::{Application, EnvironmentSecrets};
use crate::clock;
use crate::config::Config;
use crate::control_socket::ControlSocket;
use crate::event_feed::EventFeed;
use crate::flow_logs::FlowLogSink;
use crate::http::{Edge, Interfaces, Listener, listen};
use crate::runtime::Runtime;
use crate::{open_files, telemetry};

/// Serves until the process is told to stop (SIGTERM or SIGINT), then answers what is in flight and flushes.
pub async fn serve(config: &Config, secrets: EnvironmentSecrets) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    open_files::allow_connections(config.http.connections_max);
    let holder = Holder { command: "serve".to_owned(), listen: None, started: clock::wall_text() };
    let mut application = Application::open(config, secrets.secret_key.as_deref(), &holder).await?;
    if let Some(key) = application.ensure_root_key(secrets.root_key).await? {
        show_root_key(&key)?;
    }
    let listener = Listener::bind(config).await?;
    let url = listener.url()?;
    let paths = {
        let data_dir = application.data_dir();
        data_dir
            .name_holder(&Holder { listen: Some(url.clone()), ..holder })
            .context("name the holder of the data directory")?;
        data_dir.paths().clone()
    };
    let control = ControlSocket::open(&paths.control_socket(), application.administration())?;
    let backend = application.backend();
    let (agents, agents_upkeep) = AgentInterface::new(config, application.desk(&backend))?;
    let keeping = tokio::spawn(Arc::clone(&agents).keep(agents_upkeep));
    let interfaces = Interfaces { agents: Some(agents), events: Some(EventFeed::new(application.event_log())) };
    let edge = Edge::with_interfaces(config, backend, application.access_keys(), interfaces);
    let upkeep = tokio::spawn(upkeep());
    let reopening = reopen_on_hangup(config, application.runtime())?;

    say(&format!("listening on {url}"))?;
    info!(url, data_dir = %paths.root().display(), "Serving {} on {url}", paths.root().display());
    listen(listener, edge, stop).await;

    info!("Stopping: what was answered is durable");
    upkeep.abort();
    keeping.abort();
    if let Some(reopening) = reopening {
        reopening.abort();
        // It holds the runtime no more.
        let _ = reopening.await;
    }
    // The desk goes with it, and the application ends alone.
    let _ = keeping.await;
    control.close().await;
    application.close().await;
    info!("Stopped");
    Ok(())
}

/// Ready when the process is asked to stop.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("Stopping on SIGTERM"),
            _ = interrupt.recv() => info!("Stopping on SIGINT"),
        }
    })
}

/// Opens the file of the flow logs anew at each SIGHUP, if there is one. Without it SIGHUP ends the process, as ever.
fn reopen_on_hangup(config: &Config, runtime: &Arc<Runtime>) -> anyhow::Result<Option<JoinHandle<()>>> {
    let Some(FlowLogSink::File(path)) = config.flow_logs.sink.clone() else { return Ok(None) };
    let mut hangup = signal(SignalKind::hangup())?;
    let runtime = Arc::clone(runtime);
    Ok(Some(tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            info!("The flow logs go on in {}, opened anew on SIGHUP", path.display());
            runtime.flow_logs().reopen();
        }
    })))
}

/// Keeps the metrics small while nobody reads them.
async fn upkeep() {
    let handle = telemetry::install();
    let mut ticks = interval(telemetry::UPKEEP_INTERVAL);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

fn show_root_key(key: &IssuedKey) -> anyhow::Result<()> {
    say(&format!(
        "A root access key was made. It is shown this once; keep it:\n  aws_access_key_id = {}\n  \
         aws_secret_access_key = {}",
        key.access_key_id, key.secret_access_key
    ))
}

/// Says something on standard output, at once even when that is a pipe.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("standard output")
}
