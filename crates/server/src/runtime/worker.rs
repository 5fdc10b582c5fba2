//! A thread that runs the loops of some instances.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use engine::{InstanceId, Timestamp};
use service::{ApiError, Input, InstanceLoop, Output, TurnBounds, World};
use store::{Scope, ScopeHead};
use tokio::sync::oneshot;

use super::effects;
use super::shared::{Reply, Shared, WorkerLoad};
use crate::agent_interface::desk::AgentKey;
use crate::clock::wall_ms;

/// Messages taken before the loops get their turn.
const MESSAGES_PER_ROUND: usize = 4_096;
/// Longest time that a worker sleeps, in milliseconds: how late it may notice an idle instance.
const SLEEP_MS_MAX: i64 = 1_000;
/// Time after which an instance that could not be opened is opened again, in milliseconds.
const REOPEN_AFTER_MS: i64 = 5_000;

/// What reaches a worker.
pub enum Message {
    /// Something happens to a scope, which is opened if it is not.
    Input(Scope, Input<Reply>),
    /// A scope was loaded.
    Opened(Scope, Result<Box<(World, ScopeHead)>, String>),
    /// Let go of a scope, once nothing of it is under way.
    Close(Scope, oneshot::Sender<()>),
    /// The test clock has moved.
    Wake,
    /// Tell when nothing is under way, or how it stands.
    Report(oneshot::Sender<Report>),
    /// Finish what is under way, and end.
    Stop,
}

/// How a worker stands.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What is under way, in words.
    pub pending: Vec<String>,
    /// When the next timer is due, in milliseconds of the epoch.
    pub next_due_ms: Option<i64>,
}

enum Hosted {
    Opening(VecDeque<Input<Reply>>),
    Open(Box<Open>),
}

struct Open {
    instance: InstanceLoop<Reply>,
    inbox: VecDeque<Input<Reply>>,
    next_due: Option<Timestamp>,
    last_used_ms: i64,
    busy: bool,
    troubled: bool,
    closing: Option<oneshot::Sender<()>>,
}

struct Worker<'s> {
    shared: &'s Arc<Shared>,
    number: usize,
    hosted: HashMap<Scope, Hosted>,
    /// Scopes with something to do now.
    ready: BTreeSet<Scope>,
    /// When the open and the sleeping scopes are next due.
    due: BTreeSet<(i64, Scope)>,
    due_of: BTreeMap<Scope, i64>,
    outputs: Vec<Output<Reply>>,
    last_sweep_ms: i64,
    stopping: bool,
}

/// Runs until [`Message::Stop`].
pub fn run(shared: &Arc<Shared>, number: usize, receiver: &Receiver<Message>, sleeping: &[(i64, Scope)]) {
    let mut worker = Worker {
        shared,
        number,
        hosted: HashMap::new(),
        ready: BTreeSet::new(),
        due: sleeping.iter().copied().collect(),
        due_of: sleeping.iter().map(|(at, scope)| (*scope, *at)).collect(),
        outputs: Vec::new(),
        last_sweep_ms: wall_ms(),
        stopping: false,
    };
    if shared.worker_of(Scope::SYSTEM) == number {
        worker.hosted.insert(Scope::SYSTEM, Hosted::Opening(VecDeque::new()));
    }
    while !(worker.stopping && worker.is_quiet()) {
        worker.receive(receiver);
        worker.wake_due();
        worker.run_ready();
        worker.sweep();
    }
}

impl Worker<'_> {
    fn receive(&mut self, receiver: &Receiver<Message>) {
        let mut left = MESSAGES_PER_ROUND;
        if self.ready.is_empty() {
            match receiver.recv_timeout(self.sleep()) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => self.stopping = true,
            }
        }
        while left > 0
            && let Ok(message) = receiver.try_recv()
        {
            self.take(message);
            left -= 1;
        }
    }

    fn sleep(&self) -> Duration {
        let until_due = match self.due.first() {
            Some((at, _)) if !self.shared.clock.is_test() => at - self.shared.clock.now_ms(),
            _ => SLEEP_MS_MAX,
        };
        Duration::from_millis(until_due.clamp(0, SLEEP_MS_MAX) as u64)
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Input(scope, input) => self.deliver(scope, input),
            Message::Opened(scope, loaded) => self.opened(scope, loaded),
            Message::Close(scope, closed) => self.close(scope, closed),
            Message::Wake => {}
            Message::Report(reply) => {
                // Nobody waits any more if the send fails.
                let _ = reply.send(self.report());
            }
            Message::Stop => self.stopping = true,
        }
    }

    fn deliver(&mut self, scope: Scope, input: Input<Reply>) {
        let inbox = match self.hosted.get_mut(&scope) {
            Some(Hosted::Open(open)) => &mut open.inbox,
            Some(Hosted::Opening(inbox)) => inbox,
            None => {
                if !matches!(input, Input::Request(..) | Input::Barrier(_)) {
                    // The result of something that a closed scope had started: it is read again when it is opened.
                    return;
                }
                self.shared.open(scope);
                let hosted = self.hosted.entry(scope).or_insert(Hosted::Opening(VecDeque::new()));
                match hosted {
                    Hosted::Opening(inbox) => inbox,
                    Hosted::Open(_) => unreachable!("it was inserted as opening"),
                }
            }
        };
        if let Input::Request(request, reply) = input {
            if self.stopping {
                answer(
                    reply,
                    Err(service::throttled(request.operation, "the server is stopping; send the call again")),
                );
                return;
            }
            if inbox.len() >= self.shared.options.inbox_max {
                let text = format!(
                    "{} calls wait for this instance already; send {} again later",
                    inbox.len(),
                    request.operation
                );
                answer(reply, Err(service::throttled(request.operation, text)));
                return;
            }
            inbox.push_back(Input::Request(request, reply));
        } else if let Input::Committed(..) = input {
            // What waits in the next batch need not wait for the calls that came after it.
            inbox.push_front(input);
        } else {
            inbox.push_back(input);
        }
        self.ready.insert(scope);
    }

    fn opened(&mut self, scope: Scope, loaded: Result<Box<(World, ScopeHead)>, String>) {
        let (world, head) = match loaded {
            Ok(loaded) => *loaded,
            Err(failure) => return self.open_failed(scope, &failure),
        };
        if let Some(Hosted::Open(open)) = self.hosted.get_mut(&scope) {
            open.inbox.push_front(Input::Reloaded(Box::new(world), head));
            self.ready.insert(scope);
            return;
        }
        let inbox = match self.hosted.remove(&scope) {
            Some(Hosted::Opening(inbox)) => inbox,
            // It was closed while it was being opened.
            _ => return,
        };
        let settings = Arc::clone(&self.shared.settings);
        let instance = InstanceLoop::new(scope, head, world, settings, random_seed(), TurnBounds::default());
        let last_used_ms = wall_ms();
        let open = Open { instance, inbox, next_due: None, last_used_ms, busy: false, troubled: false, closing: None };
        self.hosted.insert(scope, Hosted::Open(Box::new(open)));
        self.ready.insert(scope);
    }

    fn open_failed(&mut self, scope: Scope, failure: &str) {
        tracing::error!(%scope, "Opening {scope} failed: {failure}");
        match self.hosted.get_mut(&scope) {
            // It was open and is to be loaded again: that is tried until it works.
            Some(Hosted::Open(_)) => self.shared.reopen_later(scope),
            Some(Hosted::Opening(_)) => {
                let Some(Hosted::Opening(inbox)) = self.hosted.remove(&scope) else { return };
                for input in inbox {
                    if let Input::Request(_, reply) | Input::Barrier(reply) = input {
                        answer(reply, Err(ApiError::internal(failure.to_owned())));
                    }
                }
                self.ready.remove(&scope);
                // Its timers are not forgotten: it is opened again a little later.
                self.note_due(scope, Some(self.shared.clock.now_ms() + REOPEN_AFTER_MS));
            }
            None => {}
        }
    }

    fn close(&mut self, scope: Scope, closed: oneshot::Sender<()>) {
        match self.hosted.get_mut(&scope) {
            Some(Hosted::Open(open)) => {
                open.closing = Some(closed);
                self.ready.insert(scope);
            }
            _ => {
                self.hosted.remove(&scope);
                self.forget_due(scope);
                // Nobody waits any more if the send fails.
                let _ = closed.send(());
            }
        }
    }

    fn wake_due(&mut self) {
        let now = self.shared.clock.now_ms();
        while let Some(&(at, scope)) = self.due.first().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, scope));
            self.due_of.remove(&scope);
            self.ready.insert(scope);
            self.hosted.entry(scope).or_insert_with(|| {
                self.shared.open(scope);
                Hosted::Opening(VecDeque::new())
            });
        }
    }

    fn run_ready(&mut self) {
        for scope in std::mem::take(&mut self.ready) {
            let Some(Hosted::Open(open)) = self.hosted.get_mut(&scope) else { continue };
            let now = self.shared.clock.now_ms();
            let report = open.instance.turn(Timestamp(now), &mut open.inbox, &mut self.outputs);
            open.last_used_ms = wall_ms();
            open.busy = report.busy;
            open.next_due = report.next_due;
            if report.more {
                self.ready.insert(scope);
            }
            let trouble = open.instance.trouble();
            if trouble.is_some() || open.troubled {
                open.troubled = trouble.is_some();
                self.shared.note_trouble(scope, trouble);
            }
            let closed = open.closing.is_some() && open.instance.is_quiet() && open.inbox.is_empty();
            // A commit is the last output, and leaves first: it is written while the answers are handed out.
            if let Some(Output::Commit(_)) = self.outputs.last()
                && let Some(commit) = self.outputs.pop()
            {
                perform(self.shared, scope, commit);
            }
            for output in std::mem::take(&mut self.outputs) {
                perform(self.shared, scope, output);
            }
            self.note_due(scope, report.next_due.map(Timestamp::millis).filter(|_| !report.more));
            if closed {
                self.let_go(scope);
            }
        }
    }

    fn let_go(&mut self, scope: Scope) {
        if let Some(Hosted::Open(open)) = self.hosted.remove(&scope)
            && let Some(closed) = open.closing
        {
            // Nobody waits any more if the send fails.
            let _ = closed.send(());
        }
        self.ready.remove(&scope);
        self.forget_due(scope);
    }

    fn note_due(&mut self, scope: Scope, at: Option<i64>) {
        self.forget_due(scope);
        if let Some(at) = at {
            self.due.insert((at, scope));
            self.due_of.insert(scope, at);
        }
    }

    fn forget_due(&mut self, scope: Scope) {
        if let Some(at) = self.due_of.remove(&scope) {
            self.due.remove(&(at, scope));
        }
    }

    /// Lets go of instances that nobody has used for a while, in real time. They stay in the list of the due ones.
    fn sweep(&mut self) {
        let now = wall_ms();
        if now - self.last_sweep_ms < SLEEP_MS_MAX {
            return;
        }
        self.last_sweep_ms = now;
        let idle_before = now - self.shared.options.idle_ms;
        let mut load = WorkerLoad::default();
        self.hosted.retain(|scope, hosted| match hosted {
            Hosted::Opening(inbox) => {
                load.waiting += inbox.len();
                true
            }
            Hosted::Open(open) => {
                let idle = open.instance.is_idle() && open.inbox.is_empty() && open.last_used_ms < idle_before;
                load.open_tasks += open.instance.open_contacts();
                load.waiting += open.inbox.len();
                !idle || *scope == Scope::SYSTEM
            }
        });
        self.shared.note_load(self.number, load);
    }

    fn is_quiet(&self) -> bool {
        self.ready.is_empty()
            && self.hosted.values().all(|hosted| match hosted {
                Hosted::Opening(_) => false,
                // Effects go on in the next process; what is not durable must not wait for them.
                // Nor must those wait whose instance cannot be written: they hear that the server stops.
                Hosted::Open(open) => open.troubled || (open.inbox.is_empty() && !open.instance.is_committing()),
            })
    }

    fn report(&self) -> Report {
        let mut pending = Vec::new();
        for (scope, hosted) in &self.hosted {
            match hosted {
                Hosted::Opening(_) => pending.push(format!("opening {scope}")),
                Hosted::Open(open) if open.busy || !open.inbox.is_empty() => {
                    pending.extend(open.instance.pending().into_iter().map(|what| format!("{scope}: {what}")));
                }
                Hosted::Open(_) if self.ready.contains(scope) => pending.push(format!("{scope}: a turn")),
                Hosted::Open(_) => {}
            }
        }
        Report { pending, next_due_ms: self.due.first().map(|(at, _)| *at) }
    }
}

fn perform(shared: &Arc<Shared>, scope: Scope, output: Output<Reply>) {
    match output {
        Output::Answer(reply, result) => answer(reply, result),
        Output::Commit(batch) => shared.commit(batch),
        Output::Fetch(request) => shared.fetch(scope, request),
        Output::Perform(record) => effects::perform(shared, scope, record),
        Output::Publish(change) => shared.publish(change),
        Output::AgentChanged(user) => {
            shared.agent_changes.changed(AgentKey { instance: InstanceId(scope.0), user });
        }
        Output::FlowLog(lines) => {
            let entry = shared.directory.instance(&InstanceId(scope.0));
            if entry.is_some_and(|entry| entry.flow_logs) {
                shared.outside.flow_logs.write(lines);
            }
        }
        Output::Reload => shared.open(scope),
        Output::ProbeIn(milliseconds) => shared.probe_in(scope, milliseconds),
        Output::Alarm(text) => tracing::error!(%scope, "{text}"),
        Output::Notice(text) => tracing::info!(%scope, "{text}"),
    }
}

fn answer(reply: Reply, result: service::Answer) {
    // A caller that has gone away wants no answer.
    let _ = reply.send(result);
}

/// The seed of a loop's ids and draws; unique, so that two openings of an instance never make the same id.
fn random_seed() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    u64::from_be_bytes(bytes)
}
