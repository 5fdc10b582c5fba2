//! What was committed and is not in the tables yet.
//!
//! A commit appends one row with all of its batches to the table `recent`, whatever their scopes, and its changes are
//! kept here. Later they are *folded*: written to the tables, ordered by scope, so that a page of an index is written
//! once for the changes of many commits. ADR 2 has why and how much that is worth.
//!
//! There are two generations: the young one takes what is committed, the old one is being folded. Invariant: the
//! table `recent` holds an unbroken run of commits that ends with the last one, and the tables hold at least what was
//! committed before it. So a value that is found here is never older than one in the tables, and a process that died
//! finds everything again by reading `recent` in its order.

mod entry;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::Arc;

use crate::batch::{Batch, ScopeHead, Write};
use crate::key::{KeyId, Kind, Scope};

pub(super) use entry::{decode, encode};
pub(super) use view::{Found, View, in_direction};

/// What a statement costs a fold, counted as bytes.
pub(super) const STATEMENT_BYTES: usize = 128;

/// What it costs to fold a batch, in bytes.
pub(super) fn cost(batch: &Batch) -> usize {
    batch.bytes() + (batch.writes.len() + 1) * STATEMENT_BYTES
}

/// The value that a record has now; `None` where it was deleted.
pub(super) type Value = Option<Arc<[u8]>>;

/// Values of a kind by id.
pub(super) type Values = BTreeMap<KeyId, Value>;

/// The changes of one scope.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    /// Where the scope stands after them.
    pub(super) head: ScopeHead,
    /// Records that were deleted by range, before any of `values` was written.
    pub(super) ranges: Vec<Range>,
    /// What was written, by kind.
    pub(super) values: BTreeMap<Kind, Values>,
}

/// Records of a kind with `from <= id < to`.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) kind: Kind,
    pub(super) from: KeyId,
    pub(super) to: KeyId,
}

impl Range {
    fn covers(&self, kind: Kind, id: &[u8]) -> bool {
        self.kind == kind && *self.from <= *id && *id < *self.to
    }
}

impl Changes {
    fn new(head: ScopeHead) -> Self {
        Changes { head, ranges: Vec::new(), values: BTreeMap::new() }
    }

    fn apply(&mut self, batch: &Batch) {
        for write in &batch.writes {
            match write {
                Write::Put { key, value } => {
                    self.values.entry(key.kind).or_default().insert(key.id.clone(), Some(Arc::from(&value[..])));
                }
                Write::Delete { key } => {
                    self.values.entry(key.kind).or_default().insert(key.id.clone(), None);
                }
                Write::DeleteRange { kind, from, to } => {
                    let range = Range { kind: *kind, from: from.clone(), to: to.clone() };
                    if let Some(values) = self.values.get_mut(kind) {
                        values.retain(|id, _| !range.covers(*kind, id));
                    }
                    self.ranges.push(range);
                }
            }
        }
        self.head = batch.head();
    }

    fn is_range_deleted(&self, kind: Kind, id: &[u8]) -> bool {
        self.ranges.iter().any(|range| range.covers(kind, id))
    }

    /// What is known here of a record; `None` where that is nothing.
    fn value(&self, kind: Kind, id: &[u8]) -> Option<&Value> {
        static DELETED: Value = None;
        let written = self.values.get(&kind).and_then(|values| values.get(id));
        written.or_else(|| self.is_range_deleted(kind, id).then_some(&DELETED))
    }
}

/// Changes that are folded together.
#[derive(Debug, Default)]
pub(super) struct Generation {
    pub(super) scopes: HashMap<Scope, Arc<Changes>>,
    /// What its commits cost.
    cost: usize,
}

impl Generation {
    fn apply(&mut self, batch: &Batch) {
        let changes = self.scopes.entry(batch.scope).or_insert_with(|| Arc::new(Changes::new(batch.head())));
        // A reader that still looks at them keeps what it sees.
        Arc::make_mut(changes).apply(batch);
        self.cost += cost(batch);
    }
}

/// Both generations.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: Generation,
    old: Arc<Generation>,
}

impl Recent {
    /// Takes what was committed.
    pub(super) fn apply(&mut self, batches: &[Batch]) {
        for batch in batches {
            self.young.apply(batch);
        }
    }

    /// Where a scope stands, if that is known here.
    pub(super) fn head(&self, scope: Scope) -> Option<ScopeHead> {
        let changes = self.young.scopes.get(&scope).or_else(|| self.old.scopes.get(&scope));
        changes.map(|changes| changes.head)
    }

    /// The scopes that are known here, with their heads.
    pub(super) fn heads(&self) -> impl Iterator<Item = (Scope, ScopeHead)> {
        let old = self.old.scopes.iter().filter(|(scope, _)| !self.young.scopes.contains_key(scope));
        self.young.scopes.iter().chain(old).map(|(scope, changes)| (*scope, changes.head))
    }

    /// What is known here of one scope, as it is now.
    pub(super) fn view(&self, scope: Scope) -> View {
        View { young: self.young.scopes.get(&scope).cloned(), old: self.old.scopes.get(&scope).cloned() }
    }

    /// What it costs to fold the young generation, in bytes.
    pub(super) fn young_cost(&self) -> usize {
        self.young.cost
    }

    /// Whether nothing is to be folded.
    pub(super) fn is_empty(&self) -> bool {
        self.young.scopes.is_empty() && self.old.scopes.is_empty()
    }

    /// The young generation becomes the old one, which must have been folded, and is returned.
    pub(super) fn age(&mut self) -> Arc<Generation> {
        assert!(self.old.scopes.is_empty(), "a generation is folded before the next");
        self.old = Arc::new(mem::take(&mut self.young));
        Arc::clone(&self.old)
    }

    /// The old generation is in the tables.
    pub(super) fn folded(&mut self) {
        self.old = Arc::default();
    }
}
