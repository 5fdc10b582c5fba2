//! A flow for every action of the language, with every error and condition that it may have, accepted and run by a
//! task. `every_action.txt` has a title, the flow, what happens to it, and what came of action `a`; run with
//! `UPDATE_EXPECT=1` to write that, and read what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use engine::flow::FlowType;
use engine::flow::document::Document;
use engine::flow::validate::{validate, validate_module};
use expect_test::expect_file;
use serde_json::Value;

use crate::world::{ANN, BASIC, KnowsAll, NOON, World, content, flow_id};

/// Longer than two of it fit into the attributes of a flow.
const LONG: usize = 20_000;
/// Actions for tasks in Amazon Connect that need what Callboard does not have: cases, profiles, data tables, other
/// channels. They take the error branch.
pub(crate) const WITHOUT_BACK_END: &[&str] = &[
    "AssociateContactToCustomerProfile",
    "CheckSegmentMembership",
    "CreateCase",
    "CreateContact",
    "CreateCustomerProfile",
    "CreateWisdomSession",
    "EvaluateDataTableValues",
    "GetCalculatedAttributesForCustomerProfile",
    "GetCase",
    "GetCustomerProfile",
    "GetCustomerProfileObject",
    "ListDataTableValues",
    "RenderMessageTemplate",
    "RouteContactToAgent",
    "StartOutboundChatContact",
    "StartOutboundEmailContact",
    "UpdateCase",
    "UpdateCustomerProfile",
    "UpsertDataTableValues",
];
/// Results of Wait that a task never comes to: it has no customer who returns and no bot (AG:wait).
const NOT_FOR_TASKS: &[&str] = &["CustomerReturned", "BotParticipantDisconnected", "ParticipantNotFound"];

/// What is wired and what came of it, by action type.
#[derive(Default)]
struct Covered {
    errors: BTreeSet<String>,
    operators: BTreeSet<String>,
    operands: BTreeSet<String>,
    results: BTreeSet<String>,
}

/// The flow of a case among others, and the commands that bring a task to it.
fn world(flow: &str, published_as: &str) -> (World, Vec<&'static str>) {
    let world = World::new()
        .module("gold", "e EndFlowModuleExecution {\"Result\":\"gold\"}")
        .module("silver", "e EndFlowModuleExecution {\"Result\":\"silver\"}");
    match published_as {
        "MODULE" => {
            let caller =
                "i InvokeFlowModule {\"FlowModuleId\":\"m\"} next=end NoMatchingError=end\nend DisconnectParticipant";
            (world.module("m", flow).flow("f", caller), vec!["0 start a flow=f"])
        }
        "CUSTOMER_QUEUE" => {
            let mut world = world.flow_of_type("f", FlowType::CustomerQueue, flow);
            let published = world.flow_mut("f").published;
            world.flow_mut("Default customer queue").published = published;
            (world, vec!["0 start a"])
        }
        "AGENT_WHISPER" => {
            let mut world = world.flow_of_type("f", FlowType::AgentWhisper, flow);
            let published = world.flow_mut("f").published;
            world.flow_mut("Default agent whisper").published = published;
            (world, vec!["0 status available", "0 start a", "0 offer a", "0 accept a"])
        }
        other => (world.flow_of_type("f", other.parse().unwrap(), flow), vec!["0 start a flow=f"]),
    }
}

fn resolved(command: &str) -> String {
    let names = [
        ("BASIC", BASIC.to_string()),
        ("NOON", NOON.to_string()),
        ("ANN", ANN.to_string()),
        ("MAIN", flow_id("main").to_string()),
        ("LONG", "x".repeat(LONG)),
    ];
    names.into_iter().fold(command.to_owned(), |command, (name, value)| command.replace(name, &value))
}

#[test]
fn every_action_of_the_table_is_accepted_and_run() {
    let mut covered: BTreeMap<String, Covered> = BTreeMap::new();
    let mut shown = String::new();
    for case in include_str!("every_action.txt").split("## ").map(str::trim).filter(|case| !case.is_empty()) {
        let (title, rest) = case.split_once('\n').unwrap();
        let published_as = title.rsplit_once(" [").map_or("CONTACT_FLOW", |(_, kind)| kind.trim_end_matches(']'));
        let lines = |of: fn(&str) -> bool| rest.lines().filter(|line| of(line)).collect::<Vec<_>>();
        let flow = lines(|line| !line.starts_with(['$', '>']));
        let commands: Vec<&str> = lines(|line| line.starts_with('$')).iter().map(|line| &line[2..]).collect();
        writeln!(shown, "## {title}\n{}", flow.join("\n").trim()).unwrap();
        commands.iter().for_each(|command| writeln!(shown, "$ {command}").unwrap());

        let end = match published_as {
            "MODULE" => "end EndFlowModuleExecution",
            "CUSTOMER_QUEUE" | "AGENT_WHISPER" => "end EndFlowExecution",
            _ => "end DisconnectParticipant",
        };
        let flow = format!("{}\n{end}", flow.join("\n"));
        let document = Document::parse(&content(&flow)).unwrap();
        let problems = match published_as {
            "MODULE" => validate_module(&document, None, &KnowsAll),
            flow_type => validate(&document, flow_type.parse().unwrap(), &KnowsAll),
        };
        assert_eq!(problems, [], "{title}");
        let action: Value = serde_json::from_str::<Value>(&content(&flow)).unwrap()["Actions"][0].clone();
        let action_type = action["Type"].as_str().unwrap();
        let entry = covered.entry(action_type.to_owned()).or_default();
        let branches = |name: &str| action["Transitions"][name].as_array().cloned().unwrap_or_default();
        for error in branches("Errors") {
            entry.errors.insert(error["ErrorType"].as_str().unwrap().to_owned());
        }
        for branch in branches("Conditions") {
            entry.operators.insert(branch["Condition"]["Operator"].as_str().unwrap().to_owned());
            entry.operands.insert(branch["Condition"]["Operands"][0].as_str().unwrap().to_owned());
        }

        let (mut world, usual) = world(&flow, published_as);
        for command in if commands.is_empty() { usual } else { commands } {
            let (at, command) = command.split_once(' ').unwrap();
            world.instance.now = crate::world::START.plus_seconds(at.parse().unwrap());
            world.run(&resolved(command)).unwrap();
            for told in std::mem::take(&mut world.trace).iter().filter(|told| told.action_type == action_type) {
                entry.results.insert(told.result.clone());
                let error = told.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
                let next = told.next.as_ref().map(|next| format!(" -> {next}")).unwrap_or_default();
                writeln!(shown, "> {}{error}{next}", told.result).unwrap();
            }
        }
        shown.push('\n');
    }
    expect_file!["every_action.txt"].assert_eq(&(shown.trim_end().to_owned() + "\n"));

    let table: Value = serde_json::from_str(include_str!("../../../../model/flow-actions.json")).unwrap();
    let mut lacking = Vec::new();
    for rule in table["actions"].as_array().unwrap() {
        let action_type = rule["type"].as_str().unwrap();
        let Some(covered) = covered.get(action_type) else {
            lacking.push(format!("{action_type} is in no flow"));
            continue;
        };
        lacking.extend(lack(rule, covered).into_iter().map(|what| format!("{action_type} {what}")));
    }
    assert_eq!(lacking, Vec::<String>::new());
}

/// What the flows of an action do not show of its row in the table.
fn lack(rule: &Value, covered: &Covered) -> Vec<String> {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (errors, shapes) = (&rule["errors"], list(&rule["shapes"]));
    let mut lacking = Vec::new();
    let mut wired: Vec<String> = [texts(&errors["required"]), texts(&errors["optional"])].concat();
    wired.extend(list(&errors["when"]).iter().flat_map(|when| texts(&when["required"])));
    wired.extend(shapes.iter().flat_map(|shape| texts(&shape["errors_required"])));
    lacking.extend(wired.iter().filter(|e| !covered.errors.contains(*e)).map(|e| format!("is never wired for {e}")));
    for conditions in [&rule["conditions"]].into_iter().chain(shapes.iter().map(|shape| &shape["conditions"])) {
        let lacks = |of: &Value, in_flows: &BTreeSet<String>| {
            texts(of).into_iter().filter(|name| !in_flows.contains(name)).collect::<Vec<_>>()
        };
        let operators = lacks(&conditions["operators"], &covered.operators);
        let operands = lacks(&conditions["set"], &covered.operands);
        lacking.extend(operators.iter().chain(&operands).map(|name| format!("has no condition with {name}")));
    }
    // What a task comes to.
    let task = &rule["channels"]["task"];
    let mut results: Vec<String> = match task.as_str().unwrap() {
        "success_no_effect" => vec!["Next".into()],
        "error_branch" => vec![rule["channels"]["branch"].as_str().unwrap().into()],
        "unsupported" => vec!["Unsupported".into()],
        _ if WITHOUT_BACK_END.contains(&rule["type"].as_str().unwrap()) => vec!["NoMatchingError".into()],
        _ => {
            let operands = texts(&rule["conditions"]["set"]);
            [texts(&errors["required"]), operands].concat()
        }
    };
    // A value that no condition meets is told as it is.
    results.retain(|result| result != "NoMatchingCondition" && !NOT_FOR_TASKS.contains(&result.as_str()));
    lacking.extend(results.iter().filter(|r| !covered.results.contains(*r)).map(|r| format!("never results in {r}")));
    let succeeds =
        covered.results.iter().any(|result| !result.starts_with("NoMatching") && result != "QueueAtCapacity");
    if task == "runs" && !WITHOUT_BACK_END.contains(&rule["type"].as_str().unwrap()) && !succeeds {
        lacking.push("never succeeds".to_owned());
    }
    lacking
}
