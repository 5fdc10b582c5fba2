//! Streams of server-sent events: a snapshot at each change.
//!
//! A stream is asked for its next event only when the last one is on its way, so that what changes meanwhile is one
//! change, and nothing piles up for a slow reader; one that reads nothing at all is cut off by the connection's time
//! limit for writes. An event's id is a hash of its snapshot: who comes back with the id of what is true still gets
//! nothing until something changes.

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use hyper::body::Frame;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

use super::AgentInterface;
use super::desk::{AgentKey, Command};
use super::presence::OpenStream;
use super::sessions::SessionId;
use crate::changes::Subscription;
use crate::clock;
use service::AgentCommand;

/// Largest snapshot.
const SNAPSHOT_BYTES_MAX: usize = 64 << 10;
/// Bytes of a hash that make an event's id.
const ID_BYTES: usize = 12;

/// A stream of one agent's snapshots.
pub struct Events {
    pub(super) interface: Arc<AgentInterface>,
    pub(super) agent: AgentKey,
    /// The session that the stream belongs to, if it is a person's.
    pub(super) session: Option<SessionId>,
    pub(super) subscription: Subscription<AgentKey>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) last_id: Option<String>,
    pub(super) _open: OpenStream,
}

enum Next {
    Changed,
    Quiet,
    Over,
}

impl Events {
    /// The frames of the stream.
    pub fn frames(self) -> BoxStream<'static, Result<Frame<Bytes>, Infallible>> {
        let begin = (self, Next::Changed);
        let frames = stream::unfold(begin, async |(mut events, next)| {
            let (text, next) = events.next(next).await?;
            Some((Ok(Frame::data(Bytes::from(text))), (events, next)))
        });
        frames.boxed()
    }

    /// The next text, and what to begin with after it; `None` at the end.
    async fn next(&mut self, mut next: Next) -> Option<(String, Next)> {
        let mut heartbeat = std::pin::pin!(sleep(self.interface.heartbeat));
        loop {
            if matches!(next, Next::Over) {
                return None;
            }
            if !self.is_signed_in() {
                return Some((event("signed-out", None, "{}"), Next::Over));
            }
            if matches!(next, Next::Changed) {
                match self.interface.desk.command(self.agent, Command::Agent(AgentCommand::Snapshot)).await {
                    Ok(snapshot) => {
                        if let Some(text) = self.news(&snapshot) {
                            return Some((text, Next::Quiet));
                        }
                    }
                    Err(error) => {
                        let body = super::error_body(&error).to_string();
                        return Some((event("error", None, &body), Next::Over));
                    }
                }
            }
            next = tokio::select! {
                _ = self.stopping.wait_for(|stopping| *stopping) => Next::Over,
                () = self.subscription.changed() => Next::Changed,
                () = &mut heartbeat => return Some((":\n\n".to_owned(), Next::Quiet)),
            };
        }
    }

    /// The event of a snapshot, unless the reader has it.
    fn news(&mut self, snapshot: &[u8]) -> Option<String> {
        if snapshot.len() > SNAPSHOT_BYTES_MAX {
            let (user, bytes) = (self.agent.user, snapshot.len());
            warn!(agent.id = %user, bytes, "The snapshot of agent {user} has {bytes} bytes, more than it should");
        }
        let id = id_of(snapshot);
        if self.last_id.as_ref() == Some(&id) {
            return None;
        }
        let text = event("snapshot", Some(&id), &String::from_utf8_lossy(snapshot));
        self.last_id = Some(id);
        Some(text)
    }

    /// Whether the session lasts; an open stream keeps it from being idle.
    fn is_signed_in(&self) -> bool {
        self.session.is_none_or(|session| self.interface.sessions.find(session, clock::wall_ms()).is_some())
    }
}

/// The id of a snapshot.
fn id_of(snapshot: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(snapshot)[..ID_BYTES])
}

/// An event as it is written. The data is JSON, which may have several lines.
fn event(name: &str, id: Option<&str>, data: &str) -> String {
    let mut text = format!("event: {name}\n");
    if let Some(id) = id {
        text += &format!("id: {id}\n");
    }
    for line in data.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        text += &format!("data: {line}\n");
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn events_are_written_in_lines() {
        let text = event("snapshot", Some("abc"), "{\"Name\":\n\"ann\"}") + &event("signed-out", None, "{}");
        expect![[r#"
            event: snapshot
            id: abc
            data: {"Name":
            data: "ann"}

            event: signed-out
            data: {}

        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn equal_snapshots_have_equal_ids() {
        assert_eq!(id_of(b"{}"), id_of(b"{}"));
        assert_ne!(id_of(b"{}"), id_of(b"{ }"));
    }
}
