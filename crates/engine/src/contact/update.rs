//! Changes of a contact's data from outside its flow.

use std::collections::BTreeMap;

use crate::contact::{Reference, SegmentValue};
use crate::criteria::Step;
use crate::id::{ContactFlowId, QueueId};

/// What UpdateContact changes; what is `None` or empty stays. Everything was checked by the rules of
/// [`crate::start_task`].
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

/// What UpdateContactRoutingData changes; what is `None` stays. Priority and adjustment exclude each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingUpdate {
    /// New QueuePriority, 1 first.
    pub priority: Option<i64>,
    /// New QueueTimeAdjustmentSeconds.
    pub adjustment_seconds: Option<i32>,
    /// New routing criteria, in place of those that hold.
    pub criteria: Option<Vec<Step>>,
}

/// TransferContact: a new contact of the chain takes over (contact-lifecycle.md section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The flow that it runs: inbound, transfer to agent or transfer to queue.
    pub flow: ContactFlowId,
    /// Its target queue, an agent's or a standard one; none leaves it to the flow.
    pub target_queue: Option<QueueId>,
}
