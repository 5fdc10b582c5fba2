//! Runs flows. A run goes on until it waits, ends, has queued the contact, or has used up its turn; what it is at is in
//! its [`FlowRun`], so it can go on in another process.

mod check;
mod control;
mod criteria;
mod data;
mod function;
mod hooks;
mod life;
mod metrics;
mod module;
mod routing;
mod task;
mod trace;

use std::borrow::Cow;

use crate::contact::step::Move;
use crate::contact::{DisconnectReason, Effect, EventType, StepError};
use crate::flow::compile::{Action, CompiledFlow, Operation};
use crate::flow::function::AnswerForm;
use crate::flow::interpret::module::Invocation;
use crate::flow::json::Json;
use crate::flow::reference::{JsonText, Text, View};
use crate::flow::run::{FlowRun, Meanwhile, Purpose, Waiting};
use crate::flow::table::{NO_MATCHING_CONDITION, NO_MATCHING_ERROR, TaskPath};
use crate::flow::trace::NEXT;
use crate::flow::{ContentHash, FlowType};
use crate::id::{ContactFlowId, QueueId};
use crate::time::Timestamp;

/// The result of an action that waits.
const WAITING: &str = "Waiting";

/// How many actions of a turn a CreateTask counts for: it makes a record where others change one.
const CREATE_TASK_ACTIONS: u32 = 100;

/// What an executed action says should happen. The words are those of a trace.
enum Outcome {
    /// Success: NextAction.
    Next,
    /// A result that the conditions are asked about.
    Value(Cow<'static, str>),
    /// No result: the conditions are not asked.
    NoValue,
    /// An error, by its type, and why, in words.
    Error(Cow<'static, str>, Cow<'static, str>),
    /// It waits until then.
    Wait(Timestamp),
    /// It waits until then, and the run goes on meanwhile.
    Continue(Timestamp),
    /// It waits for the answer of a function.
    Call(AnswerForm),
    /// A module runs, and then the action has an outcome.
    Invoke(Invocation),
    /// The module is over, with this result and these values.
    Return(Option<String>, Json),
    /// What a module gave as its result.
    ModuleResult(String),
    /// The run goes on at the start of another flow.
    Jump(ContactFlowId, ContentHash),
    /// The contact goes into this queue.
    Queue(QueueId),
    /// The contact leaves its queue, and a new one goes into this queue.
    OtherQueue(QueueId),
    /// The run is over.
    End,
    /// The contact is over.
    Disconnect,
    /// There is no branch for a task.
    Unsupported,
}

impl Outcome {
    fn error(why: impl Into<Cow<'static, str>>) -> Outcome {
        Outcome::Error(Cow::Borrowed(NO_MATCHING_ERROR), why.into())
    }

    fn at_capacity(why: impl Into<Cow<'static, str>>) -> Outcome {
        Outcome::Error(Cow::Borrowed("QueueAtCapacity"), why.into())
    }
}

/// Where a run goes after an action.
enum Way {
    /// To this action of the same flow.
    To(usize),
    /// To the start of the flow that the run has jumped to.
    Start,
    /// Nowhere: it waits.
    Wait,
    /// Into a module, with its input.
    Into(Invocation),
    /// Out of a module, with this outcome of its invocation.
    OutOf(Outcome),
    /// Its contact goes into a queue.
    Queue(QueueId),
    /// Its contact ends, and a new one goes into this queue.
    OtherQueue(QueueId),
    /// It is over.
    End,
    /// Its contact is over.
    Disconnect,
    /// No branch of the action leads on.
    Lost,
}

impl Move<'_> {
    /// Starts the flow that a contact was made with.
    pub(crate) fn start_flow(&mut self) -> Result<(), StepError> {
        let flow = self.contact.start_flow.take().expect("a contact is made with the flow that it starts");
        match self.runnable(flow, &[FlowType::ContactFlow, FlowType::AgentTransfer, FlowType::QueueTransfer]) {
            Some(content) => {
                self.contact.times.connected_to_system = Some(self.env.now());
                self.emit(EventType::ConnectedToSystem);
                self.push_run(Purpose::Main, flow, content);
                // One made by a flow begins at a turn of its own: a flow that makes tasks which make tasks holds up
                // nobody.
                if self.contact.generation > 0 {
                    self.await_turn();
                }
            }
            // A scheduled task whose flow was archived or deleted meanwhile.
            None => self.end(DisconnectReason::Other),
        }
        self.execute()
    }

    /// Goes on with the run on top: its wait or its turn has come.
    pub(crate) fn resume_run(&mut self) -> Result<(), StepError> {
        let run = self.contact.runs.last_mut().expect("a run that waits is on the stack");
        let first = match run.waiting.take().expect("a run on the stack waits for something") {
            Waiting::Until { .. } => {
                run.has_waited();
                Some(Outcome::Value(Cow::Borrowed(control::WAIT_COMPLETED)))
            }
            Waiting::Turn => None,
            Waiting::Answered { error } => {
                run.has_waited();
                Some(error.map_or(Outcome::Next, Outcome::error))
            }
            Waiting::Function { .. } | Waiting::Module => unreachable!("no timer and no turn ends this wait"),
        };
        self.execute_from(first)
    }

    /// Executes what was put on the stack, if anything.
    pub(crate) fn execute(&mut self) -> Result<(), StepError> {
        self.execute_from(None)
    }

    /// The run on top comes up again: if it waits for its turn, it has to be given one.
    pub(crate) fn wake_run(&mut self) {
        if let Some((run, step)) = self.contact.pending_turn() {
            self.effects.push(Effect::Continue { run, step });
        }
    }

    /// Executes actions until the contact has to wait. `first` is the outcome of the action the run is at, when that is
    /// known already.
    fn execute_from(&mut self, mut first: Option<Outcome>) -> Result<(), StepError> {
        let mut executed_in_turn = 0;
        // A run below the top waits, and goes on waiting when it comes up.
        'runs: while let Some(run) = self.contact.runs.last().filter(|run| run.waiting.is_none()) {
            let compiled = self.env.content(&run.content)?;
            let at_start = run.action.is_empty();
            let place = |flow: &CompiledFlow| if at_start { flow.start } else { flow.place_of(&run.action) };
            let Some((compiled, mut place)) =
                compiled.and_then(|flow| Some((place(&flow)?, flow))).map(|(a, b)| (b, a))
            else {
                first = self.lose(None, "the content of the flow is gone, or has no such action");
                continue;
            };
            loop {
                let action = &compiled.actions[place];
                if executed_in_turn >= self.env.limits().actions_per_turn {
                    self.yield_turn(action);
                    return Ok(());
                }
                if first.is_none() && self.has_gone_round() {
                    self.wait_for_end(&compiled);
                    return Ok(());
                }
                executed_in_turn += match action.operation {
                    Operation::CreateTask(_) => CREATE_TASK_ACTIONS,
                    _ => 1,
                };
                let limit = self.env.limits().actions_without_wait_max;
                let run = self.run_mut();
                run.since_wait += 1;
                if run.since_wait > limit {
                    first = self.lose(Some(action), "the flow executed too many actions without waiting");
                    continue 'runs;
                }
                // As they are before the action changes what they refer to.
                let parameters = self.trace.is_some().then(|| self.parameters(action));
                let outcome = match first.take() {
                    Some(outcome) => outcome,
                    None => self.perform(action)?,
                };
                match self.branch(&compiled, action, parameters, outcome) {
                    Way::To(next) => {
                        place = next;
                        continue;
                    }
                    Way::Wait => return Ok(()),
                    Way::Start => {}
                    Way::Into(invocation) => self.push_module(invocation),
                    Way::OutOf(outcome) => first = Some(outcome),
                    Way::Queue(queue) => self.enter_queue(queue),
                    Way::OtherQueue(queue) => self.transfer_between_queues(queue),
                    Way::End => self.finish(),
                    Way::Disconnect => self.disconnect_by_flow(),
                    Way::Lost => first = self.lose(Some(action), "no branch leads on"),
                }
                continue 'runs;
            }
        }
        Ok(())
    }

    /// Does what an action does.
    fn perform(&mut self, action: &Action) -> Result<Outcome, StepError> {
        Ok(match &action.operation {
            Operation::UpdateContactTargetQueue(target) => self.update_target_queue(target),
            Operation::TransferContactToQueue => self.transfer_to_queue(),
            Operation::TransferContactToAgent => self.transfer_to_agent(),
            Operation::DequeueContactAndTransferToQueue(target) => self.dequeue_and_transfer(target),
            Operation::UpdateContactEventHooks { flows, disabled } => self.update_hooks(flows, disabled),
            Operation::UpdateContactRoutingCriteria(criteria) => self.update_criteria(criteria.as_ref()),
            Operation::ResumeContact => self.resume_by_flow(),
            Operation::UpdateContactRoutingBehavior { priority, adjustment } => {
                self.update_routing_behavior(priority.as_ref(), adjustment.as_ref())
            }
            Operation::UpdateContactAttributes { attributes, related } => {
                self.update_attributes(attributes, *related)?
            }
            Operation::UpdateContactData { name, description, language_code, customer_id, related } => self
                .update_data(
                    name.as_ref(),
                    description.as_ref(),
                    language_code.as_ref(),
                    customer_id.as_ref(),
                    *related,
                )?,
            Operation::UpdateFlowAttributes(attributes) => self.update_flow_attributes(attributes),
            Operation::TagContact(tags) => self.tag(tags),
            Operation::UntagContact(keys) => self.untag(keys),
            Operation::UpdateFlowLoggingBehavior { enabled } => {
                self.contact.flow_logging = *enabled;
                Outcome::Next
            }
            Operation::Compare(path) => self.compare(path.as_ref()),
            Operation::CheckHoursOfOperation(hours) => self.check_hours(hours.as_ref()),
            Operation::CheckMetricData { metric, target } => self.check_metric(*metric, target),
            Operation::GetMetricData { target, channel } => self.get_metrics(target, channel.as_ref()),
            Operation::CreateTask(texts) => self.create_task(texts),
            Operation::InvokeLambdaFunction(texts) => self.invoke_function(texts),
            Operation::InvokeFlowModule { module, input } => self.invoke_module(module.as_ref(), input),
            Operation::EndFlowModuleExecution { result, data } => self.end_module(result.as_deref(), data),
            Operation::DistributeByPercentage => self.distribute(),
            Operation::Loop(count) => self.count_loop(&action.identifier, count.as_ref()),
            Operation::Wait { seconds, continues } => self.wait(&action.identifier, seconds.as_ref(), *continues),
            Operation::TransferToFlow(flow) => self.transfer_to_flow(flow.as_ref()),
            Operation::DisconnectParticipant => Outcome::Disconnect,
            Operation::EndFlowExecution => Outcome::End,
            Operation::Other(TaskPath::Next) => Outcome::Next,
            Operation::Other(TaskPath::Error(error, why)) => {
                Outcome::Error(Cow::Owned(error.clone()), Cow::Borrowed(why))
            }
            Operation::Other(TaskPath::Unsupported) => Outcome::Unsupported,
        })
    }

    /// Finds the branch that an outcome leads to, and tells the trace, if there is one, with the parameters.
    fn branch(
        &mut self,
        compiled: &CompiledFlow,
        action: &Action,
        parameters: Option<Option<String>>,
        outcome: Outcome,
    ) -> Way {
        let condition_failed = || error_way(action, NO_MATCHING_CONDITION);
        let next = || action.next.map_or(Way::Lost, Way::To);
        let met = |value: &str| {
            let met = action.conditions.iter().find(|condition| condition.operator.fits(value, &condition.operand));
            met.map(|condition| Way::To(condition.next))
        };
        let mut error: Option<Cow<'static, str>> = None;
        let (result, way): (Cow<'static, str>, Way) = match outcome {
            Outcome::Next => (NEXT.into(), next()),
            Outcome::Value(value) => {
                let way = met(&value).unwrap_or_else(|| {
                    error = Some("no condition fits the result".into());
                    condition_failed()
                });
                (value, way)
            }
            Outcome::NoValue => {
                error = Some("the path leads to nothing".into());
                (NO_MATCHING_CONDITION.into(), condition_failed())
            }
            Outcome::Error(error_type, why) => {
                error = Some(why);
                let way = error_way(action, &error_type);
                (error_type, way)
            }
            Outcome::Continue(until) => {
                let run = self.run_mut();
                let (action, from_step) = (action.identifier.clone(), run.step);
                run.meanwhile = Some(Box::new(Meanwhile { action, until, from_step }));
                (control::CONTINUE.into(), met(control::CONTINUE).unwrap_or_else(condition_failed))
            }
            Outcome::Wait(at) => (WAITING.into(), self.await_in(action, Waiting::Until { at })),
            Outcome::Call(form) => ("Called".into(), self.await_in(action, Waiting::Function { form })),
            Outcome::Invoke(invocation) => {
                self.run_mut().action.clone_from(&action.identifier);
                ("Invoked".into(), Way::Into(invocation))
            }
            Outcome::Return(result, data) => ("Returned".into(), Way::OutOf(Outcome::Return(result, data))),
            // A result without a branch of its own is a success, unless the flow says where such results go.
            Outcome::ModuleResult(result) => {
                let wired = |error: &str| action.errors.iter().find(|(name, _)| name == error);
                let other = || wired(NO_MATCHING_CONDITION).map_or_else(next, |(_, place)| Way::To(*place));
                let way = met(&result).unwrap_or_else(other);
                (result.into(), way)
            }
            Outcome::Jump(flow, content) => {
                self.leave_modules();
                let run = self.run_mut();
                (run.flow, run.content) = (flow, content);
                run.action.clear();
                run.meanwhile = None;
                run.loops.clear();
                run.attributes.clear();
                ("Transferred".into(), Way::Start)
            }
            Outcome::Queue(queue) => ("Queued".into(), Way::Queue(queue)),
            Outcome::OtherQueue(queue) => ("Transferred".into(), Way::OtherQueue(queue)),
            Outcome::End => ("Ended".into(), Way::End),
            Outcome::Disconnect => ("Disconnected".into(), Way::Disconnect),
            Outcome::Unsupported => ("Unsupported".into(), Way::Lost),
        };
        if let Some(parameters) = parameters {
            let next = match &way {
                Way::To(place) => Some(compiled.actions[*place].identifier.clone()),
                Way::Start
                | Way::Wait
                | Way::Into(_)
                | Way::OutOf(_)
                | Way::Queue(_)
                | Way::OtherQueue(_)
                | Way::End
                | Way::Disconnect
                | Way::Lost => None,
            };
            self.trace_action(Some(action), parameters, result, error, next);
        }
        self.run_mut().step += 1;
        match way {
            Way::OutOf(Outcome::Return(result, data)) => Way::OutOf(self.return_from_module(result, data)),
            way => way,
        }
    }

    /// The run stays at an action and waits.
    fn await_in(&mut self, action: &Action, waiting: Waiting) -> Way {
        let run = self.run_mut();
        run.action.clone_from(&action.identifier);
        run.waiting = Some(waiting);
        Way::Wait
    }

    fn run_mut(&mut self) -> &mut FlowRun {
        self.contact.runs.last_mut().expect("a run executes")
    }

    fn yield_turn(&mut self, action: &Action) {
        self.trace_action(Some(action), None, "Yielded".into(), None, None);
        let run = self.run_mut();
        run.action.clone_from(&action.identifier);
        self.await_turn();
    }

    fn await_turn(&mut self) {
        let run = self.run_mut();
        run.waiting = Some(Waiting::Turn);
        let (run, step) = (run.id, run.step);
        self.effects.push(Effect::Continue { run, step });
    }

    /// The flow that a text names, with or without the word for what is published behind its id.
    fn flow_named(&self, text: &Text) -> Option<ContactFlowId> {
        self.named(text, |id| {
            let id = id.strip_suffix(":$LATEST").unwrap_or(id);
            self.env.flow(id.parse().ok()?).map(|flow| flow.id)
        })
    }

    /// The value of a text, when it is not too long.
    fn text(&self, text: &Text, bytes_max: usize) -> Option<String> {
        let run = self.contact.runs.last().expect("a run executes");
        let view = View { contact: self.contact, chain: self.chain, run, env: self.env };
        text.resolve(&view, bytes_max).map(Cow::into_owned)
    }

    /// JSON with the values of its paths, when its texts together are not too long.
    fn json(&self, json: &JsonText, bytes_max: usize) -> Option<Json> {
        let run = self.contact.runs.last().expect("a run executes");
        let view = View { contact: self.contact, chain: self.chain, run, env: self.env };
        let mut bytes_left = bytes_max;
        json.resolve(&view, &mut bytes_left)
    }
}

/// The branch of an error type: its own, else the catch-all.
fn error_way(action: &Action, error: &str) -> Way {
    let branch = |name: &str| action.errors.iter().find(|(error_type, _)| error_type == name).map(|(_, place)| *place);
    branch(error).or_else(|| branch(NO_MATCHING_ERROR)).map_or(Way::Lost, Way::To)
}
