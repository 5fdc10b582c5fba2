//! Queues.
//!
//! Here they are made and shown; [`update`] changes them, [`quick_connects`] says which quick connects they have.
//!
//! Facts: `control-plane.md` section 3, `routing.md` section 1, `observed-errors.md` O12.

pub(crate) mod quick_connects;
pub(crate) mod update;

use std::collections::BTreeSet;
use std::sync::Arc;

use api::shapes;
use engine::QueueId;
use engine::arn::Resource;
use engine::flow::ContactFlow;
use engine::hours::HoursOfOperation;
use engine::queue::{OutboundCallerConfig, Queue, QueueKind, QueueStatus};
use engine::quick_connect::QuickConnect;
use store::{KeyId, Kind};

use super::resource::{load, present, same, shown};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists};
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

/// The ARN of a queue.
pub(crate) fn queue_arn(tx: &Tx<'_>, queue: &Queue) -> String {
    tx.arn_scope().arn(match queue.agent() {
        Some(user) => Resource::AgentQueue(user),
        None => Resource::Queue(queue.id),
    })
}

/// What people call a queue; nothing for that of an agent.
pub(crate) fn queue_name(tx: &Tx<'_>, id: QueueId) -> Option<String> {
    let queue = tx.get::<Queue>(id.as_bytes())?;
    Some(queue.name.clone()).filter(|name| !name.is_empty())
}

/// Makes a standard queue.
pub(crate) fn create_queue(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateQueueRequest,
) -> Result<shapes::CreateQueueResponse, Halt> {
    let mut queues = tx.list::<Queue>();
    queues.retain(|queue| queue.kind == QueueKind::Standard);
    if queues.iter().any(|queue| queue.name == input.name) {
        return Err(name_exists("Queue", &input.name).into());
    }
    super::refuse_over_quota("queues", queues.len(), tx.settings().quotas.queues)?;
    refuse_email(input)?;
    let hours = load::<HoursOfOperation>(tx, &input.hours_of_operation_id)?.id;
    let mut quick_connects = BTreeSet::new();
    for given in input.quick_connect_ids.iter().flatten() {
        quick_connects.insert(load::<QuickConnect>(tx, given)?.id);
    }
    let outbound_caller = input.outbound_caller_config.as_ref().map(|given| outbound_caller(tx, given)).transpose()?;
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

/// What a queue does with mail is not kept, and so is refused rather than forgotten.
fn refuse_email(input: &shapes::CreateQueueRequest) -> Result<(), ApiError> {
    let refuse = |member: &str| {
        ApiError::invalid_request(format!("{member} is not supported: leave it out, there is no channel EMAIL here"))
    };
    match (&input.outbound_email_config, &input.email_addresses_config) {
        (Some(_), _) => Err(refuse("OutboundEmailConfig")),
        (None, Some(_)) => Err(refuse("EmailAddressesConfig")),
        (None, None) => Ok(()),
    }
}

fn outbound_caller(tx: &Tx<'_>, given: &shapes::OutboundCallerConfig) -> Result<OutboundCallerConfig, ApiError> {
    let flow = given.outbound_flow_id.as_deref().map(|flow| load::<ContactFlow>(tx, flow)).transpose()?;
    Ok(OutboundCallerConfig {
        name: given.outbound_caller_id_name.clone(),
        number_id: given.outbound_caller_id_number_id.clone(),
        flow: flow.map(|flow| flow.id),
    })
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
pub(crate) fn describe_queue(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeQueueRequest,
) -> Result<shapes::DescribeQueueResponse, Halt> {
    let queue = load::<Queue>(tx, &input.queue_id)?;
    Ok(shapes::DescribeQueueResponse { queue: Some(shown_queue(tx, &queue)) })
}

fn shown_queue(tx: &Tx<'_>, queue: &Queue) -> shapes::Queue {
    let outbound_caller_config = queue.outbound_caller.as_ref().map(|config| shapes::OutboundCallerConfig {
        outbound_caller_id_name: config.name.clone(),
        outbound_caller_id_number_id: config.number_id.clone(),
        outbound_flow_id: config.flow.map(|flow| flow.to_string()),
    });
    shapes::Queue {
        name: present(&queue.name),
        queue_arn: Some(queue_arn(tx, queue)),
        queue_id: Some(queue.id.to_string()),
        description: queue.description.clone(),
        outbound_caller_config,
        hours_of_operation_id: queue.hours.map(|hours| hours.to_string()),
        max_contacts: queue.max_contacts.and_then(|max| i32::try_from(max).ok()),
        status: Some(same(queue.status.as_str())),
        tags: Some(queue.tags.clone()),
        last_modified_time: shown(queue.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
        ..shapes::Queue::default()
    }
}

/// Lists queues, those of agents included unless the types say otherwise.
pub(crate) fn list_queues(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListQueuesRequest,
) -> Result<shapes::ListQueuesResponse, Halt> {
    let types = input.queue_types.as_deref().unwrap_or_default();
    let wanted = |queue: &Arc<Queue>| types.is_empty() || types.iter().any(|kind| kind.as_str() == queue.kind.as_str());
    let queues = tx.list::<Queue>().into_iter().filter(wanted);
    let page = page(queues, input.next_token.as_deref(), input.max_results)?;
    let summary = |queue: &Arc<Queue>| shapes::QueueSummary {
        id: Some(queue.id.to_string()),
        arn: Some(queue_arn(tx, queue)),
        name: present(&queue.name),
        queue_type: Some(same(queue.kind.as_str())),
        last_modified_time: shown(queue.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListQueuesResponse {
        queue_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// Enables or disables a queue. A transfer to a disabled queue takes the error branch; contacts in it stay.
pub(crate) fn update_queue_status(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQueueStatusRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = Queue::clone(&*load::<Queue>(tx, &input.queue_id)?);
    queue.status = same(input.status.as_str());
    queue.last_modified = tx.now;
    tx.put(queue);
    Ok(api::Empty {})
}

/// Sets how many contacts may wait in a queue; without a number, as many as the instance takes.
pub(crate) fn update_queue_max_contacts(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateQueueMaxContactsRequest,
) -> Result<api::Empty, Halt> {
    let mut queue = Queue::clone(&*load::<Queue>(tx, &input.queue_id)?);
    queue.max_contacts = max_contacts(input.max_contacts)?;
    queue.last_modified = tx.now;
    tx.put(queue);
    Ok(api::Empty {})
}
