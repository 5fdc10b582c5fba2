//! Who is there: whether an agent has a session and an event stream, told to the desk in the right order.
//!
//! How what is true becomes what the desk knows: [`ConnectionsTold`].

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use service::{Connections, ConnectionsTold};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::warn;
use wire::WireError;

use super::desk::{AgentKey, Command, Desk};
use super::sessions::{SessionId, Sessions};

/// Agents whom the desk is told of at a time.
const TOLD_AT_ONCE_MAX: usize = 64;

#[derive(Default)]
struct Entry {
    /// The open streams, and the sessions that they belong to; a program's to none.
    streams: HashMap<u64, Option<SessionId>>,
    /// What the desk was told last. Who has the lock has the agent's turn.
    told: Arc<tokio::sync::Mutex<ConnectionsTold>>,
}

/// The agents who are there.
pub struct Presence {
    desk: Arc<dyn Desk>,
    sessions: Arc<Sessions>,
    agents: Mutex<HashMap<AgentKey, Entry>>,
    changed: UnboundedSender<AgentKey>,
    /// Agents of whom the desk is being told, or could not be told, and why. Whoever tells may go away meanwhile.
    untold: Mutex<BTreeMap<AgentKey, Option<String>>>,
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
        let presence = Presence {
            desk,
            sessions,
            agents: Mutex::default(),
            changed,
            untold: Mutex::default(),
            streams: AtomicU64::new(0),
        };
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

    /// Has the desk told again what it could not be told. To be called now and then.
    pub fn tell_again(&self) {
        let untold = std::mem::take(&mut *self.untold());
        let mut causes = untold.values().flatten();
        if let Some(cause) = causes.next() {
            let count = 1 + causes.count();
            warn!(cause, count, "Telling whether {count} agents are there failed and is tried again: {cause}");
        }
        untold.into_keys().for_each(|agent| self.changed(agent));
    }

    /// Tells the desk what is true now; it knows when this returns.
    pub async fn tell(&self, agent: AgentKey) -> Result<(), WireError> {
        self.untold().entry(agent).or_default();
        let turn = Arc::clone(&self.lock().entry(agent).or_default().told);
        let mut told = turn.lock().await;
        let result = self.tell_difference(agent, &mut told).await;
        let mut agents = self.lock();
        match &result {
            Ok(()) => {
                // Who waits for the turn goes on with what was told: besides the entry and this, somebody has it then.
                let is_last = Arc::strong_count(&turn) <= 2;
                if is_last {
                    self.untold().remove(&agent);
                }
                let is_over = |entry: &Entry| Arc::ptr_eq(&entry.told, &turn) && entry.streams.is_empty();
                if is_last && told.is_nothing() && agents.get(&agent).is_some_and(is_over) {
                    agents.remove(&agent);
                }
            }
            // The user or the instance is gone, and its presence with it.
            Err(error) if error.status == 404 => {
                agents.remove(&agent);
                self.untold().remove(&agent);
            }
            Err(error) => {
                let cause = error.cause.as_ref().unwrap_or(&error.message);
                self.untold().insert(agent, Some(cause.clone()));
            }
        }
        result
    }

    async fn tell_difference(&self, agent: AgentKey, told: &mut ConnectionsTold) -> Result<(), WireError> {
        while let Some(command) = told.say(self.connections(agent)) {
            self.desk.command(agent, Command::Agent(command)).await?;
            told.heard();
        }
        Ok(())
    }

    /// What is true now.
    fn connections(&self, agent: AgentKey) -> Connections {
        let lasts = |session: &Option<SessionId>| session.is_none_or(|session| self.sessions.has(session));
        let stream = self.lock().get(&agent).is_some_and(|entry| entry.streams.values().any(lasts));
        Connections { session: self.sessions.are_there(agent), stream }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentKey, Entry>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn untold(&self) -> MutexGuard<'_, BTreeMap<AgentKey, Option<String>>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the desk of agents who have changed, for as long as the server runs.
pub async fn tell_changes(presence: &Presence, changed: UnboundedReceiver<AgentKey>) {
    use futures_util::StreamExt as _;
    let changed = futures_util::stream::unfold(changed, async |mut changed| {
        let agent = changed.recv().await?;
        Some((agent, changed))
    });
    let tell = async |agent| {
        // What failed is noted, and told again.
        let _ = presence.tell(agent).await;
    };
    changed.for_each_concurrent(TOLD_AT_ONCE_MAX, tell).await;
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Some(entry) = self.presence.lock().get_mut(&self.agent) {
            entry.streams.remove(&self.number);
        }
        self.presence.changed(self.agent);
    }
}
