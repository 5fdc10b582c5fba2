//! The tables: operations, exceptions, markers, constraints.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::Number;

use super::names::{capitalised, screaming};
use super::patterns::{self, Translated};
use super::selection::{Selection, label, segments};
use super::types;
use crate::model::{Kind, Member, Shape};

/// `mod.rs`.
pub(super) fn modules() -> String {
    "\npub mod constraints;\npub mod exceptions;\npub(crate) mod operation_facts;\npub mod operations;\npub mod shapes;\n".to_owned()
}

/// `operation_facts.rs`.
pub(super) fn operations(selection: &Selection<'_>) -> String {
    let operations = &selection.model.operations;
    let mut text = format!(
        "\nuse super::constraints::*;\nuse super::exceptions::*;\n\
         use crate::facts::{{Method::{{Delete, Get, Post, Put}}, OperationFacts, Segment::{{Label, Literal}}}};\n\n\
         /// Every operation of the model, by name.\n\
         pub static OPERATIONS: [OperationFacts; {}] = [\n",
        operations.len()
    );
    for (name, operation) in operations {
        let method = capitalised(&operation.method.to_ascii_lowercase());
        let path: Vec<String> = segments(&operation.uri)
            .map(|part| label(part).map_or_else(|| format!("Literal({part:?})"), |label| format!("Label({label:?})")))
            .collect();
        let exceptions: Vec<String> = operation.errors.iter().map(|error| format!("&{}", screaming(error))).collect();
        let input = selection
            .typed
            .get(name.as_str())
            .map_or_else(|| "None".to_owned(), |operation| format!("Some(&{})", screaming(&operation.input)));
        let _ = writeln!(
            text,
            "OperationFacts {{ name: {name:?}, method: {method}, path: &[{}], exceptions: &[{}], input: {input} }},",
            path.join(", "),
            exceptions.join(", "),
        );
    }
    text += "];\n";
    text
}

/// `operations.rs`.
pub(super) fn markers(selection: &Selection<'_>) -> String {
    let mut text = String::from(
        "//!\n//! A marker type for each operation that has types.\n\n\
         use super::shapes::*;\nuse crate::{Empty, operation_marker};\n\n",
    );
    for (name, operation) in &selection.typed {
        let output = operation.output.as_deref().unwrap_or("Empty");
        let _ = writeln!(
            text,
            "operation_marker!(\n    /// `{} {}`\n    {name}: {} => {output}\n);",
            operation.method, operation.uri, operation.input
        );
    }
    text
}

/// `exceptions.rs`.
pub(super) fn exceptions(selection: &Selection<'_>) -> String {
    let exceptions: Vec<(&String, &Shape, u16)> = selection
        .model
        .shapes
        .iter()
        .filter_map(|(name, shape)| shape.http_status.map(|status| (name, shape, status)))
        .collect();
    let mut text = format!(
        "\nuse crate::facts::ExceptionFacts;\n\n/// Every exception of the model, by name.\n\
         pub static EXCEPTIONS: [&ExceptionFacts; {}] = [{}];\n",
        exceptions.len(),
        exceptions.iter().map(|(name, ..)| format!("&{}", screaming(name))).collect::<Vec<_>>().join(", "),
    );
    for (name, shape, status) in exceptions {
        let has_message = shape.members.contains_key("Message");
        let members: Vec<&String> = shape.members.keys().filter(|member| *member != "Message").collect();
        let _ = writeln!(
            text,
            "\n/// {status}\npub static {}: ExceptionFacts = ExceptionFacts {{ name: {name:?}, status: {status}, \
             has_message: {has_message}, members: &{members:?} }};",
            screaming(name),
        );
    }
    text
}

/// `constraints.rs`, the tables and the patterns they refer to.
pub(super) fn constraints(selection: &Selection<'_>) -> Result<(String, String)> {
    let mut patterns = BTreeMap::new();
    for name in &selection.inputs {
        if let Some(pattern) = &selection.model.shape(name).pattern {
            let translated = patterns::translate(pattern).with_context(|| format!("shape {name}"))?;
            patterns.insert(pattern.as_str(), translated);
        }
    }
    let places: BTreeMap<&str, usize> = patterns.keys().enumerate().map(|(place, pattern)| (*pattern, place)).collect();
    let mut text = String::from(
        "//!\n//! What the members of inputs may be.\n\n\
         use super::shapes;\nuse crate::facts::{List, Map, Member, Pattern, Shape, Size, Structure, Text};\n",
    );
    for name in &selection.inputs {
        let shape = selection.model.shape(name);
        let words = types::constraint(shape);
        let words = if words.is_empty() { String::new() } else { format!(": {words}") };
        let is_whole = selection.typed.values().any(|operation| operation.input == *name);
        let (kind, value) =
            if is_whole { ("Structure", structure(name, shape)) } else { ("Shape", shape_value(name, shape, &places)) };
        let _ = writeln!(text, "\n/// `{name}`{words}\npub static {}: {kind} = {value};", screaming(name));
    }
    Ok((text, pattern_table(&patterns)))
}

fn pattern_table(patterns: &BTreeMap<&str, Translated>) -> String {
    let mut text = format!(
        "\n/// The patterns of strings, each in its [`index`](Pattern::index).\npub static PATTERNS: [Pattern; {}] = [\n",
        patterns.len()
    );
    for (index, translated) in patterns.values().enumerate() {
        let list = |expressions: &[String]| expressions.iter().map(|one| literal(one)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "Pattern {{ index: {index}, text: {}, must: &[{}], must_not: &[{}] }},",
            literal(&translated.text),
            list(&translated.must),
            list(&translated.must_not),
        );
    }
    text += "];\n";
    text
}

/// A raw string where that reads better.
fn literal(text: &str) -> String {
    if text.contains('\\') && !text.contains('"') { format!("r\"{text}\"") } else { format!("{text:?}") }
}

fn shape_value(name: &str, shape: &Shape, places: &BTreeMap<&str, usize>) -> String {
    let part = |part: &Option<String>| screaming(part.as_ref().expect("lists and maps name their parts"));
    let sensitive = if shape.sensitive { ".sensitive()" } else { "" };
    match shape.kind {
        Kind::Boolean => "Shape::Boolean".to_owned(),
        Kind::Timestamp => "Shape::Timestamp".to_owned(),
        Kind::Integer => format!("Shape::Integer {{ {} }}", range(shape, "i32")),
        Kind::Long => format!("Shape::Long {{ {} }}", range(shape, "i64")),
        Kind::Double | Kind::Float => format!("Shape::Float {{ {} }}", range(shape, "f64")),
        Kind::String if shape.values.is_some() => format!("Shape::Enum(shapes::{name}::NAMES)"),
        Kind::String => {
            let pattern = shape
                .pattern
                .as_deref()
                .map_or(String::new(), |pattern| format!(".matching(&PATTERNS[{}])", places[pattern]));
            format!("Shape::String(Text::new({}){pattern}{sensitive})", size(shape))
        }
        Kind::List => format!("Shape::List(List::new(&{}, {}){sensitive})", part(&shape.item), size(shape)),
        Kind::Map => {
            format!("Shape::Map(Map::new(&{}, &{}, {}){sensitive})", part(&shape.key), part(&shape.value), size(shape))
        }
        Kind::Structure => format!("Shape::Structure({})", structure(name, shape)),
    }
}

fn structure(name: &str, shape: &Shape) -> String {
    let members: Vec<String> = shape.members.iter().map(|(name, facts)| member(name, facts)).collect();
    format!(
        "Structure {{ name: {name:?}, union: {}, sensitive: {}, members: &[{}] }}",
        shape.union,
        shape.sensitive,
        members.iter().map(|member| format!("\n{member},")).collect::<String>(),
    )
}

fn member(name: &str, facts: &Member) -> String {
    let shape = screaming(&facts.shape);
    let mut text = match (facts.location.as_deref(), facts.location_name.as_deref()) {
        (Some("uri"), _) => return format!("Member::label({name:?}, &{shape})"),
        (Some("querystring"), Some(parameter)) => format!("Member::query({name:?}, {parameter:?}, &{shape})"),
        _ => format!("Member::body({name:?}, &{shape})"),
    };
    if facts.required {
        text += ".required()";
    }
    if facts.idempotency_token {
        text += ".idempotency_token()";
    }
    text
}

fn size(shape: &Shape) -> String {
    match (&shape.min, &shape.max) {
        (None, None) => "Size::ANY".to_owned(),
        (Some(min), None) if min.as_u64() == Some(0) => "Size::ANY".to_owned(),
        (Some(min), None) => format!("Size::at_least({})", digits(min)),
        (None, Some(max)) => format!("Size::at_most({})", digits(max)),
        (Some(min), Some(max)) if min.as_u64() == Some(0) => format!("Size::at_most({})", digits(max)),
        (Some(min), Some(max)) => format!("Size::new({}, {})", digits(min), digits(max)),
    }
}

fn range(shape: &Shape, kind: &str) -> String {
    let bound = |bound: &Option<Number>, otherwise: &str| match bound {
        Some(number) if number.as_i64() == Some(i64::MAX) => format!("{kind}::MAX"),
        Some(number) if kind == "f64" => format!("{:?}", number.as_f64().expect("a bound is a finite number")),
        Some(number) => digits(number),
        None => format!("{kind}::{otherwise}"),
    };
    format!("min: {}, max: {}", bound(&shape.min, "MIN"), bound(&shape.max, "MAX"))
}

/// A whole number with its thousands apart.
fn digits(number: &Number) -> String {
    let text = number.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    if digits.len() < 5 {
        return text;
    }
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = if first > 0 { vec![&digits[..first]] } else { Vec::new() };
    groups.extend(
        digits.as_bytes()[first..].chunks(3).map(|group| std::str::from_utf8(group).expect("digits are ASCII")),
    );
    format!("{sign}{}", groups.join("_"))
}
