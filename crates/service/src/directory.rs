//! What every request asks before it reaches a loop: which instances there are, and which access keys.
//!
//! The system scope's loop owns these facts. A change is published here once it is durable, before its caller is
//! answered.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use engine::InstanceId;
use engine::instance::{Instance, InstanceStatus};

use crate::handlers::access_key::AccessKey;

/// The instance attribute that turns flow logs on. It is off at first.
const FLOW_LOGS: &str = "CONTACTFLOW_LOGS";

/// An instance, as the edge needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceEntry {
    /// How far it is.
    pub status: InstanceStatus,
    /// Its other name.
    pub alias: Option<String>,
    /// Whether it has flow logs (attribute CONTACTFLOW_LOGS).
    pub flow_logs: bool,
}

/// A change that has become durable.
#[derive(Debug, Clone)]
pub enum DirectoryChange {
    /// An instance is new or changed.
    Instance(InstanceId, InstanceEntry),
    /// An instance is gone.
    InstanceGone(InstanceId),
    /// An access key is new or changed.
    Key(AccessKey),
}

/// Instances and access keys, for reading from any thread.
#[derive(Debug, Default)]
pub struct Directory {
    instances: RwLock<HashMap<InstanceId, InstanceEntry>>,
    keys: RwLock<HashMap<String, AccessKey>>,
}

impl Directory {
    /// Enters a change.
    pub fn apply(&self, change: DirectoryChange) {
        match change {
            DirectoryChange::Instance(id, entry) => {
                self.instances.write().unwrap_or_else(PoisonError::into_inner).insert(id, entry);
            }
            DirectoryChange::InstanceGone(id) => {
                self.instances.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
            DirectoryChange::Key(key) => {
                self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(key.id.clone(), key);
            }
        }
    }

    /// An instance.
    pub fn instance(&self, id: &InstanceId) -> Option<InstanceEntry> {
        self.instances.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// The instance of an id or an alias.
    pub fn instance_called(&self, name: &str) -> Option<InstanceId> {
        let instances = self.instances.read().unwrap_or_else(PoisonError::into_inner);
        match name.parse() {
            Ok(id) => instances.contains_key(&id).then_some(id),
            Err(_) => instances.iter().find(|(_, entry)| entry.alias.as_deref() == Some(name)).map(|(id, _)| *id),
        }
    }

    /// The only instance; none if there are several.
    pub fn only_instance(&self) -> Option<InstanceId> {
        let instances = self.instances.read().unwrap_or_else(PoisonError::into_inner);
        instances.keys().next().filter(|_| instances.len() == 1).copied()
    }

    /// An access key, active or not.
    pub fn key(&self, id: &str) -> Option<AccessKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All access keys.
    pub fn keys(&self) -> Vec<AccessKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How many instances there are.
    pub fn instance_count(&self) -> usize {
        self.instances.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl From<&Instance> for InstanceEntry {
    fn from(instance: &Instance) -> Self {
        let flow_logs = instance.attributes.get(FLOW_LOGS).copied().unwrap_or(false);
        InstanceEntry { status: instance.status, alias: instance.alias.clone(), flow_logs }
    }
}
