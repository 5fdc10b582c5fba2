//! What a run does, told to the trace.

use std::borrow::Cow;

use crate::contact::step::Move;
use serde_json::json;

use crate::flow::compile::{Action, Operation};
use crate::flow::reference::View;
use crate::flow::trace::{PARAMETERS_BYTES_MAX, TraceEntry};

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
        let output = action.filter(|_| error.is_none()).and_then(|action| self.output(action));
        let logged = self.contact.flow_logging;
        let run = self.contact.runs.last().expect("a run executes");
        let Some(trace) = &mut self.trace else { return };
        trace.push(TraceEntry {
            at,
            run: run.id,
            step: run.step,
            flow: run.flow,
            module: run.module.as_ref().and_then(|module| module.module),
            action: action.map_or_else(String::new, |action| action.identifier.clone()),
            action_type: action.map_or_else(String::new, |action| action.action_type.clone()),
            parameters,
            result: result.into_owned(),
            error: error.map(Cow::into_owned),
            next,
            output,
            logged,
        });
    }

    /// What an action that gives something has given.
    fn output(&self, action: &Action) -> Option<String> {
        let run = self.contact.runs.last().expect("a run executes");
        // One that waits has given nothing yet.
        let results = run.results.as_deref().filter(|_| run.waiting.is_none())?;
        let output = match &action.operation {
            Operation::InvokeLambdaFunction(texts) if texts.waits => results.external.as_ref()?.text()?,
            Operation::InvokeFlowModule { .. } => results.module_data.as_ref()?.text()?,
            Operation::GetMetricData { .. } => json!(results.metrics).to_string(),
            Operation::CreateTask(_) => json!({"ContactId": results.task?.to_string()}).to_string(),
            _ => return None,
        };
        Some(output).filter(|output| output.len() <= PARAMETERS_BYTES_MAX)
    }

    /// The parameters of an action for the trace.
    pub(super) fn parameters(&self, action: &Action) -> Option<String> {
        let run = self.contact.runs.last().expect("a run executes");
        action.parameters.resolve(&View { contact: self.contact, chain: self.chain, run, env: self.env })
    }
}
