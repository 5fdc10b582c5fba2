//! What holds after every event, of every contact and every agent.

use std::collections::BTreeMap;

use engine::agent::AgentContactState;
use engine::contact::{AgentInfo, Contact, State};
use engine::{ContactId, UserId};

use crate::world::World;

/// Panics when something does not hold.
pub(crate) fn check(world: &World) {
    let mut expected: BTreeMap<ContactId, (UserId, AgentContactState)> = BTreeMap::new();
    let mut open: BTreeMap<ContactId, u32> = BTreeMap::new();
    for contact in world.contacts.values() {
        check_contact(contact);
        if !contact.is_completed() {
            *open.entry(contact.chain_id()).or_default() += 1;
        }
        expected.extend(at_agent(contact).map(|at| (contact.id, at)));
    }
    for chain in world.instance.chains.values() {
        assert_eq!(chain.open, open.get(&chain.id).copied().unwrap_or(0), "open contacts of chain {}", chain.id);
        assert_eq!(chain.ended.is_some(), chain.open == 0);
    }
    for agent in world.instance.agents.values() {
        for entry in agent.contacts.iter().filter(|entry| !entry.state.is_uncleared()) {
            let there = expected.remove(&entry.contact);
            assert_eq!(there, Some((agent.user, entry.state)), "contact {} at {}", entry.contact, agent.user);
        }
    }
    assert_eq!(expected, BTreeMap::new(), "contacts that their agents do not have");
}

/// Where a contact is with an agent, and in what state.
fn at_agent(contact: &Contact) -> Option<(UserId, AgentContactState)> {
    let state = match contact.state {
        State::Offered | State::Joining => {
            return contact.offer.map(|offer| (offer.agent, AgentContactState::Connecting));
        }
        State::Connected => AgentContactState::Connected,
        State::Paused => AgentContactState::Paused,
        State::Ended if contact.agent.is_some_and(|agent| agent.in_acw()) => AgentContactState::Ended,
        _ => return None,
    };
    let agent = contact.connected_agent().or_else(|| contact.agent.filter(AgentInfo::in_acw).map(|info| info.agent));
    agent.map(|agent| (agent, state))
}

fn check_contact(contact: &Contact) {
    let state = contact.state;
    assert_eq!(contact.offer.is_some(), matches!(state, State::Offered | State::Joining), "{contact:?}");
    assert_eq!(contact.times.disconnect.is_some(), state.is_disconnected(), "{contact:?}");
    assert_eq!(contact.disconnect_reason.is_some(), state.is_disconnected());
    assert_eq!(contact.pauses.is_some_and(|pauses| pauses.from.is_some()), state == State::Paused);
    assert_eq!(contact.head().queue.is_some(), state.is_in_queue());
    assert_eq!(contact.waiting().is_some(), state == State::Queued);
    assert!(state.is_disconnected() || contact.next_due().is_some(), "an open contact expires");
    assert!(!contact.is_completed() || contact.next_due().is_none() && contact.runs.is_empty());
    assert!(contact.runs.iter().all(|run| run.waiting.is_some()), "between events every run waits");
    assert!(contact.criteria.len() <= 3);
}
