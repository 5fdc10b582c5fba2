//! What runs the instance loops: threads, the store's writer and readers, effects and the clock.
//!
//! A loop belongs to one [`worker`] thread for as long as it is open. Everything that reaches it is a message to that
//! thread; everything it wants done is handed to [`Shared`], and the result comes back as a message. Begin with
//! [`Runtime::call`].

mod effects;
mod shared;
mod virtual_time;
mod worker;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use engine::InstanceId;
use engine::instance::InstanceStatus;
use engine::reference_map::ReferenceMap;
use service::{
    AccessKey, ApiError, Directory, Events, Input, NotACursor, ReadEventsError, References, Request, Settings,
    TraceCursor, TracePage,
};
use sha2::{Digest, Sha256};
use store::sqlite::SqliteStore;
use store::{GroupCommit, ReaderBounds, Readers, Scan, Scope, Store, WriterBounds, WriterStatistics};
use tokio::sync::oneshot;

use crate::agent_interface::desk::AgentKey;
use crate::attachments::Attachments;
use crate::changes::Changes;
use crate::clock::Clock;
use crate::flow_logs::FlowLogs;
use crate::functions::Functions;
use shared::Shared;
use worker::Message;

pub use virtual_time::ClockView;

/// Scopes whose heads are read at a time when the server starts.
const HEADS_PAGE: usize = 1_000;
/// Rows read at a time for a digest.
const DIGEST_ROWS: usize = 1_000;
/// Bytes read at a time for a digest.
const DIGEST_BYTES: usize = 8 << 20;
/// Records of a deleted instance that one step deletes.
const DELETE_ROWS_MAX: usize = 2_000;

/// How the loops are run.
#[derive(Debug, Clone)]
pub struct RuntimeOptions {
    /// Threads that run loops.
    pub threads: usize,
    /// Calls that may wait for one instance.
    pub inbox_max: usize,
    /// Time after which an idle instance leaves memory, in milliseconds.
    pub idle_ms: i64,
    /// How large a group of commits may get.
    pub writer: WriterBounds,
    /// How many effects run at once against one host.
    pub effects_per_target_max: usize,
}

/// What the loops reach the world outside by.
pub struct Outside {
    /// Files of tasks.
    pub attachments: Attachments,
    /// Functions that flows call.
    pub functions: Functions,
    /// Where the flow logs go.
    pub flow_logs: FlowLogs,
}

/// The running instances of a data directory.
pub struct Runtime {
    shared: Arc<Shared>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Runtime {
    /// Opens the system scope and starts the threads. Instances are opened when they are called or due.
    ///
    /// # Errors
    /// The store cannot be read, or holds something this program does not know.
    pub fn start(
        options: RuntimeOptions,
        settings: Settings,
        store: Arc<SqliteStore>,
        clock: Clock,
        outside: Outside,
    ) -> anyhow::Result<Self> {
        let blocking: Arc<dyn Store> = store.clone();
        let writer =
            GroupCommit::start(Arc::clone(&blocking), options.writer).context("start the database's writer")?;
        let readers = Readers::start(&blocking, ReaderBounds::default()).context("start the database's readers")?;
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..options.threads.max(1)).map(|_| std::sync::mpsc::channel()).unzip();
        let shared = Arc::new(Shared {
            options,
            settings: Arc::new(settings),
            store,
            writer,
            readers,
            clock,
            outside,
            directory: Arc::new(Directory::default()),
            senders,
            tokio: tokio::runtime::Handle::current(),
            activity: Default::default(),
            trouble: Default::default(),
            agent_changes: Changes::default(),
            commits: Changes::default(),
            loads: Default::default(),
            targets: Default::default(),
        });
        let (world, head) = service::load(&*shared.store, Scope::SYSTEM, shared.settings.token_retention_ms)
            .context("open the system scope")?;
        for change in world.directory() {
            shared.directory.apply(change);
        }
        let mut sleeping = shared.read_sleeping()?;
        // The system scope is opened already, and an instance that is being deleted is not opened again.
        sleeping.retain(|(_, scope)| shared.directory.instance(&InstanceId(scope.0)).is_some());
        let mut threads = Vec::new();
        for (number, receiver) in receivers.into_iter().enumerate() {
            let due: Vec<_> =
                sleeping.iter().copied().filter(|(_, scope)| shared.worker_of(*scope) == number).collect();
            let shared = Arc::clone(&shared);
            let name = format!("loops-{number}");
            let run = move || {
                let work = || worker::run(&shared, number, &receiver, &due);
                if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
                    // What was acknowledged is on the disk, and what is in memory is not to be trusted any more.
                    tracing::error!("A thread of the loops panicked; the process ends, to be started again");
                    std::process::abort();
                }
            };
            threads.push(std::thread::Builder::new().name(name).spawn(run).context("start a thread for the loops")?);
        }
        shared.send(Scope::SYSTEM, Message::Opened(Scope::SYSTEM, Ok(Box::new((world, head)))));
        Ok(Runtime { shared, threads })
    }

    /// Instances and access keys.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.shared.directory
    }

    /// The bounds of the domain.
    pub fn limits(&self) -> &engine::limits::Limits {
        &self.shared.settings.limits
    }

    /// The time that contacts live in.
    pub fn time(&self) -> &Clock {
        &self.shared.clock
    }

    /// What the writer has done.
    pub fn writer_statistics(&self) -> WriterStatistics {
        self.shared.writer.statistics()
    }

    /// Contacts that are open in the instances that are in memory.
    pub fn open_tasks(&self) -> usize {
        self.shared.load().open_tasks
    }

    /// Calls and results that wait in the inboxes of all instances, as the workers last looked: once a second.
    pub fn inbox_depth(&self) -> usize {
        self.shared.load().waiting
    }

    /// The database.
    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.shared.store
    }

    /// Runs other work on the database between commits.
    pub fn run_between(&self, job: store::Job) -> Result<(), store::Unavailable> {
        self.shared.writer.run_between(job)
    }

    /// Makes a call and waits for the answer, which is durable.
    pub async fn call(&self, request: Request) -> Result<Vec<u8>, ApiError> {
        let scope = match request.instance {
            None => Scope::SYSTEM,
            Some(instance) => {
                match self.shared.directory.instance(&instance) {
                    None => return Err(service::instance_not_found(&instance.to_string())),
                    Some(entry) if entry.status != InstanceStatus::Active => {
                        let text = format!(
                            "instance {instance} is {}; DescribeInstance shows when it is ACTIVE",
                            entry.status
                        );
                        return Err(ApiError::new("ResourceNotFoundException", text));
                    }
                    Some(_) => {}
                }
                Scope(instance.0)
            }
        };
        self.shared.call(scope, request).await
    }

    /// The instance of an id, an ARN or an alias, if it takes calls.
    pub fn find_instance(&self, given: &str) -> Option<InstanceId> {
        let id = self.shared.directory.instance_called(engine::arn::id_of(given))?;
        let entry = self.shared.directory.instance(&id)?;
        (entry.status == InstanceStatus::Active).then_some(id)
    }

    /// The only instance of the server, for who names none.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn only_instance(&self) -> Result<InstanceId, ApiError> {
        self.shared.directory.only_instance().ok_or_else(|| {
            let count = self.shared.directory.instance_count();
            ApiError::invalid_request(format!(
                "there are {count} instances; name one by its id, ARN or alias: --instance"
            ))
        })
    }

    /// What the ARNs of an instance begin with.
    pub fn arn_scope(&self, instance: InstanceId) -> engine::arn::Scope {
        self.shared.settings.arn_scope(instance)
    }

    /// Agents whose snapshots change.
    pub fn agent_changes(&self) -> &Changes<AgentKey> {
        &self.shared.agent_changes
    }

    /// Instances whose commits become durable: there may be new events.
    pub fn commits(&self) -> &Changes<InstanceId> {
        &self.shared.commits
    }

    /// Whether calls are served; if not, why.
    pub fn ready(&self) -> Result<(), String> {
        self.shared.trouble()
    }

    /// Issues an access key, or changes one.
    pub async fn put_access_key(&self, key: AccessKey) -> Result<(), ApiError> {
        self.call(Request::put_access_key(key)).await.map(|_| ())
    }

    /// A hash over every record of an instance, once all that came before is durable.
    pub async fn digest(&self, instance: InstanceId) -> Result<String, ApiError> {
        if self.shared.directory.instance(&instance).is_none() {
            return Err(service::instance_not_found(&instance.to_string()));
        }
        let scope = Scope(instance.0);
        let (reply, answer) = oneshot::channel();
        self.shared.send(scope, Message::Input(scope, Input::Barrier(reply)));
        answer.await.map_err(|_| ApiError::internal("the server is stopping"))??;
        let (reply, answer) = oneshot::channel();
        let read = move |store: &dyn Store| {
            // Nobody waits any more if the send fails.
            let _ = reply.send(digest(store, scope));
        };
        self.shared.readers.submit(read).map_err(ApiError::internal)?;
        answer.await.map_err(|_| ApiError::internal("the digest was not computed"))?.map_err(ApiError::internal)
    }

    /// The durable events of an instance after `after`, at most `max`.
    pub async fn events(&self, instance: InstanceId, after: u64, max: usize) -> Result<Events, ReadEventsError> {
        let arns = self.arn_scope(instance);
        let (reply, answer) = oneshot::channel();
        let read = move |store: &dyn Store| {
            // Nobody waits any more if the send fails.
            let _ = reply.send(service::read_events(store, &arns, after, max));
        };
        let refused = |reason| ReadEventsError::Store(store::Unavailable::without_source("read events", reason));
        self.shared.readers.submit(read).map_err(|_| refused(store::Reason::Busy))?;
        answer.await.map_err(|_| refused(store::Reason::Stopped))?
    }

    /// A page of what flows did with a contact; the first one without `after`, which else is `Next` of the page before.
    pub async fn trace(&self, instance: &str, contact: &str, after: Option<&str>) -> Result<TracePage, ApiError> {
        let id = self.find_instance(instance).ok_or_else(|| service::instance_not_found(instance))?;
        let not_an_id = || ApiError::not_found(format!("Resource not found: {contact:?} is no id of a contact"));
        let contact = contact.parse().map_err(|_| not_an_id())?;
        let after: Option<TraceCursor> = after
            .map(str::parse)
            .transpose()
            .map_err(|error: NotACursor| ApiError::invalid_request(error.to_string()))?;
        let page = self.call(Request::trace(id, contact, after.unwrap_or_default())).await?;
        serde_json::from_slice(&page).map_err(ApiError::internal)
    }

    /// The reference map of an instance, without the one of the configuration that lies under it.
    pub async fn references(&self, instance: &str) -> Result<References, ApiError> {
        let id = self.find_instance(instance).ok_or_else(|| service::instance_not_found(instance))?;
        let references = self.call(Request::references(id)).await?;
        serde_json::from_slice(&references).map_err(ApiError::internal)
    }

    /// Whether the reference map of the configuration says what a reference means.
    pub fn maps(&self, reference: &str) -> bool {
        self.shared.settings.references.target(reference).is_some()
    }

    /// Replaces the reference map of an instance.
    pub async fn set_references(&self, instance: &str, map: ReferenceMap) -> Result<(), ApiError> {
        let id = self.find_instance(instance).ok_or_else(|| service::instance_not_found(instance))?;
        self.call(Request::set_references(id, map)).await.map(|_| ())
    }

    /// Reads the clock.
    pub async fn clock(&self) -> ClockView {
        virtual_time::view(&self.shared).await
    }

    /// Moves the test clock, through everything that becomes due.
    ///
    /// # Errors
    /// The clock is the real one.
    pub async fn advance_clock(&self, seconds: u64) -> Result<ClockView, ApiError> {
        virtual_time::advance(&self.shared, seconds).await
    }

    /// Commits what is under way and stops. Calls that come later are refused.
    pub async fn shutdown(mut self) {
        for sender in &self.shared.senders {
            // A worker that is gone has nothing left to stop.
            let _ = sender.send(Message::Stop);
        }
        let threads = std::mem::take(&mut self.threads);
        let shared = Arc::clone(&self.shared);
        let stop = move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a thread of the loops had panicked");
                }
            }
            shared.outside.flow_logs.close();
            shared.writer.stop();
            shared.readers.stop();
            if let Err(error) = shared.store.settle() {
                tracing::warn!("What is in the write-ahead log stays there: {error}");
            }
        };
        if tokio::task::spawn_blocking(stop).await.is_err() {
            tracing::error!("stopping the database's threads panicked");
        }
    }

    /// The flow logs.
    pub fn flow_logs(&self) -> &FlowLogs {
        &self.shared.outside.flow_logs
    }

    /// The directory that the database is in.
    pub fn database_path(&self) -> &Path {
        self.shared.store.path()
    }
}

fn digest(store: &dyn Store, scope: Scope) -> Result<String, store::Unavailable> {
    // Records come in no particular order, so that their own hashes are sorted.
    let mut hashes: Vec<[u8; 32]> = Vec::new();
    let mut record = |kind: store::Kind, id: &[u8], value: &[u8]| {
        let mut hash = Sha256::new();
        hash.update([kind.0]);
        hash.update((id.len() as u64).to_be_bytes());
        hash.update(id);
        hash.update(value);
        hashes.push(hash.finalize().into());
    };
    store.load_hot(scope, &mut record)?;
    for kind in service::COLD_KINDS {
        let mut scan = Scan::all(kind, DIGEST_ROWS, DIGEST_BYTES);
        loop {
            let page = store.scan(scope, &scan)?;
            for row in &page.rows {
                record(row.key.kind, &row.key.id, &row.value);
            }
            match page.rows.last() {
                Some(last) if page.more => scan = scan.after(&last.key.id),
                _ => break,
            }
        }
    }
    hashes.sort_unstable();
    let all = hashes.iter().fold(Sha256::new(), Sha256::chain_update);
    Ok(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
