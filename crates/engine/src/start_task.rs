//! The rules of StartTaskContact (start-task-contact.md) that need no store: plain functions over plain inputs, called
//! by the handler in the order of judgement: [`references`], then what the request refers to, then [`segment`],
//! [`template::apply`](crate::template::apply), [`flow_source`], [`schedule`], and last
//! [`Contact::create`](crate::contact::Contact::create) with its quotas and attributes.

pub mod attachments;
pub mod attributes;
pub mod flow_source;
pub mod references;
pub mod schedule;
pub mod segment;
