//! Which queues the agents of a routing profile serve.
//!
//! Associating a pair again gives it the new priority and delay, and taking away one that is not there is no error, so
//! that both can be sent twice. Changing one that is not there is refused (`observed-errors.md` E-R4).

use std::collections::BTreeSet;

use api::shapes;
use engine::QueueId;
use engine::queue::Queue;
use engine::routing_profile::{Channel, ManualQueueConfig, QueueConfig, RoutingProfile};
use store::KeyId;

use super::update::{copy_of, save};
use super::{manual_queue_configs, queue_configs};
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::queue::queue_arn;
use crate::handlers::resource::{load, same, shown};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page_by;
use crate::tx::Tx;

in_instance!(
    shapes::AssociateRoutingProfileQueuesRequest,
    shapes::DisassociateRoutingProfileQueuesRequest,
    shapes::UpdateRoutingProfileQueuesRequest,
    shapes::ListRoutingProfileQueuesRequest,
    shapes::ListRoutingProfileManualAssignmentQueuesRequest,
);

/// Adds queues to a profile, offered automatically or to pick from.
pub(crate) fn associate_routing_profile_queues(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::AssociateRoutingProfileQueuesRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = copy_of(tx, &input.routing_profile_id)?;
    if input.queue_configs.is_none() && input.manual_assignment_queue_configs.is_none() {
        let text = "no queue is given: give QueueConfigs, ManualAssignmentQueueConfigs or both";
        return Err(ApiError::invalid_request(text).into());
    }
    for config in queue_configs(tx, input.queue_configs.as_deref().unwrap_or_default())? {
        match find(&mut profile.queues, config.queue, config.channel) {
            Some(present) => *present = config,
            None => profile.queues.push(config),
        }
    }
    for config in manual_queue_configs(tx, input.manual_assignment_queue_configs.as_deref().unwrap_or_default())? {
        if !profile.manual_queues.contains(&config) {
            profile.manual_queues.push(config);
        }
    }
    for (what, count) in [("queues", profile.queues.len()), ("queues to pick from", profile.manual_queues.len())] {
        if let Some(most) = tx.settings().quotas.routing_profile_queues.filter(|most| count > *most) {
            return Err(ApiError::invalid_request(format!(
                "routing profile {} would have {count} {what}, and the most is {most}; take some away first, or raise the \
                 quota in the configuration",
                profile.id
            ))
            .into());
        }
    }
    save(tx, profile)
}

fn find(queues: &mut [QueueConfig], queue: QueueId, channel: Channel) -> Option<&mut QueueConfig> {
    queues.iter_mut().find(|config| (config.queue, config.channel) == (queue, channel))
}

/// Takes queues away from a profile. What its agents have of them, they keep.
pub(crate) fn disassociate_routing_profile_queues(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DisassociateRoutingProfileQueuesRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = copy_of(tx, &input.routing_profile_id)?;
    if input.queue_references.is_none() && input.manual_assignment_queue_references.is_none() {
        let text = "no queue is given: give QueueReferences, ManualAssignmentQueueReferences or both";
        return Err(ApiError::invalid_request(text).into());
    }
    let gone = pairs(tx, input.queue_references.as_deref().unwrap_or_default())?;
    let gone_manual = pairs(tx, input.manual_assignment_queue_references.as_deref().unwrap_or_default())?;
    profile.queues.retain(|config| !gone.contains(&(config.queue, config.channel)));
    profile.manual_queues.retain(|config| !gone_manual.contains(&(config.queue, config.channel)));
    save(tx, profile)
}

fn pairs(
    tx: &Tx<'_>,
    given: &[shapes::RoutingProfileQueueReference],
) -> Result<BTreeSet<(QueueId, Channel)>, ApiError> {
    let pair = |given: &shapes::RoutingProfileQueueReference| {
        Ok((load::<Queue>(tx, &given.queue_id)?.id, same(given.channel.as_str())))
    };
    given.iter().map(pair).collect()
}

/// Changes priority and delay of queues that a profile has.
pub(crate) fn update_routing_profile_queues(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateRoutingProfileQueuesRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = copy_of(tx, &input.routing_profile_id)?;
    for config in queue_configs(tx, &input.queue_configs)? {
        let Some(present) = find(&mut profile.queues, config.queue, config.channel) else {
            return Err(ApiError::invalid_request(format!(
                "routing profile {} has no queue {} with channel {}: add it by AssociateRoutingProfileQueues",
                profile.id, config.queue, config.channel
            ))
            .into());
        };
        *present = config;
    }
    save(tx, profile)
}

/// Where a pair stands in lists.
fn key(queue: QueueId, channel: Channel) -> KeyId {
    let mut bytes = queue.as_bytes().to_vec();
    bytes.push(channel as u8);
    KeyId::new(bytes)
}

/// A queue of a profile as answers name it.
fn named(tx: &Tx<'_>, id: QueueId) -> Result<(String, String), ApiError> {
    let queue = load::<Queue>(tx, &id.to_string())?;
    Ok((queue_arn(tx, &queue), queue.name.clone()))
}

/// Lists the queues that a profile's agents are offered contacts from.
pub(crate) fn list_routing_profile_queues(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListRoutingProfileQueuesRequest,
) -> Result<shapes::ListRoutingProfileQueuesResponse, Halt> {
    let profile = load::<RoutingProfile>(tx, &input.routing_profile_id)?;
    let id = |config: &QueueConfig| key(config.queue, config.channel);
    let mut queues = profile.queues.clone();
    queues.sort_by_key(id);
    let page = page_by(kinds::ROUTING_PROFILE, queues, id, input.next_token.as_deref(), input.max_results)?;
    let summary = |config: &QueueConfig| {
        let (queue_arn, queue_name) = named(tx, config.queue)?;
        Ok(shapes::RoutingProfileQueueConfigSummary {
            queue_id: config.queue.to_string(),
            queue_arn,
            queue_name,
            priority: config.priority as i32,
            delay: config.delay_seconds as i32,
            channel: same(config.channel.as_str()),
        })
    };
    Ok(shapes::ListRoutingProfileQueuesResponse {
        routing_profile_queue_config_summary_list: Some(
            page.items.iter().map(summary).collect::<Result<_, ApiError>>()?,
        ),
        next_token: page.next_token,
        last_modified_time: shown(profile.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    })
}

/// Lists the queues that a profile's agents pick contacts from.
pub(crate) fn list_routing_profile_manual_assignment_queues(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListRoutingProfileManualAssignmentQueuesRequest,
) -> Result<shapes::ListRoutingProfileManualAssignmentQueuesResponse, Halt> {
    let profile = load::<RoutingProfile>(tx, &input.routing_profile_id)?;
    let id = |config: &ManualQueueConfig| key(config.queue, config.channel);
    let mut queues = profile.manual_queues.clone();
    queues.sort_by_key(id);
    let page = page_by(kinds::ROUTING_PROFILE, queues, id, input.next_token.as_deref(), input.max_results)?;
    let summary = |config: &ManualQueueConfig| {
        let (queue_arn, queue_name) = named(tx, config.queue)?;
        Ok(shapes::RoutingProfileManualAssignmentQueueConfigSummary {
            queue_id: config.queue.to_string(),
            queue_arn,
            queue_name,
            channel: same(config.channel.as_str()),
        })
    };
    Ok(shapes::ListRoutingProfileManualAssignmentQueuesResponse {
        routing_profile_manual_assignment_queue_config_summary_list: Some(
            page.items.iter().map(summary).collect::<Result<_, ApiError>>()?,
        ),
        next_token: page.next_token,
        last_modified_time: shown(profile.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    })
}
