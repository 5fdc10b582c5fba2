//! Actions that ask a question and branch by the answer.

use std::borrow::Cow;

use crate::contact::step::Move;
use crate::flow::compile::{Metric, QueueTarget};
use crate::flow::interpret::Outcome;
use crate::flow::reference::{Path, Text, View};

impl Move<'_> {
    /// A path that leads nowhere meets no condition.
    pub(super) fn compare(&self, path: Option<&Path>) -> Outcome {
        let run = self.contact.runs.last().expect("a run executes");
        let view = View { contact: self.contact, chain: self.chain, run, env: self.env };
        match path.and_then(|path| view.value(path)) {
            Some(value) => Outcome::Value(Cow::Owned(value.into_owned())),
            None => Outcome::NoValue,
        }
    }

    /// The hours named, else those of the target queue.
    pub(super) fn check_hours(&self, hours: Option<&Text>) -> Outcome {
        let found = match hours {
            Some(text) => self.named(text, |id| self.env.hours(id.parse().ok()?)),
            None => self.target_queue().and_then(|queue| self.env.hours(queue.hours?)),
        };
        match found {
            Some(hours) if hours.is_open(self.env.now()) => Outcome::Value("True".into()),
            Some(_) => Outcome::Value("False".into()),
            None => Outcome::error(match hours {
                Some(text) => self.not_there("hours of operation", text),
                None => "the contact has no target queue with hours of operation".to_owned(),
            }),
        }
    }

    pub(super) fn check_metric(&self, metric: Option<Metric>, target: &QueueTarget) -> Outcome {
        let Some(metric) = metric else { return Outcome::error("there is no such metric") };
        let Some(queue) = self.target_of(target) else { return self.no_queue(target) };
        let (metrics, contacts) = (self.env.queue_metrics(queue.id), self.contacts_of_queue(queue.id));
        let value = match metric {
            Metric::AgentsAvailable => i64::from(metrics.agents_available),
            Metric::AgentsStaffed => i64::from(metrics.agents_staffed),
            Metric::AgentsOnline => i64::from(metrics.agents_online),
            Metric::ContactsInQueue => i64::from(contacts.count),
            // In milliseconds, whatever its name says (flow-language.md section 3).
            Metric::OldestContactAge => contacts.oldest_enqueue.map_or(0, |oldest| self.env.now().since(oldest)),
        };
        Outcome::Value(Cow::Owned(value.to_string()))
    }
}
