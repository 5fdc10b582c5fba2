//! The export of the console before the flow language: `modules` with `branches` and `parameters`. The API refuses it;
//! this turns it into the language. Names and shapes are those found in exported flows of public projects.

mod block;

use serde_json::{Map, Value, json};

use crate::flow::document::{VERSION, parse_json};
use crate::flow::export::is_legacy;
use block::Block;

/// A flow in the language, and what could not be carried over as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The content, as indented JSON.
    pub content: String,
    /// What somebody should look at, by the path in the export.
    pub notes: Vec<Note>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where, as a path into the export.
    pub path: String,
    /// What.
    pub text: String,
}

/// An export that cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConvertible {
    /// Not JSON.
    #[error("the file is not JSON: {0}")]
    NotJson(String),
    /// Another form.
    #[error("the file is no export of the old console: it has no list of modules")]
    NotLegacy,
    /// Modules that the language has no known counterpart of, each with its reason.
    #[error("{}", .0.iter().map(|note| format!("{}: {}", note.path, note.text)).collect::<Vec<_>>().join("\n"))]
    Modules(Vec<Note>),
}

/// Converts an export. Every module has to be known; what is wrong with the result otherwise,
/// [`validate`](crate::flow::validate::validate) says.
pub fn convert(text: &str) -> Result<Converted, NotConvertible> {
    let root = parse_json(text).map_err(NotConvertible::NotJson)?;
    if !is_legacy(&root) {
        return Err(NotConvertible::NotLegacy);
    }
    let modules = root.get("modules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (mut actions, mut positions) = (Vec::new(), Map::new());
    let (mut notes, mut unknown) = (Vec::new(), Vec::new());
    for (index, module) in modules.iter().enumerate() {
        let path = format!("modules[{index}]");
        let mut block = Block::new(module);
        match block.convert() {
            Ok(action) => {
                if let (Some(id), Some(position)) = (module.get("id"), module.pointer("/metadata/position")) {
                    positions.insert(id.as_str().unwrap_or_default().to_owned(), json!({ "position": position }));
                }
                notes.extend(block.notes.into_iter().map(|text| Note { path: path.clone(), text }));
                actions.push(action);
            }
            Err(text) => unknown.push(Note { path, text }),
        }
    }
    if !unknown.is_empty() {
        return Err(NotConvertible::Modules(unknown));
    }
    let mut metadata = root.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    metadata.insert("ActionMetadata".to_owned(), Value::Object(positions));
    let flow = json!({
        "Version": VERSION,
        "StartAction": root.get("start").unwrap_or(&Value::Null),
        "Metadata": metadata,
        "Actions": actions,
    });
    let content = serde_json::to_string_pretty(&flow).expect("a JSON value can be written");
    Ok(Converted { content, notes })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn export(modules: &str) -> String {
        format!(r#"{{"modules":{modules},"version":"1","type":"contactFlow","start":"a","metadata":{{"name":"N"}}}}"#)
    }

    #[test]
    fn positions_and_names_are_kept() {
        let modules =
            r#"[{"id":"a","type":"Disconnect","branches":[],"parameters":[],"metadata":{"position":{"x":1,"y":2}}}]"#;
        let converted = convert(&export(modules)).unwrap();
        expect![[r#"
            {
              "Actions": [
                {
                  "Identifier": "a",
                  "Parameters": {},
                  "Transitions": {},
                  "Type": "DisconnectParticipant"
                }
              ],
              "Metadata": {
                "ActionMetadata": {
                  "a": {
                    "position": {
                      "x": 1,
                      "y": 2
                    }
                  }
                },
                "name": "N"
              },
              "StartAction": "a",
              "Version": "2019-10-30"
            }"#]]
        .assert_eq(&converted.content);
        assert_eq!(converted.notes, []);
    }

    #[test]
    fn what_is_not_known_is_told_all_at_once() {
        let modules =
            r#"[{"id":"a","type":"Levitate"},{"id":"b","type":"Transfer","target":"Moon"},{"type":"Disconnect"}]"#;
        let refused = convert(&export(modules)).unwrap_err().to_string();
        expect![[r#"
            modules[0]: a module of type Levitate has no known counterpart in the flow language
            modules[1]: a Transfer to Moon has no known counterpart in the flow language
            modules[2]: it has no id"#]]
        .assert_eq(&refused);
        assert_eq!(convert("{}").unwrap_err(), NotConvertible::NotLegacy);
        assert!(convert("{").unwrap_err().to_string().starts_with("the file is not JSON"));
    }
}
