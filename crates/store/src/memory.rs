//! A store in memory, for tests and the simulator. It is also the shortest statement of what a store does.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::batch::{Batch, CommitNumber, Epoch, ScopeHead, Write};
use crate::error::{CommitError, Refusal, Unavailable};
use crate::key::{KEY_ID_MAX, Key, KeyId, Scope};
use crate::{Deleted, Direction, EachRecord, Page, Row, Scan, Store, Values};

/// Records in ordered maps. "Durable" means as long as the value lives.
#[derive(Default)]
pub struct MemoryStore {
    scopes: Mutex<BTreeMap<Scope, Records>>,
}

#[derive(Clone)]
struct Records {
    head: ScopeHead,
    rows: BTreeMap<Key, Vec<u8>>,
}

impl Records {
    const EMPTY: Records = Records { head: ScopeHead::NEW, rows: BTreeMap::new() };

    fn apply(&mut self, batch: &Batch) {
        for write in batch.writes.iter().skip(usize::from(cfg!(feature = "mutant-torn-commit"))) {
            match write {
                Write::Put { key, value } => {
                    self.rows.insert(key.clone(), value.clone());
                }
                Write::Delete { key } => {
                    self.rows.remove(key);
                }
                Write::DeleteRange { kind, from, to } if from < to => {
                    let range = Key::new(*kind, from.clone())..Key::new(*kind, to.clone());
                    let keys: Vec<Key> = self.rows.range(range).map(|(key, _)| key.clone()).collect();
                    for key in keys {
                        self.rows.remove(&key);
                    }
                }
                Write::DeleteRange { .. } => {}
            }
        }
        self.head = batch.head();
    }
}

impl MemoryStore {
    /// A store without records.
    pub fn new() -> Self {
        Self::default()
    }

    fn scopes(&self) -> MutexGuard<'_, BTreeMap<Scope, Records>> {
        // A panic in a caller's closure can not leave the maps half changed: `commit` checks first and calls no one.
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn heads(&self, after: Option<Scope>, limit: usize) -> Result<Vec<(Scope, ScopeHead)>, Unavailable> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let scopes = self.scopes();
        Ok(scopes.range((start, Bound::Unbounded)).take(limit).map(|(scope, records)| (*scope, records.head)).collect())
    }

    fn head(&self, scope: Scope) -> Result<Option<ScopeHead>, Unavailable> {
        Ok(self.scopes().get(&scope).map(|records| records.head))
    }

    fn acquire(&self, scope: Scope) -> Result<ScopeHead, Unavailable> {
        Ok(self.head(scope)?.unwrap_or(ScopeHead::NEW))
    }

    fn load_hot(&self, scope: Scope, each: &mut EachRecord) -> Result<ScopeHead, Unavailable> {
        let scopes = self.scopes();
        let Some(records) = scopes.get(&scope) else { return Ok(ScopeHead::NEW) };
        for (key, value) in records.rows.iter().take_while(|(key, _)| key.kind.is_hot()) {
            each(key.kind, &key.id, value);
        }
        Ok(records.head)
    }

    fn get(&self, scope: Scope, keys: &[Key]) -> Result<(CommitNumber, Values), Unavailable> {
        let scopes = self.scopes();
        let Some(records) = scopes.get(&scope) else { return Ok((CommitNumber::ZERO, vec![None; keys.len()])) };
        Ok((records.head.number, keys.iter().map(|key| records.rows.get(key).cloned()).collect()))
    }

    fn scan(&self, scope: Scope, scan: &Scan) -> Result<Page, Unavailable> {
        let scopes = self.scopes();
        let Some(records) = scopes.get(&scope) else {
            return Ok(Page { as_of: CommitNumber::ZERO, rows: Vec::new(), more: false });
        };
        let start = Key { kind: scan.kind, id: KeyId::limit(&scan.from) };
        let end = match &scan.to {
            Some(to) => Bound::Excluded(Key { kind: scan.kind, id: KeyId::limit(to) }),
            None => Bound::Included(Key { kind: scan.kind, id: KeyId::limit(&[u8::MAX; KEY_ID_MAX + 1]) }),
        };
        let inverted = matches!(&end, Bound::Excluded(end) if *end <= start);
        let range = (!inverted).then(|| records.rows.range((Bound::Included(start), end)));
        let ordered: Box<dyn Iterator<Item = (&Key, &Vec<u8>)>> = match scan.direction {
            Direction::Ascending => Box::new(range.into_iter().flatten()),
            Direction::Descending => Box::new(range.into_iter().flatten().rev()),
        };
        let mut page = Page { as_of: records.head.number, rows: Vec::new(), more: false };
        let mut bytes = 0;
        for (key, value) in ordered {
            bytes += key.id.len() + value.len();
            if page.rows.len() == scan.rows_max || (bytes > scan.bytes_max && !page.rows.is_empty()) {
                page.more = true;
                break;
            }
            page.rows.push(Row { key: key.clone(), value: value.clone() });
        }
        Ok(page)
    }

    fn commit(&self, batches: &[Batch]) -> Result<(), CommitError> {
        let mut scopes = self.scopes();
        let mut seen = BTreeSet::new();
        for batch in batches {
            assert!(seen.insert(batch.scope), "two batches of scope {} in one commit", batch.scope);
            let head = scopes.get(&batch.scope).map_or(ScopeHead::NEW, |records| records.head);
            batch.check(&head).map_err(|refusal| CommitError::Refused { scope: batch.scope, refusal })?;
        }
        for batch in batches {
            scopes.entry(batch.scope).or_insert(Records::EMPTY).apply(batch);
        }
        Ok(())
    }

    fn delete_scope(&self, scope: Scope, epoch: Epoch, rows_max: usize) -> Result<Deleted, CommitError> {
        let mut scopes = self.scopes();
        let Some(records) = scopes.get_mut(&scope) else { return Ok(Deleted::All) };
        if epoch != records.head.epoch {
            let refusal = Refusal::WrongEpoch { owner: records.head.epoch, given: epoch };
            return Err(CommitError::Refused { scope, refusal });
        }
        for _ in 0..rows_max {
            if records.rows.pop_first().is_none() {
                scopes.remove(&scope);
                return Ok(Deleted::All);
            }
        }
        Ok(Deleted::Some)
    }
}

#[cfg(test)]
mod tests;
