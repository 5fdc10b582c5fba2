//! Agent events, as the agent event stream of Amazon Connect has them (`contact-events.md` section 3).

use engine::agent::AgentContact;
use engine::agent_status::AgentStatus;
use engine::arn::{Resource, Scope as ArnScope};
use engine::queue::QueueKind;
use engine::routing_profile::Channel;
use engine::user::User;
use engine::{AgentStatusId, QueueId, RoutingProfileId, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::contact_event::queue_arn;
use super::hierarchy::by_level;
use super::records::Records;
use super::{ReadEventsError, without_nulls};
use crate::event::{AgentConfiguration, AgentEventRecord, AgentFace};

const VERSION: &str = "2017-10-01";

/// An event with the agent before and after it.
pub(super) fn render(
    records: &Records<'_>,
    arns: &ArnScope,
    id: Uuid,
    event: &AgentEventRecord,
) -> Result<Value, ReadEventsError> {
    let user = records.user(event.agent)?;
    let configuration = event.after.configuration.as_ref();
    let show = |face: &AgentFace| {
        let configuration = face.configuration.as_ref().or(configuration);
        snapshot(records, arns, event.agent, user.as_ref(), (face, configuration))
    };
    Ok(json!({
        "AgentARN": arns.arn(Resource::User(event.agent)),
        "AWSAccountId": arns.account,
        "CurrentAgentSnapshot": show(&event.after)?,
        "PreviousAgentSnapshot": event.before.as_ref().map(show).transpose()?,
        "EventId": id.to_string(),
        "EventTimestamp": event.at.to_string(),
        "EventType": event.event_type.as_str(),
        "InstanceARN": arns.instance_arn(),
        "Version": VERSION,
    }))
}

fn snapshot(
    records: &Records<'_>,
    arns: &ArnScope,
    agent: UserId,
    user: Option<&User>,
    (face, configuration): (&AgentFace, Option<&AgentConfiguration>),
) -> Result<Value, ReadEventsError> {
    let profile = face.routing_profile.map(|id| records.routing_profile(id)).transpose()?.flatten();
    let status = |id: AgentStatusId| records.get::<AgentStatus>(id.as_bytes());
    let arn = |id: AgentStatusId| format!("{}/agent-state/{id}", arns.instance_arn());
    let next = face.next.map(|next| {
        Ok::<_, ReadEventsError>(json!({
            "ARN": arn(next.status.id),
            "Name": status(next.status.id)?.map(|status| status.name),
            "EnqueuedTimestamp": next.enqueued.to_string(),
        }))
    });
    let proficiencies: Vec<Value> = configuration
        .map(|configuration| configuration.proficiencies.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|it| json!({"Name": it.attribute, "Value": it.value, "ProficiencyLevel": it.level}))
        .collect();
    let shown_group = |arn: String, name: Option<String>| json!({"ARN": arn, "Name": name});
    let groups = face.hierarchy_group.map(|group| by_level(records, arns, group, "Level", shown_group)).transpose()?;
    let profile = face.routing_profile.map(|id| (id, profile)).zip(configuration);
    let profile = profile.map(|((id, profile), configuration)| {
        let name = profile.map(|profile| profile.name);
        routing_profile(records, arns, agent, face, (id, name, configuration))
    });
    let profile = profile.transpose()?;
    let contacts = face.contacts.iter().map(|entry| contact(records, arns, entry));
    Ok(json!({
        "AgentStatus": {
            "ARN": arn(face.status.id),
            "Name": status(face.status.id)?.map(|status| status.name),
            "StartTimestamp": face.since.to_string(),
            "Type": face.status.kind.as_str(),
        },
        "NextAgentStatus": next.transpose()?,
        "Configuration": {
            "FirstName": user.and_then(|user| user.identity.first_name.clone()),
            "LastName": user.and_then(|user| user.identity.last_name.clone()),
            "Username": user.map(|user| user.username.clone()),
            "AgentHierarchyGroups": groups,
            "Proficiencies": proficiencies,
            "RoutingProfile": profile,
        },
        "Contacts": contacts.collect::<Result<Vec<_>, ReadEventsError>>()?,
    }))
}

fn routing_profile(
    records: &Records<'_>,
    arns: &ArnScope,
    agent: UserId,
    face: &AgentFace,
    (id, name, configuration): (RoutingProfileId, Option<String>, &AgentConfiguration),
) -> Result<Value, ReadEventsError> {
    let concurrency = configuration.slots.iter().map(|(channel, max)| {
        let active = face.contacts.iter().filter(|it| it.channel == *channel && it.state.is_active()).count();
        let free = usize::from(*max).saturating_sub(active);
        json!({
            "Channel": channel.as_str(),
            "AvailableSlots": if face.absent == Some(true) { 0 } else { free },
            "MaximumSlots": max,
        })
    });
    let channels_of = |queue: QueueId| -> Vec<Channel> {
        configuration.queues.iter().filter(|(served, _)| *served == queue).map(|(_, channel)| *channel).collect()
    };
    let mut queues: Vec<QueueId> = Vec::new();
    for (queue, _) in &configuration.queues {
        if !queues.contains(queue) {
            queues.push(*queue);
        }
    }
    // The agent's own queue comes first, and has no name.
    let all_channels = configuration.slots.iter().map(|(channel, _)| *channel).collect();
    let mut inbound = vec![queue(records, arns, QueueId::of_agent(agent), all_channels)?];
    for id in queues {
        inbound.push(queue(records, arns, id, channels_of(id))?);
    }
    let outbound = configuration.default_outbound_queue;
    Ok(json!({
        "ARN": arns.arn(Resource::RoutingProfile(id)),
        "Name": name,
        "Concurrency": concurrency.collect::<Vec<_>>(),
        "DefaultOutboundQueue": queue(records, arns, outbound, channels_of(outbound))?,
        "InboundQueues": inbound,
    }))
}

fn queue(
    records: &Records<'_>,
    arns: &ArnScope,
    id: QueueId,
    channels: Vec<Channel>,
) -> Result<Value, ReadEventsError> {
    let record = records.queue(id)?;
    let kind = record.as_ref().map_or(QueueKind::Standard, |queue| queue.kind);
    let name = record.map(|queue| queue.name).filter(|name| !name.is_empty());
    Ok(json!({
        "ARN": queue_arn(arns, id, kind),
        "Channels": channels.into_iter().map(Channel::as_str).collect::<Vec<_>>(),
        "Name": name,
    }))
}

fn contact(records: &Records<'_>, arns: &ArnScope, entry: &AgentContact) -> Result<Value, ReadEventsError> {
    let queue = entry.queue.map(|id| queue(records, arns, id, vec![entry.channel])).transpose()?;
    Ok(without_nulls(json!({
        "ContactId": entry.contact.to_string(),
        "InitialContactId": entry.initial.to_string(),
        "Channel": entry.channel.as_str(),
        "InitiationMethod": entry.initiation_method.as_str(),
        "State": entry.state.as_str(),
        "StateStartTimestamp": entry.since.to_string(),
        "ConnectedToAgentTimestamp": entry.connected.map(|at| at.to_string()),
        "QueueTimestamp": entry.enqueued.map(|at| at.to_string()),
        "Queue": queue,
    })))
}
