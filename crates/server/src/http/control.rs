//! Callboard's own interface under `/_callboard/v1`: virtual time, events, what became of a contact, and the digest
//! that tests compare. Signed
//! like any other request.

use std::collections::BTreeMap;

use ::http::Method;
use ::http::request::Parts;
use engine::reference_map::ReferenceMap;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;
use service::AGENTS_SHOWN_MAX;
use wire::{WireError, encode_success};

use super::{Answer, Edge, body, query_value, refused, request_id, signed_head, whole};
use crate::backend::nothing_here;

/// What the paths of the interface begin with.
pub(super) const PREFIX: &str = "/_callboard/";

const NAME: &str = "Control";

/// Body of `POST clock/advance`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Advance {
    /// How far time is to move: whole seconds, forward only.
    seconds: u64,
}

/// Body of `POST instances/{id}/references`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct References {
    /// ARNs, ids and patterns of elsewhere, with what each means in the instance.
    references: BTreeMap<String, String>,
}

/// What came of a request.
enum Told {
    /// JSON.
    Value(Value),
    /// Something else.
    Answer(Answer),
}

impl Edge {
    /// Answers a request of the control interface.
    pub(super) async fn control(&self, head: &Parts, body: Incoming) -> Answer {
        let request_id = request_id();
        match self.try_control(head, body).await {
            Ok(Told::Value(value)) => encode_success(value.to_string().into_bytes(), &request_id).map(whole),
            Ok(Told::Answer(answer)) => answer,
            Err(error) => refused(&error, &request_id, NAME),
        }
    }

    async fn try_control(&self, head: &Parts, body: Incoming) -> Result<Told, WireError> {
        let body = body::read(&head.headers, body, self.body_limits).await?;
        let signed = signed_head(head);
        let verified = self.authenticate(&signed, &body)?;
        let root = self.keys.caller(verified.access_key_id).root;
        let path = signed.raw_path.strip_prefix("/_callboard/v1/").unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        match (&head.method, segments.as_slice()) {
            (&Method::GET, ["clock"]) => self.backend.clock().await.map(Told::Value),
            (&Method::POST, ["clock", "advance"]) => {
                only_root(root, "move the clock")?;
                self.backend.advance_clock(seconds(&body)?).await.map(Told::Value)
            }
            (&Method::GET, ["instances", id, "references"]) => {
                only_root(root, "read the reference map")?;
                self.backend.references(id).await.map(Told::Value)
            }
            (&Method::POST, ["instances", id, "references"]) => {
                only_root(root, "set the reference map")?;
                self.backend.set_references(id, references(&body)?).await.map(Told::Value)
            }
            (&Method::GET, ["instances", id, "digest"]) => self.backend.digest(id).await.map(Told::Value),
            (&Method::GET, ["contacts", contact, "explain"]) => {
                only_root(root, "ask why a task is not with anybody")?;
                self.explain(head, contact).await.map(Told::Value)
            }
            (&Method::GET, ["contacts", contact, "trace"]) => {
                only_root(root, "read what flows did with a task")?;
                let query = head.uri.query().unwrap_or_default();
                let after = query_value(query, "after");
                self.backend.trace(&instance_of(query)?, contact, after.as_deref()).await.map(Told::Value)
            }
            (&Method::GET, ["events"]) => {
                only_root(root, "read events")?;
                let events = self.interfaces.events.as_ref().ok_or_else(nothing_here)?;
                events.serve(head).await.map(Told::Answer)
            }
            (method, _) => Err(WireError::unknown_operation(method.as_str(), signed.raw_path)),
        }
    }
}

impl Edge {
    async fn explain(&self, head: &Parts, contact: &str) -> Result<Value, WireError> {
        let query = head.uri.query().unwrap_or_default();
        let invalid = |message: &str| WireError::exception("InvalidRequestException", message);
        let instance = instance_of(query)?;
        let agents_max = match query_value(query, "max") {
            None => AGENTS_SHOWN_MAX,
            Some(text) => text.parse().map_err(|_| invalid("max must be a whole number"))?,
        };
        let after_agent = query_value(query, "after");
        self.backend.explain(&instance, contact, after_agent.as_deref(), agents_max.min(AGENTS_SHOWN_MAX)).await
    }
}

/// The instance that a query names.
fn instance_of(query: &str) -> Result<String, WireError> {
    query_value(query, "instance").ok_or_else(|| {
        let message = "add ?instance= with the id, ARN or alias of the contact's instance";
        WireError::exception("InvalidRequestException", message)
    })
}

/// What only the root key may do.
fn only_root(root: bool, what: &str) -> Result<(), WireError> {
    if root {
        return Ok(());
    }
    Err(WireError::exception("AccessDeniedException", format!("only the root key may {what}")))
}

/// The reference map that a body holds.
fn references(body: &[u8]) -> Result<ReferenceMap, WireError> {
    let invalid = |message: String| WireError::exception("InvalidRequestException", message);
    let given: References = serde_json::from_slice(body).map_err(|error| {
        invalid(format!("the body must be {{\"References\": {{\"<ARN, id or pattern>\": \"<ARN or id>\"}}}}: {error}"))
    })?;
    ReferenceMap::new(given.references).map_err(|error| invalid(error.to_string()))
}

/// How far to move the clock.
fn seconds(body: &[u8]) -> Result<u64, WireError> {
    serde_json::from_slice(body).map(|advance: Advance| advance.seconds).map_err(|error| {
        let message = format!("the body must be {{\"Seconds\": n}} with a whole number n, 0 or more: {error}");
        WireError::exception("InvalidRequestException", message)
    })
}
