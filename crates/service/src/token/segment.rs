//! Sealed segments: the filter that is in memory, and the blocks on disk.

use engine::Timestamp;
use store::{Key, KeyId, Kind, Write};

use super::{TokenEntry, TokenHash};
use crate::kinds;
use crate::record::{self, DecodeError, Record};

/// Tokens of one block: about 4 KiB.
pub const BLOCK_TOKENS: usize = 64;
/// Size of a segment's filter; one miss in about two thousand reads a block in vain.
const FILTER_BITS_PER_TOKEN: usize = 16;
/// Probes of the filter for one token.
const FILTER_PROBES: u64 = 11;

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
    /// The segments that were merged into this one. Those that are still stored are not asked any more, and are deleted.
    #[n(5)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub replaces: Vec<u64>,
}

impl Record for TokenSegment {
    const KIND: Kind = kinds::TOKEN_SEGMENT;
    const NAME: &'static str = "token segment";

    fn id(&self) -> KeyId {
        self.number.to_be_bytes().into()
    }
}

impl TokenSegment {
    /// A segment for so many tokens, before the first is [noted](Self::note).
    pub(super) fn for_tokens(number: u64, tokens: usize, blocks: u32, newest: Timestamp, sealed_commit: u64) -> Self {
        let filter = vec![0; (tokens * FILTER_BITS_PER_TOKEN).div_ceil(8)];
        TokenSegment { number, newest, blocks, sealed_commit, filter, replaces: Vec::new() }
    }

    /// How many tokens it was made for.
    pub fn tokens(&self) -> usize {
        self.filter.len() * 8 / FILTER_BITS_PER_TOKEN
    }

    /// Enters a token into the filter.
    pub(super) fn note(&mut self, hash: TokenHash) {
        for bit in probes(hash, self.bits()) {
            self.filter[(bit / 8) as usize] |= 1 << (bit % 8);
        }
    }

    /// Whether a token can be in it; never wrong about one that is.
    pub fn may_hold(&self, hash: TokenHash) -> bool {
        probes(hash, self.bits()).all(|bit| self.filter[(bit / 8) as usize] & (1 << (bit % 8)) != 0)
    }

    fn bits(&self) -> u64 {
        self.filter.len() as u64 * 8
    }

    /// The block that a token is in, if it is in the segment.
    pub(super) fn block_of(&self, hash: TokenHash) -> u64 {
        share(hash.prefix(), u64::from(self.blocks))
    }

    /// The key of a block.
    pub(super) fn block_key(&self, block: u64) -> Key {
        block_key(self.number, block)
    }

    /// The keys of the blocks that hold a part of the hash space, of so many parts.
    pub(super) fn blocks_of_part(&self, part: u64, parts: u64) -> impl Iterator<Item = Key> {
        let blocks = u64::from(self.blocks);
        let first = share(first_of_share(part, parts), blocks);
        let last = if part + 1 < parts { share(first_of_share(part + 1, parts) - 1, blocks) } else { blocks - 1 };
        (first..=last).map(|block| self.block_key(block))
    }

    /// What takes it off the disk.
    pub fn deletion(&self) -> [Write; 2] {
        let (from, to) = (block_key(self.number, 0).id, block_key(self.number + 1, 0).id);
        [Write::DeleteRange { kind: kinds::TOKEN_BLOCK, from, to }, Write::Delete { key: self.key() }]
    }
}

/// The tokens of a stored block.
///
/// # Errors
/// It is not there, though every block is written before its segment is, or cannot be read.
pub(super) fn decode_block(block: Option<&[u8]>) -> Result<Vec<TokenEntry>, DecodeError> {
    record::decode(block.unwrap_or_default())
}

/// The segment and the block that a key of a block is of.
pub fn place_of_block(id: &[u8]) -> Option<(u64, u64)> {
    let (segment, block) = id.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*segment), u64::from_be_bytes(block.try_into().ok()?)))
}

/// Which of so many equal parts of the hash space a prefix is in.
pub(super) fn share(prefix: u64, parts: u64) -> u64 {
    ((u128::from(prefix) * u128::from(parts)) >> 64) as u64
}

/// The smallest prefix in a part.
fn first_of_share(part: u64, parts: u64) -> u64 {
    (u128::from(part) << 64).div_ceil(u128::from(parts)) as u64
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
