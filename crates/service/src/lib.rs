//! The application: instances, their loops, and what each operation does.
//!
//! A request reaches an instance's [`InstanceLoop`], which alone owns the instance's hot records ([`world`]). Its
//! handler works on a [`Tx`], an overlay that vanishes when the handler refuses and joins the open batch when it does
//! not. The batch goes to the store, and only when it is durable are its answers sent and its effects released.
//!
//! What is deliberately absent: threads, sockets, clocks and async. Commits, fetches and effects are *started* by an
//! [`Output`] and come back as an [`Input`], so that a simulator can drive the very same loop. They are performed by
//! the `server` crate.
//!
//! Begin with `instance_loop.rs`, then `handlers/contact.rs`.

mod agent_counts;
mod agent_desk;
mod agents;
mod call;
mod check;
mod contacts;
mod directory;
mod effect;
mod environment;
mod error;
mod event;
mod event_log;
mod explain;
mod fresh_id;
#[cfg(test)]
mod golden;
mod handlers;
mod instance_loop;
mod journal;
mod kinds;
mod load;
mod operations;
mod page;
mod picture;
mod record;
mod settings;
mod token;
mod trace;
mod tx;
mod world;

pub use agent_desk::{AgentCommand, Connections, ConnectionsTold, Credentials};
pub use call::{Call, Caller};
pub use check::{Findings, PROBLEMS_MAX, check};
pub use directory::{Directory, DirectoryChange, InstanceEntry};
pub use effect::{AttachmentJob, AttachmentOutcome, Effect, EffectId, EffectOutcome, EffectRecord, FunctionJob};
pub use error::{ApiError, instance_not_found, throttled};
pub use event_log::{Events, ReadEventsError, read_events};
pub use explain::{AGENTS_SHOWN_MAX, AgentReason, Explanation, Reason, Waiting};
pub use handlers::access_key::{AccessKey, ActsFor};
pub use handlers::references::References;
pub use instance_loop::{Answer, Fetch, FetchRequest, Fetched, Input, InstanceLoop, Output, TurnBounds, TurnReport};
pub use journal::JournalEntry;
pub use kinds::COLD_KINDS;
pub use load::{LoadFailure, load};
pub use operations::{Operations, Prepared, Request};
pub use picture::{Picture, stored_contact};
pub use settings::{AttachmentRules, HotBytes, Quotas, Settings, UrlJudge};
pub use token::TokenBounds;
pub use trace::{NotACursor, TraceCursor, TracePage, TracedAction};
pub use tx::Tx;
pub use world::World;
