//! An open data directory with everything that runs on it: database, instances, access keys.

use std::path::Path;
use std::sync::{Arc, RwLock};
use std::thread::available_parallelism;

use anyhow::{Context as _, bail};
use service::{AttachmentRules, HotBytes, Operations, Quotas, Settings, TokenBounds};
use store::sqlite::{self, SqliteStore};
use store::{DataDir, Holder, Store as _, WriterBounds};
use tracing::warn;

use crate::access_keys::{AccessKeys, IssuedKeys, SharedKeyring};
use crate::administration::{Administration, IssuedKey, keyring_missing};
use crate::agent_interface::desk::Desk;
use crate::agent_interface::service_desk::ServiceDesk;
use crate::attachments::Attachments;
use crate::backend::Backend;
use crate::clock::{self, Clock};
use crate::config::{Config, Days, Synchronous};
use crate::event_feed::{EventLog, ServiceLog};
use crate::flow_logs::FlowLogs;
use crate::functions::Functions;
use crate::runtime::{Outside, Runtime, RuntimeOptions};
use crate::secrets::{self, Keyring};
use crate::{memory, tls};

/// How many scopes' heads are read at a time.
const HEADS_PAGE: usize = 1_000;
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Secrets that come from the environment only.
#[derive(Default)]
pub struct EnvironmentSecrets {
    /// `CALLBOARD_SECRET_KEY`.
    pub secret_key: Option<String>,
    /// `CALLBOARD_ROOT_ACCESS_KEY_ID` and `CALLBOARD_ROOT_SECRET_ACCESS_KEY`.
    pub root_key: Option<IssuedKey>,
}

impl EnvironmentSecrets {
    /// Reads them from environment variables.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<EnvironmentSecrets> {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let root_key = match (given("CALLBOARD_ROOT_ACCESS_KEY_ID"), given("CALLBOARD_ROOT_SECRET_ACCESS_KEY")) {
            (Some(access_key_id), Some(secret_access_key)) => Some(IssuedKey { access_key_id, secret_access_key }),
            (None, None) => None,
            _ => anyhow::bail!(
                "CALLBOARD_ROOT_ACCESS_KEY_ID and CALLBOARD_ROOT_SECRET_ACCESS_KEY belong together: set both or neither"
            ),
        };
        Ok(EnvironmentSecrets { secret_key: given(secrets::VARIABLE), root_key })
    }
}

/// A running application. It has its data directory for itself until it is closed.
pub struct Application {
    data_dir: DataDir,
    runtime: Arc<Runtime>,
    keyring: SharedKeyring,
    account: String,
    attachments_elsewhere: bool,
}

impl Application {
    /// Takes the data directory and starts the instances in it.
    pub async fn open(config: &Config, secret_key: Option<&str>, holder: &Holder) -> anyhow::Result<Application> {
        tls::install_provider();
        require_parent(&config.server.data_dir)?;
        let data_dir = DataDir::take(&config.server.data_dir, holder)?;
        let root = data_dir.paths().root().to_owned();
        let store = Arc::new(SqliteStore::open(sqlite::Options {
            synchronous: match config.database.synchronous {
                Synchronous::Full => sqlite::Synchronous::Full,
                Synchronous::Off => sqlite::Synchronous::Off,
            },
            pages_max: config.database.max_page_count,
            ..sqlite::Options::new(data_dir.paths().database())
        })?);
        let clock = if config.server.test_clock { Clock::standing_at(start_of_test(&store)?) } else { Clock::Real };
        let outside = Outside {
            attachments: Attachments::open(&config.attachments, data_dir.paths())?,
            functions: Functions::open(config)?,
            flow_logs: FlowLogs::open(&config.flow_logs)?,
        };
        let runtime = Runtime::start(options(config)?, settings(config)?, store, clock, outside)?;
        let keyring = open_keyring(&root, secret_key, &runtime)?;
        Ok(Application {
            data_dir,
            runtime: Arc::new(runtime),
            keyring: Arc::new(RwLock::new(keyring)),
            account: config.server.account_id.0.clone(),
            attachments_elsewhere: !config.attachments.store.is_empty(),
        })
    }

    /// The operator's commands.
    pub fn administration(&self) -> Administration {
        Administration {
            runtime: Arc::clone(&self.runtime),
            backend: self.backend(),
            keyring: Arc::clone(&self.keyring),
            paths: self.data_dir.paths().clone(),
            attachments_elsewhere: self.attachments_elsewhere,
        }
    }

    /// What stands behind the edge.
    pub fn backend(&self) -> Arc<Backend> {
        Arc::new(Backend::Callboard {
            operations: Operations::standard(self.runtime.limits().clone()),
            runtime: Arc::clone(&self.runtime),
        })
    }

    /// The desk of the agents, in front of this back end.
    pub fn desk(&self, backend: &Arc<Backend>) -> Arc<dyn Desk> {
        Arc::new(ServiceDesk::new(Arc::clone(&self.runtime), Arc::clone(backend)))
    }

    /// The events of the instances.
    pub fn event_log(&self) -> Arc<dyn EventLog> {
        Arc::new(ServiceLog::new(Arc::clone(&self.runtime)))
    }

    /// The access keys that requests are signed with.
    pub fn access_keys(&self) -> AccessKeys {
        let directory = Arc::clone(self.runtime.directory());
        AccessKeys::Issued(IssuedKeys::new(directory, Arc::clone(&self.keyring), self.account.clone()))
    }

    /// The instances.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// The data directory.
    pub fn data_dir(&mut self) -> &mut DataDir {
        &mut self.data_dir
    }

    /// Makes the root key sure; a new one is returned to be shown. Without a keyring a given root key begins a new one.
    pub async fn ensure_root_key(&self, given: Option<IssuedKey>) -> anyhow::Result<Option<IssuedKey>> {
        let missing = self.keyring.read().is_ok_and(|keyring| keyring.is_none());
        if missing {
            if given.is_none() {
                return Ok(None);
            }
            let created = Keyring::create(self.data_dir.paths().root())?;
            *self.keyring.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(created);
        }
        self.administration().ensure_root_key(given).await
    }

    /// Commits what is under way, stops the instances and gives the data directory up.
    ///
    /// # Panics
    /// If something else still holds the runtime: whoever uses it ends before.
    pub async fn close(self) {
        let runtime = Arc::into_inner(self.runtime).expect("connections and control socket have ended");
        runtime.shutdown().await;
        drop(self.data_dir);
    }
}

/// Only the last part of a data directory's path is made: a parent that is missing is more likely a typing mistake or
/// a file system that is not mounted, and an empty database beside the real one would not be noticed.
fn require_parent(data_dir: &Path) -> anyhow::Result<()> {
    let parent = data_dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent
        && !parent.is_dir()
    {
        bail!(
            "data directory {}: there is no directory {} to make it in; make that first, or give another data_dir",
            data_dir.display(),
            parent.display()
        );
    }
    Ok(())
}

/// The keys that seal secrets. A directory without access keys gets a new one; one with them and without the key is
/// served all the same, to let tasks run.
fn open_keyring(root: &Path, variable: Option<&str>, runtime: &Runtime) -> anyhow::Result<Option<Keyring>> {
    let keyring = Keyring::load(root, variable)?;
    if keyring.is_none() && runtime.directory().keys().is_empty() {
        return Keyring::create(root).map(Some);
    }
    let opens = |keyring: &Keyring| {
        runtime
            .directory()
            .keys()
            .iter()
            .filter(|key| key.active)
            .all(|key| keyring.open(&key.id, &key.sealed_secret).is_ok())
    };
    match &keyring {
        None => warn!("Access keys are unusable and tasks go on: {}", keyring_missing()),
        Some(keyring) if !opens(keyring) => warn!("Some access keys are unusable: they were sealed with another key"),
        Some(_) => {}
    }
    Ok(keyring)
}

/// Where a test clock stands at the start: where it last stood or, in a new database, at the machine's time.
fn start_of_test(store: &SqliteStore) -> anyhow::Result<i64> {
    let (mut latest, mut after) = (None, None);
    loop {
        let heads = store.heads(after, HEADS_PAGE).context("read where the test clock stood")?;
        latest = heads.iter().map(|(_, head)| head.now_ms).chain(latest).max();
        match heads.last() {
            Some((last, _)) if heads.len() == HEADS_PAGE => after = Some(*last),
            _ => return Ok(latest.unwrap_or_else(clock::wall_ms)),
        }
    }
}

fn options(config: &Config) -> anyhow::Result<RuntimeOptions> {
    let (instances, database) = (&config.instances, &config.database);
    let threads = match instances.loop_threads {
        Some(threads) => threads as usize,
        None => available_parallelism().context("count processors; set instances.loop_threads")?.get(),
    };
    Ok(RuntimeOptions {
        threads,
        inbox_max: instances.inbox_max as usize,
        idle_ms: i64::from(instances.idle_seconds.0) * 1000,
        writer: WriterBounds {
            batches_max: database.commit_instances_max as usize,
            rows_max: database.commit_rows_max as usize,
            bytes_max: database.commit_bytes_max.as_usize(),
        },
        effects_per_target_max: instances.effects_per_target_max as usize,
    })
}

fn settings(config: &Config) -> anyhow::Result<Settings> {
    let days = |days: Days| i64::from(days.0) * DAY_MS;
    let limits = &config.limits;
    let count = |most: u32| Some(most as usize);
    let hot_bytes_max = match config.instances.hot_bytes_max {
        Some(bytes) => bytes.as_usize(),
        None => usize::try_from(memory::available_bytes()? / 2)?,
    };
    Ok(Settings {
        account: config.server.account_id.0.clone(),
        region: config.server.region.0.clone(),
        limits: engine::limits::Limits {
            attributes_bytes_max: limits.attributes_bytes_max as usize,
            references_bytes_max: limits.references_bytes_max as usize,
            chain_members_max: limits.chain_members_max,
            linked_tasks_max: limits.linked_tasks_max,
            schedule_ahead_seconds_max: days(limits.schedule_ahead_days_max) / 1000,
            schedule_past_seconds_max: i64::from(limits.schedule_past_seconds_max),
            reschedules_max: limits.reschedules_max,
            expiry_minutes_default: limits.expiry_default_minutes,
            expiry_minutes_min: limits.expiry_minutes_min,
            expiry_minutes_max: limits.expiry_minutes_max,
            actions_per_turn: limits.flow_actions_per_turn,
            actions_without_wait_max: limits.flow_actions_without_wait_max,
            flow_tasks_without_wait_max: limits.flow_tasks_without_wait_max,
            flow_task_generation_max: limits.flow_task_generation_max,
            agent_queue_contacts_max: limits.agent_queue_contacts_max,
            transfer_buffer_percent: limits.transfer_buffer_percent,
            strict_default_queue_flow: limits.strict_default_queue_flow,
            enforce_required_template_fields: limits.enforce_required_template_fields,
            presence_grace_seconds: config.agents.presence_grace_seconds,
            session_seconds_max: config.agents.session_seconds.0,
            agent_heartbeat_seconds: config.agents.event_heartbeat_seconds,
        },
        quotas: Quotas {
            open_tasks: Some(usize::try_from(limits.tasks_open_max)?),
            instances: count(limits.instances_max),
            contact_flows: count(limits.contact_flows_max),
            contact_flow_modules: count(limits.contact_flow_modules_max),
            queues: count(limits.queues_max),
            hours_of_operations: count(limits.hours_of_operation_max),
            quick_connects: count(limits.quick_connects_max),
            task_templates: count(limits.task_templates_max),
            users: count(limits.users_max),
            routing_profiles: count(limits.routing_profiles_max),
            routing_profile_queues: count(limits.routing_profile_queues_max),
            user_proficiencies: count(limits.user_proficiencies_max),
            security_profiles: count(limits.security_profiles_max),
            predefined_attributes: count(limits.predefined_attributes_max),
            user_hierarchy_groups: count(limits.user_hierarchy_groups_max),
            lambda_functions: count(limits.lambda_functions_max),
        },
        token_retention_ms: days(config.retention.tokens_days),
        token_bounds: TokenBounds::default(),
        event_retention_ms: days(config.retention.events_days),
        contact_retention_ms: days(config.retention.contacts_days),
        hot_bytes_max,
        hot_bytes: HotBytes::default(),
        compiled_flows_max: config.instances.compiled_flows_max as usize,
        attachments: AttachmentRules {
            extensions: config.attachments.extensions.iter().map(|extension| extension.to_ascii_lowercase()).collect(),
            url_judge: Attachments::url_judge(&config.attachments),
        },
        flow_trace: config.flows.trace,
        strict_module_settings: limits.strict_module_settings,
        flow_logs: config.flow_logs.sink.is_some(),
        references: config.references.clone(),
    })
}
