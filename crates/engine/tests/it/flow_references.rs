//! Flows that come from another instance: the reference map leads their ids to resources of this one, when they are
//! published and when they run.

use std::borrow::Cow;

use engine::flow::FlowType;
use engine::flow::document::Document;
use engine::flow::validate::{Resolver, Resolves, validate};
use engine::reference_map::ReferenceMap;
use expect_test::expect;

use crate::world::{ANN, BASIC, NOON, World, content, flow_id, module_id};

/// A flow whose queues, flows, hours, module, template and agents are those of elsewhere.
const FOREIGN: &str = r#"
    q UpdateContactTargetQueue {"QueueId":"arn:aws:connect:eu-west-2:111122223333:instance/i/queue/billing"} next=h NoMatchingError=end
    h CheckHoursOfOperation {"HoursOfOperationId":"$.Attributes.hours"} next=end NoMatchingError=end Equals:True=m Equals:False=end
    m CheckMetricData {"MetricType":"NumberOfContactsInQueue","QueueId":"billing"} next=e NoMatchingError=end NoMatchingCondition=e Equals:7=e
    e UpdateContactEventHooks {"EventHooks":{"PauseContact":"arn:aws:connect:eu-west-2:111122223333:instance/i/contact-flow/pause"}} next=i NoMatchingError=end
    i InvokeFlowModule {"FlowModuleId":"arn:aws:connect:eu-west-2:111122223333:instance/i/contact-flow-module/abroad:$LATEST"} next=r NoMatchingError=end
    r UpdateContactRoutingCriteria {"RoutingCriteria":"$.Attributes.criteria"} next=c NoMatchingError=end
    c CreateTask {"Name":"another","ContactFlowId":"pause:$LATEST"} next=a NoMatchingError=end
    a UpdateContactTargetQueue {"AgentId":"somebody"} next=f NoMatchingError=end
    f TransferToFlow {"ContactFlowId":"start"} next=end NoMatchingError=end
    end DisconnectParticipant"#;

/// What an attribute may hold for UpdateContactRoutingCriteria.
const CRITERIA: &str = r#"{"Steps":[{"Expression":{"AttributeCondition":{"MatchCriteria":{"AgentsCriteria":{"AgentIds":["somebody"]}}}}}]}"#;

fn foreign_world() -> World {
    let module = module_id("home").to_string();
    let (billing, hours) = (BASIC.to_string(), NOON.to_string());
    let (main, pause) = (flow_id("main").to_string(), flow_id("pause").to_string());
    World::new()
        .module("home", "e EndFlowModuleExecution")
        .flow("pause", "end DisconnectParticipant")
        .references(&[
            ("arn:aws:connect:*:111122223333:instance/*/queue/*", &billing),
            ("billing", &billing),
            ("arn:*/operating-hours/*", &hours),
            ("pause", &pause),
            ("start", &main),
            ("abroad", &module),
            ("somebody", &ANN.to_string()),
        ])
        .flow("f", FOREIGN)
        .explained()
}

#[test]
fn a_task_follows_the_references_of_a_flow_from_elsewhere() {
    foreign_world().check(
        &format!("0 start a flow=f @criteria={CRITERIA} @hours=arn:aws:connect:eu-west-2:111122223333:instance/i/operating-hours/x"),
        expect![[r#"
            0 start a flow=f @criteria={"Steps":[{"Expression":{"AttributeCondition":{"MatchCriteria":{"AgentsCriteria":{"AgentIds":["somebody"]}}}}}]} @hours=arn:aws:connect:eu-west-2:111122223333:instance/i/operating-hours/x => q Next -> h, h True -> m, m 0 (no condition fits the result) -> e, e Next -> i, i Invoked, e Returned, i Next -> r, r Next -> c, c Next -> a, a Next -> f, f Transferred, q Next -> t, t Queued, waiting NoMatchingError (the action is not for tasks), waiting Stopped (no branch leads on; the task stays in its queue) | Queued, INITIATED, CONNECTED_TO_SYSTEM, updated [RoutingCriteria], task 1: [ | InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 0], QUEUED
        "#]],
    );
}

#[test]
fn without_an_entry_each_action_says_what_is_not_there() {
    let mut world = foreign_world();
    world.instance.references = ReferenceMap::default();
    let mut shown = String::new();
    for line in FOREIGN.lines().filter(|line| line.contains('{')) {
        // The action alone: whatever comes of it ends the task.
        let (action, _) = line.split_once(" next=").unwrap();
        world = world.flow_unchecked("f", &format!("{action} next=end NoMatchingError=end\nend DisconnectParticipant"));
        shown += &world.run(&format!("start a flow=f @criteria={CRITERIA}")).unwrap();
        shown += "\n";
    }
    expect![[r#"
        q NoMatchingError (found no queue "arn:aws:connect:eu-west-2:111122223333:instance/i/queue/billing") -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        h NoMatchingError (found no hours of operation "") -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        m NoMatchingError (found no queue "billing") -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        e NoMatchingError (found no flow "arn:aws:connect:eu-west-2:111122223333:instance/i/contact-flow/pause") -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        i NoMatchingError (there is no module "arn:aws:connect:eu-west-2:111122223333:instance/i/contact-flow-module/abroad:$LATEST", or it has no such version or alias) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        r NoMatchingError (RoutingCriteria are not in the form of the flow language, or name an attribute that is not predefined) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        c NoMatchingError (found no flow "pause:$LATEST") -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        a NoMatchingError (found no agent "somebody") -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        f NoMatchingError (found no flow "start") -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
    "#]].assert_eq(&shown);
}

#[test]
fn only_functions_that_are_allowed_are_called() {
    let flow = r#"
        l InvokeLambdaFunction {"LambdaFunctionARN":"$.Attributes.function","InvocationTimeLimitSeconds":"3"} next=end NoMatchingError=end
        end DisconnectParticipant"#;
    let mut world = World::new().flow("f", flow).explained();
    world.instance.refused_function = Some("arn:aws:lambda:eu-west-1:111122223333:function:f".into());
    world.check(
        "0 start a flow=f @function=arn:aws:lambda:eu-west-1:111122223333:function:f
         0 start b flow=f @function=arn:aws:lambda:eu-west-1:111122223333:function:g",
        expect![[r#"
            0 start a flow=f @function=arn:aws:lambda:eu-west-1:111122223333:function:f => l NoMatchingError (flows may not call the function arn:aws:lambda:eu-west-1:111122223333:function:f: allow it with AssociateLambdaFunction) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start b flow=f @function=arn:aws:lambda:eu-west-1:111122223333:function:g => l Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:eu-west-1:111122223333:function:g for 3 s
        "#]],
    );
}

/// An instance with one queue.
struct OneQueue(ReferenceMap);

impl Resolver for OneQueue {
    fn exists(&self, kind: Resolves, id: &str) -> bool {
        kind == Resolves::Queue && id == BASIC.to_string()
    }

    fn mapped(&self, given: &str) -> Option<String> {
        self.0.target(given).map(Cow::into_owned)
    }
}

#[test]
fn queues_and_prompts_of_elsewhere_are_refused_without_a_map_and_accepted_with_one() {
    let flow = content(
        r#"
        p MessageParticipant {"PromptId":"arn:aws:connect:eu-west-2:111122223333:instance/i/prompt/beep"} next=q NoMatchingError=q
        q UpdateContactTargetQueue {"QueueId":"arn:aws:connect:eu-west-2:111122223333:instance/i/queue/billing"} next=own NoMatchingError=own
        own UpdateContactTargetQueue {"QueueId":"BASIC"} next=end NoMatchingError=end
        end DisconnectParticipant"#,
    );
    let document = Document::parse(&flow).unwrap();
    let problems = |references: &[(&str, &str)]| {
        let entries = references.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        let resolver = OneQueue(ReferenceMap::new(entries).unwrap());
        let problems = validate(&document, FlowType::ContactFlow, &resolver);
        let shown =
            problems.iter().map(|problem| format!("{}: {} ({})\n", problem.path, problem.message, problem.hint));
        shown.collect::<String>()
    };
    expect![[r#"
        Actions[0].Parameters.PromptId: Failed to convert id: arn:aws:connect:eu-west-2:111122223333:instance/i/prompt/beep (the instance has no such prompt, and its reference map has no entry for it)
        Actions[1].Parameters.QueueId: Failed to convert id: arn:aws:connect:eu-west-2:111122223333:instance/i/queue/billing (the instance has no such queue, and its reference map has no entry for it)
    "#]].assert_eq(&problems(&[]));
    expect![[r#"
        Actions[1].Parameters.QueueId: Failed to convert id: arn:aws:connect:eu-west-2:111122223333:instance/i/queue/billing (the instance has no such queue, and its reference map has no entry for it)
    "#]].assert_eq(&problems(&[("beep", "no prompt is played"), ("billing", "gone")]));
    expect![[r#""#]].assert_eq(&problems(&[("*/prompt/*", "no prompt is played"), ("billing", &BASIC.to_string())]));
}
