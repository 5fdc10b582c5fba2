//! Agent statuses: what an agent can say about being available.
//!
//! Every instance has one ROUTABLE and one OFFLINE status, which cannot be changed; CUSTOM ones can be made, and are
//! disabled rather than deleted.
//!
//! Facts: `routing.md` section 4, `control-plane.md` section 3.

use std::sync::Arc;

use api::shapes;
use engine::AgentStatusId;
use engine::agent_status::{AgentStatus, AgentStatusKind};
use store::{KeyId, Kind};

use super::resource::{load, same, shown};
use super::search::{self, Field};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

/// Most agent statuses of an instance, not adjustable (`routing.md` section 4).
const AGENT_STATUSES_MAX: usize = 50;

in_instance!(
    shapes::CreateAgentStatusRequest,
    shapes::DescribeAgentStatusRequest,
    shapes::ListAgentStatusRequest,
    shapes::UpdateAgentStatusRequest,
    shapes::SearchAgentStatusesRequest,
);

impl Record for AgentStatus {
    const KIND: Kind = kinds::AGENT_STATUS;
    const NAME: &'static str = "agent status";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// The ARN of an agent status.
pub(crate) fn status_arn(tx: &Tx<'_>, id: AgentStatusId) -> String {
    format!("{}/agent-state/{id}", tx.arn_scope().instance_arn())
}

/// Makes a CUSTOM status.
pub(crate) fn create_agent_status(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateAgentStatusRequest,
) -> Result<shapes::CreateAgentStatusResponse, Halt> {
    let statuses = tx.list::<AgentStatus>();
    refuse_taken_name(&statuses, &input.name, None)?;
    super::refuse_over_quota("agent statuses", statuses.len(), Some(AGENT_STATUSES_MAX))?;
    let status = AgentStatus {
        id: AgentStatusId(tx.new_id()),
        name: input.name.clone(),
        description: input.description.clone(),
        kind: AgentStatusKind::Custom,
        display_order: input.display_order.and_then(|order| u8::try_from(order).ok()),
        state: same(input.state.as_str()),
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
    };
    let answer = shapes::CreateAgentStatusResponse {
        agent_status_arn: Some(status_arn(tx, status.id)),
        agent_status_id: Some(status.id.to_string()),
    };
    tx.put(status);
    Ok(answer)
}

fn refuse_taken_name(statuses: &[Arc<AgentStatus>], name: &str, own: Option<AgentStatusId>) -> Result<(), ApiError> {
    let taken = statuses.iter().any(|status| status.name == name && Some(status.id) != own);
    if taken { Err(name_exists("Agent status", name)) } else { Ok(()) }
}

/// Shows a status.
pub(crate) fn describe_agent_status(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeAgentStatusRequest,
) -> Result<shapes::DescribeAgentStatusResponse, Halt> {
    let status = load::<AgentStatus>(tx, &input.agent_status_id)?;
    Ok(shapes::DescribeAgentStatusResponse { agent_status: Some(shown_status(tx, &status)) })
}

fn shown_status(tx: &Tx<'_>, status: &AgentStatus) -> shapes::AgentStatus {
    shapes::AgentStatus {
        agent_status_arn: Some(status_arn(tx, status.id)),
        agent_status_id: Some(status.id.to_string()),
        name: Some(status.name.clone()),
        description: status.description.clone(),
        r#type: Some(same(status.kind.as_str())),
        display_order: status.display_order.map(i32::from),
        state: Some(same(status.state.as_str())),
        tags: Some(status.tags.clone()),
        last_modified_time: shown(status.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    }
}

/// Lists the statuses of the types asked for.
pub(crate) fn list_agent_statuses(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListAgentStatusRequest,
) -> Result<shapes::ListAgentStatusResponse, Halt> {
    let types = input.agent_status_types.as_deref().unwrap_or_default();
    let wanted =
        |status: &Arc<AgentStatus>| types.is_empty() || types.iter().any(|kind| kind.as_str() == status.kind.as_str());
    let statuses = tx.list::<AgentStatus>().into_iter().filter(wanted);
    let page = page(statuses, input.next_token.as_deref(), input.max_results)?;
    let summary = |status: &Arc<AgentStatus>| shapes::AgentStatusSummary {
        id: Some(status.id.to_string()),
        arn: Some(status_arn(tx, status.id)),
        name: Some(status.name.clone()),
        r#type: Some(same(status.kind.as_str())),
        last_modified_time: shown(status.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListAgentStatusResponse {
        agent_status_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// What of a status can be searched.
const FIELDS: [Field<AgentStatus>; 3] = [
    Field { name: "name", values: |status| vec![status.name.clone()] },
    Field { name: "description", values: |status| status.description.clone().into_iter().collect() },
    Field { name: "resourceID", values: |status| vec![status.id.to_string()] },
];

search::criteria!(shapes::AgentStatusSearchCriteria: AgentStatus, FIELDS);

/// Searches statuses.
pub(crate) fn search_agent_statuses(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchAgentStatusesRequest,
) -> Result<shapes::SearchAgentStatusesResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.attribute_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let found = search::search(tx.list::<AgentStatus>(), &tests, input.next_token.as_deref(), input.max_results)?;
    let (page, total) = found;
    Ok(shapes::SearchAgentStatusesResponse {
        agent_statuses: Some(page.items.iter().map(|status| shown_status(tx, status)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}

/// Changes a status; what is not given stays. Available and Offline keep their name and their state.
pub(crate) fn update_agent_status(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateAgentStatusRequest,
) -> Result<api::Empty, Halt> {
    let mut status = AgentStatus::clone(&*load::<AgentStatus>(tx, &input.agent_status_id)?);
    if status.kind != AgentStatusKind::Custom && (input.name.is_some() || input.state.is_some()) {
        let text = format!(
            "agent status {} is {} and keeps its name and its state; make a CUSTOM one by CreateAgentStatus",
            status.name, status.kind
        );
        return Err(ApiError::invalid_request(text).into());
    }
    let resets = input.reset_order_number == Some(true);
    if resets && input.display_order.is_some() {
        let text = "DisplayOrder cannot be given with ResetOrderNumber true; give one of them";
        return Err(ApiError::invalid_request(text).into());
    }
    if let Some(name) = &input.name {
        refuse_taken_name(&tx.list::<AgentStatus>(), name, Some(status.id))?;
        status.name.clone_from(name);
    }
    status.description = input.description.clone().or(status.description);
    status.state = input.state.map_or(status.state, |state| same(state.as_str()));
    let order = input.display_order.and_then(|order| u8::try_from(order).ok());
    status.display_order = order.or(status.display_order.filter(|_| !resets));
    status.last_modified = tx.now;
    tx.put(status);
    Ok(api::Empty {})
}
