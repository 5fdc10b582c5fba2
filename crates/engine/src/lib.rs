//! The domain of Callboard, pure: contacts and how they move, flows and how they run, templates, hours, and the records
//! of everything that an instance is made of.
//!
//! Nothing here reads a clock, draws a random number, does I/O, waits or logs. [`contact::step()`] takes a contact, an
//! event and an [`env::Env`] to look things up in, changes the contact and answers with effects, which are data.
//!
//! Begin with [`contact`], then [`flow`] and [`agent`]. The rules of StartTaskContact are in [`start_task`].

pub mod agent;
pub mod agent_status;
pub mod arn;
pub mod contact;
pub mod criteria;
pub mod env;
pub mod flow;
pub mod hours;
pub mod id;
pub mod instance;
pub mod limits;
mod name;
pub mod pattern;
pub mod predefined;
pub mod queue;
pub mod quick_connect;
pub mod reference_map;
pub mod refusal;
pub mod routing_profile;
pub mod security_profile;
pub mod start_task;
pub mod storage_config;
pub mod tag;
pub mod template;
pub mod time;
pub mod user;

pub use id::*;
pub use name::UnknownName;
pub use time::Timestamp;
