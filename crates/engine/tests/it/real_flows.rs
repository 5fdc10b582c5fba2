//! Flows that real projects published, when the folder with them lies beside the project: with their placeholders
//! substituted and the ids of elsewhere mapped they are accepted as what they are, those of the old console once
//! converted, and a task runs them to an end or a wait.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use engine::flow::FlowType;
use engine::flow::document::{Document, NotAFlow};
use engine::flow::export::{Export, Publishable, Wrapping};
use engine::flow::legacy::convert;
use engine::flow::validate::{Problem, Resolver, Resolves, validate, validate_module};
use engine::reference_map::ReferenceMap;
use serde_json::Value;

use crate::fuzz::{Surroundings, exercise_in};
use crate::world::{BASIC, NOON, flow_id, module_id};

/// An instance with one of everything, and what an operator would write down to bring these flows in.
struct Instance(ReferenceMap);

/// What an instance has one of, and its id.
fn own(kind: Resolves) -> Option<String> {
    match kind {
        Resolves::Flow => Some(flow_id("main").to_string()),
        Resolves::Module => Some(module_id("deep").to_string()),
        Resolves::Queue => Some(BASIC.to_string()),
        Resolves::HoursOfOperation => Some(NOON.to_string()),
        // None is played to a task: that it is mapped is enough.
        Resolves::Prompt => None,
    }
}

impl Resolver for Instance {
    fn exists(&self, kind: Resolves, id: &str) -> bool {
        own(kind).is_some_and(|own| own == id)
    }

    fn mapped(&self, given: &str) -> Option<String> {
        self.0.target(given).map(Cow::into_owned)
    }
}

/// The beginnings and ends of what deployment tools put in place of ids.
const PLACEHOLDERS: &[(&str, &str)] = &[("{{", "}}"), ("${", "}"), ("%", "%")];

/// Puts an id of elsewhere in the place of each placeholder that is a whole value or the end of an ARN.
fn substitute(content: &str) -> String {
    let mut root: Value = serde_json::from_str(content).unwrap();
    each_text(&mut root, &mut |text| {
        let ends = |(begin, end): &(&str, &str)| {
            let last = text.rsplit('/').next().unwrap_or(text);
            last.len() > begin.len() + end.len() && last.starts_with(begin) && last.ends_with(end)
        };
        PLACEHOLDERS.iter().find(|marks| ends(marks)).map(|(begin, end)| {
            let last = text.rsplit('/').next().unwrap_or(text);
            format!("elsewhere-{}", &last[begin.len()..last.len() - end.len()])
        })
    });
    root.to_string()
}

fn each_text(value: &mut Value, change: &mut dyn FnMut(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = change(text) {
                *text = new;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| each_text(value, change)),
        Value::Object(map) => map.values_mut().for_each(|value| each_text(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn problems(document: &Document, publishable: Publishable, resolver: &Instance) -> Vec<Problem> {
    match publishable {
        Publishable::Flow(flow_type) => validate(document, flow_type, resolver),
        Publishable::Module => validate_module(document, None, resolver),
    }
}

/// What a file without a type is: its name or its actions tell.
fn told_by_name(file: &str) -> Publishable {
    let types = [("AgentWhisper", FlowType::AgentWhisper), ("CustomerQueue", FlowType::CustomerQueue)];
    let told = types.iter().find(|(word, _)| file.contains(word));
    Publishable::Flow(told.map_or(FlowType::ContactFlow, |(_, flow_type)| *flow_type))
}

#[test]
fn published_flows_are_accepted_and_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/flows");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no folder shared/flows beside the project");
        return;
    };
    let (mut accepted, mut legacy, mut refused_without_map) = (0, 0, 0);
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let name = path.file_name().unwrap().to_string_lossy();
        let export = Export::read(&std::fs::read_to_string(path).unwrap());
        let publishable = export.publishable.unwrap_or_else(|| told_by_name(&name));
        let content = if export.wrapping == Wrapping::Legacy {
            assert_eq!(Document::parse(&export.content).unwrap_err(), NotAFlow::Legacy, "{name}");
            legacy += 1;
            convert(&export.content).unwrap_or_else(|error| panic!("{name}: {error}")).content
        } else {
            substitute(&export.content)
        };
        let document = Document::parse(&content).unwrap();
        // Without the map only ids of elsewhere are refused; with them mapped, nothing, and a task that runs the flow
        // finds what they mean.
        let without = problems(&document, publishable, &Instance(ReferenceMap::default()));
        let reference = |problem: &Problem| {
            let id = problem.message.strip_prefix("Failed to convert id: ");
            let id = id.unwrap_or_else(|| panic!("{name} as {publishable}: {problem:?}"));
            let kinds = [
                ("PromptId", Resolves::Prompt),
                ("QueueId", Resolves::Queue),
                ("HoursOfOperationId", Resolves::HoursOfOperation),
                ("FlowModuleId", Resolves::Module),
            ];
            let kind = kinds.iter().find(|(parameter, _)| problem.path.contains(parameter)).map(|(_, kind)| *kind);
            let target = own(kind.unwrap_or(Resolves::Flow)).unwrap_or_else(|| "no prompt is played".to_owned());
            (id.rsplit('/').next().unwrap_or(id).to_owned(), target)
        };
        let references: BTreeMap<String, String> = without.iter().map(reference).collect();
        let mapped = Instance(ReferenceMap::new(references.clone()).unwrap());
        assert_eq!(problems(&document, publishable, &mapped), [], "{name}");
        refused_without_map += usize::from(!without.is_empty());
        exercise_in(&content, &Surroundings { references, ..Surroundings::default() });
        accepted += 1;
    }
    assert!(accepted > 0 && legacy > 0 && refused_without_map > 0, "{accepted} accepted, {legacy} legacy");
}
