//! Actions that steer a run.

use std::borrow::Cow;

use crate::contact::step::Move;
use crate::flow::FlowType;
use crate::flow::interpret::Outcome;
use crate::flow::reference::Text;
use crate::flow::run::Purpose;

/// The result of a Wait that ran its time.
pub(super) const WAIT_COMPLETED: &str = "WaitCompleted";
/// Most rounds of a Loop.
const LOOP_COUNT_MAX: u32 = 100;
/// Longest Wait: 7 days, in seconds.
const WAIT_SECONDS_MAX: i64 = 604_800;
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

    pub(super) fn wait(&self, seconds: Option<&Text>) -> Outcome {
        let seconds =
            seconds.and_then(|text| self.text(text, NUMBER_BYTES_MAX)).and_then(|text| text.trim().parse::<i64>().ok());
        match seconds {
            Some(seconds) if (1..=WAIT_SECONDS_MAX).contains(&seconds) => {
                Outcome::Wait(self.env.now().plus_seconds(seconds))
            }
            Some(_) | None => Outcome::error(format!("TimeLimitSeconds is not a number from 1 to {WAIT_SECONDS_MAX}")),
        }
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
