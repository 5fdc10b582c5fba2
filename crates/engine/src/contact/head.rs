//! What others need of a contact without knowing it whole: when to wake it, where it waits.

use crate::contact::{
    AgentInfo, Contact, DISCONNECT_FLOW_SECONDS_MAX, EXPIRY_WARNING_SECONDS, OFFER_SECONDS, QUEUE_PRIORITY_DEFAULT,
    State, WHISPER_SECONDS_MAX,
};
use crate::criteria::{Criteria, Expression};
use crate::flow::run::{FlowRun, Purpose, Waiting};
use crate::id::{ContactId, QueueId, RunId};
use crate::routing_profile::Channel;
use crate::time::Timestamp;

/// What a contact waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Its ScheduledTime.
    Start,
    /// The end of its time.
    Expiry,
    /// The end of a Wait action: run and step.
    Wait(RunId, u64),
    /// The end of a Wait action that lets its run go on meanwhile.
    Meanwhile(RunId),
    /// The end of the active step of its routing criteria.
    CriteriaStep,
    /// The end of its offer.
    Offer,
    /// The end of an agent whisper flow that takes too long.
    Whisper,
    /// The agent is to be warned that its time ends.
    ExpiryWarning,
    /// The end of after contact work.
    AfterContactWork,
    /// The end of a disconnect flow that takes too long.
    DisconnectFlow,
}

/// The part of a contact that queues, timers and counters need: small, copied, never decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactHead {
    /// The contact.
    pub id: ContactId,
    /// Its chain.
    pub chain: ContactId,
    /// Where it is in its life.
    pub state: State,
    /// The queue it is in; `Some` exactly in the states of [`State::is_in_queue`]. It waits for an offer in state
    /// Queued alone.
    pub queue: Option<QueueId>,
    /// 1 first.
    pub priority: i64,
    /// When it was put in that queue.
    pub enqueue: Timestamp,
    /// Seconds added to its age there.
    pub adjustment_seconds: i32,
    /// When it next has to be woken.
    pub next_due: Option<Timestamp>,
    /// Attached files still being fetched, which keep an ended contact in memory.
    pub attachments: u8,
    /// Whether a run of it used up its turn, see [`Contact::pending_turn`].
    pub awaits_turn: bool,
}

/// A contact that waits for an offer, as routing sees it (routing.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingContact<'a> {
    /// The contact.
    pub contact: ContactId,
    /// The queue it waits in.
    pub queue: QueueId,
    /// Its channel.
    pub channel: Channel,
    /// 1 first.
    pub priority: i64,
    /// Since when it waits: the delay of a routing profile counts from here.
    pub enqueued: Timestamp,
    /// Since when it ranks: its age counts from here.
    pub ranked_since: Timestamp,
    /// Seconds added to its age.
    pub adjustment_seconds: i32,
    /// Which agents it is for now; none is every agent of the queue. No effect in the queue of an agent.
    pub expression: Option<&'a Expression>,
}

impl Contact {
    /// What it waits for next, and until when.
    pub fn next_due(&self) -> Option<(Timestamp, Timer)> {
        let wait = || {
            let run = self.runs.last().filter(|_| self.runs_go_on())?;
            match run.waiting {
                Some(Waiting::Until { at }) => Some((at, Timer::Wait(run.id, run.step))),
                Some(Waiting::Turn | Waiting::Function { .. } | Waiting::Answered { .. } | Waiting::Module) | None => {
                    None
                }
            }
        };
        let expiry = (!self.state.is_disconnected()).then_some((self.times.expiry, Timer::Expiry));
        let own = match self.state {
            State::Scheduled => self.times.scheduled.map(|at| (at, Timer::Start)),
            State::Offered => self.offer.map(|offer| (offer.since.plus_seconds(OFFER_SECONDS), Timer::Offer)),
            State::Joining => {
                let accepted = self.offer.and_then(|offer| offer.accepted);
                accepted.map(|at| (at.plus_seconds(WHISPER_SECONDS_MAX), Timer::Whisper))
            }
            State::Connected | State::Paused => {
                let warns = self.agent.is_some_and(|agent| agent.warns);
                warns.then(|| (self.expiry_warning(), Timer::ExpiryWarning))
            }
            State::Ended => {
                let acw = self.agent.filter(AgentInfo::in_acw).and_then(|agent| agent.acw_until);
                acw.map(|at| (at, Timer::AfterContactWork))
            }
            State::InFlow | State::Queued | State::Completed => None,
        };
        let criteria = self.current_criteria().filter(|_| matches!(self.state, State::Queued | State::Offered));
        let step = criteria.and_then(Criteria::next_expiry).map(|at| (at, Timer::CriteriaStep));
        let flow_ends = (self.state == State::Ended && !self.runs.is_empty()).then(|| {
            let disconnect = self.times.disconnect.unwrap_or_default();
            (disconnect.plus_seconds(DISCONNECT_FLOW_SECONDS_MAX), Timer::DisconnectFlow)
        });
        [expiry, own, step, flow_ends, wait(), self.meanwhile_ends()].into_iter().flatten().min()
    }

    /// When a Wait is over that lets the run on top go on, or the one that invoked the modules on top.
    fn meanwhile_ends(&self) -> Option<(Timestamp, Timer)> {
        let flow = self.runs.iter().rposition(|run| run.module.is_none())?;
        let runs = self.runs[flow..].iter().filter(|_| self.runs_go_on());
        let ends = runs.filter_map(|run| Some((run.meanwhile.as_ref()?.until, Timer::Meanwhile(run.id))));
        ends.min()
    }

    pub(crate) fn expiry_warning(&self) -> Timestamp {
        self.times.expiry.plus_seconds(-EXPIRY_WARNING_SECONDS)
    }

    /// Whether the run on top goes on: of a paused contact only the flow that the pause started does.
    fn runs_go_on(&self) -> bool {
        self.state != State::Paused || self.runs.last().is_some_and(|run| run.purpose == Purpose::Pause)
    }

    /// The routing criteria that hold.
    pub fn current_criteria(&self) -> Option<&Criteria> {
        self.criteria.last()
    }

    /// What routing needs of a contact that waits for an offer; none when it does not.
    pub fn waiting(&self) -> Option<WaitingContact<'_>> {
        let queue = self.queue.filter(|_| self.state == State::Queued)?;
        let enqueued = self.times.enqueue?;
        Some(WaitingContact {
            contact: self.id,
            queue,
            channel: Channel::Task,
            priority: self.queue_priority.unwrap_or(QUEUE_PRIORITY_DEFAULT),
            enqueued,
            ranked_since: self.ranked_since.unwrap_or(enqueued),
            adjustment_seconds: self.queue_time_adjustment_seconds.unwrap_or(0),
            expression: self.current_criteria().and_then(Criteria::active),
        })
    }

    /// The head of this contact.
    pub fn head(&self) -> ContactHead {
        ContactHead {
            id: self.id,
            chain: self.chain_id(),
            state: self.state,
            queue: self.queue.filter(|_| self.state.is_in_queue()),
            priority: self.queue_priority.unwrap_or(QUEUE_PRIORITY_DEFAULT),
            enqueue: self.times.enqueue.unwrap_or_default(),
            adjustment_seconds: self.queue_time_adjustment_seconds.unwrap_or(0),
            next_due: self.next_due().map(|(at, _)| at),
            attachments: u8::try_from(self.attachments.len()).unwrap_or(u8::MAX),
            awaits_turn: self.pending_turn().is_some(),
        }
    }

    /// The turn that a restart has to give again: a run that had used up one when its batch was written, or whose
    /// function has answered.
    pub fn pending_turn(&self) -> Option<(RunId, u64)> {
        let due = |run: &&FlowRun| matches!(run.waiting, Some(Waiting::Turn | Waiting::Answered { .. }));
        let run = self.runs.last().filter(due).filter(|_| self.runs_go_on())?;
        Some((run.id, run.step))
    }

    /// The calls whose answers its runs wait for: run and step of each.
    pub fn pending_calls(&self) -> impl Iterator<Item = (RunId, u64)> {
        let waiting = self.runs.iter().filter(|run| matches!(run.waiting, Some(Waiting::Function { .. })));
        // The step was counted when the run began to wait.
        waiting.map(|run| (run.id, run.step - 1))
    }
}
