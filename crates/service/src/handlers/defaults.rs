//! The resources that a new instance comes with, all made in one commit.
//!
//! Facts: `control-plane.md` section 1, `observed-errors.md` section 6, `flow-language.md` section 7.

use std::collections::{BTreeMap, BTreeSet};

use engine::agent_status::{AgentStatus, AgentStatusKind, AgentStatusState};
use engine::flow::defaults::DEFAULT_FLOWS;
use engine::flow::{ContactFlow, FlowContent, FlowState, FlowType};
use engine::hours::{Day, HoursEntry, HoursOfOperation, TimeOfDay};
use engine::instance::IdentityManagement;
use engine::predefined::PredefinedAttribute;
use engine::queue::{Queue, QueueKind, QueueStatus};
use engine::routing_profile::{Channel, MediaConcurrency, QueueConfig, RoutingProfile};
use engine::security_profile::SecurityProfile;
use engine::tag::Tags;
use engine::{
    AgentStatusId, ContactFlowId, HoursOfOperationId, QueueId, RoutingProfileId, SecurityProfileId, Timestamp,
};
use minicbor::{Decode, Encode};
use store::{KeyId, Kind};

use crate::error::Halt;
use crate::kinds;
use crate::record::Record;
use crate::tx::Tx;

/// Which set of defaults this program makes.
const DEFAULTS_VERSION: u32 = 1;
/// The key of the only record of its kind.
const KEY: [u8; 1] = [0];

/// Tasks that an agent of the basic routing profile takes at a time: the most there can be.
const TASK_CONCURRENCY: u8 = 10;

/// That an instance has its defaults, and which flows run when no other was set.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Defaults {
    /// Which set of defaults was made.
    #[n(0)]
    pub version: u32,
    /// When.
    #[n(1)]
    pub created: Timestamp,
    /// The default flow of each type that has one. They cannot be deleted.
    #[n(2)]
    pub flows: BTreeMap<FlowType, ContactFlowId>,
    /// Where the instance's users sign in.
    #[n(3)]
    pub identity_management: IdentityManagement,
}

impl Record for Defaults {
    const KIND: Kind = kinds::DEFAULTS;
    const NAME: &'static str = "defaults";

    fn id(&self) -> KeyId {
        KEY.into()
    }
}

/// The flow that runs when none was set for its type.
pub(crate) fn default_flow(tx: &Tx<'_>, flow_type: FlowType) -> Option<ContactFlowId> {
    tx.get::<Defaults>(&KEY)?.flows.get(&flow_type).copied()
}

/// Where the instance's users sign in.
pub(crate) fn identity_management(tx: &Tx<'_>) -> Option<IdentityManagement> {
    Some(tx.get::<Defaults>(&KEY)?.identity_management)
}

/// Gives the instance its default resources. Does nothing when they were made before.
pub(crate) fn create_defaults(tx: &mut Tx<'_>, identity_management: IdentityManagement) -> Result<(), Halt> {
    if tx.get::<Defaults>(&KEY).is_some() {
        return Ok(());
    }
    let flows = create_flows(tx);
    let hours = create_hours(tx);
    let queue = create_queue(tx, hours);
    create_routing_profile(tx, queue);
    create_security_profiles(tx);
    create_agent_statuses(tx);
    create_predefined_attributes(tx);
    tx.put(Defaults { version: DEFAULTS_VERSION, created: tx.now, flows, identity_management });
    Ok(())
}

fn create_flows(tx: &mut Tx<'_>) -> BTreeMap<FlowType, ContactFlowId> {
    let mut flows = BTreeMap::new();
    for default in DEFAULT_FLOWS {
        let content = FlowContent::new(default.content.to_owned());
        let id = ContactFlowId(tx.new_id());
        tx.put_cold(kinds::FLOW_CONTENT, &content.hash.0, &content);
        tx.put(ContactFlow {
            id,
            name: default.name.to_owned(),
            flow_type: default.flow_type,
            state: FlowState::Active,
            description: Some(default.description.to_owned()),
            saved: content.hash,
            published: Some(content.hash),
            is_default: true,
            tags: Tags::new(),
            created: tx.now,
            last_modified: tx.now,
        });
        flows.insert(default.flow_type, id);
    }
    flows
}

/// Basic Hours are always open: which hours the original has depends on its region and is not documented.
fn create_hours(tx: &mut Tx<'_>) -> HoursOfOperationId {
    const MIDNIGHT: TimeOfDay = TimeOfDay { hours: 0, minutes: 0 };
    let id = HoursOfOperationId(tx.new_id());
    let whole = |day: &Day| HoursEntry { day: *day, start: MIDNIGHT, end: MIDNIGHT };
    tx.put(HoursOfOperation {
        id,
        name: "Basic Hours".to_owned(),
        description: Some("Open at all times".to_owned()),
        time_zone: "UTC".to_owned(),
        config: Day::ALL.iter().map(whole).collect(),
        tags: Tags::new(),
        last_modified: tx.now,
        overrides: Vec::new(),
    });
    id
}

fn create_queue(tx: &mut Tx<'_>, hours: HoursOfOperationId) -> QueueId {
    let id = QueueId(tx.new_id());
    tx.put(Queue {
        id,
        kind: QueueKind::Standard,
        name: "BasicQueue".to_owned(),
        description: Some("The queue that an instance comes with".to_owned()),
        hours: Some(hours),
        max_contacts: None,
        status: QueueStatus::Enabled,
        quick_connects: BTreeSet::new(),
        outbound_caller: None,
        tags: Tags::new(),
        last_modified: tx.now,
    });
    id
}

/// The basic profile takes tasks from BasicQueue from the start; in the original an administrator has to add them.
fn create_routing_profile(tx: &mut Tx<'_>, queue: QueueId) {
    let id = RoutingProfileId(tx.new_id());
    tx.put(RoutingProfile {
        id,
        name: "Basic Routing Profile".to_owned(),
        description: "Takes tasks from BasicQueue".to_owned(),
        concurrencies: vec![MediaConcurrency {
            channel: Channel::Task,
            concurrency: TASK_CONCURRENCY,
            cross_channel: None,
        }],
        default_outbound_queue: queue,
        queues: vec![QueueConfig { queue, channel: Channel::Task, priority: 1, delay_seconds: 0 }],
        manual_queues: Vec::new(),
        availability_timer: None,
        is_default: true,
        tags: Tags::new(),
        last_modified: tx.now,
    });
}

/// Names and descriptions of the security profiles that come with an instance.
pub(crate) const SECURITY_PROFILES: [(&str, &str); 4] = [
    ("Admin", "May do everything"),
    ("Agent", "May work on contacts"),
    ("CallCenterManager", "May manage users, queues and flows, and see reports"),
    ("QualityAnalyst", "May see what was done with contacts"),
];

fn create_security_profiles(tx: &mut Tx<'_>) {
    for (name, description) in SECURITY_PROFILES {
        let id = SecurityProfileId(tx.new_id());
        tx.put(SecurityProfile {
            id,
            name: name.to_owned(),
            description: Some(description.to_owned()),
            permissions: Vec::new(),
            allowed_access_control_tags: Tags::new(),
            tag_restricted_resources: Vec::new(),
            hierarchy_restricted_resources: Vec::new(),
            allowed_hierarchy_group: None,
            applications: Vec::new(),
            tags: Tags::new(),
            last_modified: tx.now,
        });
    }
}

fn create_agent_statuses(tx: &mut Tx<'_>) {
    let statuses = [("Available", AgentStatusKind::Routable, 1), ("Offline", AgentStatusKind::Offline, 2)];
    for (name, kind, order) in statuses {
        let id = AgentStatusId(tx.new_id());
        tx.put(AgentStatus {
            id,
            name: name.to_owned(),
            description: None,
            kind,
            display_order: Some(order),
            state: AgentStatusState::Enabled,
            tags: Tags::new(),
            last_modified: tx.now,
        });
    }
}

fn create_predefined_attributes(tx: &mut Tx<'_>) {
    for name in ["connect:Language", "connect:Subtype", "connect:WorkloadType"] {
        tx.put(PredefinedAttribute {
            name: name.to_owned(),
            values: Vec::new(),
            purposes: Vec::new(),
            enforce_values: false,
            read_only: true,
            last_modified: tx.now,
        });
    }
}
