//! Parameters: names, kinds, ranges, groups, ids.

use serde_json::{Map, Value};

use crate::arn::id_of;
use crate::flow::document::scalar_text;
use crate::flow::reference::Path;
use crate::flow::table::{GroupKind, Kind, LetterCase, Mode, ParameterRule};
use crate::flow::validate::problem::{EMPTY_ATTRIBUTE, Problems};
use crate::flow::validate::{Subject, holds, lookup};

pub(super) fn check(subject: &Subject<'_>, problems: &mut Problems) {
    let Subject { index, rule, parameters, .. } = *subject;
    let path = format!("Actions[{index}].Parameters");
    if !rule.open_parameters {
        for name in parameters.keys().filter(|name| !rule.parameters.iter().any(|known| known.name == **name)) {
            problems.name(format!("{path}.{name}"));
        }
    }
    check_fields(subject, &rule.parameters, parameters, &path, problems);
    for group in &rule.groups {
        check_group(group.kind, &group.of, parameters, &path, problems);
    }
    for shape in rule.shapes.iter().filter(|shape| holds(&shape.when, parameters)) {
        for name in shape.require.iter().filter(|name| lookup(parameters, name).is_none()) {
            problems.missing(format!("{path}.{name}"));
        }
        for name in shape.forbid.iter().filter(|name| lookup(parameters, name).is_some()) {
            problems.name(format!("{path}.{name}"));
        }
        if !shape.require_one_of.is_empty() {
            check_group(GroupKind::AtLeastOne, &shape.require_one_of, parameters, &path, problems);
        }
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
            None if rule.required => problems.missing(path),
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
            problems
                .add(path, format!("At least one of the following properties must be set. Properties: [{properties}]"));
        }
        (true, false) => {
            problems
                .add(path, format!("Only one of these properties may be defined. Properties: [{}]", found.join(", ")));
        }
        (false, _) => problems.value(path),
    }
}

fn check_value(subject: &Subject<'_>, rule: &ParameterRule, value: &Value, path: &str, problems: &mut Problems) {
    if rule.free || rule.json == Kind::Any {
        if value.as_str() == Some("") {
            problems.value(format!("{}.Parameter", subject.index));
        }
        return;
    }
    match (rule.json, value) {
        (Kind::JsonBool, Value::Bool(_)) | (Kind::JsonNumber, Value::Number(_)) => {}
        // The live service says so, although it is the value that is wrong.
        (_, Value::Bool(_)) => problems.action_type(subject.index, &subject.rule.action_type),
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
        _ => problems.value(path),
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
        problems.name(format!("{path}.{name}"));
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
        if key.is_empty() || (!rule.keys_allowed.is_empty() && !rule.keys_allowed.contains(key)) {
            problems.name(path);
        } else if rule.name == "Attributes" && value.as_str() == Some("") {
            problems.add(path, EMPTY_ATTRIBUTE);
        } else if let Some(element) = &rule.of {
            check_value(subject, element, value, &path, problems);
        }
    }
}

fn check_count(rule: &ParameterRule, count: usize, path: &str, problems: &mut Problems) {
    let Some((min, max)) = rule.items else { return };
    match max.filter(|max| count > *max) {
        Some(max) if rule.name == "Tags" => problems.add(path, format!("More than {max} tags in Parameters.Tags")),
        Some(_) => problems.value(path),
        None if min.is_some_and(|min| count < min) => problems.value(path),
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
    if text.is_empty() || !mode_fits || !leaf_fits {
        return problems.value(path);
    }
    // What a path leads to is known when it runs.
    if reference.is_some() || (rule.mode == Mode::Mixed && text.contains("$.")) {
        return;
    }
    if !literal_fits(subject, rule, &text) {
        return problems.value(path);
    }
    if let Some(kind) = rule.resolves
        && !subject.resolver.exists(kind, id_of(&text))
    {
        problems.add(path, format!("Failed to convert id: {text}"));
    }
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
