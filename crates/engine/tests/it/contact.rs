//! The life of a contact without agents.

use std::collections::BTreeSet;

use engine::Timestamp;
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

/// Every event in every state: a transition, nothing, or a refusal, and a refusal changes nothing.
#[test]
fn every_state_and_event() {
    let states: [(&str, &str); 4] = [
        ("scheduled", "start scheduled=600"),
        ("in flow", "start flow=waits"),
        ("queued", "start"),
        ("completed", "start flow=ends"),
    ];
    let events = [
        "fire",
        "continue step=7",
        "stop",
        "reschedule at=900",
        "attributes k=v",
        "update name=New",
        "update expiry=9",
        "update",
        "tag k=v",
        "tag aws:k=v",
        "untag key=k",
        "settle",
    ];
    let mut table = String::new();
    let mut stepped = BTreeSet::new();
    for (state, start) in states {
        for event in events {
            let world = World::new()
                .flow("ends", "end DisconnectParticipant")
                .flow("waits", "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant");
            let mut world = world;
            world.run(start).unwrap();
            let before = world.contacts[&contact_id("a")].clone();
            world.instance.now = Timestamp(START.0 + 1_000);
            let result = world.run(event);
            let after = &world.contacts[&contact_id("a")];
            match &result {
                Ok(_) => assert_eq!(after.is_completed(), after.times.disconnect.is_some()),
                Err(_) => assert_eq!(*after, before),
            }
            let shown = result.unwrap_or_else(|error| format!("refused: {error}"));
            let changed = if *after == before { "unchanged" } else { "changed" };
            stepped.append(&mut world.stepped);
            table += &format!("{state:9} {event:18} {changed:9} {shown}\n");
        }
    }
    expect![[r#"
        scheduled fire               unchanged Scheduled
        scheduled continue step=7    unchanged Scheduled
        scheduled stop               changed   Completed API, DISCONNECTED, COMPLETED
        scheduled reschedule at=900  changed   Scheduled, updated [ScheduledTimestamp]
        scheduled attributes k=v     changed   Scheduled, updated [UserDefinedAttributes]
        scheduled update name=New    changed   Scheduled
        scheduled update expiry=9    changed   Scheduled, updated [SegmentAttributes]
        scheduled update             unchanged refused: nothing to update: give at least one of Name, Description, References and SegmentAttributes
        scheduled tag k=v            changed   Scheduled, updated [Tags]
        scheduled tag aws:k=v        unchanged refused: tag key "aws:k" is reserved: keys that begin with aws: belong to the system
        scheduled untag key=k        changed   Scheduled, updated [Tags]
        scheduled settle             unchanged Scheduled
        in flow   fire               unchanged InFlow
        in flow   continue step=7    unchanged InFlow
        in flow   stop               changed   Completed API, DISCONNECTED, COMPLETED
        in flow   reschedule at=900  unchanged refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is InFlow: only a task that still waits for its ScheduledTime can be rescheduled
        in flow   attributes k=v     changed   InFlow, updated [UserDefinedAttributes]
        in flow   update name=New    changed   InFlow
        in flow   update expiry=9    changed   InFlow, updated [SegmentAttributes]
        in flow   update             unchanged refused: nothing to update: give at least one of Name, Description, References and SegmentAttributes
        in flow   tag k=v            changed   InFlow, updated [Tags]
        in flow   tag aws:k=v        unchanged refused: tag key "aws:k" is reserved: keys that begin with aws: belong to the system
        in flow   untag key=k        changed   InFlow, updated [Tags]
        in flow   settle             unchanged InFlow
        queued    fire               unchanged Queued
        queued    continue step=7    unchanged Queued
        queued    stop               changed   Completed API, DISCONNECTED, COMPLETED
        queued    reschedule at=900  unchanged refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is Queued: only a task that still waits for its ScheduledTime can be rescheduled
        queued    attributes k=v     changed   Queued, updated [UserDefinedAttributes]
        queued    update name=New    changed   Queued
        queued    update expiry=9    changed   Queued, updated [SegmentAttributes]
        queued    update             unchanged refused: nothing to update: give at least one of Name, Description, References and SegmentAttributes
        queued    tag k=v            changed   Queued, updated [Tags]
        queued    tag aws:k=v        unchanged refused: tag key "aws:k" is reserved: keys that begin with aws: belong to the system
        queued    untag key=k        changed   Queued, updated [Tags]
        queued    settle             unchanged Queued
        completed fire               unchanged Completed CONTACT_FLOW_DISCONNECT
        completed continue step=7    unchanged Completed CONTACT_FLOW_DISCONNECT
        completed stop               unchanged refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
        completed reschedule at=900  unchanged refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
        completed attributes k=v     changed   Completed CONTACT_FLOW_DISCONNECT, updated [UserDefinedAttributes]
        completed update name=New    changed   Completed CONTACT_FLOW_DISCONNECT
        completed update expiry=9    unchanged refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
        completed update             unchanged refused: nothing to update: give at least one of Name, Description, References and SegmentAttributes
        completed tag k=v            changed   Completed CONTACT_FLOW_DISCONNECT, updated [Tags]
        completed tag aws:k=v        unchanged refused: tag key "aws:k" is reserved: keys that begin with aws: belong to the system
        completed untag key=k        changed   Completed CONTACT_FLOW_DISCONNECT, updated [Tags]
        completed settle             unchanged Completed CONTACT_FLOW_DISCONNECT
    "#]].assert_eq(&table);
    let every = ["start", "fire", "continue", "stop", "reschedule", "attributes", "update", "tag", "untag", "settle"];
    assert_eq!(stepped, BTreeSet::from(every));
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
