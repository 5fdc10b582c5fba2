//! Labels, query and body to the operation's input.

use api::facts::{Location, Shape, Structure};
use api::{Operation, OperationFacts};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::check::{self, Violation};
use crate::{Route, WireError, fingerprint, percent};

/// A request as its operation's input: every member has the JSON type of its shape, labels and query are among the
/// members, what the model does not know and what is null is gone, timestamps are epoch seconds.
///
/// Whether the values keep the model's constraints is known too, but said only by [`Bound::checked`] and [`typed`]:
/// between the two the edge can authorize, so that nobody learns limits who may not even ask.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The operation.
    pub operation: &'static OperationFacts,
    /// The input, an object.
    pub value: Value,
    /// Set where the operation has an idempotency token and the request gives one.
    pub idempotency: Option<Idempotency>,
    violation: Option<Violation>,
}

impl Bound {
    /// The first constraint of the model that the request breaks.
    pub fn violation(&self) -> Option<WireError> {
        self.violation.as_ref().map(|violation| violation.to_error(self.operation))
    }

    /// The same, once it is known to keep the model's constraints.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException` or `InvalidRequestException` that names the member, the rule and what was given.
    pub fn checked(self) -> Result<Self, WireError> {
        match self.violation() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// What makes a call repeatable (`start-task-contact.md` section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The `ClientToken`.
    pub token: String,
    /// SHA-256 of the input without the token, in a canonical form that is the same in all versions.
    pub fingerprint: [u8; 32],
}

/// Reads labels, query and body as the input of the route's operation.
///
/// The body counts as `{}` where it is empty, and is not read where the operation has no member in it. Members that the
/// operation does not have are ignored. Of two parameters or members of the same name the last one counts.
///
/// # Errors
///
/// `BadRequestException` where something is not JSON or has the wrong type; `NotImplemented` where the operation has
/// no types.
pub fn bind(route: &Route, raw_query: &str, body: &[u8]) -> Result<Bound, WireError> {
    let operation = route.operation;
    let input = operation.input.ok_or_else(|| WireError::not_implemented(operation))?;
    let mut members = read_body(input, body)?;
    for (name, text) in &route.labels {
        let value = match input.member(name) {
            Some(member) => scalar(member.shape, text)
                .map_err(|rule| WireError::bad_request(format!("Invalid request path: {name} {rule}")))?,
            None => Value::from(text.as_str()),
        };
        members.insert((*name).to_owned(), value);
    }
    read_query(input, raw_query, &mut members)?;
    let violation = check::input(input, &mut members)?;
    let value = Value::Object(members);
    let idempotency = idempotency(input, &value);
    Ok(Bound { operation, value, idempotency, violation })
}

/// The operation's input, once it is known to keep the model's constraints.
///
/// # Errors
///
/// Those of [`Bound::checked`]; `InternalServiceException` where tables and types contradict each other.
pub fn typed<O: Operation>(bound: Bound) -> Result<O::Input, WireError> {
    debug_assert_eq!(O::FACTS, bound.operation, "the caller dispatches on the operation");
    O::Input::deserialize(bound.checked()?.value)
        .map_err(|error| WireError::internal(format!("input of {}: {error}", O::FACTS.name)))
}

fn read_body(input: &Structure, body: &[u8]) -> Result<Map<String, Value>, WireError> {
    let has_body = input.members.iter().any(|member| member.location == Location::Body);
    if !has_body || body.is_empty() {
        return Ok(Map::new());
    }
    let refused = |why: String| WireError::bad_request(format!("Invalid request body: {why}"));
    match serde_json::from_slice(body).map_err(|error| refused(format!("it is not JSON: {error}")))? {
        Value::Object(mut members) => {
            members.retain(|name, value| {
                !value.is_null() && input.member(name).is_some_and(|member| member.location == Location::Body)
            });
            Ok(members)
        }
        other => Err(refused(format!("it must be an object, not {}", check::kind(&other)))),
    }
}

fn read_query(input: &Structure, raw_query: &str, members: &mut Map<String, Value>) -> Result<(), WireError> {
    if raw_query.is_empty() {
        return Ok(());
    }
    for member in input.members {
        let Location::Query(parameter) = member.location else { continue };
        let mut values = Vec::new();
        for (name, value) in percent::parameters(raw_query) {
            if percent::decode(name) == parameter.as_bytes() {
                let value = percent::decode_text(value).ok_or_else(|| refused_parameter(parameter, "must be UTF-8"))?;
                values.push(value.into_owned());
            }
        }
        let Some(last) = values.last() else { continue };
        let value = match member.shape {
            Shape::List(_) => Value::from(values),
            shape => scalar(shape, last).map_err(|rule| refused_parameter(parameter, rule))?,
        };
        members.insert(member.name.to_owned(), value);
    }
    Ok(())
}

/// The value that a text in the path or the query stands for, or the rule that it breaks.
fn scalar(shape: &Shape, text: &str) -> Result<Value, &'static str> {
    Ok(match shape {
        Shape::Integer { .. } => Value::from(text.parse::<i32>().map_err(|_| "must be a whole number of 32 bits")?),
        Shape::Long { .. } => Value::from(text.parse::<i64>().map_err(|_| "must be a whole number of 64 bits")?),
        Shape::Boolean => Value::from(text.parse::<bool>().map_err(|_| "must be true or false")?),
        _ => Value::from(text),
    })
}

fn refused_parameter(parameter: &str, rule: &str) -> WireError {
    WireError::bad_request(format!("Invalid request query: {parameter} {rule}"))
}

fn idempotency(input: &Structure, value: &Value) -> Option<Idempotency> {
    let member = input.members.iter().find(|member| member.idempotency_token)?;
    let token = value.get(member.name)?.as_str()?.to_owned();
    Some(Idempotency { token, fingerprint: fingerprint::of(value, member.name) })
}
