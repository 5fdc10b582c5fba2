//! GetMetricData: what `$.Metrics` leads to afterwards.

use std::collections::BTreeMap;

use crate::arn::Resource;
use crate::contact::step::Move;
use crate::env::QueueMetrics;
use crate::flow::compile::QueueTarget;
use crate::flow::interpret::Outcome;
use crate::flow::interpret::routing::ID_BYTES_MAX;
use crate::flow::reference::Text;
use crate::queue::QueueKind;

const MILLISECONDS_PER_SECOND: i64 = 1_000;

impl Move<'_> {
    /// Fills in the metrics of a queue. Of another channel than Task there are no contacts; agents are those of the queue.
    pub(super) fn get_metrics(&mut self, target: &QueueTarget, channel: Option<&Text>) -> Outcome {
        let Some(queue) = self.target_of(target) else {
            return Outcome::error("there is no such queue, or the contact has no target queue");
        };
        let channel = channel.and_then(|text| self.text(text, ID_BYTES_MAX));
        let of_tasks = channel.is_none_or(|channel| channel.eq_ignore_ascii_case("Task"));
        let known = self.env.queue_metrics(queue.id);
        let QueueMetrics { contacts_in_queue, oldest_enqueue, agents_available, agents_staffed, agents_online } = known;
        let size = if of_tasks { contacts_in_queue } else { 0 };
        let arn = match queue.agent() {
            Some(user) => self.env.scope().arn(Resource::AgentQueue(user)),
            None => self.env.scope().arn(Resource::Queue(queue.id)),
        };
        let mut metrics = BTreeMap::from([
            ("Queue.ARN".to_owned(), arn),
            ("Queue.Size".to_owned(), size.to_string()),
            ("Agents.Online.Count".to_owned(), agents_online.to_string()),
            ("Agents.Available.Count".to_owned(), agents_available.to_string()),
            ("Agents.Staffed.Count".to_owned(), agents_staffed.to_string()),
        ]);
        if queue.kind == QueueKind::Standard {
            metrics.insert("Queue.Name".to_owned(), queue.name.clone());
        }
        // Null without activity.
        if let Some(oldest) = oldest_enqueue.filter(|_| of_tasks) {
            let seconds = self.env.now().since(oldest) / MILLISECONDS_PER_SECOND;
            metrics.insert("Queue.OldestContactAge".to_owned(), seconds.to_string());
        }
        self.run_mut().results_mut().metrics = metrics;
        Outcome::Next
    }
}
