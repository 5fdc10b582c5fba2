//! The form of a flow that runs, made from its content at publication or when the content is fetched, and never stored.

/// A flow ready to run.
#[derive(Debug)]
pub struct CompiledFlow {}
