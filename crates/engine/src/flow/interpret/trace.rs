//! What a run does, told to the trace.

use std::borrow::Cow;

use crate::contact::step::Move;
use crate::flow::compile::Action;
use crate::flow::reference::View;
use crate::flow::trace::TraceEntry;

impl Move<'_> {
    /// Adds an entry to the trace.
    pub(super) fn trace_action(
        &mut self,
        action: Option<&Action>,
        parameters: Option<String>,
        result: Cow<'static, str>,
        error: Option<Cow<'static, str>>,
        next: Option<String>,
    ) {
        let at = self.env.now();
        let run = self.contact.runs.last().expect("a run executes");
        let Some(trace) = &mut self.trace else { return };
        trace.push(TraceEntry {
            at,
            run: run.id,
            step: run.step,
            flow: run.flow,
            in_module: run.module.is_some(),
            action: action.map_or_else(String::new, |action| action.identifier.clone()),
            action_type: action.map_or_else(String::new, |action| action.action_type.clone()),
            parameters,
            result: result.into_owned(),
            error: error.map(Cow::into_owned),
            next,
        });
    }

    /// The parameters of an action for the trace.
    pub(super) fn parameters(&self, action: &Action) -> Option<String> {
        let run = self.contact.runs.last().expect("a run executes");
        action.parameters.resolve(&View { contact: self.contact, chain: self.chain, run, env: self.env })
    }
}
