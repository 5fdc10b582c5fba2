//! The metrics of one queue, as flows ask for them (`flow-language.md` sections 3 and 4).

use std::collections::BTreeSet;

use engine::env::{ContactInQueue, QueueMetrics};
use engine::routing_profile::Channel;
use engine::{ContactId, QueueId};

use super::contact::{estimated_wait_seconds, position};
use super::estimated_wait_ms;
use super::totals::{AgentTotals, Scope, Subject};
use crate::tx::Tx;

/// The agents whose routing profiles serve a queue, for tasks. Nobody's serves the queue of an agent.
pub(super) fn agents_of(tx: &Tx<'_>, queue: QueueId) -> AgentTotals {
    let subject = Subject::Queues { queues: BTreeSet::from([queue]), profiles: None };
    Scope { subject, channels: vec![Channel::Task], statuses: None }.agents(tx)
}

/// What is known of a queue, without the contact that asks, and of that contact if it waits in the queue.
pub(crate) fn of_queue(tx: &Tx<'_>, queue: QueueId, asking: ContactId) -> QueueMetrics {
    let (contacts, oldest_enqueue) = tx.queue_depth_without(&queue, &asking);
    let routed = tx.queue_agents(queue);
    let agents = agents_of(tx, queue);
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let seconds = |wait: f64| wait as u32;
    let behind_all = contacts as u64 + 1;
    let wait_ms = estimated_wait_ms(behind_all, agents.slots_available, agents.joined, tx.now);
    let here = tx.open_contact(&asking).filter(|contact| contact.queue == Some(queue));
    let contact = here.and_then(|contact| {
        let position = position(tx, &contact).ok()?;
        let estimated_wait_seconds = estimated_wait_seconds(tx, &contact, position).map(seconds);
        Some(ContactInQueue { position, estimated_wait_seconds })
    });
    QueueMetrics {
        contacts_in_queue: count(contacts as u64),
        oldest_enqueue,
        agents_available: routed.available,
        agents_staffed: routed.staffed,
        agents_online: routed.online,
        agents_in_after_contact_work: count(agents.after_contact_work),
        agents_busy: count(agents.on_contact),
        agents_missed: count(agents.missed),
        agents_non_productive: count(agents.non_productive),
        estimated_wait_seconds: wait_ms.map(|wait| seconds((wait / 1000.0).round())),
        contact,
    }
}
