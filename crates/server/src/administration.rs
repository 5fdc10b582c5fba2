//! What operators do with a data directory while it is in use: access keys and backups.
//!
//! The command line sends a [`Command`] to the running server over the control socket, or performs it itself when it
//! can take the data directory.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use service::{AccessKey, ActsFor, ApiError, TracePage};
use store::DataPaths;

use crate::access_keys::SharedKeyring;
use crate::backend::Backend;
use crate::clock;
use crate::flow_import::{self, FlowFile, Imported, Place};
use crate::flow_verb;
use crate::runtime::Runtime;
use crate::secrets::{self, Keyring};

/// What stands for all users in `--acts-for`.
const EVERYBODY: &str = "all";
/// Users that a key may be made for.
const ACTS_FOR_MAX: usize = 100;
/// Name of the root key's user.
const ROOT_NAME: &str = "root";
/// Longest name of a key, as IAM's user names.
const NAME_CHARACTERS_MAX: usize = 64;

/// Something an operator asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "Command", rename_all_fields = "PascalCase")]
pub enum Command {
    /// Issue an access key.
    CreateKey {
        /// Who will use it.
        name: String,
        /// Ids of the users that it may act for, or `all`.
        #[serde(default)]
        acts_for: Vec<String>,
    },
    /// Show the access keys, without their secrets.
    ListKeys,
    /// Accept an access key no longer.
    RevokeKey {
        /// Its id.
        id: String,
    },
    /// Seal all secrets under a new key.
    Rekey,
    /// Tell what flows did with a contact, a page of it.
    Trace {
        /// Id, ARN or alias; the only one, when none is given.
        instance: Option<String>,
        /// Its id.
        contact: String,
        /// Where the page begins; the first one at the start.
        after: Option<String>,
    },
    /// Bring flows into an instance.
    ImportFlows {
        /// Id, ARN or alias.
        instance: String,
        /// What files that do not say it themselves are to be: a flow type, or `MODULE`.
        otherwise: Option<String>,
        /// The files.
        files: Vec<FlowFile>,
    },
    /// Make a consistent copy.
    Backup {
        /// Directory of the copy: a new or empty one.
        to: PathBuf,
    },
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "Reply", rename_all_fields = "PascalCase")]
pub enum Reply {
    /// An access key was issued. Its secret is told this once.
    Key(IssuedKey),
    /// The access keys there are.
    Keys {
        /// In the order of their creation.
        keys: Vec<KeyEntry>,
    },
    /// What flows did with a contact.
    Trace(TracePage),
    /// What an import of flows did.
    Imported(Imported),
    /// It is done.
    Done {
        /// What was done.
        message: String,
    },
}

/// A new access key with its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IssuedKey {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// An access key as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyEntry {
    /// Its id.
    pub access_key_id: String,
    /// Who uses it.
    pub name: String,
    /// Whether it is accepted.
    pub active: bool,
    /// Whether it is the root key.
    pub root: bool,
    /// Whom it may act for: `all`, or ids of users.
    #[serde(default)]
    pub acts_for: Vec<String>,
    /// When it was issued, in epoch milliseconds.
    pub created_ms: i64,
}

/// Performs commands on a running application.
#[derive(Clone)]
pub struct Administration {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) backend: Arc<Backend>,
    pub(crate) keyring: SharedKeyring,
    pub(crate) paths: DataPaths,
    /// Whether attachments are not in the data directory.
    pub(crate) attachments_elsewhere: bool,
}

impl Administration {
    /// Performs a command.
    pub async fn perform(&self, command: Command) -> anyhow::Result<Reply> {
        match command {
            Command::CreateKey { name, acts_for } => self.create_key(&name, &acts_for).await.map(Reply::Key),
            Command::ListKeys => Ok(Reply::Keys { keys: self.list_keys() }),
            Command::RevokeKey { id } => self.revoke_key(&id).await,
            Command::Rekey => self.rekey().await,
            Command::Trace { instance, contact, after } => {
                let instance = match instance {
                    Some(instance) => instance,
                    None => self.runtime.only_instance().map_err(told)?.to_string(),
                };
                let page = self.runtime.trace(&instance, &contact, after.as_deref()).await.map_err(told)?;
                Ok(Reply::Trace(page))
            }
            Command::ImportFlows { instance, otherwise, files } => {
                let otherwise =
                    otherwise.as_deref().map(flow_verb::publishable).transpose().map_err(anyhow::Error::msg)?;
                let place = Place { backend: Arc::clone(&self.backend), runtime: Arc::clone(&self.runtime) };
                flow_import::import(place, &instance, otherwise, &files).await.map(Reply::Imported)
            }
            Command::Backup { to } => self.backup(&to).await,
        }
    }

    /// Sees to it that there is exactly one root key: the given one, or the present one, or a new one, which is
    /// returned to be shown.
    pub async fn ensure_root_key(&self, given: Option<IssuedKey>) -> anyhow::Result<Option<IssuedKey>> {
        let keys = self.runtime.directory().keys();
        let roots: Vec<AccessKey> = keys.into_iter().filter(|key| key.root && key.active).collect();
        let (root, fresh) = match given {
            Some(given) => (given, false),
            None if roots.is_empty() => (new_key()?, true),
            None => return Ok(None),
        };
        let is_present = |key: &AccessKey| {
            let secret = self.with_keyring(|keyring| Ok(keyring.open(&key.id, &key.sealed_secret)?));
            key.id == root.access_key_id && secret.is_ok_and(|secret| secret == root.secret_access_key)
        };
        if !roots.iter().any(is_present) {
            self.put(&root, ROOT_NAME, true, None).await?;
        }
        for old in roots.into_iter().filter(|key| key.id != root.access_key_id) {
            self.runtime.put_access_key(AccessKey { active: false, ..old }).await.map_err(told)?;
        }
        Ok(fresh.then_some(root))
    }

    async fn create_key(&self, name: &str, acts_for: &[String]) -> anyhow::Result<IssuedKey> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
        if name.is_empty() || name.len() > NAME_CHARACTERS_MAX || !name.chars().all(allowed) {
            bail!("{name:?} cannot be a key's name; give 1 to {NAME_CHARACTERS_MAX} letters, digits or any of +=,.@_-");
        }
        let acts_for = read_acts_for(acts_for)?;
        let key = new_key()?;
        self.put(&key, name, false, acts_for).await?;
        Ok(key)
    }

    async fn put(&self, key: &IssuedKey, name: &str, root: bool, acts_for: Option<ActsFor>) -> anyhow::Result<()> {
        let id = key.access_key_id.clone();
        let sealed_secret = self.with_keyring(|keyring| keyring.seal(&id, &key.secret_access_key))?;
        let created = Timestamp(clock::wall_ms());
        let key = AccessKey { id, sealed_secret, name: name.to_owned(), created, active: true, root, acts_for };
        self.runtime.put_access_key(key).await.map_err(told)
    }

    fn list_keys(&self) -> Vec<KeyEntry> {
        let mut keys: Vec<KeyEntry> = self.runtime.directory().keys().into_iter().map(KeyEntry::from).collect();
        keys.sort_by(|a, b| (a.created_ms, &a.access_key_id).cmp(&(b.created_ms, &b.access_key_id)));
        keys
    }

    async fn revoke_key(&self, id: &str) -> anyhow::Result<Reply> {
        let key = self.runtime.directory().key(id);
        let key = key.with_context(|| format!("there is no access key {id}; `callboard keys list` shows them"))?;
        let message = format!("access key {id} is revoked");
        self.runtime.put_access_key(AccessKey { active: false, ..key }).await.map_err(told)?;
        Ok(Reply::Done { message })
    }

    async fn rekey(&self) -> anyhow::Result<Reply> {
        let keys = self.runtime.directory().keys();
        // Before anything changes it must be clear that every secret opens.
        let mut secrets = Vec::new();
        for key in keys {
            match self.with_keyring(|keyring| Ok(keyring.open(&key.id, &key.sealed_secret)?)) {
                Ok(secret) => secrets.push((key, secret)),
                Err(error) if key.active => return Err(error),
                Err(_) => {}
            }
        }
        self.change_keyring(Keyring::add_key)?;
        let count = secrets.len();
        for (key, secret) in secrets {
            let sealed_secret = self.with_keyring(|keyring| keyring.seal(&key.id, &secret))?;
            self.runtime.put_access_key(AccessKey { sealed_secret, ..key }).await.map_err(told)?;
        }
        let message = self.change_keyring(Keyring::drop_old_keys)?;
        Ok(Reply::Done { message: format!("{count} secrets are sealed under a new key; {message}") })
    }

    async fn backup(&self, to: &Path) -> anyhow::Result<Reply> {
        let (from, to, made_at_ms) = (self.paths.clone(), to.to_owned(), clock::wall_ms());
        let target = to.clone();
        // Steps are bounded, so the commits beside it are held up no longer than by one step.
        let copy = move || store::backup::backup(&from, &target, made_at_ms, &mut |_| ControlFlow::Continue(()));
        let manifest = tokio::task::spawn_blocking(copy).await.context("the backup was interrupted")??;
        let mut message = format!(
            "{} holds {} bytes of database and {} attachments; {} is not in it: keep a copy of it elsewhere",
            to.display(),
            manifest.database_bytes,
            manifest.attachments,
            secrets::FILE_NAME,
        );
        if self.attachments_elsewhere {
            message.push_str("; attachments in S3-compatible storage are not in it");
        }
        Ok(Reply::Done { message })
    }

    fn with_keyring<T>(&self, work: impl FnOnce(&Keyring) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let keyring = self.keyring.read().unwrap_or_else(PoisonError::into_inner);
        work(keyring.as_ref().with_context(keyring_missing)?)
    }

    fn change_keyring<T>(&self, work: impl FnOnce(&mut Keyring) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut keyring = self.keyring.write().unwrap_or_else(PoisonError::into_inner);
        work(keyring.as_mut().with_context(keyring_missing)?)
    }
}

/// What to do when the secrets cannot be opened.
pub fn keyring_missing() -> String {
    format!(
        "the key that seals the secrets of access keys is missing, so no key is usable; put {} back into the data \
         directory or set {}, or set CALLBOARD_ROOT_ACCESS_KEY_ID and CALLBOARD_ROOT_SECRET_ACCESS_KEY to begin anew",
        secrets::FILE_NAME,
        secrets::VARIABLE,
    )
}

fn told(error: ApiError) -> anyhow::Error {
    match error.cause {
        Some(cause) => anyhow::anyhow!("{}: {cause}", error.message),
        None => anyhow::anyhow!(error.message),
    }
}

/// Whom a new key may act for.
fn read_acts_for(given: &[String]) -> anyhow::Result<Option<ActsFor>> {
    if given.len() > ACTS_FOR_MAX {
        bail!("a key may act for {ACTS_FOR_MAX} users, and {} are given; give {EVERYBODY} instead", given.len());
    }
    match given {
        [] => Ok(None),
        [all] if all == EVERYBODY => Ok(Some(ActsFor::Everybody)),
        users => {
            let id = |user: &String| {
                user.parse::<UserId>().map_err(|_| anyhow!("{user:?} is no user's id (a UUID), and not {EVERYBODY:?}"))
            };
            Ok(Some(ActsFor::Users(users.iter().map(id).collect::<anyhow::Result<_>>()?)))
        }
    }
}

/// A new access key: an id of 20 characters and a secret of 40, as AWS's.
fn new_key() -> anyhow::Result<IssuedKey> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut id, mut secret) = ([0; 18], [0; 30]);
    for random in [id.as_mut_slice(), secret.as_mut_slice()] {
        getrandom::fill(random).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    }
    let letters = id.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    Ok(IssuedKey {
        access_key_id: "CB".chars().chain(letters).collect(),
        secret_access_key: BASE64_STANDARD.encode(secret),
    })
}

impl From<AccessKey> for KeyEntry {
    fn from(key: AccessKey) -> Self {
        KeyEntry {
            access_key_id: key.id,
            name: key.name,
            active: key.active,
            root: key.root,
            created_ms: key.created.millis(),
            acts_for: match key.acts_for {
                None => Vec::new(),
                Some(ActsFor::Everybody) => vec![EVERYBODY.to_owned()],
                Some(ActsFor::Users(users)) => users.iter().map(ToString::to_string).collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_have_the_form_of_access_keys() {
        let (a, b) = (new_key().unwrap(), new_key().unwrap());
        assert_eq!((a.access_key_id.len(), a.secret_access_key.len()), (20, 40));
        assert!(a.access_key_id.starts_with("CB"));
        assert_ne!(a, b);
    }

    #[test]
    fn commands_and_replies_pass_through_json() {
        let command =
            serde_json::to_string(&Command::CreateKey { name: "ann".into(), acts_for: vec!["all".into()] }).unwrap();
        assert_eq!(command, r#"{"Command":"CreateKey","Name":"ann","ActsFor":["all"]}"#);
        let reply = Reply::Key(IssuedKey { access_key_id: "a".into(), secret_access_key: "b".into() });
        let text = serde_json::to_string(&reply).unwrap();
        assert_eq!(text, r#"{"Reply":"Key","AccessKeyId":"a","SecretAccessKey":"b"}"#);
        assert_eq!(serde_json::from_str::<Reply>(&text).unwrap(), reply);
    }
}
