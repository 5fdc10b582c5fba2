//! Routing by its public interface: the rules as text tables, and against a model that looks at everything.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod desk;
mod explain;
mod model;
mod rules;
