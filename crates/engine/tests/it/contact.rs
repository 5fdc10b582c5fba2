//! The life of a contact without agents.

use engine::contact::{DisconnectReason, Event, ReferenceStatus, State};
use engine::flow::FlowState;
use expect_test::expect;

use crate::world::{START, World, contact_id};

#[test]
fn a_task_is_queued_and_stopped() {
    World::new().check(
        "0 start
         1 tick
         5 stop
         6 stop
         7 attributes late=yes
         8 tag k=v
         9 update name=New
         10 update expiry=5
         11 reschedule at=60
         12 tick",
        expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 tick => nothing
            5 stop => Completed API, DISCONNECTED, COMPLETED
            6 stop => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
            7 attributes late=yes => Completed API, updated [UserDefinedAttributes]
            8 tag k=v => Completed API, updated [Tags]
            9 update name=New => Completed API
            10 update expiry=5 => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
            11 reschedule at=60 => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
            12 tick => nothing
        "#]],
    );
}

#[test]
fn a_scheduled_task_starts_at_its_time_and_can_be_moved() {
    let world = World::new().check(
        "0 start scheduled=60
         1 reschedule at=120
         60 tick
         119 fire
         120 tick
         121 reschedule at=300",
        expect![[r#"
            0 start scheduled=60 => Scheduled, INITIATED
            1 reschedule at=120 => Scheduled, updated [ScheduledTimestamp]
            60 tick => nothing
            119 fire => Scheduled
            120 tick => Queued, CONNECTED_TO_SYSTEM, QUEUED
            121 reschedule at=300 => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is Queued: only a task that still waits for its ScheduledTime can be rescheduled
        "#]],
    );
    let contact = &world.contacts[&contact_id("a")];
    assert_eq!(contact.times.initiation, START);
    assert_eq!(contact.times.scheduled, Some(START.plus_seconds(120)));
    assert_eq!(contact.times.connected_to_system, Some(START.plus_seconds(120)));
    // R9a: the seven days count from the start.
    assert_eq!(contact.times.expiry, START.plus_seconds(120 + 7 * 86_400));
}

#[test]
fn r8_scheduled_times() {
    World::new().check(
        "0 start scheduled=-60
         0 start scheduled=-61
         0 start scheduled=7776000
         0 start scheduled=7776001",
        expect![[r#"
            0 start scheduled=-60 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start scheduled=-61 => refused: ScheduledTime 2026-01-07T11:58:59.000Z is in the past (now is 2026-01-07T12:00:00.000Z): give a later time
            0 start scheduled=7776000 => Scheduled, INITIATED
            0 start scheduled=7776001 => refused: ScheduledTime 2026-04-07T12:00:01.000Z is too far ahead: give a time up to 2026-04-07T12:00:00.000Z
        "#]],
    );
}

#[test]
fn a_task_is_rescheduled_at_most_20_times() {
    let mut world = World::new();
    world = world.check("0 start scheduled=60", expect!["0 start scheduled=60 => Scheduled, INITIATED\n"]);
    for _ in 0..20 {
        world.step(contact_id("a"), Event::Rescheduled { at: START.plus_seconds(90) }).unwrap();
    }
    world.check("1 reschedule at=100", expect![[r#"
        1 reschedule at=100 => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc was rescheduled 20 times, which is the most a task can be
    "#]]);
}

#[test]
fn a_task_expires_in_any_state() {
    World::new()
        .flow("waits", "w Wait {\"TimeLimitSeconds\":\"604800\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant")
        .check(
            "0 start queued expiry=1
             0 start flow=waits inflow expiry=2
             0 start scheduled=60 later expiry=1
             59 tick
             60 tick
             120 tick",
            expect![[r#"
                0 start queued expiry=1 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
                0 start flow=waits inflow expiry=2 => InFlow, INITIATED, CONNECTED_TO_SYSTEM
                0 start scheduled=60 later expiry=1 => Scheduled, INITIATED
                59 tick => nothing
                60 tick => Queued, CONNECTED_TO_SYSTEM, QUEUED
                120 tick => Completed EXPIRED, DISCONNECTED, COMPLETED; Completed EXPIRED, DISCONNECTED, COMPLETED
            "#]],
        );
}

#[test]
fn a_stopped_scheduled_task_never_starts() {
    World::new().check(
        "0 start scheduled=60\n 5 stop\n 60 tick",
        expect![[r#"
            0 start scheduled=60 => Scheduled, INITIATED
            5 stop => Completed API, DISCONNECTED, COMPLETED
            60 tick => nothing
        "#]],
    );
}

#[test]
fn a_flow_that_is_gone_when_a_scheduled_task_starts() {
    let mut world =
        World::new().check("0 start scheduled=60", expect!["0 start scheduled=60 => Scheduled, INITIATED\n"]);
    world.flow_mut("main").state = FlowState::Archived;
    world.check(
        "60 tick",
        expect![[r#"
            60 tick => Completed OTHER, DISCONNECTED, COMPLETED
        "#]],
    );
}

#[test]
fn an_attachment_is_fetched_and_settled_once() {
    let world = World::new().check(
        "0 start file=1\n 5 settle\n 6 settle",
        expect![[r#"
        0 start file=1 => Queued, INITIATED, fetch a.pdf, CONNECTED_TO_SYSTEM, QUEUED
        5 settle => Queued
        6 settle => Queued
    "#]],
    );
    let reference = &world.contacts[&contact_id("a")].references["a.pdf"];
    assert_eq!(reference.status, Some(ReferenceStatus::Approved));
}

#[test]
fn the_head_says_what_loops_need() {
    let world = World::new().check("0 start", expect!["0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED\n"]);
    let head = world.contacts[&contact_id("a")].head();
    assert_eq!(head.state, State::Queued);
    assert_eq!(head.queue, Some(crate::world::BASIC));
    assert_eq!((head.priority, head.adjustment_seconds, head.enqueue), (5, 0, START));
    assert_eq!(head.next_due, Some(START.plus_seconds(7 * 86_400)));
    assert!(size_of_val(&head) <= 128, "{} bytes", size_of_val(&head));
    let world = world.check("9 stop", expect!["9 stop => Completed API, DISCONNECTED, COMPLETED\n"]);
    let contact = &world.contacts[&contact_id("a")];
    assert_eq!(contact.head().next_due, None);
    assert_eq!(contact.head().queue, None);
    assert_eq!(contact.times.dequeue, Some(START.plus_seconds(9)));
    assert_eq!(contact.disconnect_reason, Some(DisconnectReason::Api));
    assert_eq!(world.instance.chains[&contact.id].open, 0);
}
