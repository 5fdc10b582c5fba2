//! The writer's connection: commits, and the deletion of scopes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::checkpoint::Signal;
use super::connection::failed;
use super::read::find;
use crate::batch::{Batch, Epoch, ScopeHead, Write};
use crate::error::{CommitError, Refusal, Unavailable};
use crate::key::{Kind, Scope};
use crate::{Deleted, Key};

/// The one connection that writes records. After a failure it is thrown away and opened again by the next call.
pub(crate) struct Writer {
    open: Box<dyn Fn() -> Result<Connection, Unavailable> + Send>,
    connection: Option<Connection>,
    signal: Arc<Signal>,
    /// The number of each scope's row, which never changes while the scope is there.
    numbers: HashMap<Scope, i64>,
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
        connection: Connection,
        signal: Arc<Signal>,
        open: impl Fn() -> Result<Connection, Unavailable> + Send + 'static,
    ) -> Self {
        Writer { open: Box::new(open), connection: Some(connection), signal, numbers: HashMap::new() }
    }

    /// The connection, opened again if the last call failed.
    pub(crate) fn connection(&mut self) -> Result<&mut Connection, Unavailable> {
        if self.connection.is_none() {
            self.connection = Some((self.open)()?);
        }
        Ok(self.connection.as_mut().expect("it was opened just before"))
    }

    pub(crate) fn commit(&mut self, path: &Path, batches: &[Batch]) -> Result<(), CommitError> {
        self.transaction("commit to", path, |transaction, numbers| {
            for batch in batches {
                let scope = move_head(transaction, numbers, batch)?;
                write(transaction, scope, &batch.writes)?;
            }
            Ok(())
        })
    }

    pub(crate) fn delete_scope(
        &mut self,
        path: &Path,
        scope: Scope,
        epoch: Epoch,
        rows_max: usize,
    ) -> Result<Deleted, CommitError> {
        self.transaction("delete a scope from", path, |transaction, numbers| {
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
            transaction.prepare_cached("DELETE FROM scope WHERE number = ?1")?.execute([number])?;
            numbers.remove(&scope);
            Ok(Deleted::All)
        })
    }

    /// All of `work` becomes durable, or nothing of it.
    fn transaction<T>(
        &mut self,
        doing: &str,
        path: &Path,
        work: impl FnOnce(&Transaction, &mut HashMap<Scope, i64>) -> Result<T, Halt>,
    ) -> Result<T, CommitError> {
        self.connection()?;
        let connection = self.connection.as_mut().expect("it was opened just before");
        let numbers = &mut self.numbers;
        self.signal.before_commit(connection);
        let attempt = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Dropped on an error, which rolls back.
            let done = work(&transaction, numbers)?;
            transaction.commit()?;
            Ok(done)
        };
        attempt().map_err(|halt| {
            // Rows of scopes that were new are gone with the transaction.
            self.numbers.clear();
            match halt {
                Halt::Refused { scope, refusal } => CommitError::Refused { scope, refusal },
                Halt::Failed(error) => {
                    self.connection = None;
                    CommitError::Unavailable(failed(doing, path, error))
                }
            }
        })
    }
}

/// Moves the head of the batch's scope, which is the check that the batch follows it. Returns the scope's number.
fn move_head(transaction: &Transaction, numbers: &mut HashMap<Scope, i64>, batch: &Batch) -> Result<i64, Halt> {
    let refused = |refusal| Halt::Refused { scope: batch.scope, refusal };
    let known = match numbers.get(&batch.scope) {
        Some(number) => *number,
        None => match find(transaction, batch.scope)? {
            Some((number, _)) => number,
            None => {
                batch.check(&ScopeHead::NEW).map_err(refused)?;
                transaction
                    .prepare_cached(
                        "INSERT INTO scope (uuid, epoch, commit_number, now_ms, next_due_ms)
                         VALUES (?1, ?2, 0, ?3, NULL)",
                    )?
                    .execute(params![batch.scope.0.as_bytes(), batch.epoch.0 as i64, batch.now_ms])?;
                transaction.last_insert_rowid()
            }
        },
    };
    numbers.insert(batch.scope, known);
    batch.check_values().map_err(refused)?;
    let moved = transaction
        .prepare_cached(
            "UPDATE scope SET commit_number = ?3, now_ms = ?4, next_due_ms = ?5
             WHERE number = ?1 AND epoch = ?2 AND commit_number = ?3 - 1 AND now_ms <= ?4",
        )?
        .execute(params![known, batch.epoch.0 as i64, batch.number.0 as i64, batch.now_ms, batch.next_due_ms])?;
    if moved == 1 {
        return Ok(known);
    }
    let head = find(transaction, batch.scope)?.map_or(ScopeHead::NEW, |(_, head)| head);
    batch.check(&head).map_err(refused)?;
    unreachable!("scope {} has head {head:?}, which the batch follows, but it did not move", batch.scope)
}

fn write(transaction: &Transaction, scope: i64, writes: &[Write]) -> rusqlite::Result<()> {
    for write in writes {
        match write {
            Write::Put { key: Key { kind, id }, value } => {
                let sql = if kind.is_hot() { PUT_HOT } else { PUT_COLD };
                transaction.prepare_cached(sql)?.execute(params![scope, kind.0, &id[..], value])?;
            }
            Write::Delete { key: Key { kind, id } } => {
                let sql = format!("DELETE FROM {} WHERE scope = ?1 AND kind = ?2 AND id = ?3", table(*kind));
                transaction.prepare_cached(&sql)?.execute(params![scope, kind.0, &id[..]])?;
            }
            Write::DeleteRange { kind, from, to } => {
                let sql =
                    format!("DELETE FROM {} WHERE scope = ?1 AND kind = ?2 AND id >= ?3 AND id < ?4", table(*kind));
                transaction.prepare_cached(&sql)?.execute(params![scope, kind.0, &from[..], &to[..]])?;
            }
        }
    }
    Ok(())
}

const PUT_HOT: &str = "INSERT INTO hot (scope, kind, id, value) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, kind, id) DO UPDATE SET value = excluded.value";
const PUT_COLD: &str = "INSERT INTO cold (scope, kind, id, value) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, kind, id) DO UPDATE SET value = excluded.value";

/// The table that holds records of a kind.
pub(crate) fn table(kind: Kind) -> &'static str {
    if kind.is_hot() { "hot" } else { "cold" }
}
