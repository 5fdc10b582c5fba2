//! What places a contact in its queue: priority, adjustment of its age, routing criteria (routing.md sections 3 and 6).

use crate::contact::step::Move;
use crate::contact::{CRITERIA_KEPT, Effect, RoutingUpdate, UpdatedProperty};
use crate::criteria::{Criteria, Step, StepStatus};
use crate::queue::QueueKind;
use crate::refusal::{Refusal, StateChange};

impl Move<'_> {
    pub(crate) fn update_routing(&mut self, update: RoutingUpdate) -> Result<(), Refusal> {
        let RoutingUpdate { priority, adjustment_seconds, criteria } = update;
        if priority.is_some() && adjustment_seconds.is_some() {
            return Err(Refusal::PriorityAndAdjustment);
        }
        if priority.is_none() && adjustment_seconds.is_none() && criteria.is_none() {
            return Err(Refusal::NoRoutingData);
        }
        if let Some(wrong) = priority.filter(|priority| *priority < 1) {
            return Err(Refusal::QueuePriority(wrong));
        }
        if self.contact.state.is_disconnected() || self.contact.connected_agent().is_some() {
            return Err(self.wrong_state(StateChange::Routing));
        }
        if let Some(steps) = criteria {
            self.set_criteria(steps)?;
        }
        self.contact.queue_priority = priority.or(self.contact.queue_priority);
        self.contact.queue_time_adjustment_seconds = adjustment_seconds.or(self.contact.queue_time_adjustment_seconds);
        Ok(())
    }

    /// New criteria in place of those that hold. In a queue they begin at once.
    pub(crate) fn set_criteria(&mut self, steps: Vec<Step>) -> Result<(), Refusal> {
        let index = self.contact.criteria.last().map_or(0, |criteria| criteria.index + 1);
        let new = Criteria::new(steps, index)?;
        if let Some(old) = self.contact.criteria.last_mut() {
            old.leave(StepStatus::Interrupted);
        }
        self.contact.criteria.push(new);
        let surplus = self.contact.criteria.len().saturating_sub(CRITERIA_KEPT);
        self.contact.criteria.drain(..surplus);
        if self.contact.state.is_in_queue() {
            self.begin_criteria();
        }
        self.effects.push(Effect::updated(UpdatedProperty::RoutingCriteria));
        Ok(())
    }

    /// The contact is in a queue: its criteria begin.
    pub(crate) fn begin_criteria(&mut self) {
        let now = self.env.now();
        let queue = self.contact.queue.and_then(|id| self.env.queue(id));
        let standard = queue.is_some_and(|queue| queue.kind == QueueKind::Standard);
        if let Some(criteria) = self.contact.criteria.last_mut() {
            criteria.enter_queue(standard, now);
        }
    }
}
