//! The open contacts of an instance in memory: a small decoded head and the packed record of each, with the two orders
//! that the loop asks for, by next due time and by queue.
//!
//! The orders are derived from the heads alone. Whoever changes a contact hands over the new record; nobody sets a timer
//! or enters a queue on the side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;

use engine::contact::{Contact, ContactHead, State};
use engine::{ContactId, QueueId, Timestamp};
use hashbrown::DefaultHashBuilder;
use hashbrown::hash_table::HashTable;

use crate::record::{self, DecodeError};

#[derive(Debug)]
struct Slot {
    head: ContactHead,
    changed: u64,
    packed: Box<[u8]>,
}

/// The contacts with a start to come of which the queue is known, counted by it.
#[derive(Debug, Default)]
struct ScheduledCounts {
    queue_of: HashMap<ContactId, QueueId>,
    by_queue: HashMap<QueueId, usize>,
}

impl ScheduledCounts {
    fn put(&mut self, contact: &Contact) {
        self.remove(&contact.id);
        if let (State::Scheduled, Some(queue)) = (contact.state, contact.target_queue) {
            self.queue_of.insert(contact.id, queue);
            *self.by_queue.entry(queue).or_default() += 1;
        }
    }

    fn remove(&mut self, id: &ContactId) {
        let Some(queue) = self.queue_of.remove(id) else { return };
        let count = self.by_queue.get_mut(&queue).expect("the queue of a counted contact has a count");
        *count -= 1;
        if *count == 0 {
            self.by_queue.remove(&queue);
        }
    }
}

/// The open contacts.
#[derive(Debug, Default)]
pub struct ContactTable {
    slots: Vec<Slot>,
    by_id: HashTable<u32>,
    hasher: DefaultHashBuilder,
    due: BTreeSet<(Timestamp, ContactId)>,
    queues: BTreeMap<QueueId, BTreeSet<(Timestamp, ContactId)>>,
    turns: BTreeSet<ContactId>,
    scheduled: ScheduledCounts,
    packed_bytes: usize,
}

impl ContactTable {
    /// How many contacts are open.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The open contact that was made last.
    pub fn newest(&self) -> Option<ContactId> {
        self.slots.iter().map(|slot| slot.head.id).max()
    }

    /// About how many bytes of memory the table holds.
    pub fn memory_bytes(&self) -> usize {
        /// Slot, hash index, and the entries of the two orders.
        const PER_CONTACT_BYTES: usize = size_of::<Slot>() + 8 + 2 * 40;
        self.packed_bytes + self.slots.len() * PER_CONTACT_BYTES
    }

    fn position(&self, id: &ContactId) -> Option<usize> {
        let hash = self.hasher.hash_one(id);
        self.by_id.find(hash, |&slot| self.slots[slot as usize].head.id == *id).map(|&slot| slot as usize)
    }

    /// The contact's head, with the commit that last changed it.
    pub fn head(&self, id: &ContactId) -> Option<(&ContactHead, u64)> {
        self.position(id).map(|slot| (&self.slots[slot].head, self.slots[slot].changed))
    }

    /// The whole contact, decoded, with the commit that last changed it.
    pub fn get(&self, id: &ContactId) -> Option<(Contact, u64)> {
        let slot = &self.slots[self.position(id)?];
        let contact = record::decode(&slot.packed).expect("a record in memory was decoded before or encoded by us");
        Some((contact, slot.changed))
    }

    /// Takes a record as it was stored, and hands it back decoded. [`ContactTable::finish_load`] follows the last one.
    pub fn load(&mut self, packed: &[u8]) -> Result<Contact, DecodeError> {
        let contact: Contact = record::decode(packed)?;
        if contact.pending_turn().is_some() {
            self.turns.insert(contact.id);
        }
        self.scheduled.put(&contact);
        self.packed_bytes += packed.len();
        self.slots.push(Slot { head: contact.head(), changed: 0, packed: packed.into() });
        Ok(contact)
    }

    /// Puts what was loaded into its orders: sorting once is much faster than inserting a million times.
    pub fn finish_load(&mut self) {
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash = |at: &u32| hasher.hash_one(slots[*at as usize].head.id);
        self.by_id.reserve(slots.len(), hash);
        for at in 0..u32::try_from(slots.len()).expect("fewer than 2^32 open contacts fit into memory") {
            self.by_id.insert_unique(hash(&at), at, hash);
        }
        let due = slots.iter().filter_map(|slot| Some((slot.head.next_due?, slot.head.id)));
        self.due = due.skip(usize::from(cfg!(feature = "mutant-lost-timer"))).collect();
        let mut queues: BTreeMap<QueueId, Vec<(Timestamp, ContactId)>> = BTreeMap::new();
        for Slot { head, .. } in slots {
            if let Some(queue) = head.queue {
                queues.entry(queue).or_default().push((head.enqueue, head.id));
            }
        }
        self.queues = queues.into_iter().map(|(queue, members)| (queue, members.into_iter().collect())).collect();
    }

    /// Enters or replaces a contact.
    pub fn put(&mut self, contact: &Contact, packed: Box<[u8]>, changed: u64) {
        let head = contact.head();
        self.packed_bytes += packed.len();
        let slot = Slot { head, changed, packed };
        match self.position(&slot.head.id) {
            Some(at) => {
                let old = std::mem::replace(&mut self.slots[at], slot);
                self.packed_bytes -= old.packed.len();
                self.leave_orders(&old.head);
                self.enter_orders(&head);
            }
            None => {
                self.enter_orders(&head);
                let at = u32::try_from(self.slots.len()).expect("fewer than 2^32 open contacts fit into memory");
                let hash = self.hasher.hash_one(slot.head.id);
                self.slots.push(slot);
                let (slots, hasher) = (&self.slots, &self.hasher);
                self.by_id.insert_unique(hash, at, |&at| hasher.hash_one(slots[at as usize].head.id));
            }
        }
        if contact.pending_turn().is_some() {
            self.turns.insert(head.id);
        }
        self.scheduled.put(contact);
    }

    /// Forgets a contact.
    pub fn remove(&mut self, id: &ContactId) {
        let hash = self.hasher.hash_one(id);
        let Ok(entry) = self.by_id.find_entry(hash, |&at| self.slots[at as usize].head.id == *id) else { return };
        let (at, _) = entry.remove();
        let last = self.slots.len() - 1;
        if at as usize != last {
            let moved = self.hasher.hash_one(self.slots[last].head.id);
            *self.by_id.find_mut(moved, |&other| other as usize == last).expect("every slot is in the index") = at;
        }
        let old = self.slots.swap_remove(at as usize);
        self.packed_bytes -= old.packed.len();
        self.leave_orders(&old.head);
        self.scheduled.remove(id);
    }

    fn enter_orders(&mut self, head: &ContactHead) {
        if let Some(due) = head.next_due {
            self.due.insert((due, head.id));
        }
        if let Some(queue) = head.queue {
            self.queues.entry(queue).or_default().insert((head.enqueue, head.id));
        }
    }

    fn leave_orders(&mut self, head: &ContactHead) {
        if let Some(due) = head.next_due {
            self.due.remove(&(due, head.id));
        }
        if let Some(queue) = head.queue {
            let members = self.queues.get_mut(&queue).expect("a queued contact's queue has members");
            members.remove(&(head.enqueue, head.id));
            if members.is_empty() {
                self.queues.remove(&queue);
            }
        }
        self.turns.remove(&head.id);
    }

    /// The contacts whose flow run has used up a turn and waits for the next.
    pub fn turns(&self) -> impl Iterator<Item = ContactId> {
        self.turns.iter().copied()
    }

    /// Since when the contact has waited that has waited longest in a queue, of those that `counts`.
    pub fn oldest_in_queue(&self, queue: &QueueId, counts: impl Fn(&ContactId) -> bool) -> Option<Timestamp> {
        self.queues.get(queue)?.iter().find(|(_, id)| counts(id)).map(|(since, _)| *since)
    }

    /// The contacts in a queue, first those that have waited longest.
    pub fn in_queue(&self, queue: &QueueId) -> impl Iterator<Item = ContactId> {
        self.queues.get(queue).into_iter().flatten().map(|(_, id)| *id)
    }

    /// The contacts with a timer that is due by `now`, by time and then by id.
    pub fn due_by(&self, now: Timestamp) -> impl Iterator<Item = ContactId> {
        self.due.iter().take_while(move |(due, _)| *due <= now).map(|(_, id)| *id)
    }

    /// When the first timer is due, of the contacts that `counts`.
    pub fn next_due(&self, counts: impl Fn(&ContactId) -> bool) -> Option<Timestamp> {
        self.due.iter().find(|(_, id)| counts(id)).map(|(due, _)| *due)
    }

    /// How many contacts are in the queue, and since when the oldest.
    pub fn queue_depth(&self, queue: &QueueId) -> (usize, Option<Timestamp>) {
        self.queues.get(queue).map_or((0, None), |members| (members.len(), members.first().map(|(since, _)| *since)))
    }

    /// How many contacts with a start to come are meant for the queue: their quick connect leads to it.
    pub fn scheduled_for(&self, queue: &QueueId) -> usize {
        self.scheduled.by_queue.get(queue).copied().unwrap_or(0)
    }

    /// Every contact's record as it is stored, in no order.
    pub fn records(&self) -> impl Iterator<Item = (&ContactHead, &[u8])> {
        self.slots.iter().map(|slot| (&slot.head, &*slot.packed))
    }
}

#[cfg(test)]
mod tests;
