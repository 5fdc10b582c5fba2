//! The table of every action type of the flow language, `model/flow-actions.json`: what an action may and must have,
//! and what a task does with it. Validator and interpreter read the same rows.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::flow::FlowType;

const TEXT: &str = include_str!("../../../../model/flow-actions.json");

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let file: File = serde_json::from_str(TEXT).expect("model/flow-actions.json is checked by the tests of this crate");
    Table {
        actions: file.actions.into_iter().map(|rule| (rule.action_type.clone(), rule)).collect(),
        refused_types: file.refused_types,
        document: file.document,
    }
});

/// The catch-all of error types.
pub(crate) const NO_MATCHING_ERROR: &str = "NoMatchingError";
/// The error of a result that fits no condition.
pub(crate) const NO_MATCHING_CONDITION: &str = "NoMatchingCondition";

#[derive(Deserialize)]
struct File {
    document: DocumentRule,
    refused_types: HashMap<String, Option<String>>,
    actions: Vec<ActionRule>,
}

/// The whole table.
pub(crate) struct Table {
    actions: HashMap<String, ActionRule>,
    refused_types: HashMap<String, Option<String>>,
    pub(crate) document: DocumentRule,
}

/// Rules of the document as a whole.
#[derive(Deserialize)]
pub(crate) struct DocumentRule {
    pub(crate) max_actions: usize,
    pub(crate) identifier: IdentifierRule,
}

/// What an Identifier may be.
#[derive(Deserialize)]
pub(crate) struct IdentifierRule {
    pub(crate) max_length: usize,
    pub(crate) forbidden_characters: String,
}

/// Everything about one action type.
#[derive(Deserialize)]
pub(crate) struct ActionRule {
    #[serde(rename = "type")]
    pub(crate) action_type: String,
    pub(crate) next: NextRule,
    pub(crate) parameters: Vec<ParameterRule>,
    #[serde(default)]
    pub(crate) open_parameters: bool,
    #[serde(default)]
    pub(crate) groups: Vec<GroupRule>,
    #[serde(default)]
    pub(crate) shapes: Vec<ShapeRule>,
    pub(crate) conditions: ConditionRule,
    pub(crate) errors: ErrorRule,
    pub(crate) flow_types: FlowTypeRule,
    #[serde(default)]
    console_blocks: Vec<String>,
    channels: Channels,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NextRule {
    Required,
    Optional,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    String,
    Int,
    Float,
    Bool,
    Enum,
    Object,
    List,
    Map,
    Any,
    JsonBool,
    JsonNumber,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Static,
    Path,
    Either,
    #[default]
    Mixed,
}

/// How values of a list are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LetterCase {
    /// As the kind says: any for a bool, exact for an enum.
    #[default]
    ByKind,
    Any,
    Exact,
}

/// A kind of resource that a literal id has to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Resolves {
    /// A flow.
    #[serde(rename = "flow")]
    Flow,
    /// A flow module.
    #[serde(rename = "module")]
    Module,
    /// A queue.
    #[serde(rename = "queue")]
    Queue,
    /// A prompt.
    #[serde(rename = "prompt")]
    Prompt,
    /// Hours of operation.
    #[serde(rename = "hours of operation")]
    HoursOfOperation,
}

impl Resolves {
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Resolves::Flow => "flow",
            Resolves::Module => "flow module",
            Resolves::Queue => "queue",
            Resolves::Prompt => "prompt",
            Resolves::HoursOfOperation => "hours of operation",
        }
    }
}

/// A parameter, a field of one, or an element of a list or map, which has no name.
#[derive(Deserialize)]
pub(crate) struct ParameterRule {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) json: Kind,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) values: Vec<String>,
    #[serde(default)]
    pub(crate) open: bool,
    pub(crate) range: Option<(Option<f64>, Option<f64>)>,
    pub(crate) length: Option<(Option<usize>, Option<usize>)>,
    pub(crate) items: Option<(Option<usize>, Option<usize>)>,
    #[serde(default)]
    pub(crate) fields: Vec<ParameterRule>,
    pub(crate) of: Option<Box<ParameterRule>>,
    #[serde(default)]
    pub(crate) free: bool,
    pub(crate) resolves: Option<Resolves>,
    #[serde(default)]
    pub(crate) keys_allowed: Vec<String>,
    #[serde(default)]
    pub(crate) letter_case: LetterCase,
    #[serde(default)]
    pub(crate) json_number_accepted: bool,
    #[serde(default)]
    pub(crate) object_accepted: bool,
    #[serde(default)]
    pub(crate) exactly_one: Vec<String>,
    #[serde(default)]
    pub(crate) leaf: bool,
    /// The largest number when the function is called without waiting for it.
    pub(crate) async_max: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupKind {
    ExactlyOne,
    AtMostOne,
    AtLeastOne,
    AllOrNone,
}

/// How many of some parameters are given; dotted names reach into objects.
#[derive(Deserialize)]
pub(crate) struct GroupRule {
    pub(crate) kind: GroupKind,
    pub(crate) of: Vec<String>,
}

/// Values of parameters on which a rule depends: a literal, one of several, or a marker such as `present`.
pub(crate) type When = BTreeMap<String, Value>;

/// Rules that hold for some values of parameters.
#[derive(Deserialize)]
pub(crate) struct ShapeRule {
    pub(crate) when: When,
    #[serde(default)]
    pub(crate) require: Vec<String>,
    #[serde(default)]
    pub(crate) forbid: Vec<String>,
    #[serde(default)]
    pub(crate) require_one_of: Vec<String>,
    #[serde(default)]
    pub(crate) errors_required: Vec<String>,
    #[serde(default)]
    pub(crate) errors_refused: Vec<String>,
    pub(crate) conditions: Option<ConditionRule>,
}

/// Which conditions an action may have.
#[derive(Deserialize)]
pub(crate) struct ConditionRule {
    pub(crate) allowed: bool,
    #[serde(default)]
    pub(crate) operators: Vec<String>,
    #[serde(default)]
    pub(crate) operands: String,
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
    #[serde(default)]
    pub(crate) set: Vec<String>,
    #[serde(default)]
    pub(crate) all_of_set_required: bool,
    #[serde(default)]
    pub(crate) must_include: Vec<String>,
    /// A list parameter whose entries are operands, each of them, and with `must_include` the only ones.
    pub(crate) one_per_entry_of: Option<String>,
    #[serde(default)]
    pub(crate) ascending: bool,
    pub(crate) range: Option<(Option<f64>, Option<f64>)>,
}

/// Which errors an action may and must have wired.
#[derive(Deserialize)]
pub(crate) struct ErrorRule {
    pub(crate) required: Vec<String>,
    #[serde(default)]
    pub(crate) optional: Vec<String>,
    #[serde(default)]
    pub(crate) when: Vec<ErrorWhen>,
}

/// Errors that depend on parameters, and on the type of the flow when some are named.
#[derive(Deserialize)]
pub(crate) struct ErrorWhen {
    pub(crate) when: When,
    #[serde(default)]
    pub(crate) flow_types: Vec<String>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    #[serde(default)]
    pub(crate) refused: Vec<String>,
}

/// In which flows an action may be.
#[derive(Deserialize)]
pub(crate) struct FlowTypeRule {
    /// Where the action may be by what is documented, which is less than what live instances take.
    pub(crate) allowed: Vec<String>,
    /// Whether live instances take it nowhere else, modules apart.
    #[serde(default)]
    pub(crate) refused_elsewhere: bool,
    #[serde(default)]
    pub(crate) refusal_seen_live_in: Vec<String>,
}

impl ActionRule {
    /// Whether it is for modules alone: the end of one.
    pub(crate) fn ends_module(&self) -> bool {
        self.flow_types.allowed == ["MODULE"]
    }
}

impl FlowTypeRule {
    /// Whether an action may not be in a flow of this type: what live instances were seen to refuse.
    pub(crate) fn refuse(&self, flow_type: FlowType) -> bool {
        let has = |list: &[String]| list.iter().any(|name| name == flow_type.as_str());
        has(&self.refusal_seen_live_in) || (self.refused_elsewhere && !has(&self.allowed))
    }
}

#[derive(Deserialize)]
struct Channels {
    task: TaskWord,
    branch: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TaskWord {
    Runs,
    SuccessNoEffect,
    ErrorBranch,
    Unsupported,
}

/// What a task does at an action that has no effect on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TaskPath {
    /// Goes on to NextAction.
    Next,
    /// Takes this error, for this reason.
    Error(String, &'static str),
    /// There is no branch to take.
    Unsupported,
}

/// The table.
pub(crate) fn table() -> &'static Table {
    &TABLE
}

impl Table {
    /// The row of an action type.
    pub(crate) fn action(&self, action_type: &str) -> Option<&ActionRule> {
        self.actions.get(action_type)
    }

    /// The name of the type that is meant by a name which the service refuses.
    pub(crate) fn right_name(&self, action_type: &str) -> Option<&str> {
        self.refused_types.get(action_type)?.as_deref()
    }
}

/// What the console calls a block of this action type.
pub fn block_name(action_type: &str) -> Option<&'static str> {
    table().action(action_type)?.console_blocks.first().map(String::as_str)
}

/// The way of a task through an action that this version does not execute.
pub(crate) fn task_path(action_type: &str) -> TaskPath {
    let Some(rule) = table().action(action_type) else { return TaskPath::Unsupported };
    let error = || rule.channels.branch.clone().unwrap_or_else(|| NO_MATCHING_ERROR.to_owned());
    match rule.channels.task {
        TaskWord::SuccessNoEffect => TaskPath::Next,
        TaskWord::ErrorBranch => TaskPath::Error(error(), "the action is not for tasks"),
        TaskWord::Runs if rule.errors.required.iter().any(|name| name == NO_MATCHING_ERROR) => {
            TaskPath::Error(error(), "the action needs something that Callboard does not have")
        }
        TaskWord::Runs | TaskWord::Unsupported => TaskPath::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_action_type() {
        assert_eq!(table().actions.len(), 69);
        assert_eq!(table().document.max_actions, 250);
        assert_eq!(task_path("MessageParticipant"), TaskPath::Next);
        assert_eq!(task_path("ShowView"), TaskPath::Error(NO_MATCHING_ERROR.into(), "the action is not for tasks"));
        assert_eq!(task_path("CompleteOutboundCall"), TaskPath::Unsupported);
        assert!(matches!(task_path("CreateCase"), TaskPath::Error(error, _) if error == NO_MATCHING_ERROR));
    }
}
