//! Reading a request's body, within bounds of size and time.

use std::time::Duration;

use ::http::HeaderMap;
use ::http::header::EXPECT;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;
use wire::WireError;

/// How many times the largest body is read and thrown away, so that a client that sends first and reads later learns
/// why it is refused.
const DISCARDED_BODIES_MAX: usize = 8;

/// Bounds of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes_max: usize,
    pub(super) timeout: Duration,
}

/// Reads a body to its end, or refuses it.
pub(super) async fn read(headers: &HeaderMap, body: Incoming, limits: Limits) -> Result<Bytes, WireError> {
    let read = async {
        let mut body = body;
        if body.size_hint().lower() > limits.bytes_max as u64 {
            // A client that asks first has not sent anything yet.
            if !headers.contains_key(EXPECT) {
                discard(&mut body, limits).await;
            }
            return Err(WireError::too_large(limits.bytes_max));
        }
        match Limited::new(&mut body, limits.bytes_max).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                discard(&mut body, limits).await;
                Err(WireError::too_large(limits.bytes_max))
            }
            Err(_) => Err(WireError::bad_request("the connection broke before the body was complete")),
        }
    };
    timeout(limits.timeout, read).await.unwrap_or_else(|_| {
        let message = format!("the body did not arrive within {} seconds", limits.timeout.as_secs());
        Err(WireError::front_door("RequestTimeoutException", 408, message))
    })
}

async fn discard(body: &mut Incoming, limits: Limits) {
    let mut left = limits.bytes_max.saturating_mul(DISCARDED_BODIES_MAX);
    while left > 0
        && let Some(Ok(frame)) = body.frame().await
    {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
    }
}
