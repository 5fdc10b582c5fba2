//! A request of the Connect API, in the order in which it is judged: authenticate, route, parse, authorize, shape,
//! and then the operation itself (`start-task-contact.md` section 3, "validation order").

use ::http::request::Parts;
use hyper::body::Incoming;
use wire::{WireError, bind, encode_success, route};

use super::{Answer, Edge, body, refused, request_id, signed_head, whole};

/// What requests that reached no operation are counted under.
const NO_OPERATION: &str = "None";

impl Edge {
    /// Answers a request; also the operation's name, to count it by.
    pub(super) async fn operation(&self, head: &Parts, body: Incoming) -> (&'static str, Answer) {
        let request_id = request_id();
        let mut name = NO_OPERATION;
        match self.try_operation(head, body, &mut name).await {
            Ok(body) => (name, encode_success(body, &request_id).map(whole)),
            Err(error) => (name, refused(&error, &request_id, name)),
        }
    }

    async fn try_operation(&self, head: &Parts, body: Incoming, name: &mut &'static str) -> Result<Vec<u8>, WireError> {
        let body = body::read(&head.headers, body, self.body_limits).await?;
        let signed = signed_head(head);
        let caller = self.authenticate(&signed, &body)?;
        let route = route(signed.method, signed.raw_path)?;
        *name = route.operation.name;
        if let Some(throttle) = &self.throttle {
            throttle.admit(route.operation)?;
        }
        let bound = bind(&route, signed.raw_query, &body)?;
        drop(body);
        self.backend.call(bound, self.keys.caller(caller.access_key_id)).await
    }
}
