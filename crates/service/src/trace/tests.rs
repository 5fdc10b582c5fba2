//! What a chunk keeps, and where.

use std::collections::BTreeSet;

use engine::{ContactFlowId, RunId, Timestamp};
use uuid::Uuid;

use super::*;

const CONTACT: ContactId = ContactId(Uuid::from_u128(7));

fn entry(step: u64, parameters: usize) -> TraceEntry {
    TraceEntry {
        at: Timestamp(0),
        run: RunId(1),
        step,
        flow: ContactFlowId(Uuid::from_u128(8)),
        module: None,
        action: "a".into(),
        action_type: "Wait".into(),
        parameters: Some("x".repeat(parameters)),
        result: "Next".into(),
        error: None,
        next: None,
        output: None,
        logged: false,
    }
}

/// The steps that a chunk of these tells, with a gap as `+n`.
fn told(trace: Trace) -> String {
    let chunk = TraceChunk::of(CONTACT, TraceCount { chunks: 3, entries: 10 }, trace);
    assert_eq!((chunk.number, chunk.before), (3, 10));
    assert!(chunk.actions.iter().map(bytes).sum::<usize>() <= CHUNK_BYTES_MAX);
    let action = |KeptAction { entry, left_out }: &KeptAction| match left_out {
        0 => entry.step.to_string(),
        n => format!("+{n} {}", entry.step),
    };
    let actions: Vec<String> = chunk.actions.iter().map(action).collect();
    format!("{} of {}: {}", actions.len(), chunk.len(), actions.join(" "))
}

#[test]
fn a_chunk_keeps_the_first_and_the_last_of_too_many_bytes() {
    let half = CHUNK_BYTES_MAX / 2 - ENTRY_BYTES - "aWaitNext".len();
    let all = |sizes: &[usize]| sizes.iter().zip(0..).map(|(size, step)| entry(step, *size)).collect::<Vec<_>>();
    let trace = |first: &[usize], omitted, last: &[usize]| Trace {
        first: all(first),
        omitted,
        last: last.iter().zip(first.len() as u64 + omitted..).map(|(size, step)| entry(step, *size)).collect(),
    };
    assert_eq!(told(trace(&[1, 2], 0, &[])), "2 of 2: 0 1");
    assert_eq!(told(trace(&[1, 2], 5, &[3, 4])), "4 of 9: 0 1 +5 7 8");
    // Exactly two halves, and one byte more.
    assert_eq!(told(trace(&[half, half], 0, &[])), "2 of 2: 0 1");
    assert_eq!(told(trace(&[half, 0, half], 0, &[])), "2 of 3: 0 +1 2");
    // The gap of bytes takes up the one that the step left.
    assert_eq!(told(trace(&[half, 1], 5, &[1, half])), "2 of 9: 0 +7 8");
    // What is left out may lie on one side of it alone.
    assert_eq!(told(trace(&[1, half, half], 5, &[1, 1])), "3 of 10: 0 +7 8 9");
}

#[test]
fn the_first_and_the_last_chunks_have_places_of_their_own() {
    let kept_of = |chunks| kept(chunks).collect::<Vec<_>>();
    assert_eq!(kept_of(0), Vec::<u32>::new());
    assert_eq!(kept_of(3), [0, 1, 2]);
    let all = FIRST_CHUNKS_MAX + LAST_CHUNKS_MAX;
    assert_eq!(kept_of(all), (0..all).collect::<Vec<_>>());
    for chunks in [all + 1, all + LAST_CHUNKS_MAX, all + 1_000_000, u32::MAX] {
        let kept = kept_of(chunks);
        assert_eq!(kept.len() as u32, all);
        assert_eq!(kept[..FIRST_CHUNKS_MAX as usize], (0..FIRST_CHUNKS_MAX).collect::<Vec<_>>());
        assert_eq!(kept.last(), Some(&(chunks - 1)));
        let places: BTreeSet<u16> = kept.iter().map(|number| slot(*number)).collect();
        assert_eq!(places.len() as u32, all, "no two chunks that are kept have one place");
    }
}

#[test]
fn a_cursor_is_its_text() {
    let cursor = TraceCursor { chunk: 17, actions: 4_000_000_000_000 };
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    for wrong in ["", "1", "-", "1-", "-1", "1-x", "1-2-3", "99999999999-1"] {
        assert_eq!(wrong.parse::<TraceCursor>(), Err(NotACursor), "{wrong}");
    }
}
