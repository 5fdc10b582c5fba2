//! What a step tells of the actions it executed.

use expect_test::expect;

use crate::world::World;

fn shown(world: &World) -> String {
    let entry = |entry: &engine::flow::trace::TraceEntry| {
        let module = if entry.in_module { " in a module" } else { "" };
        let parameters = entry.parameters.as_deref().unwrap_or("(too long, or none)");
        let error = entry.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        let next = entry.next.as_ref().map(|next| format!(" -> {next}")).unwrap_or_default();
        let (run, step) = (entry.run.0, entry.step);
        format!(
            "{run}.{step} {} {}{module} {parameters} = {}{error}{next}\n",
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
        1.3 m InvokeFlowModule {"FlowModuleId":"m","Input":{"x":["Task a",1,true,null]}} = Next -> l
        1.4 l UpdateContactAttributes (too long, or none) = Next -> w
        1.5 w Wait {"TimeLimitSeconds":"Task a"} = NoMatchingError: TimeLimitSeconds is not a number from 1 to 604800 -> v
        1.6 v Wait {"TimeLimitSeconds":"9"} = Waiting
    "#]].assert_eq(&shown(&world));
    world.instance.now = world.instance.now.plus_seconds(9);
    world.run("fire").unwrap();
    expect![[r#"
        1.7 v Wait {"TimeLimitSeconds":"9"} = WaitCompleted -> end
        1.8 end DisconnectParticipant {} = Disconnected
    "#]]
    .assert_eq(&shown(&world));
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
    assert_eq!((steps.len(), steps[99], steps[100], steps[199]), (200, 99, 400, 499));
}
