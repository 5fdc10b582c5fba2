//! The schema, as the ordered list of what was ever done to it.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{OpenError, open_failed};

/// What SQLite's header says whose database this is: "CALL".
pub(crate) const APPLICATION_ID: i32 = 0x4341_4c4c;

/// The version of the schema that this binary writes, and the newest that it reads.
pub(crate) const SCHEMA_VERSION: usize = MIGRATIONS.len();

/// Migration n takes a database from version n to n + 1. One that was released is never changed.
const MIGRATIONS: &[&str] = &[
    // 1. Records are appended and found by an index of short keys: ADR 2 says why and how much that is worth.
    "CREATE TABLE scope (
        number INTEGER PRIMARY KEY,
        uuid BLOB NOT NULL UNIQUE,
        epoch INTEGER NOT NULL,
        commit_number INTEGER NOT NULL,
        now_ms INTEGER NOT NULL,
        next_due_ms INTEGER
    ) STRICT;
    CREATE TABLE hot (
        row INTEGER PRIMARY KEY,
        scope INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        id BLOB NOT NULL,
        value BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX hot_key ON hot (scope, kind, id);
    CREATE TABLE cold (
        row INTEGER PRIMARY KEY,
        scope INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        id BLOB NOT NULL,
        value BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX cold_key ON cold (scope, kind, id);",
    // 2. A commit is one appended row, folded into the tables later: ADR 2.
    "CREATE TABLE recent (
        row INTEGER PRIMARY KEY,
        batches BLOB NOT NULL
    ) STRICT;",
];

/// Brings a database to [`SCHEMA_VERSION`], each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Unavailable(open_failed(path, error));
    let found = version(connection, path)?;
    for (from, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        transaction.execute_batch(migration).map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        transaction.pragma_update(None, "user_version", (from + 1) as i64).map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

/// The version of a database that this binary can read; 0 for an empty one.
pub(crate) fn version(connection: &Connection, path: &Path) -> Result<usize, OpenError> {
    let failed = |error| OpenError::Unavailable(open_failed(path, error));
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(failed);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    if tables == 0 {
        return Ok(0);
    }
    if number("application_id")? != i64::from(APPLICATION_ID) {
        return Err(OpenError::NotOurs { path: path.to_owned() });
    }
    let found = number("user_version")?;
    match usize::try_from(found) {
        Ok(found) if found <= SCHEMA_VERSION => Ok(found),
        _ => Err(OpenError::Newer { path: path.to_owned(), found, known: SCHEMA_VERSION }),
    }
}
