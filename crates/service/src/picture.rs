//! What an instance has in memory, as plain values that can be compared.
//!
//! For the simulator and for tests: they hold memory against the store, and check rules that span records. Nothing that
//! serves requests asks for a picture.

use std::collections::BTreeMap;

use engine::agent::Agent;
use engine::contact::Contact;
use engine::queue::Queue;
use engine::routing_profile::RoutingProfile;
use engine::user::User;
use engine::{ContactId, QueueId, RoutingProfileId, Timestamp, UserId};
use store::{Key, Scope, Store, Unavailable};

use crate::effect::{EffectId, EffectRecord};
use crate::kinds;
use crate::record::{self, Record};
use crate::world::World;

/// What an instance has in memory. Two that were made from equal records are equal.
#[derive(Debug, Default, PartialEq)]
pub struct Picture {
    /// The open contacts.
    pub contacts: BTreeMap<ContactId, Contact>,
    /// The agents that were ever at work.
    pub agents: BTreeMap<UserId, Agent>,
    /// The users.
    pub users: BTreeMap<UserId, User>,
    /// The routing profiles.
    pub profiles: BTreeMap<RoutingProfileId, RoutingProfile>,
    /// The effects without a result.
    pub effects: BTreeMap<EffectId, EffectRecord>,
    /// The contacts with a timer, in the order in which they are due.
    pub contacts_due: Vec<ContactId>,
    /// The agents with a timer, in the order in which they are due.
    pub agents_due: Vec<UserId>,
    /// The contacts whose flow run has used up its turn.
    pub turns: Vec<ContactId>,
    /// The contacts in each queue, first those that have waited longest. A queue without contacts is not among them.
    pub queues: BTreeMap<QueueId, Vec<ContactId>>,
    /// Number of the last event of the sequence; 0 before the first.
    pub last_event: u64,
}

impl World {
    /// What is in memory now.
    pub fn picture(&self) -> Picture {
        let decoded = |packed: &[u8]| record::decode(packed).expect("a record in memory was encoded by us");
        let all_queues = self.config_of::<Queue>().0.map(|(_, queue)| queue.id);
        let queues = all_queues.map(|queue| (queue, self.contacts.in_queue(&queue).collect::<Vec<_>>()));
        Picture {
            agents: self.all::<Agent, _>(|agent| agent.user),
            users: self.all::<User, _>(|user| user.id),
            profiles: self.all::<RoutingProfile, _>(|profile| profile.id),
            effects: self.effects().map(|(effect, _)| (effect.id, EffectRecord::clone(&effect))).collect(),
            contacts_due: self.contacts.due_by(Timestamp(i64::MAX)).collect(),
            agents_due: self.agents.due_by(Timestamp(i64::MAX)).collect(),
            turns: self.contacts.turns().collect(),
            queues: queues.filter(|(_, waiting)| !waiting.is_empty()).collect(),
            last_event: self.last_event,
            contacts: self.contacts.records().map(|(head, packed)| (head.id, decoded(packed))).collect(),
        }
    }

    /// The hot records, as they are stored. Sealed tokens are not among them.
    pub fn records(&self) -> BTreeMap<Key, Vec<u8>> {
        let key = |id: &ContactId| Key::new(kinds::CONTACT, *id.as_bytes());
        let contacts = self.contacts.records().map(|(head, packed)| (key(&head.id), packed.to_vec()));
        self.stored_config().chain(self.stored_chains()).chain(contacts).collect()
    }

    fn all<R: Record, I: Ord>(&self, id: impl Fn(&R) -> I) -> BTreeMap<I, R> {
        self.config_of::<R>().0.map(|(_, record)| (id(&record), R::clone(&record))).collect()
    }
}

/// A contact as the store has it, open or ended.
///
/// # Errors
/// The store cannot be read.
///
/// # Panics
/// If the record is not of the form that this program writes.
pub fn stored_contact(store: &dyn Store, scope: Scope, id: ContactId) -> Result<Option<Contact>, Unavailable> {
    let keys = [kinds::CONTACT, kinds::ENDED_CONTACT].map(|kind| Key::new(kind, *id.as_bytes()));
    let (_, values) = store.get(scope, &keys)?;
    let value = values.into_iter().flatten().next();
    Ok(value.map(|value| record::decode(&value).expect("a stored contact was encoded by us")))
}
