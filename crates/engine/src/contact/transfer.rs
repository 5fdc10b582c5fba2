//! A contact that goes on as another one: transfers, from queue to queue, and requeueing after the end
//! (contact-lifecycle.md section 7).

use crate::contact::step::Move;
use crate::contact::{Contact, Effect, InitiationMethod, State, StepError, Times, Transfer};
use crate::flow::FlowType;
use crate::id::{ContactFlowId, QueueId};
use crate::refusal::{Refusal, StateChange};
use crate::time::{MINUTE, Timestamp};

/// How a contact goes on.
#[derive(Clone, Copy)]
struct Successor {
    method: InitiationMethod,
    flow: Option<ContactFlowId>,
    target_queue: Option<QueueId>,
    ranked_since: Option<Timestamp>,
}

impl Move<'_> {
    pub(crate) fn transfer(&mut self, transfer: Transfer) -> Result<(), StepError> {
        self.refuse_if_disconnected()?;
        if self.contact.state == State::Scheduled {
            return Err(self.wrong_state(StateChange::Transfer).into());
        }
        let Transfer { flow, target_queue } = transfer;
        self.require_runnable(flow, &[FlowType::ContactFlow, FlowType::AgentTransfer, FlowType::QueueTransfer])?;
        if let Some(queue) = target_queue.filter(|queue| self.env.queue(*queue).is_none()) {
            return Err(Refusal::QueueUnknown(queue).into());
        }
        if !self.chain_has_room() {
            let max = self.env.limits().chain_members_max;
            return Err(Refusal::ChainTooLong { previous: self.contact.id, max }.into());
        }
        // The agent's transfer keeps the place in the queue.
        let ranked_since = self.contact.ranked_since.or(self.contact.times.enqueue);
        let next = self.successor(Successor {
            method: InitiationMethod::Transfer,
            flow: Some(flow),
            target_queue,
            ranked_since,
        });
        self.end_for_successor();
        self.effects.push(next);
        Ok(())
    }

    /// From one queue to another: ranked by its new time.
    pub(crate) fn transfer_between_queues(&mut self, queue: QueueId) {
        let next = self.successor(Successor {
            method: InitiationMethod::QueueTransfer,
            flow: None,
            target_queue: Some(queue),
            ranked_since: None,
        });
        self.end_for_successor();
        self.effects.push(next);
    }

    /// A disconnect flow puts the task into a queue again.
    pub(crate) fn requeue_after_end(&mut self, queue: QueueId) {
        let next = self.successor(Successor {
            method: InitiationMethod::Disconnect,
            flow: None,
            target_queue: Some(queue),
            ranked_since: None,
        });
        self.contact.runs.clear();
        self.complete_if_over();
        self.effects.push(next);
    }

    /// Whether the chain may have one more contact (R6).
    pub(crate) fn chain_has_room(&self) -> bool {
        self.contact.depth < self.env.limits().chain_members_max
    }

    /// Makes the contact after this one. Attributes are the chain's; the rest is copied. The end of its time stays,
    /// unless that was the reason for the end.
    fn successor(&mut self, successor: Successor) -> Effect {
        let now = self.env.now();
        let id = self.env.new_contact_id();
        let old = &mut *self.contact;
        old.next = Some(id);
        let expiry = if old.times.expiry > now {
            old.times.expiry
        } else {
            now.plus_millis(i64::from(self.env.limits().expiry_minutes_default) * MINUTE)
        };
        // Criteria are carried until an agent has joined (routing.md section 6).
        let criteria = old.criteria.last().filter(|_| old.agent.is_none()).cloned();
        let times = Times { initiation: now, last_update: now, expiry, ..Times::default() };
        let contact = Contact {
            initial: Some(old.chain_id()),
            previous: Some(old.id),
            association: Some(old.association.unwrap_or(old.chain_id())),
            depth: old.depth + 1,
            description: old.description.clone(),
            references: old.references.clone(),
            segment: old.segment.clone(),
            tags: old.tags.clone(),
            target_queue: successor.target_queue,
            queue_priority: old.queue_priority,
            queue_time_adjustment_seconds: old.queue_time_adjustment_seconds,
            template: old.template.clone(),
            start_flow: successor.flow,
            hooks: old.hooks.clone(),
            hooks_disabled: old.hooks_disabled.clone(),
            flow_logging: old.flow_logging,
            created_by: old.created_by,
            language_code: old.language_code.clone(),
            customer_id: old.customer_id.clone(),
            criteria: criteria.into_iter().collect(),
            ranked_since: successor.ranked_since,
            generation: old.generation,
            trace: None,
            ..Contact::blank(id, successor.method, times, old.name.clone())
        };
        self.chain.members += 1;
        self.chain.open += 1;
        self.chain.ended = None;
        Effect::Create(Box::new(contact))
    }
}
