use std::sync::Arc;
use std::sync::mpsc::channel;

use super::{ReadRefused, ReaderBounds, Readers};
use crate::Store;
use crate::key::Scope;
use crate::memory::MemoryStore;

fn start(bounds: ReaderBounds) -> Readers {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    Readers::start(&store, bounds).unwrap()
}

#[test]
fn reads_are_answered_and_a_panic_takes_no_thread() {
    let readers = start(ReaderBounds { threads: 1, waiting_max: 10 });
    let (tell, told) = channel();
    readers.submit(|_| panic!("a broken invariant of one read")).unwrap();
    readers.submit(move |store| tell.send(store.head(Scope::SYSTEM)).unwrap()).unwrap();
    assert_eq!(told.recv().unwrap().unwrap(), None);
}

#[test]
fn more_than_may_wait_are_refused_and_those_that_wait_are_answered() {
    let readers = start(ReaderBounds { threads: 1, waiting_max: 2 });
    let ((go, wait), (tell, told)) = (channel::<()>(), channel());
    let (started, has_started) = channel();
    readers
        .submit(move |_| {
            started.send(()).unwrap();
            let _ = wait.recv();
        })
        .unwrap();
    has_started.recv().unwrap();
    let submit = |number| {
        let tell = tell.clone();
        readers.submit(move |_| tell.send(number).unwrap())
    };
    assert_eq!([1, 2, 3].map(submit), [Ok(()), Ok(()), Err(ReadRefused::Busy { waiting_max: 2 })]);
    drop(go);
    readers.stop();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(submit(4), Err(ReadRefused::Stopped));
}
