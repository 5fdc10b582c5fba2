//! Opening an instance: its hot records, and the end of its journal.

mod contacts;

use engine::Timestamp;
use store::{Scan, Scope, ScopeHead, Store, Unavailable};

use crate::journal::JournalEntry;
use crate::kinds;
use crate::record::{self, DecodeError};
use crate::world::{LoadError, World};
use contacts::Contacts;

/// Journal entries read at a time.
const JOURNAL_ROWS: usize = 500;
/// Bytes of journal read at a time.
const JOURNAL_BYTES: usize = 4 << 20;

/// Why an instance cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailure {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] Unavailable),
    /// What was read is not what this program writes.
    #[error(transparent)]
    Record(#[from] LoadError),
    /// A journal entry cannot be decoded.
    #[error("a journal entry of {scope} cannot be read")]
    Journal {
        /// The scope.
        scope: Scope,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// Somebody wrote while it was read.
    #[error("{0} was written while it was being opened")]
    Moved(Scope),
}

/// Reads an instance that nobody writes. A scope without records is an instance without records.
///
/// The journal is read from its end to where the tokens are sealed or older than `token_retention_ms`.
pub fn load(store: &dyn Store, scope: Scope, token_retention_ms: i64) -> Result<(World, ScopeHead), LoadFailure> {
    store.acquire(scope)?;
    std::thread::scope(|threads| {
        let mut world = World::default();
        let mut contacts = Contacts::new(threads);
        let mut failure = None;
        let head = store.load_hot(scope, &mut |kind, id, value| {
            if failure.is_some() {
                return;
            }
            if kind == kinds::CONTACT {
                contacts.add(id, value);
            } else {
                failure = world.load(kind, id, value).err();
            }
        })?;
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let contacts = contacts.end();
        load_journal(store, scope, head, token_retention_ms, &mut world)?;
        let (table, router) = contacts.decoded()?;
        world.load_contacts(table, router);
        Ok((world, head))
    })
}

/// Reads the journal from its end to where the tokens are sealed or too old.
fn load_journal(
    store: &dyn Store,
    scope: Scope,
    head: ScopeHead,
    token_retention_ms: i64,
    world: &mut World,
) -> Result<(), LoadFailure> {
    let oldest = Timestamp(head.now_ms).plus_millis(-token_retention_ms);
    let mut scan = Scan::all(kinds::JOURNAL, JOURNAL_ROWS, JOURNAL_BYTES).descending();
    loop {
        let page = store.scan(scope, &scan)?;
        if page.as_of != head.number {
            return Err(LoadFailure::Moved(scope));
        }
        for row in &page.rows {
            let entry: JournalEntry =
                record::decode(&row.value).map_err(|source| LoadFailure::Journal { scope, source })?;
            world.load_journal(&entry);
            if entry.commit <= world.tokens.sealed_commit() || entry.at < oldest {
                return Ok(());
            }
        }
        match page.rows.last() {
            Some(last) if page.more => scan = scan.after(&last.key.id),
            _ => return Ok(()),
        }
    }
}
