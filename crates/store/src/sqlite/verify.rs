//! Checks a database from end to end: SQLite's structure and the store's invariants. What the records mean is the
//! service's to check.

use std::fmt;
use std::path::Path;

use rusqlite::Connection;

use super::connection::{failed, open_reading, reason};
use super::migrations::{SCHEMA_VERSION, version};
use super::{OpenError, open_failed, recent};
use crate::batch::VALUE_BYTES_MAX;
use crate::error::Reason;
use crate::key::{KEY_ID_MAX, Kind};

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

/// Checks the database at `path`, which must be there, and lists what is wrong, at most a thousand things. It
/// writes nothing. On a database that is in use it sees one snapshot.
pub fn verify(path: &Path) -> Result<Vec<Problem>, OpenError> {
    let mut connection = open_reading(path, CACHE_BYTES).map_err(|error| open_failed(path, error))?;
    let found = version(&connection, path)?;
    let mut problems = Vec::new();
    let check = |connection: &Connection, problems: &mut Vec<Problem>| {
        structure(connection, problems)?;
        // What an older schema or a broken structure holds can not be told by the rules of this one.
        if problems.is_empty() && found == SCHEMA_VERSION {
            rows(connection, problems)?;
            recent_commits(connection, problems)?;
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

/// Every commit that is not in the tables yet can be read.
fn recent_commits(connection: &Connection, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT row, batches FROM recent ORDER BY row")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if let Err(error) = recent::decode(row.get_ref(1)?.as_blob()?) {
            problems.push(Problem(format!("recent commit {number}: it cannot be read: {error}")));
        }
    }
    Ok(())
}
