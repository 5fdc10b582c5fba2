//! What happened in a run: its last lines to read, and all of them as one number to compare.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};

/// Lines that are kept.
const LINES_MAX: usize = 120;

/// The steps of a run.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: VecDeque<String>,
    count: u64,
    counts: BTreeMap<&'static str, u64>,
    hasher: DefaultHasher,
}

impl Trace {
    pub(crate) fn note(&mut self, line: &str) {
        self.hasher.write(line.as_bytes());
        self.count += 1;
        self.lines.push_back(format!("{:>6} {line}", self.count));
        if self.lines.len() > LINES_MAX {
            self.lines.pop_front();
        }
    }

    /// Notes that something happened that is worth counting.
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// How often what happened.
    pub(crate) fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Equal for runs that did the same.
    pub(crate) fn digest(&self) -> u64 {
        self.hasher.finish()
    }

    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
