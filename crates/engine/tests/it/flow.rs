//! What a task does in a flow: every action that runs, with its results, errors and limits.

use engine::QueueId;
use engine::contact::{State, StepError};
use engine::env::Need;
use engine::flow::{FlowState, FlowType};
use engine::queue::QueueStatus;
use expect_test::expect;

use crate::world::{ANN, BASIC, START, World, contact_id, flow_id};

const QUEUE: &str = r#"
    q UpdateContactTargetQueue {"QueueId":"BASIC"} next=t NoMatchingError=end
    t TransferContactToQueue next=end QueueAtCapacity=full NoMatchingError=end
    full UpdateContactAttributes {"Attributes":{"full":"yes"}} next=end NoMatchingError=end
    end DisconnectParticipant"#;

#[test]
fn a_task_is_queued_and_its_default_queue_flow_leaves_it_there() {
    let world = World::new().flow("f", QUEUE).traced().check("0 start flow=f", expect![[r#"
        0 start flow=f => q Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
    "#]]);
    let contact = &world.contacts[&contact_id("a")];
    assert_eq!(contact.queue, Some(BASIC));
    assert_eq!(contact.times.enqueue, Some(START));
    assert!(contact.runs.is_empty());
}

#[test]
fn a_strict_default_queue_flow_ends_tasks_as_amazon_connect_does() {
    World::new()
        .flow("f", QUEUE)
        .limit(|limits| limits.strict_default_queue_flow = true)
        .check("0 start flow=f", expect![[r#"
            0 start flow=f => Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, QUEUED, DISCONNECTED, COMPLETED
        "#]]);
}

#[test]
fn full_disabled_and_missing_queues_take_their_branches() {
    let mut world = World::new()
        .flow("f", QUEUE)
        .flow(
            "g",
            r#"
        t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
        end DisconnectParticipant"#,
        )
        .flow(
            "h",
            r#"
        q UpdateContactTargetQueue {"QueueId":"0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e"} next=end NoMatchingError=error
        error UpdateContactTargetQueue {"AgentId":"BASIC"} next=end NoMatchingError=again
        again UpdateContactTargetQueue {"AgentId":"ANN"} next=end NoMatchingError=end
        end DisconnectParticipant"#,
        )
        .traced();
    world.queue_mut(BASIC).max_contacts = Some(10);
    let mut world = world.check("0 full contacts=9\n 0 start flow=f\n 0 full contacts=10\n 0 start b flow=f\n 0 start c flow=g\n 0 start d flow=h", expect![[r#"
        0 full contacts=9 => nothing
        0 start flow=f => q Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        0 full contacts=10 => nothing
        0 start b flow=f => q Next -> t, t QueueAtCapacity -> full, full Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
        0 start c flow=g => t NoMatchingError -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        0 start d flow=h => q NoMatchingError -> error, error NoMatchingError -> again, again Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
    "#]]);
    world.queue_mut(BASIC).status = QueueStatus::Disabled;
    world.check("1 start e flow=f", expect![[r#"
        1 start e flow=f => q Next -> t, t NoMatchingError -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
    "#]]);
}

#[test]
fn the_queue_of_an_agent_takes_ten() {
    let transfer = r#"
        t TransferContactToAgent
    "#;
    World::new().flow("f", transfer).traced().check(
        "0 start flow=f agent=ann
         0 start b flow=f
         0 full contacts=10
         0 start c flow=f agent=ann",
        expect![[r#"
            0 start flow=f agent=ann => t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start b flow=f => t Unsupported, t Stopped | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 full contacts=10 => nothing
            0 start c flow=f agent=ann => t QueueAtCapacity, t Stopped | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]],
    );
}

#[test]
fn the_default_transfer_flows_lead_to_a_queue() {
    let mut world = World::new().traced();
    let mut shown = String::new();
    let queue_of_ann = QueueId::of_agent(ANN);
    for (name, flow, queue) in [("a", "Default agent transfer", queue_of_ann), ("b", "Default queue transfer", BASIC)] {
        let mut task = world.new_task(name, flow);
        task.target_queue = Some(queue);
        shown += &(world.begin(task).unwrap() + "\n");
    }
    expect![[r#"
        announce Next -> transfer, transfer Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        hours True -> transfer, transfer Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
    "#]].assert_eq(&shown);
}

#[test]
fn a_transfer_to_agent_flow_knows_the_agent() {
    let text = r#"
        a UpdateContactAttributes {"Attributes":{"for":"$.Agent.UserName"}} next=end NoMatchingError=end
        end DisconnectParticipant"#;
    let world = World::new().flow_of_type("to-agent", FlowType::AgentTransfer, text).flow("inbound", text);
    let mut world = world;
    world.run("start a flow=to-agent agent=ann").unwrap();
    world.run("start b flow=inbound agent=ann").unwrap();
    let given = |name: &str| world.instance.chains[&contact_id(name)].attributes["for"].clone();
    assert_eq!((given("a"), given("b")), ("ann".to_owned(), String::new()));
}

#[test]
fn attributes_and_texts() {
    let world = World::new().flow("f", r#"
        a UpdateContactAttributes {"Attributes":{"who":"$.Attributes.first $.Attributes['first']","$.Attributes.key":"$.Name of $.Channel by $.InitiationMethod","none":"<$.Attributes.none>"}} next=b NoMatchingError=end
        b UpdateContactData {"Name":"$.Attributes.who!","Description":"$.SegmentAttributes['connect:Subtype']","LanguageCode":"de-DE","CustomerId":"c1"} next=c NoMatchingError=end
        c UpdateFlowAttributes {"FlowAttributes":{"x":{"Value":"$.LanguageCode"}}} next=d NoMatchingError=end
        d UpdateContactAttributes {"Attributes":{"flow":"$.FlowAttributes.x","queue":"$.Queue.Name","id":"$.ContactId"}} next=end NoMatchingError=end
        end DisconnectParticipant"#).check(
        "0 start flow=f @first=Ann @key=dynamic",
        expect![[r#"
            0 start flow=f @first=Ann @key=dynamic => Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
        "#]],
    );
    let contact = &world.contacts[&contact_id("a")];
    let attributes = format!("{:#?}", world.instance.chains[&contact.id].attributes);
    expect![[r#"
        {
            "dynamic": "Task a of TASK by API",
            "first": "Ann",
            "flow": "de-DE",
            "id": "61cccccc-cccc-cccc-cccc-cccccccccccc",
            "key": "dynamic",
            "none": "<>",
            "queue": "",
            "who": "Ann Ann",
        }"#]]
    .assert_eq(&attributes);
    assert_eq!((contact.name.as_str(), contact.description.as_deref()), ("Ann Ann!", Some("connect:Task")));
}

/// A path that is the whole text means the same wherever it stands; one to nothing that a task has is empty.
#[test]
fn a_path_with_a_blank_and_paths_to_nothing() {
    let world = World::new().flow("f", r#"
        s UpdateContactAttributes {"Attributes":{"my queue":"BASIC","who":"Ann"}} next=c NoMatchingError=end
        c Compare {"ComparisonValue":"$.Attributes.my queue"} next=end NoMatchingCondition=end Equals:BASIC=o
        o Compare {"ComparisonValue":"$.Campaign.x"} next=end NoMatchingCondition=q Equals:x=end
        q UpdateContactTargetQueue {"QueueId":"$.Attributes.my queue"} next=a NoMatchingError=end
        a UpdateContactAttributes {"Attributes":{"copy":"$.Attributes.my queue","text":"$.Attributes.who is here","none":"<$.Email.Subject>","odd":"$.Horoscope.today"}} next=t NoMatchingError=end
        t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
        end DisconnectParticipant"#).traced().check("0 start flow=f", expect![[r#"
            0 start flow=f => s Next -> c, c b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1 -> o, o NoMatchingCondition -> q, q Next -> a, a Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], updated [UserDefinedAttributes], QUEUED
        "#]]);
    expect![[r#"
        {
            "copy": "b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1",
            "my queue": "b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1",
            "none": "<>",
            "odd": "",
            "text": "Ann is here",
            "who": "Ann",
        }
    "#]]
    .assert_debug_eq(&world.instance.chains[&contact_id("a")].attributes);
}

#[test]
fn an_attribute_that_no_path_could_name_is_an_error() {
    World::new()
        .flow(
            "f",
            r#"
        a UpdateContactAttributes {"Attributes":{"$.Attributes.key":"x"}} next=end NoMatchingError=b
        b CreateTask {"Name":"x","ContactFlowId":"MAIN","Attributes":{"$.Attributes.key":"x"}} next=end NoMatchingError=end
        end DisconnectParticipant"#,
        )
        .explained()
        .check("0 start flow=f @key=a.b", expect![[r#"
            0 start flow=f @key=a.b => a NoMatchingError (the key "a.b" of an attribute holds . or $, which paths are made of) -> b, b NoMatchingError (the key "a.b" of an attribute holds . or $, which paths are made of) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]]);
}

#[test]
fn attributes_are_set_all_or_none_and_on_related_contacts_too() {
    let world = World::new().flow("big", r#"
        a UpdateContactAttributes {"Attributes":{"a":"1","b":"$.Attributes.big$.Attributes.big"}} next=end NoMatchingError=e
        e UpdateContactAttributes {"Attributes":{"error":"yes"}} next=end NoMatchingError=end
        end DisconnectParticipant"#).flow("related", r#"
        a UpdateContactAttributes {"Attributes":{"from":"$.Name"},"TargetContact":"Related"} next=b NoMatchingError=e
        b UpdateContactData {"Name":"Renamed","TargetContact":"Related"} next=end NoMatchingError=e
        e UpdateContactAttributes {"Attributes":{"error":"yes"}} next=end NoMatchingError=end
        end DisconnectParticipant"#).traced();
    let mut world = world.check(
        "0 start flow=related
         1 start b related=a flow=related",
        expect![[r#"
            0 start flow=related => a NoMatchingError -> e, e Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
            1 start b related=a flow=related => a Next -> b, b Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, the other: [ | Completed CONTACT_FLOW_DISCONNECT, updated [UserDefinedAttributes]], the other: [ | Completed CONTACT_FLOW_DISCONNECT], DISCONNECTED, COMPLETED
        "#]],
    );
    world.run(&format!("start c flow=big @big={}", "x".repeat(20_000))).unwrap();
    let attributes =
        |name: &str| world.instance.chains[&contact_id(name)].attributes.keys().cloned().collect::<Vec<_>>().join(",");
    assert_eq!(attributes("c"), "big,error");
    assert_eq!(attributes("a"), "error,from");
    assert_eq!(world.contacts[&contact_id("a")].name, "Renamed");
}

#[test]
fn tags_and_routing_behaviour() {
    let world = World::new()
        .flow(
            "f",
            r#"
        p UpdateContactRoutingBehavior {"QueuePriority":"2"} next=s
        s UpdateContactRoutingBehavior {"QueueTimeAdjustmentSeconds":"-60"} next=n
        n UpdateContactRoutingBehavior {"QueueTimeAdjustmentSeconds":"$.Name"} next=t
        t TagContact {"Tags":{"a":"1","b":"$.Attributes.x"}} next=u NoMatchingError=end
        u UntagContact {"TagKeys":["a"]} next=w NoMatchingError=end
        w TagContact {"Tags":{"aws:x":"1"}} next=end NoMatchingError=q
        q UpdateContactTargetQueue {"QueueId":"BASIC"} next=z NoMatchingError=end
        z TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
        end DisconnectParticipant"#,
        )
        .check(
            "0 start flow=f @x=y",
            expect![[r#"
            0 start flow=f @x=y => Queued, INITIATED, CONNECTED_TO_SYSTEM, updated [Tags], updated [Tags], QUEUED
        "#]],
        );
    let contact = &world.contacts[&contact_id("a")];
    assert_eq!(format!("{:?}", contact.tags), r#"{"b": "y"}"#);
    assert_eq!((contact.head().priority, contact.head().adjustment_seconds), (2, -60));
}

#[test]
fn compare_takes_the_first_condition_that_holds() {
    let world = World::new().flow("f", r#"
        c Compare {"ComparisonValue":"$.Attributes.x"} next=no NoMatchingCondition=no Equals:gold=gold TextStartsWith:go=go TextEndsWith:end=tail TextContains:mid=middle NumberGreaterThan:10=many NumberLessOrEqualTo:3=few
        no DisconnectParticipant
        gold DisconnectParticipant
        go DisconnectParticipant
        tail DisconnectParticipant
        middle DisconnectParticipant
        many DisconnectParticipant
        few DisconnectParticipant"#).traced();
    world.check(
        "0 start a flow=f @x=gold
         0 start b flow=f @x=good
         0 start c flow=f @x=the-end
         0 start d flow=f @x=amidst
         0 start e flow=f @x=10.5
         0 start f flow=f @x=3
         0 start g flow=f @x=7
         0 start h flow=f @x=Gold
         0 start i flow=f",
        expect![[r#"
            0 start a flow=f @x=gold => c gold -> gold, gold Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start b flow=f @x=good => c good -> go, go Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start c flow=f @x=the-end => c the-end -> tail, tail Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start d flow=f @x=amidst => c amidst -> middle, middle Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start e flow=f @x=10.5 => c 10.5 -> many, many Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start f flow=f @x=3 => c 3 -> few, few Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start g flow=f @x=7 => c 7 -> no, no Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start h flow=f @x=Gold => c Gold -> no, no Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start i flow=f => c NoMatchingCondition -> no, no Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]],
    );
}

#[test]
fn hours_metrics_and_percentages() {
    let world = World::new().flow("hours", r#"
        q UpdateContactTargetQueue {"QueueId":"BASIC"} next=h NoMatchingError=end
        h CheckHoursOfOperation next=end NoMatchingError=end Equals:True=open Equals:False=closed
        open DisconnectParticipant
        closed DisconnectParticipant
        end DisconnectParticipant"#).flow("no-queue", r#"
        h CheckHoursOfOperation next=end NoMatchingError=error Equals:True=end Equals:False=end
        error DisconnectParticipant
        end DisconnectParticipant"#).flow("metrics", r#"
        c CheckMetricData {"MetricType":"NumberOfContactsInQueue","QueueId":"BASIC"} next=no NoMatchingError=no NoMatchingCondition=no Equals:3=age
        age CheckMetricData {"MetricType":"OldestContactInQueueAgeSeconds","QueueId":"BASIC"} next=no NoMatchingError=no NoMatchingCondition=no NumberGreaterThan:89999=staff
        staff CheckMetricData {"MetricType":"NumberOfAgentsStaffed","QueueId":"BASIC"} next=no NoMatchingError=no NoMatchingCondition=nobody NumberGreaterThan:0=no
        no DisconnectParticipant
        nobody DisconnectParticipant"#).flow("share", r#"
        d DistributeByPercentage next=rest NoMatchingCondition=rest NumberLessThan:4=three NumberLessThan:10=six
        three DisconnectParticipant
        six DisconnectParticipant
        rest DisconnectParticipant"#).traced();
    // 12:00 on a Wednesday, 17:00, and Saturday.
    world.check(
        "0 start a flow=hours
         17999 start b flow=hours
         18000 start c flow=hours
         259200 start d flow=hours
         0 start e flow=no-queue
         0 full contacts=3
         0 start f flow=metrics
         0 draw next=2
         0 start g flow=share
         0 draw next=3
         0 start h flow=share
         0 draw next=99
         0 start i flow=share",
        expect![[r#"
            0 start a flow=hours => q Next -> h, h True -> open, open Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            17999 start b flow=hours => q Next -> h, h True -> open, open Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            18000 start c flow=hours => q Next -> h, h False -> closed, closed Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            259200 start d flow=hours => q Next -> h, h False -> closed, closed Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start e flow=no-queue => h NoMatchingError -> error, error Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 full contacts=3 => nothing
            0 start f flow=metrics => c 3 -> age, age 90000 -> staff, staff 0 -> nobody, nobody Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 draw next=2 => nothing
            0 start g flow=share => d 3 -> three, three Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 draw next=3 => nothing
            0 start h flow=share => d 4 -> six, six Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 draw next=99 => nothing
            0 start i flow=share => d 100 -> rest, rest Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]],
    );
}

#[test]
fn a_loop_goes_round_so_often_and_again_when_it_is_done() {
    World::new()
        .flow(
            "f",
            r#"
        l Loop {"LoopCount":"2"} next=end Equals:ContinueLooping=l Equals:DoneLooping=again
        again Loop {"LoopCount":1} next=end Equals:ContinueLooping=l Equals:DoneLooping=end
        end DisconnectParticipant"#,
        )
        .traced()
        .check("0 start flow=f", expect![[r#"
            0 start flow=f => l ContinueLooping -> l, l ContinueLooping -> l, l DoneLooping -> again, again ContinueLooping -> l, l ContinueLooping -> l, l ContinueLooping -> l, l DoneLooping -> again, again DoneLooping -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]]);
}

#[test]
fn a_wait_ends_at_its_time() {
    World::new()
        .flow(
            "f",
            r#"
        w Wait {"TimeLimitSeconds":"$.Attributes.s"} next=end NoMatchingError=error Equals:WaitCompleted=w2
        w2 Wait {"TimeLimitSeconds":"1"} next=end NoMatchingError=end Equals:WaitCompleted=end
        error DisconnectParticipant
        end DisconnectParticipant"#,
        )
        .traced()
        .check(
            "0 start flow=f @s=60
         0 start b flow=f @s=0
         0 start c flow=f @s=604801
         59 fire
         60 fire
         60 fire
         61 fire",
            expect![[r#"
                0 start flow=f @s=60 => w Waiting | InFlow, INITIATED, CONNECTED_TO_SYSTEM
                0 start b flow=f @s=0 => w NoMatchingError -> error, error Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                0 start c flow=f @s=604801 => w NoMatchingError -> error, error Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
                59 fire =>  | InFlow
                60 fire => w WaitCompleted -> w2, w2 Waiting | InFlow
                60 fire =>  | InFlow
                61 fire => w2 WaitCompleted -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            "#]],
        );
}

#[test]
fn transfer_to_flow_keeps_the_contact_and_its_target() {
    let mut world = World::new()
        .flow(
            "f",
            r#"
        q UpdateContactTargetQueue {"QueueId":"BASIC"} next=x NoMatchingError=end
        x UpdateFlowAttributes {"FlowAttributes":{"x":{"Value":"1"}}} next=go NoMatchingError=end
        go TransferToFlow {"ContactFlowId":"$.Attributes.to"} next=end NoMatchingError=error
        error DisconnectParticipant
        end DisconnectParticipant"#,
        )
        .flow(
            "g",
            r#"
        c Compare {"ComparisonValue":"$.FlowAttributes.x"} next=t NoMatchingCondition=t Equals:1=end
        t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
        end DisconnectParticipant"#,
        )
        .traced();
    let [g, hold, gone] = ["g", "Default agent hold", "gone"].map(flow_id);
    let script = format!("0 start flow=f @to={g}\n 0 start b flow=f @to={hold}\n 0 start c flow=f @to={gone}");
    world = world.check(&script, expect![[r#"
        0 start flow=f @to=cd0aa985-6147-b6c5-b4ff-2b7dfee5da20 => q Next -> x, x Next -> go, go Transferred, c NoMatchingCondition -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        0 start b flow=f @to=8b3ec66e-fda7-f106-cba7-86ba549c1bf2 => q Next -> x, x Next -> go, go NoMatchingError -> error, error Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        0 start c flow=f @to=283bb9de-ef02-e684-3abf-b538efa1eca7 => q Next -> x, x Next -> go, go NoMatchingError -> error, error Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
    "#]]);
    world.flow_mut("g").state = FlowState::Archived;
    let shown = world.run(&format!("start d flow=f @to={g}")).unwrap();
    assert!(shown.contains("go NoMatchingError -> error"), "{shown}");
}

#[test]
fn what_is_for_voice_and_chat_takes_its_way() {
    World::new().flow("f", r#"
        m MessageParticipant {"Text":"Hello"} next=v
        v UpdateContactTextToSpeechVoice {"TextToSpeechVoice":"Joanna"} next=l
        l UpdateFlowLoggingBehavior {"FlowLoggingBehavior":"Enabled"} next=i
        i InvokeLambdaFunction {"LambdaFunctionARN":"arn:aws:lambda:us-east-1:000000000000:function:f","InvocationTimeLimitSeconds":"3"} next=end NoMatchingError=g
        g GetParticipantInput {"Text":"?","StoreInput":"False","InputTimeLimitSeconds":"5"} next=end NoMatchingError=a NoMatchingCondition=end InputTimeLimitExceeded=end
        a TransferContactToAgent
        end DisconnectParticipant"#)
        .traced()
        .check("0 start flow=f", expect![[r#"
            0 start flow=f => m Next -> v, v Next -> l, l Next -> i, i Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:us-east-1:000000000000:function:f for 3 s
        "#]]);
}

#[test]
fn a_customer_queue_flow_may_end_a_task_or_leave_it() {
    let leave = r#"
        w Wait {"TimeLimitSeconds":"60"} next=end NoMatchingError=end Equals:WaitCompleted=end
        end EndFlowExecution"#;
    let end = leave.replace("EndFlowExecution", "DisconnectParticipant");
    for (queue_flow, expected) in [
        (
            leave,
            expect![[r#"
        0 start flow=f => q Next -> t, t Queued, w Waiting | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        60 tick => w WaitCompleted -> end, end Ended | Queued
        61 tick => nothing
    "#]],
        ),
        (
            end.as_str(),
            expect![[r#"
        0 start flow=f => q Next -> t, t Queued, w Waiting | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        60 tick => w WaitCompleted -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
        61 tick => nothing
    "#]],
        ),
    ] {
        let mut world = World::new().flow("f", QUEUE).flow_of_type("queue", FlowType::CustomerQueue, queue_flow);
        world.flow_mut("Default customer queue").is_default = false;
        world.flow_mut("queue").is_default = true;
        world.traced().check("0 start flow=f\n 60 tick\n 61 tick", expected);
    }
}

#[test]
fn a_run_yields_its_turn_and_is_stopped_when_it_never_waits() {
    let endless = "m MessageParticipant {\"Text\":\"x\"} next=m";
    let world = World::new().flow("f", endless).limit(|limits| {
        limits.actions_per_turn = 10;
        limits.actions_without_wait_max = 25;
    });
    world.check(
        "0 start flow=f
         0 continue step=9
         0 continue step=10
         0 continue step=10
         0 continue step=20
         0 continue step=30",
        expect![[r#"
            0 start flow=f => InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 10
            0 continue step=9 => InFlow
            0 continue step=10 => InFlow, continue at step 20
            0 continue step=10 => InFlow
            0 continue step=20 => Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            0 continue step=30 => Completed CONTACT_FLOW_DISCONNECT
        "#]],
    );
}

#[test]
fn republishing_does_not_move_a_task_that_waits() {
    let wait = r#"
        w Wait {"TimeLimitSeconds":"60"} next=end NoMatchingError=end Equals:WaitCompleted=end
        end DisconnectParticipant"#;
    let mut world = World::new().flow("f", wait);
    world.run("start flow=f").unwrap();
    world = world.flow("f", "x DisconnectParticipant").traced();
    world.check(
        "60 tick",
        expect![[r#"
        60 tick => w WaitCompleted -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
    "#]],
    );
}

#[test]
fn a_content_that_is_not_in_memory_is_asked_for() {
    let mut world = World::new();
    let hash = world.flow_mut("main").published.unwrap();
    world.instance.cold.push(hash);
    assert_eq!(world.run("start").unwrap_err(), StepError::Need(Need::FlowContent(hash)));
    world.instance.cold.clear();
    world.run("start").unwrap();
    assert_eq!(world.contacts[&contact_id("a")].state, State::Queued);
}

#[test]
fn a_wait_may_let_the_flow_go_on_meanwhile() {
    let waits = r#"w Wait {"TimeLimitSeconds":"60","ContinueExecution":"True","MinimumWaitTimeSeconds":"5"} next=end NoMatchingError=end Equals:Continue=c Equals:WaitCompleted=end
        end DisconnectParticipant
        "#;
    let back = format!("{waits} c MessageParticipant {{\"Text\":\"x\"}} next=w");
    let round = format!("{waits} c MessageParticipant {{\"Text\":\"x\"}} next=c");
    let calls = format!(
        "{waits} c InvokeLambdaFunction {{\"LambdaFunctionARN\":\"f\",\"InvocationTimeLimitSeconds\":\"8\"}} next=w NoMatchingError=w"
    );
    let leaves = format!(
        "{waits} c UpdateContactTargetQueue {{\"QueueId\":\"BASIC\"}} next=t NoMatchingError=end\n t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end"
    );
    let nested = format!("{waits} c InvokeFlowModule {{\"FlowModuleId\":\"m\"}} next=w NoMatchingError=w");
    let mut world = World::new()
        .module("m", "l InvokeLambdaFunction {\"LambdaFunctionARN\":\"g\",\"InvocationTimeLimitSeconds\":\"8\"} next=e NoMatchingError=e\n e EndFlowModuleExecution")
        .flow("back", &back)
        .flow("calls", &calls)
        .flow("leaves", &leaves)
        .flow("nested", &nested)
        .flow("round", &round)
        .explained();
    world = world.check(
        "0 start back flow=back
         59 tick
         60 tick
         100 start calls flow=calls
         160 tick
         161 answer calls
         200 start leaves flow=leaves
         260 tick
         300 start nested flow=nested
         360 tick
         361 answer nested",
        expect![[r#"
            0 start back flow=back => w Continue -> c, c Next -> w, w Waiting | InFlow, INITIATED, CONNECTED_TO_SYSTEM
            59 tick => nothing
            60 tick => w WaitCompleted -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            100 start calls flow=calls => w Continue -> c, c Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call f for 8 s
            160 tick => w WaitCompleted -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            161 answer calls =>  | Completed CONTACT_FLOW_DISCONNECT
            200 start leaves flow=leaves => w Continue -> c, c Next -> t, t Queued, waiting NoMatchingError (the action is not for tasks), waiting Stopped (no branch leads on; the task stays in its queue) | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            260 tick => nothing
            300 start nested flow=nested => w Continue -> c, c Invoked, l Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call g for 8 s
            360 tick => w WaitCompleted -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            361 answer nested =>  | Completed CONTACT_FLOW_DISCONNECT
        "#]],
    );
    let shown = world.run("start round flow=round").unwrap();
    assert!(shown.contains("c Next -> c, w Waiting | InFlow"), "{shown}");
}
