//! What a reader sees of one scope's recent changes, over what its snapshot of the tables has.

use std::cmp::Ordering;
use std::collections::btree_map;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use super::{Changes, Value};
use crate::batch::ScopeHead;
use crate::key::{KeyId, Kind};
use crate::{Direction, Scan};

/// The recent changes of one scope at one moment.
#[derive(Clone, Debug, Default)]
pub(in crate::sqlite) struct View {
    pub(super) young: Option<Arc<Changes>>,
    pub(super) old: Option<Arc<Changes>>,
}

/// What recent changes say of a record.
pub(in crate::sqlite) enum Found<'v> {
    /// This is its value.
    Value(&'v [u8]),
    /// It was deleted.
    Deleted,
    /// Nothing: the tables have it, or nobody.
    Unchanged,
}

impl View {
    /// Where the scope stands, given what the tables say.
    pub(in crate::sqlite) fn head(&self, stored: Option<ScopeHead>) -> Option<ScopeHead> {
        self.newest().next().map(|changes| changes.head).or(stored)
    }

    /// What is known of a record.
    pub(in crate::sqlite) fn find(&self, kind: Kind, id: &[u8]) -> Found<'_> {
        match self.newest().find_map(|changes| changes.value(kind, id)) {
            Some(Some(value)) => Found::Value(value),
            Some(None) => Found::Deleted,
            None => Found::Unchanged,
        }
    }

    /// Whether there are no recent changes.
    pub(in crate::sqlite) fn is_empty(&self) -> bool {
        self.young.is_none() && self.old.is_none()
    }

    /// The hot records that were written.
    pub(in crate::sqlite) fn hot(&self) -> impl Iterator<Item = (Kind, &KeyId, &[u8])> {
        let young = self.young.as_deref();
        let written = self.newest().flat_map(|changes| changes.values.range(..Kind::HOT_END));
        written.flat_map(move |(kind, values)| {
            values.iter().filter_map(move |(id, value)| match value {
                // A value of the old generation counts where the young one says nothing, and then it is found as well.
                Some(value) if self.is_newest(young, *kind, id, value) => Some((*kind, id, &**value)),
                _ => None,
            })
        })
    }

    fn is_newest(&self, young: Option<&Changes>, kind: Kind, id: &[u8], value: &Arc<[u8]>) -> bool {
        match young.and_then(|young| young.value(kind, id)) {
            Some(newest) => newest.as_ref().is_some_and(|newest| Arc::ptr_eq(newest, value)),
            None => true,
        }
    }

    fn newest(&self) -> impl Iterator<Item = &Changes> {
        self.young.iter().chain(&self.old).map(|changes| &**changes)
    }

    /// What was written in a scan's range, in its direction: a value, or that there is none.
    pub(in crate::sqlite) fn scan<'v>(&'v self, scan: &Scan) -> Written<'v> {
        let range = |changes: Option<&'v Changes>| {
            let from = Bound::Included(&scan.from[..]);
            let to = scan.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let inverted = scan.to.as_deref().is_some_and(|to| to <= &scan.from[..]);
            let values = changes.filter(|_| !inverted).and_then(|changes| changes.values.get(&scan.kind));
            let range = values.map(|values| values.range::<[u8], _>((from, to)));
            Directed { range, direction: scan.direction }.peekable()
        };
        let young = self.young.as_deref();
        Written {
            young: range(young),
            old: range(self.old.as_deref()),
            changes: young,
            scan: scan.kind,
            direction: scan.direction,
        }
    }
}

struct Directed<'v> {
    range: Option<btree_map::Range<'v, KeyId, Value>>,
    direction: Direction,
}

impl<'v> Iterator for Directed<'v> {
    type Item = (&'v KeyId, &'v Value);

    fn next(&mut self) -> Option<Self::Item> {
        let range = self.range.as_mut()?;
        match self.direction {
            Direction::Ascending => range.next(),
            Direction::Descending => range.next_back(),
        }
    }
}

/// Ids and values in order, merged from both generations.
pub(in crate::sqlite) struct Written<'v> {
    young: Peekable<Directed<'v>>,
    old: Peekable<Directed<'v>>,
    changes: Option<&'v Changes>,
    scan: Kind,
    direction: Direction,
}

impl<'v> Iterator for Written<'v> {
    type Item = (&'v KeyId, Option<&'v [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.young.peek(), self.old.peek()) {
            (Some((young, _)), Some((old, _))) => in_direction(self.direction, young, old),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        if order != Ordering::Greater {
            if order == Ordering::Equal {
                self.old.next();
            }
            return self.young.next().map(|(id, value)| (id, value.as_deref()));
        }
        let (id, value) = self.old.next()?;
        let is_deleted = self.changes.is_some_and(|young| young.is_range_deleted(self.scan, id));
        Some((id, value.as_deref().filter(|_| !is_deleted)))
    }
}

/// Which of two ids comes first.
pub(in crate::sqlite) fn in_direction(direction: Direction, one: &[u8], other: &[u8]) -> Ordering {
    match direction {
        Direction::Ascending => one.cmp(other),
        Direction::Descending => other.cmp(one),
    }
}
