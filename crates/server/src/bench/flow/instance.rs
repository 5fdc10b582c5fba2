//! An instance of one flow and one queue, for steps to look things up in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::agent::Agent;
use engine::arn::Scope;
use engine::contact::{Chain, Contact, Link, NewTask};
use engine::env::{Env, Need, QueueMetrics};
use engine::flow::compile::CompiledFlow;
use engine::flow::module::ContactFlowModule;
use engine::flow::{ContactFlow, ContentHash, FlowState, FlowType};
use engine::hours::HoursOfOperation;
use engine::limits::Limits;
use engine::queue::{Queue, QueueKind, QueueStatus};
use engine::routing_profile::RoutingProfile;
use engine::tag::Tags;
use engine::template::TaskTemplate;
use engine::user::User;
use engine::{
    ContactFlowId, ContactFlowModuleId, ContactId, HoursOfOperationId, InstanceId, QueueId, RoutingProfileId,
    TaskTemplateId, Timestamp, UserId,
};

/// The queue.
pub(super) const QUEUE: QueueId = QueueId::from_bytes([0xb1; 16]);
const FLOW: ContactFlowId = ContactFlowId::from_bytes([0xf1; 16]);
const CONTACT: ContactId = ContactId::from_bytes([0xcc; 16]);
const NOW: Timestamp = Timestamp(1_767_787_200_000);

/// The instance.
pub(super) struct Instance {
    /// Whether steps tell what they executed.
    pub(super) keeps_trace: bool,
    limits: Limits,
    scope: Scope,
    flow: Arc<ContactFlow>,
    compiled: Arc<CompiledFlow>,
    queue: Arc<Queue>,
}

impl Instance {
    /// With this content as its flow.
    pub(super) fn new(content: &str) -> anyhow::Result<Instance> {
        let hash = ContentHash::of(content);
        let flow = ContactFlow {
            id: FLOW,
            name: "measured".to_owned(),
            flow_type: FlowType::ContactFlow,
            state: FlowState::Active,
            description: None,
            saved: hash,
            published: Some(hash),
            is_default: false,
            tags: Tags::new(),
            created: NOW,
            last_modified: NOW,
        };
        let queue = Queue {
            id: QUEUE,
            kind: QueueKind::Standard,
            name: "BasicQueue".to_owned(),
            description: None,
            hours: None,
            max_contacts: None,
            status: QueueStatus::Enabled,
            quick_connects: BTreeSet::new(),
            outbound_caller: None,
            tags: Tags::new(),
            last_modified: NOW,
        };
        Ok(Instance {
            keeps_trace: true,
            limits: Limits::default(),
            scope: Scope {
                region: "us-east-1".to_owned(),
                account: "000000000000".to_owned(),
                instance: InstanceId::from_bytes([1; 16]),
            },
            flow: Arc::new(flow),
            compiled: Arc::new(CompiledFlow::compile(content)?),
            queue: Arc::new(queue),
        })
    }

    /// A task before its flow starts.
    pub(super) fn task(&self) -> anyhow::Result<(Contact, Chain)> {
        let task = NewTask {
            id: CONTACT,
            now: NOW,
            name: "Call back".to_owned(),
            description: Some("The customer asks about order 4711.".to_owned()),
            references: BTreeMap::new(),
            attachments: Vec::new(),
            attributes: BTreeMap::from([("customer".to_owned(), "42".to_owned())]),
            segment: BTreeMap::new(),
            tags: Tags::new(),
            scheduled: None,
            expiry_minutes: None,
            template: None,
            quick_connect: None,
            flow: FLOW,
            target_queue: None,
            created_by: None,
            self_assigned: false,
        };
        Ok(Contact::create(task, Link::None, &self.limits)?)
    }
}

impl Env for Instance {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn draw(&mut self, _: u32) -> u32 {
        0
    }

    fn new_contact_id(&mut self) -> ContactId {
        CONTACT
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn queue(&self, id: QueueId) -> Option<Arc<Queue>> {
        (id == QUEUE).then(|| Arc::clone(&self.queue))
    }

    fn queue_metrics(&self, _: QueueId) -> QueueMetrics {
        QueueMetrics::default()
    }

    fn user(&self, _: UserId) -> Option<Arc<User>> {
        None
    }

    fn agent(&self, _: UserId) -> Option<Arc<Agent>> {
        None
    }

    fn routing_profile(&self, _: RoutingProfileId) -> Option<Arc<RoutingProfile>> {
        None
    }

    fn has_predefined_attribute(&self, _: &str) -> bool {
        false
    }

    fn hours(&self, _: HoursOfOperationId) -> Option<Arc<HoursOfOperation>> {
        None
    }

    fn flow(&self, id: ContactFlowId) -> Option<Arc<ContactFlow>> {
        (id == FLOW).then(|| Arc::clone(&self.flow))
    }

    fn default_flow(&self, _: FlowType) -> Option<ContactFlowId> {
        None
    }

    fn content(&self, _: &ContentHash) -> Result<Option<Arc<CompiledFlow>>, Need> {
        Ok(Some(Arc::clone(&self.compiled)))
    }

    fn chain_of(&self, _: ContactId) -> Result<Option<Chain>, Need> {
        Ok(None)
    }

    fn module(&self, _: ContactFlowModuleId) -> Option<Arc<ContactFlowModule>> {
        None
    }

    fn mapped(&self, _: &str) -> Option<String> {
        None
    }

    fn may_call(&self, _: &str) -> bool {
        true
    }

    fn template(&self, _: TaskTemplateId) -> Option<Arc<TaskTemplate>> {
        None
    }

    fn check_task_quota(&self) -> Result<(), String> {
        Ok(())
    }

    fn keeps_trace(&self) -> bool {
        self.keeps_trace
    }
}
