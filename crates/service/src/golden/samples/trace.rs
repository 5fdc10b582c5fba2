//! What flows did in a step.

use engine::flow::trace::TraceEntry;
use engine::{ContactFlowId, ContactFlowModuleId, ContactId, RunId};

use super::{at, id, some, text};
use crate::trace::{KeptAction, TraceChunk};

pub(crate) fn trace_chunks() -> Vec<TraceChunk> {
    let full = TraceEntry {
        at: at(33),
        run: RunId(2),
        step: 7,
        flow: ContactFlowId(id(5)),
        module: Some(ContactFlowModuleId(id(11))),
        action: text("compare ä"),
        action_type: text("Compare"),
        parameters: some("{\"ComparisonValue\":\"blue\"}"),
        result: text("NoMatchingCondition"),
        error: some("why"),
        next: some("end"),
        output: some("{\"tier\":\"gold\"}"),
        logged: true,
    };
    let bare = TraceEntry {
        module: None,
        parameters: None,
        error: None,
        next: None,
        output: None,
        logged: false,
        ..full.clone()
    };
    let actions = vec![KeptAction { entry: full, left_out: 0 }, KeptAction { entry: bare, left_out: 900 }];
    vec![TraceChunk { contact: ContactId(id(14)), number: 129, before: 65_000, actions }]
}
