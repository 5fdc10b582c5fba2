//! Transitions: what follows, which errors are wired, which conditions there are.

use std::collections::HashSet;

use serde_json::Value;

use crate::flow::document::scalar_text;
use crate::flow::table::{ConditionRule, ErrorWhen, NO_MATCHING_CONDITION, NextRule};
use crate::flow::validate::parameters::declared_hint;
use crate::flow::validate::problem::{MISSING_CONDITIONS, NO_CONDITIONS, Problems};
use crate::flow::validate::{Subject, holds};

pub(super) fn check(subject: &Subject<'_>, problems: &mut Problems) {
    let Subject { index, rule, transitions, .. } = *subject;
    let path = format!("Actions[{index}].Transitions");
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if rule.next == NextRule::None {
        if transitions.values().any(|value| !is_empty(value)) {
            let action = format!("Actions[{index}]");
            let message = format!("Action does not support transitions. Path: {action}");
            problems.add(action, message, "the action is terminal: its Transitions is {}");
        }
        return;
    }
    match transitions.get("NextAction").filter(|next| !next.is_null()) {
        Some(next) => check_target(subject, Some(next), format!("{path}.NextAction"), problems),
        None if rule.next == NextRule::Required => {
            problems.missing(format!("{path}.NextAction"), "name the Identifier of the action that follows");
        }
        None => {}
    }
    if let Some(errors) = branches(subject, "Errors", problems) {
        check_errors(subject, errors, problems);
    }
    if let Some(conditions) = branches(subject, "Conditions", problems) {
        check_conditions(subject, conditions, problems);
    }
}

/// A list of branches; `None` when it is something else, which is a problem.
fn branches<'a>(subject: &Subject<'a>, name: &str, problems: &mut Problems) -> Option<&'a [Value]> {
    match subject.transitions.get(name) {
        None | Some(Value::Null) => Some(&[]),
        Some(Value::Array(branches)) => Some(branches),
        Some(_) => {
            problems.value(format!("Actions[{}].Transitions.{name}", subject.index), "give a list of branches");
            None
        }
    }
}

fn check_target(subject: &Subject<'_>, target: Option<&Value>, path: String, problems: &mut Problems) {
    let hint = match target {
        Some(Value::String(name)) if subject.scene.identifiers.contains(name.as_str()) => return,
        Some(Value::String(name)) => format!("no action has the Identifier {name:?}"),
        Some(_) | None => "name the Identifier of an action".to_owned(),
    };
    problems.value(path, hint);
}

fn check_errors(subject: &Subject<'_>, errors: &[Value], problems: &mut Problems) {
    let Subject { index, rule, parameters, .. } = *subject;
    let shapes = || rule.shapes.iter().filter(|shape| holds(&shape.when, parameters));
    let applies =
        |when: &&ErrorWhen| subject.scene.publication.is_one_of(&when.flow_types) && holds(&when.when, parameters);
    let whens = || rule.errors.when.iter().filter(applies);
    let refused: HashSet<&String> =
        shapes().flat_map(|shape| &shape.errors_refused).chain(whens().flat_map(|when| &when.refused)).collect();
    let mut required: Vec<&String> = Vec::new();
    let all_required = rule.errors.required.iter();
    let all_required = all_required.chain(shapes().flat_map(|shape| &shape.errors_required));
    for error in all_required.chain(whens().flat_map(|when| &when.required)) {
        if !refused.contains(error) && !required.contains(&error) {
            required.push(error);
        }
    }
    let mut wired = HashSet::new();
    for (i, branch) in errors.iter().enumerate() {
        let path = format!("Actions[{index}].Transitions.Errors[{i}]");
        let Some(error) = branch.get("ErrorType").and_then(Value::as_str) else {
            problems.missing(format!("{path}.ErrorType"), "name the error that the branch is for");
            continue;
        };
        let optional = rule.errors.optional.iter().any(|known| known == error);
        let known = required.iter().any(|known| *known == error) || optional;
        let allowed = known && !refused.iter().any(|name| *name == error);
        if !allowed {
            problems.wrong_error(index, error, errors_hint(subject, &required, &refused));
        } else if !wired.insert(error) {
            problems.wrong_error(index, error, "an error has one branch, and this one is wired already");
        }
        check_target(subject, branch.get("NextAction"), format!("{path}.NextAction"), problems);
    }
    for error in required.into_iter().filter(|error| !wired.contains(error.as_str())) {
        problems.missing_error(index, error);
    }
}

/// Which errors the action may have wired.
fn errors_hint(subject: &Subject<'_>, required: &[&String], refused: &HashSet<&String>) -> String {
    let optional = subject.rule.errors.optional.iter().filter(|name| !refused.contains(name));
    let names: Vec<&str> = required.iter().copied().chain(optional).map(String::as_str).collect();
    match names.as_slice() {
        [] => format!("{} has no errors here", subject.rule.action_type),
        names => format!("{} has the errors {} here", subject.rule.action_type, names.join(", ")),
    }
}

/// The rule of the conditions: of the first shape that has one, else of the action.
fn condition_rule<'a>(subject: &Subject<'a>) -> &'a ConditionRule {
    let shapes = subject.rule.shapes.iter().filter(|shape| holds(&shape.when, subject.parameters));
    shapes.filter_map(|shape| shape.conditions.as_ref()).next().unwrap_or(&subject.rule.conditions)
}

fn check_conditions(subject: &Subject<'_>, conditions: &[Value], problems: &mut Problems) {
    let index = subject.index;
    let rule = condition_rule(subject);
    if !rule.allowed {
        if !conditions.is_empty() {
            let hint = format!("{} has no conditions here: take them away", subject.rule.action_type);
            problems.add(format!("Actions[{index}].Transitions.Conditions"), NO_CONDITIONS, hint);
        }
        return;
    }
    if conditions.is_empty() && rule.min.is_some_and(|min| min > 0) {
        return problems.add(
            format!("Actions[{index}].Transitions.Conditions"),
            MISSING_CONDITIONS,
            conditions_hint(rule),
        );
    }
    let mut operands = Vec::new();
    let mut fits =
        rule.min.is_none_or(|min| conditions.len() >= min) && rule.max.is_none_or(|max| conditions.len() <= max);
    for (i, branch) in conditions.iter().enumerate() {
        match read_condition(branch) {
            Some((_, operand)) if operand.is_empty() => {
                let path = format!("{index}.Evaluate");
                problems.add(
                    format!("Actions[{index}].Transitions.Conditions[{i}]"),
                    format!("Invalid branch. Path: {path}"),
                    "an operand has at least one character; a blank is one",
                );
            }
            Some((operator, operand)) => {
                fits &= rule.operators.iter().any(|allowed| allowed == operator) && operand_fits(rule, &operand);
                fits &= !operands.contains(&(operator, operand.clone()));
                operands.push((operator, operand));
            }
            None => fits = false,
        }
        check_target(
            subject,
            branch.get("NextAction"),
            format!("Actions[{index}].Transitions.Conditions[{i}].NextAction"),
            problems,
        );
    }
    let given = |wanted: &String| operands.iter().any(|(_, operand)| operand == wanted);
    fits &= !rule.all_of_set_required || rule.set.iter().all(given);
    fits &= rule.must_include.iter().all(given);
    if let Some(list) = &rule.one_per_entry_of {
        let entries = subject.parameters.get(list).and_then(Value::as_array).into_iter().flatten();
        let entries: Vec<&str> = entries.filter_map(Value::as_str).collect();
        fits &= entries.iter().all(|entry| given(&(*entry).to_owned()));
        fits &= operands
            .iter()
            .all(|(_, operand)| rule.must_include.contains(operand) || entries.contains(&operand.as_str()));
    }
    if rule.ascending {
        fits &= operands.is_sorted_by_key(|(_, operand)| operand.parse::<i64>().unwrap_or_default());
    }
    if let Some(contract) = subject.invoked {
        fits &= operands.iter().all(|(_, operand)| contract.results.contains(operand));
    }
    if !fits {
        let hint = match subject.invoked {
            Some(contract) => declared_hint("results", &contract.results),
            None => conditions_hint(rule),
        };
        problems.value(format!("Actions[{index}].Transitions.Conditions"), hint);
    }
}

/// Which conditions the action may have.
fn conditions_hint(rule: &ConditionRule) -> String {
    let operators = rule.operators.join(", ");
    let count = match (rule.min, rule.max) {
        (Some(min), Some(max)) if min == max => format!("{min} conditions"),
        (Some(min), Some(max)) => format!("{min} to {max} conditions"),
        (Some(min), None) if min > 0 => format!("at least {min} conditions"),
        _ => "conditions".to_owned(),
    };
    let operands = match rule.operands.as_str() {
        "numeric" => match rule.range {
            Some((Some(min), Some(max))) => format!("one number from {min} to {max}"),
            _ => "one number".to_owned(),
        },
        _ if !rule.set.is_empty() => format!("one of {}", rule.set.join(", ")),
        _ => "one text".to_owned(),
    };
    let entries = match &rule.one_per_entry_of {
        Some(list) => format!(": {} and each entry of {list}", rule.must_include.join(", ")),
        None => String::new(),
    };
    let order = if rule.ascending { ", in ascending order" } else { "" };
    format!("give {count} with {operators} and as operand {operands}, each once{order}{entries}")
}

/// Operator and its one operand.
fn read_condition(branch: &Value) -> Option<(&str, String)> {
    let condition = branch.get("Condition")?;
    let operator = condition.get("Operator")?.as_str()?;
    match condition.get("Operands")?.as_array()?.as_slice() {
        [operand] => Some((operator, scalar_text(operand)?)),
        _ => None,
    }
}

fn operand_fits(rule: &ConditionRule, operand: &str) -> bool {
    match rule.operands.as_str() {
        "numeric" => operand.trim().parse::<f64>().is_ok_and(|number| {
            let (min, max) = rule.range.unwrap_or((None, None));
            number.is_finite() && min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
        }),
        "fixed" | "one of the set" => rule.set.is_empty() || rule.set.iter().any(|member| member == operand),
        // Names that only the bot, the view or the module knows.
        _ => operand != NO_MATCHING_CONDITION || rule.set.is_empty(),
    }
}
