//! Signing keys: derived from the secret for one day, region and service, and kept while they are used.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::claim::Scope;

/// A key that requests are signed with.
pub(super) type SigningKey = [u8; 32];

/// Signing keys by access key. Deriving one costs four times what signing with it does.
///
/// A key is found again only for the same secret, day, region and service, so nothing need be done when an access key
/// is revoked or replaced.
#[derive(Default)]
pub struct SigningKeyCache {
    entries: RwLock<HashMap<String, Entry>>,
}

struct Entry {
    scope: String,
    secret: Arc<str>,
    key: SigningKey,
}

/// How many access keys have their signing key kept; all are dropped when there are more.
const ENTRIES_MAX: usize = 4096;

impl SigningKeyCache {
    /// The signing key of a secret for a scope that has been checked.
    pub(super) fn signing_key(&self, scope: &Scope<'_>, secret: &Arc<str>) -> SigningKey {
        let text = scope.text();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(scope.access_key_id)
            && entry.scope == text
            && bool::from(entry.secret.as_bytes().ct_eq(secret.as_bytes()))
        {
            return entry.key;
        }
        drop(entries);
        let key = derive(secret, scope);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(scope.access_key_id.to_owned(), Entry { scope: text, secret: Arc::clone(secret), key });
        key
    }
}

/// The signing key of a secret for a scope.
pub(super) fn derive(secret: &str, scope: &Scope<'_>) -> SigningKey {
    let key = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
    let key = hmac(&key, scope.region.as_bytes());
    let key = hmac(&key, scope.service.as_bytes());
    hmac(&key, scope.terminator.as_bytes())
}

pub(super) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys may have any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
