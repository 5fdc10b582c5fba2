//! What a client is told when a request fails.

use std::fmt;

use api::OperationFacts;
use serde_json::{Map, Value};

/// An error on its way to the client.
///
/// Those of Connect itself come from the model and carry `Message`; those of the front door (signature, routing, body)
/// carry `message`, as seen in `authorization.md` 7.1 and `observed-errors.md` S2.
#[derive(Debug, Clone, PartialEq)]
pub struct WireError {
    /// The type, as SDKs match on it.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What the client reads.
    pub message: String,
    /// What the log reads, never the client. Set where the fault is ours.
    pub cause: Option<String>,
    /// The body's member for the message, if the type has one.
    pub(crate) message_key: Option<&'static str>,
    /// Further members of the body. Boxed because few errors have any.
    pub(crate) members: Option<Box<Map<String, Value>>>,
}

impl WireError {
    /// An exception of the model. Its status and whether it has a message are facts of the model.
    ///
    /// A name that the model does not have is a fault of ours and becomes [`internal`](Self::internal).
    pub fn exception(name: &str, message: impl Into<String>) -> Self {
        let Some(facts) = api::exception(name) else {
            return Self::internal(format!("no exception of the model is named {name}: {}", message.into()));
        };
        WireError {
            name: facts.name,
            status: facts.status,
            message: message.into(),
            cause: None,
            message_key: facts.has_message.then_some("Message"),
            members: None,
        }
    }

    /// The same error with further members in its body, such as `PropertyList`.
    pub fn with_members(self, members: Map<String, Value>) -> Self {
        WireError { members: (!members.is_empty()).then(|| Box::new(members)), ..self }
    }

    /// A further member of its body, such as `problems`.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.as_ref()?.get(name)
    }

    /// An error that no model holds; SDKs raise it as a generic client error.
    pub fn front_door(name: &'static str, status: u16, message: impl Into<String>) -> Self {
        WireError { name, status, message: message.into(), cause: None, message_key: Some("message"), members: None }
    }

    /// 400: query, path or body cannot be read as the operation's input (`observed-errors.md` 3.10).
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::front_door("BadRequestException", 400, message)
    }

    /// 404: no operation has this method and path (`authorization.md` 7.1).
    pub fn unknown_operation(method: &str, raw_path: &str) -> Self {
        let path: String = raw_path.chars().take(PATH_SHOWN_CHARACTERS_MAX).collect();
        let message = format!("no operation has method {method} and path {path}; see the API reference for the paths");
        Self::front_door("UnknownOperationException", 404, message)
    }

    /// 413: the body is longer than the edge reads.
    pub fn too_large(bytes_max: usize) -> Self {
        let message = format!("the body is longer than {bytes_max} bytes");
        Self::front_door("RequestEntityTooLargeException", 413, message)
    }

    /// 429: the request is refused to protect the service; it may be sent again later. `TooManyRequestsException` where
    /// the operation does not declare `ThrottlingException` (`authorization.md` 7.1).
    pub fn throttled(operation: &OperationFacts, message: impl Into<String>) -> Self {
        let declared = operation.declares("ThrottlingException");
        Self::exception(if declared { "ThrottlingException" } else { "TooManyRequestsException" }, message)
    }

    /// 500: our fault; the client learns only that.
    pub fn internal(cause: impl Into<String>) -> Self {
        let message = "the service could not complete the request; sending it again with the same token is safe";
        WireError { cause: Some(cause.into()), ..Self::exception("InternalServiceException", message) }
    }

    /// 501: an operation of the API that this service does not have.
    pub fn not_implemented(operation: &OperationFacts) -> Self {
        let message = format!("{} is an operation of the API that this service does not have", operation.name);
        Self::front_door("NotImplemented", 501, message)
    }
}

/// How much of an unknown path is repeated.
const PATH_SHOWN_CHARACTERS_MAX: usize = 200;

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.name, self.message)
    }
}

impl std::error::Error for WireError {}
