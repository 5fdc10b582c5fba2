//! Agent statuses: what an agent can say about being available.

use minicbor::{Decode, Encode};

use crate::id::AgentStatusId;
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

named_enum! {
    /// What a status means for routing.
    AgentStatusKind {
        /// The agent is offered contacts.
        Routable = 0 "ROUTABLE",
        /// Not offered, still working.
        Custom = 1 "CUSTOM",
        /// Gone.
        Offline = 2 "OFFLINE",
    }
}

named_enum! {
    /// Whether agents may choose a status.
    AgentStatusState {
        /// They may.
        Enabled = 0 "ENABLED",
        /// They may not.
        Disabled = 1 "DISABLED",
    }
}

/// An agent status of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AgentStatus {
    /// Its id.
    #[n(0)]
    pub id: AgentStatusId,
    /// Unique in the instance.
    #[n(1)]
    pub name: String,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// Meaning for routing.
    #[n(3)]
    pub kind: AgentStatusKind,
    /// Place in lists, 1 to 50.
    #[n(4)]
    pub display_order: Option<u8>,
    /// Whether agents may choose it.
    #[n(5)]
    pub state: AgentStatusState,
    /// Tags of the resource.
    #[n(6)]
    pub tags: Tags,
    /// Last change.
    #[n(7)]
    pub last_modified: Timestamp,
}
