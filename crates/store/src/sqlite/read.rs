//! What is read, each from one snapshot.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, Transaction, params, params_from_iter};
use uuid::Uuid;

use super::write::table;
use crate::batch::{CommitNumber, Epoch, ScopeHead};
use crate::key::{Key, KeyId, Kind, Scope};
use crate::{Direction, EachRecord, Page, Row, Scan, Values};

/// The columns of [`head_of_row`].
pub(crate) const HEAD_COLUMNS: &str = "epoch, commit_number, now_ms, next_due_ms";

/// A head from the first four columns.
pub(crate) fn head_of_row(row: &SqlRow) -> rusqlite::Result<ScopeHead> {
    Ok(ScopeHead {
        epoch: Epoch(row.get::<_, i64>(0)? as u64),
        number: CommitNumber(row.get::<_, i64>(1)? as u64),
        now_ms: row.get(2)?,
        next_due_ms: row.get(3)?,
    })
}

pub(crate) fn heads(
    connection: &Connection,
    after: Option<Scope>,
    limit: usize,
) -> rusqlite::Result<Vec<(Scope, ScopeHead)>> {
    let sql = format!("SELECT {HEAD_COLUMNS}, uuid FROM scope WHERE uuid > ?1 ORDER BY uuid LIMIT ?2");
    // An empty blob is before every id.
    let after = after.map(|scope| scope.0.into_bytes());
    let after = after.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![after, limit as i64], |row| {
        Ok((Scope(Uuid::from_bytes(row.get("uuid")?)), head_of_row(row)?))
    })?;
    rows.collect()
}

pub(crate) fn head(connection: &Connection, scope: Scope) -> rusqlite::Result<Option<ScopeHead>> {
    Ok(find(connection, scope)?.map(|(_, head)| head))
}

pub(crate) fn load_hot(transaction: &Transaction, scope: Scope, each: &mut EachRecord) -> rusqlite::Result<ScopeHead> {
    let Some((number, head)) = find(transaction, scope)? else { return Ok(ScopeHead::NEW) };
    let sql = if has_most_hot_rows(transaction, number)? {
        "SELECT kind, id, value FROM hot NOT INDEXED WHERE scope = ?1"
    } else {
        "SELECT kind, id, value FROM hot WHERE scope = ?1"
    };
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    while let Some(row) = rows.next()? {
        each(Kind(row.get(0)?), row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_blob()?);
    }
    Ok(head)
}

/// Whether so many of the hot rows are of this scope that reading the table through is faster than by its index. With
/// all of them in one scope it is three times as fast. A scope is asked about only if it is large, and then a sample of
/// the table answers.
fn has_most_hot_rows(transaction: &Transaction, scope: i64) -> rusqlite::Result<bool> {
    let number = |sql: &str, parameter: i64| -> rusqlite::Result<i64> {
        transaction.prepare_cached(sql)?.query_row(params![parameter], |row| row.get(0))
    };
    let large = format!("SELECT count(*) FROM (SELECT 1 FROM hot WHERE scope = ?1 LIMIT {LARGE_SCOPE_ROWS})");
    if number(&large, scope)? < LARGE_SCOPE_ROWS {
        return Ok(false);
    }
    let first = number("SELECT min(row) FROM hot WHERE row >= ?1", i64::MIN)?;
    let last = number("SELECT max(row) FROM hot WHERE row >= ?1", i64::MIN)?;
    let mut own = 0;
    for sample in 0..SAMPLES {
        let row = first + (last - first) / SAMPLES * sample;
        let found = number("SELECT scope FROM hot WHERE row >= ?1 ORDER BY row LIMIT 1", row)?;
        own += i64::from(found == scope);
    }
    Ok(own > SAMPLES / 2)
}

/// How many hot rows a scope must have for it to be worth asking how many the others have.
const LARGE_SCOPE_ROWS: i64 = 10_000;
/// How many rows a sample of the table has.
const SAMPLES: i64 = 64;

pub(crate) fn get(transaction: &Transaction, scope: Scope, keys: &[Key]) -> rusqlite::Result<(CommitNumber, Values)> {
    let Some((number, head)) = find(transaction, scope)? else {
        return Ok((CommitNumber::ZERO, vec![None; keys.len()]));
    };
    let value = |key: &Key| {
        let sql = format!("SELECT value FROM {} WHERE scope = ?1 AND kind = ?2 AND id = ?3", table(key.kind));
        let mut statement = transaction.prepare_cached(&sql)?;
        statement.query_row(params![number, key.kind.0, &key.id[..]], |row| row.get(0)).optional()
    };
    Ok((head.number, keys.iter().map(value).collect::<rusqlite::Result<_>>()?))
}

pub(crate) fn scan(transaction: &Transaction, scope: Scope, scan: &Scan) -> rusqlite::Result<Page> {
    let Some((number, head)) = find(transaction, scope)? else {
        return Ok(Page { as_of: CommitNumber::ZERO, rows: Vec::new(), more: false });
    };
    let end = if scan.to.is_some() { "AND id < ?4" } else { "" };
    let order = match scan.direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    };
    let sql = format!(
        "SELECT id, value FROM {} WHERE scope = ?1 AND kind = ?2 AND id >= ?3 {end} ORDER BY id {order}",
        table(scan.kind)
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let start: [&dyn rusqlite::ToSql; 3] = [&number, &scan.kind.0, &scan.from];
    let end = scan.to.as_ref().map(|to| to as &dyn rusqlite::ToSql);
    let mut rows = statement.query(params_from_iter(start.into_iter().chain(end)))?;
    let mut page = Page { as_of: head.number, rows: Vec::new(), more: false };
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let (id, value) = (row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?);
        bytes += id.len() + value.len();
        if page.rows.len() == scan.rows_max || (bytes > scan.bytes_max && !page.rows.is_empty()) {
            page.more = true;
            break;
        }
        page.rows.push(Row { key: Key { kind: scan.kind, id: KeyId::from(id) }, value: value.to_vec() });
    }
    Ok(page)
}

/// The number of a scope's row and its head.
pub(crate) fn find(connection: &Connection, scope: Scope) -> rusqlite::Result<Option<(i64, ScopeHead)>> {
    connection
        .prepare_cached(&format!("SELECT {HEAD_COLUMNS}, number FROM scope WHERE uuid = ?1"))?
        .query_row([scope.0.as_bytes()], |row| Ok((row.get("number")?, head_of_row(row)?)))
        .optional()
}
