//! What a step may look up. The instance loop implements it over the instance's records; tests over a few maps.

use std::sync::Arc;

use crate::agent::Agent;
use crate::arn::Scope;
use crate::contact::Chain;
use crate::flow::compile::CompiledFlow;
use crate::flow::module::ContactFlowModule;
use crate::flow::{ContactFlow, ContentHash, FlowType};
use crate::hours::HoursOfOperation;
use crate::id::{
    ContactFlowId, ContactFlowModuleId, ContactId, HoursOfOperationId, QueueId, RoutingProfileId, TaskTemplateId,
    UserId,
};
use crate::limits::Limits;
use crate::queue::Queue;
use crate::routing_profile::RoutingProfile;
use crate::template::TaskTemplate;
use crate::time::Timestamp;
use crate::user::User;

/// A record that is not in memory. The loop drops what the step did, fetches it and runs the event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Need {
    /// A contact.
    #[error("contact {0} is not in memory")]
    Contact(ContactId),
    /// The chain with this first contact.
    #[error("chain {0} is not in memory")]
    Chain(ContactId),
    /// The content of a flow.
    #[error("flow content {0} is not in memory")]
    FlowContent(ContentHash),
}

/// What is known of a queue at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueMetrics {
    /// Contacts waiting in it, without the contact of this step.
    pub contacts_in_queue: u32,
    /// When the one that has waited longest was put in.
    pub oldest_enqueue: Option<Timestamp>,
    /// Agents with a free slot.
    pub agents_available: u32,
    /// Agents available, working or in after contact work.
    pub agents_staffed: u32,
    /// Agents in any status but Offline.
    pub agents_online: u32,
    /// Agents in after contact work.
    pub agents_in_after_contact_work: u32,
    /// Agents with a contact.
    pub agents_busy: u32,
    /// Agents who missed a contact and have not cleared it.
    pub agents_missed: u32,
    /// Agents in a custom status.
    pub agents_non_productive: u32,
    /// How long a contact that is put into the queue now is expected to wait, in seconds; none without activity from
    /// which to tell.
    pub estimated_wait_seconds: Option<u32>,
    /// The contact of this step, when it waits in the queue.
    pub contact: Option<ContactInQueue>,
}

/// What is known of the contact of a step while it waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactInQueue {
    /// Its place; 1 is the next to be offered.
    pub position: u32,
    /// How long it is expected to wait from now on, in seconds.
    pub estimated_wait_seconds: Option<u32>,
}

/// Look-ups of a step. Ids and draws come from a seed of the event, so that running it again decides the same.
pub trait Env {
    /// The instance's now.
    fn now(&self) -> Timestamp;
    /// A number from 0 to `below` - 1.
    fn draw(&mut self, below: u32) -> u32;
    /// An id for a contact that the step makes.
    fn new_contact_id(&mut self) -> ContactId;
    /// What ARNs begin with.
    fn scope(&self) -> &Scope;
    /// The bounds.
    fn limits(&self) -> &Limits;
    /// A queue, standard or of an agent.
    fn queue(&self, id: QueueId) -> Option<Arc<Queue>>;
    /// Counts of a queue.
    fn queue_metrics(&self, id: QueueId) -> QueueMetrics;
    /// A user.
    fn user(&self, id: UserId) -> Option<Arc<User>>;
    /// The record of an agent; none of a user who never was one.
    fn agent(&self, id: UserId) -> Option<Arc<Agent>>;
    /// A routing profile.
    fn routing_profile(&self, id: RoutingProfileId) -> Option<Arc<RoutingProfile>>;
    /// Whether there is a predefined attribute with this name.
    fn has_predefined_attribute(&self, name: &str) -> bool;
    /// Hours of operation.
    fn hours(&self, id: HoursOfOperationId) -> Option<Arc<HoursOfOperation>>;
    /// A flow.
    fn flow(&self, id: ContactFlowId) -> Option<Arc<ContactFlow>>;
    /// The flow that runs when none was set for its type.
    fn default_flow(&self, flow_type: FlowType) -> Option<ContactFlowId>;
    /// A content, ready to run; `None` when there is none with this hash.
    fn content(&self, hash: &ContentHash) -> Result<Option<Arc<CompiledFlow>>, Need>;
    /// The chain of another contact, and `None` when there is no such contact.
    fn chain_of(&self, contact: ContactId) -> Result<Option<Chain>, Need>;
    /// A flow module.
    fn module(&self, id: ContactFlowModuleId) -> Option<Arc<ContactFlowModule>>;
    /// What a reference of a flow that leads to nothing in this instance means here, by the
    /// [`ReferenceMap`](crate::reference_map::ReferenceMap).
    fn mapped(&self, given: &str) -> Option<String>;
    /// Whether flows may call the function with this ARN: one that AssociateLambdaFunction allowed, see
    /// [`is_allowed_by`](crate::flow::function::is_allowed_by).
    fn may_call(&self, function: &str) -> bool;
    /// A task template.
    fn template(&self, id: TaskTemplateId) -> Option<Arc<TaskTemplate>>;
    /// Why no further task can be made, when that is so.
    fn check_task_quota(&self) -> Result<(), String>;
    /// Whether somebody keeps what flows do: if so, steps tell it by [`Effect::Trace`](crate::contact::Effect::Trace).
    fn keeps_trace(&self) -> bool;
}
