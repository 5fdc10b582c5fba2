//! The worklist: contacts in the queues that routing leaves to the agents, who take them by hand (`routing.md` section 2).

use engine::agent::AgentContactState;
use engine::contact;
use engine::routing_profile::RoutingProfile;
use engine::{ContactId, UserId};
use serde_json::{Value, json};

use super::contact_details::shown_queue;
use super::profile_of;
use crate::error::{ApiError, Halt, resource_not_found};
use crate::handlers::agent::load_agent;
use crate::handlers::contact::{load_contact, move_contact};
use crate::tx::Tx;

/// Contacts that a worklist shows, of each queue those that have waited longest.
const WORKLIST_CONTACTS_MAX: usize = 100;

/// The contacts that the agent may take.
pub(super) fn worklist(tx: &Tx<'_>, agent: UserId) -> Result<Value, Halt> {
    let queues = profile_of(tx, agent).map(|profile| profile.manual_queues.clone()).unwrap_or_default();
    let mut found = Vec::new();
    for config in queues {
        for id in tx.queued(&config.queue, WORKLIST_CONTACTS_MAX + 1) {
            let Some(contact) = tx.contact(&id)? else { continue };
            found.extend(contact.waiting().is_some_and(|waiting| waiting.channel == config.channel).then_some(contact));
        }
    }
    found.sort_by_key(|contact| (contact.times.enqueue, contact.id));
    let more = found.len() > WORKLIST_CONTACTS_MAX;
    found.truncate(WORKLIST_CONTACTS_MAX);
    let shown = |contact: &contact::Contact| {
        json!({
            "ContactId": contact.id.to_string(),
            "Name": contact.name,
            "Queue": contact.queue.map(|queue| shown_queue(tx, queue)),
            "EnqueueTimestamp": contact.times.enqueue.map(|at| at.to_string()),
            "QueuePriority": contact.head().priority,
        })
    };
    Ok(json!({"Contacts": found.iter().map(shown).collect::<Vec<_>>(), "More": more}))
}

/// Gives the agent a contact of the worklist. It is accepted at once: the agent asked for it.
pub(super) fn assign(tx: &mut Tx<'_>, agent: UserId, id: ContactId) -> Result<(), Halt> {
    let missing = || {
        ApiError::not_found(format!(
            "Resource not found: contact {id} is not in your worklist; somebody may have taken it"
        ))
    };
    let profile = profile_of(tx, agent).ok_or_else(missing)?;
    let contact = load_contact(tx, &id)?.ok_or_else(missing)?;
    let waiting = contact.waiting().ok_or_else(missing)?;
    let (queue, channel) = (waiting.queue, waiting.channel);
    if !profile.manual_queues.iter().any(|config| config.queue == queue && config.channel == channel) {
        return Err(missing().into());
    }
    require_free_slot(tx, agent, &profile, channel)?;
    move_contact(tx, contact, contact::Event::Offered { agent })?;
    let record = load_agent(tx, agent)?.ok_or_else(|| resource_not_found("user", &agent.to_string()))?;
    let offered = tx.contact(&id)?.filter(|contact| contact.offer.is_some_and(|offer| offer.accepted.is_none()));
    match (record.contact(id).map(|entry| entry.state), offered) {
        (Some(AgentContactState::Connecting), Some(contact)) => {
            move_contact(tx, contact, contact::Event::Accepted { agent })
        }
        // Auto-accept was faster.
        _ => Ok(()),
    }
}

fn require_free_slot(
    tx: &Tx<'_>,
    agent: UserId,
    profile: &RoutingProfile,
    channel: engine::routing_profile::Channel,
) -> Result<(), Halt> {
    let active = load_agent(tx, agent)?.map_or(0, |record| record.active_slots(channel));
    let slots = profile.slots(channel);
    if active >= slots {
        let text = format!(
            "you have {active} of at most {slots} contacts of channel {}; close or pause one first",
            channel.as_str()
        );
        return Err(ApiError::invalid_request(text).into());
    }
    Ok(())
}
