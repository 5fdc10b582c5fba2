//! Is a flow valid? Asked when it is published. All problems are found at once, in the words of the live service
//! (`problems` of model/flow-actions.json); what an action may have is in the table, not here.

mod parameters;
mod problem;
mod transitions;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

pub use problem::Problem;

use crate::flow::FlowType;
use crate::flow::document::scalar_text;
use crate::flow::document::{Document, VERSION};
pub use crate::flow::table::Resolves;
use crate::flow::table::{ActionRule, When, table};
use problem::Problems;

/// Names that no Identifier may have, because they are members of every JavaScript object.
const FORBIDDEN_IDENTIFIERS: &[&str] = &[
    "__proto__",
    "constructor",
    "__defineGetter__",
    "__defineSetter__",
    "toString",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "valueOf",
];

/// Tells whether a literal id in a flow leads to something of the instance. Kinds that are not to be checked exist.
pub trait Resolver {
    /// Whether there is such a resource. `id` is what stands in the flow, without the ARN around it.
    fn exists(&self, kind: Resolves, id: &str) -> bool;
}

/// All problems of a flow, none when it can be published as one of this type; at most 50.
pub fn validate(document: &Document, flow_type: FlowType, resolver: &dyn Resolver) -> Vec<Problem> {
    let mut problems = Problems::default();
    let Some(actions) = document.root.get("Actions").and_then(Value::as_array) else {
        problems.add("", problem::NOT_A_DOCUMENT);
        return problems.finish();
    };
    check_document(document, actions, &mut problems);
    let identifiers: HashSet<&str> = actions.iter().filter_map(|a| a.get("Identifier")?.as_str()).collect();
    for (index, action) in actions.iter().enumerate() {
        let Some(action) = action.as_object() else {
            problems.value(format!("Actions[{index}]"));
            continue;
        };
        check_action(index, action, flow_type, &identifiers, resolver, &mut problems);
    }
    if actions.len() <= table().document.max_actions {
        check_continue_branches(actions, &mut problems);
    }
    problems.finish()
}

/// A Wait that lets the flow continue meanwhile: no other Wait may follow on that branch.
fn check_continue_branches(actions: &[Value], problems: &mut Problems) {
    let by_name: HashMap<&str, &Value> = actions.iter().filter_map(|a| Some((text(a, "Identifier")?, a))).collect();
    let is_wait = |action: &Value| text(action, "Type") == Some("Wait");
    let continues =
        |branch: &Value| branch.pointer("/Condition/Operands/0").and_then(Value::as_str) == Some("Continue");
    for (index, action) in actions.iter().enumerate().filter(|(_, action)| is_wait(action)) {
        let starts = branches(action, "Conditions").iter().filter(|branch| continues(branch));
        let mut open: Vec<&str> = starts.filter_map(|branch| text(branch, "NextAction")).collect();
        let mut seen: HashSet<&str> = text(action, "Identifier").into_iter().collect();
        while let Some(name) = open.pop() {
            let Some(next) = by_name.get(name).filter(|_| seen.insert(name)) else { continue };
            if is_wait(next) {
                problems.add(format!("Actions[{index}].Transitions.Conditions"), problem::WAIT_IN_CONTINUE_BRANCH);
                break;
            }
            open.extend(next.get("Transitions").and_then(|transitions| text(transitions, "NextAction")));
            for list in ["Errors", "Conditions"] {
                open.extend(branches(next, list).iter().filter_map(|branch| text(branch, "NextAction")));
            }
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn branches<'a>(action: &'a Value, name: &str) -> &'a [Value] {
    let list = action.get("Transitions").and_then(|transitions| transitions.get(name)?.as_array());
    list.map_or(&[], Vec::as_slice)
}

fn check_document(document: &Document, actions: &[Value], problems: &mut Problems) {
    if document.root.get("Version").and_then(Value::as_str) != Some(VERSION) {
        problems.value("Version");
    }
    if document.root.get("Settings").is_some() {
        problems.name("Settings");
    }
    let max = table().document.max_actions;
    if actions.len() > max {
        problems.add("Actions", format!("More than {max} actions in Actions"));
    }
    let start = document.start();
    if start.is_none() {
        problems.missing("StartAction");
    } else if !actions.iter().any(|action| action.get("Identifier").and_then(Value::as_str) == start) {
        problems.value("StartAction");
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, action) in actions.iter().enumerate() {
        let path = format!("Actions[{index}].Identifier");
        match action.get("Identifier").and_then(Value::as_str) {
            None => problems.missing(path),
            Some(name) if !is_identifier(name) => problems.value(path),
            Some(name) => {
                if places.insert(name, index).is_some() {
                    problems.value(path);
                }
            }
        }
    }
}

fn is_identifier(name: &str) -> bool {
    let rule = &table().document.identifier;
    !name.is_empty()
        && name.chars().count() <= rule.max_length
        && !name.chars().any(|c| rule.forbidden_characters.contains(c))
        && !FORBIDDEN_IDENTIFIERS.contains(&name)
}

/// One action and where it is.
struct Subject<'a> {
    index: usize,
    rule: &'a ActionRule,
    parameters: &'a Map<String, Value>,
    transitions: &'a Map<String, Value>,
    identifiers: &'a HashSet<&'a str>,
    resolver: &'a dyn Resolver,
}

fn check_action(
    index: usize,
    action: &Map<String, Value>,
    flow_type: FlowType,
    identifiers: &HashSet<&str>,
    resolver: &dyn Resolver,
    problems: &mut Problems,
) {
    let action_type = match action.get("Type") {
        Some(Value::String(name)) => name.as_str(),
        Some(_) => return problems.value(format!("Actions[{index}].Type")),
        None => return problems.missing(format!("Actions[{index}].Type")),
    };
    let Some(rule) = table().action(action_type) else { return problems.action_type(index, action_type) };
    let only_in_modules = action_type == "EndFlowModuleExecution";
    if only_in_modules || rule.flow_types.refusal_seen_live_in.iter().any(|refused| refused == flow_type.as_str()) {
        problems.action_type(index, action_type);
    }
    let none = Map::new();
    let mut part = |name: &str| match action.get(name) {
        None => Some(&none),
        Some(Value::Object(object)) => Some(object),
        Some(_) => {
            problems.value(format!("Actions[{index}].{name}"));
            None
        }
    };
    let (Some(parameters), Some(transitions)) = (part("Parameters"), part("Transitions")) else { return };
    let subject = Subject { index, rule, parameters, transitions, identifiers, resolver };
    parameters::check(&subject, problems);
    transitions::check(&subject, problems);
}

/// The value at a dotted name.
fn lookup<'a>(parameters: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let value = parameters.get(first)?;
    match rest {
        None => Some(value),
        Some(rest) => lookup(value.as_object()?, rest),
    }
}

/// Whether the parameters have the values that a rule depends on.
fn holds(when: &When, parameters: &Map<String, Value>) -> bool {
    when.iter().all(|(name, wanted)| {
        let value = lookup(parameters, name);
        match wanted {
            Value::Array(any) => any.iter().any(|wanted| has(value, wanted.as_str().unwrap_or_default())),
            Value::String(wanted) => has(value, wanted),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        }
    })
}

fn has(value: Option<&Value>, wanted: &str) -> bool {
    let contains = |element: &str| {
        value.and_then(Value::as_array).is_some_and(|list| list.iter().any(|given| given.as_str() == Some(element)))
    };
    match wanted.split_once(' ') {
        None if wanted == "present" => value.is_some(),
        None if wanted == "absent" => value.is_none(),
        Some(("contains", element)) => contains(element),
        Some(("lacks", element)) => !contains(element),
        _ => value.and_then(scalar_text).is_some_and(|given| given.eq_ignore_ascii_case(wanted)),
    }
}

#[cfg(test)]
mod tests;
