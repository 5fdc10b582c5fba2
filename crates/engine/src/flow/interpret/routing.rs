//! Actions that say where a contact goes.

use crate::arn::id_of;
use crate::contact::step::Move;
use crate::contact::{InitiationMethod, State};
use crate::flow::compile::QueueTarget;
use crate::flow::interpret::Outcome;
use crate::flow::reference::Text;
use crate::id::{QueueId, UserId};
use crate::queue::{Queue, QueueKind, QueueStatus};

/// Longest text that may be an id or an ARN, in bytes.
pub(super) const ID_BYTES_MAX: usize = 500;

const CHAIN_TOO_LONG: &str = "the chain of the contact has as many contacts as it may (chain_members_max)";

impl Move<'_> {
    /// The queue that an action means, when there is one.
    pub(super) fn target_of(&self, target: &QueueTarget) -> Option<QueueId> {
        match target {
            QueueTarget::Queue(text) => id_of(&self.text(text, ID_BYTES_MAX)?).parse().ok(),
            QueueTarget::Agent(text) => {
                let user: UserId = id_of(&self.text(text, ID_BYTES_MAX)?).parse().ok()?;
                Some(QueueId::of_agent(user))
            }
            QueueTarget::Current => self.contact.target_queue,
        }
    }

    pub(super) fn update_target_queue(&mut self, target: &QueueTarget) -> Outcome {
        let queue = self.target_of(target).and_then(|id| self.env.queue(id));
        let fits = |queue: &Queue| match target {
            QueueTarget::Agent(_) => queue.kind == QueueKind::Agent,
            QueueTarget::Queue(_) | QueueTarget::Current => true,
        };
        match queue {
            Some(queue) if fits(&queue) => {
                self.contact.target_queue = Some(queue.id);
                Outcome::Next
            }
            Some(_) | None => Outcome::error("there is no such queue or agent"),
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
        match self.room_in(self.contact.target_queue, method) {
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
        match self.room_in(self.target_of(target), InitiationMethod::QueueTransfer) {
            Ok(queue) => Outcome::OtherQueue(queue),
            Err(full) => full,
        }
    }

    /// The queue, when it takes a contact that came to be in this way.
    fn room_in(&self, queue: Option<QueueId>, method: InitiationMethod) -> Result<QueueId, Outcome> {
        let queue = queue.and_then(|id| self.env.queue(id));
        let queue =
            queue.ok_or_else(|| Outcome::error("there is no such queue, or the contact has no target queue"))?;
        match queue.status {
            QueueStatus::Disabled => Err(Outcome::error(format!("queue {} is disabled", queue.id))),
            QueueStatus::Enabled if self.is_full(&queue, method) => {
                Err(Outcome::at_capacity(format!("queue {} is full", queue.id)))
            }
            QueueStatus::Enabled => Ok(queue.id),
        }
    }

    /// Voice only in Amazon Connect, and yet its default flow for quick connects to agents: a task goes to the agent's queue, when that
    /// is its target (flow-language.md section 7).
    pub(super) fn transfer_to_agent(&self) -> Outcome {
        let target = self.contact.target_queue.and_then(|id| self.env.queue(id));
        match target.map(|queue| queue.kind) {
            Some(QueueKind::Agent) => self.transfer_to_queue(),
            Some(QueueKind::Standard) | None => Outcome::Unsupported,
        }
    }

    /// Whether a queue has no room for a contact that came to be in this way (routing.md section 1).
    fn is_full(&self, queue: &Queue, method: InitiationMethod) -> bool {
        let limits = self.env.limits();
        let waiting = u64::from(self.env.queue_metrics(queue.id).contacts_in_queue);
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
        waiting >= most + buffer
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
