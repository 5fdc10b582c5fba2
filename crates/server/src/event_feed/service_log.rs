//! The journals of the running instances.

use std::sync::Arc;

use engine::InstanceId;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Map;
use service::ReadEventsError;
use wire::WireError;

use super::{EventLog, Page};
use crate::backend;
use crate::changes::Changes;
use crate::runtime::Runtime;

/// The events of the instances that a runtime runs.
pub struct ServiceLog {
    runtime: Arc<Runtime>,
}

impl ServiceLog {
    /// The log of a runtime.
    pub fn new(runtime: Arc<Runtime>) -> ServiceLog {
        ServiceLog { runtime }
    }
}

impl EventLog for ServiceLog {
    fn instance(&self, given: &str) -> Option<InstanceId> {
        self.runtime.find_instance(given)
    }

    fn read(&self, instance: InstanceId, after: u64, max: usize) -> BoxFuture<'_, Result<Page, WireError>> {
        async move {
            if self.runtime.directory().instance(&instance).is_none() {
                return Err(backend::told(service::instance_not_found(&instance.to_string()), None));
            }
            let read = self.runtime.events(instance, after, max).await;
            let member = |name: &str, number: u64| Map::from_iter([(name.to_owned(), number.into())]);
            let events = read.map_err(|error| match error {
                ReadEventsError::Expired { oldest } => WireError::front_door("EventsExpired", 410, error.to_string())
                    .with_members(member("OldestSequence", oldest)),
                ReadEventsError::Ahead { newest, .. } => {
                    WireError::exception("InvalidRequestException", error.to_string())
                        .with_members(member("NewestSequence", newest))
                }
                ReadEventsError::Store(_) | ReadEventsError::Record(_) => WireError::internal(error.to_string()),
            })?;
            Ok(Page { events: events.events, next: events.next })
        }
        .boxed()
    }

    fn commits(&self) -> &Changes<InstanceId> {
        self.runtime.commits()
    }
}
