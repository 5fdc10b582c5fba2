//! Outputs and errors as bytes.

use api::shapes::{ProblemDetail, StartTaskContactResponse};
use http::Response;
use serde_json::{Map, Value, json};
use wire::WireError;

const ID: &str = "6f2c1b1e-0000-4000-8000-000000000000";

fn read(response: &Response<Vec<u8>>) -> (u16, Option<&str>, Value) {
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-amzn-requestid"], ID);
    let error_type = response.headers().get("x-amzn-errortype").map(|value| value.to_str().unwrap());
    (response.status().as_u16(), error_type, serde_json::from_slice(response.body()).unwrap())
}

#[test]
fn outputs() {
    let output = StartTaskContactResponse { contact_id: Some("c".into()) };
    assert_eq!(read(&wire::encode_output(&output, ID)), (200, None, json!({"ContactId": "c"})));
    assert_eq!(read(&wire::encode_output(&api::Empty {}, ID)), (200, None, json!({})));
}

#[test]
fn exceptions_of_the_model_have_a_message_with_a_capital() {
    let error = WireError::exception("ServiceQuotaExceededException", "too many");
    assert_eq!(
        read(&wire::encode_error(&error, ID)),
        (
            402,
            Some("ServiceQuotaExceededException"),
            json!({"Message": "too many", "__type": "ServiceQuotaExceededException"})
        )
    );
}

#[test]
fn an_invalid_flow_has_problems_and_no_message() {
    let problems = serde_json::to_value([ProblemDetail { message: Some("Invalid Action error".into()) }]).unwrap();
    let members = Map::from_iter([("problems".to_owned(), problems)]);
    let error = WireError::exception("InvalidContactFlowException", "for the log").with_members(members);
    assert_eq!(
        read(&wire::encode_error(&error, ID)),
        (
            400,
            Some("InvalidContactFlowException"),
            json!({"problems": [{"message": "Invalid Action error"}], "__type": "InvalidContactFlowException"})
        )
    );
}

#[test]
fn the_front_door_has_a_small_message() {
    let error = WireError::bad_request("Invalid request body: why");
    assert_eq!(
        read(&wire::encode_error(&error, ID)),
        (
            400,
            Some("BadRequestException"),
            json!({"message": "Invalid request body: why", "__type": "BadRequestException"})
        )
    );
}

#[test]
fn what_is_not_there_says_so() {
    let operation = api::operation("CreateRule").unwrap();
    let error = WireError::not_implemented(operation);
    assert_eq!((error.status, error.name), (501, "NotImplemented"));
    assert!(error.message.starts_with("CreateRule "));
}

#[test]
fn throttling_uses_what_the_operation_declares() {
    let name = |operation: &str| WireError::throttled(api::operation(operation).unwrap(), "slower").name;
    assert_eq!(name("StartTaskContact"), "ThrottlingException");
    assert_eq!(name("StopContact"), "TooManyRequestsException");
}

#[test]
fn a_name_that_the_model_lacks_is_our_fault() {
    let error = WireError::exception("NoSuchException", "text");
    assert_eq!((error.status, error.name), (500, "InternalServiceException"));
    assert_eq!(error.cause.as_deref(), Some("no exception of the model is named NoSuchException: text"));
}

#[test]
fn an_internal_cause_is_not_sent() {
    let error = WireError::internal("disk on fire");
    let (status, _, body) = read(&wire::encode_error(&error, ID)).clone();
    assert_eq!(status, 500);
    assert!(!body.to_string().contains("fire"));
}
