//! A server's process, from its start to the crash that ends it: the loops, and what they have started.
//!
//! It stands in for the runtime of the server. What that does with threads happens here one step at a time, in an order
//! that the run chooses: every commit, read, effect and result on its way is a [`Job`], and any of them may be next.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use engine::{InstanceId, Timestamp};
use service::{
    AgentCommand, Answer, ApiError, AttachmentOutcome, Directory, DirectoryChange, Effect, EffectId, EffectOutcome,
    EffectRecord, Fetch, FetchRequest, Fetched, Input, InstanceLoop, Output, Picture, Request, Settings, TurnBounds,
    TurnReport, World,
};
use store::faulty::{Fault, FaultyStore};
use store::memory::MemoryStore;
use store::{Batch, Deleted, Epoch, Reason, Scope, ScopeHead, Store};

use crate::Violation;
use crate::connections::{AgentKey, Attendance, StreamId};
use crate::faults::Faults;
use crate::random::Random;
use crate::trace::Trace;

/// Time after which a scope that could not be opened is opened again, in milliseconds.
const REOPEN_AFTER_MS: i64 = 5_000;
/// How long a loop may hold back a timer or an offer that failed, in milliseconds.
const RETRY_MS: i64 = 60_000;
/// Heads read at a time at the start.
const HEADS_PAGE: usize = 100;
/// Records deleted in one step.
const DELETE_ROWS: usize = 40;

/// A call of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallId(pub u64);

/// Who waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// A client.
    Client(CallId),
    /// The effect of the system scope that gives an instance its defaults.
    Defaults(EffectId),
    /// The server itself.
    Server(Asked),
}

/// What the server itself wants of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    /// That it hears who is there.
    Presence(AgentKey),
    /// A snapshot for an event stream.
    Snapshot(StreamId),
}

/// Something that was started, or a result that is on its way.
pub(crate) enum Job {
    Load(Scope),
    Commit(Batch),
    Fetch(Scope, FetchRequest),
    Perform(Scope, EffectRecord),
    /// Delete an instance's records, once its loop is gone.
    Delete(Scope, EffectId),
    Deliver(Scope, Input<Reply>),
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Job::Load(scope) => write!(f, "load {scope}"),
            Job::Commit(batch) => write!(f, "commit {} of {}", batch.number.0, batch.scope),
            Job::Fetch(scope, request) => write!(f, "fetch {} of {scope}", request.ticket),
            Job::Perform(scope, record) => write!(f, "perform {:?} of {scope}", record.effect),
            Job::Delete(scope, _) => write!(f, "delete the records of {scope}"),
            Job::Deliver(scope, Input::Committed(number, result)) => {
                write!(f, "{scope} hears of commit {}: {}", number.0, if result.is_ok() { "durable" } else { "failed" })
            }
            Job::Deliver(scope, Input::Fetched(fetched)) => write!(f, "{scope} gets fetch {}", fetched.ticket),
            Job::Deliver(scope, Input::EffectDone(_, outcome)) => write!(f, "{scope} hears of an effect: {outcome:?}"),
            Job::Deliver(scope, Input::Probe) => write!(f, "{scope} probes"),
            Job::Deliver(scope, _) => write!(f, "{scope} gets an input"),
        }
    }
}

struct Open {
    instance: InstanceLoop<Reply>,
    report: TurnReport,
    /// Whether events were set aside or have batches of their own, because of a fault that lay in a batch.
    spoiled: bool,
    /// Until when timers and offers that failed may be held back.
    held_back_until: Timestamp,
}

enum Hosted {
    Opening,
    Open(Box<Open>),
}

struct Host {
    inbox: VecDeque<Input<Reply>>,
    hosted: Hosted,
}

/// What a turn did, for those who check it.
#[derive(Debug, Default)]
pub(crate) struct Turned {
    /// Whether it asked for records.
    pub(crate) fetches: bool,
}

/// A process.
pub(crate) struct Process {
    pub(crate) store: Arc<FaultyStore<MemoryStore>>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) directory: Directory,
    hosts: BTreeMap<Scope, Host>,
    sleeping: BTreeMap<Scope, i64>,
    jobs: Vec<Job>,
    answers: Vec<(CallId, Answer)>,
    /// Who is signed in and follows an event stream.
    pub(crate) attendance: Attendance,
    /// What loops answered to the server.
    heard: Vec<(Asked, Answer)>,
    now_ms: i64,
}

impl Process {
    /// Starts over what is durable.
    pub(crate) fn start(
        store: Arc<FaultyStore<MemoryStore>>,
        settings: &Arc<Settings>,
        now_ms: i64,
    ) -> Result<Self, Violation> {
        let mut process = Process {
            store,
            settings: Arc::clone(settings),
            directory: Directory::default(),
            hosts: BTreeMap::new(),
            sleeping: BTreeMap::new(),
            jobs: Vec::new(),
            answers: Vec::new(),
            attendance: Attendance::default(),
            heard: Vec::new(),
            now_ms,
        };
        let (world, _) = process.load(Scope::SYSTEM)?;
        for change in world.directory() {
            process.directory.apply(change);
        }
        let heads = process.store.inner().heads(None, HEADS_PAGE).map_err(Violation::of)?;
        // What is not in the directory is being deleted: nobody wakes it any more.
        let exists = |scope: &Scope| process.directory.instance(&InstanceId(scope.0)).is_some();
        let heads: Vec<_> = heads.into_iter().filter(|(scope, _)| exists(scope)).collect();
        for (scope, head) in heads {
            process.sleeping.extend(head.next_due_ms.map(|at| (scope, at)));
        }
        process.host(Scope::SYSTEM);
        Ok(process)
    }

    /// A scope as a fresh load gives it, and its head; no fault gets in the way.
    pub(crate) fn load(&self, scope: Scope) -> Result<(World, ScopeHead), Violation> {
        service::load(self.store.inner(), scope, self.settings.token_retention_ms).map_err(Violation::of)
    }

    /// The process is gone, between any two of its steps. What was being written is durable or not.
    pub(crate) fn crash(self, random: &mut Random, trace: &mut Trace) -> Arc<FaultyStore<MemoryStore>> {
        for job in &self.jobs {
            if let Job::Commit(batch) = job
                && random.one_in(2)
                && self.store.inner().commit(std::slice::from_ref(batch)).is_ok()
            {
                trace.note(&format!("  {job} had become durable"));
            }
        }
        self.store
    }

    pub(crate) fn move_clock(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    /// Sends a client's request to the loop of its scope, as far as the directory knows it.
    pub(crate) fn call(&mut self, request: Request, call: CallId) {
        self.request(request, Reply::Client(call));
    }

    fn request(&mut self, request: Request, reply: Reply) {
        match request.instance {
            None => self.deliver(Scope::SYSTEM, Input::Request(request, reply)),
            Some(id) if self.is_active(&id) => self.deliver(Scope(id.0), Input::Request(request, reply)),
            Some(id) => self.answer(reply, Err(service::instance_not_found(&id.to_string()))),
        }
    }

    fn answer(&mut self, reply: Reply, answer: Answer) {
        match reply {
            Reply::Client(call) => {
                self.attendance.forget_choice(call);
                self.answers.push((call, answer));
            }
            Reply::Defaults(effect) => {
                let outcome = defaults_outcome(answer);
                self.jobs.push(Job::Deliver(Scope::SYSTEM, Input::EffectDone(effect, outcome)));
            }
            Reply::Server(asked) => self.heard.push((asked, answer)),
        }
    }

    /// Tells a loop what has changed about a user, unless it is just being told of something.
    pub(crate) fn tell(&mut self, agent: AgentKey, trace: &mut Trace) {
        if let Some(command) = self.attendance.say(agent, self.now_ms) {
            trace.note(&format!("the server tells of agent {}: {command:?}", agent.user));
            self.request(Request::agent(agent.instance, agent.user, command), Reply::Server(Asked::Presence(agent)));
        }
    }

    /// Reads the snapshots of agents who have changed, for their event streams.
    pub(crate) fn read_snapshots(&mut self) {
        for (stream, AgentKey { instance, user }) in self.attendance.read() {
            let request = Request::agent(instance, user, AgentCommand::Snapshot);
            self.request(request, Reply::Server(Asked::Snapshot(stream)));
        }
    }

    /// What loops have answered to the server since the last time.
    pub(crate) fn take_heard(&mut self) -> Vec<(Asked, Answer)> {
        std::mem::take(&mut self.heard)
    }

    /// Whether an instance takes calls.
    pub(crate) fn is_active(&self, id: &InstanceId) -> bool {
        self.directory.instance(id).is_some_and(|entry| entry.status == engine::instance::InstanceStatus::Active)
    }

    /// The answers that have left since the last time.
    pub(crate) fn take_answers(&mut self) -> Vec<(CallId, Answer)> {
        std::mem::take(&mut self.answers)
    }

    fn host(&mut self, scope: Scope) -> &mut Host {
        let Process { hosts, jobs, .. } = self;
        hosts.entry(scope).or_insert_with(|| {
            jobs.push(Job::Load(scope));
            Host { inbox: VecDeque::new(), hosted: Hosted::Opening }
        })
    }

    fn deliver(&mut self, scope: Scope, input: Input<Reply>) {
        // What a scope had started that is closed again is read or performed again when it is opened.
        if !self.hosts.contains_key(&scope) && !matches!(input, Input::Request(..) | Input::Barrier(_)) {
            return;
        }
        let inbox = &mut self.host(scope).inbox;
        if let Input::Committed(..) = input {
            // As the server has it: the next batch does not wait for the calls that came after it.
            inbox.push_front(input);
        } else {
            inbox.push_back(input);
        }
    }

    /// The scopes that have something to do now.
    pub(crate) fn ready(&self) -> Vec<Scope> {
        let is_ready = |host: &Host| match &host.hosted {
            Hosted::Opening => false,
            Hosted::Open(open) => {
                !host.inbox.is_empty()
                    || open.report.more
                    || open.report.next_due.is_some_and(|due| due.millis() <= self.now_ms)
            }
        };
        self.hosts.iter().filter(|(_, host)| is_ready(host)).map(|(scope, _)| *scope).collect()
    }

    pub(crate) fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    fn open(&self, scope: Scope) -> Option<&Open> {
        match &self.hosts.get(&scope)?.hosted {
            Hosted::Open(open) => Some(open),
            Hosted::Opening => None,
        }
    }

    /// The scopes in memory.
    pub(crate) fn open_scopes(&self) -> Vec<Scope> {
        self.hosts.keys().copied().filter(|scope| self.open(*scope).is_some()).collect()
    }

    /// What a scope has in memory; none while it is being loaded.
    pub(crate) fn world(&self, scope: Scope) -> Option<&World> {
        self.open(scope).filter(|open| open.instance.trouble().is_none()).map(|open| open.instance.world())
    }

    /// The same as plain values.
    pub(crate) fn picture(&self, scope: Scope) -> Option<Picture> {
        self.world(scope).map(World::picture)
    }

    /// A scope's now.
    pub(crate) fn now(&self, scope: Scope) -> Timestamp {
        self.open(scope).map_or(Timestamp(self.now_ms), |open| open.instance.now().max(Timestamp(self.now_ms)))
    }

    /// How the last turn of a scope ended.
    pub(crate) fn report(&self, scope: Scope) -> Option<TurnReport> {
        self.open(scope).map(|open| open.report)
    }

    /// Whether all that a scope has in memory is durable.
    pub(crate) fn is_durable(&self, scope: Scope) -> bool {
        self.open(scope).is_some_and(|open| open.instance.trouble().is_none() && !open.instance.is_committing())
    }

    /// Whether events of the scope may have been set aside since it was opened.
    pub(crate) fn is_spoiled(&self, scope: Scope) -> bool {
        self.open(scope).is_some_and(|open| open.spoiled)
    }

    /// Whether whatever can be offered in the scope has to be.
    pub(crate) fn offers_all(&self, scope: Scope) -> bool {
        let held_back = |open: &Open| open.spoiled || open.held_back_until > self.now(scope);
        !self.is_fetching(scope) && !self.open(scope).is_some_and(held_back)
    }

    /// Why a scope takes no writes, if so.
    pub(crate) fn trouble(&self, scope: Scope) -> Option<String> {
        self.open(scope).and_then(|open| open.instance.trouble().map(str::to_owned))
    }

    /// Whether records are on their way to a scope.
    pub(crate) fn is_fetching(&self, scope: Scope) -> bool {
        let fetches = |job: &Job| match job {
            Job::Fetch(of, _) | Job::Deliver(of, Input::Fetched(_)) => *of == scope,
            _ => false,
        };
        let waits = |host: &Host| host.inbox.iter().any(|input| matches!(input, Input::Fetched(_)));
        self.jobs.iter().any(fetches) || self.hosts.get(&scope).is_some_and(waits)
    }

    /// Whether anything is under way at all.
    pub(crate) fn is_quiet(&self) -> bool {
        self.heard.is_empty()
            && !self.attendance.has_to_read()
            && self.jobs.is_empty()
            && self.ready().is_empty()
            && self.hosts.values().all(|host| host.inbox.is_empty())
    }

    /// What is under way, in words.
    pub(crate) fn under_way(&self) -> Vec<String> {
        let mut words: Vec<String> = self.jobs.iter().map(ToString::to_string).collect();
        for scope in self.ready() {
            let Some(Open { instance, report, .. }) = self.open(scope) else { continue };
            words.push(format!("{scope} at {:?}: {report:?}, {:?}", instance.now(), instance.pending()));
        }
        words
    }

    /// The scopes whose loops could be dropped without losing anything.
    pub(crate) fn idle(&self) -> Vec<Scope> {
        let is_idle = |scope: &Scope| {
            let host = &self.hosts[scope];
            *scope != Scope::SYSTEM
                && host.inbox.is_empty()
                && self.open(*scope).is_some_and(|open| open.instance.is_idle() && !open.report.more)
        };
        self.hosts.keys().copied().filter(is_idle).collect()
    }

    /// Whether nothing is under way in a scope that is to be deleted.
    fn is_over(&self, scope: Scope) -> bool {
        self.hosts[&scope].inbox.is_empty() && self.open(scope).is_some_and(|open| open.instance.is_quiet())
    }

    /// Lets go of a scope that is idle. Its next due time wakes it. Says until when it may hold back what is due.
    pub(crate) fn close(&mut self, scope: Scope) -> Timestamp {
        let held_back_until = self.open(scope).map_or(Timestamp(0), |open| open.held_back_until);
        self.hosts.remove(&scope);
        held_back_until
    }

    /// Ends the sessions and opens the scopes whose time has come.
    pub(crate) fn wake_due(&mut self, trace: &mut Trace) {
        let now = self.now_ms;
        for agent in self.attendance.sweep(now) {
            self.tell(agent, trace);
        }
        let due: Vec<Scope> = self.sleeping.iter().filter(|(_, at)| **at <= now).map(|(scope, _)| *scope).collect();
        for scope in due {
            if self.hosts.contains_key(&scope) {
                continue;
            }
            self.sleeping.remove(&scope);
            self.host(scope);
        }
    }

    /// When something is due next.
    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.sleeping.values().copied().chain(self.attendance.next_due_ms()).min()
    }

    /// When a scope that is not in memory is woken.
    pub(crate) fn sleeps_until(&self, scope: Scope) -> Option<i64> {
        self.sleeping.get(&scope).copied()
    }

    /// One turn of a scope.
    pub(crate) fn turn(&mut self, scope: Scope, bounds: TurnBounds, trace: &mut Trace) -> Result<Turned, Violation> {
        let Some(Host { inbox, hosted: Hosted::Open(open) }) = self.hosts.get_mut(&scope) else {
            return Ok(Turned::default());
        };
        let mut out = Vec::new();
        open.instance.set_bounds(bounds);
        open.report = open.instance.turn(Timestamp(self.now_ms), inbox, &mut out);
        self.sleeping.remove(&scope);
        if let Some(due) = open.report.next_due {
            self.sleeping.insert(scope, due.millis());
        }
        let mut turned = Turned::default();
        let mut answers = Vec::new();
        for output in out {
            match output {
                Output::Answer(reply, answer) => answers.push((reply, answer)),
                Output::Commit(batch) => self.jobs.push(Job::Commit(batch)),
                Output::Fetch(request) => {
                    turned.fetches = true;
                    self.jobs.push(Job::Fetch(scope, request));
                }
                Output::Perform(record) => self.jobs.push(Job::Perform(scope, record)),
                Output::Publish(change) => {
                    let gone = match &change {
                        DirectoryChange::InstanceGone(instance) => Some(*instance),
                        DirectoryChange::Instance(..) | DirectoryChange::Key(_) => None,
                    };
                    self.directory.apply(change);
                    gone.into_iter().for_each(|instance| self.attendance.instance_gone(instance));
                }
                Output::AgentChanged(user) => {
                    self.attendance.changed(AgentKey { instance: InstanceId(scope.0), user });
                }
                Output::FlowLog(_) | Output::Notice(_) => {}
                Output::Reload => self.jobs.push(Job::Load(scope)),
                Output::ProbeIn(_) => self.jobs.push(Job::Deliver(scope, Input::Probe)),
                Output::Alarm(text) => {
                    trace.note(&format!("  alarm: {text}"));
                    if text.contains("is tried again later") {
                        open.held_back_until = open.instance.now().plus_millis(RETRY_MS);
                    }
                    if text.contains("is given up") {
                        trace.count("effect given up");
                    }
                    if !Faults::explain(&text) {
                        return Err(Violation(format!("an alarm without a fault: {text}")));
                    }
                }
            }
        }
        answers.into_iter().for_each(|(reply, answer)| self.answer(reply, answer));
        Ok(turned)
    }

    /// Does one job. What fails, fails because `faults` say so.
    pub(crate) fn run_job(
        &mut self,
        index: usize,
        faults: Faults,
        random: &mut Random,
        trace: &mut Trace,
    ) -> Result<(), Violation> {
        let job = self.jobs.remove(index);
        trace.note(&job.to_string());
        match job {
            Job::Load(scope) => self.finish_load(scope, faults, random, trace),
            Job::Commit(batch) => {
                let (scope, number) = (batch.scope, batch.number);
                if let Some(fault) = faults.of_commit(random) {
                    trace.note(&format!("  fails: {fault:?}"));
                    trace.count("failed commit");
                    self.store.fail_commit(1, fault);
                    self.note_spoiled(scope, fault);
                }
                let result = self.store.commit(&[batch]);
                self.jobs.push(Job::Deliver(scope, Input::Committed(number, result)));
                Ok(())
            }
            Job::Fetch(scope, request) => {
                if faults.fails_read(random) {
                    trace.note("  fails");
                    trace.count("failed read");
                    self.store.fail_read(1, Reason::Io);
                }
                let result = match request.what {
                    Fetch::Keys(keys) => self
                        .store
                        .get(scope, &keys)
                        .map(|(as_of, values)| (as_of, keys.into_iter().zip(values).collect())),
                    Fetch::Scan(scan) => self.store.scan(scope, &scan).map(|page| {
                        (page.as_of, page.rows.into_iter().map(|row| (row.key, Some(row.value))).collect())
                    }),
                };
                let fetched = Fetched { ticket: request.ticket, result };
                self.jobs.push(Job::Deliver(scope, Input::Fetched(fetched)));
                Ok(())
            }
            Job::Perform(scope, record) => {
                self.perform(scope, &record, faults, random, trace);
                Ok(())
            }
            Job::Delete(scope, effect) => self.delete(scope, effect),
            Job::Deliver(scope, input) => {
                self.deliver(scope, input);
                Ok(())
            }
        }
    }

    fn note_spoiled(&mut self, scope: Scope, fault: Fault) {
        let (Fault::Before(reason) | Fault::After(reason)) = fault;
        if reason == Reason::Other
            && let Some(Host { hosted: Hosted::Open(open), .. }) = self.hosts.get_mut(&scope)
        {
            open.spoiled = true;
        }
    }

    fn finish_load(
        &mut self,
        scope: Scope,
        faults: Faults,
        random: &mut Random,
        trace: &mut Trace,
    ) -> Result<(), Violation> {
        let now_ms = self.now_ms;
        let Some(host) = self.hosts.get_mut(&scope) else { return Ok(()) };
        if faults.fails_read(random) {
            trace.note("  fails");
            trace.count("failed read");
            match host.hosted {
                Hosted::Open(_) => self.jobs.push(Job::Load(scope)),
                Hosted::Opening if scope == Scope::SYSTEM => self.jobs.push(Job::Load(scope)),
                Hosted::Opening => {
                    for input in std::mem::take(&mut host.inbox) {
                        if let Input::Request(_, reply) | Input::Barrier(reply) = input {
                            self.refuse(reply);
                        }
                    }
                    self.hosts.remove(&scope);
                    self.sleeping.insert(scope, now_ms + REOPEN_AFTER_MS);
                }
            }
            return Ok(());
        }
        let (world, head) = self.load(scope)?;
        let settings = Arc::clone(&self.settings);
        let host = self.host(scope);
        match &mut host.hosted {
            Hosted::Open(_) => host.inbox.push_front(Input::Reloaded(Box::new(world), head)),
            Hosted::Opening => {
                let instance = InstanceLoop::new(scope, head, world, settings, random.next(), TurnBounds::default());
                let report = TurnReport { more: true, next_due: None, busy: false };
                host.hosted =
                    Hosted::Open(Box::new(Open { instance, report, spoiled: false, held_back_until: Timestamp(0) }));
            }
        }
        Ok(())
    }

    fn refuse(&mut self, reply: Reply) {
        self.answer(reply, Err(ApiError::new("InternalServiceException", "the instance is not open")));
    }

    fn perform(&mut self, scope: Scope, record: &EffectRecord, faults: Faults, random: &mut Random, trace: &mut Trace) {
        let id = record.id;
        let outcome = match &record.effect {
            &Effect::CreateDefaults { instance, identity_management } => {
                let request = Request::create_defaults(instance, identity_management);
                self.deliver(Scope(instance.0), Input::Request(request, Reply::Defaults(id)));
                return;
            }
            &Effect::DeleteRecords { instance } => {
                self.jobs.push(Job::Delete(Scope(instance.0), id));
                return;
            }
            _ if faults.interrupts(random) => {
                trace.count("interrupted effect");
                EffectOutcome::Interrupted
            }
            Effect::FetchAttachment { .. } => EffectOutcome::Attachment(match random.below(3) {
                0 => AttachmentOutcome::Approved,
                1 => AttachmentOutcome::Rejected { reason: "too large".to_owned() },
                _ => AttachmentOutcome::Failed { reason: "not found".to_owned() },
            }),
            Effect::DeleteFiles { .. } => EffectOutcome::Done,
            Effect::CallFunction { .. } => match random.below(4) {
                0 => EffectOutcome::Failed { reason: "timed out".to_owned() },
                1 => EffectOutcome::Answer("not JSON".to_owned()),
                2 => EffectOutcome::Answer("{}".to_owned()),
                _ => EffectOutcome::Answer(r#"{"goes": "elsewhere"}"#.to_owned()),
            },
        };
        self.jobs.push(Job::Deliver(scope, Input::EffectDone(id, outcome)));
    }

    /// One step of deleting an instance: its loop is closed when it is idle, then its records go.
    fn delete(&mut self, scope: Scope, effect: EffectId) -> Result<(), Violation> {
        if self.hosts.contains_key(&scope) {
            if self.is_over(scope) {
                self.close(scope);
            }
            self.jobs.push(Job::Delete(scope, effect));
            return Ok(());
        }
        self.sleeping.remove(&scope);
        let step = self.store.inner().delete_scope(scope, Epoch::FIRST, DELETE_ROWS).map_err(Violation::of)?;
        self.jobs.push(match step {
            Deleted::Some => Job::Delete(scope, effect),
            Deleted::All => Job::Deliver(Scope::SYSTEM, Input::EffectDone(effect, EffectOutcome::Done)),
        });
        Ok(())
    }
}

fn defaults_outcome(answer: Answer) -> EffectOutcome {
    match answer {
        Ok(_) => EffectOutcome::Done,
        Err(error) if error.exception == "InternalServiceException" => EffectOutcome::Interrupted,
        Err(error) => EffectOutcome::Failed { reason: error.message },
    }
}
