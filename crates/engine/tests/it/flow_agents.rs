//! Flows of contacts that agents work on: queue, whisper, pause, resume and disconnect flows.

use engine::flow::FlowType;
use expect_test::expect;

use crate::world::{ANN, BASIC, START, World, contact_id, flow_id};

/// A flow that sets a hook and then queues the task.
fn hooked(hook: &str, flow: &str) -> String {
    let id = flow_id(flow);
    format!(
        "h UpdateContactEventHooks {{\"EventHooks\":{{\"{hook}\":\"{id}\"}}}} next=q NoMatchingError=end
         q UpdateContactTargetQueue {{\"QueueId\":\"BASIC\"}} next=t NoMatchingError=end
         t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
         end DisconnectParticipant"
    )
}

const WAITS: &str =
    "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end EndFlowExecution";

#[test]
fn a_whisper_flow_runs_before_the_agent_joins() {
    let world = World::new()
        .flow_of_type(
            "tell",
            FlowType::AgentWhisper,
            "a UpdateContactAttributes {\"Attributes\":{\"who\":\"$.Agent.UserName\"}} next=e NoMatchingError=e\n e EndFlowExecution",
        )
        .flow("main", &hooked("AgentWhisper", "tell"))
        .traced()
        .check("0 start\n 1 offer\n 2 accept", expect![[r#"
            0 start => h Next -> q, q Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer =>  | Offered, ann["CONNECTING"]
            2 accept => a Next -> e, e Ended | Connected, updated [UserDefinedAttributes], CONNECTED_TO_AGENT, ann["CONNECTED"]
        "#]]);
    assert_eq!(world.instance.chains[&contact_id("a")].attributes["who"], "ann");
}

#[test]
fn a_whisper_flow_that_waits() {
    let world = || {
        World::new()
            .flow_of_type("whisper", FlowType::AgentWhisper, WAITS)
            .flow_of_type("long", FlowType::AgentWhisper, &WAITS.replace("60", "600"))
            .flow("main", &hooked("AgentWhisper", "whisper"))
            .flow("slow", &hooked("AgentWhisper", "long"))
    };
    world().check("0 start\n 1 offer\n 2 accept\n 3 accept\n 4 reject\n 61 tick\n 62 tick", expect![[r#"
        0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        1 offer => Offered, ann["CONNECTING"]
        2 accept => Joining
        3 accept => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc was accepted by agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0 already, who joins when the whisper flow is over
        4 reject => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc was accepted by agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0 already, who joins when the whisper flow is over
        61 tick => nothing
        62 tick => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
    "#]]);
    // At most two minutes.
    world().check(
        "0 start flow=slow\n 1 offer\n 2 accept\n 121 tick\n 122 tick",
        expect![[r#"
        0 start flow=slow => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        1 offer => Offered, ann["CONNECTING"]
        2 accept => Joining
        121 tick => nothing
        122 tick => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
    "#]],
    );
    // The agent is gone: the task stays queued, and its queue flow goes on.
    let queue_flow = hooked("AgentWhisper", "whisper").replace(
        "next=q",
        &format!("next=c NoMatchingError=c\n c UpdateContactEventHooks {{\"EventHooks\":{{\"CustomerQueue\":\"{}\"}}}} next=q", flow_id("leave")),
    );
    let leaves = "w Wait {\"TimeLimitSeconds\":\"40\"} next=d NoMatchingError=d Equals:WaitCompleted=d\n d DisconnectParticipant";
    world().flow_of_type("leave", FlowType::CustomerQueue, leaves).flow("main", &queue_flow).check(
        "0 start\n 1 offer\n 2 accept\n 5 status lunch\n 6 agents\n 30 tick\n 31 offer by=bob\n 32 accept by=bob\n 40 tick\n 92 tick",
        expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer => Offered, ann["CONNECTING"]
            2 accept => Joining
            5 status lunch => ann["CONNECTING"], contact: [Queued, ann["MISSED"]]
            6 agents => ann CUSTOM not routable ["MISSED"] slots 1
            30 tick => nothing
            31 offer by=bob => Offered, bob["CONNECTING"]
            32 accept by=bob => Joining
            40 tick => nothing
            92 tick => Connected, CONNECTED_TO_AGENT, bob["CONNECTED"]
        "#]],
    );
}

#[test]
fn the_queue_flow_goes_on_while_the_task_is_offered() {
    World::new()
        .flow_of_type("leave", FlowType::CustomerQueue, "w Wait {\"TimeLimitSeconds\":\"10\"} next=d NoMatchingError=d Equals:WaitCompleted=d\n d DisconnectParticipant")
        .flow("main", &hooked("CustomerQueue", "leave"))
        .check("0 start\n 1 offer\n 10 tick\n 11 agents", expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer => Offered, ann["CONNECTING"]
            10 tick => Completed CONTACT_FLOW_DISCONNECT, ann["REJECTED"], DISCONNECTED, COMPLETED
            11 agents => ann OFFLINE not routable ["REJECTED"] slots 1
        "#]]);
}

#[test]
fn from_queue_to_queue() {
    let world = World::new()
        .flow_of_type(
            "on",
            FlowType::CustomerQueue,
            "w Wait {\"TimeLimitSeconds\":\"10\"} next=d NoMatchingError=e Equals:WaitCompleted=d\n d DequeueContactAndTransferToQueue {\"QueueId\":\"OTHER\"} next=e QueueAtCapacity=e NoMatchingError=e\n e EndFlowExecution",
        )
        .flow("main", &hooked("CustomerQueue", "on"))
        .traced()
        .check("0 start\n 1 route french=3 seconds=100\n 10 tick\n 20 tick", expect![[r#"
            0 start => h Next -> q, q Next -> t, t Queued, w Waiting | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 route french=3 seconds=100 =>  | Queued, updated [RoutingCriteria]
            10 tick => w WaitCompleted -> d, d Transferred | Completed OTHER, DISCONNECTED, COMPLETED, QUEUE_TRANSFER 1: [w Waiting | Queued, INITIATED, QUEUED]
            20 tick => w WaitCompleted -> d, d Transferred | Completed OTHER, DISCONNECTED, COMPLETED, QUEUE_TRANSFER 2: [w Waiting | Queued, INITIATED, QUEUED]
        "#]]);
    let made = &world.contacts[&contact_id("2")];
    // Carried until an agent joins; its time runs on.
    assert_eq!(made.criteria[0].next_expiry(), Some(START.plus_seconds(101)));
    let waiting = made.waiting().unwrap();
    assert_eq!((waiting.enqueued, waiting.ranked_since), (START.plus_seconds(20), START.plus_seconds(20)));
}

#[test]
fn queue_to_queue_ends_with_a_full_chain() {
    let mut world = World::new()
        .flow_of_type("on", FlowType::CustomerQueue, "d DequeueContactAndTransferToQueue {\"QueueId\":\"OTHER\"} next=e QueueAtCapacity=e NoMatchingError=e\n e EndFlowExecution")
        .flow("main", &hooked("CustomerQueue", "on"));
    world.run("start").unwrap();
    assert_eq!(world.contacts.len(), 12);
    let chain = &world.instance.chains[&contact_id("a")];
    assert_eq!((chain.members, chain.open), (12, 1));
}

#[test]
fn a_disconnect_flow_runs_after_the_end() {
    let again = "q UpdateContactTargetQueue {\"QueueId\":\"OTHER\"} next=t NoMatchingError=end
         t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
         end DisconnectParticipant";
    let world = || {
        World::new()
            .flow("last", "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant")
            .flow("again", again)
            .flow("main", &hooked("CustomerRemaining", "last"))
            .flow("requeued", &hooked("CustomerRemaining", "again"))
    };
    world().check(
        "0 start\n 1 stop\n 2 stop\n 61 tick\n 62 tick",
        expect![[r#"
        0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        1 stop => Ended API, DISCONNECTED
        2 stop => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
        61 tick => Completed API, COMPLETED
        62 tick => nothing
    "#]],
    );
    world().check(
        "0 start\n 1 offer\n 2 accept\n 3 end\n 63 tick\n 64 close",
        expect![[r#"
        0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        1 offer => Offered, ann["CONNECTING"]
        2 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
        3 end => Ended AGENT_DISCONNECT, DISCONNECTED, ann["ENDED"]
        63 tick => Ended AGENT_DISCONNECT
        64 close => Completed AGENT_DISCONNECT, ann[], COMPLETED
    "#]],
    );
    world().check(
        "0 start\n 1 offer\n 2 accept\n 3 end\n 4 close\n 63 tick",
        expect![[r#"
        0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        1 offer => Offered, ann["CONNECTING"]
        2 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
        3 end => Ended AGENT_DISCONNECT, DISCONNECTED, ann["ENDED"]
        4 close => Ended AGENT_DISCONNECT, ann[]
        63 tick => Completed AGENT_DISCONNECT, COMPLETED
    "#]],
    );
    world().check(
        "0 start flow=requeued\n 1 stop",
        expect![[r#"
            0 start flow=requeued => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 stop => Completed API, DISCONNECTED, COMPLETED, DISCONNECT 1: [Queued, INITIATED, QUEUED]
        "#]],
    );
    // A transfer is no end.
    world().check("0 start\n 1 transfer to=OTHER", expect![[r#"
        0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        1 transfer to=OTHER => Completed OTHER, DISCONNECTED, COMPLETED, TRANSFER 1: [Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED]
    "#]]);
}

#[test]
fn pause_and_resume_flows() {
    let mark = |word: &str| {
        format!(
            "a UpdateContactAttributes {{\"Attributes\":{{\"last\":\"{word}\"}}}} next=e NoMatchingError=e\n e EndFlowExecution"
        )
    };
    let world = World::new()
        .flow_unchecked("paused", &mark("paused"))
        .flow_unchecked("resumed", &mark("resumed"))
        .flow_unchecked("given", &mark("given"))
        .flow_unchecked("resumes", "w Wait {\"TimeLimitSeconds\":\"60\"} next=r NoMatchingError=e Equals:WaitCompleted=r\n r ResumeContact next=e NoMatchingError=e\n e EndFlowExecution")
        .flow("main", &hooked("PauseContact", "paused"))
        .flow("both", &hooked("ResumeContact", "resumed"))
        .traced();
    world.check(
        "0 start
         1 offer
         2 accept
         3 pause
         4 resume
         5 pause flow=given
         6 resume flow=resumed
         7 pause flow=resumes
         67 tick",
        expect![[r#"
            0 start => h Next -> q, q Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer =>  | Offered, ann["CONNECTING"]
            2 accept => whisper Next -> end, end Ended | Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            3 pause => a Next -> e, e Ended | Paused, PAUSED, ann["PAUSED"], updated [UserDefinedAttributes]
            4 resume =>  | Connected, RESUMED, ann["CONNECTED"]
            5 pause flow=given => a Next -> e, e Ended | Paused, PAUSED, ann["PAUSED"], updated [UserDefinedAttributes]
            6 resume flow=resumed => a Next -> e, e Ended | Connected, RESUMED, ann["CONNECTED"], updated [UserDefinedAttributes]
            7 pause flow=resumes => w Waiting | Paused, PAUSED, ann["PAUSED"]
            67 tick => w WaitCompleted -> r, r Next -> e, e Ended | Connected, RESUMED, ann["CONNECTED"]
        "#]],
    );
}

#[test]
fn hooks_that_are_not_possible() {
    World::new()
        .traced()
        .flow("wrong type", &hooked("AgentWhisper", "main"))
        .flow("of a hold", &hooked("CustomerHold", "main"))
        .check("0 start a flow=wrong&type\n 0 start b flow=of&a&hold", expect![[r#"
            0 start a flow=wrong&type => h NoMatchingError -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start b flow=of&a&hold => h NoMatchingError -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]]);
}

#[test]
fn criteria_set_by_a_flow() {
    let flow = |criteria: &str| {
        format!(
            "c UpdateContactRoutingCriteria {{\"RoutingCriteria\":{criteria}}} next=q NoMatchingError=end
             q UpdateContactTargetQueue {{\"QueueId\":\"BASIC\"}} next=t NoMatchingError=end
             t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
             end DisconnectParticipant"
        )
    };
    let condition = |name: &str| {
        format!(
            r#"{{"AttributeCondition":{{"Name":"{name}","Value":"yes","ProficiencyLevel":"$.Attributes.level","ComparisonOperator":"NumberGreaterOrEqualTo"}}}}"#
        )
    };
    let steps = |expression: &str| {
        format!(r#"{{"Steps":[{{"Expression":{expression},"Expiry":{{"DurationInSeconds":"30"}}}}]}}"#)
    };
    let and = format!(r#"{{"AndExpression":[{},{}]}}"#, condition("french"), condition("knots"));
    let world = World::new()
        .flow("one", &flow(&steps(&condition("french"))))
        .flow("two", &flow(&steps(&and)))
        .flow("gone", &flow(&steps(&condition("latin"))))
        .flow("path", &flow("\"$.Attributes.criteria\""))
        .check(
            &format!(
                "0 start a flow=one @level=3
                 0 start b flow=two @level=2.5
                 0 start c flow=gone @level=3
                 0 start d flow=one @level=6
                 0 start e flow=path @level=1 @criteria={}
                 0 start f flow=path
                 0 start g flow=path @level=1 @criteria={}
                 30 tick",
                steps(&condition("knots").replace("$.Attributes.level", "1")),
                // A path in what a path led to is text.
                steps(&condition("knots"))
            ),
            expect![[r#"
                0 start a flow=one @level=3 => Queued, INITIATED, CONNECTED_TO_SYSTEM, updated [RoutingCriteria], QUEUED
                0 start b flow=two @level=2.5 => Queued, INITIATED, CONNECTED_TO_SYSTEM, updated [RoutingCriteria], QUEUED
                0 start c flow=gone @level=3 => Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                0 start d flow=one @level=6 => Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                0 start e flow=path @level=1 @criteria={"Steps":[{"Expression":{"AttributeCondition":{"Name":"knots","Value":"yes","ProficiencyLevel":"1","ComparisonOperator":"NumberGreaterOrEqualTo"}},"Expiry":{"DurationInSeconds":"30"}}]} => Queued, INITIATED, CONNECTED_TO_SYSTEM, updated [RoutingCriteria], QUEUED
                0 start f flow=path => Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                0 start g flow=path @level=1 @criteria={"Steps":[{"Expression":{"AttributeCondition":{"Name":"knots","Value":"yes","ProficiencyLevel":"$.Attributes.level","ComparisonOperator":"NumberGreaterOrEqualTo"}},"Expiry":{"DurationInSeconds":"30"}}]} => Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                30 tick => Queued, updated [RoutingCriteriaStepStatus]; Queued, updated [RoutingCriteriaStepStatus]; Queued, updated [RoutingCriteriaStepStatus]
            "#]],
        );
    let shown = |name| format!("{:?}", world.contacts[&contact_id(name)].criteria[0].steps[0].expression);
    expect![[r#"
        Attribute(AtLeast { name: "french", value: "yes", level: Level(3.0) })
        And([Attribute(AtLeast { name: "french", value: "yes", level: Level(2.5) }), Attribute(AtLeast { name: "knots", value: "yes", level: Level(2.5) })])
        Attribute(AtLeast { name: "knots", value: "yes", level: Level(1.0) })"#]].assert_eq(&["a", "b", "e"].map(shown).join("\n"));
    assert_eq!(world.contacts[&contact_id("a")].head().queue, Some(BASIC));
}

/// A flow that runs at a pause or a resume ends itself alone, however it ends: the task goes on where it was. One that
/// was in a queue is in none until a flow puts it there (contact-lifecycle.md section 6).
#[test]
fn what_ends_a_flow_of_a_pause_or_a_resume() {
    let waits = "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant";
    let endings = [
        ("disconnects", "x DisconnectParticipant"),
        (
            "disconnects in a module",
            "x InvokeFlowModule {\"FlowModuleId\":\"m\"} next=y NoMatchingError=y\n y EndFlowExecution",
        ),
        ("is lost", "x MessageParticipant {\"Text\":\"x\"}"),
        (
            "queues",
            "x UpdateContactTargetQueue {\"QueueId\":\"OTHER\"} next=q NoMatchingError=e\n q TransferContactToQueue next=e QueueAtCapacity=e NoMatchingError=e\n e EndFlowExecution",
        ),
    ];
    let places = [
        ("in its flow", &["start flow=waits"][..]),
        ("in a queue", &["start"]),
        ("at an agent", &["start", "offer", "accept"]),
    ];
    let moments = [
        ("pause flow", &["pause flow=ends", "resume"][..]),
        ("pause flow that resumes", &["pause flow=resumes"]),
        ("resume flow", &["pause", "resume flow=ends"]),
    ];
    let mut shown = String::new();
    for (moment, commands) in moments {
        for (ending, flow) in endings {
            for (place, before) in places {
                let resumes = format!("r ResumeContact next=x NoMatchingError=x\n {flow}");
                let mut world = World::new()
                    .module("m", "d DisconnectParticipant")
                    .flow("waits", waits)
                    .flow_unchecked("ends", flow)
                    .flow_unchecked("resumes", &resumes);
                for command in before.iter().chain(commands) {
                    world.run(command).unwrap();
                }
                let after = world.contacts[&contact_id("a")].state;
                world.instance.now = START.plus_seconds(60);
                world.run("tick").unwrap();
                let later = world.contacts[&contact_id("a")].state;
                shown += &format!("{moment} {ending}, task {place}: {after:?}, a minute later {later:?}\n");
            }
        }
    }
    expect![[r#"
        pause flow disconnects, task in its flow: InFlow, a minute later Completed
        pause flow disconnects, task in a queue: InFlow, a minute later InFlow
        pause flow disconnects, task at an agent: Connected, a minute later Connected
        pause flow disconnects in a module, task in its flow: InFlow, a minute later Completed
        pause flow disconnects in a module, task in a queue: InFlow, a minute later InFlow
        pause flow disconnects in a module, task at an agent: Connected, a minute later Connected
        pause flow is lost, task in its flow: InFlow, a minute later Completed
        pause flow is lost, task in a queue: InFlow, a minute later InFlow
        pause flow is lost, task at an agent: Connected, a minute later Connected
        pause flow queues, task in its flow: InFlow, a minute later Completed
        pause flow queues, task in a queue: InFlow, a minute later InFlow
        pause flow queues, task at an agent: Connected, a minute later Connected
        pause flow that resumes disconnects, task in its flow: InFlow, a minute later Completed
        pause flow that resumes disconnects, task in a queue: InFlow, a minute later InFlow
        pause flow that resumes disconnects, task at an agent: Connected, a minute later Connected
        pause flow that resumes disconnects in a module, task in its flow: InFlow, a minute later Completed
        pause flow that resumes disconnects in a module, task in a queue: InFlow, a minute later InFlow
        pause flow that resumes disconnects in a module, task at an agent: Connected, a minute later Connected
        pause flow that resumes is lost, task in its flow: InFlow, a minute later Completed
        pause flow that resumes is lost, task in a queue: InFlow, a minute later InFlow
        pause flow that resumes is lost, task at an agent: Connected, a minute later Connected
        pause flow that resumes queues, task in its flow: Queued, a minute later Queued
        pause flow that resumes queues, task in a queue: Queued, a minute later Queued
        pause flow that resumes queues, task at an agent: Connected, a minute later Connected
        resume flow disconnects, task in its flow: InFlow, a minute later Completed
        resume flow disconnects, task in a queue: InFlow, a minute later InFlow
        resume flow disconnects, task at an agent: Connected, a minute later Connected
        resume flow disconnects in a module, task in its flow: InFlow, a minute later Completed
        resume flow disconnects in a module, task in a queue: InFlow, a minute later InFlow
        resume flow disconnects in a module, task at an agent: Connected, a minute later Connected
        resume flow is lost, task in its flow: InFlow, a minute later Completed
        resume flow is lost, task in a queue: InFlow, a minute later InFlow
        resume flow is lost, task at an agent: Connected, a minute later Connected
        resume flow queues, task in its flow: Queued, a minute later Queued
        resume flow queues, task in a queue: Queued, a minute later Queued
        resume flow queues, task at an agent: Connected, a minute later Connected
    "#]]
    .assert_eq(&shown);
}

/// A whisper flow may end no contact, and the module that it invokes neither.
#[test]
fn a_module_that_disconnects_ends_the_whisper() {
    World::new()
        .module("m", "d DisconnectParticipant")
        .flow_of_type(
            "tell",
            FlowType::AgentWhisper,
            "x InvokeFlowModule {\"FlowModuleId\":\"m\"} next=e NoMatchingError=e\n e EndFlowExecution",
        )
        .flow("main", &hooked("AgentWhisper", "tell"))
        .traced()
        .check("0 start\n 1 offer\n 2 accept", expect![[r#"
            0 start => h Next -> q, q Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer =>  | Offered, ann["CONNECTING"]
            2 accept => x Invoked, d Disconnected | Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
        "#]]);
}

#[test]
fn a_disconnect_flow_that_never_ends() {
    let forever = "w Wait {\"TimeLimitSeconds\":\"604000\"} next=w NoMatchingError=w Equals:WaitCompleted=w";
    World::new().flow("forever", forever).flow("main", &hooked("CustomerRemaining", "forever")).check(
        "0 start
         1 stop
         604001 tick
         604800 tick
         604801 tick",
        expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 stop => Ended API, DISCONNECTED
            604001 tick => Ended API
            604800 tick => nothing
            604801 tick => Completed API, COMPLETED
        "#]],
    );
}

#[test]
fn a_turn_that_a_pause_interrupts() {
    let mut world = World::new().limit(|limits| limits.actions_per_turn = 2).flow(
        "long",
        "a UpdateFlowAttributes {\"FlowAttributes\":{\"x\":{\"Value\":\"1\"}}} next=b NoMatchingError=b\n b UpdateFlowAttributes {\"FlowAttributes\":{\"x\":{\"Value\":\"1\"}}} next=c NoMatchingError=c\n c UpdateFlowAttributes {\"FlowAttributes\":{\"x\":{\"Value\":\"1\"}}} next=d NoMatchingError=d\n d DisconnectParticipant",
    );
    world = world.check(
        "0 start flow=long\n 1 pause\n 2 continue step=2\n 3 resume\n 4 continue step=2",
        expect![[r#"
            0 start flow=long => InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 2
            1 pause => Paused, PAUSED
            2 continue step=2 => Paused
            3 resume => InFlow, RESUMED, continue at step 2
            4 continue step=2 => Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
        "#]],
    );
    assert!(world.contacts[&contact_id("a")].is_completed());
}

#[test]
fn a_flow_asks_for_agents() {
    let check = |metric: &str| {
        format!(
            "c CheckMetricData {{\"MetricType\":\"{metric}\",\"QueueId\":\"BASIC\"}} next=no NoMatchingError=no NoMatchingCondition=no NumberGreaterThan:0=yes\n yes DisconnectParticipant\n no DisconnectParticipant"
        )
    };
    World::new()
        .flow("available", &check("NumberOfAgentsAvailable"))
        .flow("staffed", &check("NumberOfAgentsStaffed"))
        .flow("online", &check("NumberOfAgentsOnline"))
        .traced()
        .check(
            "0 full contacts=0 staffed=1 online=2
             0 start a flow=available
             0 start b flow=staffed
             0 start c flow=online",
            expect![[r#"
                0 full contacts=0 staffed=1 online=2 => nothing
                0 start a flow=available => c 0 -> no, no Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                0 start b flow=staffed => c 1 -> yes, yes Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                0 start c flow=online => c 2 -> yes, yes Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            "#]],
        );
}

#[test]
fn an_event_flow_goes_on_in_another_flow() {
    World::new()
        .flow("other", "d DisconnectParticipant")
        .flow(
            "first",
            &format!(
                "t TransferToFlow {{\"ContactFlowId\":\"{}\"}} next=d NoMatchingError=d\n d DisconnectParticipant",
                flow_id("other")
            ),
        )
        .traced()
        .check(
            "0 start\n 1 pause flow=first",
            expect![[r#"
                0 start => q Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
                1 pause flow=first => t Transferred, d Disconnected | Paused, PAUSED
            "#]],
        );
}

#[test]
fn a_disconnect_flow_of_a_task_whose_agent_is_deleted() {
    let mut world = World::new()
        .flow("last", "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant")
        .flow("main", &hooked("CustomerRemaining", "last"));
    for command in ["start", "offer", "accept"] {
        world.run(command).unwrap();
    }
    world.instance.users.remove(&ANN);
    world.check(
        "1 stop\n 61 tick",
        expect![[r#"
        1 stop => Ended API, DISCONNECTED, ann["ENDED"], ann[]
        61 tick => Completed API, COMPLETED
    "#]],
    );
}
