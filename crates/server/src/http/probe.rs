//! Probes and metrics, which need no signature: `/health/live`, `/health/ready`, `/metrics`.

use ::http::{Method, StatusCode};
use serde_json::json;

use super::{Answer, Edge, plain};

pub(super) const PREFIX: &str = "/health/";
pub(super) const METRICS: &str = "/metrics";

const JSON: &str = "application/json";

impl Edge {
    /// Answers a probe. Ready is 503, with the reason, while instances are loaded and when the database refuses writes.
    pub(super) fn probe(&self, method: &Method, path: &str) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let body = json!({"Message": format!("{path} is read with GET")});
            return plain(StatusCode::METHOD_NOT_ALLOWED, JSON, body.to_string());
        }
        match path {
            "/health/live" => plain(StatusCode::OK, JSON, json!({"Status": "live"}).to_string()),
            "/health/ready" => match self.backend.ready() {
                Ok(()) => plain(StatusCode::OK, JSON, json!({"Status": "ready"}).to_string()),
                Err(reason) => {
                    let body = json!({"Status": "unavailable", "Reason": reason});
                    plain(StatusCode::SERVICE_UNAVAILABLE, JSON, body.to_string())
                }
            },
            METRICS => plain(
                StatusCode::OK,
                "text/plain; version=0.0.4; charset=utf-8",
                self.metrics.render() + &self.backend.metrics(),
            ),
            _ => {
                let body = json!({"Message": format!("no probe {path}; there are /health/live and /health/ready")});
                plain(StatusCode::NOT_FOUND, JSON, body.to_string())
            }
        }
    }
}
