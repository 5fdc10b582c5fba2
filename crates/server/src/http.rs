//! The HTTP edge: from a connection to an operation's input, and from its answer to bytes.
//!
//! [`listen()`] takes connections, [`Edge::serve`] answers one request: probes and metrics without a signature, the
//! control interface under `/_callboard/v1`, and everything else as the Connect API in [`aws`]. What one client may
//! take of the server, in time and bytes, is bounded here.

mod agent;
mod answer;
mod aws;
mod body;
mod control;
mod listen;
mod patience;
mod probe;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use ::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use ::http::request::Parts;
use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use hyper::body::Incoming;
use metrics_exporter_prometheus::PrometheusHandle;
use tracing::error;
use wire::{RequestHead, WireError, sigv4};

use crate::access_keys::AccessKeys;
use crate::agent_interface::{self, AgentInterface};
use crate::backend::Backend;
use crate::clock::{self, Stopwatch};
use crate::config::Config;
use crate::event_feed::EventFeed;
use crate::telemetry;
use crate::throttle::Throttle;

#[cfg(test)]
pub(crate) use answer::AnswerBody;
pub(crate) use answer::{Answer, streamed, whole};
pub use listen::{Listener, listen};

/// Name of the service in credential scopes.
const SIGNING_NAME: &str = "connect";

/// What the edge serves besides operations; nothing of it in front of the bare backend.
#[derive(Default)]
pub struct Interfaces {
    /// The agent interface.
    pub agents: Option<Arc<AgentInterface>>,
    /// The events of instances.
    pub events: Option<EventFeed>,
}

/// Everything that a request needs.
pub struct Edge {
    backend: Arc<Backend>,
    interfaces: Interfaces,
    keys: AccessKeys,
    signing_keys: sigv4::SigningKeyCache,
    signatures: sigv4::Settings,
    body_limits: body::Limits,
    throttle: Option<Throttle>,
    metrics: &'static PrometheusHandle,
}

impl Edge {
    /// The edge of a backend that has operations only.
    pub fn new(config: &Config, backend: impl Into<Arc<Backend>>, keys: AccessKeys) -> Arc<Edge> {
        Edge::with_interfaces(config, backend, keys, Interfaces::default())
    }

    /// The edge of a backend with these interfaces.
    pub fn with_interfaces(
        config: &Config,
        backend: impl Into<Arc<Backend>>,
        keys: AccessKeys,
        interfaces: Interfaces,
    ) -> Arc<Edge> {
        let backend = backend.into();
        Arc::new(Edge {
            throttle: Throttle::new(&config.limits, backend.time()),
            backend,
            interfaces,
            keys,
            signing_keys: sigv4::SigningKeyCache::default(),
            signatures: sigv4::Settings {
                region: config.server.region.0.clone(),
                service: SIGNING_NAME.to_owned(),
                clock_skew_seconds: i64::from(config.server.clock_skew_seconds.0),
            },
            body_limits: body::Limits {
                bytes_max: config.http.body_bytes_max.as_usize(),
                timeout: config.http.body_read_timeout_seconds.into(),
            },
            metrics: telemetry::install(),
        })
    }

    /// Answers one request of the client at an address.
    pub(crate) async fn serve(&self, request: Request<Incoming>, client: IpAddr) -> Answer {
        let watch = Stopwatch::start();
        let (head, body) = request.into_parts();
        let (name, answer) = match head.uri.path() {
            path if path.starts_with(probe::PREFIX) || path == probe::METRICS => {
                ("Probe", self.probe(&head.method, path))
            }
            path if path.starts_with(agent_interface::PREFIX) => ("Agent", self.agent(&head, body, client).await),
            path if path.starts_with(control::PREFIX) => ("Control", self.control(&head, body).await),
            _ => self.operation(&head, body).await,
        };
        telemetry::record_request(name, answer.status().as_u16(), watch.elapsed());
        answer
    }

    /// Ends what would go on for ever: the server is stopping.
    fn stop(&self) {
        if let Some(agents) = &self.interfaces.agents {
            agents.stop();
        }
        if let Some(events) = &self.interfaces.events {
            events.stop();
        }
    }

    /// Whose signature the request carries. Signatures are always judged by the machine's time.
    fn authenticate(&self, head: &RequestHead<'_>, body: &[u8]) -> Result<sigv4::Verified, WireError> {
        let now = clock::wall_ms().div_euclid(1000);
        sigv4::verify(head, body, &self.keys, &self.signatures, now, &self.signing_keys)
    }
}

/// The parts that a signature covers.
fn signed_head(head: &Parts) -> RequestHead<'_> {
    RequestHead {
        method: head.method.as_str(),
        raw_path: head.uri.path(),
        raw_query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
    }
}

/// A new id for a request, as AWS has them: a random UUID.
fn request_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// The answer to a refused or failed request. A 5xx is logged here, once, with its cause; nothing of the request's
/// content is.
fn refused(error: &WireError, request_id: &str, operation: &str) -> Answer {
    log_failure(error, request_id, operation);
    let mut answer = wire::encode_error(error, request_id).map(whole);
    close_after(error, &mut answer);
    answer
}

fn log_failure(error: &WireError, request_id: &str, operation: &str) {
    if error.status >= 500 && error.status != StatusCode::NOT_IMPLEMENTED.as_u16() {
        let cause = error.cause.as_deref().unwrap_or("no cause was given");
        error!(request_id, operation, error.status, cause, "Request {request_id} ({operation}) failed: {cause}");
    }
}

/// Closes the connection when the request's body may not have been read to its end: what the client still sends would
/// be taken for its next request.
fn close_after(error: &WireError, answer: &mut Answer) {
    if matches!(error.status, 408 | 413) {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// A value of a query, decoded; the first if there are several.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let raw = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()?;
    Some(percent_encoding::percent_decode_str(raw).decode_utf8_lossy().into_owned())
}

/// An answer outside of the Connect API.
fn plain(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
