//! The access keys that requests are signed with: where their secrets come from, and whose they are.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use engine::UserId;
use service::{AccessKey, Caller, Directory};
use tracing::warn;
use wire::sigv4;

use crate::secrets::Keyring;

/// The keyring of a server; `None` when the key that sealed the secrets is missing.
pub type SharedKeyring = Arc<RwLock<Option<Keyring>>>;

/// Finds the secret of an access key, and who uses it.
pub enum AccessKeys {
    /// One key, known from the start: for the bare server of the bench and for tests.
    Fixed {
        /// Its id.
        id: String,
        /// Its secret.
        secret: Arc<str>,
    },
    /// Those that Callboard issued.
    Issued(IssuedKeys),
}

/// Access keys of the directory, whose secrets are opened once and kept in memory.
pub struct IssuedKeys {
    directory: Arc<Directory>,
    keyring: SharedKeyring,
    account: String,
    opened: RwLock<HashMap<String, Opened>>,
}

/// A secret that has been opened.
struct Opened {
    sealed: Vec<u8>,
    secret: Arc<str>,
}

impl IssuedKeys {
    /// The keys of a directory.
    pub fn new(directory: Arc<Directory>, keyring: SharedKeyring, account: String) -> Self {
        IssuedKeys { directory, keyring, account, opened: RwLock::default() }
    }

    fn secret(&self, key: &AccessKey) -> Option<Arc<str>> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.get(&key.id)
            && known.sealed == key.sealed_secret
        {
            return Some(Arc::clone(&known.secret));
        }
        drop(opened);
        let keyring = self.keyring.read().unwrap_or_else(PoisonError::into_inner);
        match keyring.as_ref()?.open(&key.id, &key.sealed_secret) {
            Ok(secret) => {
                let secret: Arc<str> = secret.into();
                let entry = Opened { sealed: key.sealed_secret.clone(), secret: Arc::clone(&secret) };
                self.opened.write().unwrap_or_else(PoisonError::into_inner).insert(key.id.clone(), entry);
                Some(secret)
            }
            Err(error) => {
                warn!(access_key.id = key.id, "{error}");
                None
            }
        }
    }
}

impl AccessKeys {
    /// Whether an access key that has been verified may act for a user.
    pub fn may_act_for(&self, access_key_id: &str, user: UserId) -> bool {
        match self {
            AccessKeys::Fixed { .. } => false,
            AccessKeys::Issued(keys) => keys.directory.key(access_key_id).is_some_and(|key| key.may_act_for(user)),
        }
    }

    /// Who uses an access key that has been verified.
    pub fn caller(&self, access_key_id: String) -> Caller {
        match self {
            AccessKeys::Fixed { .. } => caller(access_key_id, "000000000000", None),
            AccessKeys::Issued(keys) => {
                let key = keys.directory.key(&access_key_id);
                caller(access_key_id, &keys.account, key.as_ref())
            }
        }
    }
}

fn caller(access_key_id: String, account: &str, key: Option<&AccessKey>) -> Caller {
    match key {
        Some(key) if key.root => Caller { access_key_id, arn: format!("arn:aws:iam::{account}:root"), root: true },
        Some(key) => Caller { access_key_id, arn: format!("arn:aws:iam::{account}:user/{}", key.name), root: false },
        None => Caller { arn: format!("arn:aws:iam::{account}:user/{access_key_id}"), access_key_id, root: false },
    }
}

impl sigv4::Secrets for AccessKeys {
    fn find(&self, access_key_id: &str) -> Option<sigv4::AccessKey> {
        let secret = match self {
            AccessKeys::Fixed { id, secret } if id == access_key_id => Arc::clone(secret),
            AccessKeys::Fixed { .. } => return None,
            AccessKeys::Issued(keys) => keys.secret(&keys.directory.key(access_key_id).filter(|key| key.active)?)?,
        };
        Some(sigv4::AccessKey { secret, session: None })
    }
}
