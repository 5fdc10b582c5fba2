//! How runs begin and end, and what that does to their contact.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::contact::step::Move;
use crate::contact::{DisconnectReason, EventType, Hook, State};
use crate::flow::compile::Action;
use crate::flow::interpret::Outcome;
use crate::flow::run::{FlowRun, Purpose};
use crate::flow::trace::STOPPED;
use crate::flow::{ContactFlow, ContentHash, FlowState, FlowType};
use crate::id::{ContactFlowId, QueueId, RunId};
use crate::refusal::Refusal;

impl Move<'_> {
    /// The flow set for a moment, else the default one of its type; none when no flow is to run then.
    pub(crate) fn hook_or_default(&self, hook: Hook, flow_type: FlowType) -> Option<ContactFlowId> {
        let default = || self.env.default_flow(flow_type).filter(|_| self.contact.runs_at(hook));
        self.contact.hook(hook).or_else(default)
    }

    /// Puts a run of this flow on the stack, when there is one that can be run for this purpose.
    pub(crate) fn push_runnable(&mut self, purpose: Purpose, flow: Option<ContactFlowId>) -> bool {
        let Some(flow) = flow else { return false };
        let content = self.runnable(flow, purpose.flow_types());
        content.map(|content| self.push_run(purpose, flow, content)).is_some()
    }

    /// Refuses a flow that a request names and that cannot be run as one of these types (R17).
    pub(crate) fn require_runnable(&self, id: ContactFlowId, types: &[FlowType]) -> Result<(), Refusal> {
        let flow = self.env.flow(id).ok_or(Refusal::FlowUnknown(id))?;
        let names = || types.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        let why = if !types.contains(&flow.flow_type) {
            format!("it is of type {}, give one of type {}", flow.flow_type, names())
        } else if flow.state != FlowState::Active {
            "it is archived".to_owned()
        } else if flow.published.is_none() {
            "it was never published".to_owned()
        } else {
            return Ok(());
        };
        Err(Refusal::FlowUnusable { flow: id, why })
    }

    pub(super) fn push_run(&mut self, purpose: Purpose, flow: ContactFlowId, content: ContentHash) {
        self.contact.runs_begun += 1;
        self.contact.runs.push(FlowRun {
            id: RunId(self.contact.runs_begun),
            purpose,
            flow,
            content,
            action: String::new(),
            step: 0,
            since_wait: 0,
            waiting: None,
            loops: BTreeMap::new(),
            attributes: BTreeMap::new(),
            results: None,
            module: None,
            meanwhile: None,
            tasks_since_wait: 0,
        });
    }

    /// The published content of a flow that may be run now as one of these types.
    pub(crate) fn runnable(&self, flow: ContactFlowId, types: &[FlowType]) -> Option<ContentHash> {
        let flow: Arc<ContactFlow> = self.env.flow(flow)?;
        let fits = flow.state == FlowState::Active && types.contains(&flow.flow_type);
        flow.published.filter(|_| fits)
    }

    /// A flow puts its contact into a queue; after the end that is a new contact.
    pub(super) fn enter_queue(&mut self, queue: QueueId) {
        if self.contact.state.is_disconnected() { self.requeue_after_end(queue) } else { self.enqueue(queue) }
    }

    /// Puts the contact into a queue: its runs are over, its queue flow begins.
    pub(crate) fn enqueue(&mut self, queue: QueueId) {
        let now = self.env.now();
        self.contact.runs.clear();
        self.contact.state = State::Queued;
        self.contact.target_queue = Some(queue);
        self.contact.queue = Some(queue);
        self.contact.times.enqueue = Some(now);
        self.contact.times.dequeue = None;
        self.begin_criteria();
        self.emit(EventType::Queued);
        let flow = self.hook_or_default(Hook::CustomerQueue, FlowType::CustomerQueue);
        self.push_runnable(Purpose::Queue, flow);
    }

    /// A flow ends its contact. One that runs at a pause, a resume or the end ends itself alone: inbound flows, which
    /// run there, have no other end (flow-language.md section 9). A whisper flow may end no contact, so a module that
    /// does ends the whisper. What a module says counts for the flow that invoked it.
    pub(super) fn disconnect_by_flow(&mut self) {
        match self.run_mut().purpose {
            Purpose::Main | Purpose::Queue => self.end(DisconnectReason::ContactFlowDisconnect),
            Purpose::Whisper | Purpose::Pause | Purpose::Resume | Purpose::Disconnect => self.finish(),
        }
    }

    /// Ends the flow on top as it says: before queueing that ends the contact, in a queue it stays there
    /// (flow-language.md section 7).
    pub(super) fn finish(&mut self) {
        self.leave_modules();
        let purpose = self.run_mut().purpose;
        match purpose {
            Purpose::Main => self.end(DisconnectReason::ContactFlowDisconnect),
            Purpose::Whisper => self.join(),
            Purpose::Queue | Purpose::Pause | Purpose::Resume => {
                self.contact.runs.pop();
                self.wake_run();
            }
            Purpose::Disconnect => {
                self.contact.runs.pop();
                self.complete_if_over();
            }
        }
    }

    /// Ends the run on top because nothing leads on: an error without a branch, a content that is gone, too many
    /// actions without a wait. Of a module that is an error of its invocation.
    pub(super) fn lose(&mut self, action: Option<&Action>, why: &'static str) -> Option<Outcome> {
        let strict = self.env.limits().strict_default_queue_flow;
        let run = self.run_mut();
        let (in_module, of_queue) = (run.module.is_some(), run.purpose == Purpose::Queue);
        // What happens to every task in the default customer queue flow should not look like a failure.
        let told = if of_queue && !in_module && !strict {
            format!("{why}; the task stays in its queue")
        } else {
            why.to_owned()
        };
        self.trace_action(action, None, STOPPED.into(), Some(told.into()), None);
        if in_module {
            self.pop_module();
            return Some(Outcome::error(format!("the module did not end by itself: {why}")));
        }
        if of_queue && strict {
            self.end(DisconnectReason::ContactFlowDisconnect);
        } else {
            self.finish();
        }
        None
    }
}
