//! Contact events, as EventBridge delivers those of Amazon Connect (`contact-events.md` section 1).

use engine::Timestamp;
use engine::arn::{Resource, Scope as ArnScope};
use engine::contact::{AgentInfo, Contact, DisconnectReason, EventType, SegmentValue, UpdatedProperty};
use engine::criteria::Criteria;
use engine::queue::QueueKind;
use engine::{QueueId, UserId};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::hierarchy::by_level;
use super::records::Records;
use super::{ReadEventsError, without_nulls};
use crate::event::{CriteriaMark, EventRecord, is_beginning};
use crate::handlers::contact_work;

const DETAIL_TYPE: &str = "Amazon Connect Contact Event";
/// Routing criteria that an event shows, the latest.
const CRITERIA_MAX: usize = 3;

/// An event with its envelope. Without the contact's record it tells what the event itself holds.
pub(super) fn render(
    records: &Records<'_>,
    arns: &ArnScope,
    id: Uuid,
    event: &EventRecord,
    contact: Option<&Contact>,
) -> Result<Value, ReadEventsError> {
    let account = format!("arn:aws:connect:{}:{}", arns.region, arns.account);
    Ok(json!({
        "version": "0",
        "id": id.to_string(),
        "detail-type": DETAIL_TYPE,
        "source": "aws.connect",
        "account": arns.account,
        "time": to_seconds(event.at),
        "region": arns.region,
        "resources": [account, arns.arn(Resource::Contact(event.contact)), arns.instance_arn()],
        "detail": detail(records, arns, event, contact)?,
    }))
}

/// A time without its milliseconds.
pub(super) fn to_seconds(at: Timestamp) -> String {
    const TO_SECONDS: usize = "2026-01-02T03:04:05".len();
    format!("{}Z", at.to_string().get(..TO_SECONDS).unwrap_or_default())
}

fn detail(
    records: &Records<'_>,
    arns: &ArnScope,
    event: &EventRecord,
    contact: Option<&Contact>,
) -> Result<Value, ReadEventsError> {
    let queue = event.queue.map(|queue| queue_info(records, arns, queue, event.enqueued)).transpose()?;
    let updated = (event.event_type == EventType::ContactDataUpdated)
        .then(|| event.updated.iter().copied().map(UpdatedProperty::as_str).collect::<Vec<_>>());
    let mut detail = json!({
        "eventType": event.event_type.as_str(),
        "contactId": event.contact.to_string(),
        "channel": "TASK",
        "instanceArn": arns.instance_arn(),
        "queueInfo": queue,
        "disconnectReason": event.disconnect_reason.map(DisconnectReason::as_str),
        "updatedProperties": updated,
    });
    if let (Some(contact), Value::Object(detail)) = (contact, &mut detail) {
        detail.extend(of_contact(records, arns, event, contact)?);
    }
    Ok(without_nulls(detail))
}

fn of_contact(
    records: &Records<'_>,
    arns: &ArnScope,
    event: &EventRecord,
    contact: &Contact,
) -> Result<Map<String, Value>, ReadEventsError> {
    // What came later is not told.
    let at = event.at;
    let then = |time: Option<Timestamp>| time.filter(|time| *time <= at).map(|time| time.to_string());
    let times = &contact.times;
    let mut tags = contact.tags.clone();
    tags.insert("aws:connect:instanceId".to_owned(), arns.instance.to_string());
    let segment = contact.segment_attributes(arns);
    let segment: Map<String, Value> = segment.iter().map(|(key, value)| (key.clone(), shown_segment(value))).collect();
    let criteria = criteria_then(event, contact).into_iter().rev().take(CRITERIA_MAX);
    let criteria: Vec<Value> =
        criteria.map(|criteria| without_nulls(lower_camel(shown_criteria(&criteria, |at| at.to_string())))).collect();
    let has_agent = !is_beginning(event.event_type) && event.event_type != EventType::Queued;
    let agent = contact.agent.filter(|agent| has_agent && agent.connected <= at);
    let agent = agent.map(|agent| agent_info(records, arns, at, &agent)).transpose()?;
    let shown = json!({
        "initialContactId": contact.initial.map(|id| id.to_string()),
        "previousContactId": contact.previous.map(|id| id.to_string()),
        "relatedContactId": contact.related.map(|id| id.to_string()),
        "initiationMethod": contact.initiation_method.as_str(),
        "initiationTimestamp": times.initiation.to_string(),
        "connectedToSystemTimestamp": then(times.connected_to_system).filter(|_| event.event_type != EventType::Initiated),
        "scheduledTimestamp": times.scheduled.map(|at| at.to_string()),
        "disconnectTimestamp": then(times.disconnect).filter(|_| event.is_over()),
        "agentInfo": agent,
        "contactDetails": without_nulls(json!({"name": contact.name, "description": contact.description})),
        "routingCriteria": (!criteria.is_empty()).then_some(criteria),
        "segmentAttributes": segment,
        "tags": tags,
        "customerId": contact.customer_id,
    });
    Ok(match shown {
        Value::Object(shown) => shown,
        _ => Map::new(),
    })
}

pub(super) fn queue_arn(arns: &ArnScope, queue: QueueId, kind: QueueKind) -> String {
    arns.arn(match kind {
        QueueKind::Agent => Resource::AgentQueue(UserId(queue.0)),
        QueueKind::Standard => Resource::Queue(queue),
    })
}

fn queue_info(
    records: &Records<'_>,
    arns: &ArnScope,
    queue: QueueId,
    enqueued: Option<Timestamp>,
) -> Result<Value, ReadEventsError> {
    let kind = records.queue(queue)?.map_or(QueueKind::Standard, |queue| queue.kind);
    Ok(without_nulls(json!({
        "queueArn": queue_arn(arns, queue, kind),
        "queueType": kind.as_str(),
        "enqueueTimestamp": enqueued.map(|at| at.to_string()),
    })))
}

fn agent_info(
    records: &Records<'_>,
    arns: &ArnScope,
    at: Timestamp,
    agent: &AgentInfo,
) -> Result<Value, ReadEventsError> {
    let group = records.user(agent.agent)?.and_then(|user| user.hierarchy_group);
    let shown_group = |arn: String, _| json!({"arn": arn});
    let groups = group.map(|group| by_level(records, arns, group, "level", shown_group)).transpose()?;
    let then = |time: Option<Timestamp>| time.filter(|time| *time <= at).map(|time| time.to_string());
    let ended = agent.acw_end.is_some_and(|end| end <= at);
    Ok(without_nulls(json!({
        "hierarchyGroups": groups,
        "agentArn": arns.arn(Resource::User(agent.agent)),
        "connectedToAgentTimestamp": agent.connected.to_string(),
        "afterContactWorkStartTimestamp": then(agent.acw_start),
        "afterContactWorkEndTimestamp": then(agent.acw_end),
        "afterContactWorkDuration": agent.acw_ms().filter(|_| ended).map(|ms| ms / 1_000),
        "agentInitiatedHoldDuration": 0,
        "activeRegion": arns.region,
    })))
}

fn shown_segment(value: &SegmentValue) -> Value {
    match value {
        SegmentValue::String(text) => json!({"valueString": text}),
        SegmentValue::Integer(number) => json!({"valueInteger": number}),
        SegmentValue::Arn(arn) => json!({"valueArn": arn}),
        SegmentValue::Map(map) => {
            let map: Map<String, Value> = map.iter().map(|(key, value)| (key.clone(), shown_segment(value))).collect();
            json!({"valueMap": map})
        }
        SegmentValue::List(list) => json!({"valueList": list.iter().map(shown_segment).collect::<Vec<_>>()}),
    }
}

/// The routing criteria as far as they were when it happened.
fn criteria_then(event: &EventRecord, contact: &Contact) -> Vec<Criteria> {
    let then = |mark: &CriteriaMark| {
        let known = contact.criteria.iter().find(|criteria| criteria.index == mark.index)?;
        let mut criteria = Criteria { activation: mark.activation, ..known.clone() };
        for (step, mark) in criteria.steps.iter_mut().zip(&mark.steps) {
            (step.status, step.expires) = (mark.status, mark.expires);
        }
        Some(criteria)
    };
    event.criteria.iter().flatten().filter_map(then).collect()
}

/// Criteria as the API shows them, with this form of time, and with the statuses that the API has no name for
/// (`routing.md` section 6).
pub(super) fn shown_criteria(criteria: &Criteria, time: impl Fn(Timestamp) -> String) -> Value {
    let mut shown = serde_json::to_value(contact_work::shown_criteria(criteria)).unwrap_or_default();
    shown["ActivationTimestamp"] = json!(criteria.activation.map(&time));
    for (place, step) in criteria.steps.iter().enumerate() {
        shown["Steps"][place]["Status"] = json!(step.status.as_str());
        if let Some(at) = step.expires {
            shown["Steps"][place]["Expiry"]["ExpiryTimestamp"] = json!(time(at));
        }
    }
    shown
}

fn lower_camel(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let lowered = |(key, value): (String, Value)| {
                let mut letters = key.chars();
                let key = letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
                (key, lower_camel(value))
            };
            Value::Object(members.into_iter().map(lowered).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(lower_camel).collect()),
        other => other,
    }
}
