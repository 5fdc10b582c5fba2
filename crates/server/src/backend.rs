//! What stands behind the edge: Callboard, or nothing at all.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use api::operations::{CreateUser, StartTaskContact};
use api::{Operation as _, OperationFacts};
use engine::reference_map::ReferenceMap;
use serde_json::{Value, json};
use service::{ApiError, Caller, Explanation, Operations, Request};
use wire::{Bound, WireError, typed};

use crate::clock::Clock;
use crate::passwords;
use crate::runtime::Runtime;
use crate::telemetry;

/// Who answers calls.
pub enum Backend {
    /// The application.
    Callboard {
        /// The operations it has.
        operations: Operations,
        /// Where its instances run.
        runtime: Arc<Runtime>,
    },
    /// Nobody: every StartTaskContact gets the same answer. The same HTTP stack and the same decoding down to the
    /// typed input, and nothing behind it, is the limit that `callboard bench` measures against.
    Bare,
}

impl Backend {
    /// Answers a call with the JSON of its output.
    pub async fn call(&self, bound: Bound, caller: Caller) -> Result<Vec<u8>, WireError> {
        let (operations, runtime) = match self {
            Backend::Callboard { operations, runtime } => (operations, runtime),
            Backend::Bare => return bare(bound),
        };
        let operation = bound.operation;
        if !operations.has(operation.name) {
            return Err(WireError::not_implemented(operation));
        }
        if let Some(error) = bound.violation() {
            return Err(error);
        }
        let password_hash = if operation == CreateUser::FACTS { passwords::hash_of(&bound.value).await? } else { None };
        let token = bound.idempotency.as_ref().map(|given| (given.token.as_str(), &given.fingerprint));
        let request = operations.prepare(operation, bound.value, token, caller);
        let answer = match request {
            Ok(mut request) => {
                request.call.password_hash = password_hash;
                runtime.call(request).await
            }
            Err(error) => Err(error),
        };
        answer.map_err(|error| told(error, Some(operation)))
    }

    /// The time that contacts live in.
    pub fn time(&self) -> Clock {
        match self {
            Backend::Callboard { runtime, .. } => runtime.time().clone(),
            Backend::Bare => Clock::Real,
        }
    }

    /// What the back end knows of itself, for Prometheus.
    pub fn metrics(&self) -> String {
        match self {
            Backend::Callboard { runtime, .. } => telemetry::render_runtime(runtime),
            Backend::Bare => String::new(),
        }
    }

    /// The time that contacts live in, and what is under way.
    pub async fn clock(&self) -> Result<Value, WireError> {
        match self {
            Backend::Callboard { runtime, .. } => Ok(json!(runtime.clock().await)),
            Backend::Bare => Err(nothing_here()),
        }
    }

    /// Moves virtual time, and answers once everything that became due has been done.
    pub async fn advance_clock(&self, seconds: u64) -> Result<Value, WireError> {
        match self {
            Backend::Callboard { runtime, .. } => {
                runtime.advance_clock(seconds).await.map(|view| json!(view)).map_err(|error| told(error, None))
            }
            Backend::Bare => Err(nothing_here()),
        }
    }

    /// A digest of all records of an instance.
    pub async fn digest(&self, instance: &str) -> Result<Value, WireError> {
        match self {
            Backend::Callboard { runtime, .. } => {
                let instance = instance.parse().map_err(|_| told(service::instance_not_found(instance), None))?;
                let digest = runtime.digest(instance).await.map_err(|error| told(error, None))?;
                Ok(json!({"Digest": digest}))
            }
            Backend::Bare => Err(nothing_here()),
        }
    }

    /// Why a contact is not with anybody. Agents are looked at a slice at a time, so that other calls come in between.
    pub async fn explain(
        &self,
        instance: &str,
        contact: &str,
        after_agent: Option<&str>,
        agents_max: usize,
    ) -> Result<Value, WireError> {
        let Backend::Callboard { runtime, .. } = self else { return Err(nothing_here()) };
        let instance =
            runtime.find_instance(instance).ok_or_else(|| told(service::instance_not_found(instance), None))?;
        let contact = contact.parse().map_err(|_| not_an_id("contact", contact))?;
        let shown_after = after_agent.map(|id| id.parse().map_err(|_| not_an_id("user", id))).transpose()?;
        let mut whole: Option<Explanation> = None;
        loop {
            let after = whole.as_ref().and_then(|so_far| so_far.last_of_slice.clone());
            let after = after.map(|id| id.parse().map_err(|_| not_an_id("user", &id))).transpose()?;
            let left = agents_max - whole.as_ref().map_or(0, |so_far| so_far.agents.len());
            let request = Request::explain(instance, contact, after, shown_after, left);
            let slice = runtime.call(request).await.map_err(|error| told(error, None))?;
            let slice: Explanation = serde_json::from_slice(&slice)
                .map_err(|error| WireError::internal(format!("an explanation has another form: {error}")))?;
            let whole =
                whole.get_or_insert_with(|| Explanation { reasons: Vec::new(), agents: Vec::new(), ..slice.clone() });
            whole.merge(slice);
            if whole.last_of_slice.is_none() {
                return Ok(json!(whole));
            }
        }
    }

    /// A page of what flows did with a contact.
    pub async fn trace(&self, instance: &str, contact: &str, after: Option<&str>) -> Result<Value, WireError> {
        match self {
            Backend::Callboard { runtime, .. } => {
                let page = runtime.trace(instance, contact, after).await.map_err(|error| told(error, None))?;
                Ok(json!(page))
            }
            Backend::Bare => Err(nothing_here()),
        }
    }

    /// The reference map of an instance.
    pub async fn references(&self, instance: &str) -> Result<Value, WireError> {
        let Backend::Callboard { runtime, .. } = self else { return Err(nothing_here()) };
        let references = runtime.references(instance).await.map_err(|error| told(error, None))?;
        Ok(json!(references))
    }

    /// Replaces the reference map of an instance, and answers with it.
    pub async fn set_references(&self, instance: &str, map: ReferenceMap) -> Result<Value, WireError> {
        let Backend::Callboard { runtime, .. } = self else { return Err(nothing_here()) };
        runtime.set_references(instance, map).await.map_err(|error| told(error, None))?;
        self.references(instance).await
    }

    /// Whether calls can be answered, or why not.
    pub fn ready(&self) -> Result<(), String> {
        match self {
            Backend::Callboard { runtime, .. } => runtime.ready(),
            Backend::Bare => Ok(()),
        }
    }
}

fn not_an_id(what: &str, given: &str) -> WireError {
    WireError::exception("ResourceNotFoundException", format!("Resource not found: {given:?} is no id of a {what}"))
}

/// The application's refusal in the words of the protocol.
pub(crate) fn told(error: ApiError, operation: Option<&'static OperationFacts>) -> WireError {
    let cause = error.cause.as_deref().map(|cause| chain(cause));
    let throttled = matches!(error.exception, "ThrottlingException" | "TooManyRequestsException");
    let told = match operation {
        Some(operation) if throttled => WireError::throttled(operation, error.message),
        _ => WireError::exception(error.exception, error.message),
    };
    let mut told = told.with_members(error.members);
    told.cause = cause;
    told
}

/// An error and what caused it.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// The refusal of what the bare backend does not have.
pub(crate) fn nothing_here() -> WireError {
    WireError::front_door(
        "NotImplemented",
        501,
        "the bare server of the bench has neither clock nor instances nor events",
    )
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
