//! Wrong flows, each with the exact list of its problems. `wrong_flows.txt` has a title, the flow and the problems; run
//! with `UPDATE_EXPECT=1` to write the problems, and read what changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use engine::flow::FlowType;
use engine::flow::document::Document;
use engine::flow::module::ModuleContract;
use engine::flow::validate::{Problem, Resolver, Resolves, validate, validate_module};
use expect_test::expect_file;
use serde_json::{Value, json};

use crate::world::content;

/// Ids that contain `unknown` lead nowhere; the module `contracted` says what it takes.
struct KnowsMost;

impl Resolver for KnowsMost {
    fn exists(&self, _: Resolves, id: &str) -> bool {
        !id.contains("unknown")
    }

    fn module_contract(&self, id: &str) -> Option<ModuleContract> {
        (id == "contracted").then(contract)
    }
}

fn contract() -> ModuleContract {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    ModuleContract { inputs: names(&["who"]), outputs: names(&["tier"]), results: names(&["gold", "silver"]) }
}

/// A document, or the actions of one; these may all name `end`.
fn document(flow: &str) -> String {
    let is_document = serde_json::from_str::<Value>(flow)
        .is_ok_and(|root| root.get("Identifier").is_none() && root.get("Type").is_none());
    if is_document {
        return flow.to_owned();
    }
    content(&format!("{flow}\nend UpdateFlowLoggingBehavior {{\"FlowLoggingBehavior\":\"Enabled\"}} next=end"))
}

fn problems(flow: &str, published_as: &str) -> Vec<Problem> {
    let document = Document::parse(&document(flow)).unwrap();
    match published_as {
        "MODULE" => validate_module(&document, Some(&contract()), &KnowsMost),
        flow_type => validate(&document, flow_type.parse().unwrap(), &KnowsMost),
    }
}

#[test]
fn every_problem_is_told() {
    let table = include_str!("wrong_flows.txt");
    let mut shown = String::new();
    let cases: Vec<&str> = table.split("## ").map(str::trim).filter(|case| !case.is_empty()).collect();
    for case in &cases {
        let (title, rest) = case.split_once('\n').unwrap();
        let flow: Vec<&str> = rest.lines().filter(|line| !line.starts_with(['!', ' '])).collect();
        let published_as = title.rsplit_once(" [").map_or("CONTACT_FLOW", |(_, kind)| kind.trim_end_matches(']'));
        let found = problems(flow.join("\n").trim(), published_as);
        assert!(!found.is_empty(), "{title}: nothing is wrong");
        writeln!(shown, "## {title}\n{}", flow.join("\n").trim()).unwrap();
        for Problem { path, message, hint } in found {
            let place = if message.contains(&path) { String::new() } else { format!(" at {path}") };
            writeln!(shown, "! {message}{place}\n  {hint}").unwrap();
        }
        shown.push('\n');
    }
    assert!(cases.len() >= 120, "{} cases", cases.len());
    expect_file!["wrong_flows.txt"].assert_eq(&(shown.trim_end().to_owned() + "\n"));
}

#[test]
fn all_problems_are_told_at_once_up_to_fifty() {
    let action = |i: usize| json!({"Identifier": format!("a{i}"), "Type": "Wait"});
    let root = |count: usize| json!({"Version": "2019-10-30", "StartAction": "a0", "Actions": (0..count).map(action).collect::<Vec<_>>()});
    let count = |actions: usize| {
        validate(&Document::parse(&root(actions).to_string()).unwrap(), FlowType::ContactFlow, &KnowsMost).len()
    };
    // TimeLimitSeconds, NextAction, NoMatchingError and the conditions.
    assert_eq!((count(1), count(12), count(13), count(251)), (4, 48, 50, 50));
}
