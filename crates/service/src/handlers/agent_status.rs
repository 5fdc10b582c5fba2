//! Agent statuses, as far as a new instance has some. Their operations come with the agents.

use engine::agent_status::AgentStatus;
use store::{KeyId, Kind};

use crate::kinds;
use crate::record::Record;

impl Record for AgentStatus {
    const KIND: Kind = kinds::AGENT_STATUS;
    const NAME: &'static str = "agent status";

    fn id(&self) -> KeyId {
        (*self.id.as_bytes()).into()
    }
}
