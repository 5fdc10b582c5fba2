//! InvokeFlowModule and EndFlowModuleExecution: a module runs on top of the run that invoked it, with attributes and
//! results of its own.

use crate::contact::step::Move;
use crate::flow::ContentHash;
use crate::flow::interpret::Outcome;
use crate::flow::interpret::routing::ID_BYTES_MAX;
use crate::flow::json::Json;
use crate::flow::module::{self, NESTING_MAX};
use crate::flow::reference::{JsonText, Text};
use crate::flow::run::{ModuleRun, Waiting};
use crate::id::ContactFlowModuleId;

/// Most bytes that a module is given, and that it gives.
const VALUES_BYTES_MAX: usize = 32_768;

/// A module to be run.
pub(super) struct Invocation {
    module: ContactFlowModuleId,
    content: ContentHash,
    input: Json,
}

impl Move<'_> {
    pub(super) fn invoke_module(&mut self, module: Option<&Text>, input: &JsonText) -> Outcome {
        let depth = self.contact.runs.iter().rev().take_while(|run| run.module.is_some()).count();
        if depth >= NESTING_MAX {
            return Outcome::error(format!("modules invoke modules {NESTING_MAX} deep at most"));
        }
        // Archived modules run on.
        let find = |id: &str| {
            let (id, edition) = module::read_reference(id)?;
            let module = self.env.module(id)?;
            Some((id, module.resolve(edition)?.hash))
        };
        let Some((id, content)) = module.and_then(|text| self.named(text, find)) else {
            let given = module.and_then(|text| self.text(text, ID_BYTES_MAX)).unwrap_or_default();
            return Outcome::error(format!("there is no module {given:?}, or it has no such version or alias"));
        };
        let Some(input) = self.json(input, VALUES_BYTES_MAX) else {
            return Outcome::error(format!("Input has more than {VALUES_BYTES_MAX} bytes"));
        };
        // What an earlier one gave is not what this one gives.
        if let Some(results) = &mut self.run_mut().results {
            (results.module_result, results.module_data) = (None, None);
        }
        Outcome::Invoke(Invocation { module: id, content, input })
    }

    /// Puts the run of a module on the stack. It counts on where its caller is, so that neither goes on for ever.
    pub(super) fn push_module(&mut self, invocation: Invocation) {
        let Invocation { module, content, input } = invocation;
        let caller = self.run_mut();
        caller.waiting = Some(Waiting::Module);
        let (purpose, flow) = (caller.purpose, caller.flow);
        self.push_run(purpose, flow, content);
        let [.., caller, run] = self.contact.runs.as_mut_slice() else { unreachable!("one was just put there") };
        run.count_on(caller);
        run.module = Some(Box::new(ModuleRun { input, module: Some(module) }));
    }

    pub(super) fn end_module(&mut self, result: Option<&str>, data: &JsonText) -> Outcome {
        if self.run_mut().module.is_none() {
            return Outcome::Unsupported;
        }
        match self.json(data, VALUES_BYTES_MAX) {
            Some(data) => Outcome::Return(result.map(str::to_owned), data),
            None => Outcome::Unsupported,
        }
    }

    /// Ends the run of a module, and says what came of its invocation.
    pub(super) fn return_from_module(&mut self, result: Option<String>, data: Json) -> Outcome {
        let caller = self.pop_module();
        let results = caller.results_mut();
        results.module_result.clone_from(&result);
        results.module_data = Some(data);
        result.map_or(Outcome::Next, Outcome::ModuleResult)
    }

    /// Takes the run of a module off the stack: its caller goes on.
    pub(super) fn pop_module(&mut self) -> &mut crate::flow::run::FlowRun {
        let module = self.contact.runs.pop().expect("a run executes");
        let caller = self.run_mut();
        assert_eq!(caller.waiting, Some(Waiting::Module), "a module is above the run that invoked it");
        caller.waiting = None;
        caller.count_on(&module);
        caller
    }

    /// Takes all runs of modules off the stack: what ends or leaves a flow in a module does so to the flow that invoked
    /// it.
    pub(super) fn leave_modules(&mut self) {
        while self.run_mut().module.is_some() {
            self.pop_module();
        }
    }
}
