//! The writer's connection: commits, folding them into the tables, and the deletion of scopes.

use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, RwLock};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::checkpoint::Signal;
use super::connection::failed;
use super::read::find;
use super::recent::{self, Changes, Generation, Range, Recent, STATEMENT_BYTES};
use super::{read_lock, write_lock};
use crate::batch::{Batch, Epoch, ScopeHead};
use crate::error::{CommitError, Reason, Refusal, Unavailable};
use crate::key::{KeyId, Kind, Scope};
use crate::{Deleted, Key};

/// How many bytes of changes make a generation: what a process that died reads again at its next start.
pub(crate) const GENERATION_BYTES: usize = 16 << 20;
/// A commit folds this much more than it brings, so that the old generation is in the tables before the young one is full.
const FOLD_PERCENT: usize = 125;
/// And at least this part of a generation.
const FOLD_PART_MIN: usize = 1_024;
/// How many rows of `recent` that are in the tables a commit deletes.
const TRIM_ROWS_MAX: i64 = 16;

/// The one connection that writes records. After a failure it is thrown away and opened again by the next call.
pub(crate) struct Writer {
    open: Box<dyn Fn() -> Result<Connection, Unavailable> + Send>,
    connection: Option<Connection>,
    signal: Arc<Signal>,
    recent: Arc<RwLock<Recent>>,
    generation_bytes: usize,
    /// The number of each scope's row, which never changes while the scope is there.
    numbers: HashMap<Scope, i64>,
    folding: Option<Folding>,
    /// Rows of `recent` up to this one are in the tables.
    folded_row: i64,
    /// The last row of `recent`.
    last_row: i64,
    /// Whether there are rows to be deleted.
    to_trim: bool,
}

/// How far the old generation is in the tables.
struct Folding {
    generation: Arc<Generation>,
    /// Its scopes in the order of their rows' numbers, the new ones last.
    order: Vec<Scope>,
    /// The scope that is next.
    position: usize,
    /// The last record of it that was written.
    after: Option<Key>,
    /// The last row of `recent` that belongs to the generation.
    last_row: i64,
}

/// Why a transaction was rolled back.
enum Halt {
    Failed(rusqlite::Error),
    Refused { scope: Scope, refusal: Refusal },
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Halt::Failed(error)
    }
}

impl Writer {
    pub(crate) fn new(
        signal: Arc<Signal>,
        recent: Arc<RwLock<Recent>>,
        generation_bytes: usize,
        open: impl Fn() -> Result<Connection, Unavailable> + Send + 'static,
    ) -> Self {
        Writer {
            open: Box::new(open),
            connection: None,
            signal,
            recent,
            generation_bytes,
            numbers: HashMap::new(),
            folding: None,
            folded_row: 0,
            last_row: 0,
            to_trim: false,
        }
    }

    /// The connection, opened again if the last call failed. What the database has of recent commits is then read
    /// again: the failed one may be among them.
    pub(crate) fn connection(&mut self, path: &Path) -> Result<&mut Connection, Unavailable> {
        if self.connection.is_none() {
            let connection = (self.open)()?;
            self.read_recent(&connection, path)?;
            self.connection = Some(connection);
        }
        Ok(self.connection.as_mut().expect("it was opened just before"))
    }

    fn read_recent(&mut self, connection: &Connection, path: &Path) -> Result<(), Unavailable> {
        let read_failed = |error| failed("open", path, error);
        let mut found = Recent::default();
        let mut last_row = 0;
        let mut statement = connection.prepare("SELECT row, batches FROM recent ORDER BY row").map_err(read_failed)?;
        let mut rows = statement.query([]).map_err(read_failed)?;
        while let Some(row) = rows.next().map_err(read_failed)? {
            last_row = row.get(0).map_err(read_failed)?;
            let bytes = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(read_failed)?;
            let batches = recent::decode(bytes).map_err(|error| {
                Unavailable::new(format!("read recent commit {last_row} of {}", path.display()), Reason::Corrupt, error)
            })?;
            found.apply(&batches);
        }
        (self.last_row, self.folded_row, self.to_trim) = (last_row, 0, false);
        self.folding = None;
        *write_lock(&self.recent) = found;
        Ok(())
    }

    pub(crate) fn commit(&mut self, path: &Path, batches: &[Batch]) -> Result<(), CommitError> {
        self.connection(path)?;
        let row = self.last_row + 1;
        let cost: usize = batches.iter().map(recent::cost).sum();
        let budget = (cost * FOLD_PERCENT / 100).max(self.generation_bytes / FOLD_PART_MIN);
        let is_folded = self.transaction("commit to", path, |transaction, writer| {
            check_heads(transaction, &read_lock(&writer.recent), batches)?;
            transaction
                .prepare_cached("INSERT INTO recent (row, batches) VALUES (?1, ?2)")?
                .execute(params![row, recent::encode(batches)])?;
            let is_folded = match &mut writer.folding {
                Some(folding) => folding.write(transaction, &mut writer.numbers, budget)?,
                None => false,
            };
            if writer.to_trim {
                let trimmed = transaction
                    .prepare_cached(
                        "DELETE FROM recent WHERE row IN (SELECT row FROM recent WHERE row <= ?1 ORDER BY row LIMIT ?2)",
                    )?
                    .execute([writer.folded_row, TRIM_ROWS_MAX])?;
                writer.to_trim = trimmed as i64 == TRIM_ROWS_MAX;
            }
            Ok(is_folded)
        })?;
        self.last_row = row;
        let mut recent = write_lock(&self.recent);
        recent.apply(batches);
        if is_folded {
            recent.folded();
            let folded = self.folding.take().expect("it was folded just now");
            (self.folded_row, self.to_trim) = (folded.last_row, true);
        }
        if self.folding.is_none() && recent.young_cost() >= self.generation_bytes {
            self.folding = Some(Folding::new(recent.age(), &self.numbers, row));
        }
        Ok(())
    }

    /// Writes everything to the tables that is not there yet.
    pub(crate) fn fold_all(&mut self, path: &Path) -> Result<(), CommitError> {
        self.connection(path)?;
        while !read_lock(&self.recent).is_empty() {
            let last_row = self.last_row;
            if self.folding.is_none() {
                self.folding = Some(Folding::new(write_lock(&self.recent).age(), &self.numbers, last_row));
            }
            self.transaction("fold recent commits of", path, |transaction, writer| {
                let folding = writer.folding.as_mut().expect("it was there or made a line ago");
                let is_folded = folding.write(transaction, &mut writer.numbers, usize::MAX)?;
                assert!(is_folded, "without a limit all of it is folded");
                transaction.prepare_cached("DELETE FROM recent WHERE row <= ?1")?.execute([folding.last_row])?;
                Ok(())
            })?;
            self.folding = None;
            write_lock(&self.recent).folded();
        }
        Ok(())
    }

    pub(crate) fn delete_scope(
        &mut self,
        path: &Path,
        scope: Scope,
        epoch: Epoch,
        rows_max: usize,
    ) -> Result<Deleted, CommitError> {
        self.connection(path)?;
        let is_recent = read_lock(&self.recent).head(scope).is_some();
        if is_recent {
            self.fold_all(path)?;
        }
        self.transaction("delete a scope from", path, |transaction, writer| {
            let Some((number, head)) = find(transaction, scope)? else { return Ok(Deleted::All) };
            if head.epoch != epoch {
                let refusal = Refusal::WrongEpoch { owner: head.epoch, given: epoch };
                return Err(Halt::Refused { scope, refusal });
            }
            let mut deleted = 0;
            for table in ["hot", "cold"] {
                deleted += transaction
                    .prepare_cached(&format!(
                        "DELETE FROM {table} WHERE row IN (SELECT row FROM {table} WHERE scope = ?1 LIMIT ?2)"
                    ))?
                    .execute(params![number, (rows_max - deleted) as i64])?;
            }
            if deleted == rows_max {
                return Ok(Deleted::Some);
            }
            // Commits of the scope that are in the tables and not deleted yet would bring it back at the next start.
            if writer.to_trim {
                transaction.prepare_cached("DELETE FROM recent WHERE row <= ?1")?.execute([writer.folded_row])?;
                writer.to_trim = false;
            }
            transaction.prepare_cached("DELETE FROM scope WHERE number = ?1")?.execute([number])?;
            writer.numbers.remove(&scope);
            Ok(Deleted::All)
        })
    }

    /// All of `work` becomes durable, or nothing of it.
    fn transaction<T>(
        &mut self,
        doing: &str,
        path: &Path,
        work: impl FnOnce(&Transaction, &mut Writer) -> Result<T, Halt>,
    ) -> Result<T, CommitError> {
        self.connection(path)?;
        let mut connection = self.connection.take().expect("it was opened just before");
        self.signal.before_commit(&connection);
        let place = self.folding.as_ref().map(Folding::place);
        let to_trim = self.to_trim;
        let attempt = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Dropped on an error, which rolls back.
            let done = work(&transaction, self)?;
            transaction.commit()?;
            Ok(done)
        };
        match attempt() {
            Ok(done) => {
                self.connection = Some(connection);
                Ok(done)
            }
            Err(Halt::Refused { scope, refusal }) => {
                self.connection = Some(connection);
                // What was written of the fold is gone with the transaction, and rows of scopes that were new.
                self.numbers.clear();
                self.to_trim = to_trim;
                if let (Some(folding), Some(place)) = (&mut self.folding, place) {
                    folding.return_to(place);
                }
                Err(CommitError::Refused { scope, refusal })
            }
            Err(Halt::Failed(error)) => {
                self.numbers.clear();
                Err(CommitError::Unavailable(failed(doing, path, error)))
            }
        }
    }
}

impl Folding {
    fn new(generation: Arc<Generation>, numbers: &HashMap<Scope, i64>, last_row: i64) -> Self {
        let mut order: Vec<Scope> = generation.scopes.keys().copied().collect();
        order.sort_by_key(|scope| (numbers.get(scope).copied().unwrap_or(i64::MAX), *scope));
        Folding { generation, order, position: 0, after: None, last_row }
    }

    fn place(&self) -> (usize, Option<Key>) {
        (self.position, self.after.clone())
    }

    fn return_to(&mut self, (position, after): (usize, Option<Key>)) {
        (self.position, self.after) = (position, after);
    }

    /// Writes the next changes to the tables, of about so many bytes. True when these were the last.
    fn write(
        &mut self,
        transaction: &Transaction,
        numbers: &mut HashMap<Scope, i64>,
        budget: usize,
    ) -> rusqlite::Result<bool> {
        let generation = Arc::clone(&self.generation);
        let mut left = budget;
        while let Some(scope) = self.order.get(self.position) {
            let changes = &generation.scopes[scope];
            let number = match numbers.get(scope) {
                Some(number) => *number,
                None => number_of(transaction, *scope, &changes.head)?,
            };
            numbers.insert(*scope, number);
            if self.after.is_none() {
                begin(transaction, number, changes)?;
                left = left.saturating_sub(STATEMENT_BYTES);
            }
            for (kind, values) in &changes.values {
                let after = self.after.as_ref().filter(|after| after.kind >= *kind);
                let from = match after {
                    Some(after) if after.kind == *kind => Bound::Excluded(&after.id[..]),
                    // All of this kind was written before.
                    Some(_) => continue,
                    None => Bound::Unbounded,
                };
                for (id, value) in values.range::<[u8], _>((from, Bound::Unbounded)) {
                    if left == 0 {
                        return Ok(false);
                    }
                    write(transaction, number, *kind, id, value.as_deref())?;
                    left = left.saturating_sub(STATEMENT_BYTES + value.as_ref().map_or(0, |value| value.len()));
                    self.after = Some(Key { kind: *kind, id: id.clone() });
                }
            }
            self.position += 1;
            self.after = None;
        }
        Ok(true)
    }
}

/// The number of a scope's row, which is made if it is not there.
fn number_of(transaction: &Transaction, scope: Scope, head: &ScopeHead) -> rusqlite::Result<i64> {
    if let Some((number, _)) = find(transaction, scope)? {
        return Ok(number);
    }
    transaction
        .prepare_cached(
            "INSERT INTO scope (uuid, epoch, commit_number, now_ms, next_due_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            scope.0.as_bytes(),
            head.epoch.0 as i64,
            head.number.0 as i64,
            head.now_ms,
            head.next_due_ms
        ])?;
    Ok(transaction.last_insert_rowid())
}

/// Moves a scope's head, and deletes the ranges that its changes begin with.
fn begin(transaction: &Transaction, scope: i64, changes: &Changes) -> rusqlite::Result<()> {
    let Changes { head, ranges, .. } = changes;
    transaction
        .prepare_cached(
            "UPDATE scope SET epoch = ?2, commit_number = ?3, now_ms = ?4, next_due_ms = ?5 WHERE number = ?1",
        )?
        .execute(params![scope, head.epoch.0 as i64, head.number.0 as i64, head.now_ms, head.next_due_ms])?;
    for Range { kind, from, to } in ranges {
        let sql = format!("DELETE FROM {} WHERE scope = ?1 AND kind = ?2 AND id >= ?3 AND id < ?4", table(*kind));
        transaction.prepare_cached(&sql)?.execute(params![scope, kind.0, &from[..], &to[..]])?;
    }
    Ok(())
}

fn write(transaction: &Transaction, scope: i64, kind: Kind, id: &KeyId, value: Option<&[u8]>) -> rusqlite::Result<()> {
    match value {
        Some(value) => {
            let sql = if kind.is_hot() { PUT_HOT } else { PUT_COLD };
            transaction.prepare_cached(sql)?.execute(params![scope, kind.0, &id[..], value])?;
        }
        None => {
            let sql = if kind.is_hot() { DELETE_HOT } else { DELETE_COLD };
            transaction.prepare_cached(sql)?.execute(params![scope, kind.0, &id[..]])?;
        }
    }
    Ok(())
}

/// Refuses batches that do not follow the heads of their scopes.
fn check_heads(transaction: &Transaction, recent: &Recent, batches: &[Batch]) -> Result<(), Halt> {
    let mut seen = HashSet::new();
    for batch in batches {
        assert!(seen.insert(batch.scope), "two batches of scope {} in one commit", batch.scope);
        let head = match recent.head(batch.scope) {
            Some(head) => head,
            None => find(transaction, batch.scope)?.map_or(ScopeHead::NEW, |(_, head)| head),
        };
        batch.check(&head).map_err(|refusal| Halt::Refused { scope: batch.scope, refusal })?;
    }
    Ok(())
}

const PUT_HOT: &str = "INSERT INTO hot (scope, kind, id, value) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, kind, id) DO UPDATE SET value = excluded.value";
const PUT_COLD: &str = "INSERT INTO cold (scope, kind, id, value) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, kind, id) DO UPDATE SET value = excluded.value";
const DELETE_HOT: &str = "DELETE FROM hot WHERE scope = ?1 AND kind = ?2 AND id = ?3";
const DELETE_COLD: &str = "DELETE FROM cold WHERE scope = ?1 AND kind = ?2 AND id = ?3";

/// The table that holds records of a kind.
pub(crate) fn table(kind: Kind) -> &'static str {
    if kind.is_hot() { "hot" } else { "cold" }
}
