//! What agents do now: status, slots, and the contacts at them.
//!
//! Facts: `routing.md` section 4, `contact-lifecycle.md` section 1.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::shapes;
use engine::agent::{Agent, AgentContact, AgentContactState};
use engine::agent_status::AgentStatus;
use engine::arn::Resource;
use engine::queue::Queue;
use engine::routing_profile::{Channel, RoutingProfile};
use engine::user::User;
use engine::{HierarchyGroupId, QueueId, RoutingProfileId, UserId};

use super::agent::load_agent;
use super::agent_status::status_arn;
use super::queue::queue_arn;
use super::resource::{load, same, shown};
use super::user_hierarchy::group::shown_path;
use super::user_hierarchy::{HierarchyGroup, path_of_user};
use crate::call::Call;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::operations::in_instance;
use crate::page::page;
use crate::tx::Tx;

in_instance!(shapes::GetCurrentUserDataRequest);

/// The users that a filter names: exactly one of its kinds is given.
enum Wanted {
    Queues(BTreeSet<QueueId>),
    RoutingProfiles(BTreeSet<RoutingProfileId>),
    Users(BTreeSet<UserId>),
    /// The users in a group, and in the groups below it.
    Group(HierarchyGroupId),
}

/// Shows agents, those who never were at work as Offline.
pub(crate) fn get_current_user_data(
    tx: &Tx<'_>,
    _: &Call,
    input: &shapes::GetCurrentUserDataRequest,
) -> Result<shapes::GetCurrentUserDataResponse, Halt> {
    let wanted = wanted(tx, &input.filters)?;
    let states = input.filters.contact_filter.as_ref().and_then(|filter| filter.contact_states.as_deref());
    let mut users = Vec::new();
    for user in tx.list::<User>() {
        let Some(profile) = tx.get::<RoutingProfile>(user.routing_profile.as_bytes()) else { continue };
        let named = match &wanted {
            Wanted::Queues(queues) => profile.queues.iter().any(|config| queues.contains(&config.queue)),
            Wanted::RoutingProfiles(profiles) => profiles.contains(&profile.id),
            Wanted::Users(users) => users.contains(&user.id),
            Wanted::Group(group) => path_of_user(tx, &user).contains(group),
        };
        if named && (states.is_none() || has_contact_in(tx, &user, states.unwrap_or_default())?) {
            users.push(user);
        }
    }
    let total = i64::try_from(users.len()).ok();
    let page = page(users, input.next_token.as_deref(), input.max_results)?;
    let list = page.items.iter().map(|user| user_data(tx, user)).collect::<Result<Vec<_>, Halt>>()?;
    Ok(shapes::GetCurrentUserDataResponse {
        user_data_list: Some(list),
        approximate_total_count: total,
        next_token: page.next_token,
    })
}

fn wanted(tx: &Tx<'_>, filters: &shapes::UserDataFilters) -> Result<Wanted, ApiError> {
    let shapes::UserDataFilters { queues, routing_profiles, agents, user_hierarchy_groups, contact_filter: _ } =
        filters;
    match (queues, routing_profiles, agents, user_hierarchy_groups) {
        (Some(queues), None, None, None) => {
            let ids = queues.iter().map(|given| Ok(load::<Queue>(tx, given)?.id));
            Ok(Wanted::Queues(ids.collect::<Result<_, ApiError>>()?))
        }
        (None, Some(profiles), None, None) => {
            let ids = profiles.iter().map(|given| Ok(load::<RoutingProfile>(tx, given)?.id));
            Ok(Wanted::RoutingProfiles(ids.collect::<Result<_, ApiError>>()?))
        }
        (None, None, Some(agents), None) => {
            let ids = agents.iter().map(|given| Ok(load::<User>(tx, given)?.id));
            Ok(Wanted::Users(ids.collect::<Result<_, ApiError>>()?))
        }
        (None, None, None, Some(groups)) => match groups.first() {
            Some(given) => Ok(Wanted::Group(load::<HierarchyGroup>(tx, given)?.id)),
            None => Ok(Wanted::Users(BTreeSet::new())),
        },
        _ => Err(ApiError::invalid_request(
            "Filters must have exactly one of Queues, RoutingProfiles, Agents and UserHierarchyGroups",
        )),
    }
}

fn has_contact_in(tx: &Tx<'_>, user: &User, states: &[shapes::ContactState]) -> Result<bool, Halt> {
    let Some(agent) = load_agent(tx, user.id)? else { return Ok(false) };
    Ok(agent.contacts.iter().any(|entry| states.contains(&shown_state(entry.state))))
}

/// The API has no word for a paused contact: it shows as connected (`contact-lifecycle.md` section 1).
fn shown_state(state: AgentContactState) -> shapes::ContactState {
    match state {
        AgentContactState::Paused => shapes::ContactState::Connected,
        state => same(state.as_str()),
    }
}

/// Slots of an agent on the channels of its routing profile: most, taken, free. While a person's event stream is gone for
/// too long, none is free.
pub(crate) fn slots(profile: &RoutingProfile, agent: &Agent) -> Vec<(Channel, [u32; 3])> {
    let of = |channel: Channel, max: u8| {
        let (max, active) = (u32::from(max), agent.active_slots(channel));
        let free = if agent.is_absent() { 0 } else { max.saturating_sub(active) };
        (channel, [max, active, free])
    };
    profile.concurrencies.iter().map(|media| of(media.channel, media.concurrency)).collect()
}

fn user_data(tx: &Tx<'_>, user: &User) -> Result<shapes::UserData, Halt> {
    let unknown = || resource_not_found("user", &user.id.to_string());
    let agent = load_agent(tx, user.id)?.ok_or_else(unknown)?;
    let profile = tx.get::<RoutingProfile>(user.routing_profile.as_bytes());
    let slots = profile.as_ref().map(|profile| slots(profile, &agent)).unwrap_or_default();
    let by_channel = |which: usize| -> BTreeMap<shapes::Channel, i32> {
        let shown = slots.iter().map(|(channel, counts)| {
            (same::<shapes::Channel>(channel.as_str()), i32::try_from(counts[which]).unwrap_or(i32::MAX))
        });
        shown.collect()
    };
    let status_name =
        |id: engine::AgentStatusId| tx.get::<AgentStatus>(id.as_bytes()).map(|status| status.name.clone());
    Ok(shapes::UserData {
        user: Some(shapes::UserReference {
            id: Some(user.id.to_string()),
            arn: Some(tx.arn_scope().arn(Resource::User(user.id))),
        }),
        routing_profile: Some(shapes::RoutingProfileReference {
            id: Some(user.routing_profile.to_string()),
            arn: Some(tx.arn_scope().arn(Resource::RoutingProfile(user.routing_profile))),
        }),
        hierarchy_path: shown_path(tx, user),
        status: Some(shapes::AgentStatusReference {
            status_start_timestamp: shown(agent.since),
            status_arn: Some(status_arn(tx, agent.status.id)),
            status_name: status_name(agent.status.id),
        }),
        max_slots_by_channel: Some(by_channel(0)),
        active_slots_by_channel: Some(by_channel(1)),
        available_slots_by_channel: Some(by_channel(2)),
        contacts: Some(agent.contacts.iter().map(|entry| shown_contact(tx, entry)).collect()),
        next_status: agent.next.and_then(|next| status_name(next.status.id)),
    })
}

fn shown_contact(tx: &Tx<'_>, entry: &AgentContact) -> shapes::AgentContactReference {
    let queue = |queue: QueueId| shapes::QueueReference {
        id: Some(queue.to_string()),
        arn: tx.get::<Queue>(queue.as_bytes()).map(|queue: Arc<Queue>| queue_arn(tx, &queue)),
    };
    shapes::AgentContactReference {
        contact_id: Some(entry.contact.to_string()),
        channel: Some(same(entry.channel.as_str())),
        initiation_method: Some(same(entry.initiation_method.as_str())),
        agent_contact_state: Some(shown_state(entry.state)),
        state_start_timestamp: shown(entry.since),
        connected_to_agent_timestamp: entry.connected.and_then(shown),
        queue: entry.queue.map(queue),
    }
}
