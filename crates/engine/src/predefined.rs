//! Predefined attributes: the vocabulary of skills and of user-defined segment attributes.

use minicbor::{Decode, Encode};

use crate::time::Timestamp;

/// A predefined attribute of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PredefinedAttribute {
    /// Name, 1 to 100 characters; callers' own do not begin with `aws:` or `connect:`.
    #[n(0)]
    pub name: String,
    /// Its values, up to 500 of 1 to 100 characters.
    #[n(1)]
    pub values: Vec<String>,
    /// What it is used for.
    #[n(2)]
    pub purposes: Vec<String>,
    /// EnableValueValidationOnAssociation: only the values listed may be given to a contact.
    #[n(3)]
    pub enforce_values: bool,
    /// Whether it is the system's own.
    #[n(4)]
    pub read_only: bool,
    /// Last change.
    #[n(5)]
    pub last_modified: Timestamp,
}
