//! What flows refer to by literal ids.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use engine::arn::id_of;
use engine::flow::FlowType;
use engine::flow::document::Document;
use engine::flow::export::Publishable;
use engine::flow::validate::{Resolver, Resolves, validate, validate_module};
use serde_json::Value;

use super::{Flow, NAME_CHARS_MAX};

/// What prompts are mapped to: a task hears none.
pub const SILENCE: &str = "silence";

/// A literal id in a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it leads to.
    pub kind: Resolves,
    /// As it stands in the flow, without version or alias.
    pub given: String,
    /// The name of what it leads to, as far as the flow tells it.
    pub name: String,
    /// The type that a flow must have for what refers to it.
    pub flow_type: FlowType,
}

impl Reference {
    /// The id at its end.
    pub fn id(&self) -> &str {
        id_of(&self.given)
    }

    /// What it leads to, in words.
    pub fn noun(&self) -> &'static str {
        match self.kind {
            Resolves::Flow => "flow",
            Resolves::Module => "flow module",
            Resolves::Queue => "queue",
            Resolves::Prompt => "prompt",
            Resolves::HoursOfOperation => "hours of operation",
        }
    }
}

/// The ids that a flow holds. The validator finds those that it would refuse; the flows of event hooks, which are looked
/// for only when it runs, are added.
pub fn of(flow: &Flow) -> anyhow::Result<Vec<Reference>> {
    let found = Found::default();
    let document = Document::parse(&flow.content)?;
    match flow.publishable {
        Publishable::Flow(flow_type) => validate(&document, flow_type, &found),
        Publishable::Module => validate_module(&document, None, &found),
    };
    let root: Value = serde_json::from_str(&flow.content)?;
    let mut found = found.0.into_inner();
    let hooks = hooks(&root).filter_map(|(_, flow)| flow.as_str()).filter(|flow| !flow.starts_with('$'));
    found.extend(hooks.map(|flow| (flow.to_owned(), Resolves::Flow)));
    let reference = |(given, kind): (String, Resolves)| {
        let given = without_edition(given);
        let mut reference = Reference { kind, name: String::new(), flow_type: needed_type(&root, &given), given };
        let told = told_name(&root, &reference.given).filter(|name| *name != reference.given);
        let name = told.unwrap_or_else(|| match is_name(&reference.given) {
            true => reference.given.clone(),
            false => format!("{} {}", reference.noun(), reference.id()),
        });
        reference.name = name.chars().take(NAME_CHARS_MAX).collect();
        reference
    };
    Ok(found.into_iter().map(reference).collect())
}

/// A resolver that knows nothing and writes down what it is asked.
#[derive(Default)]
struct Found(RefCell<BTreeMap<String, Resolves>>, Cell<Option<Resolves>>);

impl Resolver for Found {
    fn exists(&self, kind: Resolves, _: &str) -> bool {
        self.1.set(Some(kind));
        false
    }

    fn mapped(&self, given: &str) -> Option<String> {
        if let Some(kind) = self.1.get() {
            self.0.borrow_mut().insert(given.to_owned(), kind);
        }
        None
    }
}

/// Whether a reference is the name of a resource, as old exports have it, and neither an id nor a placeholder.
fn is_name(given: &str) -> bool {
    given.chars().all(|c| c.is_alphanumeric() || " -_".contains(c)) && given.parse::<uuid::Uuid>().is_err()
}

/// A reference without the version or alias behind its id: the map carries that over.
fn without_edition(given: String) -> String {
    let id = id_of(&given);
    match id.split_once(':').filter(|_| !id.starts_with("arn:")) {
        Some((_, edition)) => given[..given.len() - edition.len() - 1].to_owned(),
        None => given,
    }
}

/// The type of the flow that an event hook refers to; every other action refers to inbound flows.
fn needed_type(root: &Value, given: &str) -> FlowType {
    let hook = hooks(root).find(|(_, flow)| flow.as_str() == Some(given));
    match hook.map(|(hook, _)| hook.as_str()) {
        Some("AgentHold") => FlowType::AgentHold,
        Some("AgentWhisper") => FlowType::AgentWhisper,
        Some("CustomerHold") => FlowType::CustomerHold,
        Some("CustomerQueue") => FlowType::CustomerQueue,
        Some("CustomerWhisper") => FlowType::CustomerWhisper,
        _ => FlowType::ContactFlow,
    }
}

/// The event hooks that a flow sets, with their flows.
fn hooks(root: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let actions = root.get("Actions").and_then(Value::as_array).into_iter().flatten();
    actions.filter_map(|action| action.pointer("/Parameters/EventHooks")?.as_object()).flatten()
}

/// The name that the console wrote into the metadata, beside the parameter or beside the id.
fn told_name(root: &Value, given: &str) -> Option<String> {
    let metadata = root.get("Metadata")?;
    let actions = root.get("Actions").and_then(Value::as_array).into_iter().flatten();
    let beside_parameter = actions.into_iter().find_map(|action| {
        let of_action = metadata.get("ActionMetadata")?.get(action.get("Identifier")?.as_str()?)?;
        let (parameter, _) = action.get("Parameters")?.as_object()?.iter().find(|(_, value)| *value == given)?;
        Some(of_action.pointer(&format!("/parameters/{parameter}/displayName"))?.as_str()?.to_owned())
    });
    beside_parameter.or_else(|| beside_id(metadata, given)).filter(|name| !name.trim().is_empty())
}

fn beside_id(value: &Value, given: &str) -> Option<String> {
    match value {
        Value::Object(map) => {
            let is_it = map.values().any(|value| value == given);
            let name = ["displayName", "text", "name"].iter().find_map(|key| map.get(*key)?.as_str());
            let here = name.filter(|_| is_it).map(str::to_owned);
            here.or_else(|| map.values().find_map(|value| beside_id(value, given)))
        }
        Value::Array(list) => list.iter().find_map(|value| beside_id(value, given)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
