//! Agents: moves the record of an agent, and carries over what agent and contact have to say to each other.

use api::shapes;
pub use engine::agent::Event;
use engine::agent::{Agent, AgentEventType, Effect, step};
use engine::agent_status::{AgentStatus, AgentStatusKind};
use engine::routing_profile::RoutingProfile;
use engine::user::User;
use engine::{AgentStatusId, UserId};
use store::{KeyId, Kind};

use super::contact::{load_contact, move_contact, named_contact};
use super::resource::load;
use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::event::{self, AgentEventRecord, AgentFace};
use crate::kinds;
use crate::operations::in_instance;
use crate::record::Record;
use crate::tx::Tx;

in_instance!(shapes::PutUserStatusRequest, shapes::DismissUserContactRequest);

impl Record for Agent {
    const KIND: Kind = kinds::AGENT;
    const NAME: &'static str = "agent";

    fn id(&self) -> KeyId {
        (*self.user.as_bytes()).into()
    }
}

/// The record of an agent; of one who never was at work, as it begins; none of a user who is not there (any more).
pub fn load_agent(tx: &Tx<'_>, user: UserId) -> Result<Option<Agent>, Halt> {
    if let Some(agent) = tx.get::<Agent>(user.as_bytes()) {
        return Ok(Some(Agent::clone(&agent)));
    }
    if tx.get::<User>(user.as_bytes()).is_none() {
        return Ok(None);
    }
    Ok(Some(Agent::new(user, offline(tx)?, tx.now)))
}

/// The status Offline of the instance.
pub fn offline(tx: &Tx<'_>) -> Result<AgentStatusId, Halt> {
    let statuses = tx.list::<AgentStatus>();
    let offline = statuses.iter().find(|status| status.kind == AgentStatusKind::Offline);
    Ok(offline.ok_or_else(|| ApiError::internal("the instance has no status Offline"))?.id)
}

/// Moves an agent by one event, saves it, and moves the contacts that it concerns. What a contact tells a user who is gone is lost.
pub fn move_agent(tx: &mut Tx<'_>, user: UserId, event: Event) -> Result<(), Halt> {
    let Some(mut agent) = load_agent(tx, user)? else { return Ok(()) };
    let before = agent.clone();
    let effects = step(&mut agent, event, tx.now, &tx.settings().limits)?;
    if agent.version != before.version {
        tx.put(agent.clone());
    }
    for effect in effects {
        match effect {
            Effect::Contact { contact, event } => {
                if let Some(contact) = load_contact(tx, &contact)? {
                    move_contact(tx, contact, event)?;
                }
            }
            Effect::Emit(event_type) => emit(tx, event_type, &before, &agent),
        }
    }
    Ok(())
}

/// Tells what happened to an agent. A change that agent events do not show is none.
fn emit(tx: &mut Tx<'_>, event_type: AgentEventType, before: &Agent, after: &Agent) {
    let id = after.user.as_bytes();
    let user = tx.get::<User>(id);
    let profile = user.as_ref().and_then(|user| tx.get::<RoutingProfile>(user.routing_profile.as_bytes()));
    let old_user = tx.before::<User>(id).or_else(|| user.clone());
    let old_profile = old_user.as_ref().and_then(|user| tx.before::<RoutingProfile>(user.routing_profile.as_bytes()));
    let old_profile = old_profile.or_else(|| profile.clone());
    let face_before = AgentFace::of(before, old_user.as_deref().zip(old_profile.as_deref()));
    let face_after = AgentFace::of(after, user.as_deref().zip(profile.as_deref()));
    let was_told = before.last_event.is_some();
    if event_type == AgentEventType::StateChange && was_told && face_before == face_after {
        return;
    }
    let is_as_after = face_before.configuration == face_after.configuration;
    let configuration = face_before.configuration.filter(|_| !is_as_after);
    let event = AgentEventRecord {
        agent: after.user,
        at: tx.now,
        event_type,
        before: was_told.then_some(AgentFace { configuration, ..face_before }),
        after: face_after,
    };
    tx.emit(event::Event::Agent(Box::new(event)));
}

/// An agent's timer is due.
pub fn run_due_agent(tx: &mut Tx<'_>, user: UserId) -> Result<(), Halt> {
    let offline = offline(tx)?;
    move_agent(tx, user, Event::TimerFired { offline })
}

/// Tells an agent that its user's settings changed; one who never was at work has nothing to learn.
pub fn configuration_changed(tx: &mut Tx<'_>, user: UserId) -> Result<(), Halt> {
    match tx.get::<Agent>(user.as_bytes()) {
        Some(_) => move_agent(tx, user, Event::ConfigurationChanged),
        None => Ok(()),
    }
}

/// Sets the status of an agent; while the agent handles contacts, the status that follows.
pub(crate) fn put_user_status(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::PutUserStatusRequest,
) -> Result<shapes::PutUserStatusResponse, Halt> {
    let user = load::<User>(tx, &input.user_id)?.id;
    let status = load::<AgentStatus>(tx, &input.agent_status_id)?.chosen()?;
    move_agent(tx, user, Event::StatusSet(status))?;
    Ok(shapes::PutUserStatusResponse {})
}

/// Clears a contact that was missed or rejected, or closes one in after contact work.
pub(crate) fn dismiss_user_contact(
    tx: &mut Tx<'_>,
    _: &Call,
    input: &shapes::DismissUserContactRequest,
) -> Result<shapes::DismissUserContactResponse, Halt> {
    let user = load::<User>(tx, &input.user_id)?.id;
    let contact = named_contact(tx, &input.contact_id)?.id;
    move_agent(tx, user, Event::Dismissed { contact })?;
    Ok(shapes::DismissUserContactResponse {})
}
