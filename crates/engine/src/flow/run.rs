//! A flow run: where a contact is in a flow. It pins the content it runs and names the action it is at, so that publishing or deleting a
//! flow does not move the contacts that are in it.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::flow::{ContentHash, FlowType};
use crate::id::{ContactFlowId, RunId};
use crate::time::Timestamp;

/// Why a flow runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// The flow that the contact was started with.
    #[n(0)]
    Main,
    /// While the contact waits in a queue.
    #[n(1)]
    Queue,
    /// After an agent accepted, before it joins.
    #[n(2)]
    Whisper,
    /// On pause.
    #[n(3)]
    Pause,
    /// On resume.
    #[n(4)]
    Resume,
    /// After the end.
    #[n(5)]
    Disconnect,
}

impl Purpose {
    /// The types of flow that can run for it (flow-language.md section 2).
    pub(crate) fn flow_types(self) -> &'static [FlowType] {
        match self {
            Purpose::Main => &[FlowType::ContactFlow, FlowType::AgentTransfer, FlowType::QueueTransfer],
            Purpose::Queue => &[FlowType::CustomerQueue],
            Purpose::Whisper => &[FlowType::AgentWhisper],
            Purpose::Pause | Purpose::Resume | Purpose::Disconnect => &[FlowType::ContactFlow],
        }
    }
}

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Waiting {
    /// A moment, because of a Wait action.
    #[n(0)]
    Until {
        /// When it goes on.
        #[n(0)]
        at: Timestamp,
    },
    /// Its next turn, because it used up one.
    #[n(1)]
    Turn,
}

/// A run of a flow by a contact.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FlowRun {
    /// Its number within the contact.
    #[n(0)]
    pub id: RunId,
    /// Why it runs.
    #[n(1)]
    pub purpose: Purpose,
    /// The flow.
    #[n(2)]
    pub flow: ContactFlowId,
    /// The content it runs, whatever is published later.
    #[n(3)]
    pub content: ContentHash,
    /// Identifier of the action to execute, or that is waiting; empty is the start of the flow.
    #[n(4)]
    pub action: String,
    /// Actions executed so far. A timer or a result that names another step is stale.
    #[n(5)]
    pub step: u64,
    /// Actions executed since it last waited.
    #[n(6)]
    pub since_wait: u32,
    /// What it waits for; none only while it executes.
    #[n(7)]
    pub waiting: Option<Waiting>,
    /// Rounds done of the Loop actions that are under way, by Identifier.
    #[n(8)]
    pub loops: BTreeMap<String, u32>,
    /// Flow attributes.
    #[n(9)]
    pub attributes: BTreeMap<String, String>,
}
