//! The server around the application: HTTP, TLS, configuration, keys, attachments and the command line.
//!
//! Threads, sockets, clocks and files live here; what a call does is the affair of `service`. Begin with `serve.rs`,
//! which puts the parts together, then `http.rs`, where a request comes in.

// Before all others, which print by its macros.
#[macro_use]
mod output;

mod access_keys;
pub mod administration;
pub mod agent_interface;
pub mod application;
pub mod attachments;
mod backend;
pub mod bench;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod config;
mod control_socket;
pub mod event_feed;
mod flow_check;
mod flow_graph;
mod flow_import;
mod flow_logs;
mod flow_place;
mod flow_verb;
pub mod functions;
pub mod http;
mod logging;
mod maintenance;
mod memory;
mod open_files;
mod outgoing;
mod passwords;
mod references;
pub mod runtime;
mod secrets;
pub mod serve;
mod telemetry;
pub mod throttle;
mod tls;
mod trace_table;

pub use access_keys::AccessKeys;
pub use backend::Backend;
