//! Every event in every state: a transition, nothing, or a refusal. A refusal changes nothing.

use std::collections::BTreeSet;

use engine::Timestamp;
use engine::contact::State;
use expect_test::expect_file;

use crate::invariants;
use crate::world::{START, World, contact_id};

/// What brings contact `a` into each state.
const STATES: [(&str, &[&str]); 15] = [
    ("scheduled", &["start scheduled=600"]),
    ("in flow", &["start flow=waits"]),
    ("calling", &["start flow=calls"]),
    ("queued", &["start"]),
    ("offered", &["start", "offer"]),
    ("joining", &["start flow=whispers", "offer", "accept"]),
    ("connected", &["start", "offer", "accept"]),
    ("paused/flow", &["start flow=waits", "pause"]),
    ("paused/call", &["start flow=calls", "pause"]),
    ("paused/queue", &["start", "pause"]),
    ("paused/agent", &["start", "offer", "accept", "pause"]),
    ("ended/acw", &["start", "offer", "accept", "end"]),
    ("ended/flow", &["start flow=remains", "stop"]),
    ("ended/both", &["start flow=remains", "offer", "accept", "stop"]),
    ("completed", &["start flow=ends"]),
];

/// Events of the agent who has the contact and of one who has not.
const EVENTS: [&str; 35] = [
    "fire",
    "continue step=7",
    "answer",
    "answer fails=down",
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
    "offer",
    "offer by=bob",
    "miss",
    "miss by=bob",
    "accept",
    "accept by=bob",
    "reject",
    "reject by=bob",
    "end",
    "end by=bob",
    "complete",
    "close",
    "close by=bob",
    "pause",
    "pause flow=none",
    "resume",
    "transfer",
    "transfer to=OTHER",
    "route priority=1",
    "route priority=1 adjustment=1",
    "route",
];

const CALL: &str = "f InvokeLambdaFunction {\"LambdaFunctionARN\":\"f\",\"InvocationTimeLimitSeconds\":\"3\"} next=end NoMatchingError=w\n";

fn world() -> World {
    let waits = "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end DisconnectParticipant";
    let hooked = |hook: &str, flow: &str| {
        format!(
            "h UpdateContactEventHooks {{\"EventHooks\":{{\"{hook}\":\"{}\"}}}} next=q NoMatchingError=end\n q UpdateContactTargetQueue {{\"QueueId\":\"BASIC\"}} next=t NoMatchingError=end\n t TransferContactToQueue next=end QueueAtCapacity=end NoMatchingError=end\n end DisconnectParticipant",
            crate::world::flow_id(flow)
        )
    };
    World::new()
        .flow("ends", "end DisconnectParticipant")
        .flow("waits", waits)
        .flow("calls", &(CALL.to_owned() + waits))
        .flow_of_type(
            "whisper",
            engine::flow::FlowType::AgentWhisper,
            "w Wait {\"TimeLimitSeconds\":\"60\"} next=end NoMatchingError=end Equals:WaitCompleted=end\n end EndFlowExecution",
        )
        .flow("whispers", &hooked("AgentWhisper", "whisper"))
        .flow("remains", &hooked("CustomerRemaining", "waits"))
}

#[test]
fn every_state_and_event() {
    let mut table = String::new();
    let mut stepped = BTreeSet::new();
    let mut states = BTreeSet::new();
    for (state, way) in STATES {
        for event in EVENTS {
            let mut world = world();
            for command in way {
                world.run(command).unwrap();
            }
            let before = world.contacts[&contact_id("a")].clone();
            let agents = world.instance.agents.clone();
            states.insert(before.state);
            world.instance.now = Timestamp(START.0 + 1_000);
            let result = world.run(event);
            invariants::check(&world);
            let after = &world.contacts[&contact_id("a")];
            if result.is_err() {
                assert_eq!(*after, before);
                assert_eq!(world.instance.agents, agents);
            }
            let shown = result.unwrap_or_else(|error| format!("refused: {error}"));
            let shown = shown.replace(&contact_id("a").to_string(), "a");
            let changed = if *after == before { "unchanged" } else { "changed" };
            stepped.append(&mut world.stepped);
            table += &format!("{state:12} {event:29} {changed:9} {shown}\n");
        }
        table += "\n";
    }
    expect_file!["states.txt"].assert_eq(&table);
    let every_event = [
        "start",
        "fire",
        "continue",
        "answer",
        "stop",
        "reschedule",
        "attributes",
        "update",
        "tag",
        "untag",
        "settle",
        "offer",
        "miss",
        "accept",
        "reject",
        "end",
        "complete",
        "close",
        "pause",
        "resume",
        "transfer",
        "route",
    ];
    assert_eq!(stepped, BTreeSet::from(every_event));
    let every_state = [
        State::Scheduled,
        State::InFlow,
        State::Queued,
        State::Offered,
        State::Joining,
        State::Connected,
        State::Paused,
        State::Ended,
        State::Completed,
    ];
    assert_eq!(states, BTreeSet::from(every_state));
}
