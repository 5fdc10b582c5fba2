//! Every number and choice of the server, in one typed struct, read and validated once at start.
//!
//! A setting is one line in one list here. From it come the struct's field, the flag (`--http-body-bytes-max`), the
//! environment variable (`CALLBOARD_HTTP_BODY_BYTES_MAX`), the key of the TOML file (`[http] body_bytes_max`), the
//! help text and `docs/configuration.md`. Flags win over variables, variables over the file, the file over defaults.

mod layers;
mod manual;
mod map;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine::reference_map::ReferenceMap;

use crate::attachments::HostPattern;
use crate::flow_logs::FlowLogSink;
use crate::functions::FunctionMap;
use crate::throttle::{OperationRate, Rate};

pub use layers::FileError;
pub use manual::manual;
pub use map::{EntryError, Map, MapSection};
pub use table::Key;
pub use value::{
    AccountId, ByteCount, Days, LogFormat, Origin, Quotas, Region, Seconds, Setting, SettingError, Synchronous,
};

use layers::{File, Layers};
use table::{Section, settings};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it runs and as whom: the keys at the top of the file.
    pub server: Server,
    /// Bounds of the HTTP edge.
    pub http: Http,
    /// Bounds of what runs in memory.
    pub instances: Instances,
    /// Bounds of commits.
    pub database: Database,
    /// What one instance may hold.
    pub limits: Limits,
    /// How agents sign in and are watched.
    pub agents: Agents,
    /// Where files come from and go to.
    pub attachments: Attachments,
    /// What is told of what flows do.
    pub flows: Flows,
    /// Where the flow logs go.
    pub flow_logs: FlowLogs,
    /// How functions are called.
    pub function_calls: FunctionCalls,
    /// Where functions run.
    pub functions: FunctionMap,
    /// What references of flows mean in all instances.
    pub references: ReferenceMap,
    /// How long things are kept.
    pub retention: Retention,
}

settings! {
    /// Where the server runs and as whom.
    pub struct Server("") {
        /// Directory of the database, of attachments, of the key file and of the control socket. Made if
        /// missing, in a directory that must exist.
        pub data_dir: PathBuf = "callboard-data",
        /// Address and port to listen on. Port 0 takes a free one; the line "listening on" names it.
        pub listen: String = "127.0.0.1:8080",
        /// Account that owns the instances: part of every ARN.
        pub account_id: AccountId = "000000000000",
        /// Region of the instances: part of every ARN. Signatures must be scoped to it.
        pub region: Region = "us-east-1",
        /// PEM file with the certificate chain. With tls_key it turns HTTPS on.
        pub tls_cert: Option<PathBuf> = "",
        /// PEM file with the private key of tls_cert.
        pub tls_key: Option<PathBuf> = "",
        /// How log lines look on standard error.
        pub log_format: LogFormat = "text",
        /// Which log lines are written: a level, or a filter such as "info,service=debug".
        pub log_filter: String = "info",
        /// How far a signature's time may be from this machine's, before or after.
        pub clock_skew_seconds: Seconds = "300",
        /// Which defaults the limits have. "aws" takes exactly the quotas of Amazon Connect.
        pub quotas: Quotas = "generous",
        /// Time stands still and moves only when a client asks: for tests of flows and schedules.
        pub test_clock: bool = "false",
        /// How long a stopping server waits for requests that are in flight.
        pub shutdown_grace_seconds: Seconds = "30",
    }
}

settings! {
    /// Bounds of the HTTP edge: one client must not harm another.
    pub struct Http("http") {
        /// Largest body of a request. A larger one gets 413 RequestEntityTooLargeException. The longest flow has 256,000
        /// characters, each of which a client may write in 6 bytes or more.
        pub body_bytes_max: ByteCount = "4MiB",
        /// Most headers of a request. More get 431.
        pub headers_max: u32 = "100",
        /// Largest head of a request: request line and headers together. A larger one gets 431.
        pub head_bytes_max: ByteCount = "64KiB",
        /// Most connections at a time. More wait in the operating system's queue.
        pub connections_max: u32 = "10000",
        /// How long a client may take to send the head of a request, from its first byte.
        pub header_read_timeout_seconds: Seconds = "10",
        /// How long a client may take to send the body of a request.
        pub body_read_timeout_seconds: Seconds = "30",
        /// How long a client may take to accept the next bytes of an answer or of a stream of events, and its machine
        /// to acknowledge them. A machine that died is noticed so long after the next heartbeat of its stream.
        pub write_timeout_seconds: Seconds = "30",
        /// How long a connection may be open without a request.
        pub idle_timeout_seconds: Seconds = "75",
    }
}

settings! {
    /// Bounds of what runs in memory.
    pub struct Instances("instances") {
        /// Threads that run instances. Empty: as many as the machine has processors.
        pub loop_threads: Option<u32> = "",
        /// Memory that open tasks of all instances may take. Over it StartTaskContact gets
        /// ServiceQuotaExceededException. Empty: half of the machine's memory.
        pub hot_bytes_max: Option<ByteCount> = "",
        /// Compiled flows of one instance that are kept in memory.
        pub compiled_flows_max: u32 = "1000",
        /// Requests that may wait for one instance. More get ThrottlingException.
        pub inbox_max: u32 = "16384",
        /// An instance that nobody asks for this long is unloaded until it is needed.
        pub idle_seconds: Seconds = "300",
        /// Effects, such as downloads, that may be under way to one target at a time.
        pub effects_per_target_max: u32 = "16",
    }
}

settings! {
    /// Bounds of commits.
    pub struct Database("database") {
        /// Most instances whose changes are in one transaction.
        pub commit_instances_max: u32 = "4096",
        /// Most record changes in one transaction.
        pub commit_rows_max: u32 = "16384",
        /// Most bytes in one transaction.
        pub commit_bytes_max: ByteCount = "16MiB",
        /// When writes reach the disk.
        pub synchronous: Synchronous = "full" [hidden],
        /// Most pages of the database, to see what a full disk does. Empty: no bound.
        pub max_page_count: Option<u32> = "" [hidden],
    }
}

settings! {
    /// What one instance may hold. The defaults protect the machine; those of "aws" are Amazon Connect's.
    pub struct Limits("limits") {
        /// Instances of the account.
        pub instances_max: u32 = "100000" aws "2",
        /// Open tasks, which are all that have not ended.
        pub tasks_open_max: u64 = "10000000" aws "2500",
        /// Tasks that may name the same PreviousContactId.
        pub linked_tasks_max: u32 = "12",
        /// Contacts in one chain of transfers.
        pub chain_members_max: u32 = "12",
        /// Bytes of all attribute keys and values of a contact.
        pub attributes_bytes_max: u32 = "32768",
        /// Bytes of all references of a contact.
        pub references_bytes_max: u32 = "4096",
        /// How long ago a scheduled time may lie and still mean now.
        pub schedule_past_seconds_max: u32 = "60",
        /// How far ahead a task may be scheduled.
        pub schedule_ahead_days_max: Days = "90",
        /// How often a task may be rescheduled.
        pub reschedules_max: u32 = "20",
        /// Life of a task that names none.
        pub expiry_default_minutes: u32 = "10080",
        /// Longest life a task may have.
        pub expiry_minutes_max: u32 = "129600",
        /// Shortest life a task may have.
        pub expiry_minutes_min: u32 = "1",
        /// Actions after which a flow lets others run.
        pub flow_actions_per_turn: u32 = "1000",
        /// Actions without waiting after which a flow is stopped, since it would never end.
        pub flow_actions_without_wait_max: u32 = "100000",
        /// Tasks that a flow makes without waiting, after which it makes no more until it has waited.
        pub flow_tasks_without_wait_max: u32 = "1000",
        /// How deep tasks that flows make may make tasks in turn.
        pub flow_task_generation_max: u32 = "50",
        /// Contacts in the queue of one agent.
        pub agent_queue_contacts_max: u32 = "10",
        /// What a queue takes above its maximum from transfers, in percent.
        pub transfer_buffer_percent: u32 = "20",
        /// Whether a task ends with an error when its queue flow takes an error branch that is not wired, as in Amazon
        /// Connect. Otherwise it stays queued.
        pub strict_default_queue_flow: bool = "false",
        /// Whether the content of a flow module must have a member Settings, as in Amazon Connect. Older exports have none.
        pub strict_module_settings: bool = "false" aws "true",
        /// Whether StartTaskContact must fill the required fields of its template.
        pub enforce_required_template_fields: bool = "true",
        /// Task templates.
        pub task_templates_max: u32 = "50",
        /// Flows.
        pub contact_flows_max: u32 = "10000" aws "100",
        /// Flow modules.
        pub contact_flow_modules_max: u32 = "10000" aws "200",
        /// Queues.
        pub queues_max: u32 = "10000" aws "100",
        /// Quick connects.
        pub quick_connects_max: u32 = "10000" aws "100",
        /// Hours of operation.
        pub hours_of_operation_max: u32 = "10000" aws "100",
        /// Users.
        pub users_max: u32 = "100000" aws "500",
        /// Routing profiles.
        pub routing_profiles_max: u32 = "10000" aws "500",
        /// Queues of a routing profile, each for a channel; as many again to pick from.
        pub routing_profile_queues_max: u32 = "50",
        /// Proficiencies of a user.
        pub user_proficiencies_max: u32 = "10",
        /// Security profiles.
        pub security_profiles_max: u32 = "10000" aws "100",
        /// Predefined attributes.
        pub predefined_attributes_max: u32 = "10000" aws "150",
        /// Groups of the hierarchy of users, on all levels.
        pub user_hierarchy_groups_max: u32 = "10000" aws "500",
        /// Functions that the flows of an instance may call.
        pub lambda_functions_max: u32 = "10000" aws "50",
        /// Whether requests are throttled by operation as Amazon Connect does.
        pub throttling: bool = "false" aws "true",
        /// Calls a second and burst of an operation when throttling is on.
        pub throttle_usual: Rate = "2/5",
        /// Rates of operations that have others.
        pub throttle_rates: Vec<OperationRate> =
            "DescribeContact=10/15,UpdateContact=10/15,StopContact=10/15,ListContactReferences=10/15,\
             GetContactAttributes=10/15,UpdateContactAttributes=10/15,BatchPutContact=10/15,TagContact=20/25,\
             UntagContact=20/25,UpdateContactRoutingData=20/20,SearchContacts=0.5/1,GetMetricData=5/8,\
             GetCurrentMetricData=5/8,GetMetricDataV2=10/10,StartChatContact=5/8,CreateParticipant=5/8,\
             StartContactStreaming=5/8,StopContactStreaming=5/8,UpdateParticipantRoleConfig=5/8,\
             CreatePersistentContactAssociation=5/8,ListIntegrationAssociations=25/50,CreateInstance=0.1/5,\
             DeleteInstance=0.1/5",
    }
}

settings! {
    /// The agent interface: how agents sign in and are watched. Its times are the machine's, except for
    /// presence_grace_seconds.
    pub struct Agents("agents") {
        /// How long a session lasts without a request or an open event stream.
        pub session_idle_seconds: Seconds = "3600",
        /// How long a session lasts at most.
        pub session_seconds: Seconds = "43200",
        /// Sessions of all users together.
        pub sessions_max: u32 = "100000",
        /// Tries to sign in from one address. Behind a proxy all have the proxy's.
        pub sign_in_rate_per_address: Rate = "5/100",
        /// Tries to sign in under one name from one address.
        pub sign_in_rate_per_user: Rate = "0.2/10",
        /// Tries to sign in under one name from all addresses together.
        pub sign_in_rate_per_name: Rate = "1/300",
        /// How often an event stream without news carries a comment, so that nobody in between closes it and a broken
        /// one is noticed.
        pub heartbeat_seconds: Seconds = "15",
        /// How long an agent whose event stream is gone still gets offers. Empty: for ever.
        pub presence_grace_seconds: Option<u32> = "60",
        /// How long nothing is heard of an agent before a HEART_BEAT is written to the agent events; an hour after the
        /// agent went Offline they end. Empty: none.
        pub event_heartbeat_seconds: Option<u32> = "120",
    }
}

settings! {
    /// Where files of tasks come from and go to.
    pub struct Attachments("attachments") {
        /// Hosts that files may be downloaded from: "host", "host:port" or "*.suffix". Empty: none.
        pub allowed_hosts: Vec<HostPattern> = "",
        /// Whether allowed hosts may have private, loopback or link-local addresses.
        pub allow_private_addresses: bool = "false",
        /// PEM file of certificates that downloads trust in place of the system's.
        pub ca_file: Option<PathBuf> = "",
        /// Largest file. A larger one is REJECTED.
        pub max_bytes: ByteCount = "20MiB",
        /// Extensions a file may have.
        pub extensions: Vec<String> =
            "csv,doc,docx,heic,jfif,jpeg,jpg,mov,mp4,pdf,png,ppt,pptx,rtf,txt,wav,xls,xlsx",
        /// How long connecting may take.
        pub connect_timeout_seconds: Seconds = "10",
        /// How long a download may take in all.
        pub read_timeout_seconds: Seconds = "60",
        /// Where files are kept: empty for "attachments" in the data directory, or "s3://bucket/prefix".
        pub store: String = "",
        /// Endpoint of the S3-compatible storage. Empty: AWS's.
        pub s3_endpoint: Option<String> = "",
        /// Region of the S3-compatible storage.
        pub s3_region: String = "us-east-1",
        /// Access key of the S3-compatible storage.
        pub s3_access_key_id: Option<String> = "",
        /// Secret of s3_access_key_id: better given as variable than in a file.
        pub s3_secret_access_key: Option<String> = "",
    }
}

settings! {
    /// What is told of what flows do.
    pub struct Flows("flows") {
        /// Whether it is kept of each contact what flows did with it, action by action: see `callboard trace`. Of a long
        /// trace the first and the last actions stay.
        pub trace: bool = "true",
    }
}

settings! {
    /// The flow logs: what flows do, in Amazon Connect's log format. An instance has them when its attribute
    /// CONTACTFLOW_LOGS is true, for the contacts whose flow turns them on by UpdateFlowLoggingBehavior.
    pub struct FlowLogs("flow_logs") {
        /// Where the lines go, one JSON object each; a file is opened anew on SIGHUP. Empty: nowhere. Instances have them
        /// when their attribute CONTACTFLOW_LOGS is true.
        pub sink: Option<FlowLogSink> = "",
        /// Lines that may wait to be written. More are dropped, counted by callboard_flow_log_lines_dropped_total, and
        /// told of in the log.
        pub lines_waiting_max: u32 = "10000",
    }
}

settings! {
    /// How the functions are called that `[functions]` maps to where they run.
    pub struct FunctionCalls("function_calls") {
        /// Calls of one function at a time. More wait, so that a slow function does not hold up the others.
        pub per_function_max: u32 = "16",
        /// Calls of all functions at a time.
        pub calls_max: u32 = "256",
        /// Calls that may wait for a place. More take the error branch of their flow at once.
        pub waiting_max: u32 = "10000",
        /// How long connecting may take.
        pub connect_timeout_seconds: Seconds = "2",
        /// PEM file of certificates that calls trust in place of the system's.
        pub ca_file: Option<PathBuf> = "",
        /// Access key that calls of the Lambda Invoke API are signed with. Empty: they are not signed.
        pub access_key_id: Option<String> = "",
        /// Secret of access_key_id: better given as variable than in a file.
        pub secret_access_key: Option<String> = "",
        /// Session token, when access_key_id is a temporary key.
        pub session_token: Option<String> = "",
    }
}

settings! {
    /// How long things are kept.
    pub struct Retention("retention") {
        /// Ended contacts, counted from their start (24 months in Amazon Connect).
        pub contacts_days: Days = "730",
        /// Events.
        pub events_days: Days = "7",
        /// Client tokens: how long the same token answers with the same result.
        pub tokens_days: Days = "7",
    }
}

/// Variables that are no settings: secrets, which must not be in a file or on a command line, and the file's path.
pub const OTHER_VARIABLES: &[(&str, &str)] = &[
    ("CALLBOARD_CONFIG", "the configuration file, as --config"),
    ("CALLBOARD_ROOT_ACCESS_KEY_ID", "id of the root access key; without it one is made at first start and shown once"),
    ("CALLBOARD_ROOT_SECRET_ACCESS_KEY", "secret of the root access key"),
    (
        "CALLBOARD_SECRET_KEY",
        "32 bytes in base64 that encrypt stored secrets, in place of the data directory's key file",
    ),
];

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// One value.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Two values that contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

impl Config {
    /// Every setting, in the order of the manual.
    pub fn keys() -> Vec<Key> {
        [
            Server::KEYS,
            Http::KEYS,
            Instances::KEYS,
            Database::KEYS,
            Limits::KEYS,
            Agents::KEYS,
            Attachments::KEYS,
            Flows::KEYS,
            FlowLogs::KEYS,
            FunctionCalls::KEYS,
            Retention::KEYS,
        ]
        .concat()
    }

    /// Every section that is a map.
    pub fn maps() -> Vec<MapSection> {
        vec![FunctionMap::SECTION, ReferenceMap::SECTION]
    }

    /// Which of these environment variables look like ours and mean nothing.
    pub fn unknown_variables<'v>(variables: impl Iterator<Item = &'v str>) -> Vec<&'v str> {
        let keys: Vec<String> = Config::keys().iter().map(Key::variable).collect();
        let known =
            |name: &str| keys.iter().any(|key| key == name) || OTHER_VARIABLES.iter().any(|(other, _)| *other == name);
        variables.filter(|name| name.starts_with("CALLBOARD_") && !known(name)).collect()
    }

    /// Reads the settings from flags (without dashes), environment variables and file.
    pub fn read(
        flags: BTreeMap<String, String>,
        variables: BTreeMap<String, String>,
        file: Option<&Path>,
    ) -> Result<Config, ConfigError> {
        let file = file.map(|path| File::open(path, &Config::keys(), &Config::maps())).transpose()?;
        Config::from_layers(Layers { flags, variables, file, quotas: Quotas::Generous })
    }

    /// The defaults, in a data directory.
    pub fn defaults(data_dir: &Path) -> Config {
        let mut config = Config::read(BTreeMap::new(), BTreeMap::new(), None).expect("the defaults are valid");
        config.server.data_dir = data_dir.to_owned();
        config
    }

    fn from_layers(mut layers: Layers) -> Result<Config, ConfigError> {
        layers.quotas = Server::read(&layers)?.quotas;
        let config = Config {
            server: Server::read(&layers)?,
            http: Http::read(&layers)?,
            instances: Instances::read(&layers)?,
            database: Database::read(&layers)?,
            limits: Limits::read(&layers)?,
            agents: Agents::read(&layers)?,
            attachments: Attachments::read(&layers)?,
            flows: Flows::read(&layers)?,
            flow_logs: FlowLogs::read(&layers)?,
            function_calls: FunctionCalls::read(&layers)?,
            functions: map::read(&layers)?,
            references: map::read(&layers)?,
            retention: Retention::read(&layers)?,
        };
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let contradiction = |text: &str| Err(ConfigError::Contradiction(text.to_owned()));
        if self.server.tls_cert.is_some() != self.server.tls_key.is_some() {
            return contradiction("tls_cert and tls_key belong together: give both for HTTPS or neither for HTTP");
        }
        if self.http.head_bytes_max.0 < HEAD_BYTES_MIN {
            return contradiction("http.head_bytes_max is too small for a signed request; give at least 8KiB");
        }
        if self.http.connections_max == 0 || self.http.headers_max == 0 || self.instances.inbox_max == 0 {
            return contradiction("http.connections_max, http.headers_max and instances.inbox_max must be at least 1");
        }
        if self.instances.loop_threads == Some(0) {
            return contradiction("instances.loop_threads must be at least 1, or empty for one a processor");
        }
        let agents = &self.agents;
        if agents.heartbeat_seconds.0 == 0 || agents.session_seconds.0 == 0 || agents.session_idle_seconds.0 == 0 {
            return contradiction(
                "agents.heartbeat_seconds, session_seconds and session_idle_seconds must be at least 1",
            );
        }
        if agents.session_idle_seconds.0 <= agents.heartbeat_seconds.0 {
            return contradiction(
                "agents.session_idle_seconds must be more than agents.heartbeat_seconds: an open stream uses its session \
                 at each heartbeat",
            );
        }
        let calls = &self.function_calls;
        if calls.per_function_max == 0 || calls.calls_max == 0 {
            return contradiction("function_calls.per_function_max and function_calls.calls_max must be at least 1");
        }
        if calls.access_key_id.is_some() != calls.secret_access_key.is_some() {
            return contradiction(
                "function_calls.access_key_id and secret_access_key belong together: give both, or neither for calls \
                 that are not signed",
            );
        }
        if self.limits.expiry_default_minutes > self.limits.expiry_minutes_max {
            return contradiction("limits.expiry_default_minutes is more than limits.expiry_minutes_max");
        }
        Ok(())
    }
}

/// What the HTTP library needs at least for the head of a request.
const HEAD_BYTES_MIN: u64 = 8 * 1024;
