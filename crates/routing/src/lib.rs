//! Which contact is offered to which agent: the rules of routing.md section 3, decided in memory and step by step.
//!
//! [`Router`] is told of every change of a waiting contact, an agent, a user or a routing profile, and asked for offers by
//! [`Router::next`]. It owns nothing: all that it knows is derived from records and can be told again. It does not move contacts; whoever
//! asks does that, and tells it.
//!
//! A change makes only those pairs of contact and agent possible that it is part of, and only these are looked at: a changed agent looks at
//! the first contacts of the groups of its queues, a changed contact at the first agents of the profiles that serve its queue. See ADR 12.
//!
//! Begin with [`Router`], then `matching.rs`, which has the rules. `line.rs` is the order of contacts, `agent.rs` that of agents.

mod agent;
mod arena;
mod backlog;
mod explain;
mod expression;
mod lane;
mod line;
mod matching;
mod profile;
mod router;

pub use backlog::Backlog;
pub use explain::{Rule, SLICE_AGENTS_MAX, Slice, Tally, Verdict};
pub use matching::Offer;
pub use router::{QueueAgents, Router};
