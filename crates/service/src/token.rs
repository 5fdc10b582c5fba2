//! Idempotency tokens: a repeated call within seven days gets the first answer.
//!
//! An SDK sends a fresh token with every call, so nearly every look-up is a miss and must cost no read. New tokens are
//! written with the journal entry of their commit, in time order, and kept in a hash table. When there are enough of
//! them, they are sealed: sorted into blocks on disk, with a filter in memory. Only a possible hit reads one block. Small
//! segments are merged, so that few filters are asked. [`TokenBounds`] has the numbers, `docs/adr/0004` the reasons.
//!
//! Facts: `start-task-contact.md` section 4.

mod segment;
#[cfg(test)]
mod tests;
mod writing;

use engine::Timestamp;
use hashbrown::HashMap;
use sha2::{Digest, Sha256};
use store::Key;
use uuid::Uuid;

use crate::record::DecodeError;
use segment::decode_block;
pub use segment::{TokenSegment, place_of_block};
pub use writing::Step;
use writing::{Merging, Sealing, Source};

/// How many tokens are where.
#[derive(Debug, Clone, Copy)]
pub struct TokenBounds {
    /// Tokens that are kept in memory before they are sealed.
    pub open_max: usize,
    /// Tokens that are worth a segment when the oldest is older than `open_ms_max`.
    pub aged_open_min: usize,
    /// Age of the oldest token in memory after which a segment is sealed, in milliseconds.
    pub open_ms_max: i64,
    /// Segments of less than half of `merged_tokens_max` before they are merged.
    pub small_segments_max: usize,
    /// Tokens of a segment that was merged. Its record is 2 bytes for each.
    pub merged_tokens_max: usize,
    /// Blocks written in one turn while a segment is being sealed or merged.
    pub blocks_per_turn: usize,
}

impl Default for TokenBounds {
    fn default() -> Self {
        TokenBounds {
            open_max: 8_192,
            aged_open_min: 1_024,
            open_ms_max: 3_600_000,
            small_segments_max: 32,
            merged_tokens_max: 262_144,
            blocks_per_turn: 64,
        }
    }
}

/// What a token stands for: the operation and the client's string, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct TokenHash(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 16],
);

impl TokenHash {
    /// The hash of a token of an operation.
    pub fn of(operation: &str, token: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(operation.as_bytes());
        hasher.update([0]);
        hasher.update(token.as_bytes());
        TokenHash(first_half(&hasher.finalize()))
    }

    fn prefix(self) -> u64 {
        u64::from_be_bytes(self.0[..8].try_into().expect("eight bytes"))
    }

    fn second(self) -> u64 {
        u64::from_be_bytes(self.0[8..].try_into().expect("eight bytes"))
    }
}

/// The token that came with a call.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// Operation and client string, hashed.
    pub hash: TokenHash,
    /// The decoded input in canonical form, hashed.
    pub fingerprint: [u8; 16],
}

impl Token {
    /// The token of a call, from the client's string and the fingerprint of the whole input.
    pub fn new(operation: &str, token: &str, fingerprint: &[u8; 32]) -> Self {
        Token { hash: TokenHash::of(operation, token), fingerprint: first_half(fingerprint) }
    }
}

fn first_half(digest: &[u8]) -> [u8; 16] {
    digest[..16].try_into().expect("sixteen bytes")
}

/// A token with what its call made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct TokenEntry {
    /// Operation and client string, hashed.
    #[n(0)]
    pub hash: TokenHash,
    /// The input, hashed.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub fingerprint: [u8; 16],
    /// Id of what the call made.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub made: [u8; 16],
    /// When.
    #[n(3)]
    pub at: Timestamp,
}

/// A token in memory: the fields of its [`TokenEntry`], and the commit that holds it.
#[derive(Debug, Clone, Copy)]
struct Open {
    fingerprint: [u8; 16],
    made: [u8; 16],
    at: Timestamp,
    commit: u64,
}

/// A segment that is being written. One at a time: so a number that was begun and given up is the next one's.
#[derive(Debug)]
enum Writing {
    Sealing(Sealing),
    Merging(Merging),
}

/// A segment that is written whole, by a commit that is not durable yet.
#[derive(Debug)]
struct Written {
    commit: u64,
    segment: TokenSegment,
    source: Source,
}

/// All tokens of one instance.
#[derive(Debug, Default)]
pub struct Tokens {
    open: HashMap<TokenHash, Open>,
    oldest_open: Option<Timestamp>,
    segments: Vec<TokenSegment>,
    writing: Option<Writing>,
    written: Option<Written>,
    /// Segments that were merged into others and are still stored.
    replaced: Vec<TokenSegment>,
}

/// What is known of a token without reading.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// It came before, and made this; the commit that did.
    Made {
        /// Hash of the first call's input.
        fingerprint: [u8; 16],
        /// Id of what it made.
        made: Uuid,
        /// The commit that holds it.
        commit: u64,
    },
    /// It is new.
    New,
    /// One of these blocks may hold it.
    Perhaps(Vec<Key>),
}

impl Tokens {
    /// Looks a token up. Blocks that were read before are passed in `blocks`.
    pub fn find(
        &self,
        hash: TokenHash,
        oldest: Timestamp,
        blocks: &dyn Fn(&Key) -> Option<Option<Vec<u8>>>,
    ) -> Result<Found, DecodeError> {
        if let Some(&Open { fingerprint, made, at, commit }) = self.open.get(&hash) {
            if at >= oldest {
                return Ok(Found::Made { fingerprint, made: Uuid::from_bytes(made), commit });
            }
            return Ok(Found::New);
        }
        let mut missing = Vec::new();
        for segment in &self.segments {
            if segment.newest < oldest || !segment.may_hold(hash) {
                continue;
            }
            let key = segment.block_key(segment.block_of(hash));
            let Some(block) = blocks(&key) else {
                missing.push(key);
                continue;
            };
            let entries = decode_block(block.as_deref())?;
            if let Some(entry) = entries.iter().find(|entry| entry.hash == hash && entry.at >= oldest) {
                let made = Uuid::from_bytes(entry.made);
                return Ok(Found::Made { fingerprint: entry.fingerprint, made, commit: 0 });
            }
        }
        Ok(if missing.is_empty() { Found::New } else { Found::Perhaps(missing) })
    }

    /// Takes a token of a commit into memory.
    pub fn add(&mut self, entry: &TokenEntry, commit: u64) {
        let &TokenEntry { hash, fingerprint, made, at } = entry;
        self.oldest_open = Some(self.oldest_open.map_or(at, |oldest| oldest.min(at)));
        self.open.insert(hash, Open { fingerprint, made, at, commit });
    }

    /// Takes a stored segment into memory.
    pub fn add_segment(&mut self, segment: TokenSegment) {
        if self.segments.iter().any(|merged| merged.replaces.contains(&segment.number)) {
            self.replaced.push(segment);
            return;
        }
        self.replace(&segment.replaces);
        self.segments.push(segment);
    }

    fn replace(&mut self, numbers: &[u64]) {
        self.replaced.extend(self.segments.extract_if(.., |segment| numbers.contains(&segment.number)));
    }

    /// The commit up to which the journal need not be read for tokens.
    pub fn sealed_commit(&self) -> u64 {
        self.segments.iter().map(|segment| segment.sealed_commit).max().unwrap_or(0)
    }

    /// How many tokens are in memory.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// The segments that are asked for tokens.
    pub fn segments(&self) -> &[TokenSegment] {
        &self.segments
    }

    /// Goes on with sealing, if it is time: the blocks to write now and, with the last ones, the segment.
    ///
    /// `durable` is the newest commit that cannot be lost: only tokens up to it are sealed. `open` is the commit that
    /// will write what is returned: its tokens stay in memory until that is durable, too.
    pub fn seal_step(&mut self, now: Timestamp, durable: u64, open: u64, bounds: &TokenBounds) -> Option<Step> {
        if self.writing.is_none() && self.written.is_none() && self.seal_is_due(now, bounds) {
            let sealed = self.open.iter().filter(|(_, token)| token.commit <= durable);
            let entries: Vec<TokenEntry> = sealed
                .map(|(&hash, &Open { fingerprint, made, at, .. })| TokenEntry { hash, fingerprint, made, at })
                .collect();
            if !entries.is_empty() {
                self.writing = Some(Writing::Sealing(Sealing::new(self.next_number(), entries, durable)));
            }
        }
        let Some(Writing::Sealing(sealing)) = &mut self.writing else { return None };
        let step = sealing.step(bounds.blocks_per_turn);
        self.end_writing(&step, open);
        Some(step)
    }

    fn seal_is_due(&self, now: Timestamp, bounds: &TokenBounds) -> bool {
        let old = self.oldest_open.is_some_and(|oldest| now.millis() - oldest.millis() >= bounds.open_ms_max);
        self.open.len() >= bounds.open_max || (old && self.open.len() >= bounds.aged_open_min)
    }

    fn next_number(&self) -> u64 {
        self.segments.iter().chain(&self.replaced).map(|segment| segment.number + 1).max().unwrap_or(1)
    }

    fn end_writing(&mut self, step: &Step, commit: u64) {
        if step.1.is_none() {
            return;
        }
        let (segment, source) = match self.writing.take().expect("its last step was made") {
            Writing::Sealing(sealing) => sealing.end(),
            Writing::Merging(merging) => merging.end(),
        };
        self.written = Some(Written { commit, segment, source });
    }

    /// The blocks to read for the next step of a merge, if one is due or under way. [`Self::merge_step`] or
    /// [`Self::give_up_merge`] follows.
    pub fn merge_keys(&mut self, bounds: &TokenBounds) -> Option<Vec<Key>> {
        if self.writing.is_none() && self.written.is_none() && self.segments.len() >= bounds.small_segments_max {
            let small = self.segments.iter().filter(|segment| segment.tokens() < bounds.merged_tokens_max / 2);
            if small.clone().count() >= bounds.small_segments_max {
                // As many of the oldest as fit, which are two at least.
                let mut small: Vec<&TokenSegment> = small.collect();
                small.sort_unstable_by_key(|segment| segment.number);
                let mut tokens = 0;
                let fitting = small.into_iter().take_while(|segment| {
                    tokens += segment.tokens();
                    tokens <= bounds.merged_tokens_max
                });
                let sources = fitting.cloned().collect();
                self.writing = Some(Writing::Merging(Merging::new(self.next_number(), sources, bounds)));
            }
        }
        match &self.writing {
            Some(Writing::Merging(merging)) => Some(merging.keys()),
            Some(Writing::Sealing(_)) | None => None,
        }
    }

    /// Goes on with a merge: what is to be written, made of the blocks of [`Self::merge_keys`]. `open` is the commit
    /// that will write it.
    ///
    /// # Errors
    /// A block cannot be read; the merge is to be given up.
    pub fn merge_step(&mut self, read: &[Option<&[u8]>], open: u64) -> Result<Option<Step>, DecodeError> {
        let Some(Writing::Merging(merging)) = &mut self.writing else { return Ok(None) };
        let step = merging.step(read)?;
        self.end_writing(&step, open);
        Ok(Some(step))
    }

    /// Gives a merge up. What it has written belongs to nobody, and is written over by the next one.
    pub fn give_up_merge(&mut self) {
        self.writing.take_if(|writing| matches!(writing, Writing::Merging(_)));
    }

    /// Commits up to `durable` are durable: a segment that was written by them takes over.
    pub fn durable(&mut self, durable: u64) {
        let Some(written) = self.written.take_if(|written| written.commit <= durable) else { return };
        match written.source {
            Source::Open(sealed) => {
                for hash in &sealed {
                    self.open.remove(hash);
                }
                self.oldest_open = self.open.values().map(|token| token.at).min();
            }
            Source::Segments(numbers) => self.replace(&numbers),
        }
        self.segments.push(written.segment);
    }

    /// A segment that was merged into another and has to be deleted; the caller does.
    pub fn take_replaced(&mut self) -> Option<TokenSegment> {
        self.replaced.pop()
    }

    /// Forgets tokens older than the retention, and returns the segments that hold no other; the caller deletes them.
    pub fn expire(&mut self, oldest: Timestamp) -> Vec<TokenSegment> {
        self.open.retain(|_, token| token.at >= oldest);
        // What is being merged goes when it has been.
        let is_merged = |number| match (&self.writing, &self.written) {
            (Some(Writing::Merging(merging)), _) => merging.replaces(number),
            (_, Some(written)) => written.segment.replaces.contains(&number),
            _ => false,
        };
        self.segments.extract_if(.., |segment| segment.newest < oldest && !is_merged(segment.number)).collect()
    }
}
