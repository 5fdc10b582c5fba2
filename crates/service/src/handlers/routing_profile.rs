//! Routing profiles: which queues an agent serves, by which channels.
//!
//! Here they are made and shown; [`queues`] changes what they serve, [`update`] the rest.
//!
//! Facts: `routing.md` section 2, `observed-errors.md` E-R1, E-R2, O15 and O16.

pub(crate) mod queues;
pub(crate) mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::shapes;
use engine::arn::Resource;
use engine::queue::Queue;
use engine::routing_profile::{
    Channel, CrossChannelBehavior, ManualQueueConfig, MediaConcurrency, QueueConfig, RoutingProfile,
};
use engine::user::User;
use engine::{QueueId, RoutingProfileId};
use store::{KeyId, Kind};

use super::resource::{load, same, shown};
use super::tag::new_tags;
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists};
use crate::kinds;
use crate::operations::in_instance;
use crate::page::page;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(
    shapes::CreateRoutingProfileRequest,
    shapes::DescribeRoutingProfileRequest,
    shapes::ListRoutingProfilesRequest,
);

impl Record for RoutingProfile {
    const KIND: Kind = kinds::ROUTING_PROFILE;
    const NAME: &'static str = "routing profile";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}

fn arn(tx: &Tx<'_>, id: RoutingProfileId) -> String {
    tx.arn_scope().arn(Resource::RoutingProfile(id))
}

/// Makes a routing profile.
pub(crate) fn create_routing_profile(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::CreateRoutingProfileRequest,
) -> Result<shapes::CreateRoutingProfileResponse, Halt> {
    let profiles = tx.list::<RoutingProfile>();
    if profiles.iter().any(|profile| profile.name == input.name) {
        return Err(name_exists("Routing profile", &input.name).into());
    }
    super::refuse_over_quota("routing profiles", profiles.len(), tx.settings().quotas.routing_profiles)?;
    let profile = RoutingProfile {
        id: RoutingProfileId(tx.new_id()),
        name: input.name.clone(),
        description: input.description.clone(),
        concurrencies: concurrencies(&input.media_concurrencies)?,
        default_outbound_queue: load::<Queue>(tx, &input.default_outbound_queue_id)?.id,
        queues: queue_configs(tx, input.queue_configs.as_deref().unwrap_or_default())?,
        manual_queues: manual_queue_configs(tx, input.manual_assignment_queue_configs.as_deref().unwrap_or_default())?,
        availability_timer: input.agent_availability_timer.map(|timer| same(timer.as_str())),
        is_default: false,
        tags: new_tags(input.tags.as_ref())?,
        last_modified: tx.now,
    };
    let answer = shapes::CreateRoutingProfileResponse {
        routing_profile_arn: Some(arn(tx, profile.id)),
        routing_profile_id: Some(profile.id.to_string()),
    };
    tx.put(profile);
    Ok(answer)
}

/// Slots by channel, each channel once.
fn concurrencies(given: &[shapes::MediaConcurrency]) -> Result<Vec<MediaConcurrency>, ApiError> {
    /// An agent speaks with one caller at a time.
    const VOICE_CONCURRENCY_MAX: i32 = 1;
    let mut seen = BTreeSet::new();
    let mut accept = |media: &shapes::MediaConcurrency| {
        let channel: Channel = same(media.channel.as_str());
        if !seen.insert(channel) {
            return Err(ApiError::invalid_parameter(format!(
                "MediaConcurrencies has channel {channel} twice: give each channel once"
            )));
        }
        if channel == Channel::Voice && media.concurrency > VOICE_CONCURRENCY_MAX {
            return Err(ApiError::invalid_parameter(format!(
                "Concurrency {} of channel VOICE is too high: give {VOICE_CONCURRENCY_MAX}",
                media.concurrency
            )));
        }
        Ok(MediaConcurrency {
            channel,
            concurrency: media.concurrency.clamp(0, i32::from(u8::MAX)) as u8,
            cross_channel: media.cross_channel_behavior.as_ref().map(|behavior| same(behavior.behavior_type.as_str())),
        })
    };
    given.iter().map(&mut accept).collect()
}

/// A queue and a channel of a profile: each pair once.
fn pair(
    tx: &Tx<'_>,
    given: &shapes::RoutingProfileQueueReference,
    seen: &mut BTreeSet<(QueueId, Channel)>,
) -> Result<(QueueId, Channel), ApiError> {
    let pair = (load::<Queue>(tx, &given.queue_id)?.id, same(given.channel.as_str()));
    if seen.insert(pair) {
        return Ok(pair);
    }
    let (queue, channel) = pair;
    Err(ApiError::invalid_parameter(format!(
        "queue {queue} with channel {channel} is given twice: give each pair once"
    )))
}

fn queue_configs(tx: &Tx<'_>, given: &[shapes::RoutingProfileQueueConfig]) -> Result<Vec<QueueConfig>, ApiError> {
    let mut seen = BTreeSet::new();
    let mut accept = |config: &shapes::RoutingProfileQueueConfig| {
        let (queue, channel) = pair(tx, &config.queue_reference, &mut seen)?;
        let (priority, delay_seconds) = (config.priority.unsigned_abs(), config.delay.unsigned_abs());
        Ok(QueueConfig { queue, channel, priority, delay_seconds })
    };
    given.iter().map(&mut accept).collect()
}

fn manual_queue_configs(
    tx: &Tx<'_>,
    given: &[shapes::RoutingProfileManualAssignmentQueueConfig],
) -> Result<Vec<ManualQueueConfig>, ApiError> {
    let mut seen = BTreeSet::new();
    let mut accept = |config: &shapes::RoutingProfileManualAssignmentQueueConfig| {
        let (queue, channel) = pair(tx, &config.queue_reference, &mut seen)?;
        if channel == Channel::Voice {
            return Err(ApiError::invalid_parameter("channel VOICE cannot be assigned manually: leave it out"));
        }
        Ok(ManualQueueConfig { queue, channel })
    };
    given.iter().map(&mut accept).collect()
}

/// Shows a routing profile.
pub(crate) fn describe_routing_profile(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::DescribeRoutingProfileRequest,
) -> Result<shapes::DescribeRoutingProfileResponse, Halt> {
    let profile = load::<RoutingProfile>(tx, &input.routing_profile_id)?;
    Ok(shapes::DescribeRoutingProfileResponse {
        routing_profile: Some(shown_profile(tx, &profile, &users_by_profile(tx))),
    })
}

/// How many users have each profile.
fn users_by_profile(tx: &Tx<'_>) -> BTreeMap<RoutingProfileId, i64> {
    let mut counts = BTreeMap::new();
    for user in tx.list::<User>() {
        *counts.entry(user.routing_profile).or_insert(0) += 1;
    }
    counts
}

fn shown_profile(
    tx: &Tx<'_>,
    profile: &RoutingProfile,
    users: &BTreeMap<RoutingProfileId, i64>,
) -> shapes::RoutingProfile {
    let concurrency = |media: &MediaConcurrency| {
        let behavior = media.cross_channel.unwrap_or(CrossChannelBehavior::CurrentChannelOnly);
        shapes::MediaConcurrency {
            channel: same(media.channel.as_str()),
            concurrency: i32::from(media.concurrency),
            cross_channel_behavior: Some(shapes::CrossChannelBehavior { behavior_type: same(behavior.as_str()) }),
        }
    };
    let queues: BTreeSet<QueueId> = profile.queues.iter().map(|config| config.queue).collect();
    let manual_queues: BTreeSet<QueueId> = profile.manual_queues.iter().map(|config| config.queue).collect();
    let ids = |queues: &BTreeSet<QueueId>| Some(queues.iter().map(ToString::to_string).collect());
    shapes::RoutingProfile {
        instance_id: Some(tx.arn_scope().instance.to_string()),
        name: Some(profile.name.clone()),
        routing_profile_arn: Some(arn(tx, profile.id)),
        routing_profile_id: Some(profile.id.to_string()),
        description: Some(profile.description.clone()),
        media_concurrencies: Some(profile.concurrencies.iter().map(concurrency).collect()),
        default_outbound_queue_id: Some(profile.default_outbound_queue.to_string()),
        tags: Some(profile.tags.clone()),
        number_of_associated_queues: Some(queues.len() as i64),
        number_of_associated_manual_assignment_queues: Some(manual_queues.len() as i64),
        number_of_associated_users: Some(users.get(&profile.id).copied().unwrap_or(0)),
        agent_availability_timer: profile.availability_timer.map(|timer| same(timer.as_str())),
        last_modified_time: shown(profile.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
        is_default: Some(profile.is_default),
        associated_queue_ids: ids(&queues),
        associated_manual_assignment_queue_ids: ids(&manual_queues),
    }
}

/// Lists routing profiles.
pub(crate) fn list_routing_profiles(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::ListRoutingProfilesRequest,
) -> Result<shapes::ListRoutingProfilesResponse, Halt> {
    let page = page(tx.list::<RoutingProfile>(), input.next_token.as_deref(), input.max_results)?;
    let summary = |profile: &Arc<RoutingProfile>| shapes::RoutingProfileSummary {
        id: Some(profile.id.to_string()),
        arn: Some(arn(tx, profile.id)),
        name: Some(profile.name.clone()),
        last_modified_time: shown(profile.last_modified),
        last_modified_region: Some(tx.settings().region.clone()),
    };
    Ok(shapes::ListRoutingProfilesResponse {
        routing_profile_summary_list: Some(page.items.iter().map(summary).collect()),
        next_token: page.next_token,
    })
}
