//! Transitions: what follows, which errors are wired, which conditions there are.

use std::collections::HashSet;

use serde_json::Value;

use crate::flow::document::scalar_text;
use crate::flow::table::{ConditionRule, NO_MATCHING_CONDITION, NextRule};
use crate::flow::validate::problem::{NO_CONDITIONS, Problems};
use crate::flow::validate::{Subject, holds};

pub(super) fn check(subject: &Subject<'_>, problems: &mut Problems) {
    let Subject { index, rule, transitions, .. } = *subject;
    let path = format!("Actions[{index}].Transitions");
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if rule.next == NextRule::None {
        if transitions.values().any(|value| !is_empty(value)) {
            let action = format!("Actions[{index}]");
            let message = format!("Action does not support transitions. Path: {action}");
            problems.add(action, message);
        }
        return;
    }
    match transitions.get("NextAction").filter(|next| !next.is_null()) {
        Some(next) => check_target(subject, Some(next), format!("{path}.NextAction"), problems),
        None if rule.next == NextRule::Required => problems.missing(format!("{path}.NextAction")),
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
            problems.value(format!("Actions[{}].Transitions.{name}", subject.index));
            None
        }
    }
}

fn check_target(subject: &Subject<'_>, target: Option<&Value>, path: String, problems: &mut Problems) {
    let known = target.and_then(Value::as_str).is_some_and(|name| subject.identifiers.contains(name));
    if !known {
        problems.value(path);
    }
}

fn check_errors(subject: &Subject<'_>, errors: &[Value], problems: &mut Problems) {
    let Subject { index, rule, parameters, .. } = *subject;
    let shapes = || rule.shapes.iter().filter(|shape| holds(&shape.when, parameters));
    let whens = || rule.errors.when.iter().filter(|when| holds(&when.when, parameters));
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
            problems.missing(format!("{path}.ErrorType"));
            continue;
        };
        let optional = rule.errors.optional.iter().any(|known| known == error);
        let known = required.iter().any(|known| *known == error) || optional;
        let allowed = known && !refused.iter().any(|name| *name == error);
        if !allowed || !wired.insert(error) {
            problems.wrong_error(index, error);
        }
        check_target(subject, branch.get("NextAction"), format!("{path}.NextAction"), problems);
    }
    for error in required.into_iter().filter(|error| !wired.contains(error.as_str())) {
        problems.missing_error(index, error);
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
            problems.add(format!("Actions[{index}].Transitions.Conditions"), NO_CONDITIONS);
        }
        return;
    }
    if conditions.is_empty() && rule.min.is_some_and(|min| min > 0) {
        return problems.missing("Transitions.Conditions");
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
    if rule.ascending {
        fits &= operands.is_sorted_by_key(|(_, operand)| operand.parse::<i64>().unwrap_or_default());
    }
    if !fits {
        problems.value(format!("Actions[{index}].Transitions.Conditions"));
    }
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
