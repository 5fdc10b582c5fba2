//! Outputs and errors as responses.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::WireError;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with the output as its body.
pub fn encode_output<T: Serialize>(output: &T, request_id: &str) -> Response<Vec<u8>> {
    let body = serde_json::to_vec(output).expect("outputs are structures of strings, numbers, lists and string maps");
    encode_success(body, request_id)
}

/// 200 with a body that is JSON already.
pub fn encode_success(body: Vec<u8>, request_id: &str) -> Response<Vec<u8>> {
    response(StatusCode::OK, body, request_id)
}

/// The error's status, its type in `x-amzn-ErrorType` and, for old clients, in the body's `__type`
/// (`start-task-contact.md` section 1).
pub fn encode_error(error: &WireError, request_id: &str) -> Response<Vec<u8>> {
    let mut members = error.members.as_deref().cloned().unwrap_or_default();
    if let Some(key) = error.message_key {
        members.insert(key.to_owned(), Value::from(error.message.as_str()));
    }
    members.insert("__type".to_owned(), Value::from(error.name));
    let status = StatusCode::from_u16(error.status).expect("statuses come from the model or from our constructors");
    let mut response = response(status, Value::Object(members).to_string().into_bytes(), request_id);
    response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(error.name));
    response
}

fn response(status: StatusCode, body: Vec<u8>, request_id: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(REQUEST_ID, HeaderValue::from_str(request_id).expect("a request id is a UUID"));
    response
}
