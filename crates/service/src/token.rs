//! Idempotency tokens: a repeated call within seven days gets the first answer.
//!
//! An SDK sends a fresh token with every call, so nearly every look-up is a miss and must cost no read. New tokens are
//! written with the journal entry of their commit, in time order, and kept in a hash table. When there are
//! [`SEGMENT_TOKENS_MAX`] of them, or enough after an hour, they are sealed: sorted into blocks on disk, with a filter
//! of [`FILTER_BITS_PER_TOKEN`] bits a token in memory. Only a possible hit reads one block.
//!
//! Facts: `start-task-contact.md` section 4.

use engine::Timestamp;
use hashbrown::HashMap;
use sha2::{Digest, Sha256};
use store::{Key, KeyId};
use uuid::Uuid;

use crate::kinds;
use crate::record::{self, Record};

/// Tokens that are kept in memory before they are sealed.
pub const SEGMENT_TOKENS_MAX: usize = 262_144;
/// Tokens that are worth a segment when the oldest is older than [`SEAL_AFTER_MS`].
pub const SEGMENT_TOKENS_MIN: usize = 10_000;
/// Age of the oldest unsealed token after which a segment is sealed.
pub const SEAL_AFTER_MS: i64 = 3_600_000;
/// Tokens of one block: about 4 KiB.
pub const BLOCK_TOKENS: usize = 64;
/// Blocks written in one turn while a segment is being sealed.
pub const BLOCKS_PER_TURN: usize = 128;
/// Size of a segment's filter; one miss in about two thousand reads a block in vain.
pub const FILTER_BITS_PER_TOKEN: usize = 16;
/// Probes of the filter for one token.
const FILTER_PROBES: u64 = 11;

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

/// A sealed segment: the filter in memory, the blocks on disk.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct TokenSegment {
    /// Number of the segment; also the prefix of its blocks' keys.
    #[n(0)]
    pub number: u64,
    /// The newest token in it.
    #[n(1)]
    pub newest: Timestamp,
    /// Blocks, each holding an equal share of the hash space.
    #[n(2)]
    pub blocks: u32,
    /// The journal up to and including this commit is sealed.
    #[n(3)]
    pub sealed_commit: u64,
    /// The filter's bits.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub filter: Vec<u8>,
}

impl Record for TokenSegment {
    const KIND: store::Kind = kinds::TOKEN_SEGMENT;
    const NAME: &'static str = "token segment";

    fn id(&self) -> KeyId {
        self.number.to_be_bytes().into()
    }
}

impl TokenSegment {
    fn may_hold(&self, hash: TokenHash) -> bool {
        let bits = self.filter.len() as u64 * 8;
        probes(hash, bits).all(|bit| self.filter[(bit / 8) as usize] & (1 << (bit % 8)) != 0)
    }

    fn block_key(&self, hash: TokenHash) -> Key {
        let block = share(hash.prefix(), u64::from(self.blocks));
        block_key(self.number, block)
    }
}

fn share(prefix: u64, parts: u64) -> u64 {
    ((u128::from(prefix) * u128::from(parts)) >> 64) as u64
}

fn block_key(segment: u64, block: u64) -> Key {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&segment.to_be_bytes());
    id[8..].copy_from_slice(&block.to_be_bytes());
    Key::new(kinds::TOKEN_BLOCK, id)
}

fn probes(hash: TokenHash, bits: u64) -> impl Iterator<Item = u64> {
    (0..FILTER_PROBES).map(move |i| hash.prefix().wrapping_add(i.wrapping_mul(hash.second() | 1)) % bits)
}

/// A segment that is being written, some blocks a turn.
#[derive(Debug)]
struct Sealing {
    segment: TokenSegment,
    blocks: Vec<Vec<TokenEntry>>,
    next: usize,
    sealed: Vec<TokenHash>,
}

/// The blocks to write in one turn and, with the last ones, the segment.
pub type SealStep = (Vec<(Key, Vec<u8>)>, Option<TokenSegment>);

/// All tokens of one instance.
#[derive(Debug, Default)]
pub struct Tokens {
    open: HashMap<TokenHash, ([u8; 16], [u8; 16], Timestamp, u64)>,
    oldest_open: Option<Timestamp>,
    segments: Vec<TokenSegment>,
    sealing: Option<Sealing>,
    /// Written whole by this commit, which is not durable yet.
    sealed: Option<(u64, Sealing)>,
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
    ) -> Result<Found, record::DecodeError> {
        if let Some(&(fingerprint, made, at, commit)) = self.open.get(&hash) {
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
            let key = segment.block_key(hash);
            match blocks(&key) {
                None => missing.push(key),
                // Every block of a segment is written before the segment is.
                Some(None) => return Err(record::DecodeError::Empty),
                Some(Some(bytes)) => {
                    let entries: Vec<TokenEntry> = record::decode(&bytes)?;
                    if let Some(entry) = entries.iter().find(|entry| entry.hash == hash && entry.at >= oldest) {
                        let made = Uuid::from_bytes(entry.made);
                        return Ok(Found::Made { fingerprint: entry.fingerprint, made, commit: 0 });
                    }
                }
            }
        }
        Ok(if missing.is_empty() { Found::New } else { Found::Perhaps(missing) })
    }

    /// Takes a token of a commit into memory.
    pub fn add(&mut self, entry: &TokenEntry, commit: u64) {
        self.oldest_open = Some(self.oldest_open.map_or(entry.at, |oldest| oldest.min(entry.at)));
        self.open.insert(entry.hash, (entry.fingerprint, entry.made, entry.at, commit));
    }

    /// Takes a sealed segment into memory.
    pub fn add_segment(&mut self, segment: TokenSegment) {
        self.segments.push(segment);
    }

    /// The commit up to which the journal need not be read for tokens.
    pub fn sealed_commit(&self) -> u64 {
        self.segments.iter().map(|segment| segment.sealed_commit).max().unwrap_or(0)
    }

    /// How many tokens are not sealed yet.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Goes on with sealing, if it is time: the blocks to write now and, with the last ones, the segment.
    ///
    /// `durable` is the newest commit that cannot be lost: only tokens up to it are sealed. `open` is the commit that
    /// will write what is returned: its tokens stay in memory until that is durable, too.
    pub fn seal_step(&mut self, now: Timestamp, durable: u64, open: u64) -> Option<SealStep> {
        if self.sealing.is_none() && self.sealed.is_none() && self.seal_is_due(now) {
            self.begin_sealing(durable);
        }
        let sealing = self.sealing.as_mut()?;
        let until = (sealing.next + BLOCKS_PER_TURN).min(sealing.blocks.len());
        let number = sealing.segment.number;
        let written = (sealing.next..until)
            .map(|block| (block_key(number, block as u64), record::encode(&sealing.blocks[block])))
            .collect();
        sealing.next = until;
        if until < sealing.blocks.len() {
            return Some((written, None));
        }
        let done = self.sealing.take()?;
        let segment = done.segment.clone();
        self.sealed = Some((open, done));
        Some((written, Some(segment)))
    }

    /// Commits up to `durable` are durable: a segment that was written by them takes over from memory.
    pub fn durable(&mut self, durable: u64) {
        let Some((_, done)) = self.sealed.take_if(|(commit, _)| *commit <= durable) else { return };
        for hash in &done.sealed {
            self.open.remove(hash);
        }
        self.oldest_open = self.open.values().map(|value| value.2).min();
        self.segments.push(done.segment);
    }

    fn seal_is_due(&self, now: Timestamp) -> bool {
        let old = self.oldest_open.is_some_and(|oldest| now.millis() - oldest.millis() >= SEAL_AFTER_MS);
        self.open.len() >= SEGMENT_TOKENS_MAX || (old && self.open.len() >= SEGMENT_TOKENS_MIN)
    }

    fn begin_sealing(&mut self, durable: u64) {
        let mut entries: Vec<TokenEntry> = self
            .open
            .iter()
            .filter(|(_, value)| value.3 <= durable)
            .map(|(&hash, &(fingerprint, made, at, _))| TokenEntry { hash, fingerprint, made, at })
            .collect();
        let Some(newest) = entries.iter().map(|entry| entry.at).max() else { return };
        entries.sort_unstable_by_key(|entry| entry.hash);
        let blocks = entries.len().div_ceil(BLOCK_TOKENS).max(1);
        let bits = (entries.len() * FILTER_BITS_PER_TOKEN).next_multiple_of(8);
        let mut filter = vec![0; bits / 8];
        let mut shared = vec![Vec::new(); blocks];
        let mut sealed = Vec::with_capacity(entries.len());
        for entry in entries {
            for bit in probes(entry.hash, bits as u64) {
                filter[(bit / 8) as usize] |= 1 << (bit % 8);
            }
            shared[share(entry.hash.prefix(), blocks as u64) as usize].push(entry);
            sealed.push(entry.hash);
        }
        let number = self.segments.iter().map(|segment| segment.number + 1).max().unwrap_or(1);
        let segment = TokenSegment { number, newest, blocks: blocks as u32, sealed_commit: durable, filter };
        self.sealing = Some(Sealing { segment, blocks: shared, next: 0, sealed });
    }

    /// Forgets tokens older than the retention, and returns the segments that hold no other.
    pub fn expire(&mut self, oldest: Timestamp) -> Vec<TokenSegment> {
        self.open.retain(|_, value| value.2 >= oldest);
        let (expired, kept) =
            std::mem::take(&mut self.segments).into_iter().partition(|segment| segment.newest < oldest);
        self.segments = kept;
        expired
    }

    /// The range of block keys of a segment.
    pub fn block_range(segment: &TokenSegment) -> (KeyId, KeyId) {
        (block_key(segment.number, 0).id, block_key(segment.number + 1, 0).id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64, at: i64) -> TokenEntry {
        let hash = TokenHash::of("StartTaskContact", &format!("token-{n}"));
        TokenEntry { hash, fingerprint: [n as u8; 16], made: (n as u128).to_be_bytes(), at: Timestamp(at) }
    }

    fn find(tokens: &Tokens, n: u64, disk: &HashMap<Key, Vec<u8>>) -> Found {
        tokens.find(entry(n, 0).hash, Timestamp(0), &|key| Some(disk.get(key).cloned())).unwrap()
    }

    #[test]
    fn a_sealed_token_is_found_in_its_block_and_a_new_one_reads_nothing_much() {
        let mut tokens = Tokens::default();
        let count = SEGMENT_TOKENS_MIN as u64;
        for n in 0..count {
            tokens.add(&entry(n, 1), 5);
        }
        let mut disk = HashMap::new();
        let mut turns = 0;
        loop {
            let (blocks, segment) = tokens.seal_step(Timestamp(1 + SEAL_AFTER_MS), 5, 6).expect("sealing goes on");
            assert!(blocks.len() <= BLOCKS_PER_TURN);
            disk.extend(blocks);
            turns += 1;
            if segment.is_some() {
                break;
            }
        }
        assert!(turns > 1, "sealing is spread over turns");
        tokens.durable(5);
        assert_eq!(tokens.open_count(), count as usize, "what may be lost is not forgotten");
        tokens.durable(6);
        assert_eq!(tokens.open_count(), 0);
        assert_eq!(tokens.sealed_commit(), 5);
        for n in 0..count {
            let made = Uuid::from_bytes((n as u128).to_be_bytes());
            assert_eq!(find(&tokens, n, &disk), Found::Made { fingerprint: [n as u8; 16], made, commit: 0 });
        }
        let unread = |_: &Key| None;
        let false_hits = (count..2 * count)
            .filter(|&n| tokens.find(entry(n, 0).hash, Timestamp(0), &unread).unwrap() != Found::New)
            .count();
        assert!(false_hits < count as usize / 500, "{false_hits} of {count} new tokens would read a block");
        assert!((count..count + 100).all(|n| find(&tokens, n, &disk) == Found::New));
    }

    #[test]
    fn a_token_of_a_commit_that_may_be_lost_is_not_sealed() {
        let mut tokens = Tokens::default();
        for n in 0..SEGMENT_TOKENS_MIN as u64 {
            tokens.add(&entry(n, 1), n);
        }
        let durable = 100;
        while let Some((_, segment)) = tokens.seal_step(Timestamp(1 + SEAL_AFTER_MS), durable, 20_000) {
            if segment.is_some() {
                break;
            }
        }
        tokens.durable(20_000);
        assert_eq!(tokens.open_count(), SEGMENT_TOKENS_MIN - 101);
        assert_eq!(tokens.sealed_commit(), durable);
    }

    #[test]
    fn a_token_older_than_the_retention_is_new_again() {
        let mut tokens = Tokens::default();
        tokens.add(&entry(1, 10), 1);
        let none = |_: &Key| None;
        let hash = entry(1, 0).hash;
        assert!(matches!(tokens.find(hash, Timestamp(10), &none).unwrap(), Found::Made { commit: 1, .. }));
        assert_eq!(tokens.find(hash, Timestamp(11), &none).unwrap(), Found::New);
    }

    #[test]
    fn the_hash_of_a_token_is_fixed_for_all_versions() {
        let hash = TokenHash::of("StartTaskContact", "6d1fa5a1-0000-4000-8000-000000000001");
        let hex: String = hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
        expect_test::expect!["dd24f7ceb8926d742e53e324d68fe938"].assert_eq(&hex);
    }
}
