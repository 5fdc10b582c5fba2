//! Queues, where contacts wait.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::id::{ContactFlowId, HoursOfOperationId, QueueId, QuickConnectId, UserId};
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

named_enum! {
    /// Whose queue it is.
    QueueKind {
        /// Made by an administrator, served by the agents whose routing profile has it.
        Standard = 0 "STANDARD",
        /// The own queue of one agent: made and deleted with its user, without a name.
        Agent = 1 "AGENT",
    }
}

named_enum! {
    /// Whether a queue takes contacts.
    QueueStatus {
        /// It does.
        Enabled = 0 "ENABLED",
        /// A transfer to it takes the error branch (routing.md section 1).
        Disabled = 1 "DISABLED",
    }
}

/// Caller id of outbound calls: kept and shown, without meaning for tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct OutboundCallerConfig {
    /// Name shown to the called party.
    #[n(0)]
    pub name: Option<String>,
    /// Phone number id.
    #[n(1)]
    pub number_id: Option<String>,
    /// Outbound whisper flow.
    #[n(2)]
    pub flow: Option<ContactFlowId>,
}

/// A queue of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Queue {
    /// Its id.
    #[n(0)]
    pub id: QueueId,
    /// Standard, or of an agent.
    #[n(1)]
    pub kind: QueueKind,
    /// Unique among standard queues; empty for the queue of an agent.
    #[n(2)]
    pub name: String,
    /// Free text.
    #[n(3)]
    pub description: Option<String>,
    /// Hours that flows check; the queue of an agent has none.
    #[n(4)]
    pub hours: Option<HoursOfOperationId>,
    /// Most contacts in the queue at a time; 0 makes it unusable, none leaves it to the quotas of the instance.
    #[n(5)]
    pub max_contacts: Option<u32>,
    /// Whether it takes contacts.
    #[n(6)]
    pub status: QueueStatus,
    /// Quick connects that agents working on this queue are shown.
    #[n(7)]
    pub quick_connects: BTreeSet<QuickConnectId>,
    /// Kept for answers.
    #[n(8)]
    pub outbound_caller: Option<OutboundCallerConfig>,
    /// Tags of the resource.
    #[n(9)]
    pub tags: Tags,
    /// Last change.
    #[n(10)]
    pub last_modified: Timestamp,
}

impl Queue {
    /// The agent whose queue this is.
    pub fn agent(&self) -> Option<UserId> {
        match self.kind {
            QueueKind::Agent => Some(UserId(self.id.0)),
            QueueKind::Standard => None,
        }
    }
}
