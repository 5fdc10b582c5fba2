//! Actions that say where a contact goes.

use std::sync::Arc;

use crate::contact::step::Move;
use crate::contact::{InitiationMethod, State};
use crate::flow::compile::QueueTarget;
use crate::flow::interpret::Outcome;
use crate::flow::reference::Text;
use crate::id::QueueId;
use crate::queue::{Queue, QueueKind, QueueStatus};
use crate::reference_map;

/// Longest text that may be an id or an ARN, in bytes.
pub(super) const ID_BYTES_MAX: usize = 500;

const CHAIN_TOO_LONG: &str = "the chain of the contact has as many contacts as it may (chain_members_max)";

impl Move<'_> {
    /// What a text of a flow names: a resource of this instance, or the one that the reference map gives for it.
    pub(super) fn named<T>(&self, text: &Text, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let given = self.text(text, ID_BYTES_MAX)?;
        reference_map::look_up(&given, |given| self.env.mapped(given), find)
    }

    /// That a text names nothing, in words.
    pub(super) fn not_there(&self, what: &str, text: &Text) -> String {
        format!("found no {what} {:?}", self.text(text, ID_BYTES_MAX).unwrap_or_default())
    }

    /// The queue that an action means, when there is one.
    pub(super) fn target_of(&self, target: &QueueTarget) -> Option<Arc<Queue>> {
        match target {
            QueueTarget::Queue(text) => self.named(text, |id| self.env.queue(id.parse().ok()?)),
            QueueTarget::Agent(text) => self.named(text, |id| {
                let queue = self.env.queue(QueueId::of_agent(id.parse().ok()?));
                queue.filter(|queue| queue.kind == QueueKind::Agent)
            }),
            QueueTarget::Current => self.target_queue(),
        }
    }

    /// That an action means no queue, in words.
    pub(super) fn no_queue(&self, target: &QueueTarget) -> Outcome {
        match target {
            QueueTarget::Queue(text) => Outcome::error(self.not_there("queue", text)),
            QueueTarget::Agent(text) => Outcome::error(self.not_there("agent", text)),
            QueueTarget::Current => Outcome::error("the contact has no target queue, or that queue is gone"),
        }
    }

    /// The target queue of the contact.
    pub(super) fn target_queue(&self) -> Option<Arc<Queue>> {
        self.contact.target_queue.and_then(|id| self.env.queue(id))
    }

    pub(super) fn update_target_queue(&mut self, target: &QueueTarget) -> Outcome {
        match self.target_of(target) {
            Some(queue) => {
                self.contact.target_queue = Some(queue.id);
                Outcome::Next
            }
            None => self.no_queue(target),
        }
    }

    /// From its flow; after the end, from the disconnect flow, as a new contact of the chain.
    pub(super) fn transfer_to_queue(&self) -> Outcome {
        let method = match self.contact.state {
            State::InFlow => self.contact.initiation_method,
            State::Ended if self.chain_has_room() => InitiationMethod::Disconnect,
            State::Ended => return Outcome::error(CHAIN_TOO_LONG),
            _ => return Outcome::error("the contact is in a queue already, or with an agent"),
        };
        let Some(queue) = self.target_queue() else { return self.no_queue(&QueueTarget::Current) };
        match self.room_in(&queue, method) {
            Ok(queue) => Outcome::Queue(queue),
            Err(full) => full,
        }
    }

    /// Without a queue of its own the action means the target queue.
    pub(super) fn dequeue_and_transfer(&self, target: &QueueTarget) -> Outcome {
        if !self.contact.state.is_in_queue() {
            return Outcome::error("the contact is in no queue");
        }
        if !self.chain_has_room() {
            return Outcome::error(CHAIN_TOO_LONG);
        }
        let Some(queue) = self.target_of(target) else { return self.no_queue(target) };
        match self.room_in(&queue, InitiationMethod::QueueTransfer) {
            Ok(queue) => Outcome::OtherQueue(queue),
            Err(full) => full,
        }
    }

    /// The queue, when it takes a contact that came to be in this way.
    fn room_in(&self, queue: &Queue, method: InitiationMethod) -> Result<QueueId, Outcome> {
        match queue.status {
            QueueStatus::Disabled => Err(Outcome::error(format!("queue {} is disabled", queue.id))),
            QueueStatus::Enabled if self.is_full(queue, method) => {
                Err(Outcome::at_capacity(format!("queue {} is full", queue.id)))
            }
            QueueStatus::Enabled => Ok(queue.id),
        }
    }

    /// Voice only in Amazon Connect, and yet its default flow for quick connects to agents: a task goes to the agent's
    /// queue, when that is its target (flow-language.md section 7).
    pub(super) fn transfer_to_agent(&self) -> Outcome {
        match self.target_queue().map(|queue| queue.kind) {
            Some(QueueKind::Agent) => self.transfer_to_queue(),
            Some(QueueKind::Standard) | None => Outcome::Unsupported,
        }
    }

    /// Whether a queue has no room for a contact that came to be in this way (routing.md section 1).
    fn is_full(&self, queue: &Queue, method: InitiationMethod) -> bool {
        let limits = self.env.limits();
        let most = match queue.kind {
            QueueKind::Agent => Some(limits.agent_queue_contacts_max),
            QueueKind::Standard => queue.max_contacts,
        };
        let Some(most) = most.map(u64::from) else { return false };
        let buffer = match method {
            InitiationMethod::Transfer | InitiationMethod::QueueTransfer => {
                most * u64::from(limits.transfer_buffer_percent) / 100
            }
            InitiationMethod::Api | InitiationMethod::Disconnect => 0,
        };
        u64::from(self.env.queue_metrics(queue.id).contacts_in_queue) >= most + buffer
    }

    /// Has no error branch: a value that is no number changes nothing.
    pub(super) fn update_routing_behavior(&mut self, priority: Option<&Text>, adjustment: Option<&Text>) -> Outcome {
        const NUMBER_BYTES_MAX: usize = 32;
        let number = |text: Option<&Text>| self.text(text?, NUMBER_BYTES_MAX)?.trim().parse::<i64>().ok();
        let priority = number(priority).filter(|priority| *priority >= 1);
        let adjustment = number(adjustment).and_then(|seconds| i32::try_from(seconds).ok());
        if priority.is_some() {
            self.contact.queue_priority = priority;
        }
        if adjustment.is_some() {
            self.contact.queue_time_adjustment_seconds = adjustment;
        }
        Outcome::Next
    }
}
