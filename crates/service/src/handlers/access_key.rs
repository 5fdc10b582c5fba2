//! Access keys. They live in the system scope; the edge reads them from the directory.

use engine::{Timestamp, UserId};
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
    /// The users that a program may act for with it on the agent interface; none without.
    #[n(6)]
    pub acts_for: Option<ActsFor>,
}

/// Whom an access key may act for.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum ActsFor {
    /// Every user of every instance.
    #[n(0)]
    Everybody,
    /// These users.
    #[n(1)]
    Users(#[n(0)] Vec<UserId>),
}

impl AccessKey {
    /// Whether a program may act for the user with it; with the root key it always may.
    pub fn may_act_for(&self, user: UserId) -> bool {
        self.root
            || match &self.acts_for {
                Some(ActsFor::Everybody) => true,
                Some(ActsFor::Users(users)) => users.contains(&user),
                None => false,
            }
    }
}

impl Record for AccessKey {
    const KIND: Kind = kinds::ACCESS_KEY;
    const NAME: &'static str = "access key";

    fn id(&self) -> KeyId {
        self.id.as_bytes().into()
    }
}
