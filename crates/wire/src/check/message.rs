//! The words of a refusal: which member, which rule, what was given.

use std::fmt;

use api::facts::Size;
use serde_json::Value;

/// How much of a value or key is repeated.
const SHOWN_CHARACTERS_MAX: usize = 64;

/// Where a value is: `References.invoice.Type`, `Attachments[0].S3Url`. Made on the stack, written only when needed.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    /// The input itself.
    Root,
    /// A member of a structure.
    Member(&'a Path<'a>, &'static str),
    /// An item of a list.
    Item(&'a Path<'a>, usize),
    /// A key of a map.
    Key(&'a Path<'a>),
    /// The value of a map under a key.
    Entry(&'a Path<'a>, &'a str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Member(Path::Root, name) => f.write_str(name),
            Path::Member(parent, name) => write!(f, "{parent}.{name}"),
            Path::Item(parent, index) => write!(f, "{parent}[{index}]"),
            Path::Key(parent) => write!(f, "a key of {parent}"),
            Path::Entry(parent, key) => write!(f, "{parent}.{}", cut(key)),
        }
    }
}

/// A value in quotation marks, cut where it is long.
pub(super) fn quoted(value: &str) -> String {
    format!("{:?}", cut(value))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The bound that a count breaks, such as `at most 5`.
pub(super) fn limit(size: Size, count: usize) -> Option<String> {
    if count < size.min {
        Some(format!("at least {}", size.min))
    } else if count > size.max {
        Some(format!("at most {}", size.max))
    } else {
        None
    }
}

/// What a JSON value is, with its article.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
