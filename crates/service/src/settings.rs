//! What the operator configured, as far as the application asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::InstanceId;
use engine::arn::Scope;
use engine::limits::Limits;
use engine::reference_map::ReferenceMap;

use crate::token::TokenBounds;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Settings of all instances of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Account of 12 digits, in ARNs.
    pub account: String,
    /// Region, in ARNs.
    pub region: String,
    /// The bounds of the domain.
    pub limits: Limits,
    /// Counts of resources.
    pub quotas: Quotas,
    /// How long a client token is known, in milliseconds (`start-task-contact.md` section 4: 7 days).
    pub token_retention_ms: i64,
    /// How many client tokens are kept where.
    pub token_bounds: TokenBounds,
    /// How long events can be read, in milliseconds.
    pub event_retention_ms: i64,
    /// How long ended contacts are kept, in milliseconds (`quotas.md`: 24 months).
    pub contact_retention_ms: i64,
    /// Memory that open contacts of one server may take, in bytes.
    pub hot_bytes_max: usize,
    /// Memory that they take now, over all instances.
    pub hot_bytes: HotBytes,
    /// Compiled flows kept in memory for one instance.
    pub compiled_flows_max: usize,
    /// What attachments may be.
    pub attachments: AttachmentRules,
    /// Whether what flows do with a contact is kept.
    pub flow_trace: bool,
    /// Whether the content of a module must have Settings, as in Amazon Connect (`observed-errors.md` E-F6).
    pub strict_module_settings: bool,
    /// Whether somebody takes flow logs.
    pub flow_logs: bool,
    /// What references of flows from elsewhere mean, in all instances.
    pub references: ReferenceMap,
}

/// How much memory the open contacts of all instances take. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct HotBytes(Arc<AtomicUsize>);

impl HotBytes {
    /// All instances together.
    pub fn total(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One instance went from so many bytes to so many.
    pub fn change(&self, from: usize, to: usize) {
        if to >= from {
            self.0.fetch_add(to - from, Ordering::Relaxed);
        } else {
            self.0.fetch_sub(from - to, Ordering::Relaxed);
        }
    }
}

/// What may be attached to a task (`start-task-contact.md` R24).
#[derive(Debug, Clone)]
pub struct AttachmentRules {
    /// File name extensions, in lower case.
    pub extensions: Vec<String>,
    /// Judges the URL of a file, as far as that needs no network.
    pub url_judge: UrlJudge,
}

type RefuseUrl = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Says why nothing may be downloaded from a URL, if so.
#[derive(Clone)]
pub struct UrlJudge(Arc<RefuseUrl>);

impl UrlJudge {
    /// The rules of whoever downloads.
    pub fn new(refusal: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        UrlJudge(Arc::new(refusal))
    }

    /// Why nothing may be downloaded from the URL.
    pub fn refusal(&self, url: &str) -> Option<String> {
        (self.0)(url)
    }
}

impl std::fmt::Debug for UrlJudge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UrlJudge")
    }
}

/// How many resources an instance may have. `None` is no quota (`quotas.md` section 1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Tasks that have not ended.
    pub open_tasks: Option<usize>,
    /// Instances.
    pub instances: Option<usize>,
    /// Flows.
    pub contact_flows: Option<usize>,
    /// Flow modules.
    pub contact_flow_modules: Option<usize>,
    /// Standard queues.
    pub queues: Option<usize>,
    /// Hours of operation.
    pub hours_of_operations: Option<usize>,
    /// Quick connects.
    pub quick_connects: Option<usize>,
    /// Task templates.
    pub task_templates: Option<usize>,
    /// Users.
    pub users: Option<usize>,
    /// Routing profiles.
    pub routing_profiles: Option<usize>,
    /// Queues of a routing profile, each for a channel; as many again to pick from.
    pub routing_profile_queues: Option<usize>,
    /// Proficiencies of a user.
    pub user_proficiencies: Option<usize>,
    /// Security profiles.
    pub security_profiles: Option<usize>,
    /// Predefined attributes.
    pub predefined_attributes: Option<usize>,
    /// Groups of the hierarchy of users, on all levels.
    pub user_hierarchy_groups: Option<usize>,
    /// Functions that flows may call.
    pub lambda_functions: Option<usize>,
}

impl Quotas {
    /// Amazon Connect's own numbers.
    pub fn aws() -> Self {
        Quotas {
            open_tasks: Some(2500),
            instances: Some(2),
            contact_flows: Some(100),
            contact_flow_modules: Some(200),
            queues: Some(100),
            hours_of_operations: Some(100),
            quick_connects: Some(100),
            task_templates: Some(50),
            users: Some(500),
            routing_profiles: Some(500),
            routing_profile_queues: Some(50),
            user_proficiencies: Some(10),
            security_profiles: Some(100),
            predefined_attributes: Some(150),
            user_hierarchy_groups: Some(500),
            lambda_functions: Some(50),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let extensions = "csv doc docx heic jfif jpeg jpg mov mp4 pdf png ppt pptx rtf txt wav xls xlsx";
        Settings {
            account: "000000000000".into(),
            region: "us-east-1".into(),
            limits: Limits::default(),
            quotas: Quotas {
                task_templates: Some(50),
                routing_profile_queues: Some(50),
                user_proficiencies: Some(10),
                ..Quotas::default()
            },
            token_retention_ms: 7 * DAY_MS,
            token_bounds: TokenBounds::default(),
            event_retention_ms: 7 * DAY_MS,
            contact_retention_ms: 730 * DAY_MS,
            hot_bytes_max: 4 << 30,
            hot_bytes: HotBytes::default(),
            compiled_flows_max: 1_000,
            attachments: AttachmentRules {
                extensions: extensions.split(' ').map(str::to_owned).collect(),
                url_judge: UrlJudge::new(|_| Some("this server downloads nothing".to_owned())),
            },
            flow_trace: true,
            strict_module_settings: false,
            flow_logs: false,
            references: ReferenceMap::default(),
        }
    }
}

impl Settings {
    /// What the ARNs of an instance begin with.
    pub fn arn_scope(&self, instance: InstanceId) -> Scope {
        Scope { region: self.region.clone(), account: self.account.clone(), instance }
    }
}
