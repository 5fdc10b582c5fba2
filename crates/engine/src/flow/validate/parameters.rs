//! Parameters: names, kinds, ranges, groups, ids.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::flow::document::scalar_text;
use crate::flow::reference::{Path, Text};
use crate::flow::table::{GroupKind, Kind, LetterCase, Mode, ParameterRule, When};
use crate::flow::validate::problem::{EMPTY_ATTRIBUTE, Problems};
use crate::flow::validate::{Subject, holds, is_known, lookup};
use crate::start_task::attributes;

const NOT_EMPTY: &str = "give at least one character; a blank is one";

pub(super) fn check(subject: &Subject<'_>, problems: &mut Problems) {
    let Subject { index, rule, parameters, .. } = *subject;
    let path = format!("Actions[{index}].Parameters");
    if !rule.open_parameters {
        for name in parameters.keys().filter(|name| !rule.parameters.iter().any(|known| known.name == **name)) {
            problems.name(format!("{path}.{name}"), names_hint(&rule.parameters));
        }
    }
    check_fields(subject, &rule.parameters, parameters, &path, problems);
    for group in &rule.groups {
        check_group(group.kind, &group.of, parameters, &path, problems);
    }
    check_contracts(subject, &path, problems);
    for shape in rule.shapes.iter().filter(|shape| holds(&shape.when, parameters)) {
        for name in shape.require.iter().filter(|name| lookup(parameters, name).is_none()) {
            problems.missing(format!("{path}.{name}"), shape_hint(&shape.when, "needs"));
        }
        for name in shape.forbid.iter().filter(|name| lookup(parameters, name).is_some()) {
            problems.name(format!("{path}.{name}"), shape_hint(&shape.when, "does not go with"));
        }
        if !shape.require_one_of.is_empty() {
            check_group(GroupKind::AtLeastOne, &shape.require_one_of, parameters, &path, problems);
        }
    }
}

/// What a module takes and gives: the Input of whoever invokes it, the Result and ResultData that it ends with.
fn check_contracts(subject: &Subject<'_>, path: &str, problems: &mut Problems) {
    let keys = |name: &str| subject.parameters.get(name).and_then(Value::as_object).into_iter().flatten();
    if let Some(contract) = subject.invoked {
        for (key, _) in keys("Input").filter(|(key, _)| !contract.inputs.contains(*key)) {
            problems.name(format!("{path}.Input.{key}"), declared_hint("inputs", &contract.inputs));
        }
    }
    let Some(contract) = subject.own.filter(|_| subject.rule.ends_module()) else { return };
    let result = subject.parameters.get("Result").and_then(Value::as_str);
    if result.is_some_and(|result| !contract.results.contains(result)) {
        problems.value(format!("{path}.Result"), declared_hint("results", &contract.results));
    }
    for (key, _) in keys("ResultData").filter(|(key, _)| !contract.outputs.contains(*key)) {
        problems.name(format!("{path}.ResultData.{key}"), declared_hint("outputs", &contract.outputs));
    }
}

pub(super) fn declared_hint(what: &str, declared: &BTreeSet<String>) -> String {
    let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    match declared.as_slice() {
        [] => format!("the Settings of the module declare no {what}"),
        declared => format!("the {what} in the Settings of the module are {}", declared.join(", ")),
    }
}

/// The fields of an object: those that have to be there, and the values of those that are.
fn check_fields(
    subject: &Subject<'_>,
    rules: &[ParameterRule],
    given: &Map<String, Value>,
    path: &str,
    problems: &mut Problems,
) {
    for rule in rules {
        let path = format!("{path}.{}", rule.name);
        match given.get(&rule.name) {
            Some(value) => check_value(subject, rule, value, &path, problems),
            None if rule.required => problems.missing(path, format!("give {}", expected(rule))),
            None => {}
        }
    }
}

fn check_group(kind: GroupKind, of: &[String], given: &Map<String, Value>, path: &str, problems: &mut Problems) {
    let found: Vec<&str> = of.iter().map(String::as_str).filter(|name| lookup(given, name).is_some()).collect();
    let none_allowed = matches!(kind, GroupKind::AtMostOne | GroupKind::AllOrNone);
    let several_allowed = matches!(kind, GroupKind::AtLeastOne);
    let fits = match kind {
        GroupKind::AllOrNone => found.is_empty() || found.len() == of.len(),
        _ => (none_allowed || !found.is_empty()) && (several_allowed || found.len() <= 1),
    };
    if fits {
        return;
    }
    // The sources of a prompt have texts of their own.
    let is_prompt = of.iter().any(|name| name == "SSML");
    match (is_prompt, found.is_empty()) {
        (true, true) => {
            let lex = of.iter().any(|name| name == "LexInitializationData");
            let properties = if lex {
                "Text, SSML, PromptId, Media, LexInitializationData"
            } else {
                "Parameters.PromptId, Parameters.Text, Parameters.SSML, Parameters.Media"
            };
            let message = format!("At least one of the following properties must be set. Properties: [{properties}]");
            problems.add(path, message, format!("give one of {}", of.join(", ")));
        }
        (true, false) => {
            let found = found.join(", ");
            let message = format!("Only one of these properties may be defined. Properties: [{found}]");
            problems.add(path, message, "keep one of them");
        }
        (false, _) => problems.value(path, group_hint(kind, of)),
    }
}

fn check_value(subject: &Subject<'_>, rule: &ParameterRule, value: &Value, path: &str, problems: &mut Problems) {
    if rule.free || rule.json == Kind::Any {
        if value.as_str() == Some("") {
            problems.add(path, format!("Invalid Action property value. Path: {}.Parameter", subject.index), NOT_EMPTY);
        }
        return;
    }
    match (rule.json, value) {
        (Kind::JsonBool, Value::Bool(_)) | (Kind::JsonNumber, Value::Number(_)) => {}
        // The live service says so, although it is the value that is wrong.
        (_, Value::Bool(_)) => {
            let hint = format!("{path} is a JSON boolean: give {}", expected(rule));
            problems.action_type(subject.index, &subject.rule.action_type, hint);
        }
        // What the path leads to is known when it runs.
        (Kind::Object, Value::String(text)) if rule.mode == Mode::Either && Path::parse(text).is_some() => {}
        (Kind::Object, Value::Object(given)) => check_object(subject, rule, given, path, problems),
        (Kind::Map, Value::Object(given)) => check_map(subject, rule, given, path, problems),
        (Kind::List, Value::Object(_)) if rule.object_accepted => {}
        (Kind::List, Value::Array(given)) => {
            check_count(rule, given.len(), path, problems);
            if let Some(element) = &rule.of {
                for (i, value) in given.iter().enumerate() {
                    check_value(subject, element, value, &format!("{path}[{i}]"), problems);
                }
            }
        }
        (Kind::Int | Kind::Float, Value::Number(_)) if rule.json_number_accepted => {
            check_scalar(subject, rule, value, path, problems);
        }
        (Kind::String | Kind::Int | Kind::Float | Kind::Bool | Kind::Enum, Value::String(_)) => {
            check_scalar(subject, rule, value, path, problems);
        }
        _ => problems.value(path, format!("give {}", expected(rule))),
    }
}

fn check_object(
    subject: &Subject<'_>,
    rule: &ParameterRule,
    given: &Map<String, Value>,
    path: &str,
    problems: &mut Problems,
) {
    if rule.fields.is_empty() {
        return;
    }
    for name in given.keys().filter(|name| !rule.fields.iter().any(|known| known.name == **name)) {
        problems.name(format!("{path}.{name}"), names_hint(&rule.fields));
    }
    check_fields(subject, &rule.fields, given, path, problems);
    if !rule.exactly_one.is_empty() {
        check_group(GroupKind::ExactlyOne, &rule.exactly_one, given, path, problems);
    }
}

fn check_map(
    subject: &Subject<'_>,
    rule: &ParameterRule,
    given: &Map<String, Value>,
    path: &str,
    problems: &mut Problems,
) {
    check_count(rule, given.len(), path, problems);
    for (key, value) in given {
        let path = format!("{path}.{key}");
        if key.is_empty() {
            problems.name(path, "a key has at least one character");
        } else if !rule.keys_allowed.is_empty() && !rule.keys_allowed.contains(key) {
            problems.name(path, format!("known are {}", rule.keys_allowed.join(", ")));
        } else if rule.name == "Attributes" && is_wrong_key(key) {
            problems.name(path, "the key of an attribute holds no . and no $, which paths are made of");
        } else if rule.name == "Attributes" && value.as_str() == Some("") {
            problems.add(path, EMPTY_ATTRIBUTE, NOT_EMPTY);
        } else if let Some(element) = &rule.of {
            check_value(subject, element, value, &path, problems);
        }
    }
}

/// Whether no attribute can have this key; what the paths in one lead to is known when it runs.
fn is_wrong_key(key: &str) -> bool {
    Text::parse(key).literal().is_some_and(|key| !attributes::is_key_for_flows(key))
}

fn check_count(rule: &ParameterRule, count: usize, path: &str, problems: &mut Problems) {
    let Some((min, max)) = rule.items else { return };
    let hint = || format!("the number of entries is {count}: give one{}", range_text(min, max));
    match max.filter(|max| count > *max) {
        Some(max) if rule.name == "Tags" => {
            problems.add(path, format!("More than {max} tags in Parameters.Tags"), hint());
        }
        Some(_) => problems.value(path, hint()),
        None if min.is_some_and(|min| count < min) => problems.value(path, hint()),
        None => {}
    }
}

fn check_scalar(subject: &Subject<'_>, rule: &ParameterRule, value: &Value, path: &str, problems: &mut Problems) {
    let text = scalar_text(value).unwrap_or_default();
    let reference = text.starts_with("$.").then(|| Path::parse(&text));
    let mode_fits = match rule.mode {
        Mode::Static => reference.is_none(),
        Mode::Path => matches!(&reference, Some(Some(_))),
        Mode::Either | Mode::Mixed => true,
    };
    let leaf_fits = !rule.leaf || matches!(&reference, Some(Some(path)) if path.has_leaf());
    if text.is_empty() {
        return problems.value(path, NOT_EMPTY);
    }
    if !mode_fits || !leaf_fits {
        return problems.value(path, format!("give {}", expected(rule)));
    }
    // What a path leads to is known when it runs.
    if reference.is_some() || (rule.mode == Mode::Mixed && text.contains("$.")) {
        return;
    }
    if !literal_fits(subject, rule, &text) {
        return problems.value(path, format!("it is {text:?}: give {}", expected(rule)));
    }
    if let Some(kind) = rule.resolves
        && !is_known(subject.scene.resolver, kind, &text)
    {
        let hint = format!("the instance has no such {}, and its reference map has no entry for it", kind.noun());
        problems.add(path, format!("Failed to convert id: {text}"), hint);
    }
}

/// What a parameter wants, in words.
fn expected(rule: &ParameterRule) -> String {
    let number = |what: &str| {
        let (min, max) = rule.range.unwrap_or((None, None));
        let longer = rule.async_max.map_or(String::new(), |max| format!(", to {max} when ASYNCHRONOUS"));
        format!("{what}{}{longer}, as a string", range_text(min, max))
    };
    let literal = match rule.json {
        Kind::Int => number("a whole number"),
        Kind::Float => number("a number"),
        Kind::Bool if rule.values.is_empty() => "\"True\" or \"False\", as a string".to_owned(),
        Kind::Bool | Kind::Enum => format!("one of {}", rule.values.join(", ")),
        Kind::String => {
            let (min, max) = rule.length.unwrap_or((None, None));
            match range_text(min, max) {
                range if range.is_empty() => "a string".to_owned(),
                range => format!("a string{range} characters"),
            }
        }
        Kind::Object if rule.fields.is_empty() => "an object".to_owned(),
        Kind::Object => format!("an object; {}", names_hint(&rule.fields)),
        Kind::List => "a list".to_owned(),
        Kind::Map => "an object of names and values".to_owned(),
        Kind::Any => "any value".to_owned(),
        Kind::JsonBool => "true or false, as JSON".to_owned(),
        Kind::JsonNumber => "a number, as JSON".to_owned(),
    };
    match (rule.json, rule.mode) {
        (_, Mode::Path) if rule.leaf => "a path to one value, such as $.Attributes.key".to_owned(),
        (_, Mode::Path) => "a path, such as $.Attributes.key".to_owned(),
        (Kind::Object | Kind::List | Kind::Map | Kind::Any | Kind::JsonBool | Kind::JsonNumber, _)
        | (_, Mode::Static) => literal,
        (_, Mode::Either | Mode::Mixed) => format!("{literal}, or a path such as $.Attributes.key"),
    }
}

/// ` from … to …`, nothing without bounds.
fn range_text<N: std::fmt::Display>(min: Option<N>, max: Option<N>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        (None, Some(max)) => format!(" of at most {max}"),
        (None, None) => String::new(),
    }
}

fn names_hint(rules: &[ParameterRule]) -> String {
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    if names.is_empty() { "it has no parameters".to_owned() } else { format!("known are {}", names.join(", ")) }
}

fn group_hint(kind: GroupKind, of: &[String]) -> String {
    let of = of.join(", ");
    match kind {
        GroupKind::ExactlyOne => format!("give exactly one of {of}"),
        GroupKind::AtMostOne => format!("give at most one of {of}"),
        GroupKind::AtLeastOne => format!("give at least one of {of}"),
        GroupKind::AllOrNone => format!("give all of {of}, or none"),
    }
}

/// Why a parameter has to be there, or must not.
fn shape_hint(when: &When, verb: &str) -> String {
    let values = when.iter().map(|(name, value)| match value {
        Value::String(value) if matches!(value.as_str(), "present" | "absent") => format!("{name} {value}"),
        Value::String(value) => format!("{name} {value:?}"),
        other => format!("{name} one of {other}"),
    });
    let values = values.collect::<Vec<_>>().join(" and ");
    if verb == "needs" { format!("an action with {values} needs it") } else { format!("it {verb} {values}") }
}

fn literal_fits(subject: &Subject<'_>, rule: &ParameterRule, text: &str) -> bool {
    let listed = |same: fn(&str, &str) -> bool| rule.open || rule.values.iter().any(|value| same(value, text));
    let in_range = |number: f64| {
        let asynchronous = || subject.parameters.get("InvocationType").and_then(Value::as_str) == Some("ASYNCHRONOUS");
        let (min, max) = rule.range.unwrap_or((None, None));
        let max = rule.async_max.filter(|_| asynchronous()).or(max);
        min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
    };
    match rule.json {
        Kind::Int => text.parse::<i64>().is_ok_and(|number| in_range(number as f64)),
        Kind::Float => text.parse::<f64>().is_ok_and(|number| number.is_finite() && in_range(number)),
        Kind::Bool if rule.values.is_empty() => matches!(text.to_ascii_lowercase().as_str(), "true" | "false"),
        Kind::Bool | Kind::Enum => match (rule.letter_case, rule.json) {
            (LetterCase::Any, _) | (LetterCase::ByKind, Kind::Bool) => listed(str::eq_ignore_ascii_case),
            (LetterCase::Exact | LetterCase::ByKind, _) => listed(|a, b| a == b),
        },
        Kind::String => {
            let length = text.chars().count();
            let (min, max) = rule.length.unwrap_or((None, None));
            min.is_none_or(|min| length >= min)
                && max.is_none_or(|max| length <= max)
                && (rule.values.is_empty() || listed(|a, b| a == b))
        }
        Kind::Object | Kind::List | Kind::Map | Kind::Any | Kind::JsonBool | Kind::JsonNumber => true,
    }
}
