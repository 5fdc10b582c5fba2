//! A small instance without a store: a queue or two, some flows, contacts by name. A script of one event a line goes
//! in, what happened comes out.

mod agents;
mod flows;
mod modules;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use engine::agent::{self, Agent};
use engine::arn::Scope;
use engine::contact::{
    Chain, Contact, ContactUpdate, Effect, Event, Link, NewTask, PendingAttachment, ReferenceStatus, RoutingUpdate,
    StepError, Transfer, Work, step,
};
use engine::env::{ContactInQueue, Env, Need, QueueMetrics};
use engine::flow::compile::CompiledFlow;
use engine::flow::defaults::DEFAULT_FLOWS;
use engine::flow::document::Document;
use engine::flow::module::ContactFlowModule;
use engine::flow::trace::TraceEntry;
use engine::flow::validate::{Resolver, Resolves, validate};
use engine::flow::{ContactFlow, ContentHash, FlowState, FlowType};
use engine::hours::{Day, HoursEntry, HoursOfOperation, TimeOfDay};
use engine::limits::Limits;
use engine::queue::{Queue, QueueKind, QueueStatus};
use engine::reference_map::ReferenceMap;
use engine::refusal::Refusal;
use engine::routing_profile::RoutingProfile;
use engine::start_task::schedule;
use engine::template::TaskTemplate;
use engine::user::{PhoneConfig, User};
use engine::*;
use expect_test::Expect;

pub(crate) use self::agents::user_named;
use self::agents::{OFFLINE, PROFILE, french, routing_profile, status_named, user};
pub(crate) use self::flows::content;
pub(crate) use self::modules::module_id;
use crate::invariants;

/// Midday of a Wednesday.
pub(crate) const START: Timestamp = Timestamp(1_767_787_200_000);

pub(crate) const BASIC: QueueId = QueueId::from_bytes([0xb1; 16]);
pub(crate) const OTHER: QueueId = QueueId::from_bytes([0xb2; 16]);
pub(crate) const NOON: HoursOfOperationId = HoursOfOperationId::from_bytes([0x0b; 16]);
pub(crate) const ANN: UserId = UserId::from_bytes([0xa0; 16]);
pub(crate) const BOB: UserId = UserId::from_bytes([0xb0; 16]);

pub(crate) fn contact_id(name: &str) -> ContactId {
    let mut bytes = [0xcc; 16];
    bytes[0] = name.bytes().fold(0, |a, b| a ^ b);
    ContactId::from_bytes(bytes)
}

pub(crate) fn flow_id(name: &str) -> ContactFlowId {
    ContactFlowId::from_bytes(ContentHash::of(name).0[..16].try_into().unwrap())
}

pub(crate) struct KnowsAll;

impl Resolver for KnowsAll {
    fn exists(&self, _: Resolves, _: &str) -> bool {
        true
    }
}

/// What steps look things up in.
pub(crate) struct Instance {
    pub(crate) now: Timestamp,
    pub(crate) draws: Vec<u32>,
    pub(crate) limits: Limits,
    pub(crate) scope: Scope,
    pub(crate) queues: BTreeMap<QueueId, Arc<Queue>>,
    pub(crate) hours: BTreeMap<HoursOfOperationId, Arc<HoursOfOperation>>,
    pub(crate) flows: BTreeMap<ContactFlowId, Arc<ContactFlow>>,
    pub(crate) contents: BTreeMap<ContentHash, Arc<CompiledFlow>>,
    pub(crate) cold: Vec<ContentHash>,
    pub(crate) metrics: BTreeMap<QueueId, QueueMetrics>,
    pub(crate) chains: BTreeMap<ContactId, Chain>,
    pub(crate) chain_ids: BTreeMap<ContactId, ContactId>,
    pub(crate) users: BTreeMap<UserId, Arc<User>>,
    pub(crate) agents: BTreeMap<UserId, Agent>,
    pub(crate) modules: BTreeMap<ContactFlowModuleId, Arc<ContactFlowModule>>,
    pub(crate) references: ReferenceMap,
    /// The one function that may not be called.
    pub(crate) refused_function: Option<String>,
    pub(crate) templates: BTreeMap<TaskTemplateId, Arc<TaskTemplate>>,
    /// Whether the quota of open tasks is reached.
    pub(crate) full: bool,
    made: u32,
}

impl Env for Instance {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.draws.pop().unwrap_or(0) % below
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn queue(&self, id: QueueId) -> Option<Arc<Queue>> {
        self.queues.get(&id).cloned()
    }

    fn queue_metrics(&self, id: QueueId) -> QueueMetrics {
        self.metrics.get(&id).copied().unwrap_or_default()
    }

    fn user(&self, id: UserId) -> Option<Arc<User>> {
        self.users.get(&id).cloned()
    }

    fn agent(&self, id: UserId) -> Option<Arc<Agent>> {
        self.agents.get(&id).cloned().map(Arc::new)
    }

    fn routing_profile(&self, id: RoutingProfileId) -> Option<Arc<RoutingProfile>> {
        (id == PROFILE).then(|| Arc::new(routing_profile()))
    }

    fn has_predefined_attribute(&self, name: &str) -> bool {
        name == "french" || name == "knots"
    }

    fn new_contact_id(&mut self) -> ContactId {
        self.made += 1;
        contact_id(&self.made.to_string())
    }

    fn hours(&self, id: HoursOfOperationId) -> Option<Arc<HoursOfOperation>> {
        self.hours.get(&id).cloned()
    }

    fn flow(&self, id: ContactFlowId) -> Option<Arc<ContactFlow>> {
        self.flows.get(&id).cloned()
    }

    fn default_flow(&self, flow_type: FlowType) -> Option<ContactFlowId> {
        self.flows.values().find(|flow| flow.is_default && flow.flow_type == flow_type).map(|flow| flow.id)
    }

    fn content(&self, hash: &ContentHash) -> Result<Option<Arc<CompiledFlow>>, Need> {
        if self.cold.contains(hash) { Err(Need::FlowContent(*hash)) } else { Ok(self.contents.get(hash).cloned()) }
    }

    fn chain_of(&self, contact: ContactId) -> Result<Option<Chain>, Need> {
        Ok(self.chain_ids.get(&contact).and_then(|id| self.chains.get(id)).cloned())
    }

    fn module(&self, id: ContactFlowModuleId) -> Option<Arc<ContactFlowModule>> {
        self.modules.get(&id).cloned()
    }

    fn mapped(&self, given: &str) -> Option<String> {
        self.references.target(given).map(Cow::into_owned)
    }

    fn may_call(&self, function: &str) -> bool {
        self.refused_function.as_deref() != Some(function)
    }

    fn template(&self, id: TaskTemplateId) -> Option<Arc<TaskTemplate>> {
        self.templates.get(&id).cloned()
    }

    fn check_task_quota(&self) -> Result<(), String> {
        if self.full { Err("the quota of open tasks is reached".to_owned()) } else { Ok(()) }
    }

    fn keeps_trace(&self) -> bool {
        true
    }
}

/// The command that makes an event; a new event does not compile until it has one, and then belongs into the
/// table of every state and event.
fn command_of(event: &Event) -> &'static str {
    match event {
        Event::Begin => "start",
        Event::TimerFired => "fire",
        Event::Continue { .. } => "continue",
        Event::FunctionAnswered { .. } => "answer",
        Event::Stopped => "stop",
        Event::Rescheduled { .. } => "reschedule",
        Event::AttributesSet(_) => "attributes",
        Event::Updated(_) => "update",
        Event::Tagged(_) => "tag",
        Event::Untagged(_) => "untag",
        Event::AttachmentSettled { .. } => "settle",
        Event::Offered { .. } => "offer",
        Event::OfferMissed { .. } => "miss",
        Event::Accepted { .. } => "accept",
        Event::Rejected { .. } => "reject",
        Event::AgentEnded { .. } => "end",
        Event::AgentCompleted { .. } => "complete",
        Event::Closed { .. } => "close",
        Event::Paused { .. } => "pause",
        Event::Resumed { .. } => "resume",
        Event::Transferred(_) => "transfer",
        Event::RoutingUpdated(_) => "route",
    }
}

/// An instance and its contacts.
pub(crate) struct World {
    pub(crate) instance: Instance,
    pub(crate) contacts: BTreeMap<ContactId, Contact>,
    /// Commands of the events stepped so far.
    pub(crate) stepped: BTreeSet<&'static str>,
    /// The event of the last call of a function.
    pub(crate) called: String,
    /// What flows did in the last step.
    pub(crate) trace: Vec<TraceEntry>,
    show_trace: bool,
    /// Whether the trace says why there was an error.
    show_errors: bool,
}

pub(crate) fn queue(id: QueueId, kind: QueueKind, name: &str) -> Queue {
    Queue {
        id,
        kind,
        name: name.into(),
        description: None,
        hours: (kind == QueueKind::Standard).then_some(NOON),
        max_contacts: None,
        status: QueueStatus::Enabled,
        quick_connects: Default::default(),
        outbound_caller: None,
        tags: Default::default(),
        last_modified: START,
    }
}

impl World {
    pub(crate) fn new() -> World {
        let weekdays = &Day::ALL[..5];
        let entry = |day: &Day| HoursEntry {
            day: *day,
            start: TimeOfDay { hours: 9, minutes: 0 },
            end: TimeOfDay { hours: 17, minutes: 0 },
        };
        let hours = HoursOfOperation {
            id: NOON,
            name: "Weekdays".into(),
            description: None,
            time_zone: "UTC".into(),
            config: weekdays.iter().map(entry).collect(),
            tags: Default::default(),
            last_modified: START,
            overrides: Vec::new(),
        };
        let queues = [
            queue(BASIC, QueueKind::Standard, "BasicQueue"),
            queue(OTHER, QueueKind::Standard, "Other"),
            queue(QueueId::of_agent(ANN), QueueKind::Agent, ""),
            queue(QueueId::of_agent(BOB), QueueKind::Agent, ""),
        ];
        let instance = Instance {
            now: START,
            draws: vec![],
            limits: Limits::default(),
            scope: Scope {
                region: "us-east-1".into(),
                account: "000000000000".into(),
                instance: InstanceId::from_bytes([1; 16]),
            },
            queues: queues.into_iter().map(|queue| (queue.id, Arc::new(queue))).collect(),
            hours: [(NOON, Arc::new(hours))].into(),
            flows: BTreeMap::new(),
            contents: BTreeMap::new(),
            cold: vec![],
            metrics: BTreeMap::new(),
            chains: BTreeMap::new(),
            chain_ids: BTreeMap::new(),
            users: [(ANN, Arc::new(user(ANN, "ann"))), (BOB, Arc::new(user(BOB, "bob")))].into(),
            agents: BTreeMap::new(),
            modules: BTreeMap::new(),
            references: ReferenceMap::default(),
            refused_function: None,
            templates: BTreeMap::new(),
            full: false,
            made: 0,
        };
        let mut world = World {
            instance,
            contacts: BTreeMap::new(),
            stepped: BTreeSet::new(),
            called: String::new(),
            trace: vec![],
            show_trace: false,
            show_errors: false,
        };
        for flow in DEFAULT_FLOWS {
            world.add(flow.name, flow.flow_type, flow.content, true);
        }
        world.flow("main", "q UpdateContactTargetQueue {\"QueueId\":\"BASIC\"} next=t NoMatchingError=end\n t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end\n end DisconnectParticipant")
    }

    /// Adds an inbound flow in the short form.
    pub(crate) fn flow(self, name: &str, text: &str) -> World {
        self.flow_of_type(name, FlowType::ContactFlow, text)
    }

    pub(crate) fn flow_of_type(mut self, name: &str, flow_type: FlowType, text: &str) -> World {
        self.add(name, flow_type, &content(text), false);
        self
    }

    fn add(&mut self, name: &str, flow_type: FlowType, content: &str, is_default: bool) {
        let problems = validate(&Document::parse(content).unwrap(), flow_type, &KnowsAll);
        assert_eq!(problems, [], "{name} is a valid flow");
        self.put(name, flow_type, content, is_default);
    }

    fn put(&mut self, name: &str, flow_type: FlowType, content: &str, is_default: bool) {
        let hash = ContentHash::of(content);
        let flow = ContactFlow {
            id: flow_id(name),
            name: name.into(),
            flow_type,
            state: FlowState::Active,
            description: None,
            saved: hash,
            published: Some(hash),
            is_default,
            tags: Default::default(),
            created: START,
            last_modified: START,
        };
        self.instance.contents.insert(hash, Arc::new(CompiledFlow::compile(content).unwrap()));
        self.instance.flows.insert(flow.id, Arc::new(flow));
    }

    pub(crate) fn queue_mut(&mut self, id: QueueId) -> &mut Queue {
        Arc::make_mut(self.instance.queues.get_mut(&id).unwrap())
    }

    pub(crate) fn flow_mut(&mut self, name: &str) -> &mut ContactFlow {
        Arc::make_mut(self.instance.flows.get_mut(&flow_id(name)).unwrap())
    }

    /// Adds an inbound flow that the validator would refuse, as the content of a flow that was imported may be.
    pub(crate) fn flow_unchecked(mut self, name: &str, text: &str) -> World {
        self.put(name, FlowType::ContactFlow, &content(text), false);
        self
    }

    pub(crate) fn phone_mut(&mut self, user: UserId) -> &mut PhoneConfig {
        Arc::make_mut(self.instance.users.get_mut(&user).unwrap()).phone.as_mut().unwrap()
    }

    /// Shows the executed actions, too.
    pub(crate) fn traced(mut self) -> World {
        self.show_trace = true;
        self
    }

    /// Shows the executed actions, and why there was an error.
    pub(crate) fn explained(mut self) -> World {
        self.show_errors = true;
        self.traced()
    }

    /// Sets a limit.
    pub(crate) fn limit(mut self, set: impl Fn(&mut Limits)) -> World {
        set(&mut self.instance.limits);
        self
    }

    #[expect(clippy::needless_pass_by_value, reason = "as expect! is written at the end of a call")]
    pub(crate) fn check(mut self, script: &str, expected: Expect) -> World {
        let mut shown = String::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (at, command) = line.split_once(' ').unwrap();
            self.instance.now = START.plus_seconds(at.parse().unwrap());
            let result = self.run(command);
            invariants::check(&self);
            let result = match result {
                Ok(result) if result.is_empty() => "nothing".to_owned(),
                Ok(result) => result,
                Err(error) => format!("refused: {error}"),
            };
            writeln!(shown, "{line} => {result}").unwrap();
        }
        expected.assert_eq(&shown);
        self
    }

    pub(crate) fn run(&mut self, command: &str) -> Result<String, StepError> {
        let words: Vec<&str> = command.split(' ').collect();
        let (verb, arguments) = (words[0], &words[1..]);
        let options: BTreeMap<&str, &str> = arguments.iter().filter_map(|word| word.split_once('=')).collect();
        let name = arguments.iter().find(|word| !word.contains('=')).copied().unwrap_or("a");
        let pairs = || options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        match verb {
            "start" => return self.start(name, &options),
            "tick" => {
                let mut shown = Vec::new();
                // One timer an event; a bound, lest a bug tick for ever.
                for _ in 0..20 {
                    let due: Option<ContactId> = self
                        .contacts
                        .values()
                        .filter_map(|contact| Some((contact.head().next_due?, contact.id)))
                        .filter(|(due, _)| *due <= self.instance.now)
                        .min()
                        .map(|(_, id)| id);
                    let Some(id) = due else { break };
                    shown.push(self.step(id, Event::TimerFired)?);
                }
                return Ok(shown.join("; "));
            }
            _ => {}
        }
        let agent = || user_named(options.get("by").unwrap_or(&"ann"));
        let offline = OFFLINE;
        let agent_event = match verb {
            "status" => Some(agent::Event::StatusSet(status_named(name))),
            "dismiss" => Some(agent::Event::Dismissed { contact: contact_id(name) }),
            "open" => Some(agent::Event::StreamOpened),
            "gone" => Some(agent::Event::StreamClosed),
            "signin" => Some(agent::Event::SignedIn),
            "restart" => Some(agent::Event::ServerLost),
            "signout" => Some(agent::Event::SignedOut { offline }),
            "wake" => Some(agent::Event::TimerFired { offline }),
            "delete" => Some(agent::Event::UserDeleted),
            "configure" => Some(agent::Event::ConfigurationChanged),
            _ => None,
        };
        if let Some(event) = agent_event {
            return self.step_agent(agent(), event).map_err(StepError::from);
        }
        if verb == "agents" {
            return Ok(self.show_agents());
        }
        let flow = options.get("flow").map(|flow| flow_id(&flow.replace('&', " ")));
        let event = match verb {
            "offer" => Event::Offered { agent: agent() },
            "miss" => Event::OfferMissed { agent: agent() },
            "accept" => Event::Accepted { agent: agent() },
            "reject" => Event::Rejected { agent: agent() },
            "end" => Event::AgentEnded { agent: agent() },
            "complete" => Event::AgentCompleted { agent: agent() },
            "close" => Event::Closed { agent: agent() },
            "pause" => Event::Paused { flow },
            "resume" => Event::Resumed { flow },
            "transfer" => Event::Transferred(Transfer {
                flow: flow.unwrap_or_else(|| flow_id("main")),
                target_queue: options.get("to").map(|to| match *to {
                    "OTHER" => OTHER,
                    user => QueueId::of_agent(user_named(user)),
                }),
            }),
            "route" => Event::RoutingUpdated(Box::new(RoutingUpdate {
                priority: options.get("priority").map(|priority| priority.parse().unwrap()),
                adjustment_seconds: options.get("adjustment").map(|seconds| seconds.parse().unwrap()),
                criteria: options.get("french").map(|level| french(level, options["seconds"])),
            })),
            "fire" => Event::TimerFired,
            "stop" => Event::Stopped,
            "reschedule" => Event::Rescheduled { at: START.plus_seconds(options["at"].parse().unwrap()) },
            "attributes" => Event::AttributesSet(pairs()),
            "tag" => Event::Tagged(pairs()),
            "untag" => Event::Untagged(vec![options["key"].to_owned()]),
            "update" => Event::Updated(Box::new(ContactUpdate {
                name: options.get("name").map(|name| (*name).to_owned()),
                expiry_minutes: options.get("expiry").map(|minutes| minutes.parse().unwrap()),
                ..ContactUpdate::default()
            })),
            "draw" => {
                self.instance.draws.push(options["next"].parse().unwrap());
                return Ok(String::new());
            }
            "full" => {
                let metrics = QueueMetrics {
                    contacts_in_queue: options["contacts"].parse().unwrap(),
                    oldest_enqueue: Some(self.instance.now.plus_seconds(-90)),
                    agents_available: options.get("available").map_or(0, |count| count.parse().unwrap()),
                    agents_staffed: options.get("staffed").map_or(0, |count| count.parse().unwrap()),
                    agents_online: options.get("online").map_or(0, |count| count.parse().unwrap()),
                    agents_in_after_contact_work: 3,
                    agents_busy: 4,
                    agents_missed: 5,
                    agents_non_productive: 6,
                    estimated_wait_seconds: options.get("wait").map(|seconds| seconds.parse().unwrap()),
                    contact: options.get("position").map(|position| ContactInQueue {
                        position: position.parse().unwrap(),
                        estimated_wait_seconds: Some(60),
                    }),
                };
                self.instance.metrics.insert(BASIC, metrics);
                self.instance.metrics.insert(QueueId::of_agent(ANN), metrics);
                return Ok(String::new());
            }
            "continue" => Event::Continue { run: RunId(1), step: options["step"].parse().unwrap() },
            "answer" => {
                let pending = self.contacts[&contact_id(name)].pending_calls().last();
                let (run, step) = pending.unwrap_or((RunId(1), 0));
                let answer = match options.get("fails") {
                    Some(why) => Err((*why).to_owned()),
                    None => Ok((*options.get("with").unwrap_or(&"{}")).to_owned()),
                };
                Event::FunctionAnswered { run, step, answer }
            }
            "settle" => Event::AttachmentSettled {
                file: FileId::from_bytes([0xf1; 16]),
                status: ReferenceStatus::Approved,
                reason: None,
            },
            _ => panic!("no command {verb}"),
        };
        self.step(contact_id(name), event)
    }

    fn shown_trace(&self) -> String {
        let entry = |entry: &TraceEntry| {
            let next = entry.next.as_ref().map(|next| format!(" -> {next}")).unwrap_or_default();
            let error = entry.error.as_ref().filter(|_| self.show_errors);
            let error = error.map(|error| format!(" ({error})")).unwrap_or_default();
            format!("{} {}{error}{next}", entry.action, entry.result)
        };
        self.trace.iter().map(entry).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn new_task(&self, name: &str, flow: &str) -> NewTask {
        NewTask {
            id: contact_id(name),
            now: self.instance.now,
            name: format!("Task {name}"),
            description: None,
            references: BTreeMap::new(),
            attachments: vec![],
            attributes: BTreeMap::new(),
            segment: BTreeMap::new(),
            tags: BTreeMap::new(),
            scheduled: None,
            expiry_minutes: None,
            template: None,
            quick_connect: None,
            flow: flow_id(flow),
            target_queue: None,
            created_by: None,
            self_assigned: false,
        }
    }

    fn start(&mut self, name: &str, options: &BTreeMap<&str, &str>) -> Result<String, StepError> {
        let mut task = self.new_task(name, &options.get("flow").unwrap_or(&"main").replace('&', " "));
        if let Some(at) = options.get("scheduled") {
            let at = START.plus_seconds(at.parse().unwrap());
            task.scheduled = schedule::start(at, self.instance.now, &self.instance.limits)?;
        }
        task.expiry_minutes = options.get("expiry").map(|minutes| minutes.parse().unwrap());
        task.target_queue = options.get("agent").map(|_| QueueId::of_agent(ANN));
        if options.contains_key("file") {
            let file = FileId::from_bytes([0xf1; 16]);
            task.attachments.push(PendingAttachment {
                file,
                key: "a.pdf".into(),
                url: "https://files.example/a".into(),
            });
        }
        task.attributes = options
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix('@')?.to_owned(), (*value).to_owned())))
            .collect();
        self.begin_linked(task, options.get("previous").copied(), options.get("related").copied())
    }

    /// Makes a task and begins it.
    pub(crate) fn begin(&mut self, task: NewTask) -> Result<String, StepError> {
        self.begin_linked(task, None, None)
    }

    fn begin_linked(
        &mut self,
        task: NewTask,
        previous: Option<&str>,
        related: Option<&str>,
    ) -> Result<String, StepError> {
        let (contact, chain) = self.create(task, previous, related)?;
        let id = contact.id;
        self.instance.chain_ids.insert(id, chain.id);
        self.instance.chains.insert(chain.id, chain);
        self.contacts.insert(id, contact);
        self.step(id, Event::Begin)
    }

    pub(crate) fn create(
        &self,
        task: NewTask,
        previous: Option<&str>,
        related: Option<&str>,
    ) -> Result<(Contact, Chain), Refusal> {
        let linked = previous.or(related).map(|name| &self.contacts[&contact_id(name)]);
        let link = match linked {
            None => Link::None,
            Some(contact) => {
                let chain = &self.instance.chains[&contact.chain_id()];
                if previous.is_some() { Link::Previous(contact, chain) } else { Link::Related(contact, chain) }
            }
        };
        Contact::create(task, link, &self.instance.limits)
    }

    /// Steps a contact, as the instance loop does: on an error nothing has changed, and a state survives being stored.
    pub(crate) fn step(&mut self, id: ContactId, event: Event) -> Result<String, StepError> {
        self.stepped.insert(command_of(&event));
        let mut contact = self.contacts[&id].clone();
        let mut chain = self.instance.chains[&contact.chain_id()].clone();
        let effects = step(Work { contact: &mut contact, chain: &mut chain }, event, &mut self.instance)?;
        let stored: Contact = minicbor::decode(&minicbor::to_vec(&contact).unwrap()).unwrap();
        assert_eq!(stored, contact);
        self.trace.clear();
        for effect in &effects {
            if let Effect::Trace(trace) = effect {
                self.trace.extend(trace.entries().cloned());
            }
        }
        // Steps that follow from this one tell theirs.
        let trace = self.trace.clone();
        let mut shown = if self.show_trace { self.shown_trace() + " | " } else { String::new() };
        shown += &format!("{:?}", contact.state);
        if let Some(reason) = contact.disconnect_reason {
            shown += &format!(" {reason}");
        }
        self.instance.chains.insert(chain.id, chain);
        self.contacts.insert(id, contact);
        for effect in effects {
            match effect {
                Effect::Emit(event) if event.updated.is_empty() => shown += &format!(", {}", event.event_type),
                Effect::Emit(event) => shown += &format!(", updated {:?}", event.updated),
                Effect::Continue { step, .. } => shown += &format!(", continue at step {step}"),
                Effect::FetchAttachment(file) => shown += &format!(", fetch {}", file.key),
                Effect::Step { contact, event } => {
                    let other = self.step(contact, *event)?;
                    shown += &format!(", the other: [{other}]");
                }
                Effect::Agent { agent, event } => {
                    let told = self.step_agent(agent, event)?;
                    shown += &format!(", {told}");
                }
                Effect::Trace(_) => {}
                Effect::InvokeFunction(call) => {
                    let waits = if call.waits { "" } else { " asynchronously" };
                    shown += &format!(", call {}{waits} for {} s", call.function, call.seconds);
                    self.called = call.event;
                }
                Effect::CreateTask { contact, chain } => {
                    let id = contact.id;
                    self.instance.chain_ids.insert(id, chain.id);
                    self.instance.chains.insert(chain.id, chain);
                    self.contacts.insert(id, *contact);
                    let made = self.step(id, Event::Begin)?;
                    shown += &format!(", task {}: [{made}]", self.instance.made);
                }
                Effect::Create(contact) => {
                    let (id, chain) = (contact.id, contact.chain_id());
                    let method = contact.initiation_method;
                    self.instance.chain_ids.insert(id, chain);
                    self.contacts.insert(id, *contact);
                    let made = self.step(id, Event::Begin)?;
                    shown += &format!(", {method} {}: [{made}]", self.instance.made);
                }
            }
        }
        self.trace = trace;
        Ok(shown)
    }
}
