//! InvokeLambdaFunction.

use crate::contact::Effect;
use crate::contact::step::Move;
use crate::flow::compile::FunctionTexts;
use crate::flow::function::{self, FunctionCall};
use crate::flow::interpret::Outcome;
use crate::flow::interpret::control::NUMBER_BYTES_MAX;
use crate::flow::reference::View;
use crate::flow::run::Waiting;
use crate::id::{ContactId, RunId};

/// Longest ARN of a function, in bytes.
const FUNCTION_BYTES_MAX: usize = 2_048;
/// Most bytes of the parameters of a call together: what an event may hold besides the attributes.
const PARAMETERS_BYTES_MAX: usize = 65_536;
/// Longest reason for which a call failed, in characters.
const WHY_CHARS_MAX: usize = 200;

impl Move<'_> {
    /// Asks for the call. A run that waits for the answer goes on with
    /// [`Event::FunctionAnswered`](crate::contact::Event::FunctionAnswered); an asynchronous call is a success at once
    /// and gives nothing.
    pub(super) fn invoke_function(&mut self, texts: &FunctionTexts) -> Outcome {
        let FunctionTexts { function, seconds, waits, parameters, form } = texts;
        let most = if *waits { function::SECONDS_MAX } else { function::ASYNCHRONOUS_SECONDS_MAX };
        let function = function.as_ref().and_then(|text| self.text(text, FUNCTION_BYTES_MAX));
        let seconds = seconds.as_ref().and_then(|text| self.text(text, NUMBER_BYTES_MAX)?.trim().parse::<u32>().ok());
        let (Some(function), Some(seconds)) = (function.filter(|arn| !arn.is_empty()), seconds) else {
            return Outcome::error("LambdaFunctionARN or InvocationTimeLimitSeconds is empty or no number");
        };
        if !(1..=most).contains(&seconds) {
            return Outcome::error(format!("InvocationTimeLimitSeconds is {seconds}, not 1 to {most}"));
        }
        if !self.env.may_call(&function) {
            return Outcome::error(format!(
                "flows may not call the function {function}: allow it with AssociateLambdaFunction"
            ));
        }
        let run = self.contact.runs.last().expect("a run executes");
        let view = View { contact: self.contact, chain: self.chain, run, env: self.env };
        let mut bytes_left = PARAMETERS_BYTES_MAX;
        let Some(parameters) = parameters.resolve(&view, &mut bytes_left) else {
            return Outcome::error(format!("the parameters have more than {PARAMETERS_BYTES_MAX} bytes"));
        };
        let event = function::event(&view, &parameters);
        let (run, step) = (run.id, run.step);
        let id = call_id(self.contact.id, run, step);
        let call = FunctionCall { id, run, step, function, event, seconds, waits: *waits };
        self.effects.push(Effect::InvokeFunction(Box::new(call)));
        if *waits { Outcome::Call(*form) } else { Outcome::Next }
    }

    /// An answer came, or the reason for which there is none. Says whether a run waited for it.
    pub(crate) fn function_answered(&mut self, run: RunId, step: u64, answer: Result<String, String>) -> bool {
        let contact = self.contact.id;
        let Some(run) = self.contact.runs.iter_mut().find(|waiting| waiting.id == run) else { return false };
        let Some(Waiting::Function { form }) = run.waiting else { return false };
        // The step was counted when the run began to wait.
        if run.step != step + 1 {
            return false;
        }
        let call = call_id(contact, run.id, step);
        let results = run.results_mut();
        results.invocation = Some(call);
        let answer = answer.and_then(|text| function::read_answer(&text, form));
        let (external, error) = match answer {
            Ok(json) => (Some(json), None),
            Err(why) => (None, Some(why.chars().take(WHY_CHARS_MAX).collect())),
        };
        results.external = external;
        run.waiting = Some(Waiting::Answered { error });
        true
    }
}

fn call_id(contact: ContactId, run: RunId, step: u64) -> String {
    format!("{contact}-{}-{step}", run.0)
}
