//! One populated record of each kind and, where a kind has variants, of each variant.

mod trace;

use std::collections::{BTreeMap, BTreeSet};

use engine::agent::{Agent, AgentContact, AgentContactState, AgentEventType, NextStatus, Presence, StatusRef};
use engine::agent_status::{AgentStatus, AgentStatusKind, AgentStatusState};
use engine::contact::{
    Chain, Contact, DisconnectReason, EventHook, EventType, Hook, InitiationMethod, PendingAttachment, Reference,
    ReferenceStatus, ReferenceType, SegmentValue, State, TemplateUse, Times, UpdatedProperty,
};
use engine::criteria::StepStatus;
use engine::flow::function::AnswerForm;
use engine::flow::json::Json;
use engine::flow::module::{ContactFlowModule, ModuleAlias, ModuleContent, ModuleVersion};
use engine::flow::run::{FlowRun, Meanwhile, ModuleRun, Purpose, Results, Waiting};
use engine::flow::trace::TraceCount;
use engine::flow::{ContactFlow, ContentHash, FlowContent, FlowState, FlowType};
use engine::hours::{Day, Frequency, HoursEntry, HoursOfOperation, HoursOverride, OverrideType, Recurrence, TimeOfDay};
use engine::instance::{IdentityManagement, Instance, InstanceStatus};
use engine::predefined::PredefinedAttribute;
use engine::queue::{OutboundCallerConfig, Queue, QueueKind, QueueStatus};
use engine::quick_connect::{QuickConnect, QuickConnectConfig};
use engine::reference_map::ReferenceMap;
use engine::routing_profile::{
    AgentAvailabilityTimer, Channel, CrossChannelBehavior, ManualQueueConfig, MediaConcurrency, QueueConfig,
    RoutingProfile,
};
use engine::security_profile::{Application, SecurityProfile};
use engine::storage_config::{Encryption, Storage, StorageConfig};
use engine::tag::Tags;
use engine::template::{
    FieldConstraints, FieldDefault, FieldType, TaskTemplate, TaskTemplateField, TaskTemplateStatus,
};
use engine::user::{Identity, PhoneConfig, PhoneType, Proficiency, User};
use engine::{
    AgentStatusId, ContactFlowId, ContactFlowModuleAliasId, ContactFlowModuleId, ContactId, FileId, HierarchyGroupId,
    HoursOfOperationId, HoursOfOperationOverrideId, InstanceId, QueueId, QuickConnectId, RoutingProfileId, RunId,
    SecurityProfileId, StorageConfigId, TaskTemplateId, Timestamp, UserId,
};
use uuid::Uuid;

use crate::effect::{AttachmentJob, Effect, EffectId, EffectRecord, FunctionJob};
use crate::event::{AgentConfiguration, AgentEventRecord, AgentFace, CriteriaMark, EventRecord, StepMark};
use crate::handlers::access_key::{AccessKey, ActsFor};
use crate::handlers::contact_flow::version::{FlowVersion, FlowVersions};
use crate::handlers::defaults::Defaults;
use crate::handlers::lambda_function::LambdaFunction;
use crate::handlers::user_hierarchy::{HierarchyGroup, HierarchyLevel, HierarchyStructure};
use crate::journal::{JournalEntry, PlacedAgentEvent};
use crate::token::{TokenEntry, TokenHash, TokenSegment};
pub(crate) use trace::trace_chunks;

fn id(n: u8) -> Uuid {
    Uuid::from_bytes([n; 16])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(1_800_000_000_123 + 1000 * seconds)
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn some(given: &str) -> Option<String> {
    Some(text(given))
}

fn tags() -> Tags {
    BTreeMap::from([(text("team"), text("blau ä"))])
}

pub(super) fn instances() -> Vec<Instance> {
    let instance = Instance {
        id: InstanceId(id(1)),
        alias: some("alias"),
        status: InstanceStatus::CreationFailed,
        status_reason: some("why"),
        identity_management: IdentityManagement::Saml,
        directory_id: some("d-1"),
        attributes: BTreeMap::from([(text("INBOUND_CALLS"), true), (text("OUTBOUND_CALLS"), false)]),
        tags: tags(),
        created: at(0),
    };
    let bare = Instance {
        alias: None,
        status: InstanceStatus::Active,
        status_reason: None,
        identity_management: IdentityManagement::ExistingDirectory,
        directory_id: None,
        ..instance.clone()
    };
    vec![instance, bare]
}

pub(super) fn access_keys() -> Vec<AccessKey> {
    let key = AccessKey {
        id: text("AKIAEXAMPLE"),
        sealed_secret: vec![0, 1, 254, 255],
        name: text("ann"),
        created: at(0),
        active: true,
        root: false,
        acts_for: None,
    };
    let of_two = ActsFor::Users(vec![UserId(id(6)), UserId(id(7))]);
    vec![
        key.clone(),
        AccessKey { acts_for: Some(ActsFor::Everybody), ..key.clone() },
        AccessKey { acts_for: Some(of_two), ..key },
    ]
}

pub(super) fn queues() -> Vec<Queue> {
    let standard = Queue {
        id: QueueId(id(2)),
        kind: QueueKind::Standard,
        name: text("BasicQueue"),
        description: some("what for"),
        hours: Some(HoursOfOperationId(id(3))),
        max_contacts: Some(300),
        status: QueueStatus::Disabled,
        quick_connects: BTreeSet::from([QuickConnectId(id(4))]),
        outbound_caller: Some(OutboundCallerConfig {
            name: some("caller"),
            number_id: some("number"),
            flow: Some(ContactFlowId(id(5))),
        }),
        tags: tags(),
        last_modified: at(1),
    };
    let agent = Queue {
        id: QueueId::of_agent(UserId(id(6))),
        kind: QueueKind::Agent,
        name: String::new(),
        description: None,
        hours: None,
        max_contacts: None,
        status: QueueStatus::Enabled,
        quick_connects: BTreeSet::new(),
        outbound_caller: None,
        tags: Tags::new(),
        last_modified: at(2),
    };
    vec![standard, agent]
}

pub(super) fn hours_of_operations() -> Vec<HoursOfOperation> {
    let entry = |day: &Day| HoursEntry {
        day: *day,
        start: TimeOfDay { hours: 9, minutes: 30 },
        end: TimeOfDay { hours: 17, minutes: 0 },
    };
    let usual = HoursOfOperation {
        id: HoursOfOperationId(id(3)),
        name: text("Basic Hours"),
        description: some("what for"),
        time_zone: text("Europe/Berlin"),
        config: Day::ALL.iter().map(entry).collect(),
        tags: tags(),
        last_modified: at(3),
        overrides: Vec::new(),
    };
    let recurrence = |frequency: &Frequency| Recurrence {
        frequency: *frequency,
        interval: 2,
        by_month: vec![12],
        by_month_day: vec![24, -1],
        by_weekday_occurrence: Some(-1),
    };
    let holiday = |kind: OverrideType, recurrence| HoursOverride {
        id: HoursOfOperationOverrideId(id(16)),
        name: text("holiday"),
        description: some("what for"),
        kind,
        config: vec![entry(&Day::Friday)],
        from: "2026-12-24".parse().unwrap(),
        till: "2030-12-31".parse().unwrap(),
        recurrence,
    };
    let mut with_overrides = usual.clone();
    with_overrides.overrides = OverrideType::ALL.iter().map(|kind| holiday(*kind, None)).collect();
    let recurrences = Frequency::ALL.iter().map(recurrence);
    with_overrides.overrides.extend(recurrences.map(|recurrence| holiday(OverrideType::Closed, Some(recurrence))));
    vec![usual, with_overrides]
}

pub(super) fn quick_connects() -> Vec<QuickConnect> {
    let flow = ContactFlowId(id(5));
    let configs = [
        QuickConnectConfig::User { user: UserId(id(6)), flow },
        QuickConnectConfig::Queue { queue: QueueId(id(2)), flow },
        QuickConnectConfig::PhoneNumber { number: text("+14155550100") },
        QuickConnectConfig::Flow { flow },
    ];
    let of = |config| QuickConnect {
        id: QuickConnectId(id(4)),
        name: text("to whom"),
        description: some("what for"),
        config,
        tags: tags(),
        last_modified: at(4),
    };
    configs.into_iter().map(of).collect()
}

pub(super) fn task_templates() -> Vec<TaskTemplate> {
    let field = |kind: &FieldType| TaskTemplateField {
        name: format!("field {kind}"),
        description: some("which"),
        field_type: Some(*kind),
        options: if *kind == FieldType::SingleSelect { vec![text("S"), text("M")] } else { Vec::new() },
    };
    let untyped = TaskTemplateField { name: text("line"), description: None, field_type: None, options: Vec::new() };
    vec![TaskTemplate {
        id: TaskTemplateId(id(7)),
        version: 3,
        name: text("template"),
        description: some("what for"),
        flow: Some(ContactFlowId(id(5))),
        self_assign_flow: Some(ContactFlowId(id(8))),
        status: TaskTemplateStatus::Inactive,
        fields: FieldType::ALL.iter().map(field).chain([untyped]).collect(),
        constraints: FieldConstraints {
            required: vec![text("line")],
            read_only: vec![text("field TEXT")],
            invisible: vec![text("field URL")],
        },
        defaults: vec![FieldDefault { field: text("line"), value: text("a line") }],
        tags: tags(),
        created: at(5),
        last_modified: at(6),
    }]
}

pub(super) fn users() -> Vec<User> {
    vec![User {
        id: UserId(id(6)),
        username: text("ann"),
        password_hash: some("$argon2id$"),
        identity: Identity {
            first_name: some("Ann"),
            last_name: some("Example"),
            email: some("ann@example.com"),
            secondary_email: some("a@example.com"),
            mobile: some("+14155550101"),
        },
        phone: Some(PhoneConfig {
            phone_type: PhoneType::DeskPhone,
            auto_accept: true,
            after_contact_work_seconds: 90,
            desk_phone_number: some("+14155550102"),
            persistent_connection: Some(false),
        }),
        directory_user_id: some("directory"),
        security_profiles: BTreeSet::from([SecurityProfileId(id(9))]),
        routing_profile: RoutingProfileId(id(10)),
        hierarchy_group: Some(HierarchyGroupId(id(11))),
        proficiencies: vec![Proficiency { attribute: text("Skill"), value: text("knots"), level: 2.5 }],
        tags: tags(),
        last_modified: at(7),
        channels: Vec::new(),
    }]
}

pub(super) fn routing_profiles() -> Vec<RoutingProfile> {
    let media = |channel: &Channel| MediaConcurrency {
        channel: *channel,
        concurrency: 1,
        cross_channel: Some(CrossChannelBehavior::AnyChannel),
    };
    vec![RoutingProfile {
        id: RoutingProfileId(id(10)),
        name: text("profile"),
        description: text("what for"),
        concurrencies: Channel::ALL.iter().map(media).collect(),
        default_outbound_queue: QueueId(id(2)),
        queues: vec![QueueConfig { queue: QueueId(id(2)), channel: Channel::Task, priority: 99, delay_seconds: 9999 }],
        manual_queues: vec![ManualQueueConfig { queue: QueueId(id(2)), channel: Channel::Email }],
        availability_timer: Some(AgentAvailabilityTimer::SinceLastInbound),
        is_default: true,
        tags: tags(),
        last_modified: at(8),
    }]
}

pub(super) fn security_profiles() -> Vec<SecurityProfile> {
    vec![SecurityProfile {
        id: SecurityProfileId(id(9)),
        name: text("Admin"),
        description: some("what for"),
        permissions: vec![text("BasicAgentAccess")],
        allowed_access_control_tags: tags(),
        tag_restricted_resources: vec![text("Queue")],
        hierarchy_restricted_resources: vec![text("User")],
        allowed_hierarchy_group: Some(HierarchyGroupId(id(11))),
        applications: vec![Application { namespace: text("app"), permissions: vec![text("ACCESS")] }],
        tags: tags(),
        last_modified: at(9),
    }]
}

pub(super) fn agents() -> Vec<Agent> {
    let status = |kind| StatusRef { id: AgentStatusId(id(12)), kind };
    let entry = |state: &AgentContactState| AgentContact {
        contact: ContactId(id(14)),
        initial: ContactId(id(17)),
        channel: Channel::Task,
        state: *state,
        since: at(30),
        connected: Some(at(31)),
        queue: Some(QueueId(id(2))),
        enqueued: Some(at(25)),
        initiation_method: InitiationMethod::Transfer,
        expires_soon: true,
    };
    let of = |presence| Agent {
        user: UserId(id(6)),
        status: status(AgentStatusKind::Routable),
        since: at(32),
        next: Some(NextStatus { status: status(AgentStatusKind::Custom), enqueued: at(33) }),
        contacts: AgentContactState::ALL.iter().map(entry).collect(),
        last_activity: at(34),
        last_inbound: at(35),
        presence,
        version: 7,
        last_event: None,
        signed_in: None,
    };
    let presences = [Presence::Program, Presence::Streaming, Presence::GoneSince(at(36)), Presence::Absent(at(37))];
    let new = Agent::new(UserId(id(6)), AgentStatusId(id(12)), at(38));
    let signed_in = Agent { signed_in: Some(at(39)), ..of(Presence::Lost(at(40))) };
    presences.into_iter().map(of).chain([new, signed_in]).collect()
}

pub(super) fn agent_statuses() -> Vec<AgentStatus> {
    let of = |kind: &AgentStatusKind| AgentStatus {
        id: AgentStatusId(id(12)),
        name: text("Available"),
        description: some("what for"),
        kind: *kind,
        display_order: Some(1),
        state: AgentStatusState::Disabled,
        tags: tags(),
        last_modified: at(10),
    };
    AgentStatusKind::ALL.iter().map(of).collect()
}

pub(super) fn contact_flows() -> Vec<ContactFlow> {
    let of = |flow_type: &FlowType| ContactFlow {
        id: ContactFlowId(id(5)),
        name: text("flow"),
        flow_type: *flow_type,
        state: FlowState::Archived,
        description: some("what for"),
        saved: ContentHash::of("saved"),
        published: Some(ContentHash::of("published")),
        is_default: true,
        tags: tags(),
        created: at(11),
        last_modified: at(12),
    };
    let draft = ContactFlow { state: FlowState::Active, published: None, ..of(&FlowType::ContactFlow) };
    FlowType::ALL.iter().map(of).chain([draft]).collect()
}

pub(super) fn storage_configs() -> Vec<StorageConfig> {
    let encryption = || Some(Encryption { kind: text("KMS"), key_id: text("key") });
    let storages = [
        Storage::S3 { bucket: text("bucket"), prefix: text("prefix"), encryption: encryption() },
        Storage::KinesisVideoStream { prefix: text("prefix"), retention_hours: 24, encryption: encryption() },
        Storage::KinesisStream { arn: text("arn:aws:kinesis") },
        Storage::KinesisFirehose { arn: text("arn:aws:firehose") },
    ];
    let of = |storage| StorageConfig { id: StorageConfigId(id(13)), resource_type: text("ATTACHMENTS"), storage };
    storages.into_iter().map(of).collect()
}

pub(super) fn predefined_attributes() -> Vec<PredefinedAttribute> {
    vec![PredefinedAttribute {
        name: text("Skill"),
        values: vec![text("knots"), text("maps")],
        purposes: vec![text("proficiency")],
        enforce_values: true,
        read_only: true,
        last_modified: at(13),
    }]
}

pub(super) fn contact_flow_modules() -> Vec<ContactFlowModule> {
    let content = |of: &str, settings: Option<String>| ModuleContent { hash: ContentHash::of(of), settings };
    let version = |number: u64, description| ModuleVersion {
        number,
        content: content("version", some("{}")),
        description,
        created: at(34),
    };
    let alias = ModuleAlias {
        id: ContactFlowModuleAliasId(id(12)),
        name: text("live"),
        version: 3,
        description: some("what for"),
        last_modified: at(35),
    };
    let full = ContactFlowModule {
        id: ContactFlowModuleId(id(11)),
        name: text("look up"),
        description: some("what for"),
        state: FlowState::Archived,
        saved: content("saved", None),
        published: Some(content("published", some("{\"transitions\":{\"results\":[\"gold\"]}}"))),
        versions: vec![version(1, some("first")), version(3, None)],
        versions_made: 4,
        aliases: vec![alias],
        tags: tags(),
        created: at(36),
        last_modified: at(37),
    };
    let bare = ContactFlowModule {
        description: None,
        state: FlowState::Active,
        published: None,
        versions: Vec::new(),
        versions_made: 0,
        aliases: Vec::new(),
        ..full.clone()
    };
    vec![full, bare]
}

pub(super) fn flow_versions() -> Vec<FlowVersions> {
    let version =
        |number, description| FlowVersion { number, content: ContentHash::of("version"), description, created: at(38) };
    let versions = vec![version(1, some("first")), version(4, None)];
    vec![FlowVersions { flow: ContactFlowId(id(5)), made: 5, versions }]
}

pub(super) fn reference_maps() -> Vec<ReferenceMap> {
    let entries = [
        ("arn:aws:connect:eu-west-1:111122223333:instance/other/queue/*", "01010101-0101-0101-0101-010101010101"),
        ("there", "here ä"),
    ];
    let full = entries.into_iter().map(|(reference, target)| (text(reference), text(target))).collect();
    vec![ReferenceMap::default(), ReferenceMap::new(full).unwrap()]
}

pub(super) fn hierarchy_structures() -> Vec<HierarchyStructure> {
    let level = |name: &str| HierarchyLevel { name: text(name), last_modified: at(11) };
    vec![HierarchyStructure::default(), HierarchyStructure { levels: vec![level("Site"), level("Team")] }]
}

pub(super) fn hierarchy_groups() -> Vec<HierarchyGroup> {
    let top = HierarchyGroup {
        id: HierarchyGroupId(id(10)),
        name: text("north"),
        ancestors: Vec::new(),
        tags: tags(),
        last_modified: at(12),
    };
    let below = HierarchyGroup { ancestors: vec![top.id], ..top.clone() };
    vec![top, below]
}

pub(super) fn lambda_functions() -> Vec<LambdaFunction> {
    vec![LambdaFunction { arn: text("arn:aws:lambda:us-east-1:000000000000:function:look-up:7"), associated: at(10) }]
}

pub(super) fn effects() -> Vec<EffectRecord> {
    let job = AttachmentJob {
        contact: ContactId(id(14)),
        file_name: text("a.pdf"),
        url: text("https://example.com/a.pdf"),
        file: FileId(id(15)),
    };
    let instance = InstanceId(id(1));
    let effects = [
        Effect::CreateDefaults { instance, identity_management: IdentityManagement::Saml },
        Effect::DeleteRecords { instance },
        Effect::FetchAttachment { job },
    ];
    let of = |effect, restarts| EffectRecord { id: EffectId(id(16)), effect, since: at(14), restarts };
    let later = of(Effect::DeleteFiles { contacts: vec![ContactId(id(14)), ContactId(id(17))] }, Some(2));
    let job = FunctionJob {
        contact: ContactId(id(14)),
        run: RunId(2),
        step: 12,
        call: text("call"),
        function: text("arn:aws:lambda:us-east-1:000000000000:function:f"),
        event: text("{}"),
        seconds: 8,
        waits: true,
    };
    let call = of(Effect::CallFunction { job }, None);
    effects.into_iter().map(|effect| of(effect, None)).chain([later, call]).collect()
}

pub(super) fn token_segments() -> Vec<TokenSegment> {
    let (newest, filter) = (at(15), vec![0, 1, 128, 255]);
    let segment = TokenSegment { number: 7, newest, blocks: 4096, sealed_commit: 70_000, filter, replaces: vec![] };
    vec![segment.clone(), TokenSegment { number: 9, replaces: vec![7, 8], ..segment }]
}

pub(super) fn defaults() -> Vec<Defaults> {
    let flow = |(n, flow_type): (usize, &FlowType)| (*flow_type, ContactFlowId(id(n as u8)));
    vec![Defaults {
        version: 1,
        created: at(16),
        flows: FlowType::ALL.iter().enumerate().map(flow).collect(),
        identity_management: IdentityManagement::Saml,
    }]
}

fn reference(n: usize, reference_type: ReferenceType) -> (String, Reference) {
    let reference = Reference {
        reference_type,
        value: text("value"),
        status: Some(ReferenceStatus::ALL[n % ReferenceStatus::ALL.len()]),
        status_reason: some("why"),
        file: Some(FileId(id(15))),
    };
    (format!("reference {n:02}"), reference)
}

fn segment() -> BTreeMap<String, SegmentValue> {
    let list = SegmentValue::List(vec![SegmentValue::Integer(-1), SegmentValue::Arn(text("arn:aws:connect"))]);
    let map = BTreeMap::from([(text("inside"), SegmentValue::String(text("text"))), (text("list"), list)]);
    BTreeMap::from([(text("map"), SegmentValue::Map(map))])
}

fn run(waiting: Option<Waiting>) -> FlowRun {
    FlowRun {
        id: RunId(2),
        purpose: Purpose::Queue,
        flow: ContactFlowId(id(5)),
        content: ContentHash::of("published"),
        action: text("wait"),
        step: 12,
        since_wait: 3,
        waiting,
        loops: BTreeMap::from([(text("loop"), 2)]),
        attributes: BTreeMap::from([(text("flow attribute"), text("value"))]),
        results: None,
        module: None,
        meanwhile: None,
        tasks_since_wait: 0,
    }
}

/// Runs of functions and modules.
fn later_runs() -> Vec<FlowRun> {
    let json = Json::Map(BTreeMap::from([
        (text("list"), Json::List(vec![Json::Null, Json::Literal(text("1.5"))])),
        (text("text"), Json::Text(text("ä"))),
    ]));
    let results = Results {
        external: Some(json.clone()),
        invocation: some("call"),
        task: Some(ContactId(id(14))),
        metrics: BTreeMap::from([(text("Queue.Size"), text("3"))]),
        module_result: some("gold"),
        module_data: Some(json.clone()),
    };
    let module = Some(Box::new(ModuleRun { input: json, module: None }));
    let waits = |waiting| FlowRun { results: Some(Box::new(results.clone())), ..run(Some(waiting)) };
    vec![
        waits(Waiting::Module),
        FlowRun { module: module.clone(), ..waits(Waiting::Function { form: AnswerForm::Json }) },
        FlowRun { module: module.clone(), ..waits(Waiting::Function { form: AnswerForm::StringMap }) },
        FlowRun { module: module.clone(), ..waits(Waiting::Answered { error: some("why") }) },
        FlowRun { module, ..waits(Waiting::Answered { error: None }) },
    ]
}

/// A run that goes on while a Wait lets it, in a module.
fn runs_meanwhile() -> Vec<FlowRun> {
    let meanwhile = Meanwhile { action: text("wait"), until: at(28), from_step: 7 };
    let module = ModuleRun { input: Json::Null, module: Some(ContactFlowModuleId(id(40))) };
    vec![
        FlowRun { meanwhile: Some(Box::new(meanwhile)), ..run(Some(Waiting::Module)) },
        FlowRun { module: Some(Box::new(module)), ..run(Some(Waiting::Turn)) },
    ]
}

pub(crate) fn contacts() -> Vec<Contact> {
    let full = Contact {
        id: ContactId(id(14)),
        state: State::Completed,
        initiation_method: InitiationMethod::Api,
        times: Times {
            initiation: at(20),
            last_update: at(21),
            expiry: at(22),
            scheduled: Some(at(23)),
            connected_to_system: Some(at(24)),
            enqueue: Some(at(25)),
            dequeue: Some(at(26)),
            disconnect: Some(at(27)),
        },
        initial: Some(ContactId(id(17))),
        previous: Some(ContactId(id(18))),
        related: Some(ContactId(id(19))),
        association: Some(ContactId(id(20))),
        depth: 2,
        name: text("Call back"),
        description: some("about the knots"),
        references: ReferenceType::ALL.iter().enumerate().map(|(n, kind)| reference(n, *kind)).collect(),
        segment: segment(),
        tags: tags(),
        target_queue: Some(QueueId(id(2))),
        queue: Some(QueueId(id(2))),
        queue_priority: Some(1),
        queue_time_adjustment_seconds: Some(-60),
        disconnect_reason: Some(DisconnectReason::Expired),
        template: Some(TemplateUse { id: TaskTemplateId(id(7)), version: 3, name: text("template") }),
        quick_connect: Some(QuickConnectId(id(4))),
        reschedules: 1,
        start_flow: Some(ContactFlowId(id(5))),
        runs: vec![run(Some(Waiting::Until { at: at(28) })), run(Some(Waiting::Turn)), run(None)],
        runs_begun: 3,
        hooks: Hook::ALL.iter().map(|hook| EventHook { hook: *hook, flow: ContactFlowId(id(8)) }).collect(),
        flow_logging: true,
        attachments: vec![PendingAttachment {
            file: FileId(id(15)),
            key: text("a.pdf"),
            url: text("https://example.com/a.pdf"),
        }],
        created_by: Some(UserId(id(6))),
        self_assigned: true,
        language_code: some("de-DE"),
        customer_id: some("customer"),
        offer: None,
        offers: 0,
        agent: None,
        pauses: None,
        criteria: Vec::new(),
        next: None,
        ranked_since: None,
        generation: 0,
        trace: None,
        hooks_disabled: vec![],
    };
    let bare = Contact {
        state: State::Scheduled,
        times: Times { initiation: at(20), last_update: at(20), expiry: at(22), ..Times::default() },
        initial: None,
        previous: None,
        related: None,
        association: None,
        depth: 1,
        description: None,
        references: BTreeMap::new(),
        segment: BTreeMap::new(),
        tags: Tags::new(),
        target_queue: None,
        queue: None,
        queue_priority: None,
        queue_time_adjustment_seconds: None,
        disconnect_reason: None,
        template: None,
        quick_connect: None,
        start_flow: None,
        runs: Vec::new(),
        hooks: Vec::new(),
        attachments: Vec::new(),
        created_by: None,
        language_code: None,
        customer_id: None,
        ..full.clone()
    };
    let states = [State::InFlow, State::Queued].map(|state| Contact { state, ..bare.clone() });
    let methods = InitiationMethod::ALL.iter().map(|method| Contact { initiation_method: *method, ..bare.clone() });
    let reasons =
        DisconnectReason::ALL.iter().map(|reason| Contact { disconnect_reason: Some(*reason), ..bare.clone() });
    let rest: Vec<Contact> = states.into_iter().chain(methods).chain(reasons).collect();
    let made_by_a_flow = Contact { runs: later_runs(), generation: 3, ..full.clone() };
    let traced = Contact { trace: Some(TraceCount { chunks: 130, entries: 70_000 }), ..full.clone() };
    let in_the_meantime = Contact { runs: runs_meanwhile(), hooks_disabled: Hook::ALL.to_vec(), ..full.clone() };
    let making_tasks = FlowRun { tasks_since_wait: 4, ..run(Some(Waiting::Turn)) };
    let making_tasks = Contact { runs: vec![making_tasks], ..full.clone() };
    let later = [made_by_a_flow, traced, in_the_meantime, making_tasks];
    [full, bare.clone()].into_iter().chain(rest).chain(later).collect()
}

pub(super) fn chains() -> Vec<Chain> {
    vec![Chain {
        id: ContactId(id(17)),
        attributes: BTreeMap::from([(text("key"), text("value ä"))]),
        members: 12,
        open: 2,
        linked: BTreeMap::from([(ContactId(id(18)), 3)]),
        ended: Some(at(19)),
    }]
}

pub(super) fn flow_contents() -> Vec<FlowContent> {
    vec![FlowContent::new(text("{ \"Version\" : \"2019-10-30\" }\n"))]
}

fn token() -> TokenEntry {
    TokenEntry { hash: TokenHash([21; 16]), fingerprint: [22; 16], made: [14; 16], at: at(30) }
}

pub(super) fn token_blocks() -> Vec<Vec<TokenEntry>> {
    vec![vec![token(), TokenEntry { hash: TokenHash([23; 16]), ..token() }], Vec::new()]
}

pub(super) fn journal_entries() -> Vec<JournalEntry> {
    let event = |event_type: &EventType| EventRecord {
        contact: ContactId(id(14)),
        at: at(31),
        event_type: *event_type,
        updated: UpdatedProperty::ALL[..4].to_vec(),
        queue: Some(QueueId(id(2))),
        enqueued: Some(at(25)),
        disconnect_reason: Some(DisconnectReason::Api),
        criteria: None,
    };
    let entry = JournalEntry {
        first_event: 1_000_000,
        commit: 70_001,
        at: at(31),
        contacts: EventType::ALL.iter().map(event).collect(),
        tokens: vec![token()],
        agents: Vec::new(),
    };
    let empty = JournalEntry { contacts: Vec::new(), tokens: Vec::new(), ..entry.clone() };
    let status = StatusRef { id: AgentStatusId(id(7)), kind: AgentStatusKind::Routable };
    let face = AgentFace {
        status,
        since: at(3),
        next: Some(NextStatus { status, enqueued: at(4) }),
        contacts: agents().swap_remove(0).contacts,
        routing_profile: Some(RoutingProfileId(id(8))),
        hierarchy_group: None,
        configuration: None,
        absent: None,
    };
    let agent = |place: usize, event_type: &AgentEventType| PlacedAgentEvent {
        place: place as u32 * 2,
        event: AgentEventRecord {
            agent: UserId(id(6)),
            at: at(32),
            event_type: *event_type,
            before: (place > 0).then(|| face.clone()),
            after: face.clone(),
        },
    };
    let agents = AgentEventType::ALL.iter().enumerate().map(|(place, event)| agent(place, event)).collect();
    let with_agents = JournalEntry { agents, ..entry.clone() };
    let mut in_a_group = with_agents.clone();
    in_a_group.agents[0].event.after.hierarchy_group = Some(HierarchyGroupId(id(10)));
    let mut configured = in_a_group.clone();
    configured.contacts[0].criteria = Some(vec![CriteriaMark {
        index: 300,
        activation: Some(at(26)),
        steps: vec![
            StepMark { status: StepStatus::Expired, expires: Some(at(27)) },
            StepMark { status: StepStatus::Active, expires: None },
        ],
    }]);
    let after = &mut configured.agents[0].event.after;
    after.absent = Some(true);
    after.configuration = Some(AgentConfiguration {
        slots: vec![(Channel::Task, 10), (Channel::Voice, 1)],
        queues: vec![(QueueId(id(2)), Channel::Task)],
        default_outbound_queue: QueueId(id(3)),
        proficiencies: vec![Proficiency { attribute: text("language"), value: text("français"), level: 2.5 }],
        auto_accept: true,
    });
    vec![entry, empty, with_agents, in_a_group, configured]
}
