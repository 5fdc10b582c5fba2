//! The reference map: what flows from elsewhere refer to, and which resource of this instance is meant (ADR 16).
//!
//! A flow that was published in another instance names its queues, flows, hours and modules by ids and ARNs of that
//! instance. Its content stays byte for byte; what leads to nothing here is looked up in this map, at publication and
//! when it runs. Functions are not in it: where they run is a matter of configuration.

use std::borrow::Cow;
use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::arn::id_of;
use crate::pattern::Pattern;

/// Most entries of a map.
pub const ENTRIES_MAX: usize = 1_000;
/// Longest reference and longest target, in bytes.
pub const TEXT_BYTES_MAX: usize = 500;
/// References of elsewhere and what they mean here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct ReferenceMap {
    /// References and targets, in the order in which they are asked.
    #[n(0)]
    entries: Vec<(Pattern, String)>,
}

/// Why a map is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReferenceMap {
    /// Too many entries.
    #[error(
        "the reference map has {0} entries, at most {ENTRIES_MAX} are allowed: map several references at once by a pattern such as \
         arn:aws:connect:*:instance/*/queue/*"
    )]
    TooMany(usize),
    /// A reference or a target that is empty or too long.
    #[error("{what} {text:?} of the reference map has {} bytes, give 1 to {TEXT_BYTES_MAX}", text.len())]
    Length {
        /// Which of the two.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// A target that is a pattern.
    #[error(
        "the reference {reference:?} leads to {target:?}, which is a pattern: give the id or the ARN of one resource of this instance"
    )]
    PatternAsTarget {
        /// The reference.
        reference: String,
        /// The target.
        target: String,
    },
}

impl ReferenceMap {
    /// A map of these references and targets. A reference is an ARN or an id of elsewhere, in which `*` stands for any
    /// characters; a target is an ARN or an id of here.
    pub fn new(entries: BTreeMap<String, String>) -> Result<ReferenceMap, NotAReferenceMap> {
        if entries.len() > ENTRIES_MAX {
            return Err(NotAReferenceMap::TooMany(entries.len()));
        }
        let mut map = ReferenceMap::default();
        for (reference, target) in entries {
            for (what, text) in [("reference", &reference), ("target", &target)] {
                if !(1..=TEXT_BYTES_MAX).contains(&text.len()) {
                    return Err(NotAReferenceMap::Length { what, text: text.clone() });
                }
            }
            if !Pattern::new(target.as_str()).is_exact() {
                return Err(NotAReferenceMap::PatternAsTarget { reference, target });
            }
            map.entries.push((Pattern::new(reference), target));
        }
        map.entries.sort_by(|(a, _), (b, _)| a.rank().cmp(&b.rank()));
        Ok(map)
    }

    /// All references with their targets, in the order in which they are asked.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(reference, target)| (reference.as_str(), target.as_str()))
    }

    /// What a reference of a flow means here, as the map gives it; `None` when it says nothing of it.
    ///
    /// An entry fits the whole text or the id at its end. One without `*` goes before patterns, and of several the one
    /// with the most characters besides `*`. A version or alias after the id (`<id>:$LATEST`) that no entry names goes
    /// over to the target, unless that has one.
    pub fn target(&self, given: &str) -> Option<Cow<'_, str>> {
        if let Some(target) = self.target_of_whole(given) {
            return Some(Cow::Borrowed(target));
        }
        let (_, edition) = id_of(given).split_once(':').filter(|_| !id_of(given).starts_with("arn:"))?;
        let target = self.target_of_whole(&given[..given.len() - edition.len() - 1])?;
        let has_edition = id_of(target).contains(':');
        Some(if has_edition { Cow::Borrowed(target) } else { Cow::Owned(format!("{target}:{edition}")) })
    }

    fn target_of_whole(&self, given: &str) -> Option<&str> {
        let fits = |reference: &Pattern| reference.fits(given) || reference.fits(id_of(given));
        self.entries.iter().find(|(reference, _)| fits(reference)).map(|(_, target)| target.as_str())
    }
}

/// Looks for what a reference of a flow names: among the resources of this instance and then, when there is no such
/// resource, where `mapped` leads. `find` is given an id, with the version or alias that is behind it.
pub fn look_up<T>(
    given: &str,
    mapped: impl FnOnce(&str) -> Option<String>,
    find: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    find(id_of(given)).or_else(|| find(id_of(&mapped(given)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> Result<ReferenceMap, NotAReferenceMap> {
        ReferenceMap::new(entries.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect())
    }

    #[test]
    fn exact_entries_come_before_patterns_and_longer_patterns_before_shorter_ones() {
        let map = map(&[
            ("*", "anything"),
            ("arn:*/queue/*", "any queue"),
            ("arn:aws:connect:eu:1:instance/i/queue/*", "a queue of i"),
            ("arn:aws:connect:eu:1:instance/i/queue/billing", "billing"),
            ("sales", "sales here"),
        ])
        .unwrap();
        let target = |given: &str| map.target(given).unwrap().into_owned();
        assert_eq!(target("arn:aws:connect:eu:1:instance/i/queue/billing"), "billing");
        assert_eq!(target("arn:aws:connect:eu:1:instance/i/queue/other"), "a queue of i");
        assert_eq!(target("arn:aws:connect:us:2:instance/j/queue/other"), "any queue");
        assert_eq!(target("arn:aws:connect:us:2:instance/j/queue/sales"), "sales here");
        assert_eq!(target("sales"), "sales here");
        assert_eq!(target("arn:aws:connect:us:2:instance/j/contact-flow/x"), "anything");
        assert_eq!(map.entries().last(), Some(("*", "anything")));
        assert_eq!(minicbor::decode::<ReferenceMap>(&minicbor::to_vec(&map).unwrap()).unwrap(), map);
    }

    #[test]
    fn a_version_goes_over_to_the_target() {
        let map = map(&[("m", "arn:here/flow-module/own"), ("m:7", "own:2"), ("n", "own:gold")]).unwrap();
        let target = |given: &str| map.target(given).map(Cow::into_owned);
        assert_eq!(target("m").as_deref(), Some("arn:here/flow-module/own"));
        assert_eq!(target("m:$LATEST").as_deref(), Some("arn:here/flow-module/own:$LATEST"));
        assert_eq!(target("arn:there/flow-module/m:7").as_deref(), Some("own:2"));
        assert_eq!(target("n:3").as_deref(), Some("own:gold"));
        assert_eq!(target("o:3"), None);
        assert_eq!(target("arn:aws:lambda:eu:1:function:f"), None);
    }

    #[test]
    fn what_is_of_this_instance_is_not_mapped() {
        let own = |id: &str| (id == "own").then_some(id.len());
        assert_eq!(look_up("arn:x/own", |_| panic!("not asked"), own), Some(3));
        assert_eq!(look_up("foreign", |given| Some(format!("arn:{given}/own")), own), Some(3));
        assert_eq!(look_up("foreign", |_| None, own), None);
    }

    #[test]
    fn maps_that_make_no_sense_are_refused() {
        let refused = |entries: &[(&str, &str)]| map(entries).unwrap_err().to_string();
        assert_eq!(
            refused(&[("a", "b*")]),
            "the reference \"a\" leads to \"b*\", which is a pattern: give the id or the ARN of one resource of this instance"
        );
        assert_eq!(refused(&[("", "b")]), "reference \"\" of the reference map has 0 bytes, give 1 to 500");
        let many = (0..=ENTRIES_MAX).map(|n| (n.to_string(), "x".to_owned())).collect();
        let many = ReferenceMap::new(many).unwrap_err().to_string();
        assert!(many.starts_with("the reference map has 1001 entries, at most 1000 are allowed"), "{many}");
    }
}
