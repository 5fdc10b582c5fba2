//! The socket in the data directory on which a running server takes commands from its operator.
//!
//! One line of JSON asks, one line answers: `{"Ok": <reply>}` or `{"Error": "<why>"}`. Only the owner of the data
//! directory can reach it (mode 0600), so it needs no signature.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

use crate::administration::{Administration, Command, Reply};

/// Longest line that asks: an import of some hundred flows.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// How long a client may take to ask.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize, Deserialize)]
enum Line {
    Ok(Reply),
    Error(String),
}

/// The open socket. It is removed when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl ControlSocket {
    /// Opens the socket. One that a dead server left is replaced: whoever opens it has the data directory.
    pub fn open(path: &Path, administration: Administration) -> anyhow::Result<ControlSocket> {
        let open = || -> std::io::Result<UnixListener> {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        let listener = open().with_context(|| format!("cannot open control socket {}", path.display()))?;
        let task = tokio::spawn(async move {
            // One after the other: an operator is no crowd.
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        if let Err(error) = answer(stream, &administration).await {
                            warn!(cause = format!("{error:#}"), "A command on the control socket failed: {error:#}");
                        }
                    }
                    Err(error) => {
                        warn!(cause = %error, "The control socket accepts nothing more: {error}");
                        return;
                    }
                }
            }
        });
        Ok(ControlSocket { path: path.to_owned(), task })
    }

    /// Takes no more commands. One that is being performed is given up.
    pub async fn close(mut self) {
        self.task.abort();
        if let Err(error) = (&mut self.task).await
            && !error.is_cancelled()
        {
            warn!(cause = %error, "The control socket had failed: {error}");
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = fs::remove_file(&self.path) {
            warn!(cause = %error, "The control socket {} could not be removed: {error}", self.path.display());
        }
    }
}

async fn answer(mut stream: UnixStream, administration: &Administration) -> anyhow::Result<()> {
    let mut asked = String::new();
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read.take(LINE_BYTES_MAX));
    timeout(ASK_TIMEOUT, read.read_line(&mut asked)).await.context("nothing was asked in time")??;
    let line = match serde_json::from_str::<Command>(&asked) {
        Ok(command) => match administration.perform(command).await {
            Ok(reply) => Line::Ok(reply),
            Err(error) => Line::Error(format!("{error:#}")),
        },
        Err(error) => Line::Error(format!("this server does not understand the command: {error}")),
    };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    write.write_all(&text).await?;
    Ok(())
}

/// Has the running server perform a command; `None` when no server listens.
pub async fn ask(path: &Path, command: &Command) -> anyhow::Result<Option<Reply>> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("control socket {}", path.display())),
    };
    let mut text = serde_json::to_vec(command)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    match serde_json::from_str(&line).context("the server stopped before it answered")? {
        Line::Ok(reply) => Ok(Some(reply)),
        Line::Error(error) => bail!(error),
    }
}
