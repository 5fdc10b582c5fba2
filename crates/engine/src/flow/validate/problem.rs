//! The texts of problems. Those marked so are ours, because no text of the live service is known; the others are its
//! own.

use std::fmt::Display;

/// Most problems in one answer.
const PROBLEMS_MAX: usize = 50;
/// Longest message, in characters.
const MESSAGE_CHARS_MAX: usize = 256;

/// Content that is no flow document at all.
pub(super) const NOT_A_DOCUMENT: &str = "Invalid contact flow format";
/// Conditions on a type without any.
pub(super) const NO_CONDITIONS: &str = "Action does not support conditions";
/// No conditions on a type that needs some; the service gives this path without the action.
pub(super) const MISSING_CONDITIONS: &str = "Action is missing required property. Path: Transitions.Conditions";
/// An attribute without a value.
pub(super) const EMPTY_ATTRIBUTE: &str = "Empty value in Parameters.Attributes";

/// A Wait that is reached while another lets the flow continue.
pub(super) const WAIT_IN_CONTINUE_BRANCH: &str = "Unsupported Action In Wait Action's Continue Branch.";

/// What is wrong with a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a path into the document; empty is the whole of it.
    pub path: String,
    /// What, in 1 to 256 characters: the words of the live service.
    pub message: String,
    /// What would do, in our words.
    pub hint: String,
}

/// The problems found so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn finish(self) -> Vec<Problem> {
        self.0
    }

    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        if self.0.len() < PROBLEMS_MAX {
            let message: String = message.into();
            let message = match message.char_indices().nth(MESSAGE_CHARS_MAX) {
                Some((end, _)) => message[..end].to_owned(),
                None => message,
            };
            self.0.push(Problem { path: path.into(), message, hint: hint.into() });
        }
    }

    /// A value of the wrong kind, out of range, or a target that is not there.
    pub(super) fn value(&mut self, path: impl Into<String>, hint: impl Into<String>) {
        self.at("Invalid Action property value", path, hint);
    }

    /// Something that has to be there and is not.
    pub(super) fn missing(&mut self, path: impl Into<String>, hint: impl Into<String>) {
        self.at("Action is missing required property", path, hint);
    }

    /// A name that is not known there.
    pub(super) fn name(&mut self, path: impl Into<String>, hint: impl Into<String>) {
        self.at("Invalid Action property name", path, hint);
    }

    fn at(&mut self, what: &str, path: impl Into<String>, hint: impl Into<String>) {
        let path = path.into();
        let message = format!("{what}. Path: {path}");
        self.add(path, message, hint);
    }

    pub(super) fn action_type(&mut self, index: usize, action_type: &str, hint: impl Into<String>) {
        let path = format!("Actions[{index}].Type");
        let message = format!("Invalid Action type. Type: {action_type}, Path: {path}");
        // A JSON boolean in Parameters is answered so, too, once for an action.
        if !self.0.iter().any(|problem| problem.message == message) {
            self.add(path, message, hint);
        }
    }

    pub(super) fn missing_error(&mut self, index: usize, error: impl Display) {
        let path = format!("Actions[{index}]");
        let message = format!("Action is missing required error. Error: {error}, Path: {path}");
        self.add(path, message, format!("wire {error} in Transitions.Errors"));
    }

    pub(super) fn wrong_error(&mut self, index: usize, error: impl Display, hint: impl Into<String>) {
        let path = format!("Actions[{index}]");
        let message = format!("Invalid Action error. Error: {error}, Path: {path}");
        self.add(path, message, hint);
    }
}
