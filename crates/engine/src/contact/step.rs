//! The state machine of a contact.

use std::collections::BTreeMap;

use crate::contact::{
    Chain, Contact, ContactUpdate, DisconnectReason, Effect, EventType, Reference, ReferenceStatus, RoutingUpdate,
    State, Timer, Transfer, UpdatedProperty,
};
use crate::env::{Env, Need};
use crate::flow::trace::Trace;
use crate::id::{ContactFlowId, FileId, RunId, UserId};
use crate::refusal::{Refusal, StateChange};
use crate::start_task::{attributes, schedule};
use crate::tag::{self, Tags};
use crate::time::{MINUTE, Timestamp};

/// What happens to a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was just created: its flow starts, or it waits for its ScheduledTime. Exactly once, first.
    Begin,
    /// The moment of [`Contact::next_due`] came. Does nothing when it has not, so a stale timer is harmless; when more
    /// than one is due, the first is done and the next is due at once.
    TimerFired,
    /// A run that used up its turn gets the next. Does nothing when the run is no longer at that step.
    Continue {
        /// The run.
        run: RunId,
        /// The step it was at.
        step: u64,
    },
    /// A function that a run waits for has answered, or could not be called. Does nothing when the run no longer waits
    /// for it.
    FunctionAnswered {
        /// The run.
        run: RunId,
        /// The step it was at: that of the [`FunctionCall`](crate::flow::function::FunctionCall).
        step: u64,
        /// The answer, or why there is none.
        answer: Result<String, String>,
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
    /// Routing offers it to an agent, or AssociateContactWithUser does, whatever the agent's status and slots. An agent
    /// who accepts without a click has accepted.
    Offered {
        /// The agent.
        agent: UserId,
    },
    /// The agent is no longer there to take the offer. Does nothing when it is not offered to the agent (any more).
    OfferMissed {
        /// The agent.
        agent: UserId,
    },
    /// The agent accepts the offer: the whisper flow runs, and then the agent joins.
    Accepted {
        /// The agent.
        agent: UserId,
    },
    /// The agent declines it.
    Rejected {
        /// The agent.
        agent: UserId,
    },
    /// The agent ends it.
    AgentEnded {
        /// The agent.
        agent: UserId,
    },
    /// The agent ends it as finished.
    AgentCompleted {
        /// The agent.
        agent: UserId,
    },
    /// The agent closes it: after contact work is over.
    Closed {
        /// The agent.
        agent: UserId,
    },
    /// PauseContact.
    Paused {
        /// The flow to run, in place of the one set for pauses.
        flow: Option<ContactFlowId>,
    },
    /// ResumeContact.
    Resumed {
        /// The flow to run, in place of the one set for resumes.
        flow: Option<ContactFlowId>,
    },
    /// TransferContact, also by a quick connect.
    Transferred(Transfer),
    /// UpdateContactRoutingData.
    RoutingUpdated(Box<RoutingUpdate>),
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

/// A contact that is moved by one event.
pub(crate) struct Move<'a> {
    pub(crate) contact: &'a mut Contact,
    pub(crate) chain: &'a mut Chain,
    pub(crate) env: &'a mut dyn Env,
    pub(crate) effects: Vec<Effect>,
    /// What its flows did, when somebody keeps it.
    pub(crate) trace: Option<Trace>,
}

/// Moves a contact by one event and says what is to be done about it.
///
/// On an error the contact and the chain are to be dropped, not kept.
pub fn step(work: Work<'_>, event: Event, env: &mut dyn Env) -> Result<Vec<Effect>, StepError> {
    let Work { contact, chain } = work;
    assert_eq!(chain.id, contact.chain_id(), "a contact is stepped with its own chain");
    let trace = env.keeps_trace().then(Trace::default);
    let mut moving = Move { contact, chain, env, effects: Vec::new(), trace };
    let state = moving.contact.state;
    let changed = moving.apply(event)?;
    // An offer, and its end, are no change of the contact (contact-lifecycle.md section 1).
    let is_of_offer =
        matches!((state, moving.contact.state), (State::Queued, State::Offered) | (State::Offered, State::Queued));
    if changed && !is_of_offer {
        moving.contact.times.last_update = moving.env.now();
    }
    moving.effects.extend(moving.trace.filter(|trace| !trace.first.is_empty()).map(Effect::Trace));
    Ok(moving.effects)
}

impl Move<'_> {
    /// Applies an event, and says whether it did anything.
    fn apply(&mut self, event: Event) -> Result<bool, StepError> {
        let now = self.env.now();
        match event {
            Event::Begin => self.begin()?,
            Event::TimerFired => match self.contact.next_due() {
                Some((due, timer)) if due <= now => self.timer_fired(timer)?,
                Some(_) | None => return Ok(false),
            },
            Event::Continue { run, step } => {
                if self.contact.pending_turn() != Some((run, step)) {
                    return Ok(false);
                }
                self.resume_run()?;
            }
            Event::FunctionAnswered { run, step, answer } => {
                if !self.function_answered(run, step, answer) {
                    return Ok(false);
                }
                // Otherwise it goes on when it comes up.
                if self.contact.pending_turn() == Some((run, step + 1)) {
                    self.resume_run()?;
                }
            }
            Event::Stopped => {
                self.refuse_if_disconnected()?;
                self.end(DisconnectReason::Api);
                self.execute()?;
            }
            Event::Rescheduled { at } => {
                self.refuse_if_disconnected()?;
                schedule::reschedule(self.contact, at, now, self.env.limits())?;
                self.effects.push(Effect::updated(UpdatedProperty::ScheduledTimestamp));
            }
            Event::AttributesSet(new) => {
                self.chain.attributes = attributes::merge(&self.chain.attributes, &new, self.env.limits())?;
                self.effects.push(Effect::updated(UpdatedProperty::UserDefinedAttributes));
            }
            Event::Updated(update) => self.update(*update)?,
            Event::Tagged(tags) => {
                tag::add_contact_tags(&mut self.contact.tags, &tags)?;
                self.effects.push(Effect::updated(UpdatedProperty::Tags));
            }
            Event::Untagged(keys) => {
                tag::remove_contact_tags(&mut self.contact.tags, &keys)?;
                self.effects.push(Effect::updated(UpdatedProperty::Tags));
            }
            Event::AttachmentSettled { file, status, reason } => {
                return Ok(self.settle_attachment(file, status, reason));
            }
            Event::Offered { agent } => self.offer(agent)?,
            Event::OfferMissed { agent } => {
                if self.contact.offer.is_none_or(|offer| offer.agent != agent) {
                    return Ok(false);
                }
                self.miss_offer();
            }
            Event::Accepted { agent } => self.accept(agent)?,
            Event::Rejected { agent } => self.reject(agent)?,
            Event::AgentEnded { agent } => self.agent_ends(agent, DisconnectReason::AgentDisconnect)?,
            Event::AgentCompleted { agent } => self.agent_ends(agent, DisconnectReason::AgentCompleted)?,
            Event::Closed { agent } => self.close(agent)?,
            Event::Paused { flow } => self.pause(flow)?,
            Event::Resumed { flow } => self.resume(flow)?,
            Event::Transferred(transfer) => self.transfer(transfer)?,
            Event::RoutingUpdated(update) => self.update_routing(*update)?,
        }
        Ok(true)
    }

    pub(crate) fn refuse_if_disconnected(&self) -> Result<(), Refusal> {
        if self.contact.state.is_disconnected() { Err(Refusal::ContactEnded(self.contact.id)) } else { Ok(()) }
    }

    /// The refusal of what the present state does not allow.
    pub(crate) fn wrong_state(&self, change: StateChange) -> Refusal {
        Refusal::WrongState { contact: self.contact.id, state: self.contact.state, change }
    }

    pub(crate) fn emit(&mut self, event_type: EventType) {
        self.effects.push(Effect::emit(event_type));
    }

    fn begin(&mut self) -> Result<(), StepError> {
        assert!(self.contact.runs_begun == 0, "a contact begins once");
        self.emit(EventType::Initiated);
        self.effects.extend(self.contact.attachments.iter().cloned().map(Effect::FetchAttachment));
        match (self.contact.state, self.contact.start_flow, self.contact.target_queue) {
            (State::Scheduled, ..) => Ok(()),
            (State::InFlow, Some(_), _) => self.start_flow(),
            // It goes on from another queue, or from the end of the contact before it.
            (State::InFlow, None, Some(queue)) => {
                self.enqueue(queue);
                self.execute()
            }
            _ => unreachable!("a contact is created scheduled, with a flow or for a queue"),
        }
    }

    fn timer_fired(&mut self, timer: Timer) -> Result<(), StepError> {
        match timer {
            Timer::Start => {
                self.contact.state = State::InFlow;
                return self.start_flow();
            }
            Timer::Expiry => self.end(DisconnectReason::Expired),
            Timer::Wait(..) => return self.resume_run(),
            Timer::Meanwhile(run) => return self.end_meanwhile(run),
            Timer::CriteriaStep => self.expire_criteria_step(),
            Timer::Offer => self.miss_offer(),
            Timer::Whisper => self.join(),
            Timer::ExpiryWarning => self.plan_expiry_warning(),
            Timer::AfterContactWork => self.end_after_contact_work(),
            Timer::DisconnectFlow => {
                self.contact.runs.clear();
                self.complete_if_over();
            }
        }
        self.execute()
    }

    fn update(&mut self, update: ContactUpdate) -> Result<(), Refusal> {
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
            self.refuse_if_disconnected()?;
            self.contact.set_expiry_minutes(minutes);
            self.plan_expiry_warning();
        }
        if let Some(name) = name {
            self.contact.name = name;
        }
        if let Some(description) = description {
            self.contact.description = Some(description);
        }
        self.contact.references.extend(references);
        crate::start_task::references::check_size(&self.contact.references, self.env.limits())?;
        self.contact.segment.extend(segment);
        if segment_changes {
            self.effects.push(Effect::updated(UpdatedProperty::SegmentAttributes));
        }
        Ok(())
    }

    /// A contact that was transferred meanwhile tells the one after it, which has a copy of the reference.
    fn settle_attachment(&mut self, file: FileId, status: ReferenceStatus, reason: Option<String>) -> bool {
        let awaited = self.contact.attachments.iter().any(|pending| pending.file == file);
        self.contact.attachments.retain(|pending| pending.file != file);
        // UpdateContact may have put something else under the key meanwhile.
        let processing = |reference: &&mut Reference| {
            reference.file == Some(file) && reference.status == Some(ReferenceStatus::Processing)
        };
        let reference = self.contact.references.values_mut().find(processing);
        let settles = reference.is_some();
        if let Some(reference) = reference {
            reference.status = Some(status);
            reference.status_reason.clone_from(&reason);
        }
        if let Some(next) = self.contact.next.filter(|_| settles) {
            let event = Box::new(Event::AttachmentSettled { file, status, reason });
            self.effects.push(Effect::Step { contact: next, event });
        }
        awaited || settles
    }
}

impl Contact {
    /// Sets how long the task lives, counted from its start (R9a).
    pub(crate) fn set_expiry_minutes(&mut self, minutes: u32) {
        let start = self.times.scheduled.unwrap_or(self.times.initiation);
        self.times.expiry = start.plus_millis(i64::from(minutes) * MINUTE);
    }
}
