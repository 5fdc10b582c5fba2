//! A flow as JSON text: how far it has to be one before its actions are looked at.

use serde_json::{Map, Value};

use crate::flow::export::is_legacy;

/// The only version of the language.
pub const VERSION: &str = "2019-10-30";
/// Longest content, in characters.
pub const CONTENT_CHARS_MAX: usize = 256_000;

/// Content that is not JSON, or is of the console's legacy form: the service answers `Invalid request`
/// (observed-errors.md E-F2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAFlow {
    /// Not JSON.
    #[error("Invalid request: the content is not JSON ({0})")]
    NotJson(String),
    /// The export of the old console.
    #[error(
        "Invalid request: the content is of the console's legacy form (modules, start): convert it to the flow language, version 2019-10-30"
    )]
    Legacy,
    /// Out of range.
    #[error("Invalid request: the content has {0} characters, give 1 to 256000")]
    Length(usize),
}

/// A document that is JSON and not of the legacy form.
#[derive(Clone, Debug)]
pub struct Document {
    /// The JSON.
    pub(crate) root: Value,
}

impl Document {
    /// Reads a content. SAVED content has to be that much.
    pub fn parse(content: &str) -> Result<Document, NotAFlow> {
        let length = content.chars().count();
        if length == 0 || length > CONTENT_CHARS_MAX {
            return Err(NotAFlow::Length(length));
        }
        let root = parse_json(content).map_err(NotAFlow::NotJson)?;
        if is_legacy(&root) { Err(NotAFlow::Legacy) } else { Ok(Document { root }) }
    }

    /// Whether it has Settings, which the content of a module must have and that of a flow must not (observed-errors.md
    /// E-F6).
    pub fn has_settings(&self) -> bool {
        self.root.get("Settings").is_some_and(|settings| !settings.is_null())
    }

    /// The actions, as far as they are objects.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.root.get("Actions").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
    }

    /// Identifier of the first action.
    pub(crate) fn start(&self) -> Option<&str> {
        self.root.get("StartAction").and_then(Value::as_str)
    }
}

/// Reads JSON, or says why it is none in words that tell what to do.
pub fn parse_json(text: &str) -> Result<Value, String> {
    if text.starts_with('\u{feff}') {
        return Err("it begins with a byte order mark: save it as UTF-8 without one".to_owned());
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// A scalar as text: the console writes every number as a string, the service takes both.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
