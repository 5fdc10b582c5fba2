//! What an instance has in memory: its hot records, and the cold ones that a commit changed that is not durable yet.
//!
//! Everything here can be rebuilt from the store: [`World::load`] takes the records one by one, and a batch of changes
//! enters by [`World::apply`], which also says what to write. Nothing else changes a world.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use engine::agent::Agent;
use engine::contact::{Chain, Contact};
use engine::instance::Instance;
use engine::limits::Limits;
use engine::routing_profile::RoutingProfile;
use engine::user::User;
use engine::{ContactId, InstanceId, RoutingProfileId, UserId};
use routing::{Offer, Router};
use store::{Key, KeyId, Kind, Write};

use crate::agent_counts::AgentCounts;
use crate::agents::AgentOrder;
use crate::contacts::ContactTable;
use crate::directory::DirectoryChange;
use crate::effect::EffectRecord;
use crate::event::Event;
use crate::fresh_id::number_of;
use crate::handlers::access_key::AccessKey;
use crate::journal::JournalEntry;
use crate::kinds;
use crate::record::{self, AnyRecord, DecodeError, Record};
use crate::token::{TokenEntry, TokenSegment, Tokens};

/// The kinds that routing, the order of agents and their counts are derived from.
const ROUTED: [Kind; 3] = [kinds::AGENT, kinds::USER, kinds::ROUTING_PROFILE];

/// The kinds that any agent's snapshot may show by name, and that seldom change.
const SHOWN_TO_ALL: [Kind; 3] = [kinds::AGENT_STATUS, kinds::QUEUE, kinds::ROUTING_PROFILE];

/// A record of configuration in memory.
#[derive(Debug, Clone)]
pub struct Held {
    /// The record, of the type of its kind.
    pub record: Arc<dyn AnyRecord>,
    /// The commit that last changed it; 0 if that was before the instance was opened.
    pub changed: u64,
}

#[derive(Debug)]
struct PackedChain {
    packed: Box<[u8]>,
    changed: u64,
}

/// A cold record that was changed by a commit that is not durable yet.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The new bytes, or that it is deleted.
    pub value: Option<Arc<[u8]>>,
    /// The commit that changed it.
    pub changed: u64,
}

/// The records of one instance in memory.
#[derive(Debug, Default)]
pub struct World {
    config: BTreeMap<(Kind, KeyId), Held>,
    kinds_changed: BTreeMap<Kind, u64>,
    /// The bounds of the domain, which say when an agent is due.
    limits: Limits,
    /// The contacts that have not ended.
    pub contacts: ContactTable,
    /// When agents have to be woken.
    pub agents: AgentOrder,
    /// How agents are occupied.
    pub agent_counts: AgentCounts,
    /// Who is to be offered what.
    pub router: Router,
    chains: HashMap<ContactId, PackedChain>,
    chain_bytes: usize,
    cold: HashMap<Key, Pending>,
    /// The idempotency tokens.
    pub tokens: Tokens,
    /// The commit that last changed a contact; 0 if none did since the instance was opened.
    pub contacts_changed: u64,
    /// Number of the last event; the first is 1.
    pub last_event: u64,
    /// How many ids were made, as far as it tells new ones from those before; it wraps.
    pub ids_made: u32,
    /// How many effects were loaded that nobody has started in this process.
    pub unstarted_effects: usize,
}

/// Why a stored instance cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A record of a kind that this program does not know.
    #[error("the instance holds a record of the unknown kind {0}; it was written by a later program")]
    UnknownKind(u8),
    /// A record that cannot be decoded.
    #[error("the record {key} cannot be read")]
    Record {
        /// Its key.
        key: Key,
        /// Why.
        #[source]
        source: DecodeError,
    },
}

impl World {
    /// Takes a hot record from the store, of any kind but contacts.
    pub fn load(&mut self, kind: Kind, id: &[u8], value: &[u8]) -> Result<(), LoadError> {
        self.load_record(kind, id, value).map_err(|source| match source {
            None => LoadError::UnknownKind(kind.0),
            Some(source) => LoadError::Record { key: Key::new(kind, id), source },
        })
    }

    fn load_record(&mut self, kind: Kind, id: &[u8], value: &[u8]) -> Result<(), Option<DecodeError>> {
        match kind {
            kinds::CHAIN => {
                let id = record::decode::<ChainId>(value)?.id;
                self.chain_put(id, value.into(), 0);
            }
            kinds::TOKEN_SEGMENT => self.tokens.add_segment(record::decode::<TokenSegment>(value)?),
            _ => {
                let record = crate::handlers::decode_config(kind, value).ok_or(None)??;
                self.unstarted_effects += usize::from(kind == kinds::EFFECT && !cfg!(feature = "mutant-lost-effect"));
                self.config.insert((kind, id.into()), Held { record, changed: 0 });
            }
        }
        Ok(())
    }

    /// Takes the contacts of the store, and what waits among them.
    pub fn load_contacts(&mut self, contacts: ContactTable, router: Router) {
        self.ids_made = contacts.newest().map_or(0, |id| number_of(id.0).wrapping_add(1));
        self.contacts = contacts;
        self.router = router;
    }

    /// The bounds that hold from now on. Comes before the first change.
    pub fn bind(&mut self, limits: &Limits) {
        self.limits = limits.clone();
        let records = self.config.iter().map(|((kind, id), held)| (*kind, id.clone(), Arc::clone(&held.record)));
        let records: Vec<_> = records.filter(|(kind, ..)| ROUTED.contains(kind)).collect();
        for (kind, id, record) in records {
            self.derive(kind, &id, Some(&record));
        }
    }

    /// Takes a journal entry from the store, for the tokens that are not sealed yet and the event sequence.
    pub fn load_journal(&mut self, entry: &JournalEntry) {
        for token in entry.tokens.iter().filter(|_| !cfg!(feature = "mutant-forgotten-token")) {
            self.tokens.add(token, 0);
        }
        self.last_event = self.last_event.max(entry.next_event() - 1);
    }

    /// A record of configuration.
    pub fn config<R: Record>(&self, id: &[u8]) -> Option<(Arc<R>, u64)> {
        let held = self.config.get(&(R::KIND, KeyId::from(id)))?;
        Some((typed(&held.record), held.changed))
    }

    /// All records of a kind, in the order of their ids, and the commit that last changed one of them.
    pub fn config_of<R: Record>(&self) -> (impl Iterator<Item = (&KeyId, Arc<R>)>, u64) {
        let from = (R::KIND, KeyId::from([]));
        let records = self
            .config
            .range(from..)
            .take_while(|((kind, _), _)| *kind == R::KIND)
            .map(|((_, id), held)| (id, typed(&held.record)));
        (records, self.kinds_changed.get(&R::KIND).copied().unwrap_or(0))
    }

    /// The effects that have no result yet, with the commit that last changed each.
    pub fn effects(&self) -> impl Iterator<Item = (Arc<EffectRecord>, u64)> {
        let from = (kinds::EFFECT, KeyId::from([]));
        let held = self.config.range(from..).take_while(|((kind, _), _)| *kind == kinds::EFFECT);
        held.map(|(_, held)| (typed(&held.record), held.changed))
    }

    /// The records of configuration, as they are stored.
    pub(crate) fn stored_config(&self) -> impl Iterator<Item = (Key, Vec<u8>)> {
        self.config.iter().map(|((kind, id), held)| (Key::new(*kind, id.clone()), held.record.encoded()))
    }

    /// The chains with an open member, as they are stored.
    pub(crate) fn stored_chains(&self) -> impl Iterator<Item = (Key, Vec<u8>)> {
        self.chains.iter().map(|(id, chain)| (Key::new(kinds::CHAIN, *id.as_bytes()), chain.packed.to_vec()))
    }

    /// Whether an effect has no result yet.
    pub fn has_effects(&self) -> bool {
        self.effects().next().is_some()
    }

    /// What the directory must learn when the system scope is opened.
    pub fn directory(&self) -> Vec<DirectoryChange> {
        let instances = self.config_of::<Instance>().0;
        let instances = instances.map(|(_, instance)| DirectoryChange::Instance(instance.id, (&*instance).into()));
        let keys = self.config_of::<AccessKey>().0.map(|(_, key)| DirectoryChange::Key(AccessKey::clone(&key)));
        instances.chain(keys).collect()
    }

    /// The chain, if a member of it is open.
    pub fn chain(&self, id: &ContactId) -> Option<(Chain, u64)> {
        let held = self.chains.get(id)?;
        let chain = record::decode(&held.packed).expect("a record in memory was decoded before or encoded by us");
        Some((chain, held.changed))
    }

    /// A cold record that is not durable yet.
    pub fn cold(&self, key: &Key) -> Option<&Pending> {
        self.cold.get(key)
    }

    /// About how many bytes of memory the open contacts hold.
    pub fn hot_bytes(&self) -> usize {
        const PER_CHAIN_BYTES: usize = 64;
        self.contacts.memory_bytes() + self.chain_bytes + self.chains.len() * PER_CHAIN_BYTES
    }

    fn chain_put(&mut self, id: ContactId, packed: Box<[u8]>, changed: u64) {
        self.chain_bytes += packed.len();
        if let Some(old) = self.chains.insert(id, PackedChain { packed, changed }) {
            self.chain_bytes -= old.packed.len();
        }
    }

    /// Takes the changes of one handler as part of commit `commit`, adds what is to be written, and hands back what
    /// belongs into the commit's journal entry.
    pub fn apply(&mut self, changes: Changes, commit: u64, writes: &mut Vec<Write>) -> (Vec<Event>, Vec<TokenEntry>) {
        for ((kind, id), change) in changes.config {
            self.kinds_changed.insert(kind, commit);
            if ROUTED.contains(&kind) {
                self.derive(kind, &id, change.as_ref());
            }
            let key = Key::new(kind, id.clone());
            match change {
                Some(record) => {
                    writes.push(Write::Put { key, value: record.encoded() });
                    self.config.insert((kind, id), Held { record, changed: commit });
                }
                None => {
                    writes.push(Write::Delete { key });
                    self.config.remove(&(kind, id));
                }
            }
        }
        if !changes.contacts.is_empty() {
            self.contacts_changed = commit;
        }
        for (id, contact) in changes.contacts {
            self.apply_contact(id, &contact, commit, writes);
        }
        for (id, chain) in changes.chains {
            self.apply_chain(id, &chain, commit, writes);
        }
        for (key, value) in changes.cold {
            self.apply_cold(key, value, commit, writes);
        }
        for token in &changes.tokens {
            self.tokens.add(token, commit);
        }
        self.last_event += changes.events.len() as u64;
        self.ids_made = self.ids_made.wrapping_add(changes.ids_made);
        (changes.events, changes.tokens)
    }

    /// Follows a record that orders are derived from.
    fn derive(&mut self, kind: Kind, id: &KeyId, change: Option<&Arc<dyn AnyRecord>>) {
        let bytes: [u8; 16] = id[..].try_into().expect("the id of a routed record has 16 bytes");
        match (kind, change) {
            (kinds::AGENT, Some(record)) => {
                let agent = typed::<Agent>(record);
                self.agents.put(&agent, &self.limits);
                self.agent_counts.put_agent(&agent);
                self.router.put_agent(&agent);
            }
            (kinds::AGENT, None) => {
                self.agents.remove(UserId::from_bytes(bytes));
                self.agent_counts.remove_agent(UserId::from_bytes(bytes));
                self.router.remove_agent(UserId::from_bytes(bytes));
            }
            (kinds::USER, Some(record)) => {
                let user = typed::<User>(record);
                self.router.put_user(user.id, user.routing_profile, &user.proficiencies);
                self.agent_counts.put_user(user.id, user.routing_profile);
            }
            (kinds::USER, None) => {
                self.router.remove_user(UserId::from_bytes(bytes));
                self.agent_counts.remove_user(UserId::from_bytes(bytes));
            }
            (kinds::ROUTING_PROFILE, Some(record)) => {
                let profile = typed::<RoutingProfile>(record);
                self.router.put_profile(&profile);
                self.agent_counts.put_profile(&profile);
            }
            (kinds::ROUTING_PROFILE, None) => {
                self.router.remove_profile(RoutingProfileId::from_bytes(bytes));
                self.agent_counts.remove_profile(RoutingProfileId::from_bytes(bytes));
            }
            _ => unreachable!("{kind:?} is not among the routed kinds"),
        }
    }

    /// The agents whose snapshots may show what is changed.
    pub fn agents_who_see(&self, changes: &Changes) -> BTreeSet<UserId> {
        if changes.config.keys().any(|(kind, _)| SHOWN_TO_ALL.contains(kind)) {
            return self.config_of::<Agent>().0.map(|(_, agent)| agent.user).collect();
        }
        let records = changes.config.keys().filter(|(kind, _)| matches!(*kind, kinds::AGENT | kinds::USER));
        let records = records.map(|(_, id)| UserId::from_bytes(id[..].try_into().expect("a user's id has 16 bytes")));
        let holders = changes.contacts.values().flat_map(|contact| {
            contact.offer.map(|offer| offer.agent).into_iter().chain(contact.agent.map(|agent| agent.agent))
        });
        let chains = changes.chains.keys().flat_map(|chain| self.agents.with_chain(*chain));
        records.chain(holders).chain(chains).collect()
    }

    /// An offer was not made: the contact waits on, and this agent is not asked again before one of them changes.
    pub fn offer_declined(&mut self, offer: &Offer) {
        if self.waits_again(offer.contact) {
            self.router.decline(*offer);
        }
    }

    /// A contact that was kept from routing may be offered again. Says whether it still waits for that.
    pub fn waits_again(&mut self, contact: ContactId) -> bool {
        let contact = self.contacts.get(&contact).map(|(contact, _)| contact);
        let waiting = contact.as_ref().and_then(Contact::waiting);
        waiting.into_iter().for_each(|waiting| self.router.put_contact(waiting));
        waiting.is_some()
    }

    fn apply_contact(&mut self, id: ContactId, contact: &Contact, commit: u64, writes: &mut Vec<Write>) {
        let value = record::encode(contact);
        let key = |kind| Key::new(kind, *id.as_bytes());
        match contact.waiting() {
            Some(waiting) => self.router.put_contact(waiting),
            None => self.router.remove_contact(id),
        }
        if contact.is_completed() {
            if self.contacts.head(&id).is_some() {
                self.contacts.remove(&id);
                writes.push(Write::Delete { key: key(kinds::CONTACT) });
            }
            self.apply_cold(key(kinds::ENDED_CONTACT), Some(value), commit, writes);
        } else {
            writes.push(Write::Put { key: key(kinds::CONTACT), value: value.clone() });
            self.contacts.put(contact, value.into(), commit);
        }
    }

    fn apply_chain(&mut self, id: ContactId, chain: &Chain, commit: u64, writes: &mut Vec<Write>) {
        let value = record::encode(chain);
        let key = |kind| Key::new(kind, *id.as_bytes());
        let was_hot = self.chains.contains_key(&id);
        if chain.open == 0 {
            if was_hot {
                let old = self.chains.remove(&id).expect("it was there a line ago");
                self.chain_bytes -= old.packed.len();
                writes.push(Write::Delete { key: key(kinds::CHAIN) });
            }
            self.apply_cold(key(kinds::ENDED_CHAIN), Some(value), commit, writes);
        } else {
            if !was_hot && chain.members > 1 {
                // A member joins a chain that had gone cold: it is one record, in one place.
                self.apply_cold(key(kinds::ENDED_CHAIN), None, commit, writes);
            }
            writes.push(Write::Put { key: key(kinds::CHAIN), value: value.clone() });
            self.chain_put(id, value.into(), commit);
        }
    }

    fn apply_cold(&mut self, key: Key, value: Option<Vec<u8>>, commit: u64, writes: &mut Vec<Write>) {
        let held = Pending { value: value.as_deref().map(Arc::from), changed: commit };
        writes.push(match value {
            Some(value) => Write::Put { key: key.clone(), value },
            None => Write::Delete { key: key.clone() },
        });
        self.cold.insert(key, held);
    }

    /// Commits up to `durable` are durable: their cold records can be read from the store.
    pub fn forget_cold(&mut self, durable: u64) {
        self.cold.retain(|_, pending| pending.changed > durable);
    }
}

fn typed<R: Record>(record: &Arc<dyn AnyRecord>) -> Arc<R> {
    Arc::clone(record).into_any().downcast().expect("the records of a kind have the kind's type")
}

/// The first field of a [`Chain`]; the others need not be decoded when it is loaded.
#[derive(minicbor::Decode)]
struct ChainId {
    #[n(0)]
    id: ContactId,
}

/// What one handler changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// Records of configuration: new, or deleted.
    pub config: BTreeMap<(Kind, KeyId), Option<Arc<dyn AnyRecord>>>,
    /// Contacts.
    pub contacts: BTreeMap<ContactId, Contact>,
    /// Chains.
    pub chains: BTreeMap<ContactId, Chain>,
    /// Cold records: new bytes, or deleted.
    pub cold: BTreeMap<Key, Option<Vec<u8>>>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// Tokens whose call made something.
    pub tokens: Vec<TokenEntry>,
    /// Lines of the flow logs, in order. They are not kept.
    pub flow_log: Vec<String>,
    /// How many ids were made.
    pub ids_made: u32,
}

impl Changes {
    /// The change of one record of configuration.
    pub fn of<R: Record>(record: R) -> Self {
        let change = ((R::KIND, record.id()), Some(Arc::new(record) as Arc<dyn AnyRecord>));
        Changes { config: BTreeMap::from([change]), ..Changes::default() }
    }

    fn records<R: Record>(&self) -> impl Iterator<Item = Option<Arc<R>>> {
        let of_kind = self.config.iter().filter(|((kind, _), _)| *kind == R::KIND);
        of_kind.map(|(_, change)| change.as_ref().map(typed))
    }

    /// The effects that are asked for.
    pub fn effects(&self) -> Vec<EffectRecord> {
        self.records::<EffectRecord>().flatten().map(|record| EffectRecord::clone(&record)).collect()
    }

    /// What the directory must learn.
    pub fn published(&self) -> Vec<DirectoryChange> {
        let instances =
            self.config.iter().filter(|((kind, _), _)| *kind == kinds::INSTANCE).map(|((_, id), change)| {
                let bytes: [u8; 16] = id[..].try_into().expect("an instance's id has 16 bytes");
                let id = InstanceId::from_bytes(bytes);
                match change {
                    Some(record) => DirectoryChange::Instance(id, (&*typed::<Instance>(record)).into()),
                    None => DirectoryChange::InstanceGone(id),
                }
            });
        let keys = self.records::<AccessKey>().flatten().map(|key| DirectoryChange::Key(AccessKey::clone(&key)));
        instances.chain(keys).collect()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.config.is_empty()
            && self.contacts.is_empty()
            && self.chains.is_empty()
            && self.cold.is_empty()
            && self.events.is_empty()
            && self.tokens.is_empty()
    }
}

/// The commits at which cold records were last changed, while a fetch is on its way that may have read before them.
#[derive(Debug, Default)]
pub struct ColdChanges {
    changed: HashMap<Key, u64>,
}

impl ColdChanges {
    /// Notes the cold keys of a batch.
    ///
    /// No fetch that is on its way can have read before commit `oldest`.
    pub fn note(&mut self, writes: &[Write], commit: u64, oldest: u64) {
        self.changed.retain(|_, changed| *changed > oldest);
        for write in writes {
            if let Write::Put { key, .. } | Write::Delete { key } = write
                && !key.kind.is_hot()
            {
                self.changed.insert(key.clone(), commit);
            }
        }
    }

    /// Whether the key was changed after the commit that a fetch read at.
    pub fn is_stale(&self, key: &Key, read_at: u64) -> bool {
        self.changed.get(key).is_some_and(|&commit| commit > read_at && !cfg!(feature = "mutant-stale-read"))
    }

    /// No fetch is on its way.
    pub fn clear(&mut self) {
        self.changed.clear();
    }
}
