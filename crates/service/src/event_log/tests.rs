//! Finding events by their number, over a store in memory.

use engine::arn::Scope as ArnScope;
use engine::contact::EventType;
use engine::{ContactId, InstanceId, Timestamp};
use expect_test::expect;
use store::memory::MemoryStore;
use store::{Batch, CommitNumber, Scope, Store as _, Write};
use uuid::Uuid;

use super::{ReadEventsError, read_events};
use crate::event::{Event, EventRecord};
use crate::journal::JournalEntry;
use crate::record;

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(7));

/// A journal whose entries have so many events each, beginning with this one.
fn journal(first_event: u64, events: &[usize]) -> MemoryStore {
    let (store, scope) = (MemoryStore::default(), Scope(INSTANCE.0));
    let mut first_event = first_event;
    for (commit, count) in (1..).zip(events) {
        let event = EventRecord {
            contact: ContactId(Uuid::from_u128(9)),
            at: Timestamp(0),
            event_type: EventType::Queued,
            updated: Vec::new(),
            queue: None,
            enqueued: None,
            disconnect_reason: None,
            criteria: None,
        };
        let events = vec![Event::Contact(event); *count];
        let entry = JournalEntry::new(first_event, commit, Timestamp(0), events, Vec::new());
        first_event = entry.next_event();
        let head = store.acquire(scope).unwrap();
        let writes = vec![Write::Put { key: entry.key(), value: record::encode(&entry) }];
        let number = CommitNumber(commit);
        store.commit(&[Batch { scope, epoch: head.epoch, number, now_ms: 0, next_due_ms: None, writes }]).unwrap();
    }
    store
}

fn found(store: &MemoryStore, after: u64, max: usize) -> String {
    let arns = ArnScope { region: "us-east-1".into(), account: "000000000000".into(), instance: INSTANCE };
    match read_events(store, &arns, after, max) {
        Ok(page) => {
            let numbers: Vec<_> = page.events.iter().map(|event| event["Sequence"].to_string()).collect();
            format!("[{}], next {}", numbers.join(" "), page.next)
        }
        Err(error @ (ReadEventsError::Expired { .. } | ReadEventsError::Ahead { .. })) => error.to_string(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn events_are_found_by_their_number() {
    // Entries without events hold tokens; they have the number of the event that comes next.
    let whole = journal(1, &[0, 3, 0, 0, 1, 2, 0]);
    let cut = journal(5, &[2, 0, 1]);
    let mut table = String::new();
    for (name, store, after, max) in [
        ("whole", &whole, 0, 9),
        ("whole", &whole, 0, 2),
        ("whole", &whole, 1, 2),
        ("whole", &whole, 2, 9),
        ("whole", &whole, 3, 1),
        ("whole", &whole, 6, 9),
        ("whole", &whole, 7, 9),
        ("whole", &whole, u64::MAX, 9),
        ("cut", &cut, 0, 9),
        ("cut", &cut, 3, 9),
        ("cut", &cut, 4, 9),
        ("cut", &cut, 5, 9),
        ("nothing", &journal(1, &[]), 0, 9),
    ] {
        table += &format!("{name} after {after} at most {max}: {}\n", found(store, after, max));
    }
    expect![[r#"
        whole after 0 at most 9: [1 2 3 4 5 6], next 6
        whole after 0 at most 2: [1 2], next 2
        whole after 1 at most 2: [2 3], next 3
        whole after 2 at most 9: [3 4 5 6], next 6
        whole after 3 at most 1: [4], next 4
        whole after 6 at most 9: [], next 6
        whole after 7 at most 9: the newest event is 6, and events after 7 are asked for; read on after 6 or begin anew
        whole after 18446744073709551615 at most 9: the newest event is 6, and events after 18446744073709551615 are asked for; read on after 6 or begin anew
        cut after 0 at most 9: events before 5 are not kept any more; read on after 4
        cut after 3 at most 9: events before 5 are not kept any more; read on after 4
        cut after 4 at most 9: [5 6 7], next 7
        cut after 5 at most 9: [6 7], next 7
        nothing after 0 at most 9: [], next 0
    "#]]
    .assert_eq(&table);
}

#[test]
fn an_answer_is_bounded_in_bytes_and_has_one_event_at_least() {
    let store = journal(1, &[3, 2]);
    let arns = ArnScope { region: "us-east-1".into(), account: "000000000000".into(), instance: INSTANCE };
    let read = |after, bytes_max| super::read_within(&store, &arns, after, 9, bytes_max).unwrap();
    let first = read(0, 1);
    assert_eq!((first.events.len(), first.next), (1, 1));
    let bytes = first.events[0].to_string().len();
    assert_eq!(read(0, bytes + 1).next, 2);
    assert_eq!(read(3, 1).next, 4);
    assert_eq!(read(0, usize::MAX).next, 5);
}
