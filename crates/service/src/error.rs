//! What a caller is told when a call is refused.
//!
//! The exception is AWS's, the message is ours: it names the thing, the rule and the way out. The message goes to the
//! client, the cause to the log; neither is derived from the other.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};

use engine::ContactId;
use engine::refusal::{Refusal, StateChange};
use engine::start_task::segment;

use crate::tx::Need;

/// A refusal or a failure, as the client will see it.
#[derive(Debug)]
pub struct ApiError {
    /// Name of the exception, as in the API model, such as `InvalidRequestException`.
    pub exception: &'static str,
    /// What the client reads.
    pub message: String,
    /// Further members of the exception, such as `PropertyList`.
    pub members: Map<String, Value>,
    /// What the log reads; never sent.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// An exception of the given name with a message for the client.
    pub fn new(exception: &'static str, message: impl Into<String>) -> Self {
        ApiError { exception, message: message.into(), members: Map::new(), cause: None }
    }

    /// 400: the request contradicts itself or the state of what it names.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new("InvalidRequestException", message)
    }

    /// 400: one member has a value that is not allowed.
    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// 404: what the request names does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    /// 409: the name is taken.
    pub fn duplicate(message: impl Into<String>) -> Self {
        Self::new("DuplicateResourceException", message)
    }

    /// 402: a quota of the newer operations.
    pub fn service_quota(message: impl Into<String>) -> Self {
        Self::new("ServiceQuotaExceededException", message)
    }

    /// 429: a quota of the older operations.
    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new("LimitExceededException", message)
    }

    /// 500: our fault. The client learns that much; the cause is logged.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        ApiError {
            exception: "InternalServiceException",
            message: "the service could not complete the request; it is safe to send it again with the same token"
                .into(),
            members: Map::new(),
            cause: Some(cause.into()),
        }
    }

    /// Adds a member to the exception's body.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.members.insert(member.to_owned(), value);
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exception, self.message)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Why a handler stopped before its end.
#[derive(Debug)]
pub enum Halt {
    /// The call is refused; nothing changes.
    Refused(ApiError),
    /// Records that are not in memory are needed; the loop fetches them and runs the handler again.
    Need(Need),
}

impl From<ApiError> for Halt {
    fn from(error: ApiError) -> Self {
        Halt::Refused(error)
    }
}

impl From<Need> for Halt {
    fn from(need: Need) -> Self {
        Halt::Need(need)
    }
}

/// Too many calls wait already: ThrottlingException where the operation declares it, else the code that every SDK
/// retries as well (`authorization.md` 7.1).
pub fn throttled(operation: &str, text: impl Into<String>) -> ApiError {
    const THROTTLING: &str = "ThrottlingException";
    let declared = api::operation(operation).is_none_or(|facts| facts.declares(THROTTLING));
    ApiError::new(if declared { THROTTLING } else { "TooManyRequestsException" }, text)
}

/// The instance is not in the registry (`observed-errors.md` E-I6).
pub fn instance_not_found(given: &str) -> ApiError {
    ApiError::not_found(format!("Instance not found: {given}; ListInstances shows the instances there are"))
}

/// The contact is not in the instance, or older than the retention.
pub fn contact_not_found(id: &ContactId) -> ApiError {
    ApiError::not_found(format!("Resource not found: no contact {id} in this instance"))
}

/// A resource of a known kind is not in the instance.
pub fn resource_not_found(kind: &str, given: &str) -> ApiError {
    ApiError::not_found(format!("Resource not found: no {kind} {given} in this instance"))
}

/// The name of a new or renamed resource is taken (`observed-errors.md` 3.10).
pub fn name_exists(kind: &str, name: &str) -> ApiError {
    ApiError::duplicate(format!("{kind} name already exists for the instance: {name:?}; choose another name"))
}

/// What is to be deleted is needed by the resource of this ARN. Its `ResourceType` is added where the model has a word
/// for it (`observed-errors.md` S5).
pub fn resource_in_use(text: impl Into<String>, arn: String) -> ApiError {
    ApiError::new("ResourceInUseException", text).with("ResourceId", Value::String(arn))
}

/// How operations that declare an exception for it refuse a token that was used with other parameters.
pub fn idempotency(halt: Halt) -> Halt {
    match halt {
        Halt::Refused(error) => Halt::Refused(ApiError { exception: "IdempotencyException", ..error }),
        need @ Halt::Need(_) => need,
    }
}

impl From<Refusal> for ApiError {
    /// The exception of each refusal (`start-task-contact.md` section 3; the text is the engine's).
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::NotScheduled { .. }
            | Refusal::ContactEnded(_)
            | Refusal::InvalidReference { .. }
            | Refusal::ReferencesTooLarge { .. }
            | Refusal::NoFlowSource
            | Refusal::TwoFlowSources { .. }
            | Refusal::TemplateWithoutFlow(_)
            | Refusal::TemplateWithoutQuickConnectField(_)
            | Refusal::PreviousAndRelated
            | Refusal::SelfAssignment { .. }
            | Refusal::TemplateInactive(_)
            | Refusal::FlowUnusable { .. }
            | Refusal::WrongState { change: StateChange::Offer | StateChange::Transfer, .. }
            | Refusal::NotOffered { .. }
            | Refusal::AgentFull { .. }
            | Refusal::AcceptedBefore { .. }
            | Refusal::NotWithAgent { .. }
            | Refusal::NotEnded { .. }
            | Refusal::NotDismissable { .. }
            | Refusal::AgentStatusDisabled(_)
            | Refusal::NothingToUpdate => ApiError::invalid_request(text),
            // R11: the assignment is a matter of several members, so it is the request that is wrong.
            Refusal::SegmentValue { key, .. } if key == segment::ASSIGNMENT_TYPE => ApiError::invalid_request(text),
            Refusal::AttachmentName { .. } => {
                ApiError::invalid_request(text).with("Reason", file_reason("INVALID_FILE_NAME"))
            }
            Refusal::AttachmentType { .. } => {
                ApiError::invalid_request(text).with("Reason", file_reason("INVALID_FILE_TYPE"))
            }
            Refusal::WrongState { change: StateChange::Pause | StateChange::Resume, .. } => {
                ApiError::new("ConflictException", text)
            }
            Refusal::WrongState { change: StateChange::Routing, .. } => {
                ApiError::new("ResourceConflictException", text)
            }
            Refusal::TooManyReschedules { .. } | Refusal::TooManyPauses { .. } | Refusal::TooManyPausedTasks { .. } => {
                ApiError::limit_exceeded(text)
            }
            Refusal::ScheduledInPast { .. }
            | Refusal::ScheduledTooFar { .. }
            | Refusal::ExpiryOutOfRange { .. }
            | Refusal::AttributeKey { .. }
            | Refusal::AttributesTooLarge { .. }
            | Refusal::SegmentKey { .. }
            | Refusal::SegmentValue { .. }
            | Refusal::TemplateField { .. }
            | Refusal::QuickConnectKind { .. }
            | Refusal::TagKeyLength { .. }
            | Refusal::TagKeyReserved { .. }
            | Refusal::TagKeyCharacter { .. }
            | Refusal::TagValueLength { .. }
            | Refusal::TooManyTags { .. }
            | Refusal::PriorityAndAdjustment
            | Refusal::NoRoutingData
            | Refusal::QueuePriority(_)
            | Refusal::RoutingCriteria { .. } => ApiError::invalid_parameter(text),
            Refusal::TooManyLinkedTasks { .. } | Refusal::ChainTooLong { .. } => ApiError::service_quota(text),
            Refusal::CreatedByUnknown(_)
            | Refusal::UserUnknown(_)
            | Refusal::FlowUnknown(_)
            | Refusal::QueueUnknown(_)
            | Refusal::HoursUnknown(_) => ApiError::not_found(format!("Resource not found: {text}")),
        }
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Halt::Refused(refusal.into())
    }
}

/// The `Reason` union of InvalidRequestException (`observed-errors.md` S6).
fn file_reason(reason: &str) -> Value {
    serde_json::json!({ "AttachedFileInvalidRequestExceptionReason": reason })
}
