//! What is done to a data directory that no server uses: `callboard check` and `callboard restore`.

use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context as _, bail};
use store::backup::{self, Manifest};
use store::sqlite::{self, SqliteStore};
use store::{DataDir, DataPaths, Holder, Scope, Store as _};

/// How many scopes' heads are read at a time.
const HEADS_PAGE: usize = 1_000;

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// Instances in the database.
    pub instances: u64,
    /// Contacts that have not ended.
    pub open_contacts: u64,
    /// Contacts that have.
    pub ended_contacts: u64,
    /// The events that the journals of the instances hold, of those that have some.
    pub journals: Vec<(Scope, RangeInclusive<u64>)>,
    /// What is wrong, in words for people.
    pub problems: Vec<String>,
}

/// Checks the database from end to end: its structure, then that every record can be read and agrees with the others.
pub fn check(data_dir: &Path, holder: &Holder) -> anyhow::Result<Report> {
    let database = DataPaths::new(data_dir).database();
    if !database.try_exists().with_context(|| format!("look for {}", database.display()))? {
        bail!("there is no database in {}; give the data directory of a server", data_dir.display());
    }
    let data_dir = DataDir::take(data_dir, holder)?;
    inspect(&data_dir)
}

/// Brings a backup into a new or empty data directory, and checks it.
pub fn restore(from: &Path, to: &Path, holder: &Holder) -> anyhow::Result<(Manifest, Report)> {
    let data_dir = DataDir::take(to, holder)?;
    let manifest = backup::restore(from, &data_dir)?;
    Ok((manifest, inspect(&data_dir)?))
}

fn inspect(data_dir: &DataDir) -> anyhow::Result<Report> {
    let database = data_dir.paths().database();
    let problems = sqlite::verify(&database)?;
    let mut report = Report { problems: problems.iter().map(ToString::to_string).collect(), ..Report::default() };
    if !report.problems.is_empty() {
        // What lies in a broken structure says nothing.
        return Ok(report);
    }
    let store = SqliteStore::open(sqlite::Options::new(database))?;
    let mut after = None;
    loop {
        let heads = store.heads(after, HEADS_PAGE)?;
        for (scope, _) in &heads {
            let findings = service::check(&store, *scope)?;
            report.instances += u64::from(*scope != Scope::SYSTEM);
            report.open_contacts += findings.open_contacts;
            report.ended_contacts += findings.ended_contacts;
            report.journals.extend(findings.events.map(|events| (*scope, events)));
            report.problems.extend(findings.problems.into_iter().map(|problem| format!("instance {scope}: {problem}")));
        }
        match heads.last() {
            Some((last, _)) if heads.len() == HEADS_PAGE => after = Some(*last),
            _ => return Ok(report),
        }
    }
}
