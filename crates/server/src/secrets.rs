//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key that is not in the database.
//!
//! The key is 32 bytes in base64, in the environment variable `CALLBOARD_SECRET_KEY` or in `secret.key` (mode 0600)
//! beside the database. Several keys may be given, separated by white space or commas: the first one seals, all of
//! them open. That makes changing the key safe at every moment: the new key is put before the old one, every secret is
//! sealed again, and only then the old key is taken away.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// The variable that holds the keys in place of the file.
pub const VARIABLE: &str = "CALLBOARD_SECRET_KEY";
/// Name of the key file in the data directory.
pub const FILE_NAME: &str = "secret.key";

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// First byte of a sealed secret: the form of the rest.
const FORM: u8 = 1;

/// A key that seals secrets.
#[derive(Clone, PartialEq, Eq)]
struct SecretKey([u8; KEY_BYTES]);

/// The keys that seal and open secrets.
pub struct Keyring {
    /// The first one seals.
    keys: Vec<SecretKey>,
    /// The file they are in; `None` when they are in the environment.
    file: Option<PathBuf>,
}

/// No key of the keyring opens the secret: it was sealed with another key, or for another access key.
#[derive(Debug, thiserror::Error)]
#[error("the secret of access key {0} cannot be opened with the keys in {VARIABLE} or {FILE_NAME}")]
pub struct CannotOpen(String);

impl Keyring {
    /// Reads the keys from the variable's value or else from the file; `None` when there is neither.
    pub fn load(data_dir: &Path, variable: Option<&str>) -> anyhow::Result<Option<Keyring>> {
        if let Some(text) = variable {
            let keys = parse(text).with_context(|| format!("environment variable {VARIABLE}"))?;
            return Ok(Some(Keyring { keys, file: None }));
        }
        let path = data_dir.join(FILE_NAME);
        if !path.try_exists().with_context(|| format!("secret key file {}", path.display()))? {
            return Ok(None);
        }
        let read = || -> anyhow::Result<Vec<SecretKey>> {
            let mode = fs::metadata(&path)?.permissions().mode();
            if mode & 0o077 != 0 {
                bail!("others may read it (mode {:o}); run chmod 600 on it", mode & 0o777);
            }
            parse(&fs::read_to_string(&path)?)
        };
        let keys = read().with_context(|| format!("secret key file {}", path.display()))?;
        Ok(Some(Keyring { keys, file: Some(path) }))
    }

    /// Makes a new key and its file.
    pub fn create(data_dir: &Path) -> anyhow::Result<Keyring> {
        let keyring = Keyring { keys: vec![SecretKey::generate()?], file: Some(data_dir.join(FILE_NAME)) };
        keyring.save()?;
        Ok(keyring)
    }

    /// Puts a new key first, in the file too; the old ones still open. In the environment the operator has done so.
    ///
    /// # Errors
    /// When the environment has one key only: only the operator can change that.
    pub fn add_key(&mut self) -> anyhow::Result<()> {
        if self.file.is_none() {
            if self.keys.len() > 1 {
                return Ok(());
            }
            bail!("the key is in {VARIABLE}: set it to a new key, a comma and the present key, restart and try again");
        }
        self.keys.insert(0, SecretKey::generate()?);
        self.save()
    }

    /// Takes all keys but the first away, from the file too, and says what is left to do. No secret may be sealed with
    /// them any more.
    pub fn drop_old_keys(&mut self) -> anyhow::Result<String> {
        self.keys.truncate(1);
        self.save()?;
        Ok(match &self.file {
            Some(path) => format!("{} holds it", path.display()),
            None => format!("leave only the first key in {VARIABLE}"),
        })
    }

    /// Seals the secret of an access key.
    pub fn seal(&self, access_key_id: &str, secret: &str) -> anyhow::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let payload = Payload { msg: secret.as_bytes(), aad: access_key_id.as_bytes() };
        let sealed = self.keys[0]
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| anyhow::anyhow!("the secret is too long to be sealed"))?;
        Ok([&[FORM], nonce.as_slice(), &sealed].concat())
    }

    /// Opens the sealed secret of an access key.
    pub fn open(&self, access_key_id: &str, sealed: &[u8]) -> Result<String, CannotOpen> {
        let refused = || CannotOpen(access_key_id.to_owned());
        let (form, rest) = sealed.split_first().ok_or_else(refused)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(refused)?;
        if *form != FORM {
            return Err(refused());
        }
        let open = |key: &SecretKey| {
            let payload = Payload { msg: text, aad: access_key_id.as_bytes() };
            key.cipher().decrypt(&XNonce::from(*nonce), payload).ok()
        };
        let opened = self.keys.iter().find_map(open).ok_or_else(refused)?;
        String::from_utf8(opened).map_err(|_| refused())
    }

    /// Writes the file in one step: there is the old one or the new one, never half of one.
    fn save(&self) -> anyhow::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let lines: String = self.keys.iter().map(|key| BASE64_STANDARD.encode(key.0) + "\n").collect();
        let fresh = path.with_extension("key.new");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(lines.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, path)?;
            File::open(path.parent().expect("it is in the data directory"))?.sync_all()
        };
        write().with_context(|| format!("cannot write secret key file {}", path.display()))
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl SecretKey {
    fn generate() -> anyhow::Result<SecretKey> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        Ok(SecretKey(key))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

fn parse(text: &str) -> anyhow::Result<Vec<SecretKey>> {
    let words = text.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    let keys = words.map(|word| {
        let bytes = BASE64_STANDARD.decode(word).ok().and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok());
        bytes.map(SecretKey).context("a key is 32 bytes in base64; `openssl rand -base64 32` makes one")
    });
    let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
    if keys.is_empty() {
        bail!("there is no key; `openssl rand -base64 32` makes one");
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(directory: &Path) -> Keyring {
        Keyring::load(directory, None).unwrap().unwrap()
    }

    #[test]
    fn a_sealed_secret_opens_for_its_access_key_only() {
        let directory = tempfile::tempdir().unwrap();
        assert!(Keyring::load(directory.path(), None).unwrap().is_none());
        let keyring = Keyring::create(directory.path()).unwrap();
        let sealed = keyring.seal("CB1", "secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_ne!(keyring.seal("CB1", "secret").unwrap(), sealed);
        let again = load(directory.path());
        assert_eq!(again.open("CB1", &sealed).unwrap(), "secret");
        assert!(again.open("CB2", &sealed).is_err());
        for broken in [&sealed[..0], &sealed[..10], &sealed[..sealed.len() - 1], &[&sealed[..], &[0]].concat()] {
            assert!(again.open("CB1", broken).is_err());
        }
    }

    #[test]
    fn the_key_can_be_changed_while_old_secrets_open() {
        let directory = tempfile::tempdir().unwrap();
        let mut keyring = Keyring::create(directory.path()).unwrap();
        let old = keyring.seal("CB1", "secret").unwrap();
        keyring.add_key().unwrap();
        let between = load(directory.path());
        assert_eq!(between.open("CB1", &old).unwrap(), "secret");
        let new = between.seal("CB1", "secret").unwrap();
        keyring.drop_old_keys().unwrap();
        let after = load(directory.path());
        assert_eq!(after.open("CB1", &new).unwrap(), "secret");
        assert_eq!(
            after.open("CB1", &old).unwrap_err().to_string(),
            "the secret of access key CB1 cannot be opened with the keys in CALLBOARD_SECRET_KEY or secret.key"
        );
    }

    #[test]
    fn the_variable_wins_over_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = Keyring::create(directory.path()).unwrap();
        let variable = BASE64_STANDARD.encode([7; KEY_BYTES]);
        let mut keyring = Keyring::load(directory.path(), Some(&variable)).unwrap().unwrap();
        assert!(keyring.open("CB1", &file.seal("CB1", "secret").unwrap()).is_err());
        assert!(keyring.add_key().is_err());
        let error = Keyring::load(directory.path(), Some("short")).unwrap_err();
        assert!(format!("{error:#}").starts_with("environment variable CALLBOARD_SECRET_KEY: a key is 32 bytes"));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        Keyring::create(directory.path()).unwrap();
        let path = directory.path().join(FILE_NAME);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = format!("{:#}", Keyring::load(directory.path(), None).unwrap_err());
        assert!(error.contains("chmod 600"), "{error}");
    }
}
