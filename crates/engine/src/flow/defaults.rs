//! The flows that a new instance comes with. Their names are Amazon Connect's (control-plane.md section 1), because
//! clients look them up by name; their content is our own and kind to tasks: a task in a queue stays there, a transfer
//! to an agent leads to that agent's queue.

use crate::flow::FlowType;

/// A flow of a new instance.
#[derive(Clone, Copy, Debug)]
pub struct DefaultFlow {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub flow_type: FlowType,
    /// Its description.
    pub description: &'static str,
    /// Its content, valid for its type.
    pub content: &'static str,
}

/// All of them, in the order of their names.
pub const DEFAULT_FLOWS: &[DefaultFlow] = &[
    DefaultFlow {
        name: "Default agent hold",
        flow_type: FlowType::AgentHold,
        description: "What an agent hears on hold",
        content: include_str!("defaults/agent_hold.json"),
    },
    DefaultFlow {
        name: "Default agent transfer",
        flow_type: FlowType::AgentTransfer,
        description: "Puts a contact into the queue of the agent it is transferred to",
        content: include_str!("defaults/agent_transfer.json"),
    },
    DefaultFlow {
        name: "Default agent whisper",
        flow_type: FlowType::AgentWhisper,
        description: "Tells the agent the queue of the contact",
        content: include_str!("defaults/agent_whisper.json"),
    },
    DefaultFlow {
        name: "Default customer hold",
        flow_type: FlowType::CustomerHold,
        description: "What a customer hears on hold",
        content: include_str!("defaults/customer_hold.json"),
    },
    DefaultFlow {
        name: "Default customer queue",
        flow_type: FlowType::CustomerQueue,
        description: "What a customer hears while waiting; a task just waits",
        content: include_str!("defaults/customer_queue.json"),
    },
    DefaultFlow {
        name: "Default customer whisper",
        flow_type: FlowType::CustomerWhisper,
        description: "Tells the customer that an agent joins",
        content: include_str!("defaults/customer_whisper.json"),
    },
    DefaultFlow {
        name: "Default outbound",
        flow_type: FlowType::OutboundWhisper,
        description: "What is said when an outbound contact is answered",
        content: include_str!("defaults/outbound.json"),
    },
    DefaultFlow {
        name: "Default queue transfer",
        flow_type: FlowType::QueueTransfer,
        description: "Puts a contact into the queue it is transferred to, within its hours",
        content: include_str!("defaults/queue_transfer.json"),
    },
];
