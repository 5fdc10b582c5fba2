//! What a step tells of the actions it executed.

use engine::flow::trace::PARAMETERS_BYTES_MAX;
use expect_test::expect;

use crate::world::World;

fn shown(world: &World) -> String {
    let entry = |entry: &engine::flow::trace::TraceEntry| {
        let module = if entry.module.is_some() { " in a module" } else { "" };
        let parameters = entry.parameters.as_deref().unwrap_or("(too long, or none)");
        let error = entry.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        let output = entry.output.as_ref().map(|output| format!(" gave {output}")).unwrap_or_default();
        let logged = if entry.logged { ", logged" } else { "" };
        let next = entry.next.as_ref().map(|next| format!(" -> {next}")).unwrap_or_default();
        let (run, step) = (entry.run.0, entry.step);
        format!(
            "{run}.{step} {} {}{module} {parameters} = {}{error}{output}{next}{logged}\n",
            entry.action, entry.action_type, entry.result
        )
    };
    world.trace.iter().map(entry).collect()
}

#[test]
fn parameters_are_told_as_they_were_before_the_action() {
    let mut world = World::new()
        .module("m", "e EndFlowModuleExecution {\"ResultData\":{\"y\":\"$.Modules.Input.x[0]\"}}")
        .flow(
            "f",
            r#"
        a UpdateContactAttributes {"Attributes":{"x":"\"$.Attributes.x\" \\ $.Attributes.none ä","y":"$.Attributes.x"}} next=b NoMatchingError=end
        b UpdateContactAttributes {"Attributes":{"x":"$.Attributes.x"}} next=m NoMatchingError=end
        m InvokeFlowModule {"FlowModuleId":"m","Input":{"x":["$.Name",1,true,null]}} next=l NoMatchingError=l
        l UpdateContactAttributes {"Attributes":{"long":"$.Attributes.big"}} next=w NoMatchingError=end
        w Wait {"TimeLimitSeconds":"$.Name"} next=end NoMatchingError=v Equals:WaitCompleted=end
        v Wait {"TimeLimitSeconds":"9"} next=end NoMatchingError=end Equals:WaitCompleted=end
        end DisconnectParticipant"#,
        );
    world.run(&format!("start flow=f @x=1 @big={}", "x".repeat(5_000))).unwrap();
    expect![[r#"
        1.0 a UpdateContactAttributes {"Attributes":{"x":"\"1\" \\  ä","y":"1"}} = Next -> b
        1.1 b UpdateContactAttributes {"Attributes":{"x":"\"1\" \\  ä"}} = Next -> m
        1.2 m InvokeFlowModule {"FlowModuleId":"m","Input":{"x":["Task a",1,true,null]}} = Invoked
        2.0 e EndFlowModuleExecution in a module {"ResultData":{"y":"Task a"}} = Returned
        1.3 m InvokeFlowModule {"FlowModuleId":"m","Input":{"x":["Task a",1,true,null]}} = Next gave {"y":"Task a"} -> l
        1.4 l UpdateContactAttributes {"Attributes":{"long":"(4000 x)xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"}} = Next -> w
        1.5 w Wait {"TimeLimitSeconds":"Task a"} = NoMatchingError: TimeLimitSeconds is not a number from 1 to 604800 -> v
        1.6 v Wait {"TimeLimitSeconds":"9"} = Waiting
    "#]].assert_eq(&shown(&world).replace(&"x".repeat(4_000), "(4000 x)"));
    world.instance.now = world.instance.now.plus_seconds(9);
    world.run("fire").unwrap();
    expect![[r#"
        1.7 v Wait {"TimeLimitSeconds":"9"} = WaitCompleted -> end
        1.8 end DisconnectParticipant {} = Disconnected
    "#]]
    .assert_eq(&shown(&world));
}

/// All keys are told, and of long values the start.
#[test]
fn long_values_are_cut() {
    let attributes = "{\"Attributes\":{\"big\":\"$.Attributes.big\",\"literal\":\"LONG\",\"short\":\"s\"}}";
    let attributes = attributes.replace("LONG", &"l".repeat(3_000));
    let flow =
        format!("a UpdateContactAttributes {attributes} next=end NoMatchingError=end\n end DisconnectParticipant");
    let mut world = World::new().flow("f", &flow);
    world.run(&format!("start flow=f @big={}", "\"ä".repeat(2_000))).unwrap();
    let parameters = world.trace[0].parameters.as_deref().unwrap();
    assert!((4_080..=PARAMETERS_BYTES_MAX).contains(&parameters.len()), "{} bytes", parameters.len());
    let told: serde_json::Value = serde_json::from_str(parameters).unwrap();
    let ends = |key: &str| {
        let value = told["Attributes"][key].as_str().unwrap();
        let last: Vec<char> = value.chars().rev().take(3).collect();
        format!("{key}: {} characters, at last {:?}", value.chars().count(), last.iter().rev().collect::<String>())
    };
    expect![[r#"
        big: 1011 characters, at last "\"ä…"
        literal: 2021 characters, at last "ll…"
        short: 1 characters, at last "s""#]]
    .assert_eq(&["big", "literal", "short"].map(ends).join("\n"));
}

#[test]
fn the_trace_says_that_a_run_was_stopped() {
    let mut world = World::new()
        .flow("f", "m MessageParticipant {\"Text\":\"x\"} next=m")
        .limit(|limits| limits.actions_without_wait_max = 3);
    world.run("start flow=f").unwrap();
    expect![[r#"
        1.0 m MessageParticipant {"Text":"x"} = Next -> m
        1.1 m MessageParticipant {"Text":"x"} = Next -> m
        1.2 m MessageParticipant {"Text":"x"} = Next -> m
        1.3 m MessageParticipant (too long, or none) = Stopped: the flow executed too many actions without waiting
    "#]]
    .assert_eq(&shown(&world));
    let mut world = World::new().flow_unchecked("f", "t TransferContactToAgent");
    world.run("start flow=f").unwrap();
    expect![[r#"
        1.0 t TransferContactToAgent {} = Unsupported
        1.1 t TransferContactToAgent (too long, or none) = Stopped: no branch leads on
    "#]]
    .assert_eq(&shown(&world));
}

#[test]
fn a_step_tells_its_first_and_last_actions() {
    let mut world = World::new()
        .flow("f", "m MessageParticipant {\"Text\":\"x\"} next=m")
        .limit(|limits| limits.actions_per_turn = 500);
    world.run("start flow=f").unwrap();
    let steps: Vec<u64> = world.trace.iter().map(|entry| entry.step).collect();
    // The last entry says that the turn is over.
    assert_eq!((steps.len(), steps[99], steps[100], steps[199]), (200, 99, 401, 500));
    assert_eq!(world.trace.last().unwrap().result, "Yielded");
}

#[test]
fn what_actions_gave_and_what_is_logged_is_told() {
    let mut world = World::new()
        .module("m", "e EndFlowModuleExecution {\"ResultData\":{\"y\":\"1\"}}")
        .flow("made", "end DisconnectParticipant")
        .flow(
            "f",
            r#"
        m InvokeFlowModule {"FlowModuleId":"m"} next=on NoMatchingError=end
        on UpdateFlowLoggingBehavior {"FlowLoggingBehavior":"Enabled"} next=n
        n InvokeFlowModule {"FlowModuleId":"m"} next=g NoMatchingError=end
        g GetMetricData {"QueueId":"BASIC"} next=c NoMatchingError=end
        c CreateTask {"Name":"t","ContactFlowId":"MAIN"} next=off NoMatchingError=end
        off UpdateFlowLoggingBehavior {"FlowLoggingBehavior":"Disabled"} next=l
        l InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3"} next=again NoMatchingError=end
        again InvokeLambdaFunction {"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3"} next=end NoMatchingError=end
        end DisconnectParticipant"#,
        );
    let mut told = String::new();
    for command in ["start a flow=f", "answer a with={\"a\":\"b\"}", "fire a", "answer a fails=so", "fire a"] {
        world.run(command).unwrap();
        told += &shown(&world);
    }
    expect![[r#"
        1.0 m InvokeFlowModule {"FlowModuleId":"m"} = Invoked
        2.0 e EndFlowModuleExecution in a module {"ResultData":{"y":"1"}} = Returned
        1.1 m InvokeFlowModule {"FlowModuleId":"m"} = Next gave {"y":"1"} -> on
        1.2 on UpdateFlowLoggingBehavior {"FlowLoggingBehavior":"Enabled"} = Next -> n, logged
        1.3 n InvokeFlowModule {"FlowModuleId":"m"} = Invoked, logged
        3.0 e EndFlowModuleExecution in a module {"ResultData":{"y":"1"}} = Returned, logged
        1.4 n InvokeFlowModule {"FlowModuleId":"m"} = Next gave {"y":"1"} -> g, logged
        1.5 g GetMetricData {"QueueId":"b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1"} = Next gave {"Agents.AfterContactWork.Count":"0","Agents.Available.Count":"0","Agents.Busy.Count":"0","Agents.Missed.Count":"0","Agents.NonProductive.Count":"0","Agents.Online.Count":"0","Agents.Staffed.Count":"0","Queue.ARN":"arn:aws:connect:us-east-1:000000000000:instance/01010101-0101-0101-0101-010101010101/queue/b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1","Queue.Name":"BasicQueue","Queue.Size":"0"} -> c, logged
        1.6 c CreateTask {"ContactFlowId":"0d6e4079-e367-03eb-d37c-00722f5891d2","Name":"t"} = Next gave {"ContactId":"31cccccc-cccc-cccc-cccc-cccccccccccc"} -> off, logged
        1.7 off UpdateFlowLoggingBehavior {"FlowLoggingBehavior":"Disabled"} = Next -> l
        1.8 l InvokeLambdaFunction {"InvocationTimeLimitSeconds":"3","LambdaFunctionARN":"f"} = Called
        1.9 l InvokeLambdaFunction {"InvocationTimeLimitSeconds":"3","LambdaFunctionARN":"f"} = Next gave {"a":"b"} -> again
        1.10 again InvokeLambdaFunction {"InvocationTimeLimitSeconds":"3","LambdaFunctionARN":"f"} = Called
        1.11 again InvokeLambdaFunction {"InvocationTimeLimitSeconds":"3","LambdaFunctionARN":"f"} = NoMatchingError: so -> end
        1.12 end DisconnectParticipant {} = Disconnected
    "#]].assert_eq(&told);
}
