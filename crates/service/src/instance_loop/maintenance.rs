//! What an instance does for itself, a bounded step at a time: sealing tokens and deleting what is older than its
//! retention.

use engine::{ContactId, Timestamp};
use store::{Direction, Key, KeyId, Kind, Scan, Write};
use uuid::Uuid;

use super::{Event, Fetch, FetchRequest, Health, InstanceLoop, Output, Waiting};
use crate::journal::JournalEntry;
use crate::kinds;
use crate::record::{self, Record};
use crate::token::{TokenSegment, Tokens};
use crate::tx::Cold;
use crate::world::World;

/// How often retention looks for something to delete, in milliseconds of the instance's time.
const RETENTION_EVERY_MS: i64 = 24 * 60 * 60 * 1000;
/// Records that one step of retention reads and deletes.
const RETENTION_ROWS_MAX: usize = 200;
/// Bytes that one step of retention reads.
const RETENTION_BYTES_MAX: usize = 1 << 20;

/// The kinds that grow old, in the order in which retention visits them.
const RETAINED: [Kind; 3] = [kinds::JOURNAL, kinds::ENDED_CONTACT, kinds::ENDED_CHAIN];

/// When what is next.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    next_retention: Option<Timestamp>,
    /// The position in [`RETAINED`] of the running pass.
    visiting: Option<usize>,
    reading: bool,
}

impl Schedule {
    /// Retention keeps time only where there is something that can grow old.
    pub fn next_due(&self, world: &World) -> Option<Timestamp> {
        self.next_retention.filter(|_| world.last_event > 0)
    }
}

impl<R> InstanceLoop<R> {
    /// One step of maintenance, between the work that others wait for.
    pub(super) fn maintain(&mut self, out: &mut Vec<Output<R>>) {
        if !matches!(self.health, Health::Serving) {
            return;
        }
        self.seal_tokens();
        let next = *self.maintenance.next_retention.get_or_insert(self.now.plus_millis(RETENTION_EVERY_MS));
        if self.now >= next && self.maintenance.visiting.is_none() {
            self.maintenance.next_retention = Some(self.now.plus_millis(RETENTION_EVERY_MS));
            self.maintenance.visiting = Some(0);
            self.expire_tokens();
        }
        if let Some(at) = self.maintenance.visiting
            && !self.maintenance.reading
        {
            self.read_oldest(RETAINED[at], out);
        }
    }

    fn seal_tokens(&mut self) {
        let Some((blocks, segment)) = self.world.tokens.seal_step(self.now, self.durable) else { return };
        let blocks = blocks.into_iter().map(|(key, value)| Write::Put { key, value });
        self.open.write(blocks);
        if let Some(segment) = segment {
            self.open.write([Write::Put { key: segment.key(), value: record::encode(&segment) }]);
        }
    }

    fn expire_tokens(&mut self) {
        let oldest = self.now.plus_millis(-self.settings.token_retention_ms);
        for segment in self.world.tokens.expire(oldest) {
            let (from, to) = Tokens::block_range(&segment);
            let blocks = Write::DeleteRange { kind: kinds::TOKEN_BLOCK, from, to };
            self.open.write([blocks, Write::Delete { key: TokenSegment::key(&segment) }]);
        }
    }

    fn read_oldest(&mut self, kind: Kind, out: &mut Vec<Output<R>>) {
        self.maintenance.reading = true;
        let scan = Scan { direction: Direction::Ascending, ..Scan::all(kind, RETENTION_ROWS_MAX, RETENTION_BYTES_MAX) };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        out.push(Output::Fetch(FetchRequest { ticket, what: Fetch::Scan(scan) }));
        let waiting = Waiting { event: Event::Maintenance, cold: Cold::new(), fetches: 0, wanted: Vec::new() };
        self.waiting.insert(ticket, waiting);
    }

    /// Deletes those of the oldest records that are past their retention, and goes on where all of them were.
    pub(super) fn maintenance_read(&mut self, records: &[(Key, Option<Vec<u8>>)], out: &mut Vec<Output<R>>) {
        self.maintenance.reading = false;
        let Some(at) = self.maintenance.visiting else { return };
        let mut deleted = 0;
        for (key, value) in records {
            if !self.is_past_retention(key, value.as_deref().unwrap_or_default()) {
                break;
            }
            self.open.write([Write::Delete { key: key.clone() }]);
            deleted += 1;
        }
        if deleted > 0 && deleted == records.len() {
            self.read_oldest(RETAINED[at], out);
        } else {
            self.maintenance.visiting = Some(at + 1).filter(|&next| next < RETAINED.len());
        }
    }

    fn is_past_retention(&self, key: &Key, value: &[u8]) -> bool {
        match key.kind {
            kinds::JOURNAL => {
                let oldest = self.now.plus_millis(-self.settings.event_retention_ms);
                let sealed = JournalEntry::commit_of(&key.id).unwrap_or(0) <= self.world.tokens.sealed_commit();
                let Ok(entry) = record::decode::<JournalEntry>(value) else { return false };
                let tokens_over = entry.at < self.now.plus_millis(-self.settings.token_retention_ms);
                let last = entry.first_event + entry.events.len() as u64 > self.world.last_event;
                entry.at < oldest && (sealed || tokens_over || entry.tokens.is_empty()) && !last
            }
            _ => {
                id_time(&key.id).is_some_and(|begun| begun < self.now.plus_millis(-self.settings.contact_retention_ms))
            }
        }
    }
}

/// When an id of ours was made.
fn id_time(id: &KeyId) -> Option<Timestamp> {
    let id = ContactId(Uuid::from_slice(id).ok()?);
    let (seconds, nanos) = id.0.get_timestamp()?.to_unix();
    Some(Timestamp::from_seconds(seconds as i64).plus_millis(i64::from(nanos / 1_000_000)))
}
