//! Flows that make tasks, ask for metrics and set hooks.

use engine::contact::State;
use engine::flow::FlowState;
use engine::template::{FieldDefault, FieldType, TaskTemplate, TaskTemplateField, TaskTemplateStatus};
use engine::{ContactFlowId, TaskTemplateId};
use expect_test::expect;

use crate::world::{BASIC, START, World, contact_id, flow_id};

const MAKES: &str = r#"
    c CreateTask {"Name":"Call $.Attributes.who","ContactFlowId":"MAIN","Description":"of $.Name","Attributes":{"k":"$.ContactId"},"References":{"page":{"Value":"https://a.example/$.Attributes.who","Type":"URL"},"plain":"https://b.example/","note":"text"}} next=a NoMatchingError=failed
    a UpdateContactAttributes {"Attributes":{"made":"$.Task.ContactId"}} next=end NoMatchingError=end
    failed DisconnectParticipant
    end DisconnectParticipant"#;

#[test]
fn a_flow_makes_a_task_that_is_related_to_its_contact() {
    let mut world = World::new().flow("f", MAKES).explained();
    world = world.check(
        "0 start flow=f @who=Ann
         0 continue 1 step=0",
        expect![[r#"
            0 start flow=f @who=Ann => c Next -> a, a Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, task 1: [ | InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 0], updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
            0 continue 1 step=0 => q Next -> t, t Queued, waiting NoMatchingError (the action is not for tasks), waiting Stopped (no branch leads on; the task stays in its queue) | Queued, QUEUED
        "#]],
    );
    let made = &world.contacts[&contact_id("1")];
    assert_eq!((made.related, made.generation), (Some(contact_id("a")), 1));
    assert_eq!((made.name.as_str(), made.description.as_deref()), ("Call Ann", Some("of Task a")));
    let references: Vec<String> =
        made.references.iter().map(|(key, r)| format!("{key} {} {}", r.reference_type, r.value)).collect();
    expect!["note STRING text, page URL https://a.example/Ann, plain URL https://b.example/"]
        .assert_eq(&references.join(", "));
    let attributes = |name: &str| world.instance.chains[&contact_id(name)].attributes.clone();
    assert_eq!(attributes("a")["made"], contact_id("1").to_string());
    assert_eq!(attributes("1")["k"], contact_id("a").to_string());
    assert_eq!(attributes("1")["who"], "Ann");
}

#[test]
fn a_task_may_start_later() {
    let delayed = r#"
        c CreateTask {"Name":"x","ContactFlowId":"MAIN","DelaySeconds":"$.Attributes.delay"} next=end NoMatchingError=end
        end DisconnectParticipant"#;
    let at = START.plus_seconds(90).millis() / 1_000;
    let scheduled = delayed.replace(r#""DelaySeconds":"$.Attributes.delay""#, r#""ScheduledTime":"$.Attributes.at""#);
    World::new().flow("d", delayed).flow("s", &scheduled).explained().check(
        &format!(
            "0 start a flow=d @delay=60
             0 start b flow=d @delay=0
             0 start c flow=d @delay=soon
             0 start d flow=s @at={at}
             0 start e flow=s @at=1000
             0 start f flow=s @at=9223372036854775807
             60 tick
             90 tick"
        ),
        expect![[r#"
            0 start a flow=d @delay=60 => c Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, task 1: [ | Scheduled, INITIATED], DISCONNECTED, COMPLETED
            0 start b flow=d @delay=0 => c NoMatchingError (DelaySeconds is 0, not 1 to 518400) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start c flow=d @delay=soon => c NoMatchingError (DelaySeconds "soon" is no whole number) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start d flow=s @at=1767787290 => c Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, task 2: [ | Scheduled, INITIATED], DISCONNECTED, COMPLETED
            0 start e flow=s @at=1000 => c NoMatchingError (ScheduledTime 1970-01-01T00:16:40.000Z has passed) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start f flow=s @at=9223372036854775807 => c NoMatchingError (ScheduledTime is beyond all time) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            60 tick =>  | InFlow, CONNECTED_TO_SYSTEM, continue at step 0
            90 tick =>  | InFlow, CONNECTED_TO_SYSTEM, continue at step 0
        "#]],
    );
}

#[test]
fn what_start_task_contact_refuses_is_an_error() {
    let task = |parameters: &str| {
        format!("c CreateTask {{{parameters}}} next=end NoMatchingError=end\n end DisconnectParticipant")
    };
    let named = r#""Name":"x","ContactFlowId":"#;
    let mut world = World::new()
        .flow_unchecked("no name", &task(r#""Name":"$.Attributes.none","ContactFlowId":"MAIN""#))
        .flow_unchecked("no flow", &task(r#""Name":"x""#))
        .flow("no id", &task(&format!(r#"{named}"main""#)))
        .flow("other flow", &task(&format!(r#"{named}"0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e""#)))
        .flow("of agents", &task(&format!(r#"{named}"{}""#, flow_id("Default agent whisper"))))
        .flow("long", &task(r#""Name":"$.Attributes.big","ContactFlowId":"MAIN""#))
        .flow("reference", &task(&format!(r#"{named}"MAIN","References":{{"r":{{"Value":"no URL","Type":"URL"}}}}"#)))
        .flow("kind", &task(&format!(r#"{named}"MAIN","References":{{"r":{{"Value":"x","Type":"PHONE"}}}}"#)))
        .flow("attributes", &task(&format!(r#"{named}"MAIN","Attributes":{{"a":"$.Attributes.big$.Attributes.big"}}"#)))
        .flow("template", &task(&format!(r#"{named}"MAIN","TaskTemplateId":"0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e""#)))
        .explained();
    let mut shown = String::new();
    let big = "x".repeat(20_000);
    for flow in [
        "no name",
        "no flow",
        "no id",
        "other flow",
        "of agents",
        "long",
        "reference",
        "kind",
        "attributes",
        "template",
    ] {
        let line = world.run(&format!("start flow={} @big={big}", flow.replace(' ', "&"))).unwrap();
        let why = line.split(" -> ").next().unwrap();
        shown += &format!("{flow}: {why}\n");
    }
    world.instance.full = true;
    let line = world.run("start flow=long @big=x").unwrap();
    shown += &format!("quota: {}\n", line.split(" -> ").next().unwrap());
    expect![[r#"
        no name: c NoMatchingError (Name is empty)
        no flow: c NoMatchingError (cannot identify the unique flow: give a ContactFlowId, a QuickConnectId or a TaskTemplateId with a flow)
        no id: c NoMatchingError (found no flow "main")
        other flow: c NoMatchingError (found no flow "0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e")
        of agents: c NoMatchingError (flow 33dc169d-b680-3c4a-ef14-1be4e6f69d63 cannot be run: it is of type AGENT_WHISPER, a flow of type CONTACT_FLOW is needed)
        long: c NoMatchingError (Name has more than 1024 characters)
        reference: c NoMatchingError (Invalid reference passed, check input reference: r: the value of a URL has to be a URL such as https://example.com/orders/1)
        kind: c NoMatchingError ("PHONE" is no type of a reference)
        attributes: c NoMatchingError (the attributes are too long, or one has no key)
        template: c NoMatchingError (found no task template "0190f3c4-5e7a-7b2c-8d9e-0f1a2b3c4d5e")
        quota: c NoMatchingError (the quota of open tasks is reached)
    "#]].assert_eq(&shown);
}

#[test]
fn a_template_gives_what_the_action_leaves_out() {
    let id = TaskTemplateId::from_bytes([0x7e; 16]);
    let field = |name: &str, field_type| TaskTemplateField {
        name: name.into(),
        description: None,
        field_type: Some(field_type),
        options: vec![],
    };
    let template = |flow: Option<ContactFlowId>, status| TaskTemplate {
        id,
        version: 1,
        name: "Callback".into(),
        description: None,
        flow,
        self_assign_flow: None,
        status,
        fields: vec![
            field("Name", FieldType::Name),
            field("Page", FieldType::Url),
            field("Time", FieldType::ExpiryDuration),
        ],
        constraints: Default::default(),
        defaults: vec![
            FieldDefault { field: "Page".into(), value: "https://template.example/".into() },
            FieldDefault { field: "Time".into(), value: "60".into() },
        ],
        tags: Default::default(),
        created: START,
        last_modified: START,
    };
    let task = |flow: &str| {
        format!(
            "c CreateTask {{\"Name\":\"x\",{flow}\"TaskTemplateId\":\"{id}\"}} next=end NoMatchingError=end\n end DisconnectParticipant"
        )
    };
    let mut world = World::new()
        .flow("with", &task("\"ContactFlowId\":\"MAIN\","))
        .flow("without", &task(""))
        .flow("own", "end DisconnectParticipant")
        .explained();
    let mut shown = String::new();
    let cases = [
        (None, TaskTemplateStatus::Active),
        (Some(flow_id("own")), TaskTemplateStatus::Active),
        (Some(flow_id("own")), TaskTemplateStatus::Inactive),
    ];
    for (flow, status) in cases {
        world.instance.templates.insert(id, template(flow, status).into());
        for caller in ["with", "without"] {
            shown += &format!("{caller}: {}\n", world.run(&format!("start flow={caller}")).unwrap());
        }
    }
    expect![[r#"
        with: c Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, task 1: [ | InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 0], DISCONNECTED, COMPLETED
        without: c NoMatchingError (cannot identify the unique flow: task template 7e7e7e7e-7e7e-7e7e-7e7e-7e7e7e7e7e7e has none, give a ContactFlowId too) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        with: c Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, task 2: [ | InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 0], DISCONNECTED, COMPLETED
        without: c Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, task 3: [ | InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 0], DISCONNECTED, COMPLETED
        with: c NoMatchingError (task template 7e7e7e7e-7e7e-7e7e-7e7e-7e7e7e7e7e7e is INACTIVE: only ACTIVE templates make tasks) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        without: c NoMatchingError (task template 7e7e7e7e-7e7e-7e7e-7e7e-7e7e7e7e7e7e is INACTIVE: only ACTIVE templates make tasks) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
    "#]].assert_eq(&shown);
    let made = &world.contacts[&contact_id("1")];
    assert_eq!(made.template.as_ref().unwrap().name, "Callback");
    assert_eq!(made.references["Page"].value, "https://template.example/");
    assert_eq!(made.times.expiry, START.plus_seconds(3_600));
}

#[test]
fn tasks_made_by_tasks_end_somewhere() {
    let endless = r#"
        c CreateTask {"Name":"x","ContactFlowId":"SELF"} next=end NoMatchingError=end
        end DisconnectParticipant"#;
    let mut world = World::new()
        .flow("f", &endless.replace("SELF", &flow_id("f").to_string()))
        .limit(|limits| limits.flow_task_generation_max = 2)
        .explained();
    world = world.check(
        "0 start flow=f
         0 continue 1 step=0
         0 continue 2 step=0",
        expect![[r#"
            0 start flow=f => c Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, task 1: [ | InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 0], DISCONNECTED, COMPLETED
            0 continue 1 step=0 => c Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, task 2: [ | InFlow, INITIATED, CONNECTED_TO_SYSTEM, continue at step 0], DISCONNECTED, COMPLETED
            0 continue 2 step=0 => c NoMatchingError (tasks made by flows make tasks 2 deep at most (flow_task_generation_max)) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
        "#]],
    );
    assert!(world.contacts.values().all(|contact| contact.state == State::Completed));
}

/// Each task counts for a hundred actions of the turn, and a run that never waits makes so many and no more; one that
/// waits begins to count anew, and a module counts on where its caller is.
#[test]
fn a_flow_that_makes_one_task_after_the_other() {
    let later = r#"{"Name":"x","ContactFlowId":"MAIN","DelaySeconds":"60"}"#;
    let module = format!("c CreateTask {later} next=e NoMatchingError=e\n e EndFlowModuleExecution");
    let flow = format!(
        r#"
        a CreateTask {later} next=b NoMatchingError=end
        b CreateTask {later} next=m NoMatchingError=end
        m InvokeFlowModule {{"FlowModuleId":"m"}} next=c NoMatchingError=end
        c CreateTask {later} next=end NoMatchingError=w
        w Wait {{"TimeLimitSeconds":"60"}} next=d NoMatchingError=end Equals:WaitCompleted=d
        d CreateTask {later} next=end NoMatchingError=end
        end DisconnectParticipant"#
    );
    World::new()
        .module("m", &module)
        .flow("f", &flow)
        .limit(|limits| {
            limits.actions_per_turn = 200;
            limits.flow_tasks_without_wait_max = 2;
        })
        .explained()
        .check("0 start flow=f\n 0 continue step=2\n 0 continue step=5\n 60 fire", expect![[r#"
            0 start flow=f => a Next -> b, b Next -> m, m Yielded | InFlow, INITIATED, CONNECTED_TO_SYSTEM, task 2: [ | Scheduled, INITIATED], task 2: [ | Scheduled, INITIATED], continue at step 2
            0 continue step=2 => m Invoked, c NoMatchingError (a flow makes 2 tasks at most without waiting (flow_tasks_without_wait_max)) -> e, e Returned, m Next -> c, c NoMatchingError (a flow makes 2 tasks at most without waiting (flow_tasks_without_wait_max)) -> w, w Yielded | InFlow, continue at step 5
            0 continue step=5 => w Waiting | InFlow
            60 fire => w WaitCompleted -> d, d Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, task 3: [ | Scheduled, INITIATED], DISCONNECTED, COMPLETED
        "#]]);
}

#[test]
fn metrics_are_what_they_were_when_they_were_asked_for() {
    let text = r#"
        n Compare {"ComparisonValue":"$.Metrics.Queue.Size"} next=m NoMatchingCondition=m Equals:0=end
        m GetMetricData {"QueueId":"BASIC","QueueChannel":"$.Attributes.channel"} next=a NoMatchingError=failed
        a UpdateContactAttributes {"Attributes":{"m":"$.Metrics.Queue.Name $.Metrics.Queue.Size oldest $.Metrics.Queue.OldestContactAge, online $.Metrics.Agents.Online.Count available $.Metrics.Agents.Available.Count staffed $.Metrics.Agents.Staffed.Count, acw $.Metrics.Agents.AfterContactWork.Count busy $.Metrics.Agents.Busy.Count missed $.Metrics.Agents.Missed.Count idle $.Metrics.Agents.NonProductive.Count, wait $.Metrics.Queue.EstimatedWaitTime, own <$.Metrics.Contact.PositionInQueue $.Metrics.Contact.EstimatedWaitTime>, unknown <$.Metrics.Agents.Happy.Count>","arn":"$.Metrics.Queue.ARN"}} next=end NoMatchingError=end
        failed DisconnectParticipant
        end DisconnectParticipant"#;
    let none = "m GetMetricData next=end NoMatchingError=end\n end DisconnectParticipant";
    let mut world = World::new().flow("f", text).flow("none", none).explained();
    world = world.check(
        "0 full contacts=3 wait=70 position=2 available=1 staffed=2 online=4
         0 start a flow=f @channel=Task
         0 start b flow=f @channel=voice
         0 start c flow=none",
        expect![[r#"
            0 full contacts=3 wait=70 position=2 available=1 staffed=2 online=4 => nothing
            0 start a flow=f @channel=Task => n NoMatchingCondition (the path leads to nothing) -> m, m Next -> a, a Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
            0 start b flow=f @channel=voice => n NoMatchingCondition (the path leads to nothing) -> m, m Next -> a, a Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
            0 start c flow=none => m NoMatchingError (the contact has no target queue, or that queue is gone) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]],
    );
    let of = |name: &str, key: &str| world.instance.chains[&contact_id(name)].attributes[key].clone();
    expect![[r#"
        BasicQueue 3 oldest 90, online 4 available 1 staffed 2, acw 3 busy 4 missed 5 idle 6, wait 70, own <2 60>, unknown <>
        BasicQueue 0 oldest , online 4 available 1 staffed 2, acw 3 busy 4 missed 5 idle 6, wait , own < >, unknown <>
    "#]]
    .assert_eq(&format!("{}\n{}\n", of("a", "m"), of("b", "m")));
    assert!(of("a", "arn").ends_with(&format!("queue/{BASIC}")));
}

#[test]
fn every_hook_of_a_task_can_be_set_and_no_other() {
    let hook = |name: &str, flow: &str| {
        format!(
            "h UpdateContactEventHooks {{\"EventHooks\":{{\"{name}\":\"{}\"}}}} next=end NoMatchingError=failed\n end DisconnectParticipant\n failed DisconnectParticipant",
            flow_id(flow)
        )
    };
    let types = [
        ("CustomerQueue", "Default customer queue"),
        ("CustomerRemaining", "main"),
        ("AgentWhisper", "Default agent whisper"),
        ("CustomerWhisper", "Default customer whisper"),
        ("PauseContact", "main"),
        ("ResumeContact", "main"),
        ("DefaultAgentUI", "main"),
        ("DisconnectAgentUI", "main"),
        ("AgentHold", "Default agent hold"),
        ("CustomerHold", "Default customer hold"),
        ("PauseContact", "Default agent whisper"),
        ("AgentWhisper", "main"),
        ("CustomerQueue", "archived"),
        ("CustomerQueue", "gone"),
    ];
    let mut shown = String::new();
    for (name, flow) in types {
        let mut world =
            World::new().flow("archived", "end DisconnectParticipant").flow("f", &hook(name, flow)).explained();
        world.flow_mut("archived").state = FlowState::Archived;
        let line = world.run("start flow=f").unwrap();
        let set = world.contacts[&contact_id("a")].hooks.len();
        shown += &format!("{name} {flow}: {}, {set} set\n", line.split(" -> ").next().unwrap());
    }
    expect![[r#"
        CustomerQueue Default customer queue: h Next, 1 set
        CustomerRemaining main: h Next, 1 set
        AgentWhisper Default agent whisper: h Next, 1 set
        CustomerWhisper Default customer whisper: h Next, 1 set
        PauseContact main: h Next, 1 set
        ResumeContact main: h Next, 1 set
        DefaultAgentUI main: h Next, 1 set
        DisconnectAgentUI main: h Next, 1 set
        AgentHold Default agent hold: h NoMatchingError (AgentHold is no hook of a task), 0 set
        CustomerHold Default customer hold: h NoMatchingError (CustomerHold is no hook of a task), 0 set
        PauseContact Default agent whisper: h NoMatchingError (flow 33dc169d-b680-3c4a-ef14-1be4e6f69d63 is not active, never published, or no CONTACT_FLOW), 0 set
        AgentWhisper main: h NoMatchingError (flow 0d6e4079-e367-03eb-d37c-00722f5891d2 is not active, never published, or no AGENT_WHISPER), 0 set
        CustomerQueue archived: h NoMatchingError (flow dd9e8812-30eb-f6e0-2363-abdbb3566ee5 is not active, never published, or no CUSTOMER_QUEUE), 0 set
        CustomerQueue gone: h NoMatchingError (found no flow "283bb9de-ef02-e684-3abf-b538efa1eca7"), 0 set
    "#]].assert_eq(&shown);
}

#[test]
fn a_hook_can_be_turned_off() {
    let flow = format!(
        r#"
        h UpdateContactEventHooks {{"EventHooks":{{"CustomerRemaining":"{0}"}},"EventHooksConfiguration":{{"CustomerQueue":{{"DisableExecution":"true"}},"CustomerRemaining":{{"DisableExecution":"$.Attributes.off"}}}}}} next=w NoMatchingError=end
        w UpdateContactEventHooks {{"EventHooks":{{}},"EventHooksConfiguration":{{"AgentHold":{{"DisableExecution":"true"}}}}}} next=end NoMatchingError=q
        q UpdateContactTargetQueue {{"QueueId":"BASIC"}} next=t NoMatchingError=end
        t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end
        end DisconnectParticipant"#,
        flow_id("after")
    );
    let off = flow.replace("$.Attributes.off", "true");
    let on = flow.replace("$.Attributes.off", "false").replace(
        "next=w NoMatchingError=end",
        &format!(
            "next=x NoMatchingError=end\n x UpdateContactEventHooks {{\"EventHooks\":{{\"CustomerQueue\":\"{}\"}}}} next=q NoMatchingError=end",
            flow_id("Default customer queue")
        ),
    );
    World::new()
        .flow("after", "l MessageParticipant {\"Text\":\"x\"} next=e\n e DisconnectParticipant")
        .flow("off", &off)
        .flow("on", &on)
        .explained()
        .check(
            "0 start a flow=off
         1 stop a
         2 start b flow=on
         3 stop b",
            expect![[r#"
                0 start a flow=off => h Next -> w, w NoMatchingError (AgentHold is no hook of a task) -> q, q Next -> t, t Queued | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
                1 stop a =>  | Completed API, DISCONNECTED, COMPLETED
                2 start b flow=on => h Next -> x, x Next -> q, q Next -> t, t Queued, waiting NoMatchingError (the action is not for tasks), waiting Stopped (no branch leads on; the task stays in its queue) | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
                3 stop b => l Next -> e, e Disconnected | Completed API, DISCONNECTED, COMPLETED
            "#]],
        );
}
