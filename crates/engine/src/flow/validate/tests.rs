use std::fmt::Write as _;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::flow::defaults::DEFAULT_FLOWS;

/// Ids that contain `unknown` lead nowhere.
struct KnowsMost;

impl Resolver for KnowsMost {
    fn exists(&self, _: Resolves, id: &str) -> bool {
        !id.contains("unknown")
    }
}

fn problems_of(root: &Value, flow_type: FlowType) -> Vec<Problem> {
    let document = Document::parse(&root.to_string()).unwrap();
    validate(&document, flow_type, &KnowsMost)
}

/// Validates a flow of this one action, which may name `a` (itself) and `end`.
#[expect(clippy::needless_pass_by_value, reason = "as expect! is written at the end of a call")]
fn check(action: &str, expected: Expect) {
    let mut first: Value = serde_json::from_str(action).unwrap();
    first.as_object_mut().unwrap().insert("Identifier".into(), json!("a"));
    let end = json!({"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}});
    let root = json!({"Version": "2019-10-30", "StartAction": "a", "Actions": [first, end]});
    let mut shown = String::new();
    for problem in problems_of(&root, FlowType::ContactFlow) {
        writeln!(shown, "{}", problem.message).unwrap();
    }
    expected.assert_eq(&shown);
}

#[test]
fn the_default_flows_are_valid() {
    for flow in DEFAULT_FLOWS {
        let document = Document::parse(flow.content).unwrap();
        assert_eq!(validate(&document, flow.flow_type, &KnowsMost), [], "{}", flow.name);
    }
}

#[test]
fn what_is_no_flow_is_refused_whole() {
    let refused = |content: &str| Document::parse(content).unwrap_err().to_string();
    assert!(refused("{").starts_with("Invalid request: the content is not JSON"));
    assert!(refused("\u{feff}{}").contains("byte order mark"));
    assert!(refused("").starts_with("Invalid request: the content has 0 characters"));
    assert!(refused(&"[".repeat(100_000)).starts_with("Invalid request: the content is not JSON"));
    assert!(refused(r#"{"modules": [], "start": "x"}"#).contains("legacy"));
    let document = Document::parse("{}").unwrap();
    assert_eq!(validate(&document, FlowType::ContactFlow, &KnowsMost)[0].message, "Invalid contact flow format");
}

#[test]
fn the_document_as_a_whole() {
    let end = |name: &str| json!({"Identifier": name, "Type": "DisconnectParticipant", "Transitions": {}});
    let shown = |root: Value| {
        problems_of(&root, FlowType::ContactFlow).into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    let flow = |actions: Vec<Value>| json!({"Version": "2019-10-30", "StartAction": "a", "Actions": actions});
    assert!(shown(flow(vec![end("a")])).is_empty());
    assert_eq!(shown(flow(vec![end("b")])), ["Invalid Action property value. Path: StartAction"]);
    assert_eq!(shown(flow(vec![end("a"), end("a")])), ["Invalid Action property value. Path: Actions[1].Identifier"]);
    for name in ["", "a:b", "constructor", &"x".repeat(51)] {
        let path = "Invalid Action property value. Path: Actions[1].Identifier";
        assert_eq!(shown(flow(vec![end("a"), end(name)])), [path], "{name}");
    }
    let many = (0..251).map(|i| if i == 0 { end("a") } else { end(&format!("a{i}")) }).collect();
    assert_eq!(shown(flow(many)), ["More than 250 actions in Actions"]);
    assert_eq!(
        shown(json!({"Version": "2020", "Actions": [7], "Settings": {}})),
        [
            "Invalid Action property value. Path: Version",
            "Invalid Action property name. Path: Settings",
            "Action is missing required property. Path: StartAction",
            "Invalid Action property value. Path: Actions[0]",
        ]
    );
    let broken: Vec<Value> = (0..100).map(|_| json!({})).collect();
    assert_eq!(shown(flow(broken)).len(), 50);
}

#[test]
fn types_and_flow_types() {
    check(
        r#"{"Type": "PlayPrompt", "Transitions": {}}"#,
        expect![[r#"
        Invalid Action type. Type: PlayPrompt, Path: Actions[0].Type
    "#]],
    );
    check(
        r#"{"Type": "EndFlowExecution", "Transitions": {}}"#,
        expect![[r#"
        Invalid Action type. Type: EndFlowExecution, Path: Actions[0].Type
    "#]],
    );
    check(
        r#"{"Type": "EndFlowModuleExecution", "Transitions": {}}"#,
        expect![[r#"
        Invalid Action type. Type: EndFlowModuleExecution, Path: Actions[0].Type
    "#]],
    );
}

#[test]
fn transitions() {
    check(
        r#"{"Type": "DisconnectParticipant", "Transitions": {"NextAction": "end"}}"#,
        expect![[r#"
        Action does not support transitions. Path: Actions[0]
    "#]],
    );
    check(
        r#"{"Type": "UpdateFlowLoggingBehavior", "Parameters": {"FlowLoggingBehavior": "Enabled"},
            "Transitions": {"Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}}"#,
        expect![[r#"
            Action is missing required property. Path: Actions[0].Transitions.NextAction
            Invalid Action error. Error: NoMatchingError, Path: Actions[0]
        "#]],
    );
    check(
        r#"{"Type": "TransferContactToQueue", "Parameters": {}, "Transitions": {"NextAction": "nowhere",
            "Errors": [{"ErrorType": "QueueAtCapacity", "NextAction": "gone"}],
            "Conditions": [{"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["x"]}}]}}"#,
        expect![[r#"
            Invalid Action property value. Path: Actions[0].Transitions.NextAction
            Invalid Action property value. Path: Actions[0].Transitions.Errors[0].NextAction
            Action is missing required error. Error: NoMatchingError, Path: Actions[0]
            Action does not support conditions
        "#]],
    );
}

#[test]
fn parameters() {
    check(
        r#"{"Type": "Wait", "Parameters": {"TimeoutSeconds": "5"}, "Transitions": {"NextAction": "end",
            "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}],
            "Conditions": [{"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}]}}"#,
        expect![[r#"
            Invalid Action property name. Path: Actions[0].Parameters.TimeoutSeconds
            Action is missing required property. Path: Actions[0].Parameters.TimeLimitSeconds
        "#]],
    );
    check(
        r#"{"Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": "unknown-queue", "AgentId": {}},
            "Transitions": {"NextAction": "end", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}}"#,
        expect![[r#"
            Failed to convert id: unknown-queue
            Invalid Action property value. Path: Actions[0].Parameters.AgentId
            Invalid Action property value. Path: Actions[0].Parameters
        "#]],
    );
    check(
        r#"{"Type": "UpdateContactAttributes", "Parameters": {"Attributes": {"a": "", "b": true, "c": " "}, "TargetContact": "Other"},
            "Transitions": {"NextAction": "end", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}}"#,
        expect![[r#"
            Empty value in Parameters.Attributes
            Invalid Action type. Type: UpdateContactAttributes, Path: Actions[0].Type
            Invalid Action property value. Path: Actions[0].Parameters.TargetContact
        "#]],
    );
    check(
        r#"{"Type": "TagContact", "Parameters": {"Tags": {"1": "a", "2": "a", "3": "a", "4": "a", "5": "a", "6": "a", "7": "a"}},
            "Transitions": {"NextAction": "end", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}}"#,
        expect![[r#"
            More than 6 tags in Parameters.Tags
        "#]],
    );
    check(
        r#"{"Type": "MessageParticipant", "Parameters": {"Text": "a", "SSML": "b"}, "Transitions": {"NextAction": "end"}}"#,
        expect![[r#"
            Only one of these properties may be defined. Properties: [Text, SSML]
        "#]],
    );
    check(
        r#"{"Type": "MessageParticipant", "Parameters": {}, "Transitions": {"NextAction": "end"}}"#,
        expect![[r#"
            At least one of the following properties must be set. Properties: [Parameters.PromptId, Parameters.Text, Parameters.SSML, Parameters.Media]
        "#]],
    );
}

#[test]
fn conditions() {
    check(
        r#"{"Type": "Compare", "Parameters": {"ComparisonValue": "$.External"}, "Transitions": {"NextAction": "end",
            "Errors": [{"ErrorType": "NoMatchingCondition", "NextAction": "end"}],
            "Conditions": [{"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": [""]}},
                           {"NextAction": "gone", "Condition": {"Operator": "Contains", "Operands": ["x"]}}]}}"#,
        expect![[r#"
            Invalid Action property value. Path: Actions[0].Parameters.ComparisonValue
            Invalid branch. Path: 0.Evaluate
            Invalid Action property value. Path: Actions[0].Transitions.Conditions[1].NextAction
            Invalid Action property value. Path: Actions[0].Transitions.Conditions
        "#]],
    );
    check(
        r#"{"Type": "CheckMetricData", "Parameters": {"MetricType": "NumberOfAgentsStaffed"}, "Transitions": {"NextAction": "end",
            "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}, {"ErrorType": "NoMatchingCondition", "NextAction": "end"}]}}"#,
        expect![[r#"
            Action is missing required property. Path: Transitions.Conditions
        "#]],
    );
    check(
        r#"{"Type": "CheckHoursOfOperation", "Parameters": {}, "Transitions": {"NextAction": "end",
            "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}],
            "Conditions": [{"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["True"]}}]}}"#,
        expect![[r#"
            Invalid Action property value. Path: Actions[0].Transitions.Conditions
        "#]],
    );
}

#[test]
fn no_wait_follows_on_the_continue_branch_of_a_wait() {
    let wait = |name: &str, go_on: &str| {
        json!({"Identifier": name, "Type": "Wait",
            "Parameters": {"TimeLimitSeconds": "9", "ContinueExecution": "True", "MinimumWaitTimeSeconds": "1"},
            "Transitions": {"NextAction": "end", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}], "Conditions": [
                {"NextAction": go_on, "Condition": {"Operator": "Equals", "Operands": ["Continue"]}},
                {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}]}})
    };
    let say = |name: &str, next: &str| json!({"Identifier": name, "Type": "MessageParticipant", "Parameters": {"Text": "x"}, "Transitions": {"NextAction": next}});
    let end = json!({"Identifier": "end", "Type": "DisconnectParticipant", "Transitions": {}});
    let shown = |actions: Value| {
        let root = json!({"Version": "2019-10-30", "StartAction": "a", "Actions": actions});
        problems_of(&root, FlowType::ContactFlow).into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    assert_eq!(shown(json!([wait("a", "say"), say("say", "a"), end])), [""; 0]);
    assert_eq!(
        shown(json!([wait("a", "say"), say("say", "b"), wait("b", "end"), end])),
        ["Unsupported Action In Wait Action's Continue Branch."]
    );
}
