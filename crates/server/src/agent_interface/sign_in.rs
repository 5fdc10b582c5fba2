//! Judging who signs in: how often one may try, and whether the password is right.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use engine::InstanceId;
use tokio::sync::Semaphore;
use wire::WireError;

use super::desk::Credentials;
use crate::passwords;
use crate::throttle::{Bucket, Rate};

/// Passwords that are checked at a time: each takes a processor and 19 MiB for some 20 ms.
const CHECKS_MAX: usize = 2;
/// Sign-ins that may wait for that.
const WAITING_MAX: usize = 200;
/// Addresses, and users, whose tries are remembered.
const REMEMBERED_MAX: usize = 100_000;

/// Tries by whoever makes them, in the machine's time.
struct Tries<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Hash + Eq> Tries<K> {
    fn new(rate: Rate) -> Self {
        Tries { rate, buckets: Mutex::default() }
    }

    /// Counts a try; whether it may be made. Who has not tried for long enough is forgotten; when that makes no room,
    /// strangers may not try.
    fn admit(&self, who: K, now_ms: i64) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED_MAX && !buckets.contains_key(&who) {
            buckets.retain(|_, bucket| !bucket.is_full(self.rate, now_ms));
            if buckets.len() >= REMEMBERED_MAX {
                return false;
            }
        }
        buckets.entry(who).or_insert_with(|| Bucket::full(self.rate, now_ms)).take(self.rate, now_ms)
    }
}

/// The judge of sign-ins.
pub struct Judge {
    by_address: Tries<IpAddr>,
    by_user: Tries<(InstanceId, String, IpAddr)>,
    by_name: Tries<(InstanceId, String)>,
    checks: Arc<Semaphore>,
    waiting: Semaphore,
    /// What the password of nobody is checked against, so that it takes as long.
    nobody: String,
}

impl Judge {
    /// A judge who lets each address, each user at an address, and each user at all addresses together try so often.
    pub fn new(per_address: Rate, per_user: Rate, per_name: Rate) -> anyhow::Result<Judge> {
        let mut password = [0; 32];
        getrandom::fill(&mut password).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let nobody = passwords::hash(&password).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Judge {
            by_address: Tries::new(per_address),
            by_user: Tries::new(per_user),
            by_name: Tries::new(per_name),
            checks: Arc::new(Semaphore::new(CHECKS_MAX)),
            waiting: Semaphore::new(WAITING_MAX),
            nobody,
        })
    }

    /// Counts a try of an address.
    pub fn admit_address(&self, address: IpAddr, now_ms: i64) -> Result<(), WireError> {
        if self.by_address.admit(address, now_ms) {
            return Ok(());
        }
        Err(too_often(&format!("from {address}"), "agents.sign_in_rate_per_address", self.by_address.rate))
    }

    /// Counts a try of a user, who need not exist. Tries from elsewhere count little, so that nobody locks somebody else
    /// out.
    pub fn admit_user(
        &self,
        instance: InstanceId,
        username: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), WireError> {
        let name = username.to_lowercase();
        if !self.by_user.admit((instance, name.clone(), address), now_ms) {
            return Err(too_often("under this name", "agents.sign_in_rate_per_user", self.by_user.rate));
        }
        if !self.by_name.admit((instance, name), now_ms) {
            let whose = "under this name from everywhere";
            return Err(too_often(whose, "agents.sign_in_rate_per_name", self.by_name.rate));
        }
        Ok(())
    }

    /// Whether the password is that of the user. It takes as long when there is no user or no password.
    pub async fn knows(&self, credentials: Option<&Credentials>, password: String) -> Result<bool, WireError> {
        let busy =
            |_| WireError::exception("ThrottlingException", "many are signing in just now; try again in a moment");
        let _place = self.waiting.try_acquire().map_err(busy)?;
        let _check = Arc::clone(&self.checks).acquire_owned().await.map_err(|_| stopping())?;
        let known = credentials.and_then(|credentials| credentials.password_hash.clone());
        let is_known = known.is_some();
        let hash = known.unwrap_or_else(|| self.nobody.clone());
        let matches = tokio::task::spawn_blocking(move || passwords::verify(&hash, &password))
            .await
            .map_err(|_| stopping())??;
        Ok(matches && is_known)
    }
}

fn stopping() -> WireError {
    WireError::internal("the server is stopping")
}

fn too_often(whose: &str, key: &str, rate: Rate) -> WireError {
    let message = format!("too many sign-ins {whose}; there may be {rate} ({key}); wait a little");
    WireError::exception("ThrottlingException", message)
}

#[cfg(test)]
mod tests {
    use engine::UserId;

    use super::*;

    fn judge() -> Judge {
        let rate = |per_second, burst| Rate { per_second, burst };
        Judge::new(rate(1.0, 3.0), rate(0.1, 2.0), rate(1.0, 5.0)).unwrap()
    }

    #[test]
    fn an_address_and_a_user_may_try_so_often() {
        let judge = judge();
        let (first, second) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let admitted = |address, now| (0..9).filter(|_| judge.admit_address(address, now).is_ok()).count();
        assert_eq!((admitted(first, 0), admitted(second, 0)), (3, 3));
        assert_eq!(admitted(first, 1_000), 1);
        let (here, there) = (InstanceId::from_bytes([1; 16]), InstanceId::from_bytes([2; 16]));
        let admitted =
            |instance, name, from| (0..9).filter(|_| judge.admit_user(instance, name, from, 0).is_ok()).count();
        let by_first = (admitted(here, "ann", first), admitted(here, "ANN", first), admitted(there, "ann", first));
        assert_eq!(by_first, (2, 0, 2));
        assert_eq!(judge.admit_user(here, "ann", first, 0).unwrap_err().status, 429);
        // Who is elsewhere can still sign in, as long as not all the world tries.
        assert_eq!((admitted(here, "ann", second), admitted(here, "ann", IpAddr::from([10, 0, 0, 3]))), (2, 1));
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_user_who_has_one_is_known() {
        let judge = judge();
        let hash = crate::passwords::hash(b"correct horse").unwrap();
        let user = UserId::from_bytes([1; 16]);
        let ann = Credentials { user, password_hash: Some(hash) };
        let external = Credentials { user, password_hash: None };
        assert!(judge.knows(Some(&ann), "correct horse".into()).await.unwrap());
        assert!(!judge.knows(Some(&ann), "wrong horse".into()).await.unwrap());
        assert!(!judge.knows(Some(&external), String::new()).await.unwrap());
        assert!(!judge.knows(None, String::new()).await.unwrap());
        let broken = Credentials { user, password_hash: Some("no hash".into()) };
        assert_eq!(judge.knows(Some(&broken), String::new()).await.unwrap_err().status, 500);
    }
}
