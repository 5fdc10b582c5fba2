//! Who is there and what waits: so many tasks always, and everybody works all the time.

use engine::agent::{Agent, AgentContact, AgentContactState, StatusRef};
use engine::agent_status::AgentStatusKind;
use engine::contact::{InitiationMethod, WaitingContact};
use engine::criteria::{AttributeCondition, Expression, Level};
use engine::routing_profile::{Channel, MediaConcurrency, QueueConfig, RoutingProfile};
use engine::tag::Tags;
use engine::user::Proficiency;
use engine::{AgentStatusId, ContactId, QueueId, RoutingProfileId, Timestamp, UserId};
use routing::{Backlog, Offer, Router};

use crate::bench::machine;
use crate::clock::Stopwatch;

/// Queues that tasks wait in, in equal numbers.
pub(super) const QUEUES: usize = 50;
/// Agents who take them.
pub(super) const AGENTS: usize = 10_000;
/// Their profiles, with equal numbers of agents.
pub(super) const PROFILES: usize = 100;
/// Tasks that an agent works on at a time.
pub(super) const SLOTS: u8 = 3;
/// Priority and delay in seconds of each queue of a profile.
const SERVED: [(u32, u32); 5] = [(1, 0), (1, 0), (2, 0), (2, 30), (3, 60)];
/// Milliseconds between a decision and the next, and between the tasks that waited before the first.
const STEP_MS: i64 = 1;
/// One of so many tasks has another priority than [`USUAL_PRIORITY`].
const OTHER_PRIORITY: usize = 10;
const USUAL_PRIORITY: i64 = 5;
/// One of so many tasks has criteria, where there are any.
const WITH_CRITERIA: usize = 10;
/// Different criteria.
const CRITERIA: usize = 200;
/// How many of them ask for a skill that few agents have.
const RARE_CRITERIA: usize = 50;
/// One of so many agents has such a skill: less than 1 % each.
const RARE_SKILL: usize = 125;
/// The skills that other criteria ask for, and how many of them an agent has.
const SKILLS: usize = 30;
const SKILLS_OF_AGENT: usize = 3;
/// Lowest level that each step of criteria asks for.
const LEVELS: [u8; 3] = [5, 3, 1];

/// A million tasks and ten thousand agents, for example. A task that is taken is replaced by a new one in its place.
pub(super) struct Office {
    router: Router,
    /// By their places, which say the queue and the criteria. A contact's id ends in its place.
    tasks: Vec<Task>,
    /// By their numbers, which their ids end in.
    agents: Vec<Agent>,
    /// The steps of each, if there are any.
    criteria: Vec<[Expression; LEVELS.len()]>,
    now: Timestamp,
    draw: Draw,
    /// How often an agent had a free slot and nothing was offered.
    idle: usize,
    /// What it took to tell the router of the tasks and the profiles.
    pub(super) loaded: Loaded,
}

/// Costs of opening an instance.
#[derive(Clone, Copy)]
pub(super) struct Loaded {
    pub(super) seconds: f64,
    pub(super) bytes: u64,
}

#[derive(Clone, Copy)]
struct Task {
    contact: ContactId,
    priority: i64,
    since: Timestamp,
    step: usize,
}

impl Office {
    /// Everybody has as much to do as possible.
    pub(super) fn open(tasks: usize, with_criteria: bool) -> anyhow::Result<Office> {
        let mut draw = Draw::default();
        let now = Timestamp(tasks as i64 * STEP_MS);
        let criteria = if with_criteria { (0..CRITERIA).map(criteria).collect() } else { Vec::new() };
        let mut tasks: Vec<_> = (0..tasks).map(|place| Task::new(place, now, &mut draw)).collect();
        for task in &mut tasks {
            task.since = Timestamp(draw.below(now.0 as usize) as i64);
            task.step = draw.below(LEVELS.len());
        }
        let profiles: Vec<_> = (0..PROFILES).map(|number| profile(number, &mut draw)).collect();

        let own = std::process::id();
        let bytes_before = machine::resident_bytes(own)?;
        let watch = Stopwatch::start();
        let mut backlog = Backlog::default();
        for (place, task) in tasks.iter().enumerate() {
            backlog.add(task.waiting(place, &criteria));
        }
        let mut router = Router::from(backlog);
        profiles.iter().for_each(|profile| router.put_profile(profile));
        let seconds = watch.elapsed().as_secs_f64();
        let loaded = Loaded { seconds, bytes: machine::resident_bytes(own)?.saturating_sub(bytes_before) };

        let agents: Vec<_> = (0..AGENTS).map(|number| agent(number, now)).collect();
        for (number, agent) in agents.iter().enumerate() {
            let skills = if with_criteria { skills(number, &mut draw) } else { Vec::new() };
            router.put_user(agent.user, profiles[number % PROFILES].id, &skills);
            router.put_agent(agent);
        }
        let mut office = Office { router, tasks, agents, criteria, now, draw, idle: 0, loaded };
        while let Some(offer) = office.router.next(office.now) {
            office.carry_out(offer);
        }
        Ok(office)
    }

    /// An agent ends a task, is offered another and takes it, and a new task comes.
    pub(super) fn decide(&mut self) {
        self.now = self.now.plus_millis(STEP_MS);
        let agent = &mut self.agents[self.draw.below(AGENTS)];
        agent.contacts.pop();
        agent.last_activity = self.now;
        self.router.put_agent(agent);
        match self.router.next(self.now) {
            Some(offer) => self.carry_out(offer),
            None => self.idle += 1,
        }
    }

    /// Whether there was always an offer.
    pub(super) fn is_busy(&self) -> bool {
        self.idle == 0
    }

    fn carry_out(&mut self, Offer { contact, agent }: Offer) {
        self.router.remove_contact(contact);
        let place = number_of(contact.as_bytes());
        let agent = &mut self.agents[number_of(agent.as_bytes())];
        agent.contacts.push(AgentContact {
            contact,
            initial: contact,
            channel: Channel::Task,
            state: AgentContactState::Connected,
            since: self.now,
            connected: Some(self.now),
            queue: Some(queue(place)),
            enqueued: Some(self.tasks[place].since),
            initiation_method: InitiationMethod::Api,
            expires_soon: false,
        });
        self.router.put_agent(agent);
        self.tasks[place] = Task::new(place, self.now, &mut self.draw);
        self.router.put_contact(self.tasks[place].waiting(place, &self.criteria));
        if has_criteria(place) && !self.criteria.is_empty() {
            self.widen();
        }
    }

    /// A step of some task is over. As many are as tasks with criteria come, so that tasks of all steps wait.
    fn widen(&mut self) {
        let place = self.draw.below(self.tasks.len() / WITH_CRITERIA) * WITH_CRITERIA;
        let task = &mut self.tasks[place];
        task.step = (task.step + 1).min(LEVELS.len() - 1);
        self.router.put_contact(task.waiting(place, &self.criteria));
    }
}

impl Task {
    fn new(place: usize, now: Timestamp, draw: &mut Draw) -> Task {
        let priority = if draw.below(OTHER_PRIORITY) == 0 { draw.below(9) as i64 + 1 } else { USUAL_PRIORITY };
        Task { contact: ContactId::from_bytes(numbered(draw.number(), place)), priority, since: now, step: 0 }
    }

    fn waiting<'c>(&self, place: usize, criteria: &'c [[Expression; LEVELS.len()]]) -> WaitingContact<'c> {
        let kind = place / (WITH_CRITERIA * QUEUES) % CRITERIA;
        let steps = criteria.get(kind).filter(|_| has_criteria(place));
        WaitingContact {
            contact: self.contact,
            queue: queue(place),
            channel: Channel::Task,
            priority: self.priority,
            enqueued: self.since,
            ranked_since: self.since,
            adjustment_seconds: 0,
            expression: steps.map(|steps| &steps[self.step]),
        }
    }
}

fn has_criteria(place: usize) -> bool {
    place.is_multiple_of(WITH_CRITERIA)
}

/// The queue of the tasks of a place.
fn queue(place: usize) -> QueueId {
    QueueId::from_bytes(numbered(0, place / WITH_CRITERIA % QUEUES))
}

fn profile(number: usize, draw: &mut Draw) -> RoutingProfile {
    let first = draw.below(QUEUES);
    let queues = SERVED.iter().enumerate().map(|(nth, (priority, delay_seconds))| QueueConfig {
        queue: QueueId::from_bytes(numbered(0, (first + nth * 7) % QUEUES)),
        channel: Channel::Task,
        priority: *priority,
        delay_seconds: *delay_seconds,
    });
    RoutingProfile {
        id: RoutingProfileId::from_bytes(numbered(0, number)),
        name: String::new(),
        description: String::new(),
        concurrencies: vec![MediaConcurrency { channel: Channel::Task, concurrency: SLOTS, cross_channel: None }],
        default_outbound_queue: QueueId::from_bytes(numbered(0, first)),
        queues: queues.collect(),
        manual_queues: Vec::new(),
        availability_timer: None,
        is_default: false,
        tags: Tags::default(),
        last_modified: Timestamp(0),
    }
}

/// An agent who is available and has nothing to do.
fn agent(number: usize, now: Timestamp) -> Agent {
    let status = AgentStatusId::from_bytes(numbered(0, 0));
    let user = UserId::from_bytes(numbered(1, number));
    Agent { status: StatusRef { id: status, kind: AgentStatusKind::Routable }, ..Agent::new(user, status, now) }
}

fn skills(number: usize, draw: &mut Draw) -> Vec<Proficiency> {
    let mut has = |value: String| Proficiency {
        attribute: "skill".to_owned(),
        value,
        level: draw.below(usize::from(LEVELS[0])) as f32 + 1.0,
    };
    let usual = (0..SKILLS_OF_AGENT).map(|nth| has(usual_skill(number * (nth + 1) + nth)));
    let mut skills: Vec<_> = usual.collect();
    if number % RARE_SKILL < RARE_CRITERIA {
        skills.push(has(rare_skill(number % RARE_SKILL)));
    }
    skills
}

/// The steps of criteria: an agent of a rare skill, or of one of two usual ones; each step asks for less than the one before.
fn criteria(number: usize) -> [Expression; LEVELS.len()] {
    let asks = |value: String, level: u8| {
        let level = Level::new(f32::from(level)).expect("1 to 5 is a level");
        Expression::Attribute(AttributeCondition::AtLeast { name: "skill".to_owned(), value, level })
    };
    LEVELS.map(|level| match number.checked_sub(RARE_CRITERIA) {
        None => asks(rare_skill(number), level),
        Some(number) => Expression::Or(vec![
            asks(usual_skill(number), level),
            asks(usual_skill(number + 1 + number / SKILLS), level),
        ]),
    })
}

fn usual_skill(number: usize) -> String {
    format!("usual {}", number % SKILLS)
}

fn rare_skill(number: usize) -> String {
    format!("rare {number}")
}

/// An id that ends in a number.
fn numbered(start: u64, number: usize) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&start.to_be_bytes());
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

/// The number that an id ends in.
fn number_of(id: &[u8; 16]) -> usize {
    let number = id[8..].try_into().expect("an id has 16 bytes");
    u64::from_be_bytes(number) as usize
}

/// Numbers that look random and are the same in each run (SplitMix64).
#[derive(Default)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to less than `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }
}
