//! Who is signed in and follows an event stream: what the server's agent interface has in memory, and tells the loops.
//!
//! It ends with the process. What is told, and in which order, is the product's ([`ConnectionsTold`]); sessions and their
//! time are repeated here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use engine::{InstanceId, UserId};
use service::{AgentCommand, Connections, ConnectionsTold};

use crate::process::CallId;

/// How long a session lasts without being used, in milliseconds.
const SESSION_IDLE_MS: i64 = 200_000;
/// How long a session lasts at most, in seconds.
pub(crate) const SESSION_SECONDS_MAX: u32 = 500;
/// Time after which what could not be told is told again, in milliseconds.
const TELL_AGAIN_MS: i64 = 1_000;

/// A user of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AgentKey {
    pub(crate) instance: InstanceId,
    pub(crate) user: UserId,
}

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionId(u64);

/// An open event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId(u64);

#[derive(Clone, Copy, Debug)]
struct Session {
    agent: AgentKey,
    created_ms: i64,
    used_ms: i64,
}

impl Session {
    fn ends_ms(&self, is_followed: bool) -> i64 {
        let at_the_latest = self.created_ms + i64::from(SESSION_SECONDS_MAX) * 1_000;
        if is_followed { at_the_latest } else { at_the_latest.min(self.used_ms + SESSION_IDLE_MS) }
    }
}

#[derive(Debug)]
struct Stream {
    agent: AgentKey,
    /// The session that it belongs to; a program's to none.
    session: Option<SessionId>,
    /// What the stream has to do.
    next: Next,
    /// The snapshot that it carried last.
    shown: Vec<u8>,
}

/// What a stream has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Begin, when the loop knows of it.
    Begin,
    /// Read a snapshot.
    Read,
    /// Wait for the snapshot that is being read; whether it has changed since that was asked for.
    Take { changed: bool },
    /// Wait for a change.
    Wait,
}

/// What a client waits for until the loop knows of it.
#[derive(Clone, Copy, Debug)]
enum Begun {
    Session(SessionId),
    Stream(StreamId),
}

#[derive(Debug, Default)]
struct Telling {
    told: ConnectionsTold,
    /// What is on its way.
    saying: Option<AgentCommand>,
    /// Since when.
    since_ms: i64,
    /// When the rest is told, after a failure.
    again_ms: Option<i64>,
    begun: VecDeque<Begun>,
    /// Whether the loop knows for sure of a stream.
    is_followed: bool,
    /// Since when the loop may know that the stream is gone, if that is the last that it was told.
    left_ms: Option<i64>,
    /// Whether somebody chose a status for the agent since that was said, or had not been answered by then.
    is_chosen: bool,
}

/// How a loop took what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Well, and it is durable.
    Heard,
    /// There is no such user, or no such instance.
    NobodyThere,
    /// It failed, and has happened or not.
    Failed,
}

/// What a loop should know of a user, when nothing is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) connections: Connections,
    /// Whether there was a stream, and has not been gone for so long that the agent may be signed out.
    pub(crate) is_gone: bool,
}

/// The sessions and streams of a process.
#[derive(Debug, Default)]
pub(crate) struct Attendance {
    sessions: BTreeMap<SessionId, Session>,
    streams: BTreeMap<StreamId, Stream>,
    tellings: BTreeMap<AgentKey, Telling>,
    /// Calls that choose an agent's status, until they are answered.
    choices: BTreeMap<CallId, AgentKey>,
    made: u64,
}

impl Attendance {
    /// Somebody signs in.
    pub(crate) fn sign_in(&mut self, agent: AgentKey, now_ms: i64) -> SessionId {
        self.made += 1;
        let id = SessionId(self.made);
        self.sessions.insert(id, Session { agent, created_ms: now_ms, used_ms: now_ms });
        self.tellings.entry(agent).or_default().begun.push_back(Begun::Session(id));
        id
    }

    /// Somebody opens an event stream.
    pub(crate) fn open(&mut self, agent: AgentKey, session: Option<SessionId>) {
        self.made += 1;
        let id = StreamId(self.made);
        self.streams.insert(id, Stream { agent, session, next: Next::Begin, shown: Vec::new() });
        self.tellings.entry(agent).or_default().begun.push_back(Begun::Stream(id));
    }

    /// A stream breaks, or its browser is closed. Its session was in use until then.
    pub(crate) fn lose(&mut self, stream: StreamId, now_ms: i64) {
        let session = self.streams.remove(&stream).and_then(|stream| stream.session);
        session.into_iter().for_each(|session| self.use_session(session, now_ms));
    }

    /// The snapshots of an agent may have changed.
    pub(crate) fn changed(&mut self, agent: AgentKey) {
        for stream in self.streams.values_mut().filter(|stream| stream.agent == agent) {
            stream.next = match stream.next {
                Next::Begin => Next::Begin,
                Next::Read | Next::Wait => Next::Read,
                Next::Take { .. } => Next::Take { changed: true },
            };
        }
    }

    /// An instance is gone: its streams learn of that.
    pub(crate) fn instance_gone(&mut self, instance: InstanceId) {
        let agents: BTreeSet<AgentKey> = self.streams.values().map(|stream| stream.agent).collect();
        agents.into_iter().filter(|agent| agent.instance == instance).for_each(|agent| self.changed(agent));
    }

    /// The streams that read a snapshot now, and whose.
    pub(crate) fn read(&mut self) -> Vec<(StreamId, AgentKey)> {
        let reading = self.streams.iter_mut().filter(|(_, stream)| stream.next == Next::Read);
        let reading = reading.map(|(id, stream)| {
            stream.next = Next::Take { changed: false };
            (*id, stream.agent)
        });
        reading.collect()
    }

    /// Whether a stream has a snapshot to read.
    pub(crate) fn has_to_read(&self) -> bool {
        self.streams.values().any(|stream| stream.next == Next::Read)
    }

    /// A snapshot was read.
    pub(crate) fn show(&mut self, id: StreamId, snapshot: Vec<u8>) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.next = if stream.next == (Next::Take { changed: true }) { Next::Read } else { Next::Wait };
            stream.shown = snapshot;
        }
    }

    /// What each stream carried last.
    pub(crate) fn shown(&self) -> BTreeMap<StreamId, String> {
        let shown = self.streams.iter().filter(|(_, stream)| stream.next == Next::Wait);
        shown.map(|(id, stream)| (*id, String::from_utf8_lossy(&stream.shown).into_owned())).collect()
    }

    /// Has all streams read once more, although nothing has changed.
    pub(crate) fn read_all_again(&mut self) {
        self.streams
            .values_mut()
            .filter(|stream| stream.next == Next::Wait)
            .for_each(|stream| stream.next = Next::Read);
    }

    /// Whose a stream is.
    pub(crate) fn agent_of(&self, stream: StreamId) -> Option<AgentKey> {
        self.streams.get(&stream).map(|stream| stream.agent)
    }

    /// Somebody makes a request.
    pub(crate) fn use_session(&mut self, session: SessionId, now_ms: i64) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.used_ms = now_ms;
        }
    }

    /// A session is over, and its streams with it.
    pub(crate) fn end(&mut self, session: SessionId) {
        self.sessions.remove(&session);
        self.streams.retain(|_, stream| stream.session != Some(session));
    }

    /// Ends the sessions whose time is over. Who has to be told of something.
    pub(crate) fn sweep(&mut self, now_ms: i64) -> BTreeSet<AgentKey> {
        let followed = self.followed();
        let over = self.sessions.iter().filter(|(id, session)| session.ends_ms(followed.contains(id)) <= now_ms);
        let over: Vec<(SessionId, AgentKey)> = over.map(|(id, session)| (*id, session.agent)).collect();
        over.iter().for_each(|(session, _)| self.end(*session));
        let again = self.tellings.iter_mut().filter(|(_, telling)| telling.again_ms.is_some_and(|at| at <= now_ms));
        let again = again.map(|(agent, telling)| {
            telling.again_ms = None;
            *agent
        });
        again.chain(over.into_iter().map(|(_, agent)| agent)).collect()
    }

    /// When a session ends or something is told again.
    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        let followed = self.followed();
        let ends = self.sessions.iter().map(|(id, session)| session.ends_ms(followed.contains(id)));
        ends.chain(self.tellings.values().filter_map(|telling| telling.again_ms)).min()
    }

    fn followed(&self) -> BTreeSet<SessionId> {
        self.streams.values().filter_map(|stream| stream.session).collect()
    }

    /// The sessions of a user.
    pub(crate) fn sessions(&self, agent: AgentKey) -> Vec<SessionId> {
        let own = self.sessions.iter().filter(|(_, session)| session.agent == agent);
        own.map(|(id, _)| *id).collect()
    }

    /// The streams of a user.
    pub(crate) fn streams(&self, agent: AgentKey) -> Vec<StreamId> {
        self.streams.iter().filter(|(_, stream)| stream.agent == agent).map(|(id, _)| *id).collect()
    }

    fn connections(&self, agent: AgentKey) -> Connections {
        Connections { session: !self.sessions(agent).is_empty(), stream: !self.streams(agent).is_empty() }
    }

    /// What the loop is to be told now; one thing at a time.
    pub(crate) fn say(&mut self, agent: AgentKey, now_ms: i64) -> Option<AgentCommand> {
        let now = self.connections(agent);
        let telling = self.tellings.entry(agent).or_default();
        if telling.saying.is_some() {
            return None;
        }
        telling.saying = telling.told.say(now);
        telling.since_ms = now_ms;
        telling.is_chosen = self.choices.values().any(|chosen| *chosen == agent);
        if telling.saying.is_none() {
            for begun in telling.begun.drain(..) {
                if let Begun::Stream(stream) = begun
                    && let Some(stream) = self.streams.get_mut(&stream)
                {
                    stream.next = Next::Read;
                }
            }
            telling.again_ms = None;
        }
        telling.saying.clone()
    }

    /// A call is on its way that chooses an agent's status.
    pub(crate) fn choose(&mut self, call: CallId, agent: AgentKey) {
        self.choices.insert(call, agent);
        if let Some(telling) = self.tellings.get_mut(&agent) {
            telling.is_chosen = true;
        }
    }

    /// A call of a client was answered.
    pub(crate) fn forget_choice(&mut self, call: CallId) {
        self.choices.remove(&call);
    }

    /// Whether the loop is being told that an agent has signed out, and nobody chooses a status meanwhile.
    pub(crate) fn signs_out_for_good(&self, agent: AgentKey) -> bool {
        let telling = self.tellings.get(&agent);
        telling.is_some_and(|telling| telling.saying == Some(AgentCommand::SignedOut) && !telling.is_chosen)
    }

    /// A loop has answered. What a client waited for is given up when it failed, and what is left is told again.
    pub(crate) fn answered(&mut self, agent: AgentKey, taken: Taken, now_ms: i64) {
        let Some(telling) = self.tellings.get_mut(&agent) else { return };
        let said = telling.saying.take();
        match taken {
            Taken::Heard => {
                telling.told.heard();
                let has_left = telling.is_followed && said == Some(AgentCommand::Disconnected);
                telling.left_ms = has_left.then_some(telling.since_ms);
                telling.is_followed = said == Some(AgentCommand::Connected);
            }
            Taken::NobodyThere => {
                self.tellings.remove(&agent);
                self.streams.retain(|_, stream| stream.agent != agent);
            }
            Taken::Failed => {
                telling.again_ms = Some(now_ms + TELL_AGAIN_MS);
                telling.is_followed = false;
                match telling.begun.pop_front() {
                    Some(Begun::Session(session)) => self.end(session),
                    Some(Begun::Stream(stream)) => self.lose(stream, now_ms),
                    None => {}
                }
            }
        }
    }

    /// What is on its way to a loop.
    pub(crate) fn saying(&self, agent: AgentKey) -> Option<&AgentCommand> {
        self.tellings.get(&agent)?.saying.as_ref()
    }

    /// What the loop was told of a user in this process; none while it is being told of something.
    pub(crate) fn known(&self, agent: AgentKey, now_ms: i64) -> Option<Known> {
        let Some(telling) = self.tellings.get(&agent) else { return Some(Known::default()) };
        let is_settled = telling.saying.is_none() && telling.again_ms.is_none();
        let connections = self.connections(agent);
        // Who has no session is signed out by then.
        let until = |left_ms: i64| left_ms + i64::from(SESSION_SECONDS_MAX) * 1_000;
        let is_gone = telling.left_ms.is_some_and(|left_ms| connections.session || now_ms < until(left_ms));
        is_settled.then_some(Known { connections, is_gone })
    }

    /// Whether the loop of an instance knows for sure of somebody who is there.
    pub(crate) fn is_anybody_at(&self, instance: InstanceId) -> bool {
        let mut here = self.tellings.keys().filter(|agent| agent.instance == instance);
        here.any(|agent| self.known(*agent, 0).is_some_and(|known| known.connections != Connections::default()))
    }
}
