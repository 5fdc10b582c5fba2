use engine::QueueId;

use super::*;
use crate::golden::samples;

const QUEUES: [QueueId; 2] = [QueueId::from_bytes([1; 16]), QueueId::from_bytes([2; 16])];
const STATES: [State; 5] = [State::Scheduled, State::InFlow, State::Queued, State::Offered, State::Connected];

/// What a look at every contact gives of a queue: how many are in it, since when the first, how many are to come.
fn looked_at(table: &ContactTable, queue: QueueId) -> (usize, Option<Timestamp>, usize) {
    let contacts: Vec<Contact> = table.records().map(|(_, packed)| record::decode(packed).unwrap()).collect();
    let in_queue = contacts.iter().filter(|contact| contact.state.is_in_queue() && contact.queue == Some(queue));
    let to_come =
        contacts.iter().filter(|contact| contact.state == State::Scheduled && contact.target_queue == Some(queue));
    let oldest = in_queue.clone().filter_map(|contact| contact.times.enqueue).min();
    (in_queue.count(), oldest, to_come.count())
}

fn counted(table: &ContactTable, queue: QueueId) -> (usize, Option<Timestamp>, usize) {
    let (in_queue, oldest) = table.queue_depth(&queue);
    (in_queue, oldest, table.scheduled_for(&queue))
}

#[test]
fn counts_after_random_changes_are_those_of_a_look_at_every_contact_and_of_a_load() {
    let mut random = 1_u64;
    let mut below = |bound: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % bound
    };
    let sample = samples::contacts().swap_remove(0);
    let mut table = ContactTable::default();
    for commit in 0..300 {
        let mut contact = sample.clone();
        contact.id = ContactId::from_bytes([below(8) as u8; 16]);
        if below(4) == 0 {
            table.remove(&contact.id);
        } else {
            contact.state = STATES[below(STATES.len())];
            contact.queue = QUEUES.get(below(3)).copied();
            contact.target_queue = QUEUES.get(below(3)).copied();
            contact.times.enqueue = Some(Timestamp(below(1_000) as i64));
            table.put(&contact, record::encode(&contact).into(), commit);
        }
        let mut loaded = ContactTable::default();
        for (_, packed) in table.records() {
            loaded.load(packed).unwrap();
        }
        loaded.finish_load();
        for queue in QUEUES {
            assert_eq!(counted(&table, queue), looked_at(&table, queue), "after {commit} changes");
            assert_eq!(counted(&loaded, queue), looked_at(&table, queue), "after {commit} changes and a load");
        }
    }
}
