//! Tests of the engine from outside: contacts and flows as text tables, and arbitrary input.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod agent;
mod contact;
mod create;
mod every_action;
mod flow;
mod flow_agents;
mod flow_calls;
mod flow_references;
mod flow_tasks;
mod flow_trace;
mod fuzz;
mod invariants;
mod legacy_flows;
mod real_flows;
mod records;
mod reference_page;
mod sources;
mod states;
mod template;
mod world;
mod wrong_flows;
