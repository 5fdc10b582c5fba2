//! Who is there: whether an agent has a session and an event stream, told to the desk in the right order.
//!
//! Sessions and streams come and go at any time, and the desk must end up with the truth. So nobody tells it what
//! happened: who has an agent's turn compares what is true now with what the desk was told last, and tells the
//! difference.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use service::AgentCommand;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;
use tracing::warn;
use wire::WireError;

use super::desk::{AgentKey, Command, Desk};
use super::sessions::{SessionId, Sessions};

/// Agents whom the desk is told of at a time.
const TOLD_AT_ONCE_MAX: usize = 64;
/// How long to wait before a failed telling is tried again, and how often that is done.
const TELL_AGAIN_AFTER: Duration = Duration::from_secs(1);
const TRIES_MAX: u32 = 60;

/// What is true of an agent, or what the desk believes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Truth {
    /// A person is signed in.
    session: bool,
    /// There is a stream, of a session that lasts or of a program.
    stream: bool,
}

#[derive(Default)]
struct Entry {
    /// The open streams, and the sessions that they belong to; a program's to none.
    streams: HashMap<u64, Option<SessionId>>,
    /// What the desk was told last. Who has the lock has the agent's turn.
    told: Arc<tokio::sync::Mutex<Truth>>,
}

/// The agents who are there.
pub struct Presence {
    desk: Arc<dyn Desk>,
    sessions: Arc<Sessions>,
    agents: Mutex<HashMap<AgentKey, Entry>>,
    changed: UnboundedSender<AgentKey>,
    streams: AtomicU64,
}

/// An open stream, until it is dropped.
pub struct OpenStream {
    presence: Arc<Presence>,
    agent: AgentKey,
    number: u64,
}

impl Presence {
    /// Nobody is there yet. The receiver is for [`tell_changes`].
    pub fn new(desk: Arc<dyn Desk>, sessions: Arc<Sessions>) -> (Arc<Presence>, UnboundedReceiver<AgentKey>) {
        let (changed, receiver) = unbounded_channel();
        let presence = Presence { desk, sessions, agents: Mutex::default(), changed, streams: AtomicU64::new(0) };
        (Arc::new(presence), receiver)
    }

    /// Counts a stream; the desk knows of it when this returns.
    pub async fn open(self: &Arc<Self>, agent: AgentKey, session: Option<SessionId>) -> Result<OpenStream, WireError> {
        let number = self.streams.fetch_add(1, Ordering::Relaxed);
        self.lock().entry(agent).or_default().streams.insert(number, session);
        let open = OpenStream { presence: Arc::clone(self), agent, number };
        self.tell(agent).await.map(|()| open)
    }

    /// Sees to it that the desk hears what has changed about an agent, sooner or later.
    pub fn changed(&self, agent: AgentKey) {
        // A server that is stopping tells nobody: at the next start there are neither sessions nor streams.
        let _ = self.changed.send(agent);
    }

    /// Tells the desk what is true now; it knows when this returns.
    pub async fn tell(&self, agent: AgentKey) -> Result<(), WireError> {
        let told = Arc::clone(&self.lock().entry(agent).or_default().told);
        let mut told = told.lock().await;
        let result = self.tell_difference(agent, &mut told).await;
        let mut agents = self.lock();
        if *told == Truth::default() && agents.get(&agent).is_some_and(|entry| entry.streams.is_empty()) {
            agents.remove(&agent);
        }
        result
    }

    async fn tell_difference(&self, agent: AgentKey, told: &mut Truth) -> Result<(), WireError> {
        let now = self.truth(agent);
        if told.session && !now.session {
            self.say(agent, AgentCommand::SignedOut).await?;
            // To the desk nothing is left of the person, not even another's stream.
            *told = Truth::default();
        }
        if now.session && !told.session {
            self.say(agent, AgentCommand::SignedIn).await?;
            told.session = true;
        }
        if now.stream != told.stream {
            let command = if now.stream { AgentCommand::Connected } else { AgentCommand::Disconnected };
            self.say(agent, command).await?;
            told.stream = now.stream;
        }
        Ok(())
    }

    fn truth(&self, agent: AgentKey) -> Truth {
        let lasts = |session: &Option<SessionId>| session.is_none_or(|session| self.sessions.has(session));
        let stream = self.lock().get(&agent).is_some_and(|entry| entry.streams.values().any(lasts));
        Truth { session: self.sessions.are_there(agent), stream }
    }

    async fn say(&self, agent: AgentKey, command: AgentCommand) -> Result<(), WireError> {
        self.desk.command(agent, Command::Agent(command)).await.map(|_| ())
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
                    let cause = error.cause.as_deref().unwrap_or(&error.message);
                    warn!(agent.id = %agent.user, cause, "Telling whether agent {} is there failed: {cause}", agent.user);
                }
            }
            sleep(TELL_AGAIN_AFTER).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentKey, Entry>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the desk of agents who have changed, for as long as the server runs.
pub async fn tell_changes(presence: &Presence, changed: UnboundedReceiver<AgentKey>) {
    use futures_util::StreamExt as _;
    let changed = futures_util::stream::unfold(changed, async |mut changed| {
        let agent = changed.recv().await?;
        Some((agent, changed))
    });
    changed.for_each_concurrent(TOLD_AT_ONCE_MAX, |agent| presence.tell_until_heard(agent)).await;
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Some(entry) = self.presence.lock().get_mut(&self.agent) {
            entry.streams.remove(&self.number);
        }
        self.presence.changed(self.agent);
    }
}
