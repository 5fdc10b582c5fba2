//! What every store must do, written once and run on all of them.

#![expect(clippy::unwrap_used, reason = "a test ends at the first error")]

use uuid::Uuid;

use crate::{
    Batch, CommitError, CommitNumber, Deleted, Direction, Epoch, Key, Kind, Refusal, Row, Scan, Scope, ScopeHead,
    Store, VALUE_BYTES_MAX, Write,
};

/// A store under test.
pub trait Subject {
    /// The store.
    fn store(&self) -> &dyn Store;
    /// Closes the store and opens it again, if it outlives its process; else does nothing.
    fn reopen(&mut self);
}

/// Runs every test on a new store each.
pub fn exercise<S: Subject>(new: impl Fn() -> S) {
    a_new_scope_has_no_head(new().store());
    a_commit_moves_the_head(new().store());
    writes_are_applied_in_order(new().store());
    hot_records_are_loaded_and_cold_ones_are_not(new().store());
    keys_of_other_scopes_and_kinds_are_not_seen(new().store());
    a_read_tells_the_commit_that_it_is_as_of(new().store());
    scans_end_at_their_limits(new().store());
    a_range_deletes_its_start_and_not_its_end(new().store());
    a_wrong_number_epoch_or_time_is_refused_and_nothing_is_written(new().store());
    one_refused_batch_refuses_the_whole_commit(new().store());
    large_values_are_stored_and_too_large_ones_refused(new().store());
    an_empty_batch_moves_the_head_alone(new().store());
    heads_come_in_pages(new().store());
    a_scope_is_deleted_in_steps(new().store());
    everything_is_there_after_reopening(new());
}

const HOT: Kind = Kind(1);
const COLD: Kind = Kind(0x80);
const ROWS: usize = 1_000;
const BYTES: usize = 1 << 20;

fn scope(number: u128) -> Scope {
    Scope(Uuid::from_u128(number))
}

fn batch(scope: Scope, number: u64, writes: Vec<Write>) -> Batch {
    let now_ms = 1_000 * number as i64;
    Batch { scope, epoch: Epoch::FIRST, number: CommitNumber(number), now_ms, next_due_ms: Some(now_ms + 5), writes }
}

fn put(kind: Kind, id: &[u8], value: &[u8]) -> Write {
    Write::Put { key: Key::new(kind, id), value: value.to_vec() }
}

fn delete(kind: Kind, id: &[u8]) -> Write {
    Write::Delete { key: Key::new(kind, id) }
}

/// All records of both kinds as text, such as `1:61=31`.
fn contents(store: &dyn Store, scope: Scope) -> String {
    let rows = [HOT, COLD].map(|kind| store.scan(scope, &Scan::all(kind, ROWS, BYTES)).unwrap().rows);
    let text = |row: &Row| format!("{}={}", row.key, String::from_utf8_lossy(&row.value));
    rows.iter().flatten().map(text).collect::<Vec<_>>().join(" ")
}

fn ids(store: &dyn Store, scan: &Scan) -> (String, bool) {
    let page = store.scan(scope(1), scan).unwrap();
    (page.rows.iter().map(|row| String::from_utf8_lossy(&row.key.id).into_owned()).collect(), page.more)
}

fn refusal(result: Result<(), CommitError>) -> Refusal {
    match result.unwrap_err() {
        CommitError::Refused { refusal, .. } => refusal,
        CommitError::Unavailable(unavailable) => panic!("{unavailable}"),
    }
}

fn a_new_scope_has_no_head(store: &dyn Store) {
    assert_eq!(store.head(scope(1)).unwrap(), None);
    assert_eq!(store.acquire(scope(1)).unwrap(), ScopeHead::NEW);
    assert_eq!(store.head(scope(1)).unwrap(), None);
    assert_eq!(store.load_hot(scope(1), &mut |_, _, _| panic!("a record")).unwrap(), ScopeHead::NEW);
    assert_eq!(store.get(scope(1), &[Key::new(HOT, *b"a")]).unwrap(), (CommitNumber::ZERO, vec![None]));
    assert_eq!(store.heads(None, ROWS).unwrap(), []);
}

fn a_commit_moves_the_head(store: &dyn Store) {
    for number in 1..=3 {
        store.commit(&[batch(scope(1), number, vec![put(HOT, b"a", b"1")])]).unwrap();
    }
    let head = ScopeHead { epoch: Epoch::FIRST, number: CommitNumber(3), now_ms: 3_000, next_due_ms: Some(3_005) };
    assert_eq!(store.head(scope(1)).unwrap(), Some(head));
    assert_eq!(store.acquire(scope(1)).unwrap(), head);
    assert_eq!(store.load_hot(scope(1), &mut |_, _, _| ()).unwrap(), head);
    let without_timer = Batch { next_due_ms: None, ..batch(scope(1), 4, vec![]) };
    store.commit(&[without_timer]).unwrap();
    assert_eq!(store.head(scope(1)).unwrap().unwrap().next_due_ms, None);
}

fn writes_are_applied_in_order(store: &dyn Store) {
    let writes = vec![put(HOT, b"a", b"1"), put(HOT, b"a", b"2"), put(COLD, b"b", b"3"), delete(COLD, b"b")];
    store.commit(&[batch(scope(1), 1, writes)]).unwrap();
    assert_eq!(contents(store, scope(1)), "1:61=2");
    let writes = vec![delete(HOT, b"a"), put(HOT, b"a", b""), delete(HOT, b"never there"), put(COLD, b"b", b"4")];
    store.commit(&[batch(scope(1), 2, writes)]).unwrap();
    assert_eq!(contents(store, scope(1)), "1:61= 128:62=4");
}

fn hot_records_are_loaded_and_cold_ones_are_not(store: &dyn Store) {
    let last_hot = Kind(Kind::HOT_END.0 - 1);
    let writes = vec![
        put(last_hot, b"", b"5"),
        put(COLD, b"a", b"cold"),
        put(HOT, b"b", b"3"),
        put(HOT, &[0xff], b"4"),
        put(HOT, b"a\0", b"2"),
        put(HOT, b"a", b"1"),
        put(Kind(0), b"z", b"0"),
    ];
    // One scope has most of the records, one has few, and one has cold ones alone.
    let few = vec![put(HOT, b"a", b"other"), put(COLD, b"b", b"cold")];
    let cold = vec![put(COLD, b"a", b"cold")];
    store.commit(&[batch(scope(1), 1, writes), batch(scope(2), 1, few), batch(scope(3), 1, cold)]).unwrap();
    let loaded = |scope| {
        let mut rows = Vec::new();
        let head =
            store.load_hot(scope, &mut |kind, id, value| rows.push((kind, id.to_vec(), value.to_vec()))).unwrap();
        assert_eq!(head.number, CommitNumber(1));
        rows.sort();
        rows.iter().map(|(.., value)| String::from_utf8_lossy(value).into_owned()).collect::<String>()
    };
    assert_eq!([1, 2, 3].map(|number| loaded(scope(number))), ["012345", "other", ""]);
}

fn keys_of_other_scopes_and_kinds_are_not_seen(store: &dyn Store) {
    let other = Kind(2);
    store
        .commit(&[
            batch(scope(1), 1, vec![put(HOT, b"a", b"1"), put(other, b"a", b"2"), put(COLD, b"a", b"3")]),
            batch(Scope::SYSTEM, 1, vec![put(HOT, b"a", b"4")]),
        ])
        .unwrap();
    let keys = [Key::new(COLD, *b"a"), Key::new(HOT, *b"b"), Key::new(HOT, *b"a"), Key::new(HOT, *b"a")];
    let values = vec![Some(b"3".to_vec()), None, Some(b"1".to_vec()), Some(b"1".to_vec())];
    assert_eq!(store.get(scope(1), &keys).unwrap(), (CommitNumber(1), values));
    assert_eq!(contents(store, scope(1)), "1:61=1 128:61=3");
    assert_eq!(contents(store, Scope::SYSTEM), "1:61=4");
    store.commit(&[batch(Scope::SYSTEM, 2, vec![delete(HOT, b"a")])]).unwrap();
    assert_eq!(contents(store, scope(1)), "1:61=1 128:61=3");
}

fn a_read_tells_the_commit_that_it_is_as_of(store: &dyn Store) {
    let key = Key::new(HOT, *b"a");
    for number in 1..=2 {
        let value = number.to_string();
        store.commit(&[batch(scope(1), number, vec![put(HOT, b"a", value.as_bytes())])]).unwrap();
        let values = vec![Some(value.into_bytes())];
        assert_eq!(store.get(scope(1), std::slice::from_ref(&key)).unwrap(), (CommitNumber(number), values));
        assert_eq!(store.scan(scope(1), &Scan::all(HOT, ROWS, BYTES)).unwrap().as_of, CommitNumber(number));
        assert_eq!(store.scan(scope(1), &Scan::all(COLD, ROWS, BYTES)).unwrap().as_of, CommitNumber(number));
    }
}

fn scans_end_at_their_limits(store: &dyn Store) {
    for (number, kind) in [(1, HOT), (2, COLD)] {
        let writes = [b"a", b"b", b"c", b"d", b"e"].map(|id| put(kind, id, &[0; 9])).to_vec();
        store.commit(&[batch(scope(1), number, writes)]).unwrap();
        let all = Scan::all(kind, ROWS, BYTES);
        let to = |id: &[u8]| Some(id.to_vec());
        assert_eq!(ids(store, &all), ("abcde".into(), false));
        assert_eq!(ids(store, &all.clone().descending()), ("edcba".into(), false));
        assert_eq!(ids(store, &Scan { from: b"b".to_vec(), to: to(b"d"), ..all.clone() }), ("bc".into(), false));
        assert_eq!(ids(store, &Scan { to: to(b"d\0"), ..all.clone() }.descending()), ("dcba".into(), false));
        assert_eq!(ids(store, &Scan { from: b"d".to_vec(), to: to(b"b"), ..all.clone() }), (String::new(), false));
        assert_eq!(ids(store, &Scan { rows_max: 2, ..all.clone() }), ("ab".into(), true));
        assert_eq!(ids(store, &Scan { rows_max: 5, ..all.clone() }), ("abcde".into(), false));
        assert_eq!(ids(store, &Scan { bytes_max: 29, ..all.clone() }), ("ab".into(), true));
        assert_eq!(ids(store, &Scan { bytes_max: 1, ..all.clone() }), ("a".into(), true));
        assert_eq!(ids(store, &Scan { rows_max: 2, ..all.clone() }.after(b"b")), ("cd".into(), true));
        assert_eq!(ids(store, &Scan { rows_max: 2, ..all.clone() }.descending().after(b"c")), ("ba".into(), false));
        assert_eq!(ids(store, &Scan::prefix(kind, b"c", ROWS, BYTES)), ("c".into(), false));
        assert_eq!(Scan { direction: Direction::Descending, ..all.clone() }, all.descending());
    }
    assert_eq!(Scan::prefix(HOT, &[1, 0xff], ROWS, BYTES).to, Some(vec![2]));
    assert_eq!(Scan::prefix(HOT, &[0xff, 0xff], ROWS, BYTES).to, None);
    assert_eq!(Scan::prefix(HOT, &[], ROWS, BYTES).to, None);
}

fn a_range_deletes_its_start_and_not_its_end(store: &dyn Store) {
    let ids = [b"a", b"b", b"c", b"d"];
    let writes = [HOT, COLD].iter().flat_map(|kind| ids.map(|id| put(*kind, id, b"")));
    store.commit(&[batch(scope(1), 1, writes.collect()), batch(scope(2), 1, vec![put(HOT, b"b", b"")])]).unwrap();
    let range = |kind, from: &[u8], to: &[u8]| Write::DeleteRange { kind, from: from.into(), to: to.into() };
    store.commit(&[batch(scope(1), 2, vec![range(HOT, b"b", b"d"), range(HOT, b"z", b"a")])]).unwrap();
    assert_eq!(contents(store, scope(1)), "1:61= 1:64= 128:61= 128:62= 128:63= 128:64=");
    store.commit(&[batch(scope(1), 3, vec![range(COLD, b"", b"c"), put(COLD, b"b", b"again")])]).unwrap();
    assert_eq!(contents(store, scope(1)), "1:61= 1:64= 128:62=again 128:63= 128:64=");
    assert_eq!(contents(store, scope(2)), "1:62=");
}

fn a_wrong_number_epoch_or_time_is_refused_and_nothing_is_written(store: &dyn Store) {
    let writes = || vec![put(HOT, b"a", b"wrong")];
    let wrong_number =
        |expected, given| Refusal::WrongNumber { expected: CommitNumber(expected), given: CommitNumber(given) };
    assert_eq!(refusal(store.commit(&[batch(scope(1), 2, writes())])), wrong_number(1, 2));
    assert_eq!(store.head(scope(1)).unwrap(), None);
    store.commit(&[batch(scope(1), 1, vec![put(HOT, b"a", b"right")])]).unwrap();
    assert_eq!(refusal(store.commit(&[batch(scope(1), 1, writes())])), wrong_number(2, 1));
    assert_eq!(refusal(store.commit(&[batch(scope(1), 3, writes())])), wrong_number(2, 3));
    let wrong_epoch = Batch { epoch: Epoch(2), ..batch(scope(1), 2, writes()) };
    let refused = Refusal::WrongEpoch { owner: Epoch::FIRST, given: Epoch(2) };
    assert_eq!(refusal(store.commit(&[wrong_epoch])), refused);
    let back_in_time = Batch { now_ms: 999, ..batch(scope(1), 2, writes()) };
    assert_eq!(refusal(store.commit(&[back_in_time])), Refusal::TimeWentBack { last_ms: 1_000, given_ms: 999 });
    assert_eq!(contents(store, scope(1)), "1:61=right");
    assert_eq!(store.head(scope(1)).unwrap().unwrap().number, CommitNumber(1));
    let at_the_same_time = Batch { now_ms: 1_000, ..batch(scope(1), 2, vec![]) };
    store.commit(&[at_the_same_time]).unwrap();
}

fn one_refused_batch_refuses_the_whole_commit(store: &dyn Store) {
    store.commit(&[batch(scope(2), 1, vec![])]).unwrap();
    let batches = [
        batch(scope(1), 1, vec![put(HOT, b"a", b"1")]),
        batch(scope(2), 1, vec![put(HOT, b"a", b"2")]),
        batch(scope(3), 1, vec![put(HOT, b"a", b"3")]),
    ];
    match store.commit(&batches).unwrap_err() {
        CommitError::Refused { scope: refused, .. } => assert_eq!(refused, scope(2)),
        CommitError::Unavailable(unavailable) => panic!("{unavailable}"),
    }
    for number in 1..=3 {
        assert_eq!(contents(store, scope(number)), "");
    }
    assert_eq!(store.head(scope(1)).unwrap(), None);
    let [first, _, third] = batches;
    store.commit(&[first, third]).unwrap();
    assert_eq!((contents(store, scope(1)), contents(store, scope(3))), ("1:61=1".into(), "1:61=3".into()));
}

fn large_values_are_stored_and_too_large_ones_refused(store: &dyn Store) {
    let large = vec![7; VALUE_BYTES_MAX];
    let key = Key::new(HOT, *b"large");
    store.commit(&[batch(scope(1), 1, vec![put(HOT, b"large", &large)])]).unwrap();
    let (_, values) = store.get(scope(1), std::slice::from_ref(&key)).unwrap();
    assert!(values == [Some(large)], "the value came back changed");
    let too_large = batch(scope(1), 2, vec![put(HOT, b"large", &vec![8; VALUE_BYTES_MAX + 1])]);
    assert_eq!(refusal(store.commit(&[too_large])), Refusal::ValueTooLarge { key, bytes: VALUE_BYTES_MAX + 1 });
    assert_eq!(store.head(scope(1)).unwrap().unwrap().number, CommitNumber(1));
}

fn an_empty_batch_moves_the_head_alone(store: &dyn Store) {
    store.commit(&[]).unwrap();
    store.commit(&[batch(scope(1), 1, vec![])]).unwrap();
    assert_eq!(store.head(scope(1)).unwrap().unwrap().number, CommitNumber(1));
    assert_eq!(contents(store, scope(1)), "");
}

fn heads_come_in_pages(store: &dyn Store) {
    let count = 25;
    let batches: Vec<Batch> = (0..count).rev().map(|number| batch(scope(number), 1, vec![])).collect();
    store.commit(&batches).unwrap();
    let mut seen = Vec::new();
    loop {
        let page = store.heads(seen.last().copied(), 10).unwrap();
        assert!(page.iter().all(|(_, head)| head.number == CommitNumber(1)));
        seen.extend(page.iter().map(|(scope, _)| *scope));
        if page.len() < 10 {
            break;
        }
    }
    assert_eq!(seen, (0..count).map(scope).collect::<Vec<_>>());
}

fn a_scope_is_deleted_in_steps(store: &dyn Store) {
    let ids = [b"a", b"b", b"c"];
    let writes: Vec<Write> = [HOT, COLD].iter().flat_map(|kind| ids.map(|id| put(*kind, id, b""))).collect();
    store.commit(&[batch(scope(1), 1, writes.clone()), batch(scope(2), 1, writes)]).unwrap();
    match store.delete_scope(scope(1), Epoch(2), 4).unwrap_err() {
        CommitError::Refused { refusal: Refusal::WrongEpoch { .. }, .. } => {}
        error => panic!("{error}"),
    }
    assert_eq!(store.delete_scope(scope(1), Epoch::FIRST, 4).unwrap(), Deleted::Some);
    assert!(store.head(scope(1)).unwrap().is_some());
    assert_eq!(store.delete_scope(scope(1), Epoch::FIRST, 4).unwrap(), Deleted::All);
    assert_eq!(store.delete_scope(scope(1), Epoch::FIRST, 4).unwrap(), Deleted::All);
    assert_eq!((store.head(scope(1)).unwrap(), contents(store, scope(1))), (None, String::new()));
    assert_eq!(contents(store, scope(2)).split(' ').count(), 6);
    store.commit(&[batch(scope(1), 1, vec![put(HOT, b"a", b"anew")])]).unwrap();
    assert_eq!(contents(store, scope(1)), "1:61=anew");
}

fn everything_is_there_after_reopening(mut subject: impl Subject) {
    subject.store().commit(&[batch(scope(1), 1, vec![put(HOT, b"a", b"1"), put(COLD, b"b", b"2")])]).unwrap();
    let before = subject.store().heads(None, ROWS).unwrap();
    subject.reopen();
    assert_eq!(subject.store().heads(None, ROWS).unwrap(), before);
    assert_eq!(contents(subject.store(), scope(1)), "1:61=1 128:62=2");
    subject.store().commit(&[batch(scope(1), 2, vec![])]).unwrap();
}
