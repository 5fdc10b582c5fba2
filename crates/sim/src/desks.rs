//! What agents do at their desks, at random.

use engine::agent::AgentContactState;
use engine::{ContactId, UserId};
use service::{AgentCommand, Picture};

use crate::place::Place;
use crate::random::Random;

/// An agent does something: mostly what fits the state of one of the agent's contacts.
pub(crate) fn act(random: &mut Random, place: &Place, picture: &Picture) -> Option<(UserId, AgentCommand)> {
    let held = picture.agents.values();
    let held: Vec<_> = held.flat_map(|agent| agent.contacts.iter().map(|entry| (agent.user, *entry))).collect();
    match random.pick(&held) {
        Some((user, entry)) if !random.one_in(4) => Some((*user, fitting(random, place, entry.contact, entry.state))),
        _ => {
            let users: Vec<_> = picture.users.keys().copied().collect();
            let user = *random.pick(&users)?;
            Some((user, anything(random, place, picture)?))
        }
    }
}

fn fitting(random: &mut Random, place: &Place, contact: ContactId, state: AgentContactState) -> AgentCommand {
    match state {
        AgentContactState::Connecting => match random.below(8) {
            0 => AgentCommand::Reject(contact),
            1 => AgentCommand::Contact(contact),
            _ => AgentCommand::Accept(contact),
        },
        AgentContactState::Connected => match random.below(8) {
            0 | 1 => AgentCommand::Pause(contact),
            2 => AgentCommand::Transfer(contact, place.quick_connects[0]),
            3 => AgentCommand::Complete(contact),
            _ => AgentCommand::End(contact),
        },
        AgentContactState::Paused => match random.below(4) {
            0 => AgentCommand::End(contact),
            1 => AgentCommand::Transfer(contact, place.quick_connects[0]),
            _ => AgentCommand::Resume(contact),
        },
        AgentContactState::Missed
        | AgentContactState::Rejected
        | AgentContactState::Error
        | AgentContactState::Ended => AgentCommand::Close(contact),
    }
}

fn anything(random: &mut Random, place: &Place, picture: &Picture) -> Option<AgentCommand> {
    let contacts: Vec<_> = picture.contacts.keys().copied().collect();
    Some(match random.below(9) {
        0 => AgentCommand::Snapshot,
        1 => AgentCommand::Worklist,
        2 => AgentCommand::AssignToMe(*random.pick(&contacts)?),
        3 => AgentCommand::Accept(*random.pick(&contacts)?),
        4 => AgentCommand::End(*random.pick(&contacts)?),
        5 => AgentCommand::Close(*random.pick(&contacts)?),
        6 => AgentCommand::SetStatus(*random.pick(&place.statuses)?),
        _ => AgentCommand::SetStatus(place.available),
    })
}
