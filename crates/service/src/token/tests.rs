use std::collections::BTreeMap;

use store::Write;

use super::*;
use crate::kinds;
use crate::record::{self, Record};
use crate::tx::Random;

fn entry(n: u64, at: i64) -> TokenEntry {
    let hash = TokenHash::of("StartTaskContact", &format!("token-{n}"));
    TokenEntry { hash, fingerprint: [n as u8; 16], made: u128::from(n).to_be_bytes(), at: Timestamp(at) }
}

fn made(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n))
}

/// An instance's tokens with all that they rest on: a journal, a disk, and commits that become durable one after another.
#[derive(Default)]
struct Place {
    tokens: Tokens,
    bounds: TokenBounds,
    disk: BTreeMap<Key, Vec<u8>>,
    journal: Vec<(u64, TokenEntry)>,
    durable: u64,
    now: i64,
    /// What the open commit writes.
    open: Vec<Write>,
    open_tokens: Vec<TokenEntry>,
    /// The keys that a merge waits for.
    reading: Option<Vec<Key>>,
}

impl Place {
    fn new(bounds: TokenBounds) -> Self {
        Place { bounds, ..Place::default() }
    }

    fn add(&mut self, numbers: std::ops::Range<u64>) {
        for n in numbers {
            let entry = entry(n, self.now);
            self.tokens.add(&entry, self.durable + 1);
            self.open_tokens.push(entry);
        }
    }

    /// What the loop does in a turn. Says how many blocks it wrote and asked for.
    fn turn(&mut self) -> (usize, usize) {
        let open = self.durable + 1;
        let mut steps = Vec::new();
        if let Some(keys) = self.reading.take() {
            let read: Vec<_> = keys.iter().map(|key| self.disk.get(key).map(Vec::as_slice)).collect();
            steps.extend(self.tokens.merge_step(&read, open).unwrap());
        }
        if let Some(segment) = self.tokens.take_replaced() {
            self.open.extend(segment.deletion());
        }
        steps.extend(self.tokens.seal_step(Timestamp(self.now), self.durable, open, &self.bounds));
        self.reading = self.tokens.merge_keys(&self.bounds);
        let blocks = steps.iter().map(|(blocks, _)| blocks.len()).sum();
        for (blocks, segment) in steps {
            let segment = segment.map(|segment| (segment.key(), record::encode(&segment)));
            self.open.extend(blocks.into_iter().chain(segment).map(|(key, value)| Write::Put { key, value }));
        }
        (blocks, self.reading.as_ref().map_or(0, Vec::len))
    }

    fn commit(&mut self) {
        self.durable += 1;
        self.journal.extend(self.open_tokens.drain(..).map(|entry| (self.durable, entry)));
        for write in self.open.drain(..) {
            match write {
                Write::Put { key, value } => {
                    self.disk.insert(key, value);
                }
                Write::Delete { key } => {
                    self.disk.remove(&key);
                }
                Write::DeleteRange { kind, from, to } => {
                    self.disk.retain(|key, _| key.kind != kind || key.id < from || key.id >= to);
                }
            }
        }
        self.tokens.durable(self.durable);
    }

    /// Goes on until there is nothing to do.
    fn settle(&mut self) {
        while self.turn() != (0, 0) || !self.open.is_empty() {
            self.commit();
        }
    }

    /// The process ends without its open commit, and another one loads what is there.
    fn crash(&mut self) {
        self.open.clear();
        self.open_tokens.clear();
        self.reading = None;
        self.tokens = Tokens::default();
        for (_, value) in self.disk.iter().filter(|(key, _)| key.kind == kinds::TOKEN_SEGMENT) {
            self.tokens.add_segment(record::decode(value).unwrap());
        }
        let sealed = self.tokens.sealed_commit();
        for (_, entry) in self.journal.iter().filter(|(commit, _)| *commit > sealed) {
            self.tokens.add(entry, 0);
        }
    }

    fn expire(&mut self, oldest: i64) {
        for segment in self.tokens.expire(Timestamp(oldest)) {
            self.open.extend(segment.deletion());
        }
    }

    fn find(&self, n: u64, oldest: i64) -> Found {
        let read = |key: &Key| Some(self.disk.get(key).cloned());
        self.tokens.find(entry(n, 0).hash, Timestamp(oldest), &read).unwrap()
    }

    fn has(&self, n: u64, oldest: i64) -> bool {
        match self.find(n, oldest) {
            Found::Made { made: id, fingerprint, .. } => {
                assert_eq!((id, fingerprint), (made(n), [n as u8; 16]), "token {n} made something else");
                true
            }
            Found::New => false,
            Found::Perhaps(keys) => panic!("{keys:?} was read already"),
        }
    }
}

#[test]
fn a_sealed_token_is_found_in_its_block_and_a_new_one_reads_nothing_much() {
    let mut place = Place::default();
    let count = place.bounds.open_max as u64;
    place.add(0..count);
    place.commit();
    let mut turns = 0;
    while place.tokens.written.is_none() {
        let (blocks, _) = place.turn();
        assert!((1..=place.bounds.blocks_per_turn).contains(&blocks), "{blocks} in turn {turns}");
        turns += 1;
    }
    assert!(turns > 1, "sealing is spread over turns");
    assert_eq!(place.tokens.open_count(), count as usize, "what may be lost is not forgotten");
    place.commit();
    assert_eq!(place.tokens.open_count(), 0);
    assert_eq!(place.tokens.sealed_commit(), 1);
    assert!((0..count).all(|n| place.has(n, 0)));
    let unread = |_: &Key| None;
    let news = count..9 * count;
    let vain = news.filter(|&n| place.tokens.find(entry(n, 0).hash, Timestamp(0), &unread).unwrap() != Found::New);
    let vain = vain.count() as u64;
    assert!(vain < 8 * count / 1_000, "{vain} of {} new tokens would read a block", 8 * count);
}

#[test]
fn a_token_of_a_commit_that_may_be_lost_is_not_sealed() {
    let mut place = Place::default();
    let sealed = place.bounds.open_max as u64;
    place.add(0..sealed);
    place.commit();
    place.add(sealed..sealed + 10);
    while place.tokens.written.is_none() {
        place.turn();
    }
    place.commit();
    assert_eq!(place.tokens.open_count(), 10);
    assert_eq!(place.tokens.sealed_commit(), 1);
}

#[test]
fn few_tokens_are_sealed_when_they_are_old() {
    let mut place = Place::default();
    let few = place.bounds.aged_open_min as u64;
    place.add(0..few);
    place.commit();
    place.settle();
    assert_eq!(place.tokens.open_count(), few as usize);
    place.now += place.bounds.open_ms_max;
    place.settle();
    assert_eq!(place.tokens.open_count(), 0);
}

#[test]
fn a_token_older_than_the_retention_is_new_again() {
    let mut place = Place { now: 10, ..Place::default() };
    place.add(1..2);
    place.commit();
    assert!(place.has(1, 10));
    assert!(!place.has(1, 11));
}

#[test]
fn segments_are_merged_in_bounded_steps_and_asked_all_the_time() {
    let mut place =
        Place::new(TokenBounds { merged_tokens_max: 32_768, small_segments_max: 4, ..TokenBounds::default() });
    let per_segment = place.bounds.open_max as u64;
    let count = 4 * per_segment;
    for first in (0..count).step_by(per_segment as usize) {
        place.add(first..first + per_segment);
        place.commit();
        while place.tokens.open_count() > 0 {
            place.turn();
            place.commit();
        }
    }
    assert_eq!(place.tokens.segments().len(), 4);
    let mut steps = 0;
    while place.tokens.segments().len() > 1 {
        let (written, read) = place.turn();
        assert!(written <= place.bounds.blocks_per_turn, "{written} blocks are written");
        assert!(read <= place.bounds.blocks_per_turn + 2 * 4, "{read} blocks are read");
        place.commit();
        assert!((0..count).step_by(97).all(|n| place.has(n, 0)), "step {steps}");
        steps += 1;
    }
    assert!(steps > 8, "{steps} steps");
    assert!((0..count).all(|n| place.has(n, 0)));
    place.settle();
    let blocks = place.disk.keys().filter(|key| key.kind == kinds::TOKEN_BLOCK).count();
    assert_eq!(blocks, place.tokens.segments()[0].blocks as usize, "those of the sources are gone");
    assert!((count..2 * count).all(|n| !place.has(n, 0)));
}

#[test]
fn a_merge_that_is_given_up_begins_anew() {
    let mut place = Place::new(TokenBounds { open_max: 64, small_segments_max: 2, ..TokenBounds::default() });
    let two = |place: &mut Place| {
        for first in [0, 64] {
            place.add(first..first + 64);
            place.commit();
            while place.tokens.open_count() > 0 {
                place.turn();
                place.commit();
            }
        }
    };
    two(&mut place);
    place.turn();
    assert!(place.reading.is_some(), "a merge is under way");
    let nothing = vec![None; place.reading.take().unwrap().len()];
    assert!(place.tokens.merge_step(&nothing, 9).is_err(), "a block that is not there is an error");
    place.tokens.give_up_merge();
    place.settle();
    assert_eq!(place.tokens.segments().len(), 1);
    assert!((0..128).all(|n| place.has(n, 0)));
}

/// Adding, sealing, merging, expiring and crashing in every order: a durable token is found until it expires.
#[test]
fn a_durable_token_is_found_whatever_happens() {
    const RETENTION: i64 = 4_000;
    let bounds = TokenBounds {
        open_max: 40,
        aged_open_min: 10,
        open_ms_max: 200,
        small_segments_max: 3,
        merged_tokens_max: 600,
        blocks_per_turn: 2,
    };
    let mut merged = 0;
    for seed in 0..12 {
        let mut random = Random(seed);
        let mut place = Place::new(bounds);
        let mut born = Vec::new();
        let mut durable = 0;
        for step in 0..300 {
            place.now += (random.next() % 20) as i64;
            match random.next() % 16 {
                0..6 => {
                    let first = born.len() as u64;
                    let count = random.next() % 12;
                    place.add(first..first + count);
                    born.extend((0..count).map(|_| place.now));
                }
                6..10 => {
                    place.turn();
                }
                10..14 => {
                    place.turn();
                    place.commit();
                    durable = born.len();
                }
                14 => place.expire(place.now - RETENTION),
                _ => {
                    place.crash();
                    born.truncate(durable);
                }
            }
            let oldest = place.now - RETENTION;
            for n in (0..born.len()).filter(|n| *n + 12 > born.len() || (n + step) % 37 == 0) {
                assert_eq!(place.has(n as u64, oldest), born[n] >= oldest, "seed {seed}, step {step}, token {n}");
            }
            assert!(!place.has(born.len() as u64, oldest), "seed {seed}, step {step}: a token was never there");
        }
        merged += place.tokens.segments().iter().filter(|segment| !segment.replaces.is_empty()).count();
        place.settle();
        let numbers: Vec<u64> = place.tokens.segments().iter().map(|segment| segment.number).collect();
        let replaced = place.tokens.segments().iter().flat_map(|segment| &segment.replaces);
        assert!(replaced.clone().all(|number| !numbers.contains(number)), "seed {seed}: {numbers:?} are asked");
        let stored = place.disk.keys().filter(|key| key.kind == kinds::TOKEN_SEGMENT);
        let stored: Vec<u64> = stored.map(|key| u64::from_be_bytes(key.id[..].try_into().unwrap())).collect();
        assert!(stored.iter().all(|number| numbers.contains(number)), "seed {seed}: {stored:?} are stored");
    }
    assert!(merged > 12, "{merged} segments of merged ones are too few to have tried it");
}

#[test]
fn the_hash_of_a_token_is_fixed_for_all_versions() {
    let hash = TokenHash::of("StartTaskContact", "6d1fa5a1-0000-4000-8000-000000000001");
    let hex: String = hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
    expect_test::expect!["dd24f7ceb8926d742e53e324d68fe938"].assert_eq(&hex);
}
