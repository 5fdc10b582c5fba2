//! What an instance does for itself, a bounded step at a time: sealing tokens and deleting what is older than its
//! retention.

use engine::contact::{Chain, Contact};
use engine::{ContactId, Timestamp};
use store::{Key, KeyId, Kind, Scan, Write};
use uuid::Uuid;

use super::run::told;
use super::{Attempt, Event, Fetch, FetchRequest, Health, InstanceLoop, Output, Waiting};
use crate::effect::{Effect, EffectId, EffectRecord};
use crate::error::ApiError;
use crate::journal::JournalEntry;
use crate::kinds;
use crate::record::{self, Record};
use crate::token::Step;
use crate::trace;
use crate::tx::Cold;
use crate::world::{Changes, World};

/// How often retention looks for something to delete, in milliseconds of the instance's time.
const RETENTION_EVERY_MS: i64 = 24 * 60 * 60 * 1000;
/// Records that one step of retention reads and deletes.
const RETENTION_ROWS_MAX: usize = 200;
/// Bytes that one step of retention reads.
const RETENTION_BYTES_MAX: usize = 1 << 20;
/// Time after which a merge of tokens that could not be read begins anew, in milliseconds of the instance's time.
const MERGE_RETRY_MS: i64 = 60_000;

/// The kinds that grow old, in the order in which retention visits them.
const RETAINED: [Kind; 3] = [kinds::JOURNAL, kinds::ENDED_CONTACT, kinds::ENDED_CHAIN];

/// When what is next.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    next_retention: Option<Timestamp>,
    /// Where the running pass is.
    visiting: Option<Visit>,
    reading: bool,
    /// Whether blocks of tokens are being read.
    reading_tokens: bool,
    /// When tokens may be merged again after they could not be read.
    next_merge: Option<Timestamp>,
}

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// What may be past its retention.
    Retention,
    /// Tokens that are merged.
    Merge,
}

/// A place in a pass of retention.
#[derive(Debug, Clone)]
struct Visit {
    /// The position in [`RETAINED`].
    kind: usize,
    /// The last record that was looked at.
    after: Option<KeyId>,
}

impl Visit {
    fn of(kind: usize) -> Option<Self> {
        (kind < RETAINED.len()).then_some(Visit { kind, after: None })
    }
}

/// What retention says of a record.
enum Judgement {
    /// It goes.
    Delete,
    /// It stays, and a later one may go.
    Keep,
    /// It and all later ones stay.
    End,
}

impl Schedule {
    /// Retention keeps time only where there is something that can grow old.
    pub fn next_due(&self, world: &World) -> Option<Timestamp> {
        self.next_retention.filter(|_| world.last_event > 0)
    }

    /// What was being read will not come: the instance is loaded again.
    pub fn interrupt(&mut self) {
        *self = Schedule { next_retention: self.next_retention, ..Schedule::default() };
    }
}

impl<R> InstanceLoop<R> {
    /// One step of maintenance, between the work that others wait for.
    pub(super) fn maintain(&mut self, out: &mut Vec<Output<R>>) {
        if !matches!(self.health, Health::Serving) {
            return;
        }
        self.keep_tokens(out);
        // Due at opening, so that an instance that is seldom in memory is visited too.
        let next = *self.maintenance.next_retention.get_or_insert(self.now);
        if self.now >= next && self.maintenance.visiting.is_none() {
            self.maintenance.next_retention = Some(self.now.plus_millis(RETENTION_EVERY_MS));
            self.maintenance.visiting = Visit::of(0);
            self.expire_tokens();
        }
        if !self.maintenance.reading {
            self.read_next(out);
        }
    }

    /// Seals tokens, merges their segments, and deletes those that were merged.
    fn keep_tokens(&mut self, out: &mut Vec<Output<R>>) {
        let bounds = self.settings.token_bounds;
        if let Some(segment) = self.world.tokens.take_replaced() {
            self.open.write(segment.deletion());
        }
        if let Some(step) = self.world.tokens.seal_step(self.now, self.durable, self.open.number, &bounds) {
            self.write_tokens(step);
        }
        let merge_rests = self.maintenance.next_merge.is_some_and(|next| self.now < next);
        if self.maintenance.reading_tokens || merge_rests {
            return;
        }
        if let Some(keys) = self.world.tokens.merge_keys(&bounds) {
            self.maintenance.reading_tokens = true;
            self.read(Task::Merge, Fetch::Keys(keys), out);
        }
    }

    fn write_tokens(&mut self, (blocks, segment): Step) {
        let segment = segment.map(|segment| (segment.key(), record::encode(&segment)));
        let puts = blocks.into_iter().chain(segment).map(|(key, value)| Write::Put { key, value });
        self.open.write(puts);
    }

    fn expire_tokens(&mut self) {
        let oldest = self.now.plus_millis(-self.settings.token_retention_ms);
        for segment in self.world.tokens.expire(oldest) {
            self.open.write(segment.deletion());
        }
    }

    fn read(&mut self, task: Task, what: Fetch, out: &mut Vec<Output<R>>) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        out.push(Output::Fetch(FetchRequest { ticket, what }));
        let event = Event::Maintenance(task);
        let attempt = Attempt { event, seed: 0, cold: Cold::new(), fetches: 0, reading_since: self.durable };
        self.waiting.insert(ticket, Waiting { attempt });
    }

    fn read_next(&mut self, out: &mut Vec<Output<R>>) {
        let Some(visit) = &self.maintenance.visiting else { return };
        let scan = Scan::all(RETAINED[visit.kind], RETENTION_ROWS_MAX, RETENTION_BYTES_MAX);
        let scan = match &visit.after {
            Some(after) => scan.after(after),
            None => scan,
        };
        self.maintenance.reading = true;
        self.read(Task::Retention, Fetch::Scan(scan), out);
    }

    /// Takes what was read. Each record comes with whether it was changed since.
    pub(super) fn maintenance_read(
        &mut self,
        task: Task,
        records: &[(bool, Key, Option<Vec<u8>>)],
        out: &mut Vec<Output<R>>,
    ) {
        match task {
            Task::Retention => self.delete_old(records),
            Task::Merge => {
                self.maintenance.reading_tokens = false;
                // Nobody changes a block after its segment was written, nor deletes one that is being merged.
                let blocks: Vec<_> = records.iter().map(|(_, _, value)| value.as_deref()).collect();
                match self.world.tokens.merge_step(&blocks, self.open.number) {
                    Ok(step) => step.into_iter().for_each(|step| self.write_tokens(step)),
                    Err(error) => self.maintenance_failed(task, &ApiError::internal(error), out),
                }
            }
        }
    }

    /// What was to be read cannot be; it is tried again later.
    pub(super) fn maintenance_failed(&mut self, task: Task, error: &ApiError, out: &mut Vec<Output<R>>) {
        let doing = match task {
            Task::Retention => {
                self.maintenance.visiting = None;
                self.maintenance.reading = false;
                "looking for what is past its retention"
            }
            Task::Merge => {
                self.world.tokens.give_up_merge();
                self.maintenance.reading_tokens = false;
                self.maintenance.next_merge = Some(self.now.plus_millis(MERGE_RETRY_MS));
                "merging tokens"
            }
        };
        out.push(Output::Alarm(format!("{doing} of {} failed and is tried again later: {}", self.scope, told(error))));
    }

    /// Deletes those of the records that are past their retention, and goes on behind them.
    fn delete_old(&mut self, records: &[(bool, Key, Option<Vec<u8>>)]) {
        self.maintenance.reading = false;
        let Some(visit) = self.maintenance.visiting.take() else { return };
        let mut after = None;
        let mut with_files = Vec::new();
        for (is_stale, key, value) in records {
            let judgement = match is_stale {
                true => Judgement::Keep,
                false => self.judge(key, value.as_deref().unwrap_or_default()),
            };
            match judgement {
                Judgement::Delete => {
                    self.open.write([Write::Delete { key: key.clone() }]);
                    if key.kind == kinds::ENDED_CONTACT {
                        // Of a contact that cannot be read the files are left for the operator.
                        let contact = record::decode::<Contact>(value.as_deref().unwrap_or_default()).ok();
                        if contact.as_ref().is_none_or(|contact| contact.trace.is_some()) {
                            self.open.write(key.id[..].try_into().map(trace::delete_all));
                        }
                        with_files.extend(contact.filter(has_files).map(|contact| contact.id));
                    }
                }
                Judgement::Keep => {}
                Judgement::End => {
                    after = None;
                    break;
                }
            }
            after = Some(key.id.clone());
        }
        if !with_files.is_empty() {
            let id = EffectId(uuid::Builder::from_random_bytes(self.random_bytes()).into_uuid());
            let effect = Effect::DeleteFiles { contacts: with_files };
            let record = EffectRecord { id, effect, since: self.now, restarts: None };
            self.open.take(&mut self.world, Changes::of(record));
        }
        self.maintenance.visiting = match after {
            Some(after) => Some(Visit { after: Some(after), ..visit }),
            None => Visit::of(visit.kind + 1),
        };
    }

    fn random_bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.random.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.random.next().to_be_bytes());
        bytes
    }

    fn judge(&self, key: &Key, value: &[u8]) -> Judgement {
        let contacts_since = self.now.plus_millis(-self.settings.contact_retention_ms);
        match key.kind {
            kinds::JOURNAL => self.judge_journal(key, value),
            // Contacts and chains are in the order in which they began; a chain that began early may have ended late.
            _ if id_time(&key.id).is_none_or(|begun| begun >= contacts_since) => Judgement::End,
            kinds::ENDED_CHAIN => match record::decode::<Chain>(value) {
                Ok(Chain { ended: Some(ended), .. }) if ended < contacts_since => Judgement::Delete,
                _ => Judgement::Keep,
            },
            _ => Judgement::Delete,
        }
    }

    fn judge_journal(&self, key: &Key, value: &[u8]) -> Judgement {
        let Ok(entry) = record::decode::<JournalEntry>(value) else { return Judgement::End };
        // The last entry with events says where the sequence stands.
        let is_last = entry.next_event() > self.world.last_event;
        if entry.at >= self.now.plus_millis(-self.settings.event_retention_ms) || is_last {
            return Judgement::End;
        }
        let is_sealed =
            JournalEntry::commit_of(&key.id).is_some_and(|commit| commit <= self.world.tokens.sealed_commit());
        let tokens_are_over = entry.at < self.now.plus_millis(-self.settings.token_retention_ms);
        // The sequence must not get a gap: what comes after an entry that stays, stays too.
        if is_sealed || tokens_are_over || entry.tokens.is_empty() { Judgement::Delete } else { Judgement::End }
    }
}

/// Whether a contact has files that go with it.
fn has_files(contact: &Contact) -> bool {
    contact.references.values().any(|reference| reference.file.is_some())
}

/// When an id of ours was made.
fn id_time(id: &KeyId) -> Option<Timestamp> {
    let id = ContactId(Uuid::from_slice(id).ok()?);
    let (seconds, nanos) = id.0.get_timestamp()?.to_unix();
    Some(Timestamp::from_seconds(seconds as i64).plus_millis(i64::from(nanos / 1_000_000)))
}
