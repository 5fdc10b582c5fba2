//! Checks a database from end to end: SQLite's structure, our invariants, and what the service knows of its records.

use std::fmt;
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use super::connection::{failed, open_reading, reason};
use super::migrations::{SCHEMA_VERSION, version};
use super::read::{HEAD_COLUMNS, head_of_row};
use super::{OpenError, open_failed};
use crate::batch::{ScopeHead, VALUE_BYTES_MAX};
use crate::error::Reason;
use crate::key::{KEY_ID_MAX, Kind, Scope};

/// How many problems are listed; one cause can have millions of them.
const PROBLEMS_MAX: usize = 1_000;
/// The page cache of the check.
const CACHE_BYTES: usize = 64 << 20;

/// Something that should not be, as text for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem(pub String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What knows more of records than the store does, and looks at each of them.
pub trait Inspect {
    /// A scope begins. Its records follow, ordered by kind and id.
    fn scope(&mut self, scope: Scope, head: &ScopeHead, problems: &mut Vec<Problem>);
    /// A record of the scope that began last.
    fn record(&mut self, kind: Kind, id: &[u8], value: &[u8], problems: &mut Vec<Problem>);
    /// The scope that began last has no more records.
    fn scope_end(&mut self, problems: &mut Vec<Problem>);
}

/// Knows no more than the store.
impl Inspect for () {
    fn scope(&mut self, _: Scope, _: &ScopeHead, _: &mut Vec<Problem>) {}
    fn record(&mut self, _: Kind, _: &[u8], _: &[u8], _: &mut Vec<Problem>) {}
    fn scope_end(&mut self, _: &mut Vec<Problem>) {}
}

/// Checks the database at `path`, which must be there, and lists what is wrong, at most a thousand things. It
/// writes nothing. On a database that is in use it sees one snapshot.
pub fn verify(path: &Path, inspect: &mut dyn Inspect) -> Result<Vec<Problem>, OpenError> {
    let mut connection = open_reading(path, CACHE_BYTES).map_err(|error| open_failed(path, error))?;
    let found = version(&connection, path)?;
    let mut problems = Vec::new();
    let mut check = |connection: &Connection, problems: &mut Vec<Problem>| {
        structure(connection, problems)?;
        // What an older schema or a broken structure holds can not be told by the rules of this one.
        if problems.is_empty() && found == SCHEMA_VERSION {
            rows(connection, problems)?;
            records(connection, inspect, problems)?;
        }
        Ok(())
    };
    let transaction = connection.transaction().map_err(|error| failed("check", path, error))?;
    match check(&transaction, &mut problems) {
        Ok(()) => {}
        // A database can be too broken to be read through; that is the finding then.
        Err(error) if reason(&error) == Reason::Corrupt => {
            problems.push(Problem(format!("reading stopped: {error}")));
        }
        Err(error) => return Err(failed("check", path, error).into()),
    }
    problems.truncate(PROBLEMS_MAX);
    Ok(problems)
}

fn structure(connection: &Connection, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            problems.push(Problem(format!("structure: {line}")));
        }
    }
    Ok(())
}

/// Each rule as a query that finds what breaks it, described in its first column.
fn rows(connection: &Connection, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let cold = Kind::HOT_END.0;
    let mut rules = vec![
        "SELECT 'scope row ' || number || ': its id is not a UUID' FROM scope WHERE length(uuid) <> 16".to_owned(),
        "SELECT 'scope ' || hex(uuid) || ': epoch ' || epoch || ' and commit number ' || commit_number ||
         ' are not both positive' FROM scope WHERE epoch < 1 OR commit_number < 1"
            .to_owned(),
    ];
    for (table, wrong_kind) in [("hot", format!("kind >= {cold}")), ("cold", format!("kind < {cold}"))] {
        let name = format!("'{table} record ' || kind || ':' || hex(id) || ' of scope row ' || scope");
        rules.push(format!(
            "SELECT {name} || ': there is no such scope' FROM {table} WHERE scope NOT IN (SELECT number FROM scope)"
        ));
        rules.push(format!(
            "SELECT {name} || ': the kind belongs into the other table' FROM {table} WHERE {wrong_kind}"
        ));
        rules.push(format!(
            "SELECT {name} || ': the id is longer than {KEY_ID_MAX} bytes' FROM {table} WHERE length(id) > {KEY_ID_MAX}"
        ));
        rules.push(format!(
            "SELECT {name} || ': the value has ' || length(value) || ' bytes, more than {VALUE_BYTES_MAX}'
             FROM {table} WHERE length(value) > {VALUE_BYTES_MAX}"
        ));
    }
    for rule in rules {
        let mut statement = connection.prepare(&format!("{rule} LIMIT {PROBLEMS_MAX}"))?;
        for problem in statement.query_map([], |row| row.get(0))? {
            problems.push(Problem(problem?));
        }
    }
    Ok(())
}

fn records(connection: &Connection, inspect: &mut dyn Inspect, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let mut scopes = connection.prepare(&format!("SELECT {HEAD_COLUMNS}, number, uuid FROM scope ORDER BY uuid"))?;
    // Hot kinds come before cold ones, so the records of both tables in this order are ordered by kind and id.
    let prepare =
        |table| connection.prepare(&format!("SELECT kind, id, value FROM {table} WHERE scope = ?1 ORDER BY kind, id"));
    let mut tables = [prepare("hot")?, prepare("cold")?];
    let mut rows = scopes.query([])?;
    while let Some(row) = rows.next()? {
        let head = head_of_row(row)?;
        let number: i64 = row.get(4)?;
        let Ok(uuid) = row.get(5) else { continue };
        inspect.scope(Scope(Uuid::from_bytes(uuid)), &head, problems);
        for statement in &mut tables {
            let mut records = statement.query([number])?;
            while let Some(record) = records.next()? {
                if problems.len() >= PROBLEMS_MAX {
                    return Ok(());
                }
                let (kind, id, value) = (record.get(0)?, record.get_ref(1)?.as_blob()?, record.get_ref(2)?.as_blob()?);
                inspect.record(Kind(kind), id, value, problems);
            }
        }
        inspect.scope_end(problems);
    }
    Ok(())
}
