//! The record kinds, their numbers on disk, and which of them live in memory.
//!
//! A number is never used twice. Kinds below [`Kind::HOT_END`] are loaded when an instance is opened; the others are
//! read when a handler needs them.

use store::Kind;

/// System scope: an instance in the registry.
pub const INSTANCE: Kind = Kind(0x01);
/// System scope: an access key.
pub const ACCESS_KEY: Kind = Kind(0x02);

/// A queue, standard or of an agent.
pub const QUEUE: Kind = Kind(0x10);
/// Hours of operation.
pub const HOURS_OF_OPERATION: Kind = Kind(0x11);
/// A quick connect.
pub const QUICK_CONNECT: Kind = Kind(0x12);
/// The current version of a task template.
pub const TASK_TEMPLATE: Kind = Kind(0x13);
/// A user.
pub const USER: Kind = Kind(0x14);
/// A routing profile.
pub const ROUTING_PROFILE: Kind = Kind(0x15);
/// A security profile.
pub const SECURITY_PROFILE: Kind = Kind(0x16);
/// An agent status.
pub const AGENT_STATUS: Kind = Kind(0x17);
/// A flow without its content.
pub const CONTACT_FLOW: Kind = Kind(0x18);
/// Where an instance stores files and streams.
pub const STORAGE_CONFIG: Kind = Kind(0x19);
/// A predefined attribute.
pub const PREDEFINED_ATTRIBUTE: Kind = Kind(0x1a);
/// An effect that was started and has no result yet.
pub const EFFECT: Kind = Kind(0x1b);
/// A sealed segment of idempotency tokens: its bounds and its filter.
pub const TOKEN_SEGMENT: Kind = Kind(0x1c);
/// That the defaults of the instance are there.
pub const DEFAULTS: Kind = Kind(0x1d);
/// An agent's status, presence and contacts.
pub const AGENT: Kind = Kind(0x1e);
/// A function that flows may call.
pub const LAMBDA_FUNCTION: Kind = Kind(0x1f);
/// A contact that has not ended, or that something open refers to.
pub const CONTACT: Kind = Kind(0x20);
/// The shared attributes of a chain with an open member.
pub const CHAIN: Kind = Kind(0x21);
/// The levels of the hierarchy of users.
pub const HIERARCHY_STRUCTURE: Kind = Kind(0x22);
/// A group of the hierarchy of users.
pub const HIERARCHY_GROUP: Kind = Kind(0x23);
/// What references of flows from elsewhere mean in the instance.
pub const REFERENCE_MAP: Kind = Kind(0x24);
/// A flow module without its contents.
pub const CONTACT_FLOW_MODULE: Kind = Kind(0x25);
/// The versions of a flow.
pub const FLOW_VERSIONS: Kind = Kind(0x26);

/// A contact that has ended.
pub const ENDED_CONTACT: Kind = Kind(0x80);
/// The shared attributes of a chain whose members have all ended.
pub const ENDED_CHAIN: Kind = Kind(0x81);
/// One content of a flow, by hash.
pub const FLOW_CONTENT: Kind = Kind(0x82);
/// An earlier version of a task template.
pub const TASK_TEMPLATE_VERSION: Kind = Kind(0x83);
/// A block of a sealed token segment.
pub const TOKEN_BLOCK: Kind = Kind(0x84);
/// What one commit adds to the event sequence and to the tokens.
pub const JOURNAL: Kind = Kind(0x85);
/// What flows did in one step of a contact.
pub const TRACE: Kind = Kind(0x86);

/// The kinds that are read when they are needed.
pub const COLD_KINDS: [Kind; 7] =
    [ENDED_CONTACT, ENDED_CHAIN, FLOW_CONTENT, TASK_TEMPLATE_VERSION, TOKEN_BLOCK, JOURNAL, TRACE];
