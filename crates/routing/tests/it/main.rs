//! Routing by its public interface: the rules as text tables, and against a model that looks at everything.

mod desk;
mod model;
mod rules;
