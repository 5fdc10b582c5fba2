//! What must hold of an instance at every moment.

use std::collections::BTreeMap;

use engine::agent::{Agent, AgentContact, AgentContactState};
use engine::contact::{AgentInfo, Contact, InitiationMethod, State};
use engine::limits::Limits;
use engine::{ContactId, QueueId, Timestamp, UserId};
use service::{Picture, World};

use crate::Violation;
use crate::requests::TOKEN_NAME;

/// Checks the rules that need nothing but what is in memory.
pub(crate) fn check(picture: &Picture) -> Result<(), Violation> {
    for contact in picture.contacts.values() {
        check_contact(picture, contact)?;
    }
    check_tokens(picture)?;
    let mut holders: BTreeMap<ContactId, UserId> = BTreeMap::new();
    for agent in picture.agents.values() {
        if !picture.users.contains_key(&agent.user) {
            return Err(Violation(format!("agent {} has a record and is no user", agent.user)));
        }
        for entry in agent.contacts.iter().filter(|entry| !entry.state.is_uncleared()) {
            if let Some(other) = holders.insert(entry.contact, agent.user) {
                return Err(Violation(format!("contact {} is at agent {other} and at {}", entry.contact, agent.user)));
            }
            check_entry(picture, agent, entry)?;
        }
    }
    check_orders(picture)
}

/// A token makes one contact: those of clients that were never answered, too.
fn check_tokens(picture: &Picture) -> Result<(), Violation> {
    let mut made = BTreeMap::new();
    let by_clients = picture.contacts.values().filter(|contact| contact.initiation_method == InitiationMethod::Api);
    for contact in by_clients.filter(|contact| contact.name.starts_with(TOKEN_NAME)) {
        if let Some(other) = made.insert(&contact.name, contact.id) {
            return Err(Violation(format!("{} made contact {other} and contact {}", contact.name, contact.id)));
        }
    }
    Ok(())
}

/// A contact is in one place: what it says of itself fits its state, and its agent knows of it.
fn check_contact(picture: &Picture, contact: &Contact) -> Result<(), Violation> {
    let wrong = |what: &str| Err(Violation(format!("contact {} in state {:?} {what}", contact.id, contact.state)));
    if contact.offer.is_some() != matches!(contact.state, State::Offered | State::Joining) {
        return wrong(&format!("has the offer {:?}", contact.offer));
    }
    if contact.is_completed() {
        return wrong("is among the open ones");
    }
    if contact.state.is_disconnected() != contact.times.disconnect.is_some() {
        return wrong(&format!("was disconnected at {:?}", contact.times.disconnect));
    }
    if contact.state.is_in_queue() && contact.queue.is_none() {
        return wrong("is in no queue");
    }
    let at = |agent: UserId, state: AgentContactState| {
        if !picture.users.contains_key(&agent) {
            return Ok(());
        }
        let entries = picture.agents.get(&agent).into_iter().flat_map(|agent| &agent.contacts);
        let mut entries = entries.filter(|entry| entry.contact == contact.id && !entry.state.is_uncleared());
        match (entries.next(), entries.next()) {
            (Some(entry), None) if entry.state == state => Ok(()),
            found => wrong(&format!("should be {state} at agent {agent}, and there is {found:?}")),
        }
    };
    if let Some(offer) = contact.offer {
        if !picture.users.contains_key(&offer.agent) {
            return wrong(&format!("is offered to {}, who is no user", offer.agent));
        }
        at(offer.agent, AgentContactState::Connecting)?;
    }
    match (contact.connected_agent(), contact.state) {
        (Some(agent), State::Paused) => at(agent, AgentContactState::Paused),
        (Some(agent), _) => at(agent, AgentContactState::Connected),
        (None, State::Ended) => match contact.agent.filter(AgentInfo::in_acw) {
            Some(info) => at(info.agent, AgentContactState::Ended),
            None => Ok(()),
        },
        (None, _) => Ok(()),
    }
}

/// What an agent has of a contact is what the contact says.
fn check_entry(picture: &Picture, agent: &Agent, entry: &AgentContact) -> Result<(), Violation> {
    let contact = picture.contacts.get(&entry.contact);
    let agrees = contact.is_some_and(|contact| match entry.state {
        AgentContactState::Connecting => contact.offer.is_some_and(|offer| offer.agent == agent.user),
        AgentContactState::Connected => {
            contact.state == State::Connected && contact.connected_agent() == Some(agent.user)
        }
        AgentContactState::Paused => contact.state == State::Paused && contact.connected_agent() == Some(agent.user),
        AgentContactState::Ended => contact.agent.is_some_and(|info| info.agent == agent.user && info.in_acw()),
        AgentContactState::Missed | AgentContactState::Rejected | AgentContactState::Error => true,
    });
    if agrees {
        return Ok(());
    }
    let state = contact.map(|contact| contact.state);
    Err(Violation(format!(
        "contact {} is {} at agent {} and in state {state:?}",
        entry.contact, entry.state, agent.user
    )))
}

/// Timers and queues are those that the records ask for, and belong to something that is there.
fn check_orders(picture: &Picture) -> Result<(), Violation> {
    let contacts = || picture.contacts.values();
    let mut due: Vec<(Timestamp, ContactId)> =
        contacts().filter_map(|contact| Some((contact.next_due()?.0, contact.id))).collect();
    due.sort_unstable();
    let due: Vec<ContactId> = due.into_iter().map(|(_, id)| id).collect();
    same("the contacts that have timers", &due, &picture.contacts_due)?;
    let turns: Vec<ContactId> =
        contacts().filter(|contact| contact.pending_turn().is_some()).map(|contact| contact.id).collect();
    same("the contacts whose flows go on", &turns, &picture.turns)?;
    let mut queues: BTreeMap<QueueId, Vec<(Timestamp, ContactId)>> = BTreeMap::new();
    for contact in contacts().filter(|contact| contact.state.is_in_queue()) {
        let since = contact.times.enqueue.unwrap_or_default();
        queues.entry(contact.queue.expect("it was checked")).or_default().push((since, contact.id));
    }
    let mut orders = BTreeMap::new();
    for (queue, mut waiting) in queues {
        waiting.sort_unstable();
        orders.insert(queue, waiting.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    }
    same("the contacts in queues", &orders, &picture.queues)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, by_records: &T, in_memory: &T) -> Result<(), Violation> {
    if by_records == in_memory {
        return Ok(());
    }
    Err(Violation(format!("{what} are {by_records:?} by their records, and {in_memory:?} in memory")))
}

/// Memory is what a fresh load gives.
pub(crate) fn compare(memory: &World, stored: &World) -> Result<(), Violation> {
    let [in_memory, loaded] = [memory, stored].map(World::records);
    for key in in_memory.keys().chain(loaded.keys()) {
        if in_memory.get(key) != loaded.get(key) {
            let [in_memory, loaded] = [&in_memory, &loaded].map(|records| records.contains_key(key));
            return Err(Violation(format!("record {key} differs; it is in memory: {in_memory}, stored: {loaded}")));
        }
    }
    let [memory, stored] = [memory, stored].map(World::picture);
    if memory == stored {
        return Ok(());
    }
    let [memory, stored] =
        [memory, stored].map(|it| (it.contacts_due, it.agents_due, it.turns, it.queues, it.last_event));
    Err(Violation(format!("equal records, and {memory:?} in memory, {stored:?} after a load")))
}

/// Nothing that is due or can be done at once is left.
pub(crate) fn check_all_done(picture: &Picture, now: Timestamp, limits: &Limits) -> Result<(), Violation> {
    let overdue = |contact: &&Contact| contact.next_due().is_some_and(|(at, _)| at <= now);
    if let Some(contact) = picture.contacts.values().find(overdue) {
        return Err(Violation(format!("contact {} waits for {:?}, and it is {now:?}", contact.id, contact.next_due())));
    }
    let overdue = |agent: &&Agent| agent.next_due(limits).is_some_and(|at| at <= now);
    if let Some(agent) = picture.agents.values().find(overdue) {
        return Err(Violation(format!(
            "agent {} was due at {:?}, and it is {now:?}",
            agent.user,
            agent.next_due(limits)
        )));
    }
    if let Some(effect) = picture.effects.values().next() {
        return Err(Violation(format!("effect {effect:?} was never done")));
    }
    if let Some(contact) = picture.turns.first() {
        return Err(Violation(format!("the flow of contact {contact} does not go on")));
    }
    match crate::naive::next_offer(picture, now) {
        Some(offer) => Err(Violation(format!("contact {} is not offered to agent {}", offer.contact, offer.agent))),
        None => Ok(()),
    }
}
