//! `callboard flow check`: the problems of a file, as a compiler prints them.

use std::fmt;

use engine::flow::FlowType;
use engine::flow::document::Document;
use engine::flow::export::{Export, Publishable, Wrapping};
use engine::flow::legacy;
use engine::flow::validate::{Problem, Resolver, Resolves, validate, validate_module};
use serde_json::Value;

use crate::flow_place::Place;

/// What is to be said about a file.
#[derive(Debug)]
pub struct Report {
    text: String,
    /// How much is wrong.
    pub problems: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Without an instance nothing can be looked up.
struct Anywhere;

impl Resolver for Anywhere {
    fn exists(&self, _: Resolves, _: &str) -> bool {
        true
    }
}

/// Checks the text of a file as what it says it is; one that does not say is taken for `otherwise`, or for what it fits
/// best.
pub fn check(file: &str, text: &str, otherwise: Option<Publishable>) -> Report {
    let export = Export::read(text);
    let mut report = Report { text: String::new(), problems: 0 };
    let content = match export.wrapping {
        Wrapping::Legacy => match legacy::convert(&export.content) {
            Ok(converted) => {
                report
                    .note(&format!("{file} is an export of the old console and is checked as `flow convert` gives it"));
                converted.content
            }
            Err(error) => {
                report.error(&error.to_string(), file, "", "");
                return report;
            }
        },
        Wrapping::Bare | Wrapping::Content | Wrapping::Described => export.content.clone(),
    };
    let document = match Document::parse(&content) {
        Ok(document) => document,
        Err(error) => {
            report.error(&error.to_string(), file, "", "");
            return report;
        }
    };
    let told = export.publishable.or(otherwise);
    let publishable = told.unwrap_or_else(|| {
        let best = best_fit(&document);
        report.note(&format!("{file} does not say what it is and is checked as {best}; name another by --type"));
        best
    });
    let problems = problems(&document, publishable);
    let actions: Value = serde_json::from_str(&content).unwrap_or_default();
    for Problem { path, message, hint } in problems {
        let place = place(text, export.wrapping, &path);
        let at = match place {
            Some(Place { line, column }) => format!("{file}:{line}:{column}"),
            None => file.to_owned(),
        };
        let path = match action_at(&actions, &path) {
            Some(action) => format!("{path} ({action})"),
            None => path,
        };
        report.error(&message, &at, &path, &hint);
    }
    report
}

fn problems(document: &Document, publishable: Publishable) -> Vec<Problem> {
    match publishable {
        Publishable::Flow(flow_type) => validate(document, flow_type, &Anywhere),
        Publishable::Module => validate_module(document, None, &Anywhere),
    }
}

/// The flow type with the fewest problems, inbound flows first.
pub fn best_fit(document: &Document) -> Publishable {
    let types = FlowType::ALL.iter().map(|flow_type| Publishable::Flow(*flow_type));
    let best = types.min_by_key(|publishable| problems(document, *publishable).len());
    best.expect("there are flow types")
}

/// Where the path is in the file. A content within a string begins where the string does; a converted one is nowhere.
fn place(text: &str, wrapping: Wrapping, path: &str) -> Option<Place> {
    match wrapping {
        Wrapping::Bare => Some(Place::of(text, path)),
        Wrapping::Content => Some(Place::of(text, "Content")),
        Wrapping::Described => {
            let member = if text.contains("\"ContactFlowModule\"") { "ContactFlowModule" } else { "ContactFlow" };
            Some(Place::of(text, &format!("{member}.Content")))
        }
        Wrapping::Legacy => None,
    }
}

/// Identifier and type of the action that a path leads into: an index means nothing to whoever draws flows.
fn action_at(root: &Value, path: &str) -> Option<String> {
    let index: usize = path.strip_prefix("Actions[")?.split(']').next()?.parse().ok()?;
    let action = root.get("Actions")?.get(index)?;
    let text = |name: &str| action.get(name).and_then(Value::as_str);
    Some(format!("{} {:?}", text("Type").unwrap_or("an action"), text("Identifier")?))
}

impl Report {
    fn note(&mut self, text: &str) {
        self.text += &format!("note: {text}\n");
    }

    fn error(&mut self, message: &str, at: &str, path: &str, hint: &str) {
        self.problems += 1;
        self.text += &format!("error: {message}\n  --> {at}");
        if !path.is_empty() {
            self.text += &format!(" {path}");
        }
        if !hint.is_empty() {
            self.text += &format!("\n  hint: {hint}");
        }
        self.text += "\n";
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "as expect! is written at the end of a call")]
    fn shown(text: &str, otherwise: Option<Publishable>, expected: Expect) {
        let report = check("f.json", text, otherwise);
        expected.assert_eq(&format!("{report}{} problems\n", report.problems));
    }

    const WRONG: &str = r#"{
  "Version": "2019-10-30",
  "StartAction": "a",
  "Metadata": {"type": "contactFlow"},
  "Actions": [
    {"Identifier": "a", "Type": "Wait", "Parameters": {"TimeoutSeconds": "5"}, "Transitions": {
      "NextAction": "gone",
      "Errors": [],
      "Conditions": [{"NextAction": "a", "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}]}}
  ]
}"#;

    #[test]
    fn problems_have_their_place_and_a_hint() {
        shown(
            WRONG,
            None,
            expect![[r#"
            error: Invalid Action property name. Path: Actions[0].Parameters.TimeoutSeconds
              --> f.json:6:74 Actions[0].Parameters.TimeoutSeconds (Wait "a")
              hint: known are TimeLimitSeconds, Events, ContinueExecution, MinimumWaitTimeSeconds
            error: Action is missing required property. Path: Actions[0].Parameters.TimeLimitSeconds
              --> f.json:6:55 Actions[0].Parameters.TimeLimitSeconds (Wait "a")
              hint: give a whole number from 1 to 604800, as a string, or a path such as $.Attributes.key
            error: Invalid Action property value. Path: Actions[0].Transitions.NextAction
              --> f.json:7:21 Actions[0].Transitions.NextAction (Wait "a")
              hint: no action has the Identifier "gone"
            error: Action is missing required error. Error: NoMatchingError, Path: Actions[0]
              --> f.json:6:5 Actions[0] (Wait "a")
              hint: wire NoMatchingError in Transitions.Errors
            4 problems
        "#]],
        );
    }

    #[test]
    fn within_a_string_the_place_is_that_of_the_string() {
        let content = r#"{"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"Fly","Transitions":{}}]}"#;
        let quoted = serde_json::to_string(content).unwrap();
        shown(
            &format!("{{\n\"Name\": \"x\",\n\"Content\": {quoted}}}"),
            None,
            expect![[r#"
            note: f.json does not say what it is and is checked as CONTACT_FLOW; name another by --type
            error: Invalid Action type. Type: Fly, Path: Actions[0].Type
              --> f.json:3:12 Actions[0].Type (Fly "a")
              hint: the language has no such type
            1 problems
        "#]],
        );
        let described = format!("{{\"ContactFlow\": {{\"Type\": \"CUSTOMER_QUEUE\",\n\"Content\": {quoted}}}}}");
        shown(
            &described,
            None,
            expect![[r#"
            error: Invalid Action type. Type: Fly, Path: Actions[0].Type
              --> f.json:2:12 Actions[0].Type (Fly "a")
              hint: the language has no such type
            1 problems
        "#]],
        );
    }

    #[test]
    fn the_type_is_the_one_told_by_the_file_else_by_the_caller() {
        let flow = r#"{"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}"#;
        shown(
            flow,
            None,
            expect![[r#"
                note: f.json does not say what it is and is checked as CUSTOMER_QUEUE; name another by --type
                0 problems
            "#]],
        );
        shown(
            flow,
            Some(Publishable::Flow(FlowType::CustomerQueue)),
            expect![[r#"
            0 problems
        "#]],
        );
        shown(
            &flow.replace("EndFlowExecution", "EndFlowModuleExecution"),
            None,
            expect![[r#"
            0 problems
        "#]],
        );
    }

    #[test]
    fn an_export_of_the_old_console_is_converted_first() {
        let export = |kind: &str| {
            format!(
                r#"{{"modules":[{{"id":"a","type":"{kind}","branches":[],"parameters":[]}}],"start":"a","type":"contactFlow"}}"#
            )
        };
        shown(
            &export("Disconnect"),
            None,
            expect![[r#"
            note: f.json is an export of the old console and is checked as `flow convert` gives it
            0 problems
        "#]],
        );
        shown(
            &export("Resume"),
            None,
            expect![[r#"
            note: f.json is an export of the old console and is checked as `flow convert` gives it
            error: Invalid Action type. Type: EndFlowExecution, Path: Actions[0].Type
              --> f.json Actions[0].Type (EndFlowExecution "a")
              hint: EndFlowExecution is for CUSTOMER_WHISPER, AGENT_WHISPER, OUTBOUND_WHISPER, CUSTOMER_QUEUE, and this is to be a CONTACT_FLOW
            1 problems
        "#]],
        );
        shown(
            &export("Fly"),
            None,
            expect![[r#"
            error: modules[0]: a module of type Fly has no known counterpart in the flow language
              --> f.json
            1 problems
        "#]],
        );
    }

    #[test]
    fn what_is_no_flow_is_one_problem() {
        shown(
            "{",
            None,
            expect![[r#"
                error: Invalid request: the content is not JSON (EOF while parsing an object at line 1 column 1)
                  --> f.json
                1 problems
            "#]],
        );
        shown(
            "[]",
            None,
            expect![[r#"
            note: f.json does not say what it is and is checked as CONTACT_FLOW; name another by --type
            error: Invalid contact flow format
              --> f.json:1:1
              hint: a flow is an object with Version, StartAction and a list Actions
            1 problems
        "#]],
        );
    }
}
