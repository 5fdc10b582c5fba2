//! Is a flow valid? Asked when it is published. All problems are found at once, in the words of the live service
//! (`problems` of model/flow-actions.json); what an action may have is in the table, not here.

mod parameters;
mod problem;
mod transitions;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

pub use problem::Problem;

use crate::flow::FlowType;
use crate::flow::document::{Document, VERSION, scalar_text};
use crate::flow::module::ModuleContract;
pub use crate::flow::table::Resolves;
use crate::flow::table::{ActionRule, When, table};
use crate::reference_map;
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
    /// Whether there is such a resource. `id` is what stands in the flow, without the ARN around it; behind the id of a
    /// flow or a module may be a version or an alias.
    fn exists(&self, kind: Resolves, id: &str) -> bool;

    /// What a reference that leads to nothing in the instance means here, by the
    /// [`ReferenceMap`](crate::reference_map::ReferenceMap). Without an instance there is no map.
    fn mapped(&self, _given: &str) -> Option<String> {
        None
    }

    /// What a module takes and gives, when it declares that; calls of one that does not are not compared. `id` is as it
    /// is for [`exists`](Resolver::exists).
    fn module_contract(&self, _id: &str) -> Option<ModuleContract> {
        None
    }
}

/// Whether a reference leads to something: of the instance, or where the map leads. There are no prompts in an
/// instance, because a task hears none: one that is mapped is known.
fn is_known(resolver: &dyn Resolver, kind: Resolves, given: &str) -> bool {
    let exists = |id: &str| resolver.exists(kind, id).then_some(());
    reference_map::look_up(given, |given| resolver.mapped(given), exists).is_some()
        || (kind == Resolves::Prompt && resolver.mapped(given).is_some())
}

/// All problems of a flow, none when it can be published as one of this type; at most 50.
pub fn validate(document: &Document, flow_type: FlowType, resolver: &dyn Resolver) -> Vec<Problem> {
    check(document, Publication::Flow(flow_type), resolver)
}

/// All problems of a module, none when it can be published; at most 50. Its results are held to the contract, when
/// there is one.
pub fn validate_module(
    document: &Document,
    contract: Option<&ModuleContract>,
    resolver: &dyn Resolver,
) -> Vec<Problem> {
    check(document, Publication::Module(contract), resolver)
}

/// What a document is to become.
#[derive(Clone, Copy)]
enum Publication<'a> {
    Flow(FlowType),
    Module(Option<&'a ModuleContract>),
}

impl Publication<'_> {
    /// Whether it is to be one of these types of flow, or there are none.
    fn is_one_of(self, flow_types: &[String]) -> bool {
        let is = |flow_type: FlowType| flow_types.iter().any(|name| name == flow_type.as_str());
        flow_types.is_empty() || matches!(self, Publication::Flow(flow_type) if is(flow_type))
    }

    /// Why an action may not be in it: what a live instance was seen to refuse.
    fn refuses(self, rule: &ActionRule) -> Option<String> {
        match self {
            Publication::Flow(flow_type) if rule.flow_types.refuse(flow_type) => {
                let allowed = rule.flow_types.allowed.join(", ");
                Some(format!("{} is for {allowed}, and this is to be a {flow_type}", rule.action_type))
            }
            Publication::Flow(_) | Publication::Module(_) => None,
        }
    }
}

fn check(document: &Document, publication: Publication<'_>, resolver: &dyn Resolver) -> Vec<Problem> {
    let mut problems = Problems::default();
    let Some(actions) = document.root.get("Actions").and_then(Value::as_array) else {
        problems.add("", problem::NOT_A_DOCUMENT, "a flow is an object with Version, StartAction and a list Actions");
        return problems.finish();
    };
    check_document(document, publication, actions, &mut problems);
    let identifiers: HashSet<&str> = actions.iter().filter_map(|a| a.get("Identifier")?.as_str()).collect();
    let scene = Scene { publication, identifiers, resolver };
    for (index, action) in actions.iter().enumerate() {
        match action.as_object() {
            Some(action) => check_action(index, action, &scene, &mut problems),
            None => problems.value(format!("Actions[{index}]"), "an action is an object"),
        }
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
                let hint = format!("the Wait {name:?} is reached while this one lets the flow continue");
                problems.add(
                    format!("Actions[{index}].Transitions.Conditions"),
                    problem::WAIT_IN_CONTINUE_BRANCH,
                    hint,
                );
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

fn check_document(document: &Document, publication: Publication<'_>, actions: &[Value], problems: &mut Problems) {
    if document.root.get("Version").and_then(Value::as_str) != Some(VERSION) {
        problems.value("Version", format!("give {VERSION:?}"));
    }
    if matches!(publication, Publication::Flow(_)) && document.root.get("Settings").is_some() {
        problems.name("Settings", "only the content of a module has Settings");
    }
    let max = table().document.max_actions;
    if actions.len() > max {
        let hint = format!("it has {}: move some to another flow or a module", actions.len());
        problems.add("Actions", format!("More than {max} actions in Actions"), hint);
    }
    match document.start() {
        None => problems.missing("StartAction", "name the Identifier of the first action"),
        Some(start) if !actions.iter().any(|action| text(action, "Identifier") == Some(start)) => {
            problems.value("StartAction", format!("no action has the Identifier {start:?}"));
        }
        Some(_) => {}
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, action) in actions.iter().enumerate().filter(|(_, action)| action.is_object()) {
        let path = format!("Actions[{index}].Identifier");
        match text(action, "Identifier") {
            None => problems.missing(path, "give each action a unique Identifier"),
            Some(name) if !is_identifier(name) => {
                let rule = &table().document.identifier;
                let (most, none_of) = (rule.max_length, &rule.forbidden_characters);
                let hint =
                    format!("give 1 to {most} characters, none of {none_of}, and no member name of JavaScript objects");
                problems.value(path, hint);
            }
            Some(name) => {
                if let Some(first) = places.insert(name, index) {
                    problems.value(path, format!("Actions[{first}] has the Identifier {name:?}, too"));
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

/// What all actions of a document are checked against.
struct Scene<'a> {
    publication: Publication<'a>,
    identifiers: HashSet<&'a str>,
    resolver: &'a dyn Resolver,
}

/// One action and where it is.
struct Subject<'a> {
    index: usize,
    rule: &'a ActionRule,
    parameters: &'a Map<String, Value>,
    transitions: &'a Map<String, Value>,
    scene: &'a Scene<'a>,
    /// Of the module that the action invokes, when that is known.
    invoked: Option<&'a ModuleContract>,
    /// Of the module that the action is in, when there is one.
    own: Option<&'a ModuleContract>,
}

fn check_action(index: usize, action: &Map<String, Value>, scene: &Scene<'_>, problems: &mut Problems) {
    let action_type = match action.get("Type") {
        Some(Value::String(name)) => name.as_str(),
        Some(_) => return problems.value(format!("Actions[{index}].Type"), "the type is a string"),
        None => return problems.missing(format!("Actions[{index}].Type"), "name the type of the action"),
    };
    let Some(rule) = table().action(action_type) else {
        let hint = match table().right_name(action_type) {
            Some(right) => format!("the type is called {right}"),
            None => "the language has no such type".to_owned(),
        };
        return problems.action_type(index, action_type, hint);
    };
    if let Some(why) = scene.publication.refuses(rule) {
        problems.action_type(index, action_type, why);
    }
    let none = Map::new();
    let mut part = |name: &str| match action.get(name) {
        None => Some(&none),
        Some(Value::Object(object)) => Some(object),
        Some(_) => {
            problems.value(format!("Actions[{index}].{name}"), "give an object");
            None
        }
    };
    let (Some(parameters), Some(transitions)) = (part("Parameters"), part("Transitions")) else { return };
    let module = parameters.get("FlowModuleId").and_then(Value::as_str);
    let contract = |id: &str| scene.resolver.module_contract(id);
    let invoked =
        module.and_then(|module| reference_map::look_up(module, |given| scene.resolver.mapped(given), contract));
    let own = match scene.publication {
        Publication::Module(contract) => contract,
        Publication::Flow(_) => None,
    };
    let subject = Subject { index, rule, parameters, transitions, scene, invoked: invoked.as_ref(), own };
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
