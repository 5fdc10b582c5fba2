//! The rules of StartTaskContact (start-task-contact.md) that need no store: plain functions over plain inputs, called by the handler in
//! the order of judgement.

pub mod attributes;
pub mod references;
pub mod schedule;
