//! A contact and its agent: offer, joining, end, after contact work (contact-lifecycle.md sections 5 and 8).

use crate::agent::{self, AgentContact, AgentContactState};
use crate::contact::step::Move;
use crate::contact::{
    AgentInfo, Contact, DisconnectReason, Effect, EventType, Hook, OFFER_SECONDS, Offer, PausedFrom, State, StepError,
    UpdatedProperty,
};
use crate::criteria::StepStatus;
use crate::flow::FlowType;
use crate::flow::run::Purpose;
use crate::id::UserId;
use crate::refusal::{Refusal, StateChange};
use crate::routing_profile::Channel;

impl Move<'_> {
    /// Tells an agent what became of the contact.
    pub(crate) fn tell(&mut self, agent: UserId, event: agent::Event) {
        self.effects.push(Effect::Agent { agent, event });
    }

    pub(crate) fn offer(&mut self, agent: UserId) -> Result<(), StepError> {
        self.refuse_if_disconnected()?;
        if self.contact.state != State::Queued {
            return Err(self.wrong_state(StateChange::Offer).into());
        }
        let Some(user) = self.env.user(agent) else { return Err(Refusal::UserUnknown(agent).into()) };
        if self.env.agent(agent).is_some_and(|agent| agent.is_full()) {
            return Err(Refusal::AgentFull { agent, max: agent::CONTACTS_MAX }.into());
        }
        let now = self.env.now();
        let contact = &mut *self.contact;
        contact.state = State::Offered;
        contact.offer = Some(Offer { agent, since: now, accepted: None });
        contact.offers += 1;
        let entry = AgentContact {
            contact: contact.id,
            initial: contact.chain_id(),
            channel: Channel::Task,
            state: AgentContactState::Connecting,
            since: now,
            connected: None,
            queue: contact.queue,
            enqueued: contact.times.enqueue,
            initiation_method: contact.initiation_method,
            expires_soon: false,
        };
        self.tell(agent, agent::Event::Offered(Box::new(entry)));
        if user.auto_accepts(Channel::Task) { self.accept(agent) } else { Ok(()) }
    }

    /// The contact goes back to its place in the queue.
    pub(crate) fn miss_offer(&mut self) {
        let offer = self.withdraw_offer();
        self.tell(offer.agent, agent::Event::Missed { contact: self.contact.id });
    }

    fn withdraw_offer(&mut self) -> Offer {
        let offer = self.contact.offer.take().expect("an offered contact has an offer");
        self.contact.state = State::Queued;
        self.contact.runs.retain(|run| run.purpose != Purpose::Whisper);
        self.wake_run();
        offer
    }

    fn refuse_unless_offered(&self, agent: UserId) -> Result<(), Refusal> {
        self.refuse_if_disconnected()?;
        if self.contact.offer.is_some_and(|offer| offer.agent == agent && offer.accepted.is_some()) {
            return Err(Refusal::AcceptedBefore { contact: self.contact.id, agent });
        }
        // The time counts, also when the timer comes late.
        let now = self.env.now();
        let lasts = |offer: &Offer| now < offer.since.plus_seconds(OFFER_SECONDS);
        let offer = self.contact.offer.filter(|offer| offer.accepted.is_none() && lasts(offer));
        let open = offer.is_some_and(|offer| offer.agent == agent);
        if open { Ok(()) } else { Err(Refusal::NotOffered { contact: self.contact.id, agent }) }
    }

    pub(crate) fn reject(&mut self, agent: UserId) -> Result<(), StepError> {
        self.refuse_unless_offered(agent)?;
        self.withdraw_offer();
        self.tell(agent, agent::Event::Rejected { contact: self.contact.id });
        Ok(())
    }

    /// The whisper flow runs before the contact leaves the queue, and interrupts the queue flow.
    pub(crate) fn accept(&mut self, agent: UserId) -> Result<(), StepError> {
        self.refuse_unless_offered(agent)?;
        self.contact.offer = self.contact.offer.map(|offer| Offer { accepted: Some(self.env.now()), ..offer });
        self.contact.state = State::Joining;
        let flow = self.hook_or_default(Hook::AgentWhisper, FlowType::AgentWhisper);
        if self.push_runnable(Purpose::Whisper, flow) {
            self.execute()
        } else {
            self.join();
            Ok(())
        }
    }

    /// The agent has the contact, which leaves its queue.
    pub(crate) fn join(&mut self) {
        let now = self.env.now();
        let contact = &mut *self.contact;
        let offer = contact.offer.take().expect("an agent joins who was offered the contact");
        contact.state = State::Connected;
        contact.runs.clear();
        contact.times.dequeue = Some(now);
        contact.agent = Some(AgentInfo {
            agent: offer.agent,
            connected: now,
            paused_ms: 0,
            acw_start: None,
            acw_until: None,
            acw_end: None,
            warns: true,
        });
        if let Some(criteria) = contact.criteria.last_mut() {
            criteria.leave(StepStatus::Joined);
        }
        self.emit(EventType::ConnectedToAgent);
        self.tell(offer.agent, agent::Event::Joined { contact: self.contact.id });
        self.plan_expiry_warning();
    }

    /// Warns the agent that the contact's time ends: when the moment for that comes, or now if it has passed. When the
    /// end was moved away, the warning is taken back.
    pub(crate) fn plan_expiry_warning(&mut self) {
        let soon = self.contact.expiry_warning() <= self.env.now();
        let Some(info) = &mut self.contact.agent else { return };
        let was_warned = !info.warns;
        info.warns = !soon;
        let agent = info.agent;
        if soon != was_warned {
            self.tell(agent, agent::Event::ExpiresSoon { contact: self.contact.id, soon });
        }
    }

    pub(crate) fn agent_ends(&mut self, agent: UserId, reason: DisconnectReason) -> Result<(), StepError> {
        self.refuse_if_disconnected()?;
        if self.contact.connected_agent() != Some(agent) {
            return Err(Refusal::NotWithAgent { contact: self.contact.id, agent }.into());
        }
        self.end(reason);
        self.execute()
    }

    /// After the end of a contact that an agent has: never skipped, unless the user is gone.
    pub(crate) fn begin_after_contact_work(&mut self, agent: UserId) {
        let now = self.env.now();
        let user = self.env.user(agent);
        let seconds = user.as_ref().map(|user| user.after_contact_work_seconds(Channel::Task));
        let info = self.contact.agent.as_mut().expect("a contact with an agent knows it");
        info.acw_start = Some(now);
        info.acw_until = seconds.filter(|seconds| *seconds > 0).map(|seconds| now.plus_seconds(i64::from(seconds)));
        info.warns = false;
        self.tell(agent, agent::Event::Ended { contact: self.contact.id });
        if user.is_none() {
            self.note_end_of_after_contact_work();
        }
    }

    pub(crate) fn close(&mut self, agent: UserId) -> Result<(), StepError> {
        let in_acw = self.contact.agent.is_some_and(|info| info.agent == agent && info.in_acw());
        if !in_acw {
            return Err(Refusal::NotEnded { contact: self.contact.id, agent }.into());
        }
        self.end_after_contact_work();
        Ok(())
    }

    pub(crate) fn end_after_contact_work(&mut self) {
        self.note_end_of_after_contact_work();
        self.complete_if_over();
    }

    fn note_end_of_after_contact_work(&mut self) {
        let info = self.contact.agent.as_mut().expect("after contact work is an agent's");
        info.acw_end = Some(self.env.now());
        let agent = info.agent;
        self.tell(agent, agent::Event::Closed { contact: self.contact.id });
    }

    /// Of an agent who is offered the contact while it ends or goes elsewhere.
    pub(crate) fn abandon_offer(&mut self) {
        if let Some(offer) = self.contact.offer.take() {
            self.tell(offer.agent, agent::Event::Rejected { contact: self.contact.id });
        }
    }

    pub(crate) fn expire_criteria_step(&mut self) {
        let now = self.env.now();
        if let Some(criteria) = self.contact.criteria.last_mut() {
            criteria.expire(now);
        }
        self.effects.push(Effect::updated(UpdatedProperty::RoutingCriteriaStepStatus));
    }
}

impl Contact {
    /// The agent who has it, connected or paused.
    pub fn connected_agent(&self) -> Option<UserId> {
        let has = match self.state {
            State::Connected => true,
            State::Paused => self.pauses.is_some_and(|pauses| pauses.from == Some(PausedFrom::Agent)),
            _ => false,
        };
        self.agent.filter(|_| has).map(|info| info.agent)
    }
}
