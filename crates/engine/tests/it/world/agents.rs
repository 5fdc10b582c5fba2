//! The agents of a small instance.

use engine::agent::{self, Agent, StatusRef};
use engine::agent_status::AgentStatusKind;
use engine::criteria::{AttributeCondition, Expression, Level, Step};
use engine::refusal::Refusal;
use engine::routing_profile::{Channel, MediaConcurrency, RoutingProfile};
use engine::user::{Identity, PhoneConfig, PhoneType, User};
use engine::*;

use super::{ANN, BASIC, BOB, START, World};

pub(super) const PROFILE: RoutingProfileId = RoutingProfileId::from_bytes([1; 16]);
pub(super) const OFFLINE: AgentStatusId = AgentStatusId::from_bytes([0x0f; 16]);

/// The name of a user in a script, also of one who was deleted.
fn username(user: UserId) -> &'static str {
    if user == ANN { "ann" } else { "bob" }
}

pub(super) fn user(id: UserId, username: &str) -> User {
    User {
        id,
        username: username.into(),
        password_hash: None,
        identity: Identity::default(),
        phone: Some(PhoneConfig {
            phone_type: PhoneType::SoftPhone,
            auto_accept: false,
            after_contact_work_seconds: 0,
            desk_phone_number: None,
            persistent_connection: None,
        }),
        directory_user_id: None,
        security_profiles: Default::default(),
        routing_profile: PROFILE,
        hierarchy_group: None,
        proficiencies: vec![],
        tags: Default::default(),
        last_modified: START,
        channels: vec![],
    }
}

/// One slot for tasks.
pub(super) fn routing_profile() -> RoutingProfile {
    RoutingProfile {
        id: PROFILE,
        name: "Everyone".into(),
        description: "Takes tasks".into(),
        concurrencies: vec![MediaConcurrency { channel: Channel::Task, concurrency: 1, cross_channel: None }],
        default_outbound_queue: BASIC,
        queues: vec![],
        manual_queues: vec![],
        availability_timer: None,
        is_default: true,
        tags: Default::default(),
        last_modified: START,
    }
}

/// A user by the name in a script.
pub(crate) fn user_named(name: &str) -> UserId {
    match name {
        "ann" => ANN,
        "bob" => BOB,
        other => panic!("no user {other}"),
    }
}

pub(super) fn status_named(name: &str) -> StatusRef {
    let (byte, kind) = match name {
        "available" => (0xaa, AgentStatusKind::Routable),
        "lunch" => (0xcc, AgentStatusKind::Custom),
        "offline" => return StatusRef { id: OFFLINE, kind: AgentStatusKind::Offline },
        other => panic!("no status {other}"),
    };
    StatusRef { id: AgentStatusId::from_bytes([byte; 16]), kind }
}

/// Agents with this much French, for so many seconds; then anybody.
pub(super) fn french(level: &str, seconds: &str) -> Vec<Step> {
    let level = Level::new(level.parse().unwrap()).unwrap();
    let condition = AttributeCondition::AtLeast { name: "french".into(), value: "yes".into(), level };
    vec![Step::new(Expression::Attribute(condition), Some(seconds.parse().unwrap()))]
}

impl World {
    /// Steps an agent, as the instance loop does.
    pub(crate) fn step_agent(&mut self, user: UserId, event: agent::Event) -> Result<String, Refusal> {
        let new = || Agent::new(user, OFFLINE, START);
        let mut agent = self.instance.agents.get(&user).cloned().unwrap_or_else(new);
        let effects = agent::step(&mut agent, event, self.instance.now, &self.instance.limits)?;
        let stored: Agent = minicbor::decode(&minicbor::to_vec(&agent).unwrap()).unwrap();
        assert_eq!(stored, agent);
        let states: Vec<&str> = agent.contacts.iter().map(|entry| entry.state.as_str()).collect();
        let mut shown = format!("{}{states:?}", username(user));
        self.instance.agents.insert(user, agent);
        for effect in effects {
            match effect {
                agent::Effect::Emit(agent::AgentEventType::StateChange) => {}
                agent::Effect::Emit(other) => shown += &format!(" {other}"),
                agent::Effect::Contact { contact, event } => {
                    let moved = self.step(contact, event).expect("what an agent asks of a contact is possible");
                    shown += &format!(", contact: [{moved}]");
                }
            }
        }
        Ok(shown)
    }

    /// Status, next status, presence and slots of every agent.
    pub(super) fn show_agents(&self) -> String {
        let show = |agent: &Agent| {
            let next = agent.next.map(|next| format!(" then {}", next.status.kind)).unwrap_or_default();
            let states: Vec<&str> = agent.contacts.iter().map(|entry| entry.state.as_str()).collect();
            let routable = if agent.is_routable() { "" } else { " not routable" };
            let due = agent.next_due(&self.instance.limits).map(|due| due.since(START) / 1_000);
            let due = due.map(|due| format!(" due {due}")).unwrap_or_default();
            let name = username(agent.user);
            let (kind, slots) = (agent.status.kind, agent.active_slots(Channel::Task));
            format!("{name} {kind}{next}{routable} {states:?} slots {slots}{due}")
        };
        self.instance.agents.values().map(show).collect::<Vec<_>>().join("; ")
    }
}
