//! How a contact ends: disconnected, then after contact work and the disconnect flow, then completed
//! (contact-lifecycle.md section 8).

use crate::contact::step::Move;
use crate::contact::{DisconnectReason, EventType, Hook, State};
use crate::criteria::StepStatus;
use crate::flow::run::Purpose;

impl Move<'_> {
    /// Ends a contact. The caller executes what is left to run: the disconnect flow.
    pub(crate) fn end(&mut self, reason: DisconnectReason) {
        self.disconnect(reason);
        let flow = self.contact.hook(Hook::CustomerRemaining);
        self.push_runnable(Purpose::Disconnect, flow);
        self.complete_if_over();
    }

    /// Ends a contact whose work goes on in another: no disconnect flow runs.
    pub(crate) fn end_for_successor(&mut self) {
        self.disconnect(DisconnectReason::Other);
        self.complete_if_over();
    }

    fn disconnect(&mut self, reason: DisconnectReason) {
        assert!(!self.contact.state.is_disconnected(), "a contact ends once");
        let now = self.env.now();
        let agent = self.contact.connected_agent();
        self.abandon_offer();
        self.contact.end_pause(now);
        if self.contact.state.is_in_queue() {
            self.contact.times.dequeue = Some(now);
        }
        if let Some(criteria) = self.contact.criteria.last_mut() {
            criteria.leave(StepStatus::Deactivated);
        }
        self.contact.state = State::Ended;
        self.contact.times.disconnect = Some(now);
        self.contact.disconnect_reason = Some(reason);
        self.contact.runs.clear();
        self.emit(EventType::Disconnected);
        if let Some(agent) = agent {
            self.begin_after_contact_work(agent);
        }
    }

    /// Completes a contact that nobody works on any more and no flow runs for. Without an agent that is at once
    /// (contact-events.md section 1).
    pub(crate) fn complete_if_over(&mut self) {
        let works = self.contact.agent.is_some_and(|agent| agent.in_acw());
        if self.contact.state != State::Ended || works || !self.contact.runs.is_empty() {
            return;
        }
        self.contact.state = State::Completed;
        self.chain.open = self.chain.open.checked_sub(1).expect("an open contact is counted in its chain");
        self.chain.ended = (self.chain.open == 0).then_some(self.env.now());
        self.emit(EventType::Completed);
    }
}
