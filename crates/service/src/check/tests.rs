//! What the check says of a journal.

use std::fmt::Write as _;

use engine::Timestamp;
use engine::contact::EventType;
use expect_test::{Expect, expect};
use store::memory::MemoryStore;
use store::{Batch, Epoch, Write};
use uuid::Uuid;

use super::*;
use crate::event::{Event, EventRecord};
use crate::record::Record as _;

/// Journal entries as (first event, how many events, commit), and the number of the last commit.
fn check_of(entries: &[(u64, usize, u64)], last_commit: u64, expected: &Expect) {
    let scope = Scope(Uuid::from_u128(1));
    let store = MemoryStore::default();
    let at = Timestamp(0);
    let event = EventRecord {
        contact: ContactId(Uuid::from_u128(2)),
        at,
        event_type: EventType::Initiated,
        updated: Vec::new(),
        queue: None,
        enqueued: None,
        disconnect_reason: None,
        criteria: None,
    };
    for number in 1..=last_commit {
        // The first commit brings all entries: the check looks at what they say of themselves.
        let entries = if number == 1 { entries } else { &[] };
        let writes = entries.iter().map(|&(first_event, events, commit)| {
            let entry =
                JournalEntry::new(first_event, commit, at, vec![Event::Contact(event.clone()); events], Vec::new());
            Write::Put { key: entry.key(), value: record::encode(&entry) }
        });
        let (epoch, number) = (Epoch::FIRST, CommitNumber(number));
        let batch = Batch { scope, epoch, number, now_ms: 0, next_due_ms: None, writes: writes.collect() };
        store.commit(&[batch]).unwrap();
    }
    let findings = check(&store, scope).unwrap();
    let mut told = String::new();
    match &findings.events {
        Some(events) => writeln!(told, "events {} to {}", events.start(), events.end()).unwrap(),
        None => told.push_str("no events\n"),
    }
    for problem in &findings.problems {
        writeln!(told, "problem: {problem}").unwrap();
    }
    expected.assert_eq(&told);
}

#[test]
fn a_whole_journal() {
    check_of(
        &[(1, 3, 1), (4, 3, 2), (7, 0, 4), (7, 1, 5)],
        6,
        &expect![[r#"
        events 1 to 7
    "#]],
    );
}

#[test]
fn no_journal() {
    check_of(
        &[],
        3,
        &expect![[r#"
        no events
    "#]],
    );
}

#[test]
fn the_first_entry_is_gone_by_retention_or_lost() {
    check_of(
        &[(4, 3, 2), (7, 1, 5)],
        5,
        &expect![[r#"
        events 4 to 7
    "#]],
    );
}

#[test]
fn an_entry_is_lost() {
    check_of(
        &[(1, 3, 1), (7, 1, 5)],
        5,
        &expect![[r#"
        events 1 to 7
        problem: events 4 to 6 are missing
    "#]],
    );
}

#[test]
fn an_event_number_is_given_twice() {
    check_of(
        &[(1, 3, 1), (3, 2, 2)],
        2,
        &expect![[r#"
        events 1 to 4
        problem: commit 2 numbers its events from 3, and 4 comes next
    "#]],
    );
}

#[test]
fn the_journal_is_ahead_of_the_head() {
    check_of(
        &[(1, 3, 1), (4, 3, 9)],
        5,
        &expect![[r#"
        events 1 to 6
        problem: the journal has commit 9, and the last commit is 5
    "#]],
    );
}

#[test]
fn tokens_that_would_be_forgotten() {
    let segment = |number, blocks, filter: &[u8], replaces: &[u64]| {
        let (filter, replaces) = (filter.to_vec(), replaces.to_vec());
        let segment = TokenSegment { number, newest: Timestamp(0), blocks, sealed_commit: 1, filter, replaces };
        Write::Put { key: segment.key(), value: record::encode(&segment) }
    };
    let block = |segment: u64, block: u64| {
        let hash = token::TokenHash([7; 16]);
        let entry = TokenEntry { hash, fingerprint: [0; 16], made: [0; 16], at: Timestamp(0) };
        let key = Key::new(kinds::TOKEN_BLOCK, [segment.to_be_bytes(), block.to_be_bytes()].concat());
        Write::Put { key, value: record::encode(&vec![entry]) }
    };
    let writes = vec![
        segment(1, 2, &[255; 2], &[]),
        block(1, 0),
        // What a segment that was given up has left behind the blocks of the one with its number.
        block(1, 2),
        segment(2, 1, &[0; 2], &[]),
        block(2, 0),
        segment(3, 0, &[], &[]),
        // Merged, and half deleted.
        segment(4, 3, &[255; 2], &[]),
        segment(5, 1, &[255; 2], &[4]),
        block(5, 0),
    ];
    let (scope, store) = (Scope(Uuid::from_u128(1)), MemoryStore::default());
    let (epoch, number) = (Epoch::FIRST, CommitNumber(1));
    store.commit(&[Batch { scope, epoch, number, now_ms: 0, next_due_ms: None, writes }]).unwrap();
    let mut problems = check(&store, scope).unwrap().problems;
    problems.sort();
    expect![[r#"
        block 0 of token segment 2 holds a token that its filter denies
        token segment 1 lacks 1 of its 2 blocks
        token segment 3 is empty"#]]
    .assert_eq(&problems.join("\n"));
}
