//! Who is signed in.
//!
//! Sessions live in memory: a restart ends them all. A token is 256 random bits, of which only a hash is kept, so that
//! what is in memory signs nobody in.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::desk::AgentKey;

/// Sessions that one user may have: another one ends the oldest.
pub const SESSIONS_PER_USER_MAX: usize = 20;
/// Bytes of a token.
const TOKEN_BYTES: usize = 32;

/// How long sessions last, and how many there are.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Without a request or an open stream, in milliseconds.
    pub idle_ms: i64,
    /// In all, in milliseconds.
    pub life_ms: i64,
    /// Of all users together.
    pub sessions_max: usize,
}

/// The hash of a session's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// The session that a token belongs to, if there is one.
    pub fn of(token: &str) -> SessionId {
        SessionId(Sha256::digest(token.as_bytes()).into())
    }
}

#[derive(Clone, Copy, Debug)]
struct Session {
    agent: AgentKey,
    created_ms: i64,
    used_ms: i64,
}

/// A session that was just made.
#[derive(Debug)]
pub struct NewSession {
    /// Its token, told this once.
    pub token: String,
    /// When it ends at the latest, in epoch milliseconds.
    pub expires_ms: i64,
}

/// The sessions of this process. Times are the machine's, in epoch milliseconds.
#[derive(Debug)]
pub struct Sessions {
    bounds: Bounds,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    sessions: HashMap<SessionId, Session>,
    of_agent: HashMap<AgentKey, Vec<SessionId>>,
}

impl Sessions {
    /// None yet.
    pub fn new(bounds: Bounds) -> Sessions {
        Sessions { bounds, known: Mutex::default() }
    }

    /// Begins a session; `None` if there are as many as there may be.
    pub fn begin(&self, agent: AgentKey, now_ms: i64) -> Option<NewSession> {
        let mut token = [0; TOKEN_BYTES];
        getrandom::fill(&mut token).expect("the operating system has randomness");
        let token = BASE64_URL_SAFE_NO_PAD.encode(token);
        let mut known = self.lock();
        let own = known.of_agent.get(&agent).map(Vec::as_slice).unwrap_or_default();
        if own.len() >= SESSIONS_PER_USER_MAX
            && let Some(oldest) = own.iter().min_by_key(|id| known.sessions[id].used_ms).copied()
        {
            known.remove(oldest);
        }
        if known.sessions.len() >= self.bounds.sessions_max {
            return None;
        }
        let id = SessionId::of(&token);
        known.sessions.insert(id, Session { agent, created_ms: now_ms, used_ms: now_ms });
        known.of_agent.entry(agent).or_default().push(id);
        Some(NewSession { token, expires_ms: now_ms + self.bounds.life_ms })
    }

    /// Whose session it is, if it has not ended; it is used by this.
    pub fn find(&self, id: SessionId, now_ms: i64) -> Option<AgentKey> {
        let mut known = self.lock();
        let session = known.sessions.get_mut(&id).filter(|session| self.bounds.holds(session, now_ms))?;
        session.used_ms = now_ms;
        Some(session.agent)
    }

    /// Whether a session is known, without using it.
    pub fn has(&self, id: SessionId) -> bool {
        self.lock().sessions.contains_key(&id)
    }

    /// Whether a user has a session.
    pub fn are_there(&self, agent: AgentKey) -> bool {
        self.lock().of_agent.contains_key(&agent)
    }

    /// Ends a session.
    pub fn end(&self, id: SessionId) {
        self.lock().remove(id);
    }

    /// Forgets the sessions whose time is over. Whose they were.
    pub fn sweep(&self, now_ms: i64) -> BTreeSet<AgentKey> {
        let mut known = self.lock();
        let over = known.sessions.iter().filter(|(_, session)| !self.bounds.holds(session, now_ms));
        let over: Vec<SessionId> = over.map(|(id, _)| *id).collect();
        over.into_iter().filter_map(|id| known.remove(id)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Forgets a session. Whose it was.
    fn remove(&mut self, id: SessionId) -> Option<AgentKey> {
        let agent = self.sessions.remove(&id)?.agent;
        if let Some(own) = self.of_agent.get_mut(&agent) {
            own.retain(|other| *other != id);
            if own.is_empty() {
                self.of_agent.remove(&agent);
            }
        }
        Some(agent)
    }
}

impl Bounds {
    fn holds(&self, session: &Session, now_ms: i64) -> bool {
        now_ms < session.created_ms + self.life_ms && now_ms < session.used_ms + self.idle_ms
    }
}

#[cfg(test)]
mod tests {
    use engine::{InstanceId, UserId};

    use super::*;

    const BOUNDS: Bounds = Bounds { idle_ms: 100, life_ms: 1_000, sessions_max: 30 };

    fn agent(number: u8) -> AgentKey {
        AgentKey { instance: InstanceId::from_bytes([1; 16]), user: UserId::from_bytes([number; 16]) }
    }

    fn begin(sessions: &Sessions, number: u8, now_ms: i64) -> SessionId {
        SessionId::of(&sessions.begin(agent(number), now_ms).unwrap().token)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_at_its_latest_moment() {
        let sessions = Sessions::new(BOUNDS);
        let (idle, busy) = (begin(&sessions, 1, 0), begin(&sessions, 2, 0));
        for now in (0..1_000).step_by(50) {
            assert_eq!(sessions.find(busy, now), Some(agent(2)), "{now}");
        }
        assert_eq!(sessions.find(busy, 1_000), None);
        assert_eq!(sessions.find(idle, 100), None);
        assert_eq!(sessions.find(SessionId::of("no such token"), 0), None);
    }

    #[test]
    fn a_user_has_sessions_until_the_last_is_over() {
        let sessions = Sessions::new(BOUNDS);
        let (first, second) = (begin(&sessions, 1, 0), begin(&sessions, 1, 0));
        sessions.end(first);
        sessions.end(first);
        assert!(sessions.are_there(agent(1)) && sessions.has(second) && !sessions.has(first));
        sessions.end(second);
        assert!(!sessions.are_there(agent(1)));
        let (_, later) = (begin(&sessions, 2, 0), begin(&sessions, 2, 90));
        assert_eq!(sessions.sweep(99), BTreeSet::new());
        assert_eq!(sessions.sweep(100), BTreeSet::from([agent(2)]));
        assert_eq!(sessions.find(later, 100), Some(agent(2)));
        assert!(sessions.are_there(agent(2)));
        assert_eq!(sessions.sweep(200), BTreeSet::from([agent(2)]));
        assert!(!sessions.are_there(agent(2)));
    }

    #[test]
    fn a_user_has_so_many_sessions_and_all_users_together_so_many() {
        let sessions = Sessions::new(BOUNDS);
        let first = begin(&sessions, 1, 0);
        for now in 1..=SESSIONS_PER_USER_MAX {
            begin(&sessions, 1, now as i64);
        }
        assert_eq!(sessions.find(first, 30), None);
        for number in 2..12 {
            begin(&sessions, number, 0);
        }
        assert!(sessions.begin(agent(99), 0).is_none());
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let sessions = Sessions::new(BOUNDS);
        let token = || sessions.begin(agent(1), 0).unwrap().token;
        let (a, b) = (token(), token());
        assert_eq!(a.len(), 43);
        assert_ne!(a, b);
    }
}
