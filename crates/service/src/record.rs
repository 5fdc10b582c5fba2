//! Records: how a domain struct becomes the bytes that the store keeps.
//!
//! The first byte is the version of the form, the rest is CBOR with numbered fields (`docs/adr/0001`). A field may be
//! appended without a new version; anything else is a new version with its own golden file.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use store::{Key, KeyId, Kind};

/// The version that [`encode`] writes in front of every record.
pub const RECORD_VERSION: u8 = 1;

/// A record of a kind, found by its id.
pub trait Record:
    minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + Debug + Clone + Send + Sync + 'static
{
    /// Number of the kind on disk.
    const KIND: Kind;
    /// What people call it, as in "no queue X in this instance".
    const NAME: &'static str;

    /// The id, as the bytes it is found by.
    fn id(&self) -> KeyId;

    /// The key it is stored under.
    fn key(&self) -> Key {
        Key::new(Self::KIND, self.id())
    }
}

/// How many bytes of a hash are the key of what is found by a text.
const TEXT_KEY_BYTES: usize = 16;

/// The key of a record that is found by a text longer than a key may be: the first bytes of the text's SHA-256.
pub fn text_key(text: &str) -> [u8; TEXT_KEY_BYTES] {
    let mut key = [0; TEXT_KEY_BYTES];
    key.copy_from_slice(&Sha256::digest(text)[..TEXT_KEY_BYTES]);
    key
}

/// A record whose type is known by its kind only.
pub trait AnyRecord: Any + Debug + Send + Sync {
    /// The bytes that are stored.
    fn encoded(&self) -> Vec<u8>;
    /// For a downcast to the type of its kind.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<R: Record> AnyRecord for R {
    fn encoded(&self) -> Vec<u8> {
        encode(self)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The stored form of a record.
pub fn encode<R: minicbor::Encode<()>>(record: &R) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(RECORD_VERSION);
    minicbor::encode(record, &mut bytes).expect("writing to a vector cannot fail");
    bytes
}

/// A stored record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("the record is empty")]
    Empty,
    /// Written by a later program.
    #[error("the record has version {0}, and this program reads version {RECORD_VERSION}")]
    Version(u8),
    /// The bytes are not of the kind's form.
    #[error("the record's form is wrong")]
    Form(#[from] minicbor::decode::Error),
}

/// Reads a stored record.
pub fn decode<R: for<'b> minicbor::Decode<'b, ()>>(bytes: &[u8]) -> Result<R, DecodeError> {
    match bytes.split_first() {
        None => Err(DecodeError::Empty),
        Some((&RECORD_VERSION, body)) => Ok(minicbor::decode(body)?),
        Some((&version, _)) => Err(DecodeError::Version(version)),
    }
}
