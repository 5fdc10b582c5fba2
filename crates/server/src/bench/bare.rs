//! The server that is the limit: the edge, and nothing behind it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::spawn_blocking;
use tokio::time::interval;

use super::server::LISTENING;
use crate::application::EnvironmentSecrets;
use crate::config::Config;
use crate::http::{Edge, Listener, listen};
use crate::{AccessKeys, Backend, telemetry};

/// Serves, with the root access key of the environment, until standard input is closed.
pub(super) async fn serve(address: &str) -> anyhow::Result<()> {
    let secrets = EnvironmentSecrets::read(|name| std::env::var(name).ok())?;
    let key = secrets.root_key.context("set CALLBOARD_ROOT_ACCESS_KEY_ID and CALLBOARD_ROOT_SECRET_ACCESS_KEY")?;
    // Nothing of it has to do with a data directory.
    let mut config = Config::defaults(Path::new(""));
    address.clone_into(&mut config.server.listen);
    let listener = Listener::bind(&config).await?;
    println!("{LISTENING}{}", listener.url()?);
    let keys = AccessKeys::Fixed { id: key.access_key_id, secret: Arc::from(key.secret_access_key) };
    let edge = Edge::new(&config, Backend::Bare, keys);
    let upkeep = tokio::spawn(async {
        let mut ticks = interval(telemetry::UPKEEP_INTERVAL);
        loop {
            ticks.tick().await;
            telemetry::install().run_upkeep();
        }
    });
    listen(listener, edge, async {
        // An error ends it as well: then nobody is there any more.
        let _ = spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
    })
    .await;
    upkeep.abort();
    Ok(())
}
