//! Flows: what a contact does until somebody takes it.
//!
//! A flow's content is kept byte for byte, found by its hash. Publishing validates it; the form that runs,
//! [`compile::CompiledFlow`], is made from it and never stored.

pub mod compile;
pub mod defaults;
pub mod document;
pub mod export;
pub mod function;
pub(crate) mod interpret;
pub mod json;
pub mod legacy;
pub mod log;
pub mod module;
mod reference;
pub mod run;
mod table;
pub mod trace;
pub mod validate;

pub use table::block_name;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::id::ContactFlowId;
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

named_enum! {
    /// What a flow is for (flow-language.md section 2). It never changes.
    FlowType {
        /// Inbound flow.
        ContactFlow = 0 "CONTACT_FLOW",
        /// Runs while a contact is queued.
        CustomerQueue = 1 "CUSTOMER_QUEUE",
        /// Not for tasks.
        CustomerHold = 2 "CUSTOMER_HOLD",
        /// Not for tasks.
        CustomerWhisper = 3 "CUSTOMER_WHISPER",
        /// Not for tasks.
        AgentHold = 4 "AGENT_HOLD",
        /// Runs after an agent accepts, before it joins.
        AgentWhisper = 5 "AGENT_WHISPER",
        /// Not for tasks.
        OutboundWhisper = 6 "OUTBOUND_WHISPER",
        /// Run by user quick connects.
        AgentTransfer = 7 "AGENT_TRANSFER",
        /// Run by queue quick connects.
        QueueTransfer = 8 "QUEUE_TRANSFER",
        /// Not for tasks.
        Campaign = 9 "CAMPAIGN",
    }
}

named_enum! {
    /// Whether new contacts may run a flow.
    FlowState {
        /// They may.
        Active = 0 "ACTIVE",
        /// They may not.
        Archived = 1 "ARCHIVED",
    }
}

/// The SHA-256 of a flow's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ContentHash(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl ContentHash {
    /// The hash of a content.
    pub fn of(content: &str) -> ContentHash {
        ContentHash(Sha256::digest(content.as_bytes()).into())
    }
}

/// 64 hexadecimal digits, the FlowContentSha256 of the API.
impl std::fmt::Display for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

/// A flow of an instance; its contents are [`FlowContent`] records.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ContactFlow {
    /// Its id.
    #[n(0)]
    pub id: ContactFlowId,
    /// Unique among the flows of its type.
    #[n(1)]
    pub name: String,
    /// What it is for.
    #[n(2)]
    pub flow_type: FlowType,
    /// Whether new contacts may run it.
    #[n(3)]
    pub state: FlowState,
    /// Free text.
    #[n(4)]
    pub description: Option<String>,
    /// The draft: the content last given, published or not.
    #[n(5)]
    pub saved: ContentHash,
    /// What contacts run; none until it is first published.
    #[n(6)]
    pub published: Option<ContentHash>,
    /// Whether it is the flow that runs when nothing else was set for its type.
    #[n(7)]
    pub is_default: bool,
    /// Tags of the resource.
    #[n(8)]
    pub tags: Tags,
    /// When it was made.
    #[n(9)]
    pub created: Timestamp,
    /// Last change.
    #[n(10)]
    pub last_modified: Timestamp,
}

/// A content. It is never deleted, so that republishing or deleting a flow leaves the runs of the old content alone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FlowContent {
    /// Its hash, by which it is found.
    #[n(0)]
    pub hash: ContentHash,
    /// The document, byte for byte as it was given.
    #[n(1)]
    pub content: String,
}

impl FlowContent {
    /// The record of a content.
    pub fn new(content: String) -> FlowContent {
        FlowContent { hash: ContentHash::of(&content), content }
    }
}
