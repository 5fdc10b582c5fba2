//! Changes of a standard queue, its end, and the search for one.
//!
//! Facts: `routing.md` section 1, `control-plane.md` sections 2 and 3.

use std::sync::Arc;

use api::shapes;
use engine::QueueId;
use engine::arn::Resource;
use engine::hours::HoursOfOperation;
use engine::queue::{Queue, QueueKind};
use engine::quick_connect::{QuickConnect, QuickConnectConfig};
use engine::routing_profile::RoutingProfile;

use super::{outbound_caller, queue_arn, shown_queue};
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_in_use};
use crate::handlers::resource::load;
use crate::handlers::search::{self, Field};
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(
    shapes::UpdateQueueNameRequest,
    shapes::UpdateQueueHoursOfOperationRequest,
    shapes::UpdateQueueOutboundCallerConfigRequest,
    shapes::DeleteQueueRequest,
    shapes::SearchQueuesRequest,
);

/// A standard queue to change. That of an agent has no name, hours or quick connects, and goes with its user.
pub(super) fn standard_queue(tx: &Tx<'_>, given: &str) -> Result<Queue, ApiError> {
    let queue = load::<Queue>(tx, given)?;
    match queue.agent() {
        None => Ok(Queue::clone(&queue)),
        Some(user) => Err(ApiError::invalid_request(format!(
            "queue {} is that of agent {user}: it is made, changed and deleted with its user; name a STANDARD queue",
            queue.id
        ))),
    }
}

/// Saves a changed queue.
pub(super) fn save(tx: &mut Tx<'_>, mut queue: Queue) -> api::Empty {
    queue.last_modified = tx.now;
    tx.put(queue);
    api::Empty {}
}

/// Renames a queue, or describes it anew.
pub(crate) fn update_queue_name(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQueueNameRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = standard_queue(tx, &input.queue_id)?;
    if input.name.is_none() && input.description.is_none() {
        return Err(ApiError::invalid_request("nothing to change: give Name, Description or both").into());
    }
    if let Some(name) = &input.name {
        // The queues of agents have no name that could be taken.
        if tx.list::<Queue>().iter().any(|other| other.name == *name && other.id != queue.id) {
            return Err(name_exists("Queue", name).into());
        }
        queue.name.clone_from(name);
    }
    queue.description = input.description.clone().or(queue.description);
    Ok(save(tx, queue))
}

/// Gives a queue other hours, which flows check from now on.
pub(crate) fn update_queue_hours_of_operation(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQueueHoursOfOperationRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = standard_queue(tx, &input.queue_id)?;
    queue.hours = Some(load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?.id);
    Ok(save(tx, queue))
}

/// Replaces the caller id of outbound calls, which is kept and shown.
pub(crate) fn update_queue_outbound_caller_config(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQueueOutboundCallerConfigRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = standard_queue(tx, &input.queue_id)?;
    queue.outbound_caller = Some(outbound_caller(tx, &input.outbound_caller_config)?);
    Ok(save(tx, queue))
}

/// Deletes a queue that nothing waits in and nothing names.
pub(crate) fn delete_queue(tx: &mut Tx<'_>, _: &Call, input: &shapes::DeleteQueueRequest) -> Result<api::Empty, Halt> {
    let queue = standard_queue(tx, &input.queue_id)?;
    refuse_in_use(tx, &queue)?;
    tx.delete::<Queue>(queue.id.as_bytes());
    Ok(api::Empty {})
}

fn refuse_in_use(tx: &Tx<'_>, queue: &Queue) -> Result<(), ApiError> {
    let id = queue.id;
    if let Some(profile) = tx.list::<RoutingProfile>().into_iter().find(|profile| serves(profile, id)) {
        let text = format!(
            "queue {id} is served by routing profile {}; take it away by DisassociateRoutingProfileQueues, and from the \
             default by UpdateRoutingProfileDefaultOutboundQueue",
            profile.id
        );
        return Err(resource_in_use(text, tx.arn_scope().arn(Resource::RoutingProfile(profile.id))));
    }
    let leads_here =
        |other: &Arc<QuickConnect>| matches!(other.config, QuickConnectConfig::Queue { queue, .. } if queue == id);
    if let Some(quick_connect) = tx.list::<QuickConnect>().into_iter().find(leads_here) {
        let text = format!(
            "quick connect {} leads to queue {id}; give it another config by UpdateQuickConnectConfig, or delete it",
            quick_connect.id
        );
        return Err(resource_in_use(text, tx.arn_scope().arn(Resource::QuickConnect(quick_connect.id))));
    }
    let (waiting, _) = tx.queue_depth(&id);
    if waiting > 0 {
        let text = format!("{waiting} contacts wait in queue {id}; transfer or stop them first");
        return Err(resource_in_use(text, queue_arn(tx, queue)));
    }
    Ok(())
}

fn serves(profile: &RoutingProfile, queue: QueueId) -> bool {
    profile.default_outbound_queue == queue
        || profile.queues.iter().any(|config| config.queue == queue)
        || profile.manual_queues.iter().any(|config| config.queue == queue)
}

/// What of a queue can be searched.
const FIELDS: [Field<Queue>; 3] = [
    Field { name: "name", values: |queue| vec![queue.name.clone()] },
    Field { name: "description", values: |queue| queue.description.clone().into_iter().collect() },
    Field { name: "resourceID", values: |queue| vec![queue.id.to_string()] },
];

search::criteria!(shapes::QueueSearchCriteria: Queue, FIELDS, |criteria, _| {
    let of_type = |wanted: shapes::SearchableQueueType| -> search::Test<Queue> {
        Box::new(move |queue| queue.kind.as_str() == wanted.as_str())
    };
    Ok(criteria.queue_type_condition.map(of_type).into_iter().collect())
});

/// Searches standard queues.
pub(crate) fn search_queues(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchQueuesRequest,
) -> Result<shapes::SearchQueuesResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.tag_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let mut queues = tx.list::<Queue>();
    queues.retain(|queue| queue.kind == QueueKind::Standard);
    let (page, total) = search::search(queues, &tests, input.next_token.as_deref(), input.max_results)?;
    Ok(shapes::SearchQueuesResponse {
        queues: Some(page.items.iter().map(|queue| shown_queue(tx, queue)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}
