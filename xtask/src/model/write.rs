//! How `model/` is laid out: JSON that is read and reviewed by people.

use std::fmt::Write;

use serde_json::Value;

use super::{Kind, Model};

/// Up to this many columns an object or list stays on one line.
const WIDTH: usize = 120;

/// JSON with everything that fits on one line, everything else one entry a line.
pub(super) fn pretty(value: &Value) -> String {
    let mut text = String::new();
    layout(value, 0, 0, &mut text);
    text.push('\n');
    text
}

/// `used` is how many columns of the line are taken by the key before the value.
fn layout(value: &Value, depth: usize, used: usize, text: &mut String) {
    let short = one_line(value);
    // The outermost object always has an entry a line.
    if depth > 0 && used + short.len() < WIDTH {
        text.push_str(&short);
        return;
    }
    let indent = "  ".repeat(depth + 1);
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (format!("{}: ", quoted(key)), value)).collect(),
        Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
        scalar => {
            text.push_str(&scalar.to_string());
            return;
        }
    };
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    text.push(open);
    for (index, (key, value)) in entries.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&indent);
        text.push_str(key);
        layout(value, depth + 1, indent.len() + key.len(), text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let entries: Vec<String> =
                members.iter().map(|(key, value)| format!("{}: {}", quoted(key), one_line(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        scalar => scalar.to_string(),
    }
}

fn quoted(key: &str) -> String {
    Value::from(key).to_string()
}

/// What `model/README.md` says.
pub(super) fn readme(model: &Model, package: &str, member: &str, date: &str) -> String {
    let structures = model.shapes.values().filter(|shape| shape.kind == Kind::Structure).count();
    let exceptions = model.shapes.values().filter(|shape| shape.http_status.is_some()).count();
    let mut text = String::new();
    write!(
        text,
        "\
# The facts of the API

Written by `cargo xtask model`; do not edit, except `operations.txt`.

| | |
|---|---|
| Source | `{member}` in PyPI's `{package}`, dated {date} |
| API | Amazon Connect, service `connect`, version 2017-08-08, protocol rest-json |
| Size | {operations} operations; {shapes} shapes, {structures} of them structures and {exceptions} exceptions |

- `operations.json`: method, path, input, output and declared errors of every operation, by name.
- `shapes.json`: types, members and constraints of every shape, by name. Members keep the order of the source.
  `required` is moved to the member; `item` is what a list holds; `httpStatus` marks an exception.
- `operations.txt`: the operations for which `cargo xtask codegen` writes types. Edited by hand.

Only names, bindings, constraints and errors are kept; the source's prose is not.
",
        operations = model.operations.len(),
        shapes = model.shapes.len(),
    )
    .expect("a String takes everything");
    text
}
