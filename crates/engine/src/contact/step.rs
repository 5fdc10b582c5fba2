//! The state machine of a contact.

use std::collections::BTreeMap;

use crate::contact::{
    Chain, Contact, ContactUpdate, DisconnectReason, Effect, EventType, ReferenceStatus, State, Timer, UpdatedProperty,
};
use crate::env::{Env, Need};
use crate::flow::interpret;
use crate::id::{FileId, RunId};
use crate::refusal::Refusal;
use crate::start_task::{attributes, schedule};
use crate::tag::{self, Tags};
use crate::time::{MINUTE, Timestamp};

/// What happens to a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was just created: its flow starts, or it waits for its ScheduledTime. Exactly once, first.
    Begin,
    /// The moment of [`Contact::next_due`] came. Does nothing when it has not, so a stale timer is harmless; when more than one is due,
    /// the first is done and the next is due at once.
    TimerFired,
    /// A run that used up its turn gets the next. Does nothing when the run is no longer at that step.
    Continue {
        /// The run.
        run: RunId,
        /// The step it was at.
        step: u64,
    },
    /// StopContact.
    Stopped,
    /// UpdateContactSchedule.
    Rescheduled {
        /// The new start.
        at: Timestamp,
    },
    /// UpdateContactAttributes: sets these, an empty value included. Keys were checked by [`attributes::check_keys`].
    AttributesSet(BTreeMap<String, String>),
    /// UpdateContact.
    Updated(Box<ContactUpdate>),
    /// TagContact.
    Tagged(Tags),
    /// UntagContact.
    Untagged(Vec<String>),
    /// An attached file was fetched, or could not be. Does nothing when it is not awaited (any more).
    AttachmentSettled {
        /// The file.
        file: FileId,
        /// Its end.
        status: ReferenceStatus,
        /// Why, at most 100 characters.
        reason: Option<String>,
    },
}

/// The records that a step may change. After an error they are half changed and must be dropped.
#[derive(Debug)]
pub struct Work<'a> {
    /// The contact.
    pub contact: &'a mut Contact,
    /// Its chain.
    pub chain: &'a mut Chain,
}

/// Why a step did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The event is not possible for this contact.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A record is missing: fetch it and step again from the same state.
    #[error(transparent)]
    Need(#[from] Need),
}

/// Moves a contact by one event and says what is to be done about it.
///
/// On an error the contact and the chain are to be dropped, not kept.
pub fn step(work: Work<'_>, event: Event, env: &mut dyn Env) -> Result<Vec<Effect>, StepError> {
    let now = env.now();
    let mut effects = Vec::new();
    let Work { contact, chain } = work;
    assert_eq!(chain.id, contact.chain_id(), "a contact is stepped with its own chain");
    match event {
        Event::Begin => begin(contact, chain, env, &mut effects)?,
        Event::TimerFired => match contact.next_due() {
            Some((due, timer)) if due <= now => timer_fired(contact, chain, timer, env, &mut effects)?,
            Some(_) | None => return Ok(effects),
        },
        Event::Continue { run, step } => {
            if contact.pending_turn() != Some((run, step)) {
                return Ok(effects);
            }
            interpret::resume(contact, chain, env, &mut effects)?;
        }
        Event::Stopped => {
            refuse_if_completed(contact)?;
            end(contact, chain, DisconnectReason::Api, now, &mut effects);
        }
        Event::Rescheduled { at } => {
            refuse_if_completed(contact)?;
            schedule::reschedule(contact, at, now, env.limits())?;
            effects.push(Effect::updated(UpdatedProperty::ScheduledTimestamp));
        }
        Event::AttributesSet(new) => {
            chain.attributes = attributes::merge(&chain.attributes, &new, env.limits())?;
            effects.push(Effect::updated(UpdatedProperty::UserDefinedAttributes));
        }
        Event::Updated(update) => updated(contact, *update, env, &mut effects)?,
        Event::Tagged(tags) => {
            tag::add_contact_tags(&mut contact.tags, &tags)?;
            effects.push(Effect::updated(UpdatedProperty::Tags));
        }
        Event::Untagged(keys) => {
            tag::remove_contact_tags(&mut contact.tags, &keys)?;
            effects.push(Effect::updated(UpdatedProperty::Tags));
        }
        Event::AttachmentSettled { file, status, reason } => {
            let Some(place) = contact.attachments.iter().position(|pending| pending.file == file) else {
                return Ok(effects);
            };
            let pending = contact.attachments.remove(place);
            // UpdateContact may have put something else under the key meanwhile.
            if let Some(reference) = contact.references.get_mut(&pending.key)
                && reference.file == Some(file)
            {
                reference.status = Some(status);
                reference.status_reason = reason;
            }
        }
    }
    contact.times.last_update = now;
    Ok(effects)
}

fn refuse_if_completed(contact: &Contact) -> Result<(), Refusal> {
    if contact.is_completed() { Err(Refusal::ContactEnded(contact.id)) } else { Ok(()) }
}

fn begin(
    contact: &mut Contact,
    chain: &mut Chain,
    env: &mut dyn Env,
    effects: &mut Vec<Effect>,
) -> Result<(), StepError> {
    assert!(contact.runs_begun == 0 && !contact.is_completed(), "a contact begins once");
    effects.push(Effect::emit(EventType::Initiated));
    effects.extend(contact.attachments.iter().cloned().map(Effect::FetchAttachment));
    match contact.state {
        State::Scheduled => Ok(()),
        State::InFlow => interpret::start(contact, chain, env, effects),
        State::Queued | State::Completed => unreachable!("a contact is created scheduled or in its flow"),
    }
}

fn timer_fired(
    contact: &mut Contact,
    chain: &mut Chain,
    timer: Timer,
    env: &mut dyn Env,
    effects: &mut Vec<Effect>,
) -> Result<(), StepError> {
    match timer {
        Timer::Start => {
            contact.state = State::InFlow;
            interpret::start(contact, chain, env, effects)
        }
        Timer::Expiry => {
            end(contact, chain, DisconnectReason::Expired, env.now(), effects);
            Ok(())
        }
        Timer::Wait(..) => interpret::resume(contact, chain, env, effects),
    }
}

fn updated(
    contact: &mut Contact,
    update: ContactUpdate,
    env: &dyn Env,
    effects: &mut Vec<Effect>,
) -> Result<(), Refusal> {
    let ContactUpdate { name, description, references, segment, expiry_minutes } = update;
    if name.is_none()
        && description.is_none()
        && references.is_empty()
        && segment.is_empty()
        && expiry_minutes.is_none()
    {
        return Err(Refusal::NothingToUpdate);
    }
    let segment_changes = !segment.is_empty() || expiry_minutes.is_some();
    if let Some(minutes) = expiry_minutes {
        refuse_if_completed(contact)?;
        contact.set_expiry_minutes(minutes);
    }
    if let Some(name) = name {
        contact.name = name;
    }
    if let Some(description) = description {
        contact.description = Some(description);
    }
    contact.references.extend(references);
    crate::start_task::references::check_size(&contact.references, env.limits())?;
    contact.segment.extend(segment);
    if segment_changes {
        effects.push(Effect::updated(UpdatedProperty::SegmentAttributes));
    }
    Ok(())
}

impl Contact {
    /// Sets how long the task lives, counted from its start (R9a).
    pub(crate) fn set_expiry_minutes(&mut self, minutes: u32) {
        let start = self.times.scheduled.unwrap_or(self.times.initiation);
        self.times.expiry = start.plus_millis(i64::from(minutes) * MINUTE);
    }
}

/// Ends a contact: no agent has it, so it is completed at once (contact-events.md section 1).
pub(crate) fn end(
    contact: &mut Contact,
    chain: &mut Chain,
    reason: DisconnectReason,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    assert!(!contact.is_completed(), "a contact ends once");
    if contact.state == State::Queued {
        contact.times.dequeue = Some(now);
    }
    contact.state = State::Completed;
    contact.times.disconnect = Some(now);
    contact.disconnect_reason = Some(reason);
    contact.runs.clear();
    chain.open = chain.open.checked_sub(1).expect("an open contact is counted in its chain");
    chain.ended = (chain.open == 0).then_some(now);
    effects.push(Effect::emit(EventType::Disconnected));
    effects.push(Effect::emit(EventType::Completed));
}
