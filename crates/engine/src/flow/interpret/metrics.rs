//! GetMetricData: what `$.Metrics` leads to afterwards.

use std::collections::BTreeMap;

use crate::arn::Resource;
use crate::contact::State;
use crate::contact::step::Move;
use crate::env::ContactInQueue;
use crate::flow::compile::QueueTarget;
use crate::flow::interpret::Outcome;
use crate::flow::interpret::routing::ID_BYTES_MAX;
use crate::flow::reference::Text;
use crate::id::QueueId;
use crate::queue::QueueKind;
use crate::time::Timestamp;

const MILLISECONDS_PER_SECOND: i64 = 1_000;

/// The contacts of a queue, as flows are told of them.
pub(super) struct ContactsOfQueue {
    pub(super) count: u32,
    pub(super) oldest_enqueue: Option<Timestamp>,
}

impl Move<'_> {
    /// The contacts of a queue, with this one if it is among them: a queue flow counts its own task.
    pub(super) fn contacts_of_queue(&self, queue: QueueId) -> ContactsOfQueue {
        let others = self.env.queue_metrics(queue);
        let is_here = self.contact.queue == Some(queue) && self.contact.state.is_in_queue();
        let own = self.contact.times.enqueue.filter(|_| is_here);
        ContactsOfQueue {
            count: others.contacts_in_queue + u32::from(is_here),
            oldest_enqueue: others.oldest_enqueue.into_iter().chain(own).min(),
        }
    }

    /// Fills in the metrics of a queue. Of another channel than Task there are no contacts; agents are those of the
    /// queue.
    pub(super) fn get_metrics(&mut self, target: &QueueTarget, channel: Option<&Text>) -> Outcome {
        let Some(queue) = self.target_of(target) else { return self.no_queue(target) };
        let channel = channel.and_then(|text| self.text(text, ID_BYTES_MAX));
        let of_tasks = channel.is_none_or(|channel| channel.eq_ignore_ascii_case("Task"));
        let known = self.env.queue_metrics(queue.id);
        let contacts = self.contacts_of_queue(queue.id);
        let size = if of_tasks { contacts.count } else { 0 };
        let arn = match queue.agent() {
            Some(user) => self.env.scope().arn(Resource::AgentQueue(user)),
            None => self.env.scope().arn(Resource::Queue(queue.id)),
        };
        let mut metrics = BTreeMap::from([
            ("Queue.ARN".to_owned(), arn),
            ("Queue.Size".to_owned(), size.to_string()),
            ("Agents.Online.Count".to_owned(), known.agents_online.to_string()),
            ("Agents.Available.Count".to_owned(), known.agents_available.to_string()),
            ("Agents.Staffed.Count".to_owned(), known.agents_staffed.to_string()),
            ("Agents.AfterContactWork.Count".to_owned(), known.agents_in_after_contact_work.to_string()),
            ("Agents.Busy.Count".to_owned(), known.agents_busy.to_string()),
            ("Agents.Missed.Count".to_owned(), known.agents_missed.to_string()),
            ("Agents.NonProductive.Count".to_owned(), known.agents_non_productive.to_string()),
        ]);
        if queue.kind == QueueKind::Standard {
            metrics.insert("Queue.Name".to_owned(), queue.name.clone());
        }
        // Null without activity.
        let oldest = contacts.oldest_enqueue.map(|oldest| self.env.now().since(oldest) / MILLISECONDS_PER_SECOND);
        // A contact that came into the queue in this step is the last of it, as far as anybody knows.
        let in_queue = known.contact.or_else(|| {
            let last = ContactInQueue {
                position: known.contacts_in_queue + 1,
                estimated_wait_seconds: known.estimated_wait_seconds,
            };
            (self.contact.queue == Some(queue.id) && self.contact.state == State::Queued).then_some(last)
        });
        let estimated = in_queue.and_then(|contact| contact.estimated_wait_seconds);
        let of_contacts = [
            ("Queue.OldestContactAge", oldest),
            ("Queue.EstimatedWaitTime", known.estimated_wait_seconds.map(i64::from)),
            ("Contact.PositionInQueue", in_queue.map(|contact| i64::from(contact.position))),
            ("Contact.EstimatedWaitTime", estimated.map(i64::from)),
        ];
        for (name, value) in of_contacts.into_iter().filter(|_| of_tasks) {
            if let Some(value) = value {
                metrics.insert(name.to_owned(), value.to_string());
            }
        }
        self.run_mut().results_mut().metrics = metrics;
        Outcome::Next
    }
}
