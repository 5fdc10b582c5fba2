//! Pause and resume (contact-lifecycle.md section 6).

use crate::agent;
use crate::contact::step::Move;
use crate::contact::{Contact, EventType, Hook, PAUSES_MAX, PausedFrom, Pauses, State, StepError};
use crate::flow::FlowType;
use crate::flow::run::Purpose;
use crate::id::{ContactFlowId, UserId};
use crate::refusal::{Refusal, StateChange};
use crate::routing_profile::Channel;
use crate::time::Timestamp;

impl Move<'_> {
    pub(crate) fn pause(&mut self, flow: Option<ContactFlowId>) -> Result<(), StepError> {
        self.refuse_if_disconnected()?;
        let from = match self.contact.state {
            State::InFlow => PausedFrom::Flow,
            State::Queued => PausedFrom::Queue,
            State::Connected => PausedFrom::Agent,
            State::Scheduled | State::Offered | State::Joining | State::Paused | State::Ended | State::Completed => {
                return Err(self.wrong_state(StateChange::Pause).into());
            }
        };
        let now = self.env.now();
        let flow = self.flow_of_hook(flow, Hook::PauseContact)?;
        let before = self.contact.pauses.map_or(0, |pauses| pauses.count);
        if before >= PAUSES_MAX {
            return Err(Refusal::TooManyPauses { contact: self.contact.id, max: PAUSES_MAX }.into());
        }
        let agent = self.contact.connected_agent();
        if let Some(agent) = agent {
            self.refuse_over_concurrency(agent)?;
        }
        self.contact.pauses = Some(Pauses {
            count: before + 1,
            last_paused: now,
            last_resumed: self.contact.pauses.and_then(|pauses| pauses.last_resumed),
            total_ms: self.contact.pauses.map_or(0, |pauses| pauses.total_ms),
            from: Some(from),
        });
        if from == PausedFrom::Queue {
            self.contact.times.dequeue = Some(now);
            self.contact.ranked_since = None;
            self.contact.runs.clear();
        }
        self.contact.state = State::Paused;
        self.emit(EventType::Paused);
        if let Some(agent) = agent {
            self.tell(agent, agent::Event::Paused { contact: self.contact.id });
        }
        self.push_runnable(Purpose::Pause, flow);
        self.execute()
    }

    /// An agent holds at most as many paused tasks as active ones.
    fn refuse_over_concurrency(&self, agent: UserId) -> Result<(), Refusal> {
        let profile = self.env.user(agent).and_then(|user| self.env.routing_profile(user.routing_profile));
        let (Some(profile), Some(record)) = (profile, self.env.agent(agent)) else { return Ok(()) };
        let slots = profile.concurrencies.iter().find(|media| media.channel == Channel::Task);
        let max = slots.map_or(0, |media| u32::from(media.concurrency));
        if record.paused(Channel::Task) >= max { Err(Refusal::TooManyPausedTasks { agent, max }) } else { Ok(()) }
    }

    /// A task that was paused in a queue is in no queue: a flow has to put it back.
    pub(crate) fn resume(&mut self, flow: Option<ContactFlowId>) -> Result<(), StepError> {
        self.refuse_if_disconnected()?;
        if self.contact.state != State::Paused {
            return Err(self.wrong_state(StateChange::Resume).into());
        }
        let flow = self.flow_of_hook(flow, Hook::ResumeContact)?;
        self.contact.runs.retain(|run| run.purpose != Purpose::Pause);
        self.unpause();
        if !self.push_runnable(Purpose::Resume, flow) {
            self.wake_run();
        }
        self.execute()
    }

    /// The pause is over.
    pub(crate) fn unpause(&mut self) {
        let now = self.env.now();
        let agent = self.contact.connected_agent();
        self.contact.end_pause(now);
        if let Some(pauses) = &mut self.contact.pauses {
            pauses.last_resumed = Some(now);
        }
        self.contact.state = if agent.is_some() { State::Connected } else { State::InFlow };
        self.emit(EventType::Resumed);
        if let Some(agent) = agent {
            self.tell(agent, agent::Event::Resumed { contact: self.contact.id });
        }
    }

    /// The flow that a request names, which has to be fit to run; else the one set for the moment.
    fn flow_of_hook(&self, given: Option<ContactFlowId>, hook: Hook) -> Result<Option<ContactFlowId>, Refusal> {
        if let Some(flow) = given {
            self.require_runnable(flow, &[FlowType::ContactFlow])?;
        }
        Ok(given.or_else(|| self.contact.hook(hook)))
    }
}

impl Contact {
    /// Counts a pause that lasts as over.
    pub(crate) fn end_pause(&mut self, now: Timestamp) {
        let Some(pauses) = &mut self.pauses else { return };
        let Some(from) = pauses.from.take() else { return };
        let lasted_ms = now.since(pauses.last_paused);
        pauses.total_ms += lasted_ms;
        if let Some(info) = self.agent.as_mut().filter(|_| from == PausedFrom::Agent) {
            info.paused_ms += lasted_ms;
        }
    }
}
