//! The wire protocol: rest-json and Signature Version 4, as functions over bytes.
//!
//! No domain, no I/O, no clock: what time it is, is an argument. A request goes through these, in this order
//! (`start-task-contact.md` section 3, "validation order"):
//!
//! 1. [`sigv4::verify`] authenticates the raw bytes.
//! 2. [`route`](fn@route) finds the operation and the labels of the path.
//! 3. [`bind`](fn@bind) parses query and body: wrong types are refused here. The edge can authorize on what it returns.
//! 4. [`typed`] refuses what breaks a constraint of the model, and gives the operation's input.
//! 5. [`encode_output`] or [`encode_error`] makes the answer.
//!
//! Everything works by the tables of `api`: no operation has code of its own here.

mod bind;
mod check;
mod error;
mod fingerprint;
mod percent;
mod response;
mod route;
pub mod sigv4;
mod time;

pub use bind::{Bound, Idempotency, bind, typed};
pub use error::WireError;
pub use response::{encode_error, encode_output, encode_success};
pub use route::{Route, route};

/// What of a request comes before its body.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method, such as `PUT`.
    pub method: &'a str,
    /// The path as it was sent, percent-encoded, without the query.
    pub raw_path: &'a str,
    /// The query as it was sent, without `?`; empty where there is none.
    pub raw_query: &'a str,
    /// The headers. One of HTTP/2 needs `host` set from `:authority`.
    pub headers: &'a http::HeaderMap,
}
