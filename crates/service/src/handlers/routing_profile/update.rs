//! Changes of a routing profile, its end, and the search for one.
//!
//! Facts: `routing.md` section 2, `control-plane.md` sections 2 and 3.

use api::shapes;
use engine::arn::Resource;
use engine::queue::Queue;
use engine::routing_profile::RoutingProfile;
use engine::user::User;
use serde_json::json;

use super::{concurrencies, shown_profile, users_by_profile};
use crate::call::Call;
use crate::error::{ApiError, Halt, name_exists, resource_in_use};
use crate::handlers::agent::configuration_changed;
use crate::handlers::resource::{load, same};
use crate::handlers::search::{self, Field};
use crate::operations::in_instance;
use crate::tx::Tx;

in_instance!(
    shapes::UpdateRoutingProfileNameRequest,
    shapes::UpdateRoutingProfileConcurrencyRequest,
    shapes::UpdateRoutingProfileDefaultOutboundQueueRequest,
    shapes::UpdateRoutingProfileAgentAvailabilityTimerRequest,
    shapes::DeleteRoutingProfileRequest,
    shapes::SearchRoutingProfilesRequest,
);

/// Saves a changed profile, and tells the agents who have it.
pub(super) fn save(tx: &mut Tx<'_>, mut profile: RoutingProfile) -> Result<api::Empty, Halt> {
    let id = profile.id;
    profile.last_modified = tx.now;
    tx.put(profile);
    for user in tx.list::<User>() {
        if user.routing_profile == id {
            configuration_changed(tx, user.id)?;
        }
    }
    Ok(api::Empty {})
}

/// A profile to change.
pub(super) fn copy_of(tx: &Tx<'_>, given: &str) -> Result<RoutingProfile, ApiError> {
    Ok(RoutingProfile::clone(&*load::<RoutingProfile>(tx, given)?))
}

/// Renames a profile, or describes it anew.
pub(crate) fn update_routing_profile_name(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateRoutingProfileNameRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = copy_of(tx, &input.routing_profile_id)?;
    if input.name.is_none() && input.description.is_none() {
        return Err(ApiError::invalid_request("nothing to change: give Name, Description or both").into());
    }
    if let Some(name) = &input.name {
        if tx.list::<RoutingProfile>().iter().any(|other| other.name == *name && other.id != profile.id) {
            return Err(name_exists("Routing profile", name).into());
        }
        profile.name.clone_from(name);
    }
    if let Some(description) = &input.description {
        profile.description.clone_from(description);
    }
    save(tx, profile)
}

/// Replaces the slots by channel. Whoever has more than the new number keeps it and is offered nothing until then.
pub(crate) fn update_routing_profile_concurrency(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateRoutingProfileConcurrencyRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = copy_of(tx, &input.routing_profile_id)?;
    profile.concurrencies = concurrencies(&input.media_concurrencies)?;
    save(tx, profile)
}

/// Sets the queue for outbound calls, whose quick connects agents see too.
pub(crate) fn update_routing_profile_default_outbound_queue(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateRoutingProfileDefaultOutboundQueueRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = copy_of(tx, &input.routing_profile_id)?;
    profile.default_outbound_queue = load::<Queue>(tx, &input.default_outbound_queue_id)?.id;
    save(tx, profile)
}

/// Sets what "idle longest" counts from.
pub(crate) fn update_routing_profile_agent_availability_timer(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::UpdateRoutingProfileAgentAvailabilityTimerRequest,
) -> Result<api::Empty, Halt> {
    let mut profile = copy_of(tx, &input.routing_profile_id)?;
    profile.availability_timer = Some(same(input.agent_availability_timer.as_str()));
    save(tx, profile)
}

/// Deletes a profile that no user has.
pub(crate) fn delete_routing_profile(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DeleteRoutingProfileRequest,
) -> Result<api::Empty, Halt> {
    let id = load::<RoutingProfile>(tx, &input.routing_profile_id)?.id;
    if let Some(user) = tx.list::<User>().iter().find(|user| user.routing_profile == id) {
        let text = format!(
            "routing profile {id} is that of user {}; give the user another by UpdateUserRoutingProfile",
            user.id
        );
        let arn = tx.arn_scope().arn(Resource::User(user.id));
        return Err(resource_in_use(text, arn).with("ResourceType", json!("USER")).into());
    }
    tx.delete::<RoutingProfile>(id.as_bytes());
    Ok(api::Empty {})
}

/// What of a profile can be searched.
const FIELDS: [Field<RoutingProfile>; 4] = [
    Field { name: "name", values: |profile| vec![profile.name.clone()] },
    Field { name: "description", values: |profile| vec![profile.description.clone()] },
    Field { name: "resourceID", values: |profile| vec![profile.id.to_string()] },
    Field {
        name: "associatedQueueIds",
        values: |profile| profile.queues.iter().map(|config| config.queue.to_string()).collect(),
    },
];

search::criteria!(shapes::RoutingProfileSearchCriteria: RoutingProfile, FIELDS);

/// Searches routing profiles.
pub(crate) fn search_routing_profiles(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::SearchRoutingProfilesRequest,
) -> Result<shapes::SearchRoutingProfilesResponse, Halt> {
    let filter = input.search_filter.as_ref().and_then(|filter| filter.tag_filter.as_ref());
    let tests = search::tests(tx, input.search_criteria.as_ref(), filter)?;
    let profiles = tx.list::<RoutingProfile>();
    let (page, total) = search::search(profiles, &tests, input.next_token.as_deref(), input.max_results)?;
    let users = users_by_profile(tx);
    Ok(shapes::SearchRoutingProfilesResponse {
        routing_profiles: Some(page.items.iter().map(|profile| shown_profile(tx, profile, &users)).collect()),
        next_token: page.next_token,
        approximate_total_count: Some(total),
    })
}
