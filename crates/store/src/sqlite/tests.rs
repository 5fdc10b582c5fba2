use tempfile::TempDir;

use super::{Options, SqliteStore};
use crate::Store;
use crate::conformance::{Subject, exercise};

/// A store in a directory of its own.
struct Temporary {
    directory: TempDir,
    store: Option<SqliteStore>,
}

impl Temporary {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut temporary = Temporary { directory, store: None };
        temporary.reopen();
        temporary
    }

    fn options(&self) -> Options {
        Options::new(self.directory.path().join("test.db"))
    }
}

impl Subject for Temporary {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(SqliteStore::open(self.options()).unwrap());
    }
}

#[test]
fn conforms() {
    exercise(Temporary::new);
}
