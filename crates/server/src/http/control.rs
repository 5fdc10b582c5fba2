//! Callboard's own interface under `/_callboard/v1`: virtual time, and the digest that tests compare. Signed like any
//! other request.

use ::http::Method;
use ::http::request::Parts;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;
use wire::{WireError, encode_success};

use super::{Answer, Edge, body, refused, request_id, signed_head, whole};

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

impl Edge {
    /// Answers a request of the control interface.
    pub(super) async fn control(&self, head: &Parts, body: Incoming) -> Answer {
        let request_id = request_id();
        match self.try_control(head, body).await {
            Ok(answer) => encode_success(answer.to_string().into_bytes(), &request_id).map(whole),
            Err(error) => refused(&error, &request_id, NAME),
        }
    }

    async fn try_control(&self, head: &Parts, body: Incoming) -> Result<Value, WireError> {
        let body = body::read(&head.headers, body, self.body_limits).await?;
        let signed = signed_head(head);
        let verified = self.authenticate(&signed, &body)?;
        let path = signed.raw_path.strip_prefix("/_callboard/v1/").unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        match (&head.method, segments.as_slice()) {
            (&Method::GET, ["clock"]) => self.backend.clock().await,
            (&Method::POST, ["clock", "advance"]) => {
                if !self.keys.caller(verified.access_key_id).root {
                    return Err(WireError::exception("AccessDeniedException", "only the root key may move the clock"));
                }
                self.backend.advance_clock(seconds(&body)?).await
            }
            (&Method::GET, ["instances", id, "digest"]) => self.backend.digest(id).await,
            (method, _) => Err(WireError::unknown_operation(method.as_str(), signed.raw_path)),
        }
    }
}

/// How far to move the clock.
fn seconds(body: &[u8]) -> Result<u64, WireError> {
    serde_json::from_slice(body).map(|advance: Advance| advance.seconds).map_err(|error| {
        let message = format!("the body must be {{\"Seconds\": n}} with a whole number n, 0 or more: {error}");
        WireError::exception("InvalidRequestException", message)
    })
}
