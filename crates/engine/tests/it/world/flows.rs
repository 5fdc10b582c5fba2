//! Flows in a short form.

use serde_json::{Value, json};

use super::{ANN, BASIC, NOON, OTHER, flow_id};

/// The content of a flow written as one action a line: identifier, type, parameters without blanks, and branches
/// `next=target`, `ErrorType=target`, `Operator:operand=target`; or as JSON. The first action is the start.
pub(crate) fn content(text: &str) -> String {
    let text = text
        .replace("BASIC", &BASIC.to_string())
        .replace("OTHER", &OTHER.to_string())
        .replace("NOON", &NOON.to_string())
        .replace("MAIN", &flow_id("main").to_string())
        .replace("ANN", &ANN.to_string());
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let actions: Vec<Value> = lines.iter().map(|line| action(line)).collect();
    json!({"Version": "2019-10-30", "StartAction": actions[0]["Identifier"], "Actions": actions}).to_string()
}

fn action(line: &str) -> Value {
    if line.starts_with('{') {
        return serde_json::from_str(line).unwrap();
    }
    let mut words = line.splitn(3, ' ');
    let (identifier, action_type) = (words.next().unwrap(), words.next().unwrap());
    let rest = words.next().unwrap_or_default();
    let (parameters, branches) = match rest.rfind('}') {
        Some(end) => (serde_json::from_str(&rest[..=end]).unwrap(), &rest[end + 1..]),
        None => (json!({}), rest),
    };
    let (mut transitions, mut errors, mut conditions) = (json!({}), Vec::new(), Vec::new());
    for branch in branches.split_whitespace() {
        let (what, target) = branch.rsplit_once('=').unwrap();
        match what.split_once(':') {
            Some((operator, operand)) => conditions
                .push(json!({"NextAction": target, "Condition": {"Operator": operator, "Operands": [operand]}})),
            None if what == "next" => transitions["NextAction"] = json!(target),
            None => errors.push(json!({"ErrorType": what, "NextAction": target})),
        }
    }
    if !branches.trim().is_empty() {
        transitions["Errors"] = json!(errors);
        transitions["Conditions"] = json!(conditions);
    }
    json!({"Identifier": identifier, "Type": action_type, "Parameters": parameters, "Transitions": transitions})
}
