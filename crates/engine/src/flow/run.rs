//! A flow run: where a contact is in a flow. It pins the content it runs and names the action it is at, so that
//! publishing or deleting a flow does not move the contacts that are in it.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::flow::function::AnswerForm;
use crate::flow::json::Json;
use crate::flow::{ContentHash, FlowType};
use crate::id::{ContactFlowId, ContactFlowModuleId, ContactId, RunId};
use crate::time::Timestamp;

/// Why a flow runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// The flow that the contact was started with.
    #[n(0)]
    Main,
    /// While the contact waits in a queue.
    #[n(1)]
    Queue,
    /// After an agent accepted, before it joins.
    #[n(2)]
    Whisper,
    /// On pause.
    #[n(3)]
    Pause,
    /// On resume.
    #[n(4)]
    Resume,
    /// After the end.
    #[n(5)]
    Disconnect,
}

impl Purpose {
    /// The types of flow that can run for it (flow-language.md section 2).
    pub(crate) fn flow_types(self) -> &'static [FlowType] {
        match self {
            Purpose::Main => &[FlowType::ContactFlow, FlowType::AgentTransfer, FlowType::QueueTransfer],
            Purpose::Queue => &[FlowType::CustomerQueue],
            Purpose::Whisper => &[FlowType::AgentWhisper],
            Purpose::Pause | Purpose::Resume | Purpose::Disconnect => &[FlowType::ContactFlow],
        }
    }
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Waiting {
    /// A moment, because of a Wait action.
    #[n(0)]
    Until {
        /// When it goes on.
        #[n(0)]
        at: Timestamp,
    },
    /// Its next turn, because it used up one.
    #[n(1)]
    Turn,
    /// The answer of a function.
    #[n(2)]
    Function {
        /// What the answer has to be.
        #[n(0)]
        form: AnswerForm,
    },
    /// Its next turn, because the function has answered.
    #[n(3)]
    Answered {
        /// Why the call failed, when it did.
        #[n(0)]
        error: Option<String>,
    },
    /// The end of the module that it invoked: the run above it.
    #[n(4)]
    Module,
}

/// What actions of a run have given for its references; each is what the last such action gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Results {
    /// The answer of a function: `$.External`.
    #[n(0)]
    pub external: Option<Json>,
    /// The id of that call: `$.LambdaInvocation.InvocationId`.
    #[n(1)]
    pub invocation: Option<String>,
    /// The task made: `$.Task.ContactId`.
    #[n(2)]
    pub task: Option<ContactId>,
    /// Metrics by the words of their paths after `$.Metrics`, joined by points.
    #[n(3)]
    pub metrics: BTreeMap<String, String>,
    /// The result of a module: `$.Modules.Result`.
    #[n(4)]
    pub module_result: Option<String>,
    /// What the module gave: `$.Modules.ResultData`.
    #[n(5)]
    pub module_data: Option<Json>,
}

/// That a run is one of a module.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ModuleRun {
    /// What it was given: `$.Modules.Input`.
    #[n(0)]
    pub input: Json,
    /// The module; none in a record of before modules could be made.
    #[n(1)]
    pub module: Option<ContactFlowModuleId>,
}

/// A run of a flow by a contact.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FlowRun {
    /// Its number within the contact.
    #[n(0)]
    pub id: RunId,
    /// Why it runs.
    #[n(1)]
    pub purpose: Purpose,
    /// The flow; of a module run the one that invoked it.
    #[n(2)]
    pub flow: ContactFlowId,
    /// The content it runs, whatever is published later.
    #[n(3)]
    pub content: ContentHash,
    /// Identifier of the action to execute, or that is waiting; empty is the start of the flow.
    #[n(4)]
    pub action: String,
    /// Actions executed so far. A timer or a result that names another step is stale.
    #[n(5)]
    pub step: u64,
    /// Actions executed since it last waited.
    #[n(6)]
    pub since_wait: u32,
    /// What it waits for; none only while it executes.
    #[n(7)]
    pub waiting: Option<Waiting>,
    /// Rounds done of the Loop actions that are under way, by Identifier.
    #[n(8)]
    pub loops: BTreeMap<String, u32>,
    /// Flow attributes.
    #[n(9)]
    pub attributes: BTreeMap<String, String>,
    /// What its actions have given; none until one gives something.
    #[n(10)]
    pub results: Option<Box<Results>>,
    /// Set on a run of a module.
    #[n(11)]
    pub module: Option<Box<ModuleRun>>,
    /// The Wait that lets it go on, and is not over.
    #[n(12)]
    pub meanwhile: Option<Box<Meanwhile>>,
    /// Tasks made since it last waited.
    #[n(13)]
    #[cbor(skip_if = "is_zero")]
    pub tasks_since_wait: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A Wait that lets the flow go on along its Continue branch meanwhile (`ContinueExecution`). When it is over the run
/// leaves that branch, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Meanwhile {
    /// Identifier of the Wait.
    #[n(0)]
    pub action: String,
    /// When it is over.
    #[n(1)]
    pub until: Timestamp,
    /// The run's step count when it began.
    #[n(2)]
    pub from_step: u64,
}

impl FlowRun {
    /// It has waited: what counts since then begins anew.
    pub(crate) fn has_waited(&mut self) {
        (self.since_wait, self.tasks_since_wait) = (0, 0);
    }

    /// Counts on where another run of the same contact is.
    pub(crate) fn count_on(&mut self, other: &FlowRun) {
        (self.since_wait, self.tasks_since_wait) = (other.since_wait, other.tasks_since_wait);
    }

    /// What its actions have given, to add to.
    pub(crate) fn results_mut(&mut self) -> &mut Results {
        self.results.get_or_insert_default()
    }
}
