//! Functions that flows call: the event they are given and the answer they give (flow-language.md section 3, source
//! AG:connect-lambda-functions).

use minicbor::{Decode, Encode};
use serde_json::{Map, Value, json};

use crate::arn::Resource;
use crate::contact::{Contact, SegmentValue};
use crate::flow::json::Json;
use crate::flow::reference::View;
use crate::id::RunId;
use crate::queue::QueueKind;

/// Longest answer of a function, in bytes of UTF-8.
pub const ANSWER_BYTES_MAX: usize = 32_768;
/// Longest time of a call that a run waits for, with its retries, in seconds.
pub const SECONDS_MAX: u32 = 8;
/// Longest time of a call that no run waits for, in seconds.
pub const ASYNCHRONOUS_SECONDS_MAX: u32 = 60;

/// What the answer of a function has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AnswerForm {
    /// An object whose members are scalars.
    #[n(0)]
    StringMap,
    /// Any object.
    #[n(1)]
    Json,
}

/// A function to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall {
    /// Equal when the call is made again, and only then.
    pub id: String,
    /// The run that calls.
    pub run: RunId,
    /// The step it is at.
    pub step: u64,
    /// ARN of the function, as the flow gives it.
    pub function: String,
    /// The event it is given, as JSON.
    pub event: String,
    /// How long it may take, with retries: 1 to [`SECONDS_MAX`], or to [`ASYNCHRONOUS_SECONDS_MAX`] when no run waits.
    pub seconds: u32,
    /// Whether the run waits for [`Event::FunctionAnswered`](crate::contact::Event::FunctionAnswered).
    pub waits: bool,
}

/// Parts of the ARN of a function without a version or an alias: `arn:aws:lambda:<region>:<account>:function:<name>`.
const UNQUALIFIED_PARTS: usize = 7;

/// Whether AssociateLambdaFunction with the ARN `allowed` lets flows call the function with the ARN `called`: the same,
/// or, when `allowed` has neither version nor alias, a version or an alias of it.
pub fn is_allowed_by(allowed: &str, called: &str) -> bool {
    let behind = called.strip_prefix(allowed);
    behind.is_some_and(|behind| {
        let unqualified = allowed.split(':').count() == UNQUALIFIED_PARTS;
        behind.is_empty() || (unqualified && behind.strip_prefix(':').is_some_and(|qualifier| !qualifier.is_empty()))
    })
}

/// Reads an answer; an error says what is wrong with it.
pub(crate) fn read_answer(text: &str, form: AnswerForm) -> Result<Json, String> {
    if text.len() > ANSWER_BYTES_MAX {
        return Err(format!("the answer has {} bytes, at most {ANSWER_BYTES_MAX} are allowed", text.len()));
    }
    let answer: Value = serde_json::from_str(text).map_err(|error| format!("the answer is not JSON: {error}"))?;
    let Value::Object(members) = answer else {
        return Err("the answer is no JSON object".to_owned());
    };
    let members = match form {
        AnswerForm::Json => members,
        AnswerForm::StringMap => scalars(members)?,
    };
    Ok(Json::from(Value::Object(members)))
}

/// The members as texts. One that is null is as if it were not there.
fn scalars(members: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let text = |(key, value): (String, Value)| match value {
        Value::Null => None,
        Value::String(text) => Some(Ok((key, Value::String(text)))),
        Value::Bool(_) | Value::Number(_) => Some(Ok((key, Value::String(value.to_string())))),
        Value::Array(_) | Value::Object(_) => Some(Err(format!(
            "member {key:?} of the answer is no text: for nested answers set ResponseValidation.ResponseType to JSON"
        ))),
    };
    members.into_iter().filter_map(text).collect()
}

/// The event of a call. What a task does not have is null.
pub(crate) fn event(view: &View<'_>, parameters: &Json) -> String {
    let View { contact, chain, env, .. } = *view;
    let scope = env.scope();
    let references = contact.references.iter().map(|(key, reference)| {
        (key.clone(), json!({"Type": reference.reference_type.as_str(), "Value": reference.value}))
    });
    let segment = contact.segment_attributes(scope);
    let segment = segment.iter().map(|(key, value)| (key.clone(), segment_value(value)));
    json!({
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": chain.attributes,
                "AwsRegion": scope.region,
                "Channel": "TASK",
                "ContactId": contact.id.to_string(),
                "CustomerEndpoint": null,
                "CustomerId": contact.customer_id,
                "Description": contact.description,
                "InitialContactId": contact.chain_id().to_string(),
                "InitiationMethod": contact.initiation_method.as_str(),
                "InstanceARN": scope.instance_arn(),
                "LanguageCode": contact.language_code,
                "MediaStreams": {"Customer": {"Audio": null}},
                "Name": contact.name,
                "PreviousContactId": contact.previous.map(|id| id.to_string()),
                "Queue": queue(view, contact),
                "References": references.collect::<Map<_, _>>(),
                "RelatedContactId": contact.related.map(|id| id.to_string()),
                "SegmentAttributes": segment.collect::<Map<_, _>>(),
                "SystemEndpoint": null,
                "Tags": contact.tags,
            },
            "Parameters": Value::from(parameters),
        },
    })
    .to_string()
}

fn queue(view: &View<'_>, contact: &Contact) -> Value {
    let Some(queue) = contact.target_queue.and_then(|id| view.env.queue(id)) else { return Value::Null };
    let scope = view.env.scope();
    let (arn, name) = match (queue.kind, queue.agent()) {
        (QueueKind::Agent, Some(user)) => (scope.arn(Resource::AgentQueue(user)), None),
        (QueueKind::Agent | QueueKind::Standard, _) => {
            (scope.arn(Resource::Queue(queue.id)), Some(queue.name.as_str()))
        }
    };
    json!({"ARN": arn, "Name": name, "OutboundCallerId": null})
}

fn segment_value(value: &SegmentValue) -> Value {
    match value {
        SegmentValue::String(text) => json!({"ValueString": text}),
        SegmentValue::Integer(number) => json!({"ValueInteger": number}),
        SegmentValue::Arn(arn) => json!({"ValueArn": arn}),
        SegmentValue::Map(map) => {
            let members = map.iter().map(|(key, value)| (key.clone(), segment_value(value)));
            json!({"ValueMap": members.collect::<Map<_, _>>()})
        }
        SegmentValue::List(list) => json!({"ValueList": list.iter().map(segment_value).collect::<Vec<_>>()}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, form: AnswerForm) -> String {
        match read_answer(text, form) {
            Ok(json) => json.text().unwrap_or_default(),
            Err(why) => why,
        }
    }

    #[test]
    fn an_arn_without_a_version_allows_all_versions() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        for called in [arn.to_owned(), format!("{arn}:7"), format!("{arn}:live")] {
            assert!(is_allowed_by(arn, &called), "{called}");
        }
        for called in [format!("{arn}g"), format!("{arn}:"), "f".to_owned()] {
            assert!(!is_allowed_by(arn, &called), "{called}");
        }
        let version = format!("{arn}:7");
        assert!(is_allowed_by(&version, &version));
        assert!(!is_allowed_by(&version, arn));
        assert!(!is_allowed_by(&version, &format!("{version}:1")));
    }

    #[test]
    fn a_string_map_has_scalars_alone() {
        let read = |text: &str| shown(text, AnswerForm::StringMap);
        assert_eq!(read(r#"{"a":"x","b":1.50,"c":true,"d":null}"#), r#"{"a":"x","b":"1.5","c":"true"}"#);
        assert_eq!(read("{}"), "{}");
        assert!(read(r#"{"a":{}}"#).starts_with("member \"a\" of the answer is no text"));
    }

    #[test]
    fn json_has_an_inside() {
        let read = |text: &str| shown(text, AnswerForm::Json);
        assert_eq!(read(r#"{"a":{"b":[1]},"c":null}"#), r#"{"a":{"b":[1]},"c":null}"#);
        assert_eq!(read("[1]"), "the answer is no JSON object");
        assert_eq!(read("\"x\""), "the answer is no JSON object");
        assert!(read("x").starts_with("the answer is not JSON"));
    }

    #[test]
    fn an_answer_has_at_most_32_kb() {
        let answer = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
        assert_eq!(shown(&answer(ANSWER_BYTES_MAX), AnswerForm::Json).len(), ANSWER_BYTES_MAX);
        let long = shown(&answer(ANSWER_BYTES_MAX + 1), AnswerForm::StringMap);
        assert_eq!(long, "the answer has 32769 bytes, at most 32768 are allowed");
    }
}
