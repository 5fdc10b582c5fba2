//! Quick connects: named targets for starting and transferring contacts.

use minicbor::{Decode, Encode};

use crate::id::{ContactFlowId, QueueId, QuickConnectId, UserId};
use crate::tag::Tags;
use crate::time::Timestamp;

/// Where a quick connect leads (routing.md section 5).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum QuickConnectConfig {
    /// To one agent: runs the flow with the agent's queue as target.
    #[n(0)]
    User {
        /// The agent.
        #[n(0)]
        user: UserId,
        /// An AGENT_TRANSFER flow.
        #[n(1)]
        flow: ContactFlowId,
    },
    /// To a queue: runs the flow with that queue as target.
    #[n(1)]
    Queue {
        /// The queue.
        #[n(0)]
        queue: QueueId,
        /// A QUEUE_TRANSFER flow.
        #[n(1)]
        flow: ContactFlowId,
    },
    /// To a phone: not for tasks.
    #[n(2)]
    PhoneNumber {
        /// E.164.
        #[n(0)]
        number: String,
    },
    /// To a flow: chats only.
    #[n(3)]
    Flow {
        /// The flow.
        #[n(0)]
        flow: ContactFlowId,
    },
}

impl QuickConnectConfig {
    /// The QuickConnectType of the API.
    pub fn kind(&self) -> &'static str {
        match self {
            QuickConnectConfig::User { .. } => "USER",
            QuickConnectConfig::Queue { .. } => "QUEUE",
            QuickConnectConfig::PhoneNumber { .. } => "PHONE_NUMBER",
            QuickConnectConfig::Flow { .. } => "FLOW",
        }
    }
}

/// A quick connect of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct QuickConnect {
    /// Its id.
    #[n(0)]
    pub id: QuickConnectId,
    /// Unique in the instance.
    #[n(1)]
    pub name: String,
    /// Free text.
    #[n(2)]
    pub description: Option<String>,
    /// Where it leads.
    #[n(3)]
    pub config: QuickConnectConfig,
    /// Tags of the resource.
    #[n(4)]
    pub tags: Tags,
    /// Last change.
    #[n(5)]
    pub last_modified: Timestamp,
}
