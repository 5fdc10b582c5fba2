//! What the worker threads share, and how they reach the store.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use engine::InstanceId;
use service::{Answer, ApiError, Directory, DirectoryChange, Fetch, FetchRequest, Fetched, Input, Request, Settings};
use store::sqlite::SqliteStore;
use store::{Batch, CommitError, GroupCommit, Readers, Scope, Store, Unavailable};
use tokio::sync::{Semaphore, oneshot};

use super::worker::Message;
use super::{HEADS_PAGE, Outside, RuntimeOptions};
use crate::agent_interface::desk::AgentKey;
use crate::changes::Changes;
use crate::clock::Clock;

/// Where an answer goes.
pub type Reply = oneshot::Sender<Answer>;

/// What a worker has on its hands, as it last looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerLoad {
    /// Open tasks of the instances that it has in memory.
    pub open_tasks: usize,
    /// What waits in the inboxes of its instances.
    pub waiting: usize,
}

/// Everything that the threads of a runtime share.
pub struct Shared {
    pub options: RuntimeOptions,
    pub settings: Arc<Settings>,
    pub store: Arc<SqliteStore>,
    pub writer: GroupCommit,
    pub readers: Readers,
    pub clock: Clock,
    pub outside: Outside,
    pub directory: Arc<Directory>,
    pub senders: Vec<Sender<Message>>,
    pub tokio: tokio::runtime::Handle,
    /// Grows with every message, so that two equal readings mean that nothing happened in between.
    pub activity: AtomicU64,
    /// Why writes are refused, by scope.
    pub trouble: Mutex<HashMap<Scope, String>>,
    /// Agents whose snapshots change.
    pub agent_changes: Changes<AgentKey>,
    /// Instances whose commits become durable.
    pub commits: Changes<InstanceId>,
    /// What each worker has on its hands.
    pub loads: Mutex<HashMap<usize, WorkerLoad>>,
    /// How many effects run against each host.
    pub targets: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Shared {
    /// Which worker owns a scope.
    pub fn worker_of(&self, scope: Scope) -> usize {
        let mut hasher = DefaultHasher::new();
        scope.hash(&mut hasher);
        (hasher.finish() % self.senders.len() as u64) as usize
    }

    /// Tells the owner of a scope.
    pub fn send(&self, scope: Scope, message: Message) {
        self.activity.fetch_add(1, Ordering::AcqRel);
        // A worker that has stopped drops what comes later, and with it the reply, which the caller notices.
        let _ = self.senders[self.worker_of(scope)].send(message);
    }

    /// Makes a call and waits for the answer.
    pub async fn call(&self, scope: Scope, request: Request) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.send(scope, Message::Input(scope, Input::Request(request, reply)));
        answer.await.unwrap_or_else(|_| Err(ApiError::internal("the server is stopping")))
    }

    /// Enters a change of the directory. Who waits for news of an instance that is gone has to learn of that.
    pub fn publish(&self, change: DirectoryChange) {
        let gone = match &change {
            DirectoryChange::InstanceGone(instance) => Some(*instance),
            DirectoryChange::Instance(..) | DirectoryChange::Key(_) => None,
        };
        self.directory.apply(change);
        if let Some(instance) = gone {
            self.agent_changes.changed_where(|agent| agent.instance == instance);
            self.commits.changed(instance);
        }
    }

    /// The scopes with a timer, and when it is due.
    pub fn read_sleeping(&self) -> Result<Vec<(i64, Scope)>, Unavailable> {
        let mut sleeping = Vec::new();
        let mut after = None;
        loop {
            let heads = self.store.heads(after, HEADS_PAGE)?;
            sleeping.extend(heads.iter().filter_map(|(scope, head)| Some((head.next_due_ms?, *scope))));
            if let Clock::Test(_) = self.clock {
                heads.iter().for_each(|(_, head)| self.clock.move_to(head.now_ms));
            }
            match heads.last() {
                Some((last, _)) if heads.len() == HEADS_PAGE => after = Some(*last),
                _ => return Ok(sleeping),
            }
        }
    }

    /// Loads a scope on a reader's thread.
    pub fn open(self: &Arc<Self>, scope: Scope) {
        let shared = Arc::clone(self);
        let retention = self.settings.token_retention_ms;
        self.read(scope, move |store| {
            let loaded = service::load(store, scope, retention).map(Box::new).map_err(|failure| failure.to_string());
            shared.send(scope, Message::Opened(scope, loaded));
        });
    }

    /// Hands a read to the readers; when they are busy, tries again after what they are doing.
    fn read(self: &Arc<Self>, scope: Scope, work: impl FnOnce(&dyn Store) + Send + 'static) {
        let store: Arc<SqliteStore> = Arc::clone(&self.store);
        let work = std::sync::Mutex::new(Some(work));
        let work = Arc::new(work);
        let on_reader = Arc::clone(&work);
        let run = move |store: &dyn Store| {
            if let Some(work) = on_reader.lock().unwrap_or_else(PoisonError::into_inner).take() {
                work(store);
            }
        };
        if self.readers.submit(run).is_err() {
            tracing::warn!(%scope, "The readers are busy, reading on a thread of its own");
            self.tokio.spawn_blocking(move || {
                if let Some(work) = work.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    work(&*store);
                }
            });
        }
    }

    /// Writes a batch; its loop hears how it went.
    pub fn commit(self: &Arc<Self>, batch: Batch) {
        let shared = Arc::clone(self);
        let (scope, number) = (batch.scope, batch.number);
        let done = move |result: Result<(), CommitError>| {
            let is_durable = result.is_ok();
            shared.send(scope, Message::Input(scope, Input::Committed(number, result)));
            if is_durable {
                shared.commits.changed(InstanceId(scope.0));
            }
        };
        self.writer.submit(batch, Box::new(done));
    }

    /// Reads records for a loop.
    pub fn fetch(self: &Arc<Self>, scope: Scope, request: FetchRequest) {
        let shared = Arc::clone(self);
        self.read(scope, move |store| {
            let ticket = request.ticket;
            let result = match request.what {
                Fetch::Keys(keys) => {
                    store.get(scope, &keys).map(|(as_of, values)| (as_of, keys.into_iter().zip(values).collect()))
                }
                Fetch::Scan(scan) => store
                    .scan(scope, &scan)
                    .map(|page| (page.as_of, page.rows.into_iter().map(|row| (row.key, Some(row.value))).collect())),
            };
            shared.send(scope, Message::Input(scope, Input::Fetched(Fetched { ticket, result })));
        });
    }

    /// Sends a probe after so many milliseconds of real time.
    pub fn probe_in(self: &Arc<Self>, scope: Scope, milliseconds: u64) {
        let shared = Arc::clone(self);
        self.tokio.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
            shared.send(scope, Message::Input(scope, Input::Probe));
        });
    }

    /// Notes whether a scope takes writes.
    pub fn note_trouble(&self, scope: Scope, trouble: Option<&str>) {
        let mut troubles = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => {
                troubles.insert(scope, trouble.to_owned());
            }
            None => {
                troubles.remove(&scope);
            }
        }
    }

    /// Why some scope does not take writes.
    pub fn trouble(&self) -> Result<(), String> {
        let troubles = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match troubles.iter().next() {
            None => Ok(()),
            Some((scope, trouble)) => Err(format!("{scope}: {trouble}")),
        }
    }

    /// Loads a scope again after so many milliseconds of real time.
    pub fn reopen_later(self: &Arc<Self>, scope: Scope) {
        const REOPEN_AFTER: std::time::Duration = std::time::Duration::from_secs(1);
        let shared = Arc::clone(self);
        self.tokio.spawn(async move {
            tokio::time::sleep(REOPEN_AFTER).await;
            shared.open(scope);
        });
    }

    /// Notes what a worker has on its hands.
    pub fn note_load(&self, worker: usize, load: WorkerLoad) {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).insert(worker, load);
    }

    /// What all workers have on their hands.
    pub fn load(&self) -> WorkerLoad {
        let loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.values().fold(WorkerLoad::default(), |sum, load| WorkerLoad {
            open_tasks: sum.open_tasks + load.open_tasks,
            waiting: sum.waiting + load.waiting,
        })
    }

    /// The places for effects against a host.
    pub fn target(&self, host: &str) -> Arc<Semaphore> {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        // Hosts that nobody uses are forgotten, so that the map stays as small as what is under way.
        targets.retain(|_, places| Arc::strong_count(places) > 1);
        let places = || Arc::new(Semaphore::new(self.options.effects_per_target_max.max(1)));
        Arc::clone(targets.entry(host.to_owned()).or_insert_with(places))
    }
}
