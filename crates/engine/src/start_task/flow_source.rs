//! Which flow a task runs: R1, R1a to R1c, R11, R14, R16, R17.

use crate::flow::{ContactFlow, FlowState, FlowType};
use crate::id::{ContactFlowId, QueueId};
use crate::quick_connect::{QuickConnect, QuickConnectConfig};
use crate::refusal::Refusal;
use crate::template::{FieldType, TaskTemplate, TaskTemplateStatus};

/// What a request says about the flow, looked up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The template.
    pub template: Option<&'a TaskTemplate>,
    /// The quick connect, of the request or the template's default.
    pub quick_connect: Option<&'a QuickConnect>,
    /// ContactFlowId.
    pub flow: Option<ContactFlowId>,
    /// Whether the task is assigned to its maker.
    pub self_assigned: bool,
    /// Whether its maker was given.
    pub has_creator: bool,
}

/// The flow a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The flow.
    pub flow: ContactFlowId,
    /// The type it must have.
    pub flow_type: FlowType,
    /// The target queue it begins with.
    pub target_queue: Option<QueueId>,
}

impl Choice {
    fn inbound(flow: ContactFlowId) -> Choice {
        Choice { flow, flow_type: FlowType::ContactFlow, target_queue: None }
    }
}

/// Finds the one flow that a request names.
pub fn choose(sources: Sources<'_>) -> Result<Choice, Refusal> {
    let Sources { template, quick_connect, flow, self_assigned, has_creator } = sources;
    if let Some(template) = template
        && template.status == TaskTemplateStatus::Inactive
    {
        return Err(Refusal::TemplateInactive(template.id));
    }
    if self_assigned {
        return choose_self_assigned(template, quick_connect, flow, has_creator);
    }
    if flow.is_some() && quick_connect.is_some() {
        return Err(Refusal::TwoFlowSources { first: "ContactFlowId", second: "QuickConnectId" });
    }
    match (template, quick_connect, flow) {
        (None, None, None) => Err(Refusal::NoFlowSource),
        (None, None, Some(flow)) => Ok(Choice::inbound(flow)),
        (None, Some(quick_connect), _) => choose_quick_connect(quick_connect),
        (Some(template), quick_connect, flow) => match (template.flow, quick_connect, flow) {
            (Some(flow), None, None) => Ok(Choice::inbound(flow)),
            (Some(_), _, Some(_)) => Err(Refusal::TwoFlowSources { first: "TaskTemplateId", second: "ContactFlowId" }),
            (Some(_), Some(_), None) => {
                Err(Refusal::TwoFlowSources { first: "TaskTemplateId", second: "QuickConnectId" })
            }
            (None, None, None) => Err(Refusal::TemplateWithoutFlow(template.id)),
            (None, _, Some(flow)) => Ok(Choice::inbound(flow)),
            (None, Some(quick_connect), None) => match template.field_of_type(FieldType::QuickConnect) {
                Some(_) => choose_quick_connect(quick_connect),
                None => Err(Refusal::TemplateWithoutQuickConnectField(template.id)),
            },
        },
    }
}

/// R11.
fn choose_self_assigned(
    template: Option<&TaskTemplate>,
    quick_connect: Option<&QuickConnect>,
    flow: Option<ContactFlowId>,
    has_creator: bool,
) -> Result<Choice, Refusal> {
    let Some(template) = template else { return Err(Refusal::SelfAssignment { missing: "a TaskTemplateId" }) };
    if !has_creator {
        return Err(Refusal::SelfAssignment { missing: "connect:CreatedByUser" });
    }
    if flow.is_some() {
        return Err(Refusal::TwoFlowSources { first: "connect:AssignmentType SELF", second: "ContactFlowId" });
    }
    if quick_connect.is_some() {
        return Err(Refusal::TwoFlowSources { first: "connect:AssignmentType SELF", second: "QuickConnectId" });
    }
    let flow = template
        .self_assign_flow
        .ok_or(Refusal::SelfAssignment { missing: "a task template with a SelfAssignFlowId" })?;
    Ok(Choice::inbound(flow))
}

/// R16.
fn choose_quick_connect(quick_connect: &QuickConnect) -> Result<Choice, Refusal> {
    match &quick_connect.config {
        QuickConnectConfig::User { user, flow } => {
            Ok(Choice { flow: *flow, flow_type: FlowType::AgentTransfer, target_queue: Some(QueueId::of_agent(*user)) })
        }
        QuickConnectConfig::Queue { queue, flow } => {
            Ok(Choice { flow: *flow, flow_type: FlowType::QueueTransfer, target_queue: Some(*queue) })
        }
        QuickConnectConfig::PhoneNumber { .. } | QuickConnectConfig::Flow { .. } => {
            Err(Refusal::QuickConnectKind { id: quick_connect.id, kind: quick_connect.config.kind() })
        }
    }
}

/// R17: the flow can be run as what it was named as.
pub fn check_flow(choice: &Choice, flow: Option<&ContactFlow>) -> Result<(), Refusal> {
    let Some(flow) = flow else { return Err(Refusal::FlowUnknown(choice.flow)) };
    let unusable = |why: String| Err(Refusal::FlowUnusable { flow: flow.id, why });
    if flow.flow_type != choice.flow_type {
        return unusable(format!("it is of type {}, a flow of type {} is needed", flow.flow_type, choice.flow_type));
    }
    match flow.state {
        FlowState::Archived => return unusable("it is ARCHIVED, activate it by UpdateContactFlowMetadata".to_owned()),
        FlowState::Active => {}
    }
    if flow.published.is_none() {
        return unusable("it was saved but never published".to_owned());
    }
    Ok(())
}
