use engine::flow::FlowType;
use engine::flow::validate::{Resolver, validate};
use expect_test::expect;
use serde_json::json;

use super::*;

fn flow(actions: &Value, metadata: &Value) -> Flow {
    let content = json!({"Version": "2019-10-30", "StartAction": "a", "Metadata": metadata, "Actions": actions});
    Flow {
        file: "f.json".into(),
        name: "f".into(),
        publishable: Publishable::Flow(FlowType::ContactFlow),
        told_by: ToldBy::Nobody,
        content: content.to_string(),
        id: None,
    }
}

#[test]
fn references_are_found_with_the_names_that_the_console_gave() {
    let action = |id: &str, kind: &str, parameters: Value| {
        json!({"Identifier": id, "Type": kind, "Parameters": parameters, "Transitions": {
            "NextAction": "e", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "e"}]}})
    };
    let arn = |rest: &str| format!("arn:aws:connect:eu-west-1:111122223333:instance/i/{rest}");
    let flow = flow(
        &json!([
            action("a", "UpdateContactTargetQueue", json!({"QueueId": arn("queue/q1")})),
            action("b", "UpdateContactTargetQueue", json!({"QueueId": "{{queues.basic}}"})),
            action("c", "UpdateContactTargetQueue", json!({"QueueId": "$.Attributes.queue"})),
            action("d", "UpdateContactEventHooks", json!({"EventHooks": {"CustomerQueue": arn("contact-flow/f1")}})),
            action("g", "InvokeFlowModule", json!({"FlowModuleId": arn("flow-module/m1:live")})),
            action("h", "MessageParticipant", json!({"PromptId": arn("prompt/p1")})),
        ]),
        &json!({"ActionMetadata": {
            "a": {"parameters": {"QueueId": {"displayName": "Orders"}}},
            "d": {"hook": {"id": arn("contact-flow/f1"), "text": "Waiting"}},
        }}),
    );
    let mut table = String::new();
    for reference in references::of(&flow).unwrap() {
        let (noun, given) = (reference.noun(), &reference.given);
        table += &format!("{noun} {given}: {:?} as {}\n", reference.name, reference.flow_type.as_str());
    }
    expect![[r#"
        flow arn:aws:connect:eu-west-1:111122223333:instance/i/contact-flow/f1: "Waiting" as CUSTOMER_QUEUE
        flow module arn:aws:connect:eu-west-1:111122223333:instance/i/flow-module/m1: "flow module m1" as CONTACT_FLOW
        prompt arn:aws:connect:eu-west-1:111122223333:instance/i/prompt/p1: "prompt p1" as CONTACT_FLOW
        queue arn:aws:connect:eu-west-1:111122223333:instance/i/queue/q1: "Orders" as CONTACT_FLOW
        queue {{queues.basic}}: "queue {{queues.basic}}" as CONTACT_FLOW
    "#]]
    .assert_eq(&table);
}

#[test]
fn files_of_all_wrappings_are_read() {
    let content = r#"{"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}"#;
    let quoted = serde_json::to_string(content).unwrap();
    let described = format!(r#"{{"ContactFlow":{{"Id":"f1","Name":"D","Type":"QUEUE_TRANSFER","Content":{quoted}}}}}"#);
    let wrapped = format!(r#"{{"Name":"W","Type":"CONTACT_FLOW","Content":{quoted}}}"#);
    let mut table = String::new();
    for text in [content, &wrapped, &described, "{}", "x"] {
        let mut lines = Vec::new();
        let file = FlowFile { name: "flows/orders.json".into(), text: text.to_owned() };
        table += &match read(&file, None, &mut lines) {
            Ok(Flow { name, publishable, told_by, id, .. }) => {
                format!("{name} {publishable} {told_by:?} {id:?} {lines:?}\n")
            }
            Err(error) => format!("{error:#}\n"),
        };
    }
    expect![[r#"
        orders CONTACT_FLOW Nobody None []
        W CONTACT_FLOW Wrapping None []
        D QUEUE_TRANSFER Wrapping Some("f1") []
        orders CONTACT_FLOW Nobody None []
        Invalid request: the content is not JSON (expected value at line 1 column 1)
    "#]]
    .assert_eq(&table);
}

#[test]
fn a_file_is_what_another_refers_to_it_as() {
    let hook = |key: &str, flow: &str| json!({"EventHooks": {(key): flow}});
    let action = |id: &str, kind: &str, parameters: Value| {
        json!({"Identifier": id, "Type": kind, "Parameters": parameters, "Transitions": {
            "NextAction": "e", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "e"}]}})
    };
    let main = flow(
        &json!([
            action("a", "UpdateContactEventHooks", hook("AgentWhisper", "Whisper")),
            action("b", "UpdateContactEventHooks", hook("CustomerQueue", "{{flows.Waiting.arn}}")),
            action("c", "InvokeFlowModule", json!({"FlowModuleId": "Part"})),
            action("d", "TransferToFlow", json!({"ContactFlowId": "Second"})),
        ]),
        &json!({"ActionMetadata": {"b": {"hook": {"id": "{{flows.Waiting.arn}}", "text": "Waiting"}}}}),
    );
    let named = |name: &str, told_by| {
        let one = flow(&json!([{"Identifier": "a", "Type": "X", "Parameters": {}, "Transitions": {}}]), &json!({}));
        Flow { name: name.into(), file: format!("{name}.json"), told_by, ..one }
    };
    let mut flows = vec![main];
    flows.extend(["Whisper", "Waiting", "Part", "Second"].map(|name| named(name, ToldBy::Nobody)));
    flows.push(named("Whisper", ToldBy::Wrapping));
    let mut lines = Vec::new();
    settle_types(&mut flows, &mut lines).unwrap();
    let settled: Vec<String> = flows.iter().map(|flow| format!("{} {}", flow.name, flow.publishable)).collect();
    expect![[r#"
        f CONTACT_FLOW
        Whisper AGENT_WHISPER
        Waiting CUSTOMER_QUEUE
        Part MODULE
        Second CONTACT_FLOW
        Whisper CONTACT_FLOW
        note: f.json does not say what it is and is imported as CONTACT_FLOW; --type names another
        note: Second.json does not say what it is and is imported as CONTACT_FLOW; --type names another
    "#]]
    .assert_eq(&format!("{}\n{}\n", settled.join("\n"), lines.join("\n")));
}

#[test]
fn there_is_a_stand_in_of_every_type() {
    struct Nothing;
    impl Resolver for Nothing {
        fn exists(&self, _: Resolves, _: &str) -> bool {
            false
        }
    }
    for flow_type in FlowType::ALL {
        let document = Document::parse(instance::flow_stand_in(*flow_type)).unwrap();
        assert_eq!(validate(&document, *flow_type, &Nothing), [], "{flow_type}");
    }
}
