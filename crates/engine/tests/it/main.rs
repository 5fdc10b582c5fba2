//! Tests of the engine from outside: contacts and flows as text tables, and arbitrary input.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod contact;
mod create;
mod flow;
mod fuzz;
mod real_flows;
mod records;
mod sources;
mod template;
mod world;
