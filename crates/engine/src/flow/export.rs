//! Files of flows as they lie in repositories: the content itself, or something around it. The API takes the content
//! alone.

use serde_json::Value;

use crate::flow::FlowType;

/// What a content is published as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publishable {
    /// A flow of a type.
    Flow(FlowType),
    /// A flow module.
    Module,
}

/// The type of a flow, or `MODULE`.
impl std::fmt::Display for Publishable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Publishable::Flow(flow_type) => flow_type.fmt(f),
            Publishable::Module => f.pad("MODULE"),
        }
    }
}

/// How a file holds a flow (flow-language.md section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// The flow language itself.
    Bare,
    /// `{"Content": …}`, often with placeholders for ids, as deployment tools have it.
    Content,
    /// An answer of DescribeContactFlow or DescribeContactFlowModule.
    Described,
    /// The export of the old console: `modules`, `start`, `metadata`. The API refuses it;
    /// [`convert`](crate::flow::legacy::convert) turns it into the flow language.
    Legacy,
}

/// A file of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// How it holds the flow.
    pub wrapping: Wrapping,
    /// The name that it tells.
    pub name: Option<String>,
    /// What it is to be published as, as far as it tells.
    pub publishable: Option<Publishable>,
    /// The content, byte for byte unless the file has it as an object.
    pub content: String,
}

impl Export {
    /// Reads a file. What is no JSON is its own content, so that the one who reads that says what is wrong.
    pub fn read(text: &str) -> Export {
        let bare = |wrapping, name, publishable| Export { wrapping, name, publishable, content: text.to_owned() };
        let Ok(root) = serde_json::from_str::<Value>(text) else { return bare(Wrapping::Bare, None, None) };
        if is_legacy(&root) {
            let name = string(root.get("metadata"), "name");
            let told = string(Some(&root), "type").or_else(|| string(root.get("metadata"), "type"));
            return bare(Wrapping::Legacy, name, told.as_deref().and_then(publishable));
        }
        for (member, module) in [("ContactFlow", false), ("ContactFlowModule", true)] {
            if let Some(described) = root.get(member)
                && let Some(content) = content_of(described)
            {
                let told = string(Some(described), "Type").as_deref().and_then(publishable);
                let publishable = if module { Some(Publishable::Module) } else { told };
                let name = string(Some(described), "Name");
                return Export { wrapping: Wrapping::Described, name, publishable, content };
            }
        }
        if let Some(content) = content_of(&root).filter(|_| root.get("Actions").is_none()) {
            let told = string(Some(&root), "Type").as_deref().and_then(publishable);
            let publishable = told.or_else(|| ends_as_module(&content).then_some(Publishable::Module));
            return Export { wrapping: Wrapping::Content, name: string(Some(&root), "Name"), publishable, content };
        }
        let metadata = root.get("Metadata");
        let told = string(metadata, "type").as_deref().and_then(publishable);
        let publishable = if ends_as_module(text) { Some(Publishable::Module) } else { told };
        bare(Wrapping::Bare, string(metadata, "name"), publishable)
    }
}

/// Whether JSON is an export of the old console.
pub(crate) fn is_legacy(root: &Value) -> bool {
    root.get("modules").is_some_and(Value::is_array) && root.get("Actions").is_none()
}

fn string(of: Option<&Value>, name: &str) -> Option<String> {
    of?.get(name)?.as_str().map(str::to_owned)
}

fn content_of(of: &Value) -> Option<String> {
    match of.get("Content")? {
        Value::String(content) => Some(content.clone()),
        content @ Value::Object(_) => Some(content.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// Only modules have the action that ends one.
fn ends_as_module(content: &str) -> bool {
    content.contains("\"EndFlowModuleExecution\"")
}

/// Reads `CONTACT_FLOW` and the console's `contactFlow`.
fn publishable(name: &str) -> Option<Publishable> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let flow_type = FlowType::ALL.iter().find(|flow_type| plain(flow_type.as_str()) == plain(name));
    let module = matches!(plain(name).as_str(), "module" | "contactflowmodule");
    flow_type.map(|flow_type| Publishable::Flow(*flow_type)).or_else(|| module.then_some(Publishable::Module))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: &str =
        r#"{"Version":"2019-10-30","StartAction":"a","Metadata":{"name":"N","type":"customerQueue"},"Actions":[]}"#;

    fn shown(text: &str) -> String {
        let export = Export::read(text);
        let publishable =
            export.publishable.map_or_else(|| "unknown".to_owned(), |publishable| publishable.to_string());
        format!(
            "{:?} {} {publishable} {}",
            export.wrapping,
            export.name.as_deref().unwrap_or("-"),
            export.content.len()
        )
    }

    #[test]
    fn the_four_wrappings() {
        let quoted = serde_json::to_string(FLOW).unwrap();
        let length = FLOW.len();
        assert_eq!(shown(FLOW), format!("Bare N CUSTOMER_QUEUE {length}"));
        let wrapped = format!(r#"{{"Name":"W","Type":"CONTACT_FLOW","Content":{quoted}}}"#);
        assert_eq!(shown(&wrapped), format!("Content W CONTACT_FLOW {length}"));
        let described = format!(r#"{{"ContactFlow":{{"Name":"D","Type":"QUEUE_TRANSFER","Content":{quoted}}}}}"#);
        assert_eq!(shown(&described), format!("Described D QUEUE_TRANSFER {length}"));
        let module = format!(r#"{{"ContactFlowModule":{{"Name":"M","Content":{FLOW}}}}}"#);
        assert_eq!(shown(&module), format!("Described M MODULE {length}"));
        let legacy = r#"{"modules":[],"start":"a","type":"agentWhisper","metadata":{"name":"L"}}"#;
        assert_eq!(shown(legacy), format!("Legacy L AGENT_WHISPER {}", legacy.len()));
    }

    #[test]
    fn what_tells_no_type_is_unknown_unless_it_ends_as_a_module_does() {
        assert_eq!(shown("{"), "Bare - unknown 1");
        assert_eq!(shown("{}"), "Bare - unknown 2");
        let module = r#"{"Actions":[{"Type":"EndFlowModuleExecution"}]}"#;
        assert_eq!(shown(module), format!("Bare - MODULE {}", module.len()));
    }
}
