//! Records that events refer to, each read once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use engine::contact::{Chain, Contact};
use engine::queue::Queue;
use engine::routing_profile::RoutingProfile;
use engine::user::User;
use engine::{ContactId, QueueId, RoutingProfileId, UserId};
use minicbor::Decode;
use store::{Key, Kind, Scope, Store};

use super::ReadEventsError;
use crate::kinds;
use crate::record::{self, Record};

type Bytes = Option<Arc<[u8]>>;

/// The records of an instance.
pub(super) struct Records<'s> {
    store: &'s dyn Store,
    scope: Scope,
    read: RefCell<HashMap<Key, Bytes>>,
}

impl<'s> Records<'s> {
    pub(super) fn new(store: &'s dyn Store, scope: Scope) -> Self {
        Records { store, scope, read: RefCell::default() }
    }

    fn bytes(&self, kind: Kind, id: &[u8]) -> Result<Bytes, ReadEventsError> {
        let key = Key::new(kind, id);
        if let Some(bytes) = self.read.borrow().get(&key) {
            return Ok(bytes.clone());
        }
        let (_, values) = self.store.get(self.scope, std::slice::from_ref(&key))?;
        let bytes: Bytes = values.into_iter().next().flatten().map(Into::into);
        self.read.borrow_mut().insert(key, bytes.clone());
        Ok(bytes)
    }

    fn of_kind<R: for<'b> Decode<'b, ()>>(&self, kind: Kind, id: &[u8]) -> Result<Option<R>, ReadEventsError> {
        Ok(self.bytes(kind, id)?.as_deref().map(record::decode).transpose()?)
    }

    /// A record of configuration.
    pub(super) fn get<R: Record>(&self, id: &[u8]) -> Result<Option<R>, ReadEventsError> {
        self.of_kind(R::KIND, id)
    }

    /// A contact, open or ended.
    pub(super) fn contact(&self, id: ContactId) -> Result<Option<Contact>, ReadEventsError> {
        match self.of_kind(kinds::CONTACT, id.as_bytes())? {
            Some(contact) => Ok(Some(contact)),
            // It may have ended between the two looks, and not before them.
            None => self.of_kind(kinds::ENDED_CONTACT, id.as_bytes()),
        }
    }

    /// The chain of a contact.
    pub(super) fn chain(&self, contact: &Contact) -> Result<Option<Chain>, ReadEventsError> {
        let id = contact.chain_id();
        match self.of_kind(kinds::CHAIN, id.as_bytes())? {
            Some(chain) => Ok(Some(chain)),
            None => self.of_kind(kinds::ENDED_CHAIN, id.as_bytes()),
        }
    }

    pub(super) fn user(&self, id: UserId) -> Result<Option<User>, ReadEventsError> {
        self.get(id.as_bytes())
    }

    pub(super) fn queue(&self, id: QueueId) -> Result<Option<Queue>, ReadEventsError> {
        self.get(id.as_bytes())
    }

    pub(super) fn routing_profile(&self, id: RoutingProfileId) -> Result<Option<RoutingProfile>, ReadEventsError> {
        self.get(id.as_bytes())
    }
}
