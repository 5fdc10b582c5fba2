//! The wire protocol from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod fingerprint;
mod never_panics;
mod responses;
mod rest_json;
mod sigv4_published;
mod sigv4_refusals;
