//! Queues.
//!
//! Facts: `control-plane.md` section 3, `routing.md` section 1, `observed-errors.md` O12.

use api::operations::*;
use api::shapes;
use engine::arn::{Resource, id_of};
use engine::hours::HoursOfOperation;
use engine::queue::{OutboundCallerConfig, Queue, QueueKind, QueueStatus};
use engine::quick_connect::QuickConnect;
use engine::{HoursOfOperationId, QueueId, QuickConnectId};
use store::{KeyId, Kind};

use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_not_found};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateQueueRequest,
    shapes::DescribeQueueRequest,
    shapes::ListQueuesRequest,
    shapes::UpdateQueueStatusRequest,
    shapes::UpdateQueueMaxContactsRequest,
);

impl Record for Queue {
    const KIND: Kind = kinds::QUEUE;
    const NAME: &'static str = "queue";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

/// The queue of an id or ARN. The queue of an agent may be written `agent/<user id>`, as in its ARN.
pub fn load_queue(tx: &Tx<'_>, given: &str) -> Result<std::sync::Arc<Queue>, ApiError> {
    let id: Option<QueueId> = id_of(given).parse().ok();
    id.and_then(|id| tx.get::<Queue>(id.as_bytes())).ok_or_else(|| resource_not_found(Queue::NAME, given))
}

/// The ARN of a queue.
pub fn queue_arn(tx: &Tx<'_>, queue: &Queue) -> String {
    tx.arn_scope().arn(match queue.agent() {
        Some(user) => Resource::AgentQueue(user),
        None => Resource::Queue(queue.id),
    })
}

/// Makes a standard queue.
pub fn create_queue(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateQueueRequest,
) -> Result<shapes::CreateQueueResponse, Halt> {
    let standard = |queue: &&std::sync::Arc<Queue>| queue.kind == QueueKind::Standard;
    let queues = tx.list::<Queue>();
    if queues.iter().filter(standard).any(|queue| queue.name == input.name) {
        return Err(name_exists("Queue", &input.name).into());
    }
    let count = queues.iter().filter(standard).count();
    super::refuse_over_quota("queues", count, tx.settings().quotas.queues)?;
    let hours = load_hours(tx, &input.hours_of_operation_id)?;
    let mut quick_connects = std::collections::BTreeSet::new();
    for given in input.quick_connect_ids.iter().flatten() {
        let id: Option<QuickConnectId> = id_of(given).parse().ok();
        let found = id.filter(|id| tx.get::<QuickConnect>(id.as_bytes()).is_some());
        quick_connects.insert(found.ok_or_else(|| resource_not_found(QuickConnect::NAME, given))?);
    }
    let outbound_caller = input.outbound_caller_config.as_ref().map(|config| OutboundCallerConfig {
        name: config.outbound_caller_id_name.clone(),
        number_id: config.outbound_caller_id_number_id.clone(),
        flow: config.outbound_flow_id.as_deref().and_then(|flow| id_of(flow).parse().ok()),
    });
    let queue = Queue {
        id: QueueId(tx.new_id()),
        kind: QueueKind::Standard,
        name: input.name.clone(),
        description: input.description.clone(),
        hours: Some(hours),
        max_contacts: max_contacts(input.max_contacts)?,
        status: QueueStatus::Enabled,
        quick_connects,
        outbound_caller,
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
    };
    let answer =
        shapes::CreateQueueResponse { queue_arn: Some(queue_arn(tx, &queue)), queue_id: Some(queue.id.to_string()) };
    tx.put(queue);
    Ok(answer)
}

fn load_hours(tx: &Tx<'_>, given: &str) -> Result<HoursOfOperationId, ApiError> {
    let id: Option<HoursOfOperationId> = id_of(given).parse().ok();
    id.filter(|id| tx.get::<HoursOfOperation>(id.as_bytes()).is_some())
        .ok_or_else(|| resource_not_found(HoursOfOperation::NAME, given))
}

fn max_contacts(given: Option<i32>) -> Result<Option<u32>, ApiError> {
    let number = |max| {
        u32::try_from(max).map_err(|_| {
            ApiError::invalid_parameter(format!("Invalid parameter:  MaxContacts {max}; it must be 0 or more"))
        })
    };
    given.map(number).transpose()
}

/// Shows a queue.
pub fn describe_queue(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeQueueRequest,
) -> Result<shapes::DescribeQueueResponse, Halt> {
    let queue = load_queue(tx, &input.queue_id)?;
    let outbound_caller_config = queue.outbound_caller.as_ref().map(|config| shapes::OutboundCallerConfig {
        outbound_caller_id_name: config.name.clone(),
        outbound_caller_id_number_id: config.number_id.clone(),
        outbound_flow_id: config.flow.map(|flow| flow.to_string()),
    });
    let shown = shapes::Queue {
        name: Some(queue.name.clone()).filter(|name| !name.is_empty()),
        queue_arn: Some(queue_arn(tx, &queue)),
        queue_id: Some(queue.id.to_string()),
        description: queue.description.clone(),
        outbound_caller_config,
        hours_of_operation_id: queue.hours.map(|hours| hours.to_string()),
        max_contacts: queue.max_contacts.map(|max| max as i32),
        status: Some(match queue.status {
            QueueStatus::Enabled => shapes::QueueStatus::Enabled,
            QueueStatus::Disabled => shapes::QueueStatus::Disabled,
        }),
        tags: Some(queue.tags.clone()),
        last_modified_time: Some(api::Timestamp(queue.last_modified.millis())),
        last_modified_region: Some(tx.settings().region.clone()),
        ..shapes::Queue::default()
    };
    Ok(shapes::DescribeQueueResponse { queue: Some(shown) })
}

/// Lists queues, those of agents included unless the types say otherwise.
pub fn list_queues(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListQueuesRequest,
) -> Result<shapes::ListQueuesResponse, Halt> {
    let wanted = |kind: QueueKind| {
        input.queue_types.as_ref().filter(|types| !types.is_empty()).is_none_or(|types| {
            types.iter().any(|wanted| match wanted {
                shapes::QueueType::Standard => kind == QueueKind::Standard,
                shapes::QueueType::Agent => kind == QueueKind::Agent,
            })
        })
    };
    let queues = tx.list::<Queue>().into_iter().filter(|queue| wanted(queue.kind));
    let page = page(queues, input.next_token.as_deref(), input.max_results)?;
    let summary = |queue: &std::sync::Arc<Queue>| shapes::QueueSummary {
        id: Some(queue.id.to_string()),
        arn: Some(queue_arn(tx, queue)),
        name: Some(queue.name.clone()).filter(|name| !name.is_empty()),
        queue_type: Some(match queue.kind {
            QueueKind::Standard => shapes::QueueType::Standard,
            QueueKind::Agent => shapes::QueueType::Agent,
        }),
        last_modified_time: Some(api::Timestamp(queue.last_modified.millis())),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListQueuesResponse {
        queue_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Enables or disables a queue. A transfer to a disabled queue takes the error branch; contacts in it stay.
pub fn update_queue_status(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQueueStatusRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = Queue::clone(&*load_queue(tx, &input.queue_id)?);
    queue.status = match input.status {
        shapes::QueueStatus::Enabled => QueueStatus::Enabled,
        shapes::QueueStatus::Disabled => QueueStatus::Disabled,
    };
    queue.last_modified = tx.now;
    tx.put(queue);
    Ok(api::Empty {})
}

/// Sets how many contacts may wait in a queue; without a number, as many as the instance takes.
pub fn update_queue_max_contacts(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQueueMaxContactsRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = Queue::clone(&*load_queue(tx, &input.queue_id)?);
    queue.max_contacts = max_contacts(input.max_contacts)?;
    queue.last_modified = tx.now;
    tx.put(queue);
    Ok(api::Empty {})
}
