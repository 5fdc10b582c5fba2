//! Who is signed in.
//!
//! Sessions live in memory: a restart ends them all. A token is 256 random bits, of which only a hash is kept, so that
//! what is in memory signs nobody in.

use std::collections::HashMap;
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
    sessions: Mutex<HashMap<SessionId, Session>>,
}

impl Sessions {
    /// None yet.
    pub fn new(bounds: Bounds) -> Sessions {
        Sessions { bounds, sessions: Mutex::default() }
    }

    /// Begins a session; `None` if there are as many as there may be.
    pub fn begin(&self, agent: AgentKey, now_ms: i64) -> Option<NewSession> {
        let mut token = [0; TOKEN_BYTES];
        getrandom::fill(&mut token).expect("the operating system has randomness");
        let token = BASE64_URL_SAFE_NO_PAD.encode(token);
        let mut sessions = self.lock();
        let own = || sessions.iter().filter(|(_, session)| session.agent == agent);
        if own().count() >= SESSIONS_PER_USER_MAX
            && let Some(oldest) = own().min_by_key(|(_, session)| session.used_ms).map(|(id, _)| *id)
        {
            sessions.remove(&oldest);
        }
        if sessions.len() >= self.bounds.sessions_max {
            return None;
        }
        sessions.insert(SessionId::of(&token), Session { agent, created_ms: now_ms, used_ms: now_ms });
        Some(NewSession { token, expires_ms: now_ms + self.bounds.life_ms })
    }

    /// Whose session it is, if it has not ended; it is used by this.
    pub fn find(&self, id: SessionId, now_ms: i64) -> Option<AgentKey> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(&id).filter(|session| self.bounds.holds(session, now_ms))?;
        session.used_ms = now_ms;
        Some(session.agent)
    }

    /// Ends a session. Whose it was, if the user has no other.
    pub fn end(&self, id: SessionId) -> Option<AgentKey> {
        let mut sessions = self.lock();
        let agent = sessions.remove(&id)?.agent;
        (!sessions.values().any(|session| session.agent == agent)).then_some(agent)
    }

    /// Forgets the sessions whose time is over. The users who have no other.
    pub fn sweep(&self, now_ms: i64) -> Vec<AgentKey> {
        let mut sessions = self.lock();
        let mut ended = Vec::new();
        sessions.retain(|_, session| {
            let holds = self.bounds.holds(session, now_ms);
            if !holds {
                ended.push(session.agent);
            }
            holds
        });
        ended.sort_unstable();
        ended.dedup();
        if !ended.is_empty() {
            let present: std::collections::HashSet<AgentKey> = sessions.values().map(|session| session.agent).collect();
            ended.retain(|agent| !present.contains(agent));
        }
        ended
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn the_end_of_the_last_session_is_told() {
        let sessions = Sessions::new(BOUNDS);
        let (first, second) = (begin(&sessions, 1, 0), begin(&sessions, 1, 0));
        assert_eq!(sessions.end(first), None);
        assert_eq!(sessions.end(first), None);
        assert_eq!(sessions.end(second), Some(agent(1)));
        let (_, later) = (begin(&sessions, 2, 0), begin(&sessions, 2, 90));
        assert_eq!(sessions.sweep(99), []);
        assert_eq!(sessions.sweep(100), []);
        assert_eq!(sessions.find(later, 100), Some(agent(2)));
        assert_eq!(sessions.sweep(200), [agent(2)]);
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
