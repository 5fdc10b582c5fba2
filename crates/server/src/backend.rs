//! What stands behind the edge: Callboard, or nothing at all.

use crate::access_keys::Caller;
use api::Operation as _;
use api::operations::StartTaskContact;
use serde_json::Value;
use wire::{Bound, WireError, typed};

/// Who answers calls.
pub enum Backend {
    /// Nobody: every StartTaskContact gets the same answer. The same HTTP stack and the same decoding down to the
    /// typed input, and nothing behind it, is the limit that `callboard bench` measures against.
    Bare,
}

impl Backend {
    /// Answers a call with the JSON of its output.
    pub async fn call(&self, bound: Bound, caller: Caller) -> Result<Vec<u8>, WireError> {
        match self {
            Backend::Bare => bare(bound),
        }
    }

    /// The time that contacts live in, and what is under way.
    pub fn clock(&self) -> Result<Value, WireError> {
        match self {
            Backend::Bare => Err(nothing_here()),
        }
    }

    /// Moves virtual time, in milliseconds.
    pub async fn advance_clock(&self, milliseconds: u64) -> Result<Value, WireError> {
        match self {
            Backend::Bare => Err(nothing_here()),
        }
    }

    /// A digest of all records of an instance.
    pub async fn digest(&self, instance: &str) -> Result<Value, WireError> {
        match self {
            Backend::Bare => Err(nothing_here()),
        }
    }

    /// Whether calls can be answered, or why not.
    pub fn ready(&self) -> Result<(), String> {
        match self {
            Backend::Bare => Ok(()),
        }
    }
}

fn nothing_here() -> WireError {
    WireError::front_door("NotImplemented", 501, "the bare server of the bench has neither clock nor instances")
}

/// The answer of the bare backend.
const BARE_ANSWER: &[u8] = br#"{"ContactId":"00000000-0000-7000-8000-000000000000"}"#;

fn bare(bound: Bound) -> Result<Vec<u8>, WireError> {
    if bound.operation != StartTaskContact::FACTS {
        return Err(WireError::not_implemented(bound.operation));
    }
    let input = typed::<StartTaskContact>(bound)?;
    std::hint::black_box(input);
    Ok(BARE_ANSWER.to_vec())
}
