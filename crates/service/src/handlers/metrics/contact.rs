//! The metrics of one contact in a queue: its place, and how long it may wait.

use api::shapes::{self, ContactMetricName, ContactMetricResult, ContactMetricValue};
use engine::arn::Resource;
use engine::contact::{Contact, State};

use super::estimated_wait_ms;
use super::queue::agents_of;
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::contact::named_contact;
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(shapes::GetContactMetricsRequest);

/// Shows the metrics of a contact that is in a queue. A wait of which nothing is known is left out: nobody who serves
/// the queue works on anything.
pub(crate) fn get_contact_metrics(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::GetContactMetricsRequest,
) -> Result<shapes::GetContactMetricsResponse, Halt> {
    let contact = named_contact(tx, &input.contact_id)?;
    let position = position(tx, &contact)?;
    let mut results = Vec::new();
    for metric in &input.metrics {
        let value = match metric.name {
            ContactMetricName::PositionInQueue => Some(f64::from(position)),
            ContactMetricName::EstimatedWaitTime => estimated_wait_seconds(tx, &contact, position),
        };
        let result = |value| ContactMetricResult { name: metric.name, value: ContactMetricValue::Number(value) };
        results.extend(value.map(result));
    }
    Ok(shapes::GetContactMetricsResponse {
        metric_results: Some(results),
        id: Some(contact.id.to_string()),
        arn: Some(tx.arn_scope().arn(Resource::Contact(contact.id))),
    })
}

/// The place of a contact in its queue, 1 first; one that is offered to an agent is first.
pub(super) fn position(tx: &Tx<'_>, contact: &Contact) -> Result<u32, ApiError> {
    match contact.state {
        State::Queued => tx.position_in_queue(contact.id),
        State::Offered | State::Joining => Some(1),
        State::Scheduled | State::InFlow | State::Connected | State::Paused | State::Ended | State::Completed => None,
    }
    .ok_or_else(|| {
        ApiError::invalid_request(format!(
            "contact {} is not in a queue, so it has no place in one and no wait; ask while it is queued",
            contact.id
        ))
    })
}

/// None for the queue of an agent as well: who serves it does not follow from routing profiles.
pub(super) fn estimated_wait_seconds(tx: &Tx<'_>, contact: &Contact, position: u32) -> Option<f64> {
    if contact.state != State::Queued {
        return Some(0.0);
    }
    let agents = agents_of(tx, contact.queue?);
    let wait_ms = estimated_wait_ms(u64::from(position), agents.slots_available, agents.joined, tx.now)?;
    Some((wait_ms / 1000.0).round())
}
