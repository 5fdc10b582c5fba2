//! Contact records (CTR), as Amazon Connect writes them to a stream (`contact-events.md` section 2).

use engine::arn::{Resource, Scope as ArnScope};
use engine::contact::{AgentInfo, Contact, DisconnectReason, EventType, Reference, ReferenceStatus};
use engine::queue::QueueKind;
use serde_json::{Value, json};

use super::contact_event::{queue_arn, shown_criteria, to_seconds};
use super::hierarchy::by_level;
use super::records::Records;
use super::{ReadEventsError, without_nulls};
use crate::event::EventRecord;
use crate::handlers::contact::shown_segments;

const FORMAT_VERSION: &str = "2017-03-10";

/// Whether an event brings the contact's record along: its completion does, and every change after it.
pub(super) fn is_due(contact: &Contact, event: &EventRecord) -> bool {
    let completed = contact.agent.and_then(|agent| agent.acw_end).or(contact.times.disconnect);
    let later = event.is_over() && completed.is_some_and(|completed| event.at >= completed);
    let changed = later && event.event_type == EventType::ContactDataUpdated;
    contact.is_completed() && (event.event_type == EventType::Completed || changed)
}

/// The record of a contact that is complete.
pub(super) fn render(records: &Records<'_>, arns: &ArnScope, contact: &Contact) -> Result<Value, ReadEventsError> {
    let times = &contact.times;
    let id = |id: Option<engine::ContactId>| id.map(|id| id.to_string());
    let mut tags = contact.tags.clone();
    tags.insert("aws:connect:instanceId".to_owned(), arns.instance.to_string());
    let attributes = records.chain(contact)?.map(|chain| chain.attributes).unwrap_or_default();
    let criteria = contact.criteria.iter().map(|criteria| without_nulls(shown_criteria(criteria, to_seconds)));
    let criteria: Vec<Value> = criteria.collect();
    let end = times.disconnect.unwrap_or(times.last_update);
    Ok(json!({
        "AWSAccountId": arns.account,
        "AWSContactTraceRecordFormatVersion": FORMAT_VERSION,
        "Agent": contact.agent.map(|info| agent(records, arns, contact, &info)).transpose()?,
        "AgentConnectionAttempts": contact.offers,
        "Attributes": attributes,
        "Channel": "TASK",
        "ConnectedToSystemTimestamp": times.connected_to_system.map(to_seconds),
        "ContactAssociationId": contact.association.unwrap_or_else(|| contact.chain_id()).to_string(),
        "ContactDetails": without_nulls(json!({"Name": contact.name, "Description": contact.description})),
        "ContactId": contact.id.to_string(),
        "CustomerEndpoint": null,
        "CustomerId": contact.customer_id,
        "DisconnectReason": contact.disconnect_reason.map(DisconnectReason::as_str),
        "DisconnectTimestamp": times.disconnect.map(to_seconds),
        "InitialContactId": id(contact.initial),
        "InitiationMethod": contact.initiation_method.as_str(),
        "InitiationTimestamp": to_seconds(times.initiation),
        "InstanceARN": arns.instance_arn(),
        "LastPausedTimestamp": contact.pauses.map(|pauses| to_seconds(pauses.last_paused)),
        "LastResumedTimestamp": contact.pauses.and_then(|pauses| pauses.last_resumed).map(to_seconds),
        "LastUpdateTimestamp": to_seconds(times.last_update),
        "MediaStreams": [],
        "NextContactId": id(contact.next),
        "PreviousContactId": id(contact.previous),
        "Queue": queue(records, arns, contact)?,
        "Recording": null,
        "Recordings": null,
        "References": contact.references.iter().map(|(name, value)| reference(name, value)).collect::<Vec<_>>(),
        "RelatedContactId": id(contact.related),
        "RoutingCriteria": criteria,
        "ScheduledTimestamp": times.scheduled.map(to_seconds),
        "SegmentAttributes": shown_segments(&contact.segment_attributes(arns)),
        "SystemEndpoint": null,
        "Tags": tags,
        "TaskTemplateInfo": contact.template.as_ref().map(|template| json!({
            "ARN": arns.arn(Resource::TaskTemplate(template.id)),
            "Name": template.name,
        })),
        "TotalPauseCount": contact.pauses.map_or(0, |pauses| pauses.count),
        "TotalPauseDurationInSeconds": contact.paused_ms(end) / 1_000,
        "TransferCompletedTimestamp": contact.next.and(times.disconnect).map(to_seconds),
        "TransferredToEndpoint": null,
    }))
}

fn agent(
    records: &Records<'_>,
    arns: &ArnScope,
    contact: &Contact,
    info: &AgentInfo,
) -> Result<Value, ReadEventsError> {
    let user = records.user(info.agent)?;
    let profile = user.as_ref().map(|user| records.routing_profile(user.routing_profile)).transpose()?.flatten();
    let shown_group = |arn: String, name: Option<String>| json!({"ARN": arn, "GroupName": name});
    let group = user.as_ref().and_then(|user| user.hierarchy_group);
    let groups = group.map(|group| by_level(records, arns, group, "Level", shown_group)).transpose()?;
    let with_agent = contact.times.disconnect.map(|end| end.since(info.connected) - info.paused_ms);
    Ok(json!({
        "ARN": arns.arn(Resource::User(info.agent)),
        "Username": user.map(|user| user.username),
        "ConnectedToAgentTimestamp": to_seconds(info.connected),
        "AgentInteractionDuration": with_agent.map(|ms| ms / 1_000),
        "AgentPauseDuration": info.paused_ms / 1_000,
        "AfterContactWorkStartTimestamp": info.acw_start.map(to_seconds),
        "AfterContactWorkEndTimestamp": info.acw_end.map(to_seconds),
        "AfterContactWorkDuration": info.acw_ms().map(|ms| ms / 1_000),
        "CustomerHoldDuration": 0,
        "LongestHoldDuration": 0,
        "NumberOfHolds": 0,
        "HierarchyGroups": groups,
        "RoutingProfile": profile.map(|profile| json!({
            "ARN": arns.arn(Resource::RoutingProfile(profile.id)),
            "Name": profile.name,
        })),
    }))
}

fn queue(records: &Records<'_>, arns: &ArnScope, contact: &Contact) -> Result<Option<Value>, ReadEventsError> {
    let Some(id) = contact.queue else { return Ok(None) };
    let record = records.queue(id)?;
    let kind = record.as_ref().map_or(QueueKind::Standard, |queue| queue.kind);
    let (enqueue, dequeue) = (contact.times.enqueue, contact.times.dequeue);
    let duration = enqueue.zip(dequeue).map(|(enqueue, dequeue)| dequeue.since(enqueue) / 1_000);
    Ok(Some(json!({
        "ARN": queue_arn(arns, id, kind),
        "Name": record.map(|queue| queue.name).filter(|name| !name.is_empty()),
        "EnqueueTimestamp": enqueue.map(to_seconds),
        "DequeueTimestamp": dequeue.map(to_seconds),
        "Duration": duration,
    })))
}

fn reference(name: &str, reference: &Reference) -> Value {
    without_nulls(json!({
        "Name": name,
        "Type": reference.reference_type.as_str(),
        "Value": reference.value,
        "Status": reference.status.map(ReferenceStatus::as_str),
        "StatusReason": reference.status_reason,
    }))
}
