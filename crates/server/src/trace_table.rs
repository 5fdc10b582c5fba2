//! What flows did with a contact, as a table for people.

use std::fmt::Write as _;

use engine::flow::trace::STOPPED;
use serde_json::Value;
use service::{TracePage, TracedAction};

/// Most characters of parameters and outputs that are shown; `--json` prints all.
const VALUE_CHARS_MAX: usize = 200;
/// Widest columns of types and identifiers, in characters.
const COLUMN_CHARS_MAX: usize = 36;

/// A table that is printed page by page.
#[derive(Debug)]
pub struct TraceTable {
    coloured: bool,
    begun: bool,
    run: Option<u32>,
}

#[derive(Clone, Copy)]
enum Colour {
    Bold,
    Dim,
    Red,
}

impl TraceTable {
    /// An empty table; `coloured` for a terminal.
    pub fn new(coloured: bool) -> TraceTable {
        TraceTable { coloured, begun: false, run: None }
    }

    /// The text of the next page.
    pub fn page(&mut self, page: &TracePage) -> String {
        let mut text = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            let _ = writeln!(text, "contact {}: {} actions", page.contact_id, page.total);
        }
        let width = |of: fn(&TracedAction) -> &str| {
            let widest = page.actions.iter().map(|action| of(action).chars().count()).max();
            widest.unwrap_or(0).min(COLUMN_CHARS_MAX)
        };
        let (types, identifiers) = (width(|action| &action.action_type), width(|action| &action.identifier));
        for action in &page.actions {
            if action.left_out > 0 {
                let _ = writeln!(text, "   … {} actions in between are not kept", action.left_out);
            }
            if self.run != Some(action.run) {
                self.run = Some(action.run);
                let _ = writeln!(text, "{}", self.painted(Colour::Bold, &heading(action)));
            }
            self.add(&mut text, action, types, identifiers);
        }
        text
    }

    fn add(&self, text: &mut String, action: &TracedAction, types: usize, identifiers: usize) {
        let TracedAction { number, timestamp, action_type, result, .. } = action;
        let identifier = shortened(&action.identifier);
        let next = action.next_action.as_ref().map(|next| format!(" -> {}", shortened(next))).unwrap_or_default();
        let went = format!("{result}{next}");
        let went = if action.error.is_some() { self.painted(Colour::Red, &went) } else { went };
        let _ = writeln!(text, "{number:>5}  {timestamp}  {action_type:<types$}  {identifier:<identifiers$}  {went}");
        let indent = " ".repeat(5 + 2);
        let mut detail = |colour, what: &str, value: &str| {
            let line = format!("{what}{}", shortened(value));
            let _ = writeln!(text, "{indent}{}", self.painted(colour, &line));
        };
        match &action.parameters {
            // A run that stops between two actions has none.
            Value::Null if result == STOPPED => {}
            Value::Null => detail(Colour::Dim, "", "(parameters too long to be kept)"),
            Value::Object(map) if map.is_empty() => {}
            parameters => detail(Colour::Dim, "", &parameters.to_string()),
        }
        if let Some(output) = &action.output {
            detail(Colour::Dim, "gave ", &output.to_string());
        }
        if let Some(error) = &action.error {
            detail(Colour::Red, "error: ", error);
        }
    }

    fn painted(&self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Bold => "1",
            Colour::Dim => "2",
            Colour::Red => "31",
        };
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Where the actions that follow are.
fn heading(action: &TracedAction) -> String {
    let flow = shortened(action.contact_flow_name.as_deref().unwrap_or("a flow that is deleted"));
    let module = action.contact_flow_module_id.as_ref().map(|id| format!(", module {id}")).unwrap_or_default();
    format!("{flow} ({}{module})", action.contact_flow_id)
}

/// On one line, and not longer than can be read. Control characters could do things to a terminal.
fn shortened(value: &str) -> String {
    let mut text: String = value.chars().filter(|c| !c.is_control()).take(VALUE_CHARS_MAX).collect();
    if value.chars().count() > VALUE_CHARS_MAX {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    fn action(number: u64, kind: &str, result: &str) -> TracedAction {
        TracedAction {
            number,
            left_out: 0,
            timestamp: "2026-01-31T12:00:00.000Z".into(),
            run: 1,
            contact_flow_id: "f1".into(),
            contact_flow_name: Some("Orders".into()),
            contact_flow_module_id: None,
            identifier: format!("action {number}"),
            action_type: kind.into(),
            parameters: json!({}),
            result: result.into(),
            output: None,
            error: None,
            next_action: Some("next".into()),
        }
    }

    #[test]
    fn a_trace_is_a_table() {
        let actions = vec![
            TracedAction { parameters: json!({"Text": "hello\u{1b}[2J"}), ..action(1, "MessageParticipant", "Next") },
            TracedAction {
                error: Some("http://127.0.0.1:9000 answered 503; tried 4 times".into()),
                parameters: Value::Null,
                ..action(2, "InvokeLambdaFunction", "NoMatchingError")
            },
            TracedAction {
                left_out: 117,
                run: 2,
                contact_flow_name: None,
                output: Some(json!({"a": "x".repeat(300)})),
                next_action: None,
                ..action(120, "EndFlowExecution", "Ended")
            },
        ];
        let page = TracePage { contact_id: "c1".into(), total: 120, actions, next: None };
        expect![[r#"
            contact c1: 120 actions
            Orders (f1)
                1  2026-01-31T12:00:00.000Z  MessageParticipant    action 1    Next -> next
                   {"Text":"hello\u001b[2J"}
                2  2026-01-31T12:00:00.000Z  InvokeLambdaFunction  action 2    NoMatchingError -> next
                   (parameters too long to be kept)
                   error: http://127.0.0.1:9000 answered 503; tried 4 times
               … 117 actions in between are not kept
            a flow that is deleted (f1)
              120  2026-01-31T12:00:00.000Z  EndFlowExecution      action 120  Ended
                   gave {"a":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
        "#]].assert_eq(&TraceTable::new(false).page(&page));
        let mut coloured = TraceTable::new(true);
        let first = coloured.page(&page);
        assert!(first.contains("\u{1b}[31mNoMatchingError -> next\u{1b}[0m"), "{first}");
        assert!(!coloured.page(&page).contains("contact c1"));
    }
}
