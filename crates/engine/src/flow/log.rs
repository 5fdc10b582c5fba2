//! Flow logs: what a contact's flows did as lines of JSON, in the form in which Amazon Connect writes them to a log
//! group (AG:contact-flow-log-data).
//!
//! A line is written for an action when the instance has flow logs (attribute CONTACTFLOW_LOGS) and the contact's flow
//! has turned them on with UpdateFlowLoggingBehavior, see [`TraceEntry::logged`]. The next contact of a chain begins as
//! the one before it ended.

use serde_json::Value;

use crate::arn::{Resource, Scope};
use crate::flow::trace::{NEXT, TraceEntry};
use crate::id::ContactId;

/// ContactFlowModuleType of action types: what the console called their blocks when the logs got their form (`SetQueue`
/// by the page above, the others as in exports of that console). Of newer actions it is their type.
const MODULE_TYPES: &[(&str, &str)] = &[
    ("CheckHoursOfOperation", "CheckHoursOfOperation"),
    ("Compare", "CheckAttribute"),
    ("ConnectParticipantWithLexBot", "GetUserInput"),
    ("DisconnectParticipant", "Disconnect"),
    ("EndFlowExecution", "Resume"),
    ("GetParticipantInput", "GetUserInput"),
    ("InvokeLambdaFunction", "InvokeExternalResource"),
    ("MessageParticipant", "PlayPrompt"),
    ("MessageParticipantIteratively", "LoopPrompts"),
    ("TransferContactToAgent", "Transfer"),
    ("TransferContactToQueue", "Transfer"),
    ("TransferToFlow", "Transfer"),
    ("UpdateContactAttributes", "SetAttributes"),
    ("UpdateContactEventHooks", "SetEventHook"),
    ("UpdateContactRecordingBehavior", "SetRecordingBehavior"),
    ("UpdateContactTargetQueue", "SetQueue"),
    ("UpdateContactTextToSpeechVoice", "SetVoice"),
    ("UpdateFlowLoggingBehavior", "SetLoggingBehavior"),
];

/// The line of an action, without a line feed. `name` is that of the module when the action is in one, else of the
/// flow; none when it is deleted.
///
/// Parameters have the names of the flow language. `Results` is the branch taken, when it is not the only one;
/// `ExternalResults` what a function answered; `Error`, which Amazon Connect does not have, says in words why an error
/// was the result.
pub fn line(entry: &TraceEntry, contact: ContactId, scope: &Scope, name: Option<&str>) -> String {
    let source = match entry.module {
        Some(module) => Resource::ContactFlowModule(module),
        None => Resource::ContactFlow(entry.flow),
    };
    let module_type = MODULE_TYPES.iter().find(|(action_type, _)| *action_type == entry.action_type);
    let mut line = String::from("{");
    let mut add = |field: &str, json: &str| {
        line.push_str(if line.len() > 1 { ",\"" } else { "\"" });
        line.push_str(field);
        line.push_str("\":");
        line.push_str(json);
    };
    let text = |text: &str| Value::from(text).to_string();
    add("ContactId", &text(&contact.to_string()));
    add("ContactFlowId", &text(&scope.arn(source)));
    if let Some(name) = name {
        add("ContactFlowName", &text(name));
    }
    add("ContactFlowModuleType", &text(module_type.map_or(&entry.action_type, |(_, name)| name)));
    add("Identifier", &text(&entry.action));
    add("Timestamp", &text(&entry.at.to_string()));
    if let Some(parameters) = &entry.parameters {
        add("Parameters", parameters);
    }
    if entry.result != NEXT {
        add("Results", &text(&entry.result));
    }
    if let Some(output) = &entry.output {
        add("ExternalResults", output);
    }
    if let Some(error) = &entry.error {
        add("Error", &text(error));
    }
    line.push('}');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ContactFlowId, ContactFlowModuleId, InstanceId, RunId};
    use crate::time::Timestamp;

    #[test]
    fn a_line_is_json_in_the_form_of_amazon_connect() {
        let mut entry = TraceEntry {
            at: Timestamp(1_767_787_200_000),
            run: RunId(1),
            step: 3,
            flow: ContactFlowId::from_bytes([0xf1; 16]),
            module: None,
            action: "Lo\"ok".into(),
            action_type: "InvokeLambdaFunction".into(),
            parameters: Some(r#"{"LambdaFunctionARN":"arn"}"#.into()),
            result: NEXT.into(),
            error: None,
            next: Some("b".into()),
            output: Some(r#"{"a":"b"}"#.into()),
            logged: true,
        };
        let contact = ContactId::from_bytes([0xcc; 16]);
        let scope = Scope {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            instance: InstanceId::from_bytes([1; 16]),
        };
        let arn = scope.instance_arn();
        let id = contact.to_string();
        assert_eq!(
            line(&entry, contact, &scope, Some("Main")),
            format!(
                r#"{{"ContactId":"{id}","ContactFlowId":"{arn}/contact-flow/{}","ContactFlowName":"Main","ContactFlowModuleType":"InvokeExternalResource","Identifier":"Lo\"ok","Timestamp":"2026-01-07T12:00:00.000Z","Parameters":{{"LambdaFunctionARN":"arn"}},"ExternalResults":{{"a":"b"}}}}"#,
                entry.flow
            )
        );
        let module = ContactFlowModuleId::from_bytes([0xab; 16]);
        entry.module = Some(module);
        entry.action_type = "TagContact".into();
        (entry.parameters, entry.output) = (None, None);
        (entry.result, entry.error) = ("NoMatchingError".into(), Some("why".into()));
        assert_eq!(
            line(&entry, contact, &scope, None),
            format!(
                r#"{{"ContactId":"{id}","ContactFlowId":"{arn}/flow-module/{module}","ContactFlowModuleType":"TagContact","Identifier":"Lo\"ok","Timestamp":"2026-01-07T12:00:00.000Z","Results":"NoMatchingError","Error":"why"}}"#
            )
        );
    }
}
