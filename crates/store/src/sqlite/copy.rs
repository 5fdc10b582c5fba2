//! A consistent copy of a database that is in use, page by page.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::connection::{failed, open_reading};
use crate::error::{Reason, Unavailable};

/// The page cache of the reading side: every page is read once.
const CACHE_BYTES: usize = 1 << 20;

/// How far a copy has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copied {
    /// How many pages are copied.
    pub(crate) pages: u64,
    /// How many there are.
    pub(crate) pages_total: u64,
}

/// Copies the database at `from` to a new file at `to`, durably. `each_step` is called after each step of `step_pages`;
/// its error ends the copy.
///
/// The copy is of one snapshot, held by a transaction of the reading connection: so commits go on beside it, never
/// wait for it and never make it start again. Their price is that the log can not begin anew before the copy is done.
pub(crate) fn copy<E: From<Unavailable>>(
    from: &Path,
    to: &Path,
    step_pages: u16,
    each_step: &mut dyn FnMut(Copied) -> Result<(), E>,
) -> Result<(), E> {
    assert!(step_pages > 0, "a step of no pages would never end");
    let failed_from = |error| failed("copy", from, error);
    let failed_to = |error| failed("copy to", to, error);
    let source = open_reading(from, CACHE_BYTES).map_err(failed_from)?;
    // The first read begins the snapshot.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;").map_err(failed_from)?;
    let mut target = Connection::open(to).map_err(failed_to)?;
    let backup = Backup::new(&source, &mut target).map_err(failed_to)?;
    loop {
        let step = backup.step(i32::from(step_pages)).map_err(failed_to)?;
        let progress = backup.progress();
        let pages_total = u64::try_from(progress.pagecount).unwrap_or(0);
        let pages = pages_total.saturating_sub(u64::try_from(progress.remaining).unwrap_or(0));
        each_step(Copied { pages, pages_total })?;
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Nobody else knows the new file, and a snapshot needs no lock.
            _ => return Err(Unavailable::without_source(format!("copy {}", from.display()), Reason::Busy).into()),
        }
    }
    drop(backup);
    target.close().map_err(|(_, error)| failed_to(error))?;
    Ok(())
}
