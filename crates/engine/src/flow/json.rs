//! JSON that flows look into: what functions and modules give. A path leads into it by names and numbers.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde_json::Value;

/// A JSON value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Json {
    /// `null`.
    #[n(0)]
    Null,
    /// A string.
    #[n(1)]
    Text(#[n(0)] String),
    /// A number, `true` or `false`, as JSON writes it.
    #[n(2)]
    Literal(#[n(0)] String),
    /// An array.
    #[n(3)]
    List(#[n(0)] Vec<Json>),
    /// An object.
    #[n(4)]
    Map(#[n(0)] BTreeMap<String, Json>),
}

impl From<Value> for Json {
    fn from(value: Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::String(text) => Json::Text(text),
            Value::Bool(value) => Json::Literal(value.to_string()),
            Value::Number(number) => Json::Literal(number.to_string()),
            Value::Array(list) => Json::List(list.into_iter().map(Json::from).collect()),
            Value::Object(map) => Json::Map(map.into_iter().map(|(key, value)| (key, Json::from(value))).collect()),
        }
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Text(text) => Value::String(text.clone()),
            Json::Literal(literal) => serde_json::from_str(literal).expect("a literal is kept as JSON wrote it"),
            Json::List(list) => Value::Array(list.iter().map(Value::from).collect()),
            Json::Map(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), value.into())).collect()),
        }
    }
}

impl Json {
    /// The value that these words lead to: names of members, or places in a list from 0 on.
    pub(crate) fn at(&self, words: &[&str]) -> Option<&Json> {
        words.iter().try_fold(self, |json, word| match json {
            Json::Map(map) => map.get(*word),
            Json::List(list) => list.get(word.parse::<usize>().ok()?),
            Json::Null | Json::Text(_) | Json::Literal(_) => None,
        })
    }

    /// The value as text: a string as it is, anything else as JSON. `null` has none.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Json::Null => None,
            Json::Text(text) | Json::Literal(text) => Some(text.clone()),
            Json::List(_) | Json::Map(_) => Some(Value::from(self).to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_into_it() {
        let given = r#"{"a": {"b": ["x", {"c": 1.50}, null]}, "t": true}"#;
        let json = Json::from(serde_json::from_str::<Value>(given).unwrap());
        let text = |path: &str| json.at(&path.split('.').collect::<Vec<_>>()).and_then(Json::text);
        assert_eq!(text("a.b.0").as_deref(), Some("x"));
        assert_eq!(text("a.b.1.c").as_deref(), Some("1.5"));
        assert_eq!(text("a.b.1").as_deref(), Some(r#"{"c":1.5}"#));
        assert_eq!(text("t").as_deref(), Some("true"));
        for nowhere in ["a.b.2", "a.b.3", "a.b.x", "a.x", "t.x"] {
            assert_eq!(text(nowhere), None, "{nowhere}");
        }
        assert_eq!(Value::from(&json), serde_json::from_str::<Value>(given).unwrap());
        assert_eq!(minicbor::decode::<Json>(&minicbor::to_vec(&json).unwrap()).unwrap(), json);
    }
}
