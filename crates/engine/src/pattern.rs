//! Text in which `*` stands for any characters: how references, functions and the like are named several at once.

use std::cmp::Reverse;
use std::fmt;

use minicbor::{Decode, Encode};

/// Stands for any characters, none included.
const ANY: char = '*';

/// A text, or a pattern of texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Pattern(#[n(0)] String);

impl Pattern {
    /// The pattern that is written so.
    pub fn new(text: impl Into<String>) -> Pattern {
        Pattern(text.into())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only one text fits.
    pub fn is_exact(&self) -> bool {
        !self.0.contains(ANY)
    }

    /// Whether a text fits: the parts between the `*` come in this order, the first at the start and the last at the
    /// end.
    pub fn fits(&self, text: &str) -> bool {
        let mut parts = self.0.split(ANY);
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            // The first place is as good as any: what comes later has the more room.
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }

    /// What goes before what when several fit, the least first: one without `*`, then the one with the most characters
    /// besides; the text decides between equals, so that the order is always the same.
    pub fn rank(&self) -> impl Ord + '_ {
        let weight = self.0.chars().filter(|c| *c != ANY).count();
        (Reverse(self.is_exact()), Reverse(weight), &self.0)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_texts() {
        let fits = |pattern: &str, text: &str| Pattern::new(pattern).fits(text);
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("a*", "a"), ("*a", "ba"), ("a*b*c", "axxbyyc"), ("a**c", "abc"), ("*/x", "/x")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("a", "ab"), ("a*", "ba"), ("*a", "ab"), ("a*b*c", "acb"), ("ab*ba", "aba"), ("a*a", "a")]
        {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn the_most_exact_goes_first() {
        let mut patterns = ["*", "a*b", "ab*", "abc", "z", "*abcd*"].map(Pattern::new);
        patterns.sort_by(|a, b| a.rank().cmp(&b.rank()));
        assert_eq!(patterns.each_ref().map(Pattern::as_str), ["abc", "z", "*abcd*", "a*b", "ab*", "*"]);
    }
}
