//! Routing as its rules say it, without any structure: every contact against every agent (`routing.md` section 3).
//!
//! It shares no code with the router but the values that both read.

use std::cmp::Reverse;

use engine::agent::Agent;
use engine::contact::{Contact, WaitingContact};
use engine::routing_profile::{AgentAvailabilityTimer, Channel, CrossChannelBehavior, RoutingProfile};
use engine::user::User;
use engine::{QueueId, Timestamp};
use routing::Offer;
use service::Picture;

/// How early a contact comes for an agent: own queue, profile priority, contact priority, age; the smaller the earlier.
type Place = (bool, u32, i64, Reverse<i64>);

/// The offer that is to be made next: the contact that comes first for the agent who comes first.
pub(crate) fn next_offer(picture: &Picture, now: Timestamp) -> Option<Offer> {
    let mut agents: Vec<(&Agent, &User, &RoutingProfile)> =
        picture.agents.values().filter_map(|agent| in_service(picture, agent)).collect();
    agents.sort_by_key(|(agent, _, profile)| {
        let by_inbound = profile.availability_timer == Some(AgentAvailabilityTimer::SinceLastInbound);
        let idle_since = if by_inbound { agent.last_inbound } else { agent.last_activity };
        (all_contacts(agent), idle_since, agent.user)
    });
    agents.into_iter().find_map(|(agent, user, profile)| {
        let waiting = picture.contacts.values().filter_map(Contact::waiting);
        let fitting = waiting.filter_map(|contact| {
            let place = place(&contact, agent, user, profile, now)?;
            Some((place, contact.contact))
        });
        fitting.min().map(|(_, contact)| Offer { contact, agent: agent.user })
    })
}

fn in_service<'p>(picture: &'p Picture, agent: &'p Agent) -> Option<(&'p Agent, &'p User, &'p RoutingProfile)> {
    let user = picture.users.get(&agent.user)?;
    let profile = picture.profiles.get(&user.routing_profile)?;
    agent.is_routable().then_some((agent, user, profile))
}

fn all_contacts(agent: &Agent) -> u32 {
    Channel::ALL.iter().map(|channel| agent.active_slots(*channel)).sum()
}

/// The place of a contact in an agent's line; none if the agent must not have it.
fn place(
    contact: &WaitingContact<'_>,
    agent: &Agent,
    user: &User,
    profile: &RoutingProfile,
    now: Timestamp,
) -> Option<Place> {
    let refused = |entry: &engine::agent::AgentContact| entry.contact == contact.contact && entry.state.is_uncleared();
    if agent.active_slots(contact.channel) >= profile.slots(contact.channel)
        || !other_channels_allow(contact.channel, agent, profile)
        || agent.contacts.iter().any(refused)
    {
        return None;
    }
    let age = now.since(contact.ranked_since) + i64::from(contact.adjustment_seconds) * 1_000;
    if contact.queue == QueueId::of_agent(agent.user) {
        return Some((false, 0, contact.priority, Reverse(age)));
    }
    let mut served = profile.queues.iter();
    let served = served.find(|served| served.queue == contact.queue && served.channel == contact.channel)?;
    let has_waited = now.since(contact.enqueued) >= i64::from(served.delay_seconds) * 1_000;
    let fits = contact.expression.is_none_or(|expression| expression.matches(agent.user, &user.proficiencies));
    (has_waited && fits).then_some((true, served.priority, contact.priority, Reverse(age)))
}

fn other_channels_allow(channel: Channel, agent: &Agent, profile: &RoutingProfile) -> bool {
    let allows_others = |other: &Channel| {
        let media = profile.concurrencies.iter().find(|media| media.channel == *other);
        media.is_some_and(|media| media.cross_channel == Some(CrossChannelBehavior::AnyChannel))
    };
    let mut others = Channel::ALL.iter().filter(|other| **other != channel && agent.active_slots(**other) > 0);
    others.all(allows_others)
}
