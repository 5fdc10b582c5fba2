//! Flows that real projects published, when the folder with them lies beside the project: those in the flow language are valid apart from
//! the placeholders in them, and run.

use std::path::Path;

use engine::flow::FlowType;
use engine::flow::document::{Document, NotAFlow};
use engine::flow::validate::{Resolver, Resolves, validate};
use serde_json::Value;

struct KnowsAll;

impl Resolver for KnowsAll {
    fn exists(&self, _: Resolves, _: &str) -> bool {
        true
    }
}

/// The document inside `{"Content": …}` or the answer of DescribeContactFlow, and the type that the answer tells.
fn unwrap(text: &str) -> (String, Option<FlowType>) {
    let Ok(root) = serde_json::from_str::<Value>(text) else { return (text.to_owned(), None) };
    let flow = root.get("ContactFlow").unwrap_or(&root);
    let flow_type = flow.get("Type").and_then(Value::as_str).and_then(|name| name.parse().ok());
    let content = flow.get("Content").and_then(Value::as_str).unwrap_or(text);
    (content.to_owned(), flow_type)
}

#[test]
fn published_flows_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/flows");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no folder shared/flows beside the project");
        return;
    };
    let (mut valid, mut legacy) = (0, 0);
    for file in files {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (content, flow_type) = unwrap(&std::fs::read_to_string(&path).unwrap());
        let document = match Document::parse(&content) {
            Ok(document) => document,
            Err(NotAFlow::Legacy) => {
                legacy += 1;
                continue;
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let types: Vec<FlowType> = flow_type.map_or_else(|| FlowType::ALL.to_vec(), |flow_type| vec![flow_type]);
        // Modules are published by another operation, and their content has what a flow's must not have.
        let of_module =
            |message: &str| message.contains("EndFlowModuleExecution") || message.ends_with("Path: Settings");
        let is_module = content.contains("EndFlowModuleExecution");
        let problems = |flow_type: &FlowType| {
            let mut problems = validate(&document, *flow_type, &KnowsAll);
            problems.retain(|problem| !(is_module && of_module(&problem.message)));
            problems
        };
        let fewest = types.iter().map(problems).min_by_key(Vec::len).unwrap();
        assert!(fewest.is_empty(), "{name}: {fewest:#?}");
        crate::fuzz::exercise(&content);
        valid += 1;
    }
    assert!(valid > 0 && legacy > 0, "{valid} valid, {legacy} legacy");
}
