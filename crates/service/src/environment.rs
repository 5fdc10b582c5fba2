//! What a contact's step may look up, answered from the instance's records.

use std::sync::Arc;

use engine::agent::Agent;
use engine::arn::Scope;
use engine::contact::{Chain, Contact};
use engine::env::{Env, Need, QueueMetrics};
use engine::flow::compile::CompiledFlow;
use engine::flow::module::ContactFlowModule;
use engine::flow::{ContactFlow, ContentHash, FlowType};
use engine::hours::HoursOfOperation;
use engine::limits::Limits;
use engine::queue::Queue;
use engine::routing_profile::RoutingProfile;
use engine::template::TaskTemplate;
use engine::user::User;
use engine::{
    ContactFlowId, ContactFlowModuleId, ContactId, HoursOfOperationId, QueueId, RoutingProfileId, TaskTemplateId,
    Timestamp, UserId,
};

use crate::error::Halt;
use crate::handlers::predefined_attribute::find_predefined;
use crate::handlers::start_task_contact::refuse_over_open_tasks;
use crate::handlers::{defaults, lambda_function, metrics, references};
use crate::tx::Tx;

/// The look-ups of one step.
pub struct Environment<'t, 'w> {
    tx: &'t mut Tx<'w>,
    contact: ContactId,
    /// Why a look-up did not end, in the form that the loop understands.
    pub halted: std::cell::RefCell<Option<Halt>>,
}

impl<'t, 'w> Environment<'t, 'w> {
    /// Look-ups for a step of this contact.
    pub fn new(tx: &'t mut Tx<'w>, contact: ContactId) -> Self {
        Environment { tx, contact, halted: std::cell::RefCell::new(None) }
    }

    /// Keeps the halt for the loop, and tells the engine what it understands.
    fn halt<T>(&self, halt: Halt, need: Need) -> Result<T, Need> {
        self.halted.borrow_mut().get_or_insert(halt);
        Err(need)
    }

    fn other_contact(&self, id: ContactId) -> Result<Option<Contact>, Need> {
        self.tx.contact(&id).or_else(|halt| self.halt(halt, Need::Contact(id)))
    }
}

impl Env for Environment<'_, '_> {
    fn now(&self) -> Timestamp {
        self.tx.now
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.tx.draw(below)
    }

    fn new_contact_id(&mut self) -> ContactId {
        ContactId(self.tx.new_id())
    }

    fn scope(&self) -> &Scope {
        self.tx.arn_scope()
    }

    fn limits(&self) -> &Limits {
        &self.tx.settings().limits
    }

    fn queue(&self, id: QueueId) -> Option<Arc<Queue>> {
        self.tx.get(id.as_bytes())
    }

    fn queue_metrics(&self, id: QueueId) -> QueueMetrics {
        metrics::queue::of_queue(self.tx, id, self.contact)
    }

    fn user(&self, id: UserId) -> Option<Arc<User>> {
        self.tx.get(id.as_bytes())
    }

    fn agent(&self, id: UserId) -> Option<Arc<Agent>> {
        self.tx.get(id.as_bytes())
    }

    fn routing_profile(&self, id: RoutingProfileId) -> Option<Arc<RoutingProfile>> {
        self.tx.get(id.as_bytes())
    }

    fn has_predefined_attribute(&self, name: &str) -> bool {
        find_predefined(self.tx, name).is_some()
    }

    fn hours(&self, id: HoursOfOperationId) -> Option<Arc<HoursOfOperation>> {
        self.tx.get(id.as_bytes())
    }

    fn flow(&self, id: ContactFlowId) -> Option<Arc<ContactFlow>> {
        self.tx.get(id.as_bytes())
    }

    fn default_flow(&self, flow_type: FlowType) -> Option<ContactFlowId> {
        defaults::default_flow(self.tx, flow_type)
    }

    fn content(&self, hash: &ContentHash) -> Result<Option<Arc<CompiledFlow>>, Need> {
        self.tx.compiled(hash).or_else(|halt| self.halt(halt, Need::FlowContent(*hash)))
    }

    fn module(&self, id: ContactFlowModuleId) -> Option<Arc<ContactFlowModule>> {
        self.tx.get(id.as_bytes())
    }

    fn mapped(&self, given: &str) -> Option<String> {
        references::mapped(self.tx, given)
    }

    fn may_call(&self, function: &str) -> bool {
        lambda_function::may_call(self.tx, function)
    }

    fn template(&self, id: TaskTemplateId) -> Option<Arc<TaskTemplate>> {
        self.tx.get(id.as_bytes())
    }

    fn check_task_quota(&self) -> Result<(), String> {
        refuse_over_open_tasks(self.tx).map_err(|refused| refused.message)
    }

    fn keeps_trace(&self) -> bool {
        self.tx.settings().flow_trace || self.tx.settings().flow_logs
    }

    fn chain_of(&self, contact: ContactId) -> Result<Option<Chain>, Need> {
        let Some(contact) = self.other_contact(contact)? else { return Ok(None) };
        let id = contact.chain_id();
        self.tx.chain(&id).or_else(|halt| self.halt(halt, Need::Chain(id)))
    }
}
