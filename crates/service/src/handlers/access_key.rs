//! Access keys. They live in the system scope; the edge reads them from the directory.

use engine::Timestamp;
use store::{KeyId, Kind};

use crate::kinds;
use crate::record::Record;

/// An access key that Callboard issued.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct AccessKey {
    /// The access key id.
    #[n(0)]
    pub id: String,
    /// The secret, sealed under the server's key.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub sealed_secret: Vec<u8>,
    /// Who uses it; the last part of the caller's ARN.
    #[n(2)]
    pub name: String,
    /// When it was issued.
    #[n(3)]
    pub created: Timestamp,
    /// Whether it is accepted.
    #[n(4)]
    pub active: bool,
    /// Whether it may do what only the root key may.
    #[n(5)]
    pub root: bool,
}

impl Record for AccessKey {
    const KIND: Kind = kinds::ACCESS_KEY;
    const NAME: &'static str = "access key";

    fn id(&self) -> KeyId {
        self.id.as_bytes().into()
    }
}
