//! What flows did with a contact, action by action: the output of a step, for whoever keeps it.

use std::collections::VecDeque;

use minicbor::{Decode, Encode};
use serde_json::Value;

use crate::flow::reference::{Text, View};
use crate::id::{ContactFlowId, ContactFlowModuleId, RunId};
use crate::time::Timestamp;

/// Most entries of one step: as many of its first as of its last actions are told.
pub const ENTRIES_MAX: usize = 200;
/// Longest parameters of an entry and longest output, in bytes of JSON.
pub const PARAMETERS_BYTES_MAX: usize = 4_096;
/// Longest literal text that is never cut to make parameters fit, in bytes.
const UNCUT_BYTES_MAX: usize = 64;
/// The end of a value that was cut.
const CUT: &str = "…";
/// The result of an action that has one way on: NextAction.
pub const NEXT: &str = "Next";
/// The result of an entry that tells where a run stopped: it has no parameters.
pub const STOPPED: &str = "Stopped";
/// Longest result and longest reason of an entry, in bytes.
const WORDS_BYTES_MAX: usize = 512;

/// One executed action, or the end of a run that could not go on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TraceEntry {
    /// When.
    #[n(0)]
    pub at: Timestamp,
    /// The run.
    #[n(1)]
    pub run: RunId,
    /// The run's step count before the action.
    #[n(2)]
    pub step: u64,
    /// The flow; of an action in a module the flow that invoked it.
    #[n(3)]
    pub flow: ContactFlowId,
    /// The module that the action is in.
    #[n(4)]
    pub module: Option<ContactFlowModuleId>,
    /// The action's Identifier; empty when the run did not come to one.
    #[n(5)]
    pub action: String,
    /// The action's Type.
    #[n(6)]
    pub action_type: String,
    /// Its parameters with the values of their paths, as JSON; when they are longer than [`PARAMETERS_BYTES_MAX`] long
    /// values are cut and end with `…`. None when what remains is still longer.
    #[n(7)]
    pub parameters: Option<String>,
    /// Why the branch was taken: [`NEXT`], an operand, an ErrorType, or a word such as `Waiting`.
    #[n(8)]
    pub result: String,
    /// Why an error was the result, in words.
    #[n(9)]
    pub error: Option<String>,
    /// Identifier of the action that follows in the same flow.
    #[n(10)]
    pub next: Option<String>,
    /// What the action gave, as a JSON object: the answer of a function, the ResultData of a module, metrics, the id of
    /// a task; none when it is longer than [`PARAMETERS_BYTES_MAX`].
    #[n(11)]
    pub output: Option<String>,
    /// Whether UpdateFlowLoggingBehavior had turned flow logs on: then the action belongs into them, see
    /// [`log`](crate::flow::log).
    #[n(12)]
    pub logged: bool,
}

/// How much of what flows did with a contact was handed to whoever keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct TraceCount {
    /// Steps that told something.
    #[n(0)]
    pub chunks: u32,
    /// Actions, those included that are not told.
    #[n(1)]
    pub entries: u64,
}

/// What the flows of a contact did in one step, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The first actions.
    pub first: Vec<TraceEntry>,
    /// How many came between and are not told.
    pub omitted: u64,
    /// The last actions.
    pub last: VecDeque<TraceEntry>,
}

impl Trace {
    /// Adds an entry; one too many takes the place of the oldest that is not among the first.
    pub(crate) fn push(&mut self, mut entry: TraceEntry) {
        cut(&mut entry.result);
        if let Some(error) = &mut entry.error {
            cut(error);
        }
        if self.first.len() < ENTRIES_MAX / 2 {
            self.first.push(entry);
            return;
        }
        if self.last.len() == ENTRIES_MAX / 2 {
            self.last.pop_front();
            self.omitted += 1;
        }
        self.last.push_back(entry);
    }

    /// All entries that are told.
    pub fn entries(&self) -> impl Iterator<Item = &TraceEntry> {
        self.first.iter().chain(&self.last)
    }
}

fn cut(text: &mut String) {
    let boundary = (0..=WORDS_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end));
    if text.len() > WORDS_BYTES_MAX {
        text.truncate(boundary.unwrap_or(0));
    }
}

/// Parameters as JSON text with gaps where paths are, made once, so that an entry costs a few copies.
#[derive(Debug, Default)]
pub(crate) struct ParametersText(Vec<Fragment>);

#[derive(Debug)]
enum Fragment {
    /// JSON text.
    Json(String),
    /// Text within a JSON string: with paths in it, or so long that it may have to be cut.
    Text(Text),
}

impl ParametersText {
    pub(crate) fn parse(parameters: &Value) -> ParametersText {
        let mut text = ParametersText::default();
        text.add(parameters);
        text
    }

    fn json(&mut self) -> &mut String {
        if !matches!(self.0.last(), Some(Fragment::Json(_))) {
            self.0.push(Fragment::Json(String::new()));
        }
        match self.0.last_mut() {
            Some(Fragment::Json(json)) => json,
            Some(Fragment::Text(_)) | None => unreachable!("one was just put there"),
        }
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.json().push('"');
                let text = Text::parse(text);
                match text.literal() {
                    Some(literal) if literal.len() <= UNCUT_BYTES_MAX => escape(self.json(), literal),
                    Some(_) | None => self.0.push(Fragment::Text(text)),
                }
                self.json().push('"');
            }
            Value::Array(list) => {
                self.json().push('[');
                for (place, value) in list.iter().enumerate() {
                    if place > 0 {
                        self.json().push(',');
                    }
                    self.add(value);
                }
                self.json().push(']');
            }
            Value::Object(map) => {
                self.json().push('{');
                for (place, (key, value)) in map.iter().enumerate() {
                    let json = self.json();
                    json.push_str(if place > 0 { ",\"" } else { "\"" });
                    escape(json, key);
                    json.push_str("\":");
                    self.add(value);
                }
                self.json().push('}');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.json().push_str(&value.to_string()),
        }
    }

    /// The parameters with the values of their paths. When they are too long each text has an equal share of what the
    /// rest leaves; none when the rest alone is too long.
    pub(crate) fn resolve(&self, view: &View<'_>) -> Option<String> {
        self.resolve_within(view, PARAMETERS_BYTES_MAX).or_else(|| {
            let json = self.0.iter().map(|fragment| match fragment {
                Fragment::Json(json) => json.len(),
                Fragment::Text(_) => 0,
            });
            let texts = self.0.iter().filter(|fragment| matches!(fragment, Fragment::Text(_))).count();
            let left = PARAMETERS_BYTES_MAX.checked_sub(json.sum())?;
            self.resolve_within(view, left.checked_div(texts)?)
        })
    }

    /// The parameters, each text cut to so many bytes of JSON.
    fn resolve_within(&self, view: &View<'_>, text_bytes_max: usize) -> Option<String> {
        let mut out = String::new();
        for fragment in &self.0 {
            match fragment {
                Fragment::Json(json) => out.push_str(json),
                Fragment::Text(text) => {
                    let (value, is_whole) = text.resolve_start(view, text_bytes_max);
                    push_within(&mut out, &value, is_whole, text_bytes_max);
                }
            }
            if out.len() > PARAMETERS_BYTES_MAX {
                return None;
            }
        }
        Some(out)
    }
}

/// Adds text as it is within a JSON string, when that has so many bytes at most and nothing follows it, else its start.
fn push_within(out: &mut String, text: &str, is_whole: bool, bytes_max: usize) {
    let begin = out.len();
    escape(out, text);
    if is_whole && out.len() - begin <= bytes_max {
        return;
    }
    out.truncate(begin);
    let mut sign = String::new();
    for c in text.chars() {
        sign.clear();
        escape(&mut sign, c.encode_utf8(&mut [0; 4]));
        if out.len() - begin + sign.len() + CUT.len() > bytes_max {
            break;
        }
        out.push_str(&sign);
    }
    out.push_str(CUT);
}

/// Adds text as it is within a JSON string.
fn escape(out: &mut String, text: &str) {
    let plain = |c: char| !matches!(c, '"' | '\\') && c >= ' ';
    if text.chars().all(plain) {
        return out.push_str(text);
    }
    let quoted = Value::String(text.to_owned()).to_string();
    out.push_str(&quoted[1..quoted.len() - 1]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(step: u64) -> TraceEntry {
        TraceEntry {
            at: Timestamp(0),
            run: RunId(1),
            step,
            flow: ContactFlowId::from_bytes([0; 16]),
            module: None,
            action: "a".into(),
            action_type: "Wait".into(),
            parameters: Some("{}".into()),
            result: "ä".repeat(WORDS_BYTES_MAX),
            error: None,
            next: None,
            output: None,
            logged: false,
        }
    }

    #[test]
    fn the_first_and_the_last_actions_are_told() {
        let mut trace = Trace::default();
        (0..1_000).for_each(|step| trace.push(entry(step)));
        let steps: Vec<u64> = trace.entries().map(|entry| entry.step).collect();
        let (first, last): (Vec<u64>, Vec<u64>) = ((0..100).collect(), (900..1_000).collect());
        assert_eq!(steps, [first, last].concat());
        assert_eq!(trace.omitted, 800);
        assert_eq!(trace.first[0].result.len(), WORDS_BYTES_MAX);
    }
}
