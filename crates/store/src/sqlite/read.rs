//! What is read, each from one snapshot of the tables and what was committed since they were last written.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, Transaction, params, params_from_iter};
use uuid::Uuid;

use super::recent::{Found, View, in_direction};
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

/// The heads after `after`. `recent` are those that are known to be newer, of any scope.
pub(crate) fn heads(
    connection: &Connection,
    recent: &BTreeMap<Scope, ScopeHead>,
    after: Option<Scope>,
    limit: usize,
) -> rusqlite::Result<Vec<(Scope, ScopeHead)>> {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);

    let sql = format!("SELECT {HEAD_COLUMNS}, uuid FROM scope WHERE uuid > ?1 ORDER BY uuid LIMIT ?2");
    // An empty blob is before every id.
    let after = after.map(|scope| scope.0.into_bytes());
    let after = after.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![after, limit as i64], |row| {
        Ok((Scope(Uuid::from_bytes(row.get("uuid")?)), head_of_row(row)?))
    })?;
    // The first `limit` of all are among the first `limit` of each.
    let mut heads = rows.collect::<rusqlite::Result<BTreeMap<_, _>>>()?;
    heads.extend(recent.range((start, Bound::Unbounded)).map(|(scope, head)| (*scope, *head)));
    Ok(heads.into_iter().take(limit).collect())
}

pub(crate) fn head(connection: &Connection, view: &View, scope: Scope) -> rusqlite::Result<Option<ScopeHead>> {
    let stored = find(connection, scope)?.map(|(_, head)| head);
    Ok(view.head(stored))
}

pub(crate) fn load_hot(
    transaction: &Transaction,
    view: &View,
    scope: Scope,
    each: &mut EachRecord,
) -> rusqlite::Result<ScopeHead> {
    for (kind, id, value) in view.hot() {
        each(kind, id, value);
    }
    let Some((number, head)) = find(transaction, scope)? else { return Ok(view.head(None).unwrap_or(ScopeHead::NEW)) };
    let sql = if has_most_hot_rows(transaction, number)? {
        "SELECT kind, id, value FROM hot NOT INDEXED WHERE scope = ?1"
    } else {
        "SELECT kind, id, value FROM hot WHERE scope = ?1"
    };
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    let is_current = view.is_empty();
    while let Some(row) = rows.next()? {
        let (kind, id, value) = (Kind(row.get(0)?), row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_blob()?);
        if is_current || matches!(view.find(kind, id), Found::Unchanged) {
            each(kind, id, value);
        }
    }
    Ok(view.head(Some(head)).unwrap_or(head))
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

pub(crate) fn get(
    transaction: &Transaction,
    view: &View,
    scope: Scope,
    keys: &[Key],
) -> rusqlite::Result<(CommitNumber, Values)> {
    let found = find(transaction, scope)?;
    let stored = |key: &Key| {
        let Some((number, _)) = found else { return Ok(None) };
        let sql = format!("SELECT value FROM {} WHERE scope = ?1 AND kind = ?2 AND id = ?3", table(key.kind));
        let mut statement = transaction.prepare_cached(&sql)?;
        statement.query_row(params![number, key.kind.0, &key.id[..]], |row| row.get(0)).optional()
    };
    let value = |key: &Key| match view.find(key.kind, &key.id) {
        Found::Value(value) => Ok(Some(value.to_vec())),
        Found::Deleted => Ok(None),
        Found::Unchanged => stored(key),
    };
    let values = keys.iter().map(value).collect::<rusqlite::Result<_>>()?;
    Ok((as_of(view, found.map(|(_, head)| head)), values))
}

fn as_of(view: &View, stored: Option<ScopeHead>) -> CommitNumber {
    view.head(stored).map_or(CommitNumber::ZERO, |head| head.number)
}

pub(crate) fn scan(transaction: &Transaction, view: &View, scope: Scope, scan: &Scan) -> rusqlite::Result<Page> {
    let found = find(transaction, scope)?;
    let as_of = as_of(view, found.map(|(_, head)| head));
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
    // A scope that has no row has no records in the tables either; no row has this number.
    let number = found.map_or(-1, |(number, _)| number);
    let start: [&dyn rusqlite::ToSql; 3] = [&number, &scan.kind.0, &scan.from];
    let end = scan.to.as_ref().map(|to| to as &dyn rusqlite::ToSql);
    let mut stored = statement.query(params_from_iter(start.into_iter().chain(end)))?;
    let mut written = view.scan(scan).peekable();
    let mut page = Filling { page: Page { as_of, rows: Vec::new(), more: false }, bytes: 0, scan };
    stored.advance()?;
    loop {
        // Which comes first: the next stored record, or the next written one? A written one replaces its stored form.
        let row =
            stored.get().map(|row| Ok::<_, rusqlite::Error>((row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?)));
        let order = match (row.transpose()?, written.peek()) {
            (None, None) => return Ok(page.page),
            (None, Some(_)) => Ordering::Greater,
            (Some((id, value)), next) => {
                let order = next.map_or(Ordering::Less, |(other, _)| in_direction(scan.direction, id, other));
                let is_unchanged = || view.is_empty() || matches!(view.find(scan.kind, id), Found::Unchanged);
                if order == Ordering::Less && is_unchanged() && !page.take(id, value) {
                    return Ok(page.page);
                }
                order
            }
        };
        if order != Ordering::Greater {
            stored.advance()?;
        }
        if order != Ordering::Less
            && let Some((id, Some(value))) = written.next()
            && !page.take(id, value)
        {
            return Ok(page.page);
        }
    }
}

/// A page that is being filled.
struct Filling<'s> {
    page: Page,
    bytes: usize,
    scan: &'s Scan,
}

impl Filling<'_> {
    /// Adds a record; false when a limit forbids it.
    fn take(&mut self, id: &[u8], value: &[u8]) -> bool {
        let Page { rows, more, .. } = &mut self.page;
        self.bytes += id.len() + value.len();
        if rows.len() == self.scan.rows_max || (self.bytes > self.scan.bytes_max && !rows.is_empty()) {
            *more = true;
            return false;
        }
        rows.push(Row { key: Key { kind: self.scan.kind, id: KeyId::from(id) }, value: value.to_vec() });
        true
    }
}

/// The number of a scope's row and its head.
pub(crate) fn find(connection: &Connection, scope: Scope) -> rusqlite::Result<Option<(i64, ScopeHead)>> {
    connection
        .prepare_cached(&format!("SELECT {HEAD_COLUMNS}, number FROM scope WHERE uuid = ?1"))?
        .query_row([scope.0.as_bytes()], |row| Ok((row.get("number")?, head_of_row(row)?)))
        .optional()
}
