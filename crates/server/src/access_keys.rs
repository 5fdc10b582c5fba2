//! The access keys that requests are signed with.

use std::sync::Arc;

use wire::sigv4;

/// Finds the secret of an access key, and who uses it.
pub enum AccessKeys {
    /// One key, known from the start: for the bare server of the bench and for tests.
    Fixed {
        /// Its id.
        id: String,
        /// Its secret.
        secret: Arc<str>,
    },
}

impl sigv4::Secrets for AccessKeys {
    fn find(&self, access_key_id: &str) -> Option<sigv4::AccessKey> {
        match self {
            AccessKeys::Fixed { id, secret } if id == access_key_id => {
                Some(sigv4::AccessKey { secret: Arc::clone(secret), session: None })
            }
            AccessKeys::Fixed { .. } => None,
        }
    }
}

/// Who signed a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The access key that signed it.
    pub access_key_id: String,
    /// As in refusals.
    pub arn: String,
    /// Whether the key is the root key.
    pub root: bool,
}

impl AccessKeys {
    /// Who uses an access key that has been verified.
    pub fn caller(&self, access_key_id: &str) -> Caller {
        Caller { access_key_id: access_key_id.to_owned(), arn: String::new(), root: true }
    }
}
