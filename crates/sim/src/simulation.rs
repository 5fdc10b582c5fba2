//! A run: what happens next, and what is checked after it.

mod people;

use std::sync::Arc;

use engine::agent::Agent;
use engine::contact::Contact;
use engine::{ContactId, InstanceId, Timestamp};
use serde_json::{Value, json};
use service::{AgentCommand, Operations, Picture, Request, Settings, TokenBounds, TurnBounds, UrlJudge, World};
use store::faulty::FaultyStore;
use store::memory::MemoryStore;
use store::{Scope, Store};

use crate::clients::Clients;
use crate::connections::{AgentKey, SESSION_SECONDS_MAX};
use crate::faults::Faults;
use crate::place::{self, Place};
use crate::process::Process;
use crate::random::Random;
use crate::trace::Trace;
use crate::{Summary, Violation, checks, desks, naive, requests};

/// When a run begins, in milliseconds of the Unix epoch.
const START_MS: i64 = 1_800_000_000_000;
/// Rounds after which what was asked for must be done when nothing goes wrong.
const SETTLE_ROUNDS_MAX: u32 = 20_000;
/// How long the time runs on at the end, in milliseconds: longer than offers, after contact work and delays take.
const END_MS: i64 = 600_000;
/// Offers of one turn after another before something is wrong.
const OFFERS_MAX: u32 = 1_000;
/// How long a person's event stream may be gone, in seconds.
const GRACES: [Option<u32>; 4] = [Some(60), Some(60), Some(5), None];
/// After one step in so many event streams read what has changed.
const READ_EVERY: usize = 4;
/// One step in so many holds everything that was ever told against the store.
const CHECK_ALL_EVERY: u32 = 64;
/// One turn in so many holds memory against a fresh load, if nothing is being written.
const COMPARE_EVERY: u64 = 3;

/// What may happen next, and how often.
const STEPS: [(usize, Step); 14] = [
    (100, Step::Call),
    (6, Step::Burst),
    (120, Step::Agent),
    (40, Step::Person),
    (20, Step::Retry),
    (200, Step::Turn),
    (240, Step::Job),
    (40, Step::Moment),
    (12, Step::Wait),
    (1, Step::LongWait),
    (10, Step::Close),
    (3, Step::Crash),
    (3, Step::User),
    (1, Step::Instance),
];

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A client asks for something.
    Call,
    /// Clients ask for several things of one contact at once.
    Burst,
    /// An agent does something.
    Agent,
    /// A person signs in or out, or opens or loses an event stream.
    Person,
    /// A client sends an earlier StartTaskContact again.
    Retry,
    /// A loop takes a turn.
    Turn,
    /// Something that was started goes on.
    Job,
    /// A moment passes.
    Moment,
    /// Time passes until something is due.
    Wait,
    /// Hours pass.
    LongWait,
    /// An idle instance leaves memory.
    Close,
    /// The process ends, and another begins.
    Crash,
    /// A user comes or goes.
    User,
    /// An instance comes or goes.
    Instance,
}

/// A run.
pub(crate) struct Simulation {
    pub(crate) random: Random,
    trace: Trace,
    clients: Clients,
    process: Option<Process>,
    store: Arc<FaultyStore<MemoryStore>>,
    settings: Arc<Settings>,
    now_ms: i64,
    places: Vec<Place>,
    made: usize,
    turns: u64,
}

impl Simulation {
    pub(crate) fn new(seed: u64) -> Self {
        let mut settings = Settings::default();
        settings.attachments.url_judge = UrlJudge::new(|_| None);
        settings.limits.agent_heartbeat_seconds = None;
        // So few that the tokens of a run are sealed and merged.
        settings.token_bounds = TokenBounds {
            open_max: 6,
            aged_open_min: 3,
            open_ms_max: 60_000,
            small_segments_max: 3,
            merged_tokens_max: 512,
            blocks_per_turn: 1,
        };
        settings.limits.session_seconds_max = SESSION_SECONDS_MAX;
        let mut random = Random::new(seed);
        settings.limits.presence_grace_seconds = *random.pick(&GRACES).expect("there are some");
        let operations = Operations::standard(settings.limits.clone());
        Simulation {
            random,
            trace: Trace::default(),
            clients: Clients::new(operations),
            process: None,
            store: Arc::new(FaultyStore::new(MemoryStore::default())),
            settings: Arc::new(settings),
            now_ms: START_MS,
            places: Vec::new(),
            made: 0,
            turns: 0,
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        let mut counts = self.trace.counts().clone();
        counts.extend(self.clients.answered.iter().map(|(operation, count)| (*operation, *count)));
        Summary { digest: self.trace.digest(), counts }
    }

    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.trace.last_lines()
    }

    /// Sets up, lets things go wrong for so many steps, and then lets everything be done.
    pub(crate) fn run(&mut self, steps: u32) -> Result<(), Violation> {
        self.process = Some(Process::start(Arc::clone(&self.store), &self.settings, self.now_ms)?);
        for _ in 0..1 + self.random.below(2) {
            self.make_place()?;
        }
        for step in 0..steps {
            self.step()?;
            if step % CHECK_ALL_EVERY == 0 {
                self.clients.check_all(self.store.inner())?;
            }
        }
        self.end()
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("there is a process from the start to the end of a run")
    }

    /// The process, with what it notes and chooses by.
    fn parts(&mut self) -> (&mut Process, &mut Trace, &mut Random) {
        let Simulation { process, trace, random, .. } = self;
        let process = process.as_mut().expect("there is a process from the start to the end of a run");
        (process, trace, random)
    }

    fn make_place(&mut self) -> Result<(), Violation> {
        self.made += 1;
        let place = place::make(self, self.made)?;
        self.places.push(place);
        Ok(())
    }

    /// Makes a call and waits for its good answer, while nothing goes wrong.
    pub(crate) fn ask(
        &mut self,
        instance: Option<InstanceId>,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, Violation> {
        let shown = input.to_string();
        let Some((call, request)) = self.clients.call(instance, operation, input) else {
            return Err(Violation(format!("{operation} was refused at once: {shown}")));
        };
        self.process().call(request, call);
        for _ in 0..SETTLE_ROUNDS_MAX {
            let answers = self.process().take_answers();
            for (of, answer) in answers {
                if of == call {
                    let refusal = answer.as_ref().err().map(ToString::to_string);
                    let body = self.clients.take(call, answer, self.store.inner())?;
                    return body
                        .ok_or_else(|| Violation(format!("{operation} {shown}: {}", refusal.unwrap_or_default())));
                }
            }
            self.calm_round()?;
        }
        Err(Violation(format!("{operation} is not answered")))
    }

    /// Lets everything be done that is under way, while nothing goes wrong.
    pub(crate) fn settle(&mut self) -> Result<(), Violation> {
        for _ in 0..SETTLE_ROUNDS_MAX {
            self.take_answers(Faults::None)?;
            if self.process().is_quiet() {
                return Ok(());
            }
            self.calm_round()?;
        }
        Err(Violation(format!("it does not come to rest: {}", self.process().under_way().join(", "))))
    }

    fn calm_round(&mut self) -> Result<(), Violation> {
        self.wake_due();
        self.process().read_snapshots();
        for scope in self.process().ready() {
            self.turn(scope)?;
        }
        if !self.process().jobs().is_empty() {
            self.run_job(0, Faults::None)?;
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), Violation> {
        let weights = STEPS.map(|(weight, _)| weight);
        let (_, step) = STEPS[self.random.weighted(&weights)];
        match step {
            Step::Call => self.client_calls(),
            Step::Burst => {
                let Some(place) = self.a_place() else { return Ok(()) };
                for (operation, input) in requests::burst(&mut self.random, &place) {
                    self.send(Some(place.instance), operation, input);
                }
            }
            Step::Agent => self.agent_acts(),
            Step::Person => self.person_acts(),
            Step::Retry => {
                if let Some((call, request)) = self.clients.again(&mut self.random) {
                    self.trace.note(&format!("{call:?} again"));
                    self.process().call(request, call);
                }
            }
            Step::Turn => {
                let ready = self.process().ready();
                if let Some(scope) = self.random.pick(&ready).copied() {
                    self.turn(scope)?;
                }
            }
            Step::Job => {
                let jobs = self.process().jobs().len();
                if jobs > 0 {
                    let index = self.random.below(jobs);
                    self.run_job(index, Faults::Some)?;
                }
            }
            Step::Moment => {
                let moment = self.random.below(2_000) as i64;
                self.pass(self.now_ms + moment);
            }
            Step::Wait => {
                let due = self.process().next_due_ms().unwrap_or(self.now_ms);
                self.pass(due.clamp(self.now_ms, self.now_ms + END_MS));
            }
            Step::LongWait => {
                let hours = 1 + self.random.below(4) as i64;
                self.pass(self.now_ms + hours * 3_600_000);
            }
            Step::Close => {
                let idle = self.process().idle();
                if let Some(scope) = self.random.pick(&idle).copied() {
                    self.close(scope)?;
                }
            }
            Step::Crash => self.crash()?,
            Step::User => self.user_comes_or_goes(),
            Step::Instance => self.instance_comes_or_goes(),
        }
        if self.random.one_in(READ_EVERY) {
            self.process().read_snapshots();
        }
        self.take_answers(Faults::Some)
    }

    fn pass(&mut self, to_ms: i64) {
        self.now_ms = to_ms;
        self.trace.note(&format!("it is {}", to_ms - START_MS));
        self.process().move_clock(to_ms);
        self.wake_due();
    }

    fn wake_due(&mut self) {
        let (process, trace, _) = self.parts();
        process.wake_due(trace);
    }

    fn a_place(&mut self) -> Option<Place> {
        let index = self.random.below(self.places.len().max(1));
        self.places.get(index).cloned()
    }

    fn send(&mut self, instance: Option<InstanceId>, operation: &'static str, input: Value) {
        let shown = format!("{operation} {input}");
        let chosen = (operation == "PutUserStatus").then(|| input["UserId"].as_str().and_then(|id| id.parse().ok()));
        if let Some((call, request)) = self.clients.call(instance, operation, input) {
            self.trace.note(&format!("{call:?} {shown}"));
            if let (Some(instance), Some(user)) = (instance, chosen.flatten()) {
                self.process().attendance.choose(call, AgentKey { instance, user });
            }
            self.process().call(request, call);
        }
    }

    fn client_calls(&mut self) {
        let Some(place) = self.a_place() else { return };
        let Some(picture) = self.process().picture(Scope(place.instance.0)) else {
            return self.describe_blindly(&place);
        };
        let now = Timestamp(self.now_ms);
        if let Some((operation, input)) = requests::wish(&mut self.random, &place, &picture, now) {
            self.send(Some(place.instance), operation, input);
        }
    }

    /// An instance that is not in memory is woken by a call.
    fn describe_blindly(&mut self, place: &Place) {
        if let Some(contact) = self.random.pick(&place.contacts).cloned() {
            self.send(Some(place.instance), "DescribeContact", json!({"ContactId": contact}));
        }
    }

    fn agent_acts(&mut self) {
        let Some(place) = self.a_place() else { return };
        let Some(picture) = self.process().picture(Scope(place.instance.0)) else { return };
        if let Some((user, command)) = desks::act(&mut self.random, &place, &picture) {
            self.command(AgentKey { instance: place.instance, user }, command);
        }
    }

    fn command(&mut self, agent: AgentKey, command: AgentCommand) {
        let AgentKey { instance, user } = agent;
        let call = self.clients.expect_agent(instance, command.name());
        self.trace.note(&format!("{call:?} agent {user}: {command:?}"));
        if let AgentCommand::SetStatus(_) = command {
            self.process().attendance.choose(call, agent);
        }
        self.process().call(Request::agent(instance, user, command), call);
    }

    fn user_comes_or_goes(&mut self) {
        let Some(place) = self.a_place() else { return };
        if self.random.one_in(2) {
            let name = format!("user-{}", self.random.below(1_000_000));
            let profile = self.random.below(place.profiles.len());
            self.send(Some(place.instance), "CreateUser", place.new_user(&name, profile, 0));
        } else if let Some(user) = self.random.pick(&place.users).copied() {
            self.send(Some(place.instance), "DeleteUser", json!({"UserId": user.to_string()}));
        }
    }

    fn instance_comes_or_goes(&mut self) {
        if self.random.one_in(3) {
            let instances = self.clients.instances();
            let Some(instance) = self.random.pick(&instances).copied() else { return };
            if self.places.len() == 1 && self.places[0].instance == instance {
                // One is left to work in.
                return;
            }
            return self.delete(instance);
        }
        // One in two is asked for again.
        if self.random.one_in(2) {
            self.made += 1;
        }
        let alias = format!("bare-{}", self.made);
        let input = json!({"IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": alias,
            "InboundCallsEnabled": false, "OutboundCallsEnabled": false, "ClientToken": alias});
        self.send(None, "CreateInstance", input);
    }

    fn delete(&mut self, instance: InstanceId) {
        if self.process().attendance.is_anybody_at(instance) {
            self.trace.count("deletion of an instance with somebody there");
        }
        self.places.retain(|place| place.instance != instance);
        self.send(Some(instance), "DeleteInstance", json!({"InstanceId": instance.to_string()}));
    }

    /// One turn, bounded at random, and then the offers that it made possible, one by one.
    fn turn(&mut self, scope: Scope) -> Result<(), Violation> {
        let standard = TurnBounds::default();
        let all_at_once = self.random.one_in(6);
        let bounds = if all_at_once {
            standard
        } else {
            let (inputs_max, timers_max) = (1 + self.random.below(3), self.random.below(3));
            let connections_lost_max = self.random.below(3);
            TurnBounds { inputs_max, timers_max, offers_max: 0, connections_lost_max, ..standard }
        };
        self.trace.note(&format!("turn of {scope}, at most {} inputs", bounds.inputs_max));
        self.take_turn(scope, bounds)?;
        if !all_at_once {
            self.offer(scope)?;
        }
        let now = self.process().now(scope);
        let is_over = self.process().report(scope).is_some_and(|report| !report.more);
        let Some(picture) = self.process().picture(scope) else { return Ok(()) };
        if is_over
            && self.process().offers_all(scope)
            && let Some(offer) = naive::next_offer(&picture, now)
        {
            return Err(Violation(format!("contact {} is not offered to agent {}", offer.contact, offer.agent)));
        }
        Ok(())
    }

    fn take_turn(&mut self, scope: Scope, bounds: TurnBounds) -> Result<bool, Violation> {
        let (process, trace, _) = self.parts();
        let turned = process.turn(scope, bounds, trace)?;
        self.check(scope)?;
        Ok(turned.fetches)
    }

    /// Lets a loop offer, one contact a turn, and says of each whether it is the one that has to be next.
    fn offer(&mut self, scope: Scope) -> Result<(), Violation> {
        let bounds = TurnBounds {
            inputs_max: 0,
            timers_max: 0,
            offers_max: 1,
            connections_lost_max: 0,
            ..TurnBounds::default()
        };
        for _ in 0..OFFERS_MAX {
            let Some(before) = self.process().picture(scope) else { return Ok(()) };
            if before.agents.is_empty() || !before.turns.is_empty() {
                return Ok(());
            }
            let now = self.process().now(scope);
            let is_exact = self.process().offers_all(scope);
            let fetches = self.take_turn(scope, bounds)?;
            let Some(after) = self.process().picture(scope) else { return Ok(()) };
            let made = offers_made(&before, &after);
            if is_exact && !fetches {
                let expected = naive::next_offer(&before, now).map(|offer| offer.contact);
                if made != expected.into_iter().collect::<Vec<_>>() {
                    return Err(Violation(format!("{expected:?} has to be offered next, and {made:?} was")));
                }
            }
            if made.is_empty() {
                return Ok(());
            }
            for contact in made {
                self.trace.count("offer");
                self.trace.note(&format!("  offered {contact}"));
                self.check_slots(&after, contact)?;
                self.check_presence(&after, contact, now)?;
            }
        }
        Err(Violation(format!("{scope} offers without an end")))
    }

    /// A contact that was just offered found a free slot.
    fn check_slots(&self, picture: &Picture, contact: ContactId) -> Result<(), Violation> {
        let has = |agent: &&Agent| agent.contact(contact).is_some_and(|entry| !entry.state.is_uncleared());
        let Some(agent) = picture.agents.values().find(has) else { return Ok(()) };
        let channel = engine::routing_profile::Channel::Task;
        let profile = picture.users.get(&agent.user).and_then(|user| picture.profiles.get(&user.routing_profile));
        let slots = profile.map_or(0, |profile| profile.slots(channel));
        if agent.active_slots(channel) > slots {
            let taken = agent.active_slots(channel);
            return Err(Violation(format!("agent {} has {slots} slots, and {taken} are taken", agent.user)));
        }
        Ok(())
    }

    /// What must hold of a scope after each of its turns.
    fn check(&mut self, scope: Scope) -> Result<(), Violation> {
        let Some(world) = self.process().world(scope) else { return Ok(()) };
        let picture = world.picture();
        checks::check(&picture)?;
        self.check_people(scope, &picture)?;
        self.turns += 1;
        if self.turns.is_multiple_of(COMPARE_EVERY) && self.process().is_durable(scope) {
            let stored = self.stored(scope)?;
            let world = self.process().world(scope).expect("it was there a line ago");
            checks::compare(world, &stored)?;
        }
        Ok(())
    }

    fn stored(&mut self, scope: Scope) -> Result<World, Violation> {
        let (mut world, _) = self.process().load(scope)?;
        world.bind(&self.settings.limits);
        Ok(world)
    }

    fn run_job(&mut self, index: usize, faults: Faults) -> Result<(), Violation> {
        let (process, trace, random) = self.parts();
        process.run_job(index, faults, random, trace)
    }

    fn take_answers(&mut self, faults: Faults) -> Result<(), Violation> {
        self.hear()?;
        for (call, answer) in self.process().take_answers() {
            if faults.loses_answer(&mut self.random) {
                self.trace.note(&format!("  the answer to {call:?} is lost"));
                self.trace.count("lost answer");
                self.clients.lose(call);
                continue;
            }
            let outcome = answer.as_ref().map_or_else(|error| error.exception, |_| "done");
            self.trace.note(&format!("  {call:?}: {outcome}"));
            self.clients.take(call, answer, self.store.inner())?;
        }
        for (instance, contact) in self.clients.known() {
            let contact = contact.to_string();
            if let Some(place) = self.places.iter_mut().find(|place| place.instance == instance)
                && !place.contacts.contains(&contact)
            {
                place.contacts.push(contact);
            }
        }
        Ok(())
    }

    /// An instance leaves memory; what it waits for must bring it back in time.
    fn close(&mut self, scope: Scope) -> Result<(), Violation> {
        self.trace.note(&format!("close {scope}"));
        self.trace.count("closed instance");
        if self.process().attendance.is_anybody_at(InstanceId(scope.0)) {
            return Err(Violation(format!("{scope} leaves memory, and somebody is connected")));
        }
        let held_back_until = self.process().close(scope);
        self.check_wakes(scope, held_back_until)
    }

    /// A scope that is not in memory is woken when the first of its timers is due and not held back, or before.
    fn check_wakes(&mut self, scope: Scope, held_back_until: Timestamp) -> Result<(), Violation> {
        let stored = self.stored(scope)?.picture();
        let limits = &self.settings.limits;
        let contacts = stored.contacts.values().filter_map(Contact::next_due).map(|(at, _)| at);
        let agents = stored.agents.values().filter_map(|agent| agent.next_due(limits));
        // Who was connected when the process ended is told so at once.
        let lost = stored.agents.values().any(Agent::is_connected).then_some(Timestamp(0));
        let due = contacts.chain(agents).chain(lost).min();
        let wakes = self.process().sleeps_until(scope);
        match due {
            Some(due) if wakes.is_none_or(|wakes| wakes > due.max(held_back_until).millis().max(self.now_ms)) => {
                Err(Violation(format!("{scope} has a timer at {due:?}, and is woken at {wakes:?}")))
            }
            _ => Ok(()),
        }
    }

    fn crash(&mut self) -> Result<(), Violation> {
        self.trace.note("crash");
        self.trace.count("crash");
        let process = self.process.take().expect("there is a process from the start to the end of a run");
        let store = process.crash(&mut self.random, &mut self.trace);
        self.clients.lose_connections();
        self.clients.check_all(store.inner())?;
        self.process = Some(Process::start(store, &self.settings, self.now_ms)?);
        for place in self.places.clone() {
            let scope = Scope(place.instance.0);
            self.check_wakes(scope, Timestamp(0))?;
            self.check_stored(scope)?;
        }
        Ok(())
    }

    /// Nothing goes wrong any more: everything gets done, and everything that was told is still true.
    fn end(&mut self) -> Result<(), Violation> {
        self.trace.note("from here on nothing goes wrong");
        let scopes = self.process().open_scopes();
        if scopes.iter().any(|scope| self.process().is_spoiled(*scope)) {
            // Events that seemed to spoil commits are set aside until the next start.
            self.crash()?;
        }
        self.settle()?;
        self.check_streams()?;
        let away = self.everybody_leaves()?;
        self.settle()?;
        let until = self.now_ms + END_MS;
        while let Some(due) = self.process().next_due_ms().filter(|due| *due <= until) {
            self.pass(due.max(self.now_ms + 1));
            self.settle()?;
        }
        self.pass(until);
        self.settle()?;
        self.some_come_back(&away)?;
        for (instance, contact) in self.clients.known().collect::<Vec<_>>() {
            self.send(Some(instance), "DescribeContact", json!({"ContactId": contact.to_string()}));
        }
        self.settle()?;
        if self.clients.waits() {
            return Err(Violation("calls are not answered".to_owned()));
        }
        self.check_end()?;
        self.check_logins()?;
        self.delete_all()
    }

    /// Whoever is signed in, nothing is left of instances that are deleted.
    fn delete_all(&mut self) -> Result<(), Violation> {
        self.clients.instances().into_iter().for_each(|instance| self.delete(instance));
        self.settle()?;
        if let Some((stream, _)) = self.process().attendance.shown().first_key_value() {
            return Err(Violation(format!("{stream:?} goes on, and its instance is deleted")));
        }
        self.check_end()
    }

    fn check_end(&mut self) -> Result<(), Violation> {
        self.clients.check_all(self.store.inner())?;
        for scope in self.process().open_scopes() {
            if let Some(trouble) = self.process().trouble(scope) {
                return Err(Violation(format!("{scope} does not recover: {trouble}")));
            }
        }
        let heads = self.store.inner().heads(None, usize::MAX).map_err(Violation::of)?;
        for (scope, _) in heads {
            let instance = InstanceId(scope.0);
            if self.clients.is_deleted(&instance) && self.process().directory.instance(&instance).is_none() {
                return Err(Violation(format!("instance {instance} was deleted, and its records are there")));
            }
            let now = self.process().now(scope);
            checks::check_all_done(&self.stored(scope)?.picture(), now, &self.settings.limits)?;
            self.check_stored(scope)?;
        }
        Ok(())
    }

    /// What is stored of a scope can be read, agrees with itself, and has an event sequence without a gap.
    fn check_stored(&self, scope: Scope) -> Result<(), Violation> {
        let findings = service::check(self.store.inner(), scope).map_err(Violation::of)?;
        match findings.problems.first() {
            Some(problem) => Err(Violation(format!("{scope}: {problem}"))),
            None => Ok(()),
        }
    }
}

/// The contacts that were offered between two pictures.
fn offers_made(before: &Picture, after: &Picture) -> Vec<ContactId> {
    let offers = |picture: &Picture, id| picture.contacts.get(id).map_or(0, |contact| contact.offers);
    after.contacts.keys().filter(|id| offers(after, id) > offers(before, id)).copied().collect()
}
