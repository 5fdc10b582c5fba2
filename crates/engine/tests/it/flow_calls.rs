//! Flows that call functions and modules, and what they do with what these give.

use engine::flow::FlowType;
use expect_test::expect;

use crate::world::{World, contact_id};

const FUNCTION: &str = r#"
    f InvokeLambdaFunction {"LambdaFunctionARN":"arn:aws:lambda:us-east-1:000000000000:function:$.Attributes.which","InvocationTimeLimitSeconds":"8","LambdaInvocationAttributes":{"who":"$.Name","fixed":"x"}} next=c NoMatchingError=failed
    c Compare {"ComparisonValue":"$.External.tier"} next=other NoMatchingCondition=other Equals:gold=gold KeyExists:tier=other
    gold DisconnectParticipant
    other DisconnectParticipant
    failed Compare {"ComparisonValue":"$.External.tier"} next=none NoMatchingCondition=none KeyExists:tier=other
    none DisconnectParticipant"#;

#[test]
fn a_function_answers_and_the_run_goes_on() {
    World::new().flow("f", FUNCTION).explained().check(
        r#"0 start flow=f @which=rank
           1 fire
           1 continue step=1
           1 answer with={"tier":"gold"}
           2 answer with={"tier":"gold"}
           3 start b flow=f @which=rank
           3 answer b with={"tier":7,"none":null}
           4 start c flow=f @which=rank
           4 answer c fails=unreachable
           5 start d flow=f @which=rank
           5 answer d with={"tier":["gold"]}
           6 start e flow=f @which=rank
           6 answer e with=gold"#,
        expect![[r#"
            0 start flow=f @which=rank => f Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:us-east-1:000000000000:function:rank for 8 s
            1 fire =>  | InFlow
            1 continue step=1 =>  | InFlow
            1 answer with={"tier":"gold"} => f Next -> c, c gold -> gold, gold Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            2 answer with={"tier":"gold"} =>  | Completed CONTACT_FLOW_DISCONNECT
            3 start b flow=f @which=rank => f Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:us-east-1:000000000000:function:rank for 8 s
            3 answer b with={"tier":7,"none":null} => f Next -> c, c 7 -> other, other Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            4 start c flow=f @which=rank => f Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:us-east-1:000000000000:function:rank for 8 s
            4 answer c fails=unreachable => f NoMatchingError (unreachable) -> failed, failed NoMatchingCondition (the path leads to nothing) -> none, none Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            5 start d flow=f @which=rank => f Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:us-east-1:000000000000:function:rank for 8 s
            5 answer d with={"tier":["gold"]} => f NoMatchingError (member "tier" of the answer is no text: for nested answers set ResponseValidation.ResponseType to JSON) -> failed, failed NoMatchingCondition (the path leads to nothing) -> none, none Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            6 start e flow=f @which=rank => f Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:us-east-1:000000000000:function:rank for 8 s
            6 answer e with=gold => f NoMatchingError (the answer is not JSON: expected value at line 1 column 1) -> failed, failed NoMatchingCondition (the path leads to nothing) -> none, none Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
        "#]],
    );
}

#[test]
fn a_function_gets_the_documented_event() {
    let mut world = World::new().flow("f", FUNCTION).flow(
        "q",
        r#"
        q UpdateContactTargetQueue {"QueueId":"BASIC"} next=f NoMatchingError=f
        f InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"1","LambdaInvocationAttributes":{"nested":{"list":["$.Queue.Name",1,true,null]},"none":"$.External.x"}} next=end NoMatchingError=end
        end DisconnectParticipant"#,
    );
    world.run("start flow=f @which=rank").unwrap();
    expect![[r#"
        {
          "Details": {
            "ContactData": {
              "Attributes": {
                "which": "rank"
              },
              "AwsRegion": "us-east-1",
              "Channel": "TASK",
              "ContactId": "61cccccc-cccc-cccc-cccc-cccccccccccc",
              "CustomerEndpoint": null,
              "CustomerId": null,
              "Description": null,
              "InitialContactId": "61cccccc-cccc-cccc-cccc-cccccccccccc",
              "InitiationMethod": "API",
              "InstanceARN": "arn:aws:connect:us-east-1:000000000000:instance/01010101-0101-0101-0101-010101010101",
              "LanguageCode": null,
              "MediaStreams": {
                "Customer": {
                  "Audio": null
                }
              },
              "Name": "Task a",
              "PreviousContactId": null,
              "Queue": null,
              "References": {},
              "RelatedContactId": null,
              "SegmentAttributes": {
                "connect:ContactExpiry": {
                  "ValueMap": {
                    "ExpiryDuration": {
                      "ValueInteger": 10080
                    },
                    "ExpiryTimeStamp": {
                      "ValueString": "2026-01-14T12:00:00.000Z"
                    }
                  }
                },
                "connect:Subtype": {
                  "ValueString": "connect:Task"
                }
              },
              "SystemEndpoint": null,
              "Tags": {}
            },
            "Parameters": {
              "fixed": "x",
              "who": "Task a"
            }
          },
          "Name": "ContactFlowEvent"
        }"#]]
    .assert_eq(&indented(&world.called));
    world.run("start b related=a flow=q").unwrap();
    let event = indented(&world.called);
    let parameters = event.find("\"Parameters\"").unwrap();
    expect![[r#"
        "Parameters": {
              "nested": {
                "list": [
                  "BasicQueue",
                  1,
                  true,
                  null
                ]
              },
              "none": ""
            }
          },
          "Name": "ContactFlowEvent"
        }"#]]
    .assert_eq(&event[parameters..]);
    let value: serde_json::Value = serde_json::from_str(&world.called).unwrap();
    expect![[r#"{"ARN":"arn:aws:connect:us-east-1:000000000000:instance/01010101-0101-0101-0101-010101010101/queue/b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1","Name":"BasicQueue","OutboundCallerId":null}"#]].assert_eq(&value["Details"]["ContactData"]["Queue"].to_string());
    assert!(event.contains("\"RelatedContactId\": \"61cc"), "{event}");
}

fn indented(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn a_json_answer_has_an_inside() {
    let mut world = World::new().flow(
        "f",
        r#"
        f InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"8","ResponseValidation":{"ResponseType":"JSON"}} next=a NoMatchingError=end
        a UpdateContactAttributes {"Attributes":{"first":"$.External.list[0].name","all":"$.External.list","odd":"<$.External['odd key']>","same":"$.LambdaInvocation.ResultData.list[1].name","beyond":"<$.External.list[2].name>","none":"<$.External.null>","text":"$.External.n of $.External.deep.er.","call":"$.LambdaInvocation.InvocationId"}} next=end NoMatchingError=end
        end DisconnectParticipant"#,
    );
    world.run("start flow=f").unwrap();
    let answer = r#"answer with={"list":[{"name":"Ann"},{"name":"Bob"}],"odd\u0020key":"o","null":null,"n":1.5,"deep":{"er":true}}"#;
    world.run(answer).unwrap();
    let attributes = &world.instance.chains.values().next().unwrap().attributes;
    expect![[r#"
        {
            "all": "[{\"name\":\"Ann\"},{\"name\":\"Bob\"}]",
            "beyond": "<>",
            "call": "61cccccc-cccc-cccc-cccc-cccccccccccc-1-0",
            "first": "Ann",
            "none": "<>",
            "odd": "<o>",
            "same": "Bob",
            "text": "1.5 of true.",
        }
    "#]]
    .assert_eq(&format!("{attributes:#?}\n"));
}

#[test]
fn nobody_waits_for_an_asynchronous_function() {
    let text = r#"
        f InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"60","InvocationType":"ASYNCHRONOUS"} next=c NoMatchingError=failed
        c Compare {"ComparisonValue":"$.External.x"} next=end NoMatchingCondition=end KeyExists:x=failed
        failed DisconnectParticipant
        end DisconnectParticipant"#;
    World::new().flow("f", text).traced().check(
        r#"0 start flow=f
           1 answer with={"x":"y"}"#,
        expect![[r#"
            0 start flow=f => f Next -> c, c NoMatchingCondition -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, call f asynchronously for 60 s, DISCONNECTED, COMPLETED
            1 answer with={"x":"y"} =>  | Completed CONTACT_FLOW_DISCONNECT
        "#]],
    );
}

#[test]
fn an_answer_that_comes_while_the_contact_is_paused_waits_for_its_run() {
    World::new().flow("f", FUNCTION).traced().check(
        r#"0 start flow=f
           1 pause
           2 answer with={"tier":"gold"}
           3 resume
           3 continue step=1"#,
        expect![[r#"
            0 start flow=f => f Called | InFlow, INITIATED, CONNECTED_TO_SYSTEM, call arn:aws:lambda:us-east-1:000000000000:function: for 8 s
            1 pause =>  | Paused, PAUSED
            2 answer with={"tier":"gold"} =>  | Paused
            3 resume =>  | InFlow, RESUMED, continue at step 1
            3 continue step=1 => f Next -> c, c gold -> gold, gold Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
        "#]],
    );
}

#[test]
fn a_function_that_is_not_named_or_has_no_time_is_an_error() {
    let text = r#"
        a InvokeLambdaFunction {"LambdaFunctionARN":"$.Attributes.none","InvocationTimeLimitSeconds":"8"} next=end NoMatchingError=b
        b InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"9"} next=end NoMatchingError=c
        c InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3","LambdaInvocationAttributes":{"a":"$.Attributes.big$.Attributes.big$.Attributes.big","b":["$.Attributes.big"]}} next=end NoMatchingError=end
        end DisconnectParticipant"#;
    let mut world = World::new().flow_unchecked("f", text).explained();
    let shown = world.run(&format!("start flow=f @big={}", "x".repeat(20_000))).unwrap();
    expect!["a NoMatchingError (LambdaFunctionARN or InvocationTimeLimitSeconds is empty or no number) -> b, b NoMatchingError (InvocationTimeLimitSeconds is 9, not 1 to 8) -> c, c NoMatchingError (the parameters have more than 65536 bytes) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED"].assert_eq(&shown);
}

const MODULE: &str = r#"
    a UpdateFlowAttributes {"FlowAttributes":{"x":{"Value":"inside"}}} next=c NoMatchingError=c
    c Compare {"ComparisonValue":"$.Modules.Input.who"} next=plain NoMatchingCondition=plain Equals:Ann=gold Equals:Bob=silver Equals:Cid=lost Equals:Dan=over
    gold EndFlowModuleExecution {"Result":"gold","ResultData":{"points":"<$.Modules.Input.who $.External.x>","list":["$.FlowAttributes.x"]}}
    silver EndFlowModuleExecution {"Result":"silver"}
    plain EndFlowModuleExecution
    lost MessageParticipant {"Text":"x"} next=lost
    over DisconnectParticipant"#;

#[test]
fn a_module_takes_input_and_gives_a_result() {
    let caller = r#"
        x UpdateFlowAttributes {"FlowAttributes":{"x":{"Value":"outside"}}} next=m NoMatchingError=end
        m InvokeFlowModule {"FlowModuleId":"arn:aws:connect:us-east-1:000000000000:instance/i/contact-flow-module/rank:1","Input":{"who":"$.Attributes.who"}} next=a NoMatchingError=failed Equals:gold=b
        a UpdateContactAttributes {"Attributes":{"none":"<$.Modules.Result>"}} next=end NoMatchingError=end
        b UpdateContactAttributes {"Attributes":{"result":"$.Modules.Result","points":"$.Modules.ResultData.points","list":"$.Modules.ResultData.list[0]","own":"$.FlowAttributes.x","input":"<$.Modules.Input.who>"}} next=end NoMatchingError=end
        failed DisconnectParticipant
        end DisconnectParticipant"#;
    let wired = caller.replace("Equals:gold=b", "NoMatchingCondition=failed Equals:gold=b");
    let mut world = World::new()
        .module("rank", MODULE)
        .flow("f", caller)
        .flow("wired", &wired)
        .limit(|limits| limits.actions_without_wait_max = 20)
        .explained();
    world = world.check(
        "0 start a flow=f @who=Ann
         0 start b flow=f @who=Bob
         0 start c flow=wired @who=Bob
         0 start d flow=wired @who=Eve
         0 start e flow=f @who=Cid
         0 start f flow=f @who=Dan",
        expect![[r#"
            0 start a flow=f @who=Ann => x Next -> m, m Invoked, a Next -> c, c Ann -> gold, gold Returned, m gold -> b, b Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
            0 start b flow=f @who=Bob => x Next -> m, m Invoked, a Next -> c, c Bob -> silver, silver Returned, m silver -> a, a Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
            0 start c flow=wired @who=Bob => x Next -> m, m Invoked, a Next -> c, c Bob -> silver, silver Returned, m silver -> failed, failed Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start d flow=wired @who=Eve => x Next -> m, m Invoked, a Next -> c, c Eve (no condition fits the result) -> plain, plain Returned, m Next -> a, a Next -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, updated [UserDefinedAttributes], DISCONNECTED, COMPLETED
            0 start e flow=f @who=Cid => x Next -> m, m Invoked, a Next -> c, c Cid -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Next -> lost, lost Stopped (the flow executed too many actions without waiting), m Stopped (the flow executed too many actions without waiting) | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start f flow=f @who=Dan => x Next -> m, m Invoked, a Next -> c, c Dan -> over, over Disconnected | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
        "#]],
    );
    let attributes = &world.instance.chains[&contact_id("a")].attributes;
    expect![[r#"
        {
            "input": "<>",
            "list": "inside",
            "own": "outside",
            "points": "<Ann >",
            "result": "gold",
            "who": "Ann",
        }
    "#]]
    .assert_eq(&format!("{attributes:#?}\n"));
}

#[test]
fn modules_nest_five_deep_and_wait() {
    let deep = r#"
        i InvokeFlowModule {"FlowModuleId":"deep"} next=e NoMatchingError=w
        w Wait {"TimeLimitSeconds":"60"} next=e NoMatchingError=e Equals:WaitCompleted=e
        e EndFlowModuleExecution"#;
    let caller = r#"
        m InvokeFlowModule {"FlowModuleId":"deep"} next=none NoMatchingError=end
        none InvokeFlowModule {"FlowModuleId":"nobody"} next=end NoMatchingError=end
        end DisconnectParticipant"#;
    World::new().module("deep", deep).flow("f", caller).explained().check(
        "0 start flow=f
         59 tick
         60 tick",
        expect![[r#"
            0 start flow=f => m Invoked, i Invoked, i Invoked, i Invoked, i Invoked, i NoMatchingError (modules invoke modules 5 deep at most) -> w, w Waiting | InFlow, INITIATED, CONNECTED_TO_SYSTEM
            59 tick => nothing
            60 tick => w WaitCompleted -> e, e Returned, i Next -> e, e Returned, i Next -> e, e Returned, i Next -> e, e Returned, i Next -> e, e Returned, m Next -> none, none NoMatchingError (there is no module "nobody", or it has no such version or alias) -> end, end Disconnected | Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
        "#]],
    );
}

#[test]
fn what_leaves_a_module_leaves_the_flow_that_invoked_it() {
    let caller = "m InvokeFlowModule {\"FlowModuleId\":\"m\"} next=end NoMatchingError=end\n end DisconnectParticipant";
    let in_queue = "m InvokeFlowModule {\"FlowModuleId\":\"m\"} next=end NoMatchingError=end\n end EndFlowExecution";
    let jump = "t TransferToFlow {\"ContactFlowId\":\"MAIN\"} next=e NoMatchingError=e\n e EndFlowModuleExecution";
    World::new().module("m", jump).flow("f", caller).traced().check("0 start flow=f", expect![[r#"
        0 start flow=f => m Invoked, t Transferred, q Next -> t, t Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
    "#]]);
    let queue = "u UpdateContactTargetQueue {\"QueueId\":\"OTHER\"} next=q NoMatchingError=e\n q TransferContactToQueue next=e QueueAtCapacity=e NoMatchingError=e\n e EndFlowModuleExecution";
    World::new().module("m", queue).flow("f", caller).traced().check("0 start flow=f", expect![[r#"
        0 start flow=f => m Invoked, u Next -> q, q Queued, waiting NoMatchingError, waiting Stopped | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
    "#]]);
    let mut world =
        World::new().module("m", "e EndFlowExecution").flow_of_type("queue", FlowType::CustomerQueue, in_queue);
    world.flow_mut("Default customer queue").is_default = false;
    world.flow_mut("queue").is_default = true;
    world.traced().check(
        "0 start",
        expect![[r#"
        0 start => q Next -> t, t Queued, m Invoked, e Ended | Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
    "#]],
    );
}

#[test]
fn modules_end_only_modules() {
    World::new().flow_unchecked("f", "e EndFlowModuleExecution").explained().check("0 start flow=f", expect![[r#"
        0 start flow=f => e Unsupported, e Stopped (no branch leads on) | Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
    "#]]);
}
