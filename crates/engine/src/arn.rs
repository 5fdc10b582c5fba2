//! ARNs: how the API names a resource from outside its instance.

use std::fmt;

use crate::id::{
    ContactFlowId, ContactFlowModuleId, ContactId, HoursOfOperationId, InstanceId, QueueId, QuickConnectId,
    RoutingProfileId, TaskTemplateId, UserId,
};

/// What the ARNs of an instance begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Region, such as `us-east-1`.
    pub region: String,
    /// Account of 12 digits.
    pub account: String,
    /// The instance.
    pub instance: InstanceId,
}

/// A resource of an instance, by its middle word (control-plane.md section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A contact.
    Contact(ContactId),
    /// A standard queue.
    Queue(QueueId),
    /// The queue of an agent.
    AgentQueue(UserId),
    /// A flow.
    ContactFlow(ContactFlowId),
    /// A flow module.
    ContactFlowModule(ContactFlowModuleId),
    /// Hours of operation.
    HoursOfOperation(HoursOfOperationId),
    /// A user.
    User(UserId),
    /// A quick connect.
    QuickConnect(QuickConnectId),
    /// A routing profile.
    RoutingProfile(RoutingProfileId),
    /// A task template.
    TaskTemplate(TaskTemplateId),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Contact(id) => write!(f, "contact/{id}"),
            Resource::Queue(id) => write!(f, "queue/{id}"),
            Resource::AgentQueue(id) => write!(f, "queue/agent/{id}"),
            Resource::ContactFlow(id) => write!(f, "contact-flow/{id}"),
            Resource::ContactFlowModule(id) => write!(f, "flow-module/{id}"),
            Resource::HoursOfOperation(id) => write!(f, "operating-hours/{id}"),
            Resource::User(id) => write!(f, "agent/{id}"),
            Resource::QuickConnect(id) => write!(f, "transfer-destination/{id}"),
            Resource::RoutingProfile(id) => write!(f, "routing-profile/{id}"),
            Resource::TaskTemplate(id) => write!(f, "task-template/{id}"),
        }
    }
}

impl Scope {
    /// The ARN of the instance.
    pub fn instance_arn(&self) -> String {
        format!("arn:aws:connect:{}:{}:instance/{}", self.region, self.account, self.instance)
    }

    /// The ARN of a resource of the instance.
    pub fn arn(&self, resource: Resource) -> String {
        format!("{}/{resource}", self.instance_arn())
    }
}

/// The last segment of an ARN, or the whole text when it is none: most id members take both. A version or alias after
/// the id (`<id>:$SAVED`) stays with it.
pub fn id_of(id_or_arn: &str) -> &str {
    match id_or_arn.strip_prefix("arn:") {
        Some(_) => id_or_arn.rsplit('/').next().unwrap_or(id_or_arn),
        None => id_or_arn,
    }
}
