//! What a record is found by: scope, kind and id.

use std::fmt;
use std::ops::Deref;

use uuid::Uuid;

/// The longest id of a record, in bytes.
pub const KEY_ID_MAX: usize = 128;

/// The unit that everything is keyed by: one instance, or the reserved system scope.
///
/// A scope has one owner, one sequence of commits, and shares no record with another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub Uuid);

impl Scope {
    /// Holds what spans instances: the registry, alias names, access keys, policies, account settings.
    pub const SYSTEM: Scope = Scope(Uuid::nil());
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Scope::SYSTEM { f.write_str("system") } else { self.0.fmt(f) }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({self})")
    }
}

/// The kind of a record. The numbers are given by the service; the store only tells hot from cold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(pub u8);

impl Kind {
    /// Kinds below this one are hot: loaded when a scope is opened. The others are cold: read on demand.
    pub const HOT_END: Kind = Kind(0x80);

    /// Whether records of this kind are loaded when their scope is opened.
    pub const fn is_hot(self) -> bool {
        self.0 < Kind::HOT_END.0
    }
}

/// The id of a record within its scope and kind: at most [`KEY_ID_MAX`] bytes, ordered bytewise.
///
/// Ids that grow with time (UUIDv7, sequence numbers in big-endian) keep inserts at the end of the B-tree.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<[u8]>);

impl KeyId {
    /// An id of these bytes.
    ///
    /// # Panics
    /// If there are more than [`KEY_ID_MAX`]: ids are made by the service, never by a client.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        let bytes = bytes.into();
        assert!(bytes.len() <= KEY_ID_MAX, "an id of {} bytes is longer than {KEY_ID_MAX}", bytes.len());
        KeyId(bytes)
    }

    /// The limit of a range, which may be longer than an id.
    pub(crate) fn limit(bytes: &[u8]) -> Self {
        KeyId(bytes.into())
    }
}

impl Deref for KeyId {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for KeyId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::borrow::Borrow<[u8]> for KeyId {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for KeyId {
    fn from(bytes: &[u8]) -> Self {
        KeyId::new(bytes)
    }
}

impl<const N: usize> From<[u8; N]> for KeyId {
    fn from(bytes: [u8; N]) -> Self {
        KeyId::new(bytes)
    }
}

impl From<Vec<u8>> for KeyId {
    fn from(bytes: Vec<u8>) -> Self {
        KeyId::new(bytes)
    }
}

impl From<Uuid> for KeyId {
    fn from(id: Uuid) -> Self {
        KeyId::new(id.into_bytes())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a record is found by within its scope.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// The record's kind.
    pub kind: Kind,
    /// The record's id among those of its kind.
    pub id: KeyId,
}

impl Key {
    /// The key of a record.
    pub fn new(kind: Kind, id: impl Into<KeyId>) -> Self {
        Key { kind, id: id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:?}", self.kind.0, self.id)
    }
}
