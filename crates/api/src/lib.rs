//! The Amazon Connect API (version 2017-08-08) as types and tables of facts.
//!
//! - [`OPERATIONS`]: every operation of the model: method, path, declared exceptions. All of them are *known*.
//! - [`operations`]: a marker type for each operation of `model/operations.txt`, tying its facts to its input and output.
//! - [`shapes`]: the inputs, outputs and values of those operations, and what their exceptions carry besides a message.
//! - [`constraints`]: what the members of those inputs may be. [`EXCEPTIONS`]: status and members of every exception.
//! - [`facts`]: what the tables are made of; `wire` interprets them.
//!
//! What is under `generated/` is written by `cargo xtask codegen` from `model/`; this file, `facts.rs`, `string_enum.rs`
//! and `timestamp.rs` are written by hand. No behaviour lives here, only what the model says.

pub mod facts;
mod generated;
mod string_enum;
mod timestamp;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use exceptions::EXCEPTIONS;
pub use facts::{ExceptionFacts, OperationFacts};
pub use generated::operation_facts::OPERATIONS;
pub use generated::{constraints, exceptions, operations, shapes};
pub use string_enum::UnknownValue;
pub use timestamp::Timestamp;

/// An operation that has types. Implemented by the markers in [`operations`].
pub trait Operation: 'static {
    /// What the client sends, bound and checked.
    type Input: DeserializeOwned + Send + 'static;
    /// What the client receives.
    type Output: Serialize + Send + 'static;
    /// Method, path and declared exceptions.
    const FACTS: &'static OperationFacts;
}

/// Declares the marker of an operation: `operation_marker!(StopContact: StopContactRequest => StopContactResponse);`
macro_rules! operation_marker {
    ($(#[$attribute:meta])* $name:ident: $input:ident => $output:ident) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub enum $name {}

        impl $crate::Operation for $name {
            type Input = $input;
            type Output = $output;
            const FACTS: &'static $crate::OperationFacts = $crate::known(stringify!($name));
        }
    };
}

use operation_marker;

/// The answer of an operation that has no output shape: `{}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Empty {}

/// Looks an operation up by its name, such as `StartTaskContact`.
pub fn operation(name: &str) -> Option<&'static OperationFacts> {
    OPERATIONS.binary_search_by_key(&name, |facts| facts.name).ok().map(|index| &OPERATIONS[index])
}

/// Looks an exception of the model up by its name, such as `InvalidRequestException`.
pub fn exception(name: &str) -> Option<&'static ExceptionFacts> {
    EXCEPTIONS.binary_search_by_key(&name, |facts| facts.name).ok().map(|index| EXCEPTIONS[index])
}

/// The facts of an operation that the generator knows to be in [`OPERATIONS`]; a wrong name does not compile.
pub(crate) const fn known(name: &str) -> &'static OperationFacts {
    let mut index = 0;
    while index < OPERATIONS.len() {
        if same(OPERATIONS[index].name.as_bytes(), name.as_bytes()) {
            return &OPERATIONS[index];
        }
        index += 1;
    }
    panic!("no operation of that name in the model")
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests;
