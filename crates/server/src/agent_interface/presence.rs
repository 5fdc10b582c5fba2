//! Whether an agent has an event stream open, told to the desk in the right order.
//!
//! Streams open and close at any time, and the desk must end up with the truth. So nobody tells it what happened: who
//! has an agent's turn compares what is true now with what the desk was told last, and tells the difference.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use service::AgentCommand;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;
use tracing::warn;
use wire::WireError;

use super::desk::{AgentKey, Command, Desk};

/// Closed streams whose agents are told of at a time.
const TOLD_AT_ONCE_MAX: usize = 64;
/// How long to wait before a failed telling is tried again, and how often that is done.
const TELL_AGAIN_AFTER: Duration = Duration::from_secs(1);
const TRIES_MAX: u32 = 60;

#[derive(Default)]
struct Entry {
    /// Open streams, and those who are just looking.
    streams: usize,
    /// Whether the desk was told last that there are streams. Who has the lock has the agent's turn.
    told: Arc<tokio::sync::Mutex<bool>>,
}

/// The agents with open streams.
pub struct Presence {
    desk: Arc<dyn Desk>,
    agents: Mutex<HashMap<AgentKey, Entry>>,
    closed: UnboundedSender<AgentKey>,
}

/// An open stream; the agent's last one is told of when it is dropped.
pub struct OpenStream {
    presence: Arc<Presence>,
    agent: AgentKey,
}

impl Presence {
    /// Nobody is there yet. The receiver is for [`tell_closed`].
    pub fn new(desk: Arc<dyn Desk>) -> (Arc<Presence>, UnboundedReceiver<AgentKey>) {
        let (closed, receiver) = unbounded_channel();
        (Arc::new(Presence { desk, agents: Mutex::default(), closed }), receiver)
    }

    /// Counts a stream; the desk knows of it when this returns.
    pub async fn open(self: &Arc<Self>, agent: AgentKey) -> Result<OpenStream, WireError> {
        self.lock().entry(agent).or_default().streams += 1;
        let open = OpenStream { presence: Arc::clone(self), agent };
        self.tell(agent).await.map(|()| open)
    }

    /// Tells the desk what is true now.
    async fn tell(&self, agent: AgentKey) -> Result<(), WireError> {
        let Some(told) = self.lock().get(&agent).map(|entry| Arc::clone(&entry.told)) else { return Ok(()) };
        let mut told = told.lock().await;
        let present = self.lock().get(&agent).is_some_and(|entry| entry.streams > 0);
        if present != *told {
            let command = if present {
                Command::Agent(AgentCommand::Connected)
            } else {
                Command::Agent(AgentCommand::Disconnected)
            };
            self.desk.command(agent, command).await?;
            *told = present;
        }
        let mut agents = self.lock();
        if !*told && agents.get(&agent).is_some_and(|entry| entry.streams == 0) {
            agents.remove(&agent);
        }
        Ok(())
    }

    async fn tell_until_heard(&self, agent: AgentKey) {
        for _ in 0..TRIES_MAX {
            match self.tell(agent).await {
                Ok(()) => return,
                // The user or the instance is gone, and its presence with it.
                Err(error) if error.status == 404 => {
                    self.lock().remove(&agent);
                    return;
                }
                Err(error) => {
                    warn!(agent.id = %agent.user, "Telling that agent {} is gone failed: {error}", agent.user);
                }
            }
            sleep(TELL_AGAIN_AFTER).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgentKey, Entry>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the desk of closed streams, for as long as the server runs.
pub async fn tell_closed(presence: &Presence, closed: UnboundedReceiver<AgentKey>) {
    use futures_util::StreamExt as _;
    let closed = futures_util::stream::unfold(closed, async |mut closed| {
        let agent = closed.recv().await?;
        Some((agent, closed))
    });
    closed.for_each_concurrent(TOLD_AT_ONCE_MAX, |agent| presence.tell_until_heard(agent)).await;
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Some(entry) = self.presence.lock().get_mut(&self.agent) {
            entry.streams -= 1;
        }
        // A server that is stopping tells nobody: at the next start all streams are closed.
        let _ = self.presence.closed.send(self.agent);
    }
}
