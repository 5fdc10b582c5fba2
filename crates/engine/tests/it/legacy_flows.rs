//! An export of the old console with a module of every type that is known, and the actions that they become.

use engine::flow::FlowType;
use engine::flow::document::Document;
use engine::flow::legacy::convert;
use engine::flow::validate::{Resolver, Resolves, validate};
use expect_test::expect;
use serde_json::{Value, json};

struct KnowsAll;

impl Resolver for KnowsAll {
    fn exists(&self, _: Resolves, _: &str) -> bool {
        true
    }
}

/// A module: type and target, parameters, and the conditions of its branches, which all lead to the end.
fn module(place: usize, (kind, parameters, branches): &(&str, Value, &[&str])) -> Value {
    let (kind, target) = kind.split_once(' ').map_or((*kind, Value::Null), |(kind, target)| (kind, json!(target)));
    let branch = |condition: &&str| match condition.split_once(':') {
        Some((comparison, value)) => {
            json!({"condition": "Evaluate", "conditionType": comparison, "conditionValue": value, "transition": "end"})
        }
        None => json!({"condition": condition, "transition": "end"}),
    };
    let branches: Vec<Value> = branches.iter().map(branch).collect();
    json!({"id": format!("m{place}"), "type": kind, "target": target, "parameters": parameters, "branches": branches})
}

fn modules() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let text = |text: &str, kind: &str| json!([{"name": "Text", "value": text, "namespace": null}, {"name": "TextToSpeechType", "value": kind}]);
    let add = |mut list: Value, more: Value| {
        let (Some(all), Value::Array(more)) = (list.as_array_mut(), more) else { unreachable!() };
        all.extend(more);
        list
    };
    let arn = "arn:aws:connect:us-east-1:000000000000:instance/i/queue/q";
    vec![
        ("PlayPrompt", text("Hello", "text"), &["Success"]),
        ("PlayPrompt", text("<speak>Hello</speak>", "ssml"), &["Success"]),
        ("PlayPrompt", json!([{"name": "AudioPrompt", "value": "prompt"}]), &["Success"]),
        ("PlayPrompt", json!([{"name": "Text", "value": "HOT NEWS", "namespace": "External"}]), &["Success"]),
        (
            "SetAttributes",
            json!([{"name": "Attribute", "key": "a", "value": 1, "namespace": null}, {"name": "Attribute", "key": "b", "value": "Queue.ARN", "namespace": "System"}]),
            &["Success", "Error"],
        ),
        (
            "InvokeExternalResource Lambda",
            json!([{"name": "FunctionArn", "value": "f"}, {"name": "TimeLimit", "value": "3"}, {"name": "Parameter", "key": "p", "value": "x", "namespace": "User Defined"}]),
            &["Success", "Error"],
        ),
        ("Transfer Queue", json!([]), &["AtCapacity", "Error"]),
        ("Transfer Flow", json!([{"name": "ContactFlowId", "value": "", "resourceName": "Other flow"}]), &["Error"]),
        (
            "CheckAttribute",
            json!([{"name": "Attribute", "value": "Stored customer input"}, {"name": "Namespace", "value": "System"}]),
            &["Equals:1", "GreaterThan:5", "LessThanOrEqualTo:7", "StartsWith:x", "Contains:y", "NoMatch"],
        ),
        ("SetQueue", json!([{"name": "Queue", "value": arn}]), &["Success", "Error"]),
        ("SetQueue", json!([{"name": "Agent", "value": "next", "namespace": "External"}]), &["Success", "Error"]),
        (
            "GetUserInput Digits",
            add(text("?", "text"), json!([{"name": "Timeout", "value": "5"}, {"name": "MaxDigits", "value": "1"}])),
            &["Equals:1", "Timeout", "NoMatch", "Error"],
        ),
        (
            "GetUserInput Lex",
            add(
                text("?", "text"),
                json!([{"name": "BotName", "value": "b"}, {"name": "BotAlias", "value": "$LATEST"}, {"name": "BotRegion", "value": "us-west-2"}]),
            ),
            &["Equals:Buy", "NoMatch", "Error"],
        ),
        (
            "StoreUserInput",
            add(
                text("?", "text"),
                json!([{"name": "Timeout", "value": "5"}, {"name": "MaxDigits", "value": 6}, {"name": "EncryptEntry", "value": true}, {"name": "TerminatorDigits", "value": "#"}, {"name": "DisableCancel", "value": false}]),
            ),
            &["Success", "Error"],
        ),
        ("SetLoggingBehavior", json!([{"name": "LoggingBehavior", "value": "Enable"}]), &["Success"]),
        ("SetVoice", json!([{"name": "GlobalVoice", "value": "Joanna"}]), &["Success"]),
        (
            "SetRecordingBehavior",
            json!([{"name": "RecordingBehaviorOption", "value": "Enable"}, {"name": "RecordingParticipantOption", "value": "Both"}]),
            &["Success"],
        ),
        ("SetRecordingBehavior", json!([{"name": "RecordingBehaviorOption", "value": "Disable"}]), &["Success"]),
        (
            "SetEventHook",
            json!([{"name": "Type", "value": "CustomerRemaining"}, {"name": "ContactFlowId", "value": "f"}]),
            &["Success", "Error"],
        ),
        ("StartMediaStreaming", json!([{"name": "Track", "value": "FromCustomer"}]), &["Success", "Error"]),
        (
            "StopMediaStreaming",
            json!([{"name": "Track", "value": "FromCustomer"}, {"name": "Track", "value": "ToCustomer"}]),
            &["Success", "Error"],
        ),
        ("GetMetricData", json!([{"name": "Queue", "value": arn}]), &["Success", "Error"]),
        ("CheckHoursOfOperation", json!([]), &["True", "False", "Error"]),
        (
            "CheckStaffing",
            json!([{"name": "Status", "value": "Available"}, {"name": "Queue", "value": arn}]),
            &["True", "False", "Error"],
        ),
        ("Loop", json!([{"name": "LoopCount", "value": "3"}]), &["Looping", "Complete"]),
        ("Wait", json!([{"name": "TimeoutSeconds", "value": "60"}]), &["Timeout", "Error"]),
    ]
}

#[test]
fn every_module_becomes_a_valid_action() {
    let mut list: Vec<Value> = modules().iter().enumerate().map(|(place, given)| module(place, given)).collect();
    list.push(json!({"id": "end", "type": "Disconnect", "branches": [], "parameters": []}));
    let export = json!({"modules": list, "start": "m0", "type": "contactFlow", "metadata": {}});
    let converted = convert(&export.to_string()).unwrap();
    let document = Document::parse(&converted.content).unwrap();
    assert_eq!(validate(&document, FlowType::ContactFlow, &KnowsAll), []);
    let root: Value = serde_json::from_str(&converted.content).unwrap();
    let branches = |action: &Value, list: &str, name: &str| {
        let list = action["Transitions"][list].as_array().cloned().unwrap_or_default();
        list.iter().map(|branch| branch.pointer(name).unwrap().to_string()).collect::<Vec<_>>().join(" ")
    };
    let mut shown = String::new();
    for action in root["Actions"].as_array().unwrap() {
        let (conditions, errors) =
            (branches(action, "Conditions", "/Condition"), branches(action, "Errors", "/ErrorType"));
        shown += &format!("{} {}\n", action["Type"].as_str().unwrap(), action["Parameters"]);
        let branches = [conditions, errors].join(" ");
        if !branches.trim().is_empty() {
            shown += &format!("    {}\n", branches.trim());
        }
    }
    for note in &converted.notes {
        shown += &format!("{}: {}\n", note.path, note.text);
    }
    expect![[r##"
        MessageParticipant {"Text":"Hello"}
        MessageParticipant {"SSML":"<speak>Hello</speak>"}
        MessageParticipant {"PromptId":"prompt"}
        MessageParticipant {"Text":"$.External['HOT NEWS']"}
        UpdateContactAttributes {"Attributes":{"a":"1","b":"$.Queue.ARN"},"TargetContact":"Current"}
            "NoMatchingError"
        InvokeLambdaFunction {"InvocationTimeLimitSeconds":"3","LambdaFunctionARN":"f","LambdaInvocationAttributes":{"p":"$.Attributes.x"}}
            "NoMatchingError"
        TransferContactToQueue {}
            "QueueAtCapacity" "NoMatchingError"
        TransferToFlow {"ContactFlowId":"Other flow"}
            "NoMatchingError"
        Compare {"ComparisonValue":"$.StoredCustomerInput"}
            {"Operands":["1"],"Operator":"Equals"} {"Operands":["5"],"Operator":"NumberGreaterThan"} {"Operands":["7"],"Operator":"NumberLessOrEqualTo"} {"Operands":["x"],"Operator":"TextStartsWith"} {"Operands":["y"],"Operator":"TextContains"} "NoMatchingCondition"
        UpdateContactTargetQueue {"QueueId":"arn:aws:connect:us-east-1:000000000000:instance/i/queue/q"}
            "NoMatchingError"
        UpdateContactTargetQueue {"AgentId":"$.External.next"}
            "NoMatchingError"
        GetParticipantInput {"InputTimeLimitSeconds":"5","StoreInput":"False","Text":"?"}
            {"Operands":["1"],"Operator":"Equals"} "InputTimeLimitExceeded" "NoMatchingCondition" "NoMatchingError"
        ConnectParticipantWithLexBot {"LexBot":{"Alias":"$LATEST","Name":"b","Region":"us-west-2"},"Text":"?"}
            {"Operands":["Buy"],"Operator":"Equals"} "NoMatchingCondition" "NoMatchingError"
        GetParticipantInput {"DTMFConfiguration":{"DisableCancelKey":"False","InputTerminationSequence":"#"},"InputTimeLimitSeconds":"5","InputValidation":{"CustomValidation":{"MaximumLength":"6"}},"StoreInput":"True","Text":"?"}
            "NoMatchingError"
        UpdateFlowLoggingBehavior {"FlowLoggingBehavior":"Enabled"}
        UpdateContactTextToSpeechVoice {"TextToSpeechVoice":"Joanna"}
        UpdateContactRecordingBehavior {"RecordingBehavior":{"RecordedParticipants":["Agent","Customer"]}}
        UpdateContactRecordingBehavior {"RecordingBehavior":{"RecordedParticipants":[]}}
        UpdateContactEventHooks {"EventHooks":{"CustomerRemaining":"f"}}
            "NoMatchingError"
        UpdateContactMediaStreamingBehavior {"MediaStreamType":"Audio","MediaStreamingState":"Enabled","Participants":[{"MediaDirections":["From"],"ParticipantType":"Customer"}]}
            "NoMatchingError"
        UpdateContactMediaStreamingBehavior {"MediaStreamType":"Audio","MediaStreamingState":"Disabled","Participants":[{"MediaDirections":["From","To"],"ParticipantType":"Customer"}]}
            "NoMatchingError"
        GetMetricData {"QueueId":"arn:aws:connect:us-east-1:000000000000:instance/i/queue/q"}
            "NoMatchingError"
        CheckHoursOfOperation {}
            {"Operands":["True"],"Operator":"Equals"} {"Operands":["False"],"Operator":"Equals"} "NoMatchingError"
        CheckMetricData {"MetricType":"NumberOfAgentsAvailable","QueueId":"arn:aws:connect:us-east-1:000000000000:instance/i/queue/q"}
            {"Operands":["0"],"Operator":"NumberGreaterThan"} "NoMatchingError" "NoMatchingCondition"
        Loop {"LoopCount":"3"}
            {"Operands":["ContinueLooping"],"Operator":"Equals"} {"Operands":["DoneLooping"],"Operator":"Equals"}
        Wait {"TimeLimitSeconds":"60"}
            {"Operands":["WaitCompleted"],"Operator":"Equals"} "NoMatchingError"
        DisconnectParticipant {}
        modules[7]: ContactFlowId has no id: its name "Other flow" stands in its place
        modules[13]: the input was encrypted: set InputEncryption with its key
    "##]].assert_eq(&shown);
}

#[test]
fn modules_of_other_flow_types() {
    let queue = [
        (
            "LoopPrompts",
            json!([{"name": "Text", "value": "Wait", "key": "text"}, {"name": "InterruptSeconds", "value": 120}]),
            &["Timeout", "Error"][..],
        ),
        ("Resume", json!([]), &[][..]),
    ];
    let mut list: Vec<Value> = queue.iter().enumerate().map(|(place, given)| module(place, given)).collect();
    list[0]["branches"][0]["transition"] = json!("m1");
    list[0]["branches"][1]["transition"] = json!("m1");
    let export = json!({"modules": list, "start": "m0", "type": "customerQueue", "metadata": {}});
    let converted = convert(&export.to_string()).unwrap();
    let document = Document::parse(&converted.content).unwrap();
    assert_eq!(validate(&document, FlowType::CustomerQueue, &KnowsAll), []);
    let parameters = serde_json::from_str::<Value>(&converted.content).unwrap()["Actions"][0]["Parameters"].to_string();
    expect![[r#"{"InterruptFrequencySeconds":"120","Messages":[{"Text":"Wait"}]}"#]].assert_eq(&parameters);
}
