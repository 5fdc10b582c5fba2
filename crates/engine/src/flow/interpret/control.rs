//! Actions that steer a run.

use std::borrow::Cow;

use crate::contact::StepError;
use crate::contact::step::Move;
use crate::flow::FlowType;
use crate::flow::compile::CompiledFlow;
use crate::flow::interpret::{Outcome, WAITING};
use crate::flow::reference::Text;
use crate::flow::run::{Purpose, Waiting};
use crate::id::RunId;

/// The result of a Wait that ran its time.
pub(super) const WAIT_COMPLETED: &str = "WaitCompleted";
/// The branch of a Wait that lets the flow go on.
pub(super) const CONTINUE: &str = "Continue";
/// Most rounds of a Loop.
const LOOP_COUNT_MAX: u32 = 100;
/// Longest Wait: 7 days, in seconds.
const WAIT_SECONDS_MAX: i64 = 604_800;
/// Most actions of a branch that runs while a Wait lets it, as many as a flow has: one that goes round and round plays
/// to nobody, for a task hears no prompts.
const MEANWHILE_ACTIONS_MAX: u64 = 250;
/// Longest text that may be a number, in bytes.
pub(super) const NUMBER_BYTES_MAX: usize = 32;

impl Move<'_> {
    /// A number from 1 to 100. Thresholds are 1 + the running sum of the percentages, so that with 3 % the first is `4`
    /// (flow-language.md section 3).
    pub(super) fn distribute(&mut self) -> Outcome {
        Outcome::Value(Cow::Owned((self.env.draw(100) + 1).to_string()))
    }

    /// Counts per run and action, and begins anew after it was done.
    pub(super) fn count_loop(&mut self, identifier: &str, count: Option<&Text>) -> Outcome {
        let count =
            count.and_then(|text| self.text(text, NUMBER_BYTES_MAX)).and_then(|text| text.trim().parse::<u32>().ok());
        let Some(count) = count.filter(|count| *count <= LOOP_COUNT_MAX) else {
            return Outcome::error(format!("LoopCount is not a number from 0 to {LOOP_COUNT_MAX}"));
        };
        let loops = &mut self.run_mut().loops;
        let done = loops.get(identifier).copied().unwrap_or(0);
        if done < count {
            loops.insert(identifier.to_owned(), done + 1);
            Outcome::Value("ContinueLooping".into())
        } else {
            loops.remove(identifier);
            Outcome::Value("DoneLooping".into())
        }
    }

    /// Coming back to a Wait that is not over yet waits for its end.
    pub(super) fn wait(&mut self, identifier: &str, seconds: Option<&Text>, continues: bool) -> Outcome {
        let run = self.run_mut();
        if let Some(meanwhile) = run.meanwhile.take_if(|meanwhile| meanwhile.action == identifier) {
            return Outcome::Wait(meanwhile.until);
        }
        let seconds =
            seconds.and_then(|text| self.text(text, NUMBER_BYTES_MAX)).and_then(|text| text.trim().parse::<i64>().ok());
        match seconds.filter(|seconds| (1..=WAIT_SECONDS_MAX).contains(seconds)) {
            Some(seconds) if continues => Outcome::Continue(self.env.now().plus_seconds(seconds)),
            Some(seconds) => Outcome::Wait(self.env.now().plus_seconds(seconds)),
            None => Outcome::error(format!("TimeLimitSeconds is not a number from 1 to {WAIT_SECONDS_MAX}")),
        }
    }

    /// Whether the branch that the run goes along while a Wait lets it has gone round: then it does nothing more for a
    /// task, and the Wait is waited for.
    pub(super) fn has_gone_round(&self) -> bool {
        let run = self.contact.runs.last().expect("a run executes");
        run.meanwhile.as_ref().is_some_and(|meanwhile| run.step - meanwhile.from_step > MEANWHILE_ACTIONS_MAX)
    }

    /// Waits for the end of the Wait that let the run go on so far.
    pub(super) fn wait_for_end(&mut self, compiled: &CompiledFlow) {
        let run = self.run_mut();
        let meanwhile = run.meanwhile.take().expect("asked before");
        run.action = meanwhile.action;
        run.waiting = Some(Waiting::Until { at: meanwhile.until });
        let place = compiled.place_of(&self.run_mut().action);
        self.trace_action(place.map(|place| &compiled.actions[place]), None, WAITING.into(), None, None);
    }

    /// A Wait that let the run go on is over: the run leaves that branch, and the modules that it is in.
    pub(crate) fn end_meanwhile(&mut self, run: RunId) -> Result<(), StepError> {
        while self.run_mut().id != run {
            self.pop_module();
        }
        let run = self.run_mut();
        let meanwhile = run.meanwhile.take().expect("its end has come");
        run.action = meanwhile.action;
        run.waiting = None;
        run.has_waited();
        self.execute_from(Some(Outcome::Value(WAIT_COMPLETED.into())))
    }

    /// Goes on in another flow, with the same contact and target queue.
    pub(super) fn transfer_to_flow(&mut self, flow: Option<&Text>) -> Outcome {
        if matches!(self.run_mut().purpose, Purpose::Queue | Purpose::Whisper) {
            return Outcome::error("a queue flow and a whisper flow cannot be left for another flow");
        }
        let Some(text) = flow else { return Outcome::error("there is no ContactFlowId") };
        let Some(flow) = self.flow_named(text) else { return Outcome::error(self.not_there("flow", text)) };
        let types = [FlowType::ContactFlow, FlowType::AgentTransfer, FlowType::QueueTransfer];
        match self.runnable(flow, &types) {
            Some(content) => Outcome::Jump(flow, content),
            None => Outcome::error(format!("flow {flow} is not active, never published, or not of a type to go on in")),
        }
    }
}
