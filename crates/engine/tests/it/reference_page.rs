//! The page `docs/flow-actions.md` is made of the table that validator and interpreter work by. Run with
//! `UPDATE_EXPECT=1` to write it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::expect_file;
use serde_json::Value;

use crate::every_action::WITHOUT_BACK_END;

const HEAD: &str = "\
<!-- Made of model/flow-actions.json by a test of the engine: change the table, and run that test with UPDATE_EXPECT=1. -->

# Actions of flows

Every action type of the flow language, version 2019-10-30, is accepted when a flow is published. This page says what a
task does at each of them, and what a flow has to say. `callboard flow check` names everything that is wrong with a flow.

- **A task**: *runs* it; *goes on* to NextAction without any effect; takes *the branch* of an error, because the action is
  for calls and chats; finds *no way on*, which ends it. *Not here* are actions that need something that Callboard does not have,
  such as cases and customer profiles: a task takes the branch of NoMatchingError.
- **Parameters**: required ones are in bold; others may be required by the values of these.
- **Errors** have to be wired but those in brackets, which may be; some are there for some parameters only.
- **Conditions**: the results that branches may be for.
";

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn what_a_task_does(rule: &Value) -> String {
    let branch = || rule["channels"]["branch"].as_str().unwrap_or("NoMatchingError");
    match rule["channels"]["task"].as_str().unwrap() {
        "success_no_effect" => "goes on".to_owned(),
        "error_branch" => format!("the branch of {}", branch()),
        // Flows for quick connects to agents end so (flow-language.md section 7).
        "unsupported" if rule["type"] == "TransferContactToAgent" => "goes to the agent who is its target".to_owned(),
        "unsupported" => "no way on".to_owned(),
        _ if WITHOUT_BACK_END.contains(&rule["type"].as_str().unwrap()) => "not here".to_owned(),
        _ => "runs".to_owned(),
    }
}

fn parameters(rule: &Value) -> String {
    let (required, other): (Vec<&Value>, Vec<&Value>) =
        list(&rule["parameters"]).partition(|parameter| parameter["required"] == true);
    let name = |parameter: &Value| parameter["name"].as_str().unwrap().to_owned();
    let required = required.into_iter().map(|parameter| format!("**{}**", name(parameter)));
    required.chain(other.into_iter().map(name)).collect::<Vec<_>>().join(", ")
}

fn errors(rule: &Value) -> String {
    let errors = &rule["errors"];
    let mut names: Vec<String> = texts(&errors["required"]).into_iter().map(str::to_owned).collect();
    let sometimes = list(&errors["when"]).chain(list(&rule["shapes"]));
    let sometimes = sometimes.flat_map(|when| [texts(&when["required"]), texts(&when["errors_required"])].concat());
    for name in texts(&errors["optional"]).into_iter().chain(sometimes) {
        let name = format!("({name})");
        if !names.contains(&name) && !names.contains(&name[1..name.len() - 1].to_owned()) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn conditions(rule: &Value) -> String {
    let conditions = &rule["conditions"];
    let operands = match conditions["operands"].as_str() {
        _ if conditions["allowed"] != true => return String::new(),
        _ if !texts(&conditions["set"]).is_empty() => texts(&conditions["set"]).join(", "),
        Some("numeric") => "numbers".to_owned(),
        Some("any") | None => "any text".to_owned(),
        Some(other) => other.trim_start_matches("any (").trim_end_matches(')').to_owned(),
    };
    match texts(&conditions["operators"]).as_slice() {
        ["Equals"] => operands,
        operators => format!("{}: {operands}", operators.join(", ")),
    }
}

#[test]
fn the_reference_page_is_made_of_the_table() {
    let table: Value = serde_json::from_str(include_str!("../../../../model/flow-actions.json")).unwrap();
    let mut categories: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for rule in list(&table["actions"]) {
        categories.entry(rule["category"].as_str().unwrap()).or_default().push(rule);
    }
    let mut page = HEAD.to_owned();
    for (category, mut rules) in categories {
        rules.sort_by_key(|rule| rule["type"].as_str().unwrap());
        writeln!(page, "\n## {}\n", category.replace('-', " ")).unwrap();
        page += "| Action | In the console | A task | Parameters | Errors | Conditions |\n|---|---|---|---|---|---|\n";
        for rule in rules {
            let action_type = rule["type"].as_str().unwrap();
            let block = texts(&rule["console_blocks"]).join(", ");
            let task = what_a_task_does(rule);
            let cells = [parameters(rule), errors(rule), conditions(rule)].map(|cell| cell.replace('|', "\\|"));
            let [parameters, errors, conditions] = cells;
            writeln!(page, "| {action_type} | {block} | {task} | {parameters} | {errors} | {conditions} |").unwrap();
        }
    }
    expect_file!["../../../../docs/flow-actions.md"].assert_eq(&page);
}
