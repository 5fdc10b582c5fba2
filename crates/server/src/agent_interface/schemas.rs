//! What the interface answers with, as JSON schemas. A member whose name ends in `?` here need not be there.

use serde_json::{Map, Value, json};

/// The schemas that the document's operations refer to, by name.
pub fn schemas() -> Value {
    let (text, time, number, flag) = (kind("string"), time(), kind("integer"), kind("boolean"));
    let (text_or_null, time_or_null) = (nullable("string"), nullable("string"));
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let status = |since: &str| json!({"AgentStatusId": text, "Name": text_or_null, "Type": text, since: time});
    json!({
        "Error": object(json!({"Type": text, "Message": text})),
        "Done": object(json!({})),
        "Session": object(json!({
            "Token": text, "InstanceId": text, "UserId": text,
            "ExpiresAt": described("integer", "Epoch seconds."),
        })),
        "Queue": or_null(object(json!({"QueueId": text, "Name": text_or_null}))),
        "Snapshot": object(json!({
            "User": object(json!({
                "UserId": text, "Arn": text, "Username": text, "FirstName": text_or_null, "LastName": text_or_null,
            })),
            "InstanceId": text,
            "Status": object(status("StartTimestamp")),
            "NextStatus": or_null(object(status("EnqueuedTimestamp"))),
            "Statuses": list(object(json!({"AgentStatusId": text, "Name": text, "Type": text}))),
            "Presence": {"type": "string", "enum": ["PROGRAM", "STREAMING", "GONE", "ABSENT"],
                         "description": "Whether an event stream is open; PROGRAM where none ever was."},
            "GetsOffers": flag,
            "RoutingProfile": or_null(object(json!({
                "RoutingProfileId": text,
                "Name": text,
                "Slots": list(object(json!({
                    "Channel": text, "Maximum": number, "Active": number, "Available": number,
                }))),
            }))),
            "AutoAccept": flag,
            "AfterContactWorkSeconds": number,
            "Contacts": list(reference("ContactAtAgent")),
            "ContactsNotShown": described("integer", "Contacts for which the snapshot has no room."),
        })),
        "ContactAtAgent": object(json!({
            "ContactId": text, "InitialContactId": text, "Channel": text, "InitiationMethod": text,
            "State": {"type": "string",
                      "enum": ["CONNECTING", "CONNECTED", "PAUSED", "MISSED", "REJECTED", "ENDED", "ERROR"]},
            "StateStartTimestamp": time,
            "ConnectedToAgentTimestamp": time_or_null,
            "Queue": reference("Queue"),
            "QueueTimestamp": time_or_null,
            "Actions": {"type": "array", "items": text, "description": "What can be done: last parts of paths."},
            "PreviousContactId?": text_or_null,
            "RelatedContactId?": text_or_null,
            "Name?": text,
            "DetailsVersion?": described("string", "Changes with what GET contacts/{ContactId} shows."),
            "OfferEndTimestamp?": time_or_null,
            "AfterContactWorkEndTimestamp?": time_or_null,
            "ExpiryTimestamp?": time_or_null,
            "ExpiresSoon?": flag,
        })),
        "Contact": object(json!({
            "ContactId": text, "DetailsVersion": text,
            "InitialContactId": text_or_null, "PreviousContactId": text_or_null, "RelatedContactId": text_or_null,
            "InitiationMethod": text, "InitiationTimestamp": time, "ScheduledTimestamp": time_or_null,
            "Name": text, "Description": text_or_null,
            "References": list(object(json!({
                "Name": text, "Type": text, "Value": text, "Status": text_or_null, "StatusReason": text_or_null,
            }))),
            "Attributes": texts, "Tags": texts,
            "Queue": reference("Queue"),
            "TaskTemplate": or_null(object(json!({
                "TaskTemplateId": text, "Name": text,
                "Fields": or_null(list(object(json!({
                    "Name": text, "Type": text_or_null, "Description": text_or_null, "Value": text_or_null,
                })))),
            }))),
            "CreatedByUserId": text_or_null,
        })),
        "MadeContact": object(json!({"ContactId": text})),
        "QuickConnects": object(json!({"QuickConnects": list(object(json!({
            "QuickConnectId": text, "Name": text, "Description": text_or_null, "Type": text,
        })))})),
        "TaskTemplates": object(json!({"TaskTemplates": list(object(json!({
            "InstanceId": text, "Id": text, "Arn": text, "Name": text, "Description?": text, "ContactFlowId?": text,
            "SelfAssignFlowId?": text, "Status": text,
            "Constraints?": kind("object"), "Defaults?": kind("object"), "Fields": list(kind("object")),
            "LastModifiedTime": kind("number"), "CreatedTime": kind("number"), "Tags": texts,
        })))})),
        "Worklist": object(json!({
            "Contacts": list(object(json!({
                "ContactId": text, "Name": text, "Queue": reference("Queue"), "EnqueueTimestamp": time_or_null,
                "QueuePriority": number,
            }))),
            "More": flag,
        })),
    })
}

/// A schema of this name.
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn kind(name: &str) -> Value {
    json!({"type": name})
}

fn nullable(name: &str) -> Value {
    json!({"type": [name, "null"]})
}

fn described(name: &str, description: &str) -> Value {
    json!({"type": name, "description": description})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn list(items: Value) -> Value {
    Value::Object(Map::from_iter([("type".to_owned(), json!("array")), ("items".to_owned(), items)]))
}

fn or_null(schema: Value) -> Value {
    Value::Object(Map::from_iter([("anyOf".to_owned(), Value::Array(vec![schema, kind("null")]))]))
}

fn object(members: Value) -> Value {
    let Value::Object(members) = members else { unreachable!("members are written as an object") };
    let is_required = |name: &&String| !name.ends_with('?');
    let required: Vec<String> = members.keys().filter(is_required).cloned().collect();
    let properties: Map<String, Value> =
        members.into_iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "required": required})
}
