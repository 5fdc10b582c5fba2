//! Contacts and agents together: offers, pauses, transfers, ends, statuses, presence.

use engine::contact::State;
use expect_test::expect;

use crate::world::{ANN, START, World, contact_id};

#[test]
fn a_task_is_offered_accepted_ended_and_closed() {
    let world = World::new().check(
        "0 status available
         0 start
         5 offer
         6 agents
         7 accept
         60 end
         61 end
         70 close
         71 close
         72 agents",
        expect![[r#"
            0 status available => ann[]
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            5 offer => Offered, ann["CONNECTING"]
            6 agents => ann ROUTABLE ["CONNECTING"] slots 1
            7 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            60 end => Ended AGENT_DISCONNECT, DISCONNECTED, ann["ENDED"]
            61 end => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
            70 close => Completed AGENT_DISCONNECT, ann[], COMPLETED
            71 close => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not in the after contact work of agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: end it first
            72 agents => ann ROUTABLE [] slots 0
        "#]],
    );
    let contact = &world.contacts[&contact_id("a")];
    let info = contact.agent.unwrap();
    assert_eq!((info.agent, info.connected), (ANN, START.plus_seconds(7)));
    assert_eq!(info.acw_ms(), Some(10_000));
    assert_eq!(contact.times.dequeue, Some(START.plus_seconds(7)));
    assert_eq!(contact.offers, 1);
}

#[test]
fn a_missed_offer_goes_back_to_its_place() {
    let world = World::new().check(
        "0 status available
         0 start
         5 offer
         34 tick
         35 accept
         35 tick
         36 accept
         36 agents
         37 offer by=bob
         38 dismiss
         38 agents
         39 accept by=ann
         40 accept by=bob
         41 accept by=bob",
        expect![[r#"
            0 status available => ann[]
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            5 offer => Offered, ann["CONNECTING"]
            34 tick => nothing
            35 accept => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not offered to agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: only the agent who is being offered a contact can answer, within 30 seconds
            35 tick => Queued, ann["MISSED"]
            36 accept => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not offered to agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: only the agent who is being offered a contact can answer, within 30 seconds
            36 agents => ann ROUTABLE ["MISSED"] slots 1
            37 offer by=bob => Offered, bob["CONNECTING"]
            38 dismiss => ann[]
            38 agents => ann ROUTABLE [] slots 0; bob OFFLINE not routable ["CONNECTING"] slots 1
            39 accept by=ann => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not offered to agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: only the agent who is being offered a contact can answer, within 30 seconds
            40 accept by=bob => Connected, CONNECTED_TO_AGENT, bob["CONNECTED"]
            41 accept by=bob => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not offered to agent b0b0b0b0-b0b0-b0b0-b0b0-b0b0b0b0b0b0: only the agent who is being offered a contact can answer, within 30 seconds
        "#]],
    );
    let contact = &world.contacts[&contact_id("a")];
    assert_eq!(contact.times.enqueue, Some(START));
    assert_eq!(contact.offers, 2);
}

#[test]
fn a_rejected_offer_can_come_again() {
    World::new().check(
        "0 start
         1 offer
         2 reject by=bob
         3 reject
         4 reject
         5 dismiss
         6 offer
         7 accept
         8 dismiss
         9 dismiss b",
        expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer => Offered, ann["CONNECTING"]
            2 reject by=bob => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not offered to agent b0b0b0b0-b0b0-b0b0-b0b0-b0b0b0b0b0b0: only the agent who is being offered a contact can answer, within 30 seconds
            3 reject => Queued, ann["REJECTED"]
            4 reject => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not offered to agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: only the agent who is being offered a contact can answer, within 30 seconds
            5 dismiss => ann[]
            6 offer => Offered, ann["CONNECTING"]
            7 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            8 dismiss => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is CONNECTED at agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: only MISSED, REJECTED, ERROR and ENDED contacts can be dismissed
            9 dismiss b => refused: contact 62cccccc-cccc-cccc-cccc-cccccccccccc is not with agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: GetCurrentUserData shows the contacts of an agent
        "#]],
    );
}

#[test]
fn an_agent_who_accepts_without_a_click() {
    let mut world = World::new();
    world.phone_mut(ANN).auto_accept = true;
    world.check(
        "0 start\n 1 offer",
        expect![[r#"
        0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
        1 offer => Connected, ann["CONNECTING"], CONNECTED_TO_AGENT, ann["CONNECTED"]
    "#]],
    );
}

#[test]
fn after_contact_work_ends_by_itself() {
    let mut world = World::new();
    world.phone_mut(ANN).after_contact_work_seconds = 90;
    world.check(
        "0 start
         1 offer
         2 accept
         3 stop
         92 tick
         93 tick
         94 close",
        expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer => Offered, ann["CONNECTING"]
            2 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            3 stop => Ended API, DISCONNECTED, ann["ENDED"]
            92 tick => nothing
            93 tick => Completed API, ann[], COMPLETED
            94 close => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is not in the after contact work of agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0: end it first
        "#]],
    );
}

#[test]
fn a_contact_that_ends_while_it_is_offered() {
    World::new().check(
        "0 start a expiry=1
         0 start b
         1 offer b
         2 stop b
         59 offer a by=bob
         60 tick
         61 agents",
        expect![[r#"
            0 start a expiry=1 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start b => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer b => Offered, ann["CONNECTING"]
            2 stop b => Completed API, ann["REJECTED"], DISCONNECTED, COMPLETED
            59 offer a by=bob => Offered, bob["CONNECTING"]
            60 tick => Completed EXPIRED, bob["REJECTED"], DISCONNECTED, COMPLETED
            61 agents => ann OFFLINE not routable ["REJECTED"] slots 1; bob OFFLINE not routable ["REJECTED"] slots 1
        "#]],
    );
}

#[test]
fn a_new_status_waits_for_the_last_contact() {
    World::new().check(
        "0 status available
         0 start a
         0 start b
         1 offer a
         2 accept a
         3 offer b
         4 status lunch
         4 agents
         5 status available
         5 agents
         6 status offline
         7 dismiss b
         8 end a
         8 agents
         9 close a
         9 agents
         10 start c
         11 offer c
         12 status lunch
         12 agents",
        expect![[r#"
            0 status available => ann[]
            0 start a => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start b => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer a => Offered, ann["CONNECTING"]
            2 accept a => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            3 offer b => Offered, ann["CONNECTED", "CONNECTING"]
            4 status lunch => ann["CONNECTED", "CONNECTING"], contact: [Queued, ann["CONNECTED", "MISSED"]]
            4 agents => ann ROUTABLE then CUSTOM not routable ["CONNECTED", "MISSED"] slots 2
            5 status available => ann["CONNECTED", "MISSED"]
            5 agents => ann ROUTABLE ["CONNECTED", "MISSED"] slots 2
            6 status offline => ann["CONNECTED", "MISSED"]
            7 dismiss b => ann["CONNECTED"]
            8 end a => Ended AGENT_DISCONNECT, DISCONNECTED, ann["ENDED"]
            8 agents => ann ROUTABLE then OFFLINE not routable ["ENDED"] slots 1
            9 close a => Completed AGENT_DISCONNECT, ann[], COMPLETED
            9 agents => ann OFFLINE not routable [] slots 0
            10 start c => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            11 offer c => Offered, ann["CONNECTING"]
            12 status lunch => ann["CONNECTING"], contact: [Queued, ann["MISSED"]]
            12 agents => ann CUSTOM not routable ["MISSED"] slots 1
        "#]],
    );
}

#[test]
fn an_agent_whose_stream_is_gone() {
    World::new().check(
        "0 open
         0 status available
         1 gone
         60 wake
         60 agents
         61 wake
         61 agents
         62 open
         62 agents
         63 gone
         64 open
         200 wake
         200 agents
         201 gone
         261 wake
         43400 wake
         43401 wake
         43401 agents
         43402 signout",
        expect![[r#"
            0 open => ann[] LOGIN
            0 status available => ann[]
            1 gone => ann[]
            60 wake => ann[]
            60 agents => ann ROUTABLE [] slots 0 due 61
            61 wake => ann[]
            61 agents => ann ROUTABLE not routable [] slots 0 due 43201
            62 open => ann[]
            62 agents => ann ROUTABLE [] slots 0
            63 gone => ann[]
            64 open => ann[]
            200 wake => ann[]
            200 agents => ann ROUTABLE [] slots 0
            201 gone => ann[]
            261 wake => ann[]
            43400 wake => ann[]
            43401 wake => ann[] LOGOUT
            43401 agents => ann OFFLINE not routable [] slots 0
            43402 signout => ann[]
        "#]],
    );
    World::new().limit(|limits| limits.presence_grace_seconds = None).check(
        "0 open\n 0 status available\n 1 gone\n 1 agents\n 61 wake\n 43201 wake\n 43202 agents",
        expect![[r#"
            0 open => ann[] LOGIN
            0 status available => ann[]
            1 gone => ann[]
            1 agents => ann ROUTABLE [] slots 0 due 43201
            61 wake => ann[]
            43201 wake => ann[] LOGOUT
            43202 agents => ann OFFLINE not routable [] slots 0
        "#]],
    );
}

#[test]
fn a_session_that_was_lost_with_its_server_is_over_after_the_grace() {
    World::new().check(
        "0 signin
         0 status available
         1 restart
         1 agents
         61 wake
         61 agents
         62 restart
         70 signin
         70 open
         70 status available
         71 restart
         72 signin
         72 agents
         200 wake
         200 open
         200 agents
         201 signout
         202 open
         203 restart
         203 agents
         263 wake
         263 agents",
        expect![[r#"
            0 signin => ann[] LOGIN
            0 status available => ann[]
            1 restart => ann[]
            1 agents => ann ROUTABLE [] slots 0 due 61
            61 wake => ann[] LOGOUT
            61 agents => ann OFFLINE not routable [] slots 0
            62 restart => ann[]
            70 signin => ann[] LOGIN
            70 open => ann[]
            70 status available => ann[]
            71 restart => ann[]
            72 signin => ann[]
            72 agents => ann ROUTABLE [] slots 0
            200 wake => ann[]
            200 open => ann[]
            200 agents => ann ROUTABLE [] slots 0
            201 signout => ann[] LOGOUT
            202 open => ann[] LOGIN
            203 restart => ann[]
            203 agents => ann OFFLINE not routable [] slots 0 due 263
            263 wake => ann[]
            263 agents => ann OFFLINE not routable [] slots 0 due 43403
        "#]],
    );
    World::new().limit(|limits| limits.presence_grace_seconds = None).check(
        "0 signin\n 0 status available\n 1 restart\n 1 agents\n 43201 wake",
        expect![[r#"
            0 signin => ann[] LOGIN
            0 status available => ann[]
            1 restart => ann[]
            1 agents => ann ROUTABLE [] slots 0 due 43201
            43201 wake => ann[] LOGOUT
        "#]],
    );
}

#[test]
fn a_session_does_not_end_by_the_time_of_a_stream() {
    let script = "0 open
         0 status available
         1 gone
         40000 signin
         40000 agents
         43201 wake
         43201 agents
         43202 signout
         43202 agents";
    World::new().check(
        script,
        expect![[r#"
        0 open => ann[] LOGIN
        0 status available => ann[]
        1 gone => ann[]
        40000 signin => ann[]
        40000 agents => ann ROUTABLE [] slots 0 due 61
        43201 wake => ann[]
        43201 agents => ann ROUTABLE not routable [] slots 0
        43202 signout => ann[] LOGOUT
        43202 agents => ann OFFLINE not routable [] slots 0
    "#]],
    );
    World::new().limit(|limits| limits.presence_grace_seconds = None).check(
        script,
        expect![[r#"
        0 open => ann[] LOGIN
        0 status available => ann[]
        1 gone => ann[]
        40000 signin => ann[]
        40000 agents => ann ROUTABLE [] slots 0
        43201 wake => ann[]
        43201 agents => ann ROUTABLE [] slots 0
        43202 signout => ann[] LOGOUT
        43202 agents => ann OFFLINE not routable [] slots 0
    "#]],
    );
}

#[test]
fn signing_out_misses_offers_and_keeps_contacts() {
    World::new().check(
        "0 open
         0 status available
         0 start a
         0 start b
         1 offer a
         1 accept a
         2 offer b
         3 signout
         3 agents
         4 end a
         5 close a",
        expect![[r#"
            0 open => ann[] LOGIN
            0 status available => ann[]
            0 start a => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start b => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer a => Offered, ann["CONNECTING"]
            1 accept a => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            2 offer b => Offered, ann["CONNECTED", "CONNECTING"]
            3 signout => ann["CONNECTED", "CONNECTING"] LOGOUT, contact: [Queued, ann["CONNECTED", "MISSED"]]
            3 agents => ann OFFLINE not routable ["CONNECTED", "MISSED"] slots 2
            4 end a => Ended AGENT_DISCONNECT, DISCONNECTED, ann["ENDED", "MISSED"]
            5 close a => Completed AGENT_DISCONNECT, ann["MISSED"], COMPLETED
        "#]],
    );
}

#[test]
fn an_agent_who_is_deleted() {
    let mut world = World::new().check(
        "0 start a
         0 start b
         0 start c
         1 offer a
         2 accept a
         3 offer b
         4 accept b
         5 end b
         6 offer c
         7 delete",
        expect![[r#"
            0 start a => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start b => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start c => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer a => Offered, ann["CONNECTING"]
            2 accept a => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            3 offer b => Offered, ann["CONNECTED", "CONNECTING"]
            4 accept b => Connected, CONNECTED_TO_AGENT, ann["CONNECTED", "CONNECTED"]
            5 end b => Ended AGENT_DISCONNECT, DISCONNECTED, ann["CONNECTED", "ENDED"]
            6 offer c => Offered, ann["CONNECTED", "ENDED", "CONNECTING"]
            7 delete => ann["CONNECTED", "ENDED", "CONNECTING"], contact: [Queued, ann["CONNECTED", "ENDED", "MISSED"]], contact: [Completed AGENT_DISCONNECT, ann["CONNECTED", "MISSED"], COMPLETED]
        "#]],
    );
    world.instance.users.remove(&ANN);
    world.check(
        "8 end a",
        expect![[r#"
        8 end a => Completed AGENT_DISCONNECT, DISCONNECTED, ann["ENDED", "MISSED"], ann["MISSED"], COMPLETED
    "#]],
    );
}

#[test]
fn an_agent_of_whom_nothing_is_heard() {
    World::new().limit(|limits| limits.agent_heartbeat_seconds = Some(120)).check(
        "0 status available
         119 wake
         120 wake
         130 agents
         200 status lunch
         240 wake
         320 wake
         400 status offline
         4000 wake
         4001 agents",
        expect![[r#"
            0 status available => ann[]
            119 wake => ann[]
            120 wake => ann[] HEART_BEAT
            130 agents => ann ROUTABLE [] slots 0 due 240
            200 status lunch => ann[]
            240 wake => ann[]
            320 wake => ann[] HEART_BEAT
            400 status offline => ann[]
            4000 wake => ann[] HEART_BEAT
            4001 agents => ann OFFLINE not routable [] slots 0
        "#]],
    );
}

#[test]
fn a_changed_configuration_is_a_new_version() {
    let world = World::new().check(
        "0 configure\n 1 status offline\n 2 status available",
        expect![[r#"
        0 configure => ann[]
        1 status offline => ann[]
        2 status available => ann[]
    "#]],
    );
    assert_eq!(world.instance.agents[&ANN].version, 2);
}

#[test]
fn a_task_is_paused_with_its_agent() {
    let world = World::new().check(
        "0 start a
         0 start b
         1 offer a
         2 accept a
         3 pause a
         4 pause a
         4 agents
         5 offer b
         6 accept b
         7 pause b
         8 resume a
         8 agents
         9 resume a
         10 pause b
         20 end b
         21 close b",
        expect![[r#"
            0 start a => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            0 start b => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer a => Offered, ann["CONNECTING"]
            2 accept a => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            3 pause a => Paused, PAUSED, ann["PAUSED"]
            4 pause a => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is Paused and cannot be paused: a task can in its flow, in a queue while no agent is being offered it, and with an agent
            4 agents => ann OFFLINE not routable ["PAUSED"] slots 0
            5 offer b => Offered, ann["PAUSED", "CONNECTING"]
            6 accept b => Connected, CONNECTED_TO_AGENT, ann["PAUSED", "CONNECTED"]
            7 pause b => refused: agent a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0 has 1 paused tasks, as many as the slots for tasks: resume or end one first
            8 resume a => Connected, RESUMED, ann["CONNECTED", "CONNECTED"]
            8 agents => ann OFFLINE not routable ["CONNECTED", "CONNECTED"] slots 2
            9 resume a => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is Connected and cannot be resumed: only a paused task can
            10 pause b => Paused, PAUSED, ann["CONNECTED", "PAUSED"]
            20 end b => Ended AGENT_DISCONNECT, DISCONNECTED, ann["CONNECTED", "ENDED"]
            21 close b => Completed AGENT_DISCONNECT, ann["CONNECTED"], COMPLETED
        "#]],
    );
    let of = |name| world.contacts[&contact_id(name)].clone();
    assert_eq!(of("a").agent.unwrap().paused_ms, 5_000);
    assert_eq!((of("a").pauses.unwrap().count, of("a").pauses.unwrap().total_ms), (1, 5_000));
    assert_eq!(of("b").paused_ms(START.plus_seconds(100)), 10_000);
}

#[test]
fn a_task_that_is_paused_in_a_queue_leaves_it() {
    World::new().flow("again", "q UpdateContactTargetQueue {\"QueueId\":\"OTHER\"} next=t NoMatchingError=end\n t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end\n end DisconnectParticipant").check(
        "0 start
         1 pause
         2 offer
         3 resume
         4 pause
         5 resume flow=again
         6 offer",
        expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 pause => Paused, PAUSED
            2 offer => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is Paused and cannot be offered to an agent: only a queued task that no agent is being offered can
            3 resume => InFlow, RESUMED
            4 pause => Paused, PAUSED
            5 resume flow=again => Queued, RESUMED, QUEUED
            6 offer => Offered, ann["CONNECTING"]
        "#]],
    );
}

#[test]
fn a_flow_stands_still_while_its_task_is_paused() {
    World::new()
        .flow("waits", "w Wait {\"TimeLimitSeconds\":\"10\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant")
        .check(
            "0 start flow=waits
             5 pause
             20 tick
             30 resume
             30 tick",
            expect![[r#"
                0 start flow=waits => InFlow, INITIATED, CONNECTED_TO_SYSTEM
                5 pause => Paused, PAUSED
                20 tick => nothing
                30 resume => InFlow, RESUMED
                30 tick => Completed CONTACT_FLOW_DISCONNECT, DISCONNECTED, COMPLETED
            "#]],
        );
}

#[test]
fn a_task_is_paused_at_most_10_times() {
    let mut world = World::new();
    world.run("start").unwrap();
    for _ in 0..10 {
        world.run("pause").unwrap();
        world.run("resume").unwrap();
    }
    world.check("1 pause", expect![[r#"
        1 pause => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc was paused 10 times, which is the most a task can be
    "#]]);
}

#[test]
fn a_task_expires_while_it_is_paused() {
    World::new().check(
        "0 start expiry=5
         1 offer
         2 accept
         3 pause
         300 tick
         301 close",
        expect![[r#"
            0 start expiry=5 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer => Offered, ann["CONNECTING"]
            2 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"], ann["CONNECTED"]
            3 pause => Paused, PAUSED, ann["PAUSED"]
            300 tick => Ended EXPIRED, DISCONNECTED, ann["ENDED"]
            301 close => Completed EXPIRED, ann[], COMPLETED
        "#]],
    );
}

#[test]
fn the_agent_is_warned_two_hours_before_the_end() {
    World::new().check(
        "0 start expiry=180
         1 offer
         2 accept
         3599 tick
         3600 tick
         3601 tick
         3700 update expiry=240
         7200 tick
         14400 tick",
        expect![[r#"
            0 start expiry=180 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer => Offered, ann["CONNECTING"]
            2 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            3599 tick => nothing
            3600 tick => Connected, ann["CONNECTED"]
            3601 tick => nothing
            3700 update expiry=240 => Connected, ann["CONNECTED"], updated [SegmentAttributes]
            7200 tick => Connected, ann["CONNECTED"]
            14400 tick => Ended EXPIRED, DISCONNECTED, ann["ENDED"]
        "#]],
    );
    // Too late for a warning.
    World::new().check(
        "0 start expiry=120\n 1 offer\n 2 accept\n 7199 tick",
        expect![[r#"
            0 start expiry=120 => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 offer => Offered, ann["CONNECTING"]
            2 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"], ann["CONNECTED"]
            7199 tick => nothing
        "#]],
    );
}

#[test]
fn a_transfer_makes_a_new_contact_that_keeps_the_place() {
    let world = World::new().check(
        "0 start @k=v
         1 route priority=3
         5 offer
         7 accept
         60 transfer to=bob flow=Default&agent&transfer
         61 offer 1 by=bob
         62 accept 1 by=bob
         63 close
         64 transfer a
         65 transfer 1 to=OTHER flow=Default&queue&transfer",
        expect![[r#"
            0 start @k=v => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 route priority=3 => Queued
            5 offer => Offered, ann["CONNECTING"]
            7 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            60 transfer to=bob flow=Default&agent&transfer => Ended OTHER, DISCONNECTED, ann["ENDED"], TRANSFER 1: [Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED]
            61 offer 1 by=bob => Offered, bob["CONNECTING"]
            62 accept 1 by=bob => Connected, CONNECTED_TO_AGENT, bob["CONNECTED"]
            63 close => Completed OTHER, ann[], COMPLETED
            64 transfer a => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc has ended
            65 transfer 1 to=OTHER flow=Default&queue&transfer => Ended OTHER, DISCONNECTED, bob["ENDED"], TRANSFER 2: [Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED]
        "#]],
    );
    let (a, first, second) = (contact_id("a"), contact_id("1"), contact_id("2"));
    let of = |id| &world.contacts[&id];
    assert_eq!((of(a).next, of(first).previous, of(first).next), (Some(first), Some(a), Some(second)));
    assert_eq!((of(second).initial, of(second).depth), (Some(a), 3));
    assert_eq!(of(first).times.expiry, of(a).times.expiry);
    let waiting = of(second).waiting().unwrap();
    assert_eq!((waiting.enqueued, waiting.ranked_since, waiting.priority), (START.plus_seconds(65), START, 3));
    assert_eq!(world.instance.chains[&a].members, 3);
}

#[test]
fn what_cannot_be_transferred() {
    let mut world = World::new().flow("ends", "end DisconnectParticipant").check(
        "0 start a scheduled=60
         0 start b flow=ends
         0 start c
         1 transfer a
         1 transfer b
         1 transfer c flow=none
         1 transfer c flow=Default&customer&queue",
        expect![[r#"
            0 start a scheduled=60 => Scheduled, INITIATED
            0 start b flow=ends => Completed CONTACT_FLOW_DISCONNECT, INITIATED, CONNECTED_TO_SYSTEM, DISCONNECTED, COMPLETED
            0 start c => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 transfer a => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is Scheduled and cannot be transferred: only a task that has begun and not ended can
            1 transfer b => refused: contact 62cccccc-cccc-cccc-cccc-cccccccccccc has ended
            1 transfer c flow=none => refused: flow 140bedbf-9c3f-6d56-a984-6d2ba7088798 not found in the instance
            1 transfer c flow=Default&customer&queue => refused: flow ae2c4ba1-5010-e608-5be0-289a8a2dab51 cannot be run: it is of type CUSTOMER_QUEUE, give one of type CONTACT_FLOW, AGENT_TRANSFER, QUEUE_TRANSFER
        "#]],
    );
    for n in 1..12 {
        let last = if n == 1 { "c".to_owned() } else { (n - 1).to_string() };
        world.run(&format!("transfer {last} to=OTHER flow=Default&queue&transfer")).unwrap();
    }
    world.check("2 transfer 11 to=OTHER flow=Default&queue&transfer", expect![[r#"
        2 transfer 11 to=OTHER flow=Default&queue&transfer => refused: the chain of contact 00cccccc-cccc-cccc-cccc-cccccccccccc is 12 contacts long, which is the most
    "#]]);
}

#[test]
fn an_attachment_is_settled_for_the_contact_after_a_transfer_too() {
    let world = World::new().check("0 start file=1\n 1 transfer to=OTHER\n 2 settle\n 3 settle", expect![[r#"
        0 start file=1 => Queued, INITIATED, fetch a.pdf, CONNECTED_TO_SYSTEM, QUEUED
        1 transfer to=OTHER => Completed OTHER, DISCONNECTED, COMPLETED, TRANSFER 1: [Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED]
        2 settle => Completed OTHER, the other: [Queued]
        3 settle => Completed OTHER
    "#]]);
    for name in ["a", "1"] {
        let reference = &world.contacts[&contact_id(name)].references["a.pdf"];
        assert_eq!(reference.status, Some(engine::contact::ReferenceStatus::Approved));
    }
}

#[test]
fn routing_data_changes_the_place() {
    let world = World::new().check(
        "0 start
         1 route priority=1
         2 route adjustment=-30
         3 route priority=0
         4 route french=3 seconds=10
         5 route french=4 seconds=20
         24 tick
         25 tick
         26 route french=1 seconds=5
         27 offer
         31 tick
         32 accept
         33 route priority=1",
        expect![[r#"
            0 start => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 route priority=1 => Queued
            2 route adjustment=-30 => Queued
            3 route priority=0 => refused: QueuePriority 0 is out of range: give 1 (first) or more
            4 route french=3 seconds=10 => Queued, updated [RoutingCriteria]
            5 route french=4 seconds=20 => Queued, updated [RoutingCriteria]
            24 tick => nothing
            25 tick => Queued, updated [RoutingCriteriaStepStatus]
            26 route french=1 seconds=5 => Queued, updated [RoutingCriteria]
            27 offer => Offered, ann["CONNECTING"]
            31 tick => Offered, updated [RoutingCriteriaStepStatus]
            32 accept => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            33 route priority=1 => refused: contact 61cccccc-cccc-cccc-cccc-cccccccccccc is Connected and cannot be routed anew: only a task that no agent has joined can, before its end
        "#]],
    );
    let contact = &world.contacts[&contact_id("a")];
    assert_eq!(contact.state, State::Connected);
    let statuses: Vec<_> =
        contact.criteria.iter().map(|criteria| (criteria.index, criteria.steps[0].status.as_str())).collect();
    assert_eq!(statuses, [(0, "INTERRUPTED"), (1, "EXPIRED"), (2, "EXPIRED")]);
}

#[test]
fn criteria_begin_in_a_standard_queue_and_end_with_the_agent() {
    let world = World::new().check(
        "0 start a scheduled=60
         0 start b agent=1 flow=Default&agent&transfer
         1 route a french=3 seconds=30
         1 route b french=3 seconds=30
         60 tick
         61 offer a
         62 accept a
         100 tick",
        expect![[r#"
            0 start a scheduled=60 => Scheduled, INITIATED
            0 start b agent=1 flow=Default&agent&transfer => Queued, INITIATED, CONNECTED_TO_SYSTEM, QUEUED
            1 route a french=3 seconds=30 => Scheduled, updated [RoutingCriteria]
            1 route b french=3 seconds=30 => Queued, updated [RoutingCriteria]
            60 tick => Queued, CONNECTED_TO_SYSTEM, QUEUED
            61 offer a => Offered, ann["CONNECTING"]
            62 accept a => Connected, CONNECTED_TO_AGENT, ann["CONNECTED"]
            100 tick => nothing
        "#]],
    );
    let step = |name| world.contacts[&contact_id(name)].criteria[0].steps[0].status.as_str();
    assert_eq!((step("a"), step("b")), ("JOINED", "INACTIVE"));
    assert!(world.contacts[&contact_id("b")].criteria[0].activation.is_some());
}
