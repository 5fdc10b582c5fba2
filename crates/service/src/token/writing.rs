//! Segments that are being written, some blocks a turn: from tokens in memory, or from segments on disk.

use store::Key;

use super::segment::{BLOCK_TOKENS, TokenSegment, decode_block, share};
use super::{TokenBounds, TokenEntry, TokenHash};
use crate::record::{self, DecodeError};

/// The blocks to write in one turn and, with the last ones, the segment.
pub type Step = (Vec<(Key, Vec<u8>)>, Option<TokenSegment>);

/// What a segment takes the place of once it is durable.
#[derive(Debug)]
pub(super) enum Source {
    /// Tokens in memory.
    Open(Vec<TokenHash>),
    /// Segments, by number.
    Segments(Vec<u64>),
}

/// A segment of tokens in memory.
#[derive(Debug)]
pub(super) struct Sealing {
    segment: TokenSegment,
    blocks: Vec<Vec<TokenEntry>>,
    next: usize,
    sealed: Vec<TokenHash>,
}

impl Sealing {
    /// Sorts tokens, at least one, into blocks.
    pub(super) fn new(number: u64, mut entries: Vec<TokenEntry>, sealed_commit: u64) -> Self {
        let newest = entries.iter().map(|entry| entry.at).max().expect("a segment has tokens");
        entries.sort_unstable_by_key(|entry| entry.hash);
        let blocks = entries.len().div_ceil(BLOCK_TOKENS);
        let mut segment = TokenSegment::for_tokens(number, entries.len(), blocks as u32, newest, sealed_commit);
        let mut shared = vec![Vec::new(); blocks];
        let mut sealed = Vec::with_capacity(entries.len());
        for entry in entries {
            segment.note(entry.hash);
            sealed.push(entry.hash);
            shared[segment.block_of(entry.hash) as usize].push(entry);
        }
        Sealing { segment, blocks: shared, next: 0, sealed }
    }

    /// The next blocks, at most `blocks_max`.
    pub(super) fn step(&mut self, blocks_max: usize) -> Step {
        let until = (self.next + blocks_max).min(self.blocks.len());
        let segment = &self.segment;
        let written = (self.next..until)
            .map(|block| (segment.block_key(block as u64), record::encode(&self.blocks[block])))
            .collect();
        self.next = until;
        (written, (until == self.blocks.len()).then(|| segment.clone()))
    }

    pub(super) fn end(self) -> (TokenSegment, Source) {
        (self.segment, Source::Open(self.sealed))
    }
}

/// One segment of several, written in equal parts of the hash space: each reads the blocks that hold it, one or two of
/// a segment that was sealed in one go, and writes its own.
#[derive(Debug)]
pub(super) struct Merging {
    segment: TokenSegment,
    sources: Vec<TokenSegment>,
    parts: u64,
    next: u64,
}

impl Merging {
    /// Merges segments, at least one.
    pub(super) fn new(number: u64, sources: Vec<TokenSegment>, bounds: &TokenBounds) -> Self {
        let tokens = sources.iter().map(TokenSegment::tokens).sum::<usize>();
        let blocks = tokens.div_ceil(BLOCK_TOKENS);
        let parts = blocks.div_ceil(bounds.blocks_per_turn);
        // Every part has equally many blocks, so that none of them is in two.
        let blocks = parts * blocks.div_ceil(parts);
        let newest = sources.iter().map(|source| source.newest).max().expect("there are sources");
        let sealed_commit = sources.iter().map(|source| source.sealed_commit).max().expect("there are sources");
        let mut segment = TokenSegment::for_tokens(number, tokens, blocks as u32, newest, sealed_commit);
        segment.replaces = sources.iter().map(|source| source.number).collect();
        Merging { segment, sources, parts: parts as u64, next: 0 }
    }

    pub(super) fn replaces(&self, number: u64) -> bool {
        self.segment.replaces.contains(&number)
    }

    /// The blocks that the next part is made of.
    pub(super) fn keys(&self) -> Vec<Key> {
        self.sources.iter().flat_map(|source| source.blocks_of_part(self.next, self.parts)).collect()
    }

    /// The blocks of the next part, made of those of [`Self::keys`].
    pub(super) fn step(&mut self, read: &[Option<&[u8]>]) -> Result<Step, DecodeError> {
        let per_part = u64::from(self.segment.blocks) / self.parts;
        let first = self.next * per_part;
        let mut blocks = vec![Vec::new(); per_part as usize];
        for block in read {
            for entry in decode_block(*block)? {
                if share(entry.hash.prefix(), self.parts) == self.next {
                    self.segment.note(entry.hash);
                    blocks[(self.segment.block_of(entry.hash) - first) as usize].push(entry);
                }
            }
        }
        let written = (first..).zip(&mut blocks).map(|(number, block)| {
            block.sort_unstable_by_key(|entry| entry.hash);
            (self.segment.block_key(number), record::encode(block))
        });
        let written = written.collect();
        self.next += 1;
        Ok((written, (self.next == self.parts).then(|| self.segment.clone())))
    }

    pub(super) fn end(self) -> (TokenSegment, Source) {
        let replaced = self.segment.replaces.clone();
        (self.segment, Source::Segments(replaced))
    }
}
