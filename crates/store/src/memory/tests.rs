use super::MemoryStore;
use crate::Store;
use crate::conformance::{Subject, exercise};

impl Subject for MemoryStore {
    fn store(&self) -> &dyn Store {
        self
    }

    fn reopen(&mut self) {}
}

#[test]
fn conforms() {
    exercise(MemoryStore::new);
}
