//! Runs flows.

use crate::contact::{Chain, Contact, DisconnectReason, Effect, EventType, StepError};
use crate::env::Env;

/// Starts the main flow of a contact.
pub(crate) fn start(
    contact: &mut Contact,
    chain: &mut Chain,
    env: &mut dyn Env,
    effects: &mut Vec<Effect>,
) -> Result<(), StepError> {
    contact.times.connected_to_system = Some(env.now());
    effects.push(Effect::emit(EventType::ConnectedToSystem));
    resume(contact, chain, env, effects)
}

/// Goes on with the run on top.
pub(crate) fn resume(
    contact: &mut Contact,
    chain: &mut Chain,
    env: &mut dyn Env,
    effects: &mut Vec<Effect>,
) -> Result<(), StepError> {
    crate::contact::end(contact, chain, DisconnectReason::ContactFlowDisconnect, env.now(), effects);
    Ok(())
}
