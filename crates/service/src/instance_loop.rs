//! The loop that alone owns an instance.
//!
//! [`InstanceLoop::turn`] takes inputs and answers with outputs; it never waits. It gathers the changes of many requests
//! into one batch; while that is being written, it works on the next one. What the loop tells the world (answers,
//! effects, changes of the directory) leaves only when the batch it rests on is durable:
//!
//! - an answer rests on the newest commit whose changes its handler made or read;
//! - an effect rests on the commit that asked for it.
//!
//! A commit that fails takes with it everything that rests on it. Memory is then ahead of the disk, so it is dropped:
//! callers get InternalServiceException, the instance is loaded again, reads are served, and writes are refused until a
//! batch without changes could be written.

mod batch;
mod lost;
mod maintenance;
mod quarantine;
mod run;
#[cfg(test)]
pub(crate) mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use engine::{ContactId, InstanceId, Timestamp, UserId};
use routing::Offer;
use store::{Batch, CommitError, CommitNumber, Epoch, Key, Scan, Scope, ScopeHead};

use crate::directory::DirectoryChange;
use crate::effect::{EFFECT_RESTARTS_MAX, EffectId, EffectOutcome, EffectRecord};
use crate::error::ApiError;
use crate::operations::Request;
use crate::settings::Settings;
use crate::tx::{Cold, CompiledFlows, Random};
use crate::world::{Changes, ColdChanges, World};

use batch::{OpenBatch, Released};
use lost::LostConnections;

/// Times that one event may ask for records before it is given up.
pub const FETCHES_PER_EVENT_MAX: u8 = 16;

/// What a caller gets: the JSON body, or why not.
pub type Answer = Result<Vec<u8>, ApiError>;

/// What happens to an instance.
pub enum Input<R> {
    /// A call.
    Request(Request, R),
    /// Answered when all that came before it is durable.
    Barrier(R),
    /// A commit has ended.
    Committed(CommitNumber, Result<(), CommitError>),
    /// A fetch has ended.
    Fetched(Fetched),
    /// An effect has ended.
    EffectDone(EffectId, EffectOutcome),
    /// The instance was loaded again after a failed commit.
    Reloaded(Box<World>, ScopeHead),
    /// It is time to try whether the store takes writes again.
    Probe,
}

/// Records to read, off the loop.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// Comes back with the answer.
    pub ticket: u64,
    /// What to read.
    pub what: Fetch,
}

/// What to read.
#[derive(Debug, Clone)]
pub enum Fetch {
    /// These records.
    Keys(Vec<Key>),
    /// The oldest of a kind, for retention.
    Scan(Scan),
}

/// What was read.
#[derive(Debug)]
pub struct Fetched {
    /// Of the request.
    pub ticket: u64,
    /// The commit that was the last in the snapshot, and the records; or that the store cannot be read.
    pub result: Result<(CommitNumber, FetchedRecords), store::Unavailable>,
}

/// Records with their keys; `None` for those that do not exist.
pub type FetchedRecords = Vec<(Key, Option<Vec<u8>>)>;

/// What the loop wants done.
#[derive(Debug)]
pub enum Output<R> {
    /// Answer a caller.
    Answer(R, Answer),
    /// Write a batch; [`Input::Committed`] follows.
    Commit(Batch),
    /// Read records; [`Input::Fetched`] follows.
    Fetch(FetchRequest),
    /// Perform an effect; [`Input::EffectDone`] follows.
    Perform(EffectRecord),
    /// Tell everybody.
    Publish(DirectoryChange),
    /// An agent's snapshot may have changed, and the change is durable.
    AgentChanged(UserId),
    /// Write these lines to the flow logs, if the instance has them ([`InstanceEntry::flow_logs`]). What they tell is
    /// durable; a crash may lose them.
    ///
    /// [`InstanceEntry::flow_logs`]: crate::InstanceEntry::flow_logs
    FlowLog(Vec<String>),
    /// Load the instance again; [`Input::Reloaded`] follows.
    Reload,
    /// Send [`Input::Probe`] in so many milliseconds of real time.
    ProbeIn(u64),
    /// Something an operator should see, and do something about.
    Alarm(String),
    /// Something an operator may want to know.
    Notice(String),
}

/// How much one turn does.
#[derive(Debug, Clone, Copy)]
pub struct TurnBounds {
    /// Inputs taken.
    pub inputs_max: usize,
    /// Due timers run, between the inputs.
    pub timers_max: usize,
    /// Due timers whose changes one batch takes while another is being written. Every other answer of the batch waits
    /// for them.
    pub timers_per_batch_max: usize,
    /// The same for a batch that somebody waits for.
    pub timers_per_answering_batch_max: usize,
    /// Contacts offered to agents.
    pub offers_max: usize,
    /// Agents whose connections ended with an earlier process.
    pub connections_lost_max: usize,
}

impl Default for TurnBounds {
    fn default() -> Self {
        TurnBounds {
            inputs_max: 256,
            timers_max: 8,
            timers_per_batch_max: 4,
            timers_per_answering_batch_max: 2,
            offers_max: 64,
            connections_lost_max: 64,
        }
    }
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnReport {
    /// Whether another turn has work without waiting for anything.
    pub more: bool,
    /// When the next timer is due.
    pub next_due: Option<Timestamp>,
    /// Whether a commit, a fetch or an effect is under way, or changes are not committed yet.
    pub busy: bool,
}

enum Health {
    Serving,
    /// A commit failed; the world is being loaded again.
    Reloading {
        reason: String,
    },
    /// The world is right, but the store does not take writes; tried so many times.
    ReadOnly {
        reason: String,
        tries: u32,
        probing: bool,
    },
}

/// An event that is being run, perhaps for another time.
struct Attempt<R> {
    event: Event<R>,
    /// Decides ids and draws, equally at every time.
    seed: u64,
    /// The records that were fetched for it.
    cold: Cold,
    fetches: u8,
    /// The last durable commit when its first fetch began: nothing that it holds was read before.
    reading_since: u64,
}

/// What waits for records.
struct Waiting<R> {
    attempt: Attempt<R>,
}

enum Event<R> {
    Request(Request, R),
    Timer(ContactId),
    Agent(UserId, AgentWake),
    Offer(Offer),
    Effect(EffectId, EffectOutcome),
    Maintenance(maintenance::Task),
}

/// Why an agent is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AgentWake {
    /// A timer is due.
    Timer,
    /// The agent's session and event stream ended with the process that had them.
    ServerLost,
}

/// The owner of an instance.
pub struct InstanceLoop<R> {
    scope: Scope,
    epoch: Epoch,
    settings: Arc<Settings>,
    bounds: TurnBounds,
    world: World,
    compiled: RefCell<CompiledFlows>,
    now: Timestamp,
    random: Random,
    durable: u64,
    open: OpenBatch<R>,
    in_flight: Option<Released<R>>,
    waiting: BTreeMap<u64, Waiting<R>>,
    busy_contacts: BTreeSet<ContactId>,
    /// When timers that failed are tried again.
    failed_timers: BTreeMap<ContactId, Timestamp>,
    /// The same of agents.
    failed_agents: BTreeMap<UserId, Timestamp>,
    /// When contacts whose offer failed are offered again.
    failed_offers: BTreeMap<ContactId, Timestamp>,
    connections_lost: LostConnections,
    busy_agents: BTreeSet<UserId>,
    last_turn: Option<ContactId>,
    cold_changes: ColdChanges,
    next_ticket: u64,
    performing: BTreeSet<EffectId>,
    /// The effects that were begun in this process; those of `performing` and those that are to be performed again.
    begun: BTreeSet<EffectId>,
    quarantine: quarantine::Quarantine,
    health: Health,
    maintenance: maintenance::Schedule,
    /// What the instance has added to the memory of all.
    counted_bytes: usize,
}

impl<R> Drop for InstanceLoop<R> {
    fn drop(&mut self) {
        self.settings.hot_bytes.change(self.counted_bytes, 0);
    }
}

impl<R> InstanceLoop<R> {
    /// A loop over an instance that was loaded. Effects without a result are performed again, in the first turn.
    pub fn new(
        scope: Scope,
        head: ScopeHead,
        world: World,
        settings: Arc<Settings>,
        seed: u64,
        bounds: TurnBounds,
    ) -> Self {
        let now = Timestamp(head.now_ms);
        let mut world = world;
        world.bind(&settings.limits);
        let connections_lost = LostConnections::of(world.agents.connected());
        InstanceLoop {
            scope,
            epoch: head.epoch,
            settings,
            bounds,
            open: OpenBatch::new(head.number.0 + 1, world.last_event + 1),
            world,
            compiled: RefCell::default(),
            now,
            random: Random(seed),
            durable: head.number.0,
            in_flight: None,
            waiting: BTreeMap::new(),
            busy_contacts: BTreeSet::new(),
            failed_timers: BTreeMap::new(),
            failed_agents: BTreeMap::new(),
            failed_offers: BTreeMap::new(),
            connections_lost,
            busy_agents: BTreeSet::new(),
            last_turn: None,
            cold_changes: ColdChanges::default(),
            next_ticket: 0,
            performing: BTreeSet::new(),
            begun: BTreeSet::new(),
            quarantine: quarantine::Quarantine::default(),
            health: Health::Serving,
            maintenance: maintenance::Schedule::default(),
            counted_bytes: 0,
        }
    }

    /// The scope that the loop owns.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The instance that the loop owns; nil for the system scope.
    pub fn instance(&self) -> InstanceId {
        InstanceId(self.scope.0)
    }

    /// How much a turn does from now on.
    pub fn set_bounds(&mut self, bounds: TurnBounds) {
        self.bounds = bounds;
    }

    /// What is in memory, for comparison with what is stored.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// How many contacts are open.
    pub fn open_contacts(&self) -> usize {
        self.world.contacts.len()
    }

    /// About how many bytes the instance's open contacts hold.
    pub fn hot_bytes(&self) -> usize {
        self.world.hot_bytes()
    }

    /// Whether the loop can be dropped without losing anything.
    pub fn is_idle(&self) -> bool {
        // Sessions and streams are in this process: an instance that is opened again takes them for lost.
        self.is_quiet() && self.world.agents.connected().next().is_none()
    }

    /// Whether nothing is under way. So a loop can be dropped whose instance is deleted, whoever is signed in.
    pub fn is_quiet(&self) -> bool {
        matches!(self.health, Health::Serving)
            && self.in_flight.is_none()
            && self.open.is_empty()
            && self.waiting.is_empty()
            && self.performing.is_empty()
            && self.world.unstarted_effects == 0
    }

    /// Whether something is not durable yet.
    pub fn is_committing(&self) -> bool {
        self.in_flight.is_some() || (!self.open.is_empty() && matches!(self.health, Health::Serving))
    }

    /// What is under way, in words.
    pub fn pending(&self) -> Vec<String> {
        let mut pending = Vec::new();
        if self.is_committing() {
            pending.push("a commit".to_owned());
        }
        if !self.waiting.is_empty() {
            pending.push(format!("{} reads", self.waiting.len()));
        }
        pending.extend(self.performing.iter().map(|effect| format!("effect {}", effect.0)));
        if self.world.unstarted_effects > 0 {
            pending.push(format!("{} effects to start", self.world.unstarted_effects));
        }
        pending.extend(self.trouble().map(str::to_owned));
        pending
    }

    /// Why writes are refused, if they are.
    pub fn trouble(&self) -> Option<&str> {
        match &self.health {
            Health::Serving => None,
            Health::Reloading { reason } => Some(reason),
            Health::ReadOnly { reason, .. } => Some(reason),
        }
    }

    /// Takes inputs and due timers, within the turn's bounds, and says what is to be done.
    ///
    /// Requests stay in `inputs` while the instance is being loaded again.
    pub fn turn(&mut self, wall: Timestamp, inputs: &mut VecDeque<Input<R>>, out: &mut Vec<Output<R>>) -> TurnReport {
        self.now = self.now.max(wall);
        self.forget_past_failures();
        self.perform_pending(out);
        self.lose_connections(out);
        let mut held_back = VecDeque::new();
        let mut timers = self.bounds.timers_max;
        for _ in 0..self.bounds.inputs_max {
            let Some(input) = inputs.pop_front() else { break };
            if self.must_wait(&input) {
                held_back.push_back(input);
                continue;
            }
            let commit_ended = matches!(input, Input::Committed(..));
            self.take(input, out);
            if commit_ended && !self.open.is_empty() {
                // The next commit leaves first: whoever is in it has waited longest.
                break;
            }
            if timers > 0 && self.may_write_more() && self.run_due_timer(out) {
                timers -= 1;
            }
        }
        while timers > 0 && self.may_write_more() && self.run_due_timer(out) {
            timers -= 1;
        }
        if self.may_write_more() {
            self.run_turn_of_a_flow(out);
        }
        self.offer(out);
        held_back.append(inputs);
        *inputs = held_back;
        self.maintain(out);
        self.commit_if_free(out);
        let bytes = self.world.hot_bytes();
        self.settings.hot_bytes.change(std::mem::replace(&mut self.counted_bytes, bytes), bytes);
        let reloading = matches!(self.health, Health::Reloading { .. });
        TurnReport {
            more: !reloading
                && self.may_write_more()
                && (!inputs.is_empty()
                    || self.first_lost().is_some()
                    || self.has_due_timer()
                    || self.next_turn().is_some()
                    || self.next_offer().is_some()
                    || self.has_effects_to_start()),
            next_due: self.next_due().filter(|_| !self.batch_is_full_of_timers()),
            busy: !self.is_quiet(),
        }
    }

    /// Whether an input stays where it is: while the instance is being loaded again, while agents have not lost what an
    /// earlier process had of them, and while events that could spoil a commit have one each.
    fn must_wait(&self, input: &Input<R>) -> bool {
        match input {
            Input::Request(..) | Input::Barrier(_) => {
                matches!(self.health, Health::Reloading { .. }) || !self.may_write_more() || self.first_lost().is_some()
            }
            Input::EffectDone(..) => !self.may_write_more(),
            Input::Committed(..) | Input::Fetched(_) | Input::Reloaded(..) | Input::Probe => false,
        }
    }

    /// Whether another event may join the open batch. Ends of commits bring the turn in which it may.
    fn may_write_more(&self) -> bool {
        !self.open.is_full() && (!self.quarantine.is_careful() || (self.open.is_empty() && self.in_flight.is_none()))
    }

    fn take(&mut self, input: Input<R>, out: &mut Vec<Output<R>>) {
        match input {
            Input::Request(request, reply) => self.run(Event::Request(request, reply), out),
            Input::Barrier(reply) => self.answer(reply, Ok(Vec::new()), self.newest_commit(), out),
            Input::Committed(number, result) => self.committed(number, result, out),
            Input::Fetched(fetched) => self.fetched(fetched, out),
            Input::EffectDone(id, outcome) => self.run(Event::Effect(id, outcome), out),
            Input::Reloaded(world, head) => self.reloaded(*world, head, out),
            Input::Probe => self.probe(out),
        }
    }

    fn newest_commit(&self) -> u64 {
        if self.open.is_empty() { self.open.number - 1 } else { self.open.number }
    }

    /// The loop's timers: those of the contacts that no event is under way for.
    fn first_due(&self) -> Option<ContactId> {
        if !matches!(self.health, Health::Serving) || self.batch_is_full_of_timers() {
            return None;
        }
        self.world.contacts.due_by(self.now).find(|id| {
            let may_be_tried = self.failed_timers.get(id).is_none_or(|at| *at <= self.now);
            may_be_tried && !self.busy_contacts.contains(id) && !self.quarantine.holds_timer(id)
        })
    }

    /// Whether due timers wait for the commit that is under way; its end brings the next turn.
    fn batch_is_full_of_timers(&self) -> bool {
        let max = if self.open.has_answers() {
            self.bounds.timers_per_answering_batch_max
        } else {
            self.bounds.timers_per_batch_max
        };
        self.in_flight.is_some() && self.open.timers >= max
    }

    /// A timer that failed is held back until its time; then it is due like any other, if what it belongs to still is.
    fn forget_past_failures(&mut self) {
        let now = self.now;
        self.failed_timers.retain(|_, tried_again| *tried_again > now);
        self.failed_agents.retain(|_, tried_again| *tried_again > now);
        let over = self.failed_offers.iter().filter(|(_, tried_again)| **tried_again <= now);
        let over: Vec<ContactId> = over.map(|(contact, _)| *contact).collect();
        for contact in over {
            self.failed_offers.remove(&contact);
            self.world.waits_again(contact);
        }
    }

    fn has_due_timer(&self) -> bool {
        self.first_due().is_some() || self.first_due_agent().is_some()
    }

    fn next_due(&self) -> Option<Timestamp> {
        let aside = |id: &ContactId| {
            self.busy_contacts.contains(id) || self.failed_timers.contains_key(id) || self.quarantine.holds_timer(id)
        };
        let timers = self.world.contacts.next_due(|id| !aside(id));
        let failed = self.failed_timers.values().chain(self.failed_agents.values()).chain(self.failed_offers.values());
        let tried_again = failed.copied().min();
        let aside = |user: &UserId| {
            self.busy_agents.contains(user)
                || self.failed_agents.contains_key(user)
                || self.quarantine.holds_agent(user)
        };
        let agents = self.world.agents.next_due(|user| !aside(user));
        let timers = timers.into_iter().chain(agents).chain(self.world.router.next_due());
        timers.chain(tried_again).chain(self.maintenance.next_due(&self.world)).min()
    }

    /// When the instance must be opened if the process ends now. Effects and flow turns go on at once.
    fn next_due_after_restart(&self) -> Option<Timestamp> {
        let unfinished = self.world.contacts.turns().next().is_some()
            || self.world.has_effects()
            || self.world.agents.connected().next().is_some();
        if unfinished {
            Some(self.now)
        } else {
            let agents = self.world.agents.next_due(|_| true);
            self.world.contacts.next_due(|_| true).into_iter().chain(agents).chain(self.next_due()).min()
        }
    }

    /// The agent whose timer is to run next.
    fn first_due_agent(&self) -> Option<UserId> {
        if !matches!(self.health, Health::Serving) || self.batch_is_full_of_timers() {
            return None;
        }
        self.world.agents.due_by(self.now).find(|user| self.may_be_woken(user))
    }

    fn may_be_woken(&self, user: &UserId) -> bool {
        let later = self.failed_agents.get(user).is_some_and(|at| *at > self.now);
        !later && !self.busy_agents.contains(user) && !self.quarantine.holds_agent(user)
    }

    /// The agent who is to lose next what an earlier process had of the agent.
    fn first_lost(&self) -> Option<UserId> {
        let mut waiting = self.connections_lost.waiting();
        waiting.find(|user| matches!(self.health, Health::Serving) && self.may_be_woken(user))
    }

    /// Agents lose the connections of an earlier process before anything else happens, so that nobody who is back by then
    /// loses the new ones.
    fn lose_connections(&mut self, out: &mut Vec<Output<R>>) {
        for _ in 0..self.bounds.connections_lost_max {
            if !self.may_write_more() {
                return;
            }
            let Some(user) = self.first_lost() else { return };
            self.run(Event::Agent(user, AgentWake::ServerLost), out);
        }
    }

    fn run_due_timer(&mut self, out: &mut Vec<Output<R>>) -> bool {
        if let Some(agent) = self.first_due_agent() {
            self.open.timers += 1;
            self.run(Event::Agent(agent, AgentWake::Timer), out);
            return true;
        }
        let Some(contact) = self.first_due() else { return false };
        self.open.timers += 1;
        self.run(Event::Timer(contact), out);
        true
    }

    /// One flow run that used up its turn gets the next, behind everything that waits.
    fn run_turn_of_a_flow(&mut self, out: &mut Vec<Output<R>>) {
        if let Some(contact) = self.next_turn() {
            self.last_turn = Some(contact);
            self.run(Event::Timer(contact), out);
        }
    }

    fn next_turn(&self) -> Option<ContactId> {
        if !matches!(self.health, Health::Serving) {
            return None;
        }
        let free = |id: &ContactId| !self.busy_contacts.contains(id) && !self.quarantine.holds_timer(id);
        let after_last = |id: &ContactId| self.last_turn.is_none_or(|last| *id > last);
        let mut turns = self.world.contacts.turns().filter(free);
        self.world.contacts.turns().filter(free).find(after_last).or_else(|| turns.next())
    }

    /// Offers what can be offered: in the batch that made it possible, if the bound allows.
    fn offer(&mut self, out: &mut Vec<Output<R>>) {
        for _ in 0..self.bounds.offers_max {
            if !self.may_write_more() {
                return;
            }
            let Some(offer) = self.next_offer() else { return };
            self.run(Event::Offer(offer), out);
        }
    }

    fn next_offer(&mut self) -> Option<Offer> {
        if !matches!(self.health, Health::Serving) {
            return None;
        }
        self.world.router.next(self.now)
    }

    fn has_effects_to_start(&self) -> bool {
        matches!(self.health, Health::Serving) && self.world.unstarted_effects > 0
    }

    fn perform_pending(&mut self, out: &mut Vec<Output<R>>) {
        if !matches!(self.health, Health::Serving) || self.world.unstarted_effects == 0 {
            return;
        }
        self.world.unstarted_effects = 0;
        let durable = self.durable;
        // One that is not durable yet is performed when its commit is.
        let waiting = self.world.effects().filter(|(_, changed)| *changed <= durable);
        let waiting = waiting.map(|(record, _)| EffectRecord::clone(&record));
        let waiting: Vec<EffectRecord> = waiting.filter(|record| !self.performing.contains(&record.id)).collect();
        for record in waiting {
            if self.begun.contains(&record.id) {
                self.performing.insert(record.id);
                out.push(Output::Perform(record));
            } else if !record.effect.may_be_given_up() || record.restarts.unwrap_or(0) < EFFECT_RESTARTS_MAX {
                // It is performed when that is durable, so that no end of a process goes uncounted.
                let record = EffectRecord { restarts: Some(record.restarts.unwrap_or(0).saturating_add(1)), ..record };
                self.open.take(&mut self.world, Changes::of(record));
            } else {
                let reason = format!("given up: the process ended {EFFECT_RESTARTS_MAX} times while it was performed");
                out.push(Output::Alarm(format!("effect {} of {} is {reason}", record.id.0, self.scope)));
                self.run(Event::Effect(record.id, EffectOutcome::Failed { reason }), out);
            }
        }
    }
}
