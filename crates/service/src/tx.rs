//! A handler's view of an instance: an overlay over the records in memory.
//!
//! Reads see the handler's own changes first. When the handler refuses, the overlay vanishes; when it succeeds, its
//! changes join the open batch. A record that is not in memory makes [`Tx::contact`] and its kin answer [`Need`]: the
//! loop fetches it, and the handler runs again from the start, with equal ids and draws.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use engine::agent::Agent;
use engine::contact::{Chain, Contact};
use engine::flow::compile::CompiledFlow;
use engine::flow::{ContentHash, FlowContent};
use engine::routing_profile::RoutingProfile;
use engine::user::User;
use engine::{ContactId, QueueId, Timestamp, UserId};
use minicbor::Decode;
use routing::QueueAgents;
use store::{Key, KeyId, Kind};
use uuid::Uuid;

use crate::agent_counts::AgentCounts;
use crate::effect::{Effect, EffectId, EffectRecord};
use crate::error::{ApiError, Halt};
use crate::event::Event;
use crate::fresh_id::fresh_id;
use crate::kinds;
use crate::record::{self, Record};
use crate::settings::Settings;
use crate::token::{Found, Token, TokenEntry};
use crate::world::{Changes, World};

/// The contacts of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueCounts {
    /// In the queue, offered ones included.
    pub in_queue: usize,
    /// Since when the one is that came first.
    pub oldest: Option<Timestamp>,
    /// With a start to come, and a quick connect that leads here.
    pub scheduled: usize,
}

/// Records that a handler needs and that are not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Their keys, all in the instance's own scope.
    pub keys: Vec<Key>,
}

impl Need {
    fn one(key: Key) -> Self {
        Need { keys: vec![key] }
    }
}

/// Records that were fetched for this event.
pub type Cold = HashMap<Key, ColdRecord>;

/// A record that was fetched.
#[derive(Debug, Clone)]
pub struct ColdRecord {
    /// Its bytes; `None` if it does not exist.
    pub value: Option<Arc<[u8]>>,
    /// The last commit in the snapshot that it was read from.
    pub as_of: u64,
}

/// Compiled flows by content hash. A cache: it can be dropped at any time.
pub type CompiledFlows = BTreeMap<ContentHash, Arc<CompiledFlow>>;

/// What an overlay lies over.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'w> {
    /// The records in memory.
    pub world: &'w World,
    /// The records that were fetched for this event.
    pub cold: &'w Cold,
    /// Flows that were compiled before.
    pub compiled: &'w RefCell<CompiledFlows>,
    /// What the operator configured.
    pub settings: &'w Settings,
    /// The instance; nil for the system scope.
    pub instance: engine::InstanceId,
    /// The instance's now.
    pub now: Timestamp,
}

/// An overlay over an instance's records.
#[derive(Debug)]
pub struct Tx<'w> {
    world: &'w World,
    cold: &'w Cold,
    compiled: &'w RefCell<CompiledFlows>,
    settings: &'w Settings,
    arn_scope: engine::arn::Scope,
    /// The instance's now.
    pub now: Timestamp,
    random: Random,
    newest_read: Cell<u64>,
    token: Option<Token>,
    changes: Changes,
}

impl<'w> Tx<'w> {
    /// An empty overlay. `seed` decides ids and draws.
    pub fn new(ground: Ground<'w>, seed: u64, token: Option<Token>) -> Self {
        let Ground { world, cold, compiled, settings, instance, now } = ground;
        let arn_scope = settings.arn_scope(instance);
        let random = Random(seed);
        let newest_read = Cell::new(0);
        Tx { world, cold, compiled, settings, arn_scope, now, random, newest_read, token, changes: Changes::default() }
    }

    /// What the operator configured.
    pub fn settings(&self) -> &'w Settings {
        self.settings
    }

    /// What ARNs of this instance begin with.
    pub fn arn_scope(&self) -> &engine::arn::Scope {
        &self.arn_scope
    }

    fn saw(&self, commit: u64) {
        self.newest_read.set(self.newest_read.get().max(commit));
    }

    /// A fresh id, greater than all before it.
    pub fn new_id(&mut self) -> Uuid {
        let number = self.world.ids_made.wrapping_add(self.changes.ids_made);
        self.changes.ids_made += 1;
        fresh_id(self.now, number, self.random.next())
    }

    /// A number below `bound`, decided by the event's seed.
    pub fn draw(&mut self, bound: u32) -> u32 {
        (self.random.next() % u64::from(bound.max(1))) as u32
    }

    /// A record of configuration.
    pub fn get<R: Record>(&self, id: &[u8]) -> Option<Arc<R>> {
        if let Some(change) = self.changes.config.get(&(R::KIND, KeyId::from(id))) {
            return change.as_ref().map(|record| {
                Arc::clone(record).into_any().downcast().expect("the records of a kind have the kind's type")
            });
        }
        match self.world.config::<R>(id) {
            Some((record, changed)) => {
                self.saw(changed);
                Some(record)
            }
            None => {
                self.saw(self.world.config_of::<R>().1);
                None
            }
        }
    }

    /// A record of configuration as it was before this handler.
    pub fn before<R: Record>(&self, id: &[u8]) -> Option<Arc<R>> {
        self.world.config::<R>(id).map(|(record, _)| record)
    }

    /// All records of a kind, in the order of their ids.
    pub fn list<R: Record>(&self) -> Vec<Arc<R>> {
        let (records, changed) = self.world.config_of::<R>();
        self.saw(changed);
        let mut all: BTreeMap<KeyId, Arc<R>> = records.map(|(id, record)| (id.clone(), record)).collect();
        for ((kind, id), change) in &self.changes.config {
            if *kind != R::KIND {
                continue;
            }
            match change {
                Some(record) => {
                    let record = Arc::clone(record).into_any().downcast().expect("the kind's type");
                    all.insert(id.clone(), record);
                }
                None => {
                    all.remove(id);
                }
            }
        }
        all.into_values().collect()
    }

    /// Makes or replaces a record of configuration.
    pub fn put<R: Record>(&mut self, record: R) {
        self.changes.config.insert((R::KIND, record.id()), Some(Arc::new(record)));
    }

    /// Deletes a record of configuration.
    pub fn delete<R: Record>(&mut self, id: &[u8]) {
        self.changes.config.insert((R::KIND, id.into()), None);
    }

    /// A contact of the instance, open or ended.
    pub fn contact(&self, id: &ContactId) -> Result<Option<Contact>, Halt> {
        if let Some(contact) = self.changes.contacts.get(id) {
            return Ok(Some(contact.clone()));
        }
        if let Some((contact, changed)) = self.world.contacts.get(id) {
            self.saw(changed);
            return Ok(Some(contact));
        }
        self.cold(kinds::ENDED_CONTACT, id.as_bytes())
    }

    /// A contact that has not ended, if it is one that was saved.
    pub fn open_contact(&self, id: &ContactId) -> Option<Contact> {
        if let Some(contact) = self.changes.contacts.get(id) {
            return Some(contact.clone());
        }
        let (contact, changed) = self.world.contacts.get(id)?;
        self.saw(changed);
        Some(contact)
    }

    /// Saves a contact.
    pub fn save_contact(&mut self, contact: Contact) {
        self.changes.contacts.insert(contact.id, contact);
    }

    /// The chain of a contact: its shared attributes.
    pub fn chain(&self, id: &ContactId) -> Result<Option<Chain>, Halt> {
        if let Some(chain) = self.changes.chains.get(id) {
            return Ok(Some(chain.clone()));
        }
        if let Some((chain, changed)) = self.world.chain(id) {
            self.saw(changed);
            return Ok(Some(chain));
        }
        self.cold(kinds::ENDED_CHAIN, id.as_bytes())
    }

    /// Saves a chain.
    pub fn save_chain(&mut self, chain: Chain) {
        self.changes.chains.insert(chain.id, chain);
    }

    /// A cold record. Not in memory: [`Need`].
    pub fn cold<R: for<'b> Decode<'b, ()>>(&self, kind: Kind, id: &[u8]) -> Result<Option<R>, Halt> {
        let key = Key::new(kind, id);
        let decode = |bytes: &[u8]| record::decode(bytes).map_err(|error| Halt::Refused(ApiError::internal(error)));
        if let Some(change) = self.changes.cold.get(&key) {
            return change.as_deref().map(decode).transpose();
        }
        if let Some(pending) = self.world.cold(&key) {
            self.saw(pending.changed);
            return pending.value.as_deref().map(decode).transpose();
        }
        match self.cold.get(&key) {
            Some(record) => record.value.as_deref().map(decode).transpose(),
            None => Err(Need::one(key).into()),
        }
    }

    /// Cold records of a kind. Those that are not in memory are asked for together.
    pub fn cold_all<R: for<'b> Decode<'b, ()>>(&self, kind: Kind, ids: &[KeyId]) -> Result<Vec<Option<R>>, Halt> {
        let mut records = Vec::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match self.cold(kind, id) {
                Ok(record) => records.push(record),
                Err(Halt::Need(need)) => missing.extend(need.keys),
                Err(refused) => return Err(refused),
            }
        }
        if missing.is_empty() { Ok(records) } else { Err(Need { keys: missing }.into()) }
    }

    /// Makes or replaces a cold record.
    pub fn put_cold<R: minicbor::Encode<()>>(&mut self, kind: Kind, id: &[u8], value: &R) {
        self.changes.cold.insert(Key::new(kind, id), Some(record::encode(value)));
    }

    /// Deletes a cold record.
    pub fn delete_cold(&mut self, kind: Kind, id: &[u8]) {
        self.changes.cold.insert(Key::new(kind, id), None);
    }

    /// A flow's content, ready to run; `None` when there is no content with this hash.
    pub fn compiled(&self, hash: &ContentHash) -> Result<Option<Arc<CompiledFlow>>, Halt> {
        if let Some(flow) = self.compiled.borrow().get(hash) {
            return Ok(Some(Arc::clone(flow)));
        }
        let Some(record) = self.cold::<FlowContent>(kinds::FLOW_CONTENT, &hash.0)? else { return Ok(None) };
        let flow = CompiledFlow::compile(&record.content).map_err(ApiError::internal)?;
        let flow = Arc::new(flow);
        let mut compiled = self.compiled.borrow_mut();
        if compiled.len() >= self.settings.compiled_flows_max {
            compiled.pop_first();
        }
        compiled.insert(*hash, Arc::clone(&flow));
        Ok(Some(flow))
    }

    /// How many contacts of the instance are open, this handler's own included.
    pub fn open_contacts(&self) -> usize {
        let added = |contact: &&Contact| !contact.is_completed() && self.world.contacts.head(&contact.id).is_none();
        self.world.contacts.len() + self.changes.contacts.values().filter(added).count()
    }

    /// How many contacts wait in a queue, and since when the oldest, this handler's own changes included.
    pub fn queue_depth(&self, queue: &QueueId) -> (usize, Option<Timestamp>) {
        self.depth(queue, None)
    }

    /// The same without one contact.
    pub fn queue_depth_without(&self, queue: &QueueId, contact: &ContactId) -> (usize, Option<Timestamp>) {
        self.depth(queue, Some(contact))
    }

    /// The contacts in a queue that have waited longest, as they were before this handler.
    pub fn queued(&self, queue: &QueueId, max: usize) -> Vec<ContactId> {
        self.world.contacts.in_queue(queue).take(max).collect()
    }

    fn depth(&self, queue: &QueueId, without: Option<&ContactId>) -> (usize, Option<Timestamp>) {
        let changed = self.changes.contacts.keys().chain(without);
        let here = |id: &ContactId| self.world.contacts.head(id).is_some_and(|(head, _)| head.queue == Some(*queue));
        let (waiting, _) = self.world.contacts.queue_depth(queue);
        let stale: BTreeSet<ContactId> = changed.filter(|id| here(id)).copied().collect();
        let fresh = self.changes.contacts.values().map(Contact::head);
        let fresh: Vec<Timestamp> = fresh
            .filter(|head| head.queue == Some(*queue) && Some(&head.id) != without)
            .map(|head| head.enqueue)
            .collect();
        let oldest = self.world.contacts.oldest_in_queue(queue, |id| !stale.contains(id));
        (waiting - stale.len() + fresh.len(), fresh.into_iter().chain(oldest).min())
    }

    /// How many agents there are for a queue, as they were before this handler.
    pub fn queue_agents(&self, queue: QueueId) -> QueueAgents {
        self.saw(self.world.config_of::<Agent>().1);
        self.world.router.agents_of_queue(queue)
    }

    /// How many contacts are in a queue and are meant for it, as they were before this handler.
    pub fn queue_counts(&self, queue: &QueueId) -> QueueCounts {
        self.saw(self.world.contacts_changed);
        let (in_queue, oldest) = self.world.contacts.queue_depth(queue);
        QueueCounts { in_queue, oldest, scheduled: self.world.contacts.scheduled_for(queue) }
    }

    /// The place of a contact that waits for an offer, 1 first, as it was before this handler.
    pub fn position_in_queue(&self, contact: ContactId) -> Option<u32> {
        self.saw(self.world.contacts_changed);
        self.world.router.position_in_queue(contact)
    }

    /// How agents are occupied, and whom a queue has, as it was before this handler.
    pub fn agent_counts(&self) -> &'w AgentCounts {
        self.saw(self.world.config_of::<Agent>().1);
        self.saw(self.world.config_of::<User>().1);
        self.saw(self.world.config_of::<RoutingProfile>().1);
        &self.world.agent_counts
    }

    /// Why a waiting contact is with none of `max` agents after this one, as it was before this handler.
    pub fn explain(&self, contact: ContactId, after: Option<UserId>, max: usize) -> Option<routing::Slice> {
        self.world.router.explain(contact, after, max, self.now)
    }

    /// Starts an effect once the changes are durable. It is kept until its result is known.
    pub fn perform(&mut self, effect: Effect) {
        let id = self.new_id();
        self.put(EffectRecord { id: EffectId(id), effect, since: self.now, restarts: None });
    }

    /// Writes a line to the flow logs once the changes are durable.
    pub fn log_flow(&mut self, line: String) {
        self.changes.flow_log.push(line);
    }

    /// Appends an event to the instance's sequence.
    pub fn emit(&mut self, event: Event) {
        self.changes.events.push(event);
    }

    /// Judges the call's token: `Some(id)` if an equal call made that before, a refusal if an unequal one did.
    pub fn replayed(&self) -> Result<Option<Uuid>, Halt> {
        let Some(token) = self.token else { return Ok(None) };
        let oldest = self.now.plus_millis(-self.settings.token_retention_ms);
        let read = |key: &Key| match self.world.cold(key) {
            Some(pending) => Some(pending.value.as_deref().map(<[u8]>::to_vec)),
            None => self.cold.get(key).map(|record| record.value.as_deref().map(<[u8]>::to_vec)),
        };
        match self.world.tokens.find(token.hash, oldest, &read).map_err(ApiError::internal)? {
            Found::New => Ok(None),
            Found::Perhaps(keys) => Err(Need { keys }.into()),
            Found::Made { fingerprint, made, commit } if fingerprint == token.fingerprint => {
                self.saw(commit);
                Ok(Some(made))
            }
            Found::Made { commit, .. } => {
                self.saw(commit);
                Err(ApiError::invalid_request(
                    "ClientToken was used before with other parameters; send the parameters of the original request, or a new ClientToken",
                )
                .into())
            }
        }
    }

    /// Binds the call's token to what the call made.
    pub fn made(&mut self, id: Uuid) {
        if let Some(token) = self.token.take() {
            let entry =
                TokenEntry { hash: token.hash, fingerprint: token.fingerprint, made: id.into_bytes(), at: self.now };
            self.changes.tokens.push(entry);
        }
    }

    /// The changes, and the newest commit that something was read from.
    pub fn finish(self) -> (Changes, u64) {
        (self.changes, self.newest_read.get())
    }
}

/// A small generator of numbers that are equal for equal seeds (splitmix64). It guards nothing secret.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
