//! The open batch, and what is told once it is durable.

use std::collections::BTreeSet;

use engine::{Timestamp, UserId};
use store::{Batch, CommitError, CommitNumber, Scope, ScopeHead, Write};

use super::quarantine::COMMITS_ALONE_MAX;
use super::{Answer, Event, Health, InstanceLoop, Output, Waiting};
use crate::directory::DirectoryChange;
use crate::effect::EffectRecord;
use crate::error::ApiError;
use crate::event;
use crate::journal::JournalEntry;
use crate::record;
use crate::token::TokenEntry;
use crate::world::{Changes, World};

/// Milliseconds until the first probe after a failed commit; it doubles up to [`PROBE_MS_MAX`].
const PROBE_MS_MIN: u64 = 100;
/// Longest time between two probes, in milliseconds.
const PROBE_MS_MAX: u64 = 10_000;

/// What leaves when a commit is durable.
#[derive(Debug)]
pub(super) struct Released<R> {
    pub number: u64,
    answers: Vec<(R, Answer)>,
    effects: Vec<EffectRecord>,
    published: Vec<DirectoryChange>,
    agents: BTreeSet<UserId>,
    flow_log: Vec<String>,
}

impl<R> Released<R> {
    fn new(number: u64) -> Self {
        Released {
            number,
            answers: Vec::new(),
            effects: Vec::new(),
            published: Vec::new(),
            agents: BTreeSet::new(),
            flow_log: Vec::new(),
        }
    }
}

/// Changes that are not being written yet.
#[derive(Debug)]
pub(super) struct OpenBatch<R> {
    pub number: u64,
    /// How many due timers have run in it.
    pub timers: usize,
    first_event: u64,
    writes: Vec<Write>,
    /// Bytes of their values, and about those of the events.
    bytes: usize,
    events: Vec<event::Event>,
    tokens: Vec<TokenEntry>,
    released: Released<R>,
}

/// Bytes after which a batch is full. One event can go over it, by what one event may write.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// About the bytes of an event in the journal.
const EVENT_BYTES: usize = 128;

fn value_bytes(write: &Write) -> usize {
    match write {
        Write::Put { value, .. } => value.len(),
        Write::Delete { .. } | Write::DeleteRange { .. } => 0,
    }
}

impl<R> OpenBatch<R> {
    pub fn new(number: u64, first_event: u64) -> Self {
        let released = Released::new(number);
        OpenBatch {
            number,
            timers: 0,
            first_event,
            writes: Vec::new(),
            bytes: 0,
            events: Vec::new(),
            tokens: Vec::new(),
            released,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty() && self.tokens.is_empty()
    }

    /// Takes the changes of one handler.
    pub fn take(&mut self, world: &mut World, mut changes: Changes) {
        self.released.flow_log.append(&mut changes.flow_log);
        self.released.effects.extend(changes.effects());
        self.released.published.extend(changes.published());
        self.released.agents.extend(world.agents_who_see(&changes));
        let known = self.writes.len();
        let journal = world.apply(changes, self.number, &mut self.writes);
        self.bytes += self.writes[known..].iter().map(value_bytes).sum::<usize>() + journal.0.len() * EVENT_BYTES;
        self.events.extend(journal.0);
        self.tokens.extend(journal.1);
    }

    /// Adds writes of the loop's own.
    pub fn write(&mut self, writes: impl IntoIterator<Item = Write>) {
        self.writes.extend(writes);
    }

    /// Whether it takes no more events: the commit would get too large, and hold up others for too long.
    pub fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES_MAX
    }

    /// Whether somebody waits for it.
    pub fn has_answers(&self) -> bool {
        !self.released.answers.is_empty()
    }

    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    fn close(
        self,
        scope: Scope,
        epoch: store::Epoch,
        now: Timestamp,
        next_due: Option<Timestamp>,
    ) -> (Batch, Released<R>) {
        let mut writes = self.writes;
        if !self.events.is_empty() || !self.tokens.is_empty() {
            let entry = JournalEntry::new(self.first_event, self.number, now, self.events, self.tokens);
            writes.push(Write::Put { key: entry.key(), value: record::encode(&entry) });
        }
        let next_due_ms = next_due.map(Timestamp::millis);
        let batch =
            Batch { scope, epoch, number: CommitNumber(self.number), now_ms: now.millis(), next_due_ms, writes };
        (batch, self.released)
    }
}

impl<R> InstanceLoop<R> {
    /// Sends an answer when the commit that it rests on is durable.
    pub(super) fn answer(&mut self, reply: R, answer: Answer, rests_on: u64, out: &mut Vec<Output<R>>) {
        if rests_on <= self.durable || cfg!(feature = "mutant-early-answer") {
            out.push(Output::Answer(reply, answer));
        } else if let Some(in_flight) = self.in_flight.as_mut().filter(|in_flight| rests_on <= in_flight.number) {
            in_flight.answers.push((reply, answer));
        } else {
            self.open.released.answers.push((reply, answer));
        }
    }

    /// Hands the open batch over, if none is being written.
    pub(super) fn commit_if_free(&mut self, out: &mut Vec<Output<R>>) {
        if self.in_flight.is_some() || self.open.is_empty() || !matches!(self.health, Health::Serving) {
            return;
        }
        let next_event = self.world.last_event + 1 + u64::from(cfg!(feature = "mutant-event-gap"));
        let next = OpenBatch::new(self.open.number + 1, next_event);
        let open = std::mem::replace(&mut self.open, next);
        if !self.waiting.is_empty() {
            let oldest = self.waiting.values().map(|waiting| waiting.attempt.reading_since).min().unwrap_or(0);
            self.cold_changes.note(open.writes(), open.number, oldest);
        }
        let next_due = self.next_due_after_restart();
        let (batch, released) = open.close(self.scope, self.epoch, self.now, next_due);
        self.in_flight = Some(released);
        out.push(Output::Commit(batch));
    }

    pub(super) fn committed(
        &mut self,
        number: CommitNumber,
        result: Result<(), CommitError>,
        out: &mut Vec<Output<R>>,
    ) {
        if let Health::ReadOnly { .. } = self.health {
            self.probed(number, result, out);
            return;
        }
        let released = self.in_flight.take().expect("a commit ends only after it was started");
        assert_eq!(released.number, number.0, "commits end in the order they were started");
        match result {
            Ok(()) => {
                self.quarantine.committed();
                self.release(released, out);
            }
            Err(error) => {
                self.fail(released, &error, out);
                if let Some(culprit) = self.quarantine.failed(&error) {
                    out.push(Output::Alarm(format!(
                        "{culprit} of {} is not done: it failed {COMMITS_ALONE_MAX} commits alone",
                        self.scope
                    )));
                }
            }
        }
    }

    fn release(&mut self, released: Released<R>, out: &mut Vec<Output<R>>) {
        self.durable = released.number;
        self.world.forget_cold(self.durable);
        self.world.tokens.durable(self.durable);
        self.connections_lost.durable(self.durable);
        out.extend(released.published.into_iter().map(Output::Publish));
        out.extend(released.answers.into_iter().map(|(reply, answer)| Output::Answer(reply, answer)));
        out.extend(released.agents.into_iter().map(Output::AgentChanged));
        if !released.flow_log.is_empty() {
            out.push(Output::FlowLog(released.flow_log));
        }
        for effect in released.effects {
            self.begun.insert(effect.id);
            if self.performing.insert(effect.id) {
                out.push(Output::Perform(effect));
            }
        }
    }

    /// Memory is ahead of the disk: everything that rests on it goes, and the instance is loaded again.
    fn fail(&mut self, released: Released<R>, error: &CommitError, out: &mut Vec<Output<R>>) {
        let reason = error.to_string();
        out.push(Output::Alarm(format!("commit {} of {} failed: {reason}", released.number, self.scope)));
        let empty = OpenBatch::new(self.durable + 1, 0);
        let open = std::mem::replace(&mut self.open, empty);
        let mut waiting = Vec::new();
        for (_, Waiting { attempt, .. }) in std::mem::take(&mut self.waiting) {
            if let Event::Effect(id, _) = attempt.event {
                self.performing.remove(&id);
            } else {
                waiting.extend(attempt.event.into_reply());
            }
        }
        let replies = released.answers.into_iter().chain(open.released.answers).map(|(reply, _)| reply).chain(waiting);
        out.extend(replies.map(|reply| Output::Answer(reply, Err(not_written(&reason)))));
        self.busy_contacts.clear();
        self.failed_timers.clear();
        self.failed_agents.clear();
        self.failed_offers.clear();
        self.busy_agents.clear();
        self.connections_lost.undo();
        self.maintenance.interrupt();
        self.cold_changes.clear();
        self.world = World::default();
        self.health = Health::Reloading { reason };
        out.push(Output::Reload);
    }

    pub(super) fn reloaded(&mut self, world: World, head: ScopeHead, out: &mut Vec<Output<R>>) {
        self.durable = head.number.0;
        self.epoch = head.epoch;
        self.now = self.now.max(Timestamp(head.now_ms));
        self.open = OpenBatch::new(head.number.0 + 1, world.last_event + 1);
        self.world = world;
        self.world.bind(&self.settings.limits);
        // What failed may be durable, and nobody was told.
        out.extend(self.world.agents.connected().map(Output::AgentChanged));
        let unstarted = self.world.effects().count();
        self.world.unstarted_effects = unstarted;
        let reason = match std::mem::replace(&mut self.health, Health::Serving) {
            Health::Reloading { reason } | Health::ReadOnly { reason, .. } => reason,
            Health::Serving => "the instance was loaded again".to_owned(),
        };
        self.health = Health::ReadOnly { reason, tries: 0, probing: false };
        out.push(Output::ProbeIn(PROBE_MS_MIN));
    }

    /// Tries whether the store takes writes: a batch without changes.
    pub(super) fn probe(&mut self, out: &mut Vec<Output<R>>) {
        let Health::ReadOnly { probing, .. } = &mut self.health else { return };
        *probing = true;
        let number = CommitNumber(self.durable + 1);
        let next_due_ms = self.next_due_after_restart().map(Timestamp::millis);
        let (scope, epoch, now_ms) = (self.scope, self.epoch, self.now.millis());
        out.push(Output::Commit(Batch { scope, epoch, number, now_ms, next_due_ms, writes: Vec::new() }));
    }

    fn probed(&mut self, number: CommitNumber, result: Result<(), CommitError>, out: &mut Vec<Output<R>>) {
        let Health::ReadOnly { reason, tries, probing } = &mut self.health else { return };
        match result {
            Ok(()) => {
                self.durable = number.0;
                self.open = OpenBatch::new(number.0 + 1, self.world.last_event + 1);
                self.health = Health::Serving;
                out.push(Output::Notice(format!("{} takes writes again", self.scope)));
            }
            Err(CommitError::Refused { refusal, .. }) => {
                // The failed commit became durable after all, or somebody else wrote: memory is behind.
                out.push(Output::Alarm(format!("{}: the probe was refused: {refusal}", self.scope)));
                self.health = Health::Reloading { reason: refusal.to_string() };
                out.push(Output::Reload);
            }
            Err(error) => {
                *probing = false;
                *tries += 1;
                *reason = error.to_string();
                let wait = PROBE_MS_MIN.saturating_mul(1 << (*tries).min(16)).min(PROBE_MS_MAX);
                out.push(Output::ProbeIn(wait));
            }
        }
    }
}

/// The call's changes may or may not be durable: the same token tells.
fn not_written(reason: &str) -> ApiError {
    ApiError::internal(format!("the commit failed: {reason}"))
}
