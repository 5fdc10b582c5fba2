//! Changes of a contact's data from outside its flow.

use std::collections::BTreeMap;

use crate::contact::{Reference, SegmentValue};

/// What UpdateContact changes; what is `None` or empty stays. Everything was checked by the rules of [`crate::start_task`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactUpdate {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// References to set, by key.
    pub references: BTreeMap<String, Reference>,
    /// User-defined segment attributes to set, by key.
    pub segment: BTreeMap<String, SegmentValue>,
    /// New duration in minutes, from its start.
    pub expiry_minutes: Option<u32>,
}
