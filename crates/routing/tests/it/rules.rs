//! The rules of routing.md section 3, one table each.
//!
//! A line is a second and a change; what is offered because of it stands behind the arrow. An agent who is offered a contact has it.
//!
//! - `profile P task 2 chat 1 any ; support/task 1 +30 ; billing/task 2`: slots, `any` lets other channels beside the one before; queues with
//!   priority and delay
//! - `agent ann P french 3`, `available ann`, `custom ann`, `next ann`, `absent ann`, `gone ann`
//! - `task t1 support priority 1 age 60 since 4 for french 2`, `chat c1 support`; `for ann` prefers an agent, `for not french 2`;
//!   `leaves t1`
//! - `end t1`, `miss t1`, `clear t1`, `pause t1`: by the agent who has it; a missed one waits again
//! - `pass`: nothing but time

use std::fmt::Write as _;

use engine::agent::{AgentContactState, Presence};
use engine::agent_status::AgentStatusKind;
use engine::criteria::{AttributeCondition, Expression, Level};
use engine::routing_profile::{
    AgentAvailabilityTimer, Channel, CrossChannelBehavior, ManualQueueConfig, MediaConcurrency, QueueConfig,
    RoutingProfile,
};
use engine::user::Proficiency;
use engine::{ContactId, QueueId, RoutingProfileId, Timestamp, UserId};
use expect_test::{Expect, expect};

use crate::desk::{Desk, Task, absent, next_status, status};

/// A name of at most 16 letters is an id.
pub fn id(name: &str) -> [u8; 16] {
    let mut bytes = [b' '; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

pub fn name(id: &[u8; 16]) -> &str {
    std::str::from_utf8(id).unwrap().trim_end()
}

fn channel(word: &str) -> Channel {
    word.to_uppercase().parse().unwrap()
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(word: &str) -> T {
    word.parse().unwrap()
}

fn profile(words: &[&str]) -> RoutingProfile {
    let mut parts = words[1..].split(|word| *word == ";");
    let mut profile = RoutingProfile {
        id: RoutingProfileId::from_bytes(id(words[0])),
        name: String::new(),
        description: String::new(),
        concurrencies: Vec::new(),
        default_outbound_queue: QueueId::from_bytes(id("outbound")),
        queues: Vec::new(),
        manual_queues: Vec::new(),
        availability_timer: None,
        is_default: false,
        tags: engine::tag::Tags::default(),
        last_modified: Timestamp(0),
    };
    let mut settings = parts.next().unwrap().iter();
    while let Some(word) = settings.next() {
        match *word {
            "any" => {
                profile.concurrencies.last_mut().unwrap().cross_channel = Some(CrossChannelBehavior::AnyChannel);
            }
            "inbound" => profile.availability_timer = Some(AgentAvailabilityTimer::SinceLastInbound),
            word => {
                let concurrency = number(settings.next().unwrap());
                let media = MediaConcurrency { channel: channel(word), concurrency, cross_channel: None };
                profile.concurrencies.push(media);
            }
        }
    }
    for part in parts {
        let (queue, on) = part[0].split_once('/').unwrap();
        let (queue, channel) = (QueueId::from_bytes(id(queue)), channel(on));
        if part[1] == "manual" {
            profile.manual_queues.push(ManualQueueConfig { queue, channel });
        } else {
            let delay_seconds = part.get(2).map_or(0, |delay| number(delay));
            profile.queues.push(QueueConfig { queue, channel, priority: number(part[1]), delay_seconds });
        }
    }
    profile
}

fn expression(words: &[&str]) -> Expression {
    let at_least = |words: &[&str]| AttributeCondition::AtLeast {
        name: words[0].into(),
        value: "yes".into(),
        level: Level::new(number(words[1])).unwrap(),
    };
    match words {
        ["not", words @ ..] => Expression::Not(at_least(words)),
        [agent] => Expression::Attribute(AttributeCondition::Agents(vec![UserId::from_bytes(id(agent))])),
        words => Expression::Attribute(at_least(words)),
    }
}

fn task(channel: Channel, words: &[&str], now: Timestamp) -> Task {
    let mut task = Task {
        contact: ContactId::from_bytes(id(words[0])),
        queue: QueueId::from_bytes(id(words[1])),
        channel,
        priority: 5,
        enqueued: now,
        ranked_since: now,
        adjustment_seconds: 0,
        expression: None,
    };
    let mut settings = words[2..].iter().enumerate();
    while let Some((at, word)) = settings.next() {
        let rest = &words[2 + at + 1..];
        match *word {
            "priority" => task.priority = number(rest[0]),
            "age" => task.adjustment_seconds = number(rest[0]),
            "since" => task.ranked_since = Timestamp::from_seconds(number(rest[0])),
            "for" => {
                task.expression = Some(expression(rest));
                break;
            }
            other => panic!("what is {other}?"),
        }
        settings.next();
    }
    task
}

/// The desk of a table, at the end of it.
pub fn play(script: &str) -> (Desk, String) {
    let mut desk = Desk::default();
    let mut out = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (second, change) = line.split_once(' ').unwrap();
        let now = Timestamp::from_seconds(number(second));
        while let Some(due) = desk.router.next_due().filter(|due| *due < now) {
            let offers = offers(&mut desk, due);
            if !offers.is_empty() {
                writeln!(out, "{} => {offers}", due.millis() / 1_000).unwrap();
            }
        }
        apply(&mut desk, &change.split_whitespace().collect::<Vec<_>>(), now);
        let offers = offers(&mut desk, now);
        let arrow = if offers.is_empty() { "" } else { " => " };
        writeln!(out, "{line}{arrow}{offers}").unwrap();
    }
    (desk, out)
}

fn offers(desk: &mut Desk, now: Timestamp) -> String {
    let mut offers = Vec::new();
    while let Some(offer) = desk.router.next(now) {
        desk.carry_out(offer, now);
        offers.push(format!("{} to {}", name(offer.contact.as_bytes()), name(offer.agent.as_bytes())));
    }
    offers.join(", ")
}

fn apply(desk: &mut Desk, words: &[&str], now: Timestamp) {
    let user = |word| UserId::from_bytes(id(word));
    match words {
        ["profile", words @ ..] => desk.put_profile(profile(words)),
        ["agent", agent, profile, skills @ ..] => {
            let skill = |words: &[&str]| Proficiency {
                attribute: words[0].into(),
                value: "yes".into(),
                level: number(words[1]),
            };
            let skills = skills.chunks(2).map(skill).collect();
            desk.put_user(user(agent), RoutingProfileId::from_bytes(id(profile)), skills);
            desk.change_agent(user(agent), now, |_| {});
        }
        ["available", agent] => desk.change_agent(user(agent), now, |agent| {
            agent.status = status(AgentStatusKind::Routable);
            agent.next = None;
            agent.presence = Presence::Streaming;
        }),
        ["custom", agent] => {
            desk.change_agent(user(agent), now, |agent| agent.status = status(AgentStatusKind::Custom));
        }
        ["next", agent] => desk.change_agent(user(agent), now, |agent| {
            agent.next = Some(next_status(AgentStatusKind::Custom, now));
        }),
        ["absent", agent] => desk.change_agent(user(agent), now, |agent| agent.presence = absent(now)),
        ["gone", agent] => desk.remove_user(user(agent)),
        ["leaves", contact] => {
            desk.remove_task(ContactId::from_bytes(id(contact))).unwrap();
        }
        [kind @ ("task" | "chat" | "voice" | "email"), words @ ..] => {
            desk.put_task(task(channel(kind), words, now));
        }
        [what @ ("end" | "miss" | "clear" | "pause"), contact] => {
            let contact = ContactId::from_bytes(id(contact));
            let has = |agent: &&engine::agent::Agent| agent.contacts.iter().any(|entry| entry.contact == contact);
            let agent = desk.agents.values().find(has).unwrap().user;
            desk.change_agent(agent, now, |agent| {
                let entry = agent.contacts.iter_mut().find(|entry| entry.contact == contact).unwrap();
                match *what {
                    "pause" => entry.state = AgentContactState::Paused,
                    "miss" => entry.state = AgentContactState::Missed,
                    _ => agent.contacts.retain(|entry| entry.contact != contact),
                }
                agent.last_activity = now;
            });
            if *what == "miss" {
                let task = desk.taken.remove(&contact).unwrap();
                desk.put_task(task);
            }
        }
        ["pass"] => {}
        other => panic!("what is {other:?}?"),
    }
}

fn check(script: &str, expected: &Expect) {
    expected.assert_eq(&play(script).1);
}

#[test]
fn queue_and_channel_have_to_be_in_the_profile() {
    check(
        "0 profile p task 1 ; support/task 1 ; support/chat 1 ; billing/chat 1
         0 agent ann p
         1 task t1 billing
         2 chat c1 support
         3 task t2 support",
        &expect![[r#"
            0 profile p task 1 ; support/task 1 ; support/chat 1 ; billing/chat 1
            0 agent ann p
            1 task t1 billing
            2 chat c1 support
            3 task t2 support => t2 to ann
        "#]],
    );
}

#[test]
fn the_own_queue_comes_first_without_delay_or_criteria() {
    check(
        "0 profile p task 1 ; support/task 1
         0 task t1 support priority 1
         1 task t2 ann priority 9 for french 3
         2 agent ann p
         3 end t2
         4 task t3 bob
         5 agent bob p",
        &expect![[r#"
            0 profile p task 1 ; support/task 1
            0 task t1 support priority 1
            1 task t2 ann priority 9 for french 3
            2 agent ann p => t2 to ann
            3 end t2 => t1 to ann
            4 task t3 bob
            5 agent bob p => t3 to bob
        "#]],
    );
}

#[test]
fn profile_priority_comes_before_age() {
    check(
        "0 profile p task 1 ; support/task 2 ; billing/task 1
         0 task old support priority 1
         9 task young billing
         9 agent ann p
         10 end young",
        &expect![[r#"
            0 profile p task 1 ; support/task 2 ; billing/task 1
            0 task old support priority 1
            9 task young billing
            9 agent ann p => young to ann
            10 end young => old to ann
        "#]],
    );
}

#[test]
fn a_delay_only_makes_eligible() {
    check(
        "0 profile p task 1 ; support/task 1 +30 ; billing/task 2
         0 agent ann p
         1 task t1 support age 60
         5 task t2 billing
         6 task t3 billing
         32 end t2
         40 end t1
         50 task t4 support
         51 end t3
         90 pass",
        &expect![[r#"
            0 profile p task 1 ; support/task 1 +30 ; billing/task 2
            0 agent ann p
            1 task t1 support age 60
            5 task t2 billing => t2 to ann
            6 task t3 billing
            32 end t2 => t1 to ann
            40 end t1 => t3 to ann
            50 task t4 support
            51 end t3
            80 => t4 to ann
            90 pass
        "#]],
    );
}

#[test]
fn contact_priority_comes_before_age_also_across_queues() {
    check(
        "0 profile p task 1 ; support/task 1 ; billing/task 1
         0 task t1 support
         1 task t2 billing priority 4
         2 task t3 support priority 3
         3 agent ann p
         4 end t3
         5 end t2",
        &expect![[r#"
            0 profile p task 1 ; support/task 1 ; billing/task 1
            0 task t1 support
            1 task t2 billing priority 4
            2 task t3 support priority 3
            3 agent ann p => t3 to ann
            4 end t3 => t2 to ann
            5 end t2 => t1 to ann
        "#]],
    );
}

#[test]
fn oldest_first_across_channels_with_the_adjustment() {
    check(
        "0 profile p task 1 chat 1 ; support/task 1 ; support/chat 1
         0 task t1 support
         1 chat c1 support
         5 task t2 support age 6
         6 task t3 support since 0
         7 agent ann p
         8 end t2
         9 end t1
         9 end t3",
        &expect![[r#"
            0 profile p task 1 chat 1 ; support/task 1 ; support/chat 1
            0 task t1 support
            1 chat c1 support
            5 task t2 support age 6
            6 task t3 support since 0
            7 agent ann p => t2 to ann
            8 end t2 => t1 to ann
            9 end t1 => t3 to ann
            9 end t3 => c1 to ann
        "#]],
    );
}

#[test]
fn fewest_contacts_over_all_channels_then_idle_longest() {
    check(
        "0 profile p task 3 any chat 3 any ; support/task 1 ; support/chat 1
         0 agent ann p
         1 agent bob p
         2 chat c1 support
         3 task t1 support
         4 task t2 support
         5 end t1
         6 task t3 support",
        &expect![[r#"
            0 profile p task 3 any chat 3 any ; support/task 1 ; support/chat 1
            0 agent ann p
            1 agent bob p
            2 chat c1 support => c1 to ann
            3 task t1 support => t1 to bob
            4 task t2 support => t2 to ann
            5 end t1
            6 task t3 support => t3 to bob
        "#]],
    );
}

#[test]
fn idle_may_count_from_the_last_inbound() {
    check(
        "0 profile p inbound task 1 ; support/task 1
         0 agent ann p
         1 agent bob p
         2 task t1 support
         3 task t2 support
         4 end t2
         9 end t1
         10 task t3 support",
        &expect![[r#"
            0 profile p inbound task 1 ; support/task 1
            0 agent ann p
            1 agent bob p
            2 task t1 support => t1 to ann
            3 task t2 support => t2 to bob
            4 end t2
            9 end t1
            10 task t3 support => t3 to ann
        "#]],
    );
}

#[test]
fn every_channel_that_an_agent_is_on_has_to_allow_another() {
    check(
        "0 profile p task 2 any chat 2 email 1 any ; q/task 1 ; q/chat 1 ; q/email 1
         0 agent ann p
         1 task t1 q
         2 chat c1 q
         3 email e1 q
         4 chat c2 q
         5 end c1
         6 end c2",
        &expect![[r#"
            0 profile p task 2 any chat 2 email 1 any ; q/task 1 ; q/chat 1 ; q/email 1
            0 agent ann p
            1 task t1 q => t1 to ann
            2 chat c1 q => c1 to ann
            3 email e1 q
            4 chat c2 q => c2 to ann
            5 end c1
            6 end c2 => e1 to ann
        "#]],
    );
}

#[test]
fn what_takes_a_slot() {
    check(
        "0 profile p task 1 ; q/task 1
         0 agent ann p
         1 task t1 q
         2 task t2 q
         3 pause t1
         4 miss t2
         5 task t3 q
         6 clear t2",
        &expect![[r#"
            0 profile p task 1 ; q/task 1
            0 agent ann p
            1 task t1 q => t1 to ann
            2 task t2 q
            3 pause t1 => t2 to ann
            4 miss t2
            5 task t3 q
            6 clear t2 => t2 to ann
        "#]],
    );
}

#[test]
fn a_contact_that_was_missed_goes_to_another() {
    check(
        "0 profile p task 5 ; q/task 1
         0 agent ann p
         1 task t1 q
         2 miss t1
         3 task t2 q
         4 agent bob p
         5 end t1
         6 task t1 q
         7 clear t1",
        &expect![[r#"
            0 profile p task 5 ; q/task 1
            0 agent ann p
            1 task t1 q => t1 to ann
            2 miss t1
            3 task t2 q => t2 to ann
            4 agent bob p => t1 to bob
            5 end t1
            6 task t1 q => t1 to bob
            7 clear t1
        "#]],
    );
}

#[test]
fn who_is_not_routable_is_offered_nothing() {
    check(
        "0 profile p task 5 ; q/task 1
         0 agent ann p
         0 custom ann
         1 task t1 q
         2 available ann
         3 next ann
         4 task t2 q
         5 available ann
         6 absent ann
         7 task t3 q
         8 available ann
         9 gone ann
         9 task t4 q",
        &expect![[r#"
            0 profile p task 5 ; q/task 1
            0 agent ann p
            0 custom ann
            1 task t1 q
            2 available ann => t1 to ann
            3 next ann
            4 task t2 q
            5 available ann => t2 to ann
            6 absent ann
            7 task t3 q
            8 available ann => t3 to ann
            9 gone ann
            9 task t4 q
        "#]],
    );
}

#[test]
fn criteria_hold_whatever_waits() {
    check(
        "0 profile p task 1 ; q/task 1
         0 agent ann p
         0 agent bob p french 3
         1 task t1 q for french 3
         2 task t2 q for french 4
         3 task t3 q for not french 1
         4 task t4 q for bob
         5 end t1
         6 end t3
         7 task t2 q for french 2
         8 end t4
         9 end t2
         9 task t5 q for ann
         9 task t6 q for french 3
         9 agent ann p french 5",
        &expect![[r#"
            0 profile p task 1 ; q/task 1
            0 agent ann p
            0 agent bob p french 3
            1 task t1 q for french 3 => t1 to bob
            2 task t2 q for french 4
            3 task t3 q for not french 1 => t3 to ann
            4 task t4 q for bob
            5 end t1 => t4 to bob
            6 end t3
            7 task t2 q for french 2
            8 end t4 => t2 to bob
            9 end t2
            9 task t5 q for ann => t5 to ann
            9 task t6 q for french 3 => t6 to bob
            9 agent ann p french 5
        "#]],
    );
}

#[test]
fn queues_of_manual_assignment_are_never_routed() {
    check(
        "0 profile p task 5 ; q/task manual
         0 agent ann p
         1 task t1 q",
        &expect![[r#"
            0 profile p task 5 ; q/task manual
            0 agent ann p
            1 task t1 q
        "#]],
    );
}

#[test]
fn a_profile_that_changes_changes_what_its_agents_may_take() {
    check(
        "0 profile p task 1 ; q/task 1 +30
         0 agent ann p
         1 task t1 q
         2 task t2 q
         3 profile p task 1 ; q/task 1
         4 profile p task 2 ; r/task 1
         5 task t3 r
         6 profile p task 3 ; q/task 1 +5 ; r/task 1
         9 pass",
        &expect![[r#"
            0 profile p task 1 ; q/task 1 +30
            0 agent ann p
            1 task t1 q
            2 task t2 q
            3 profile p task 1 ; q/task 1 => t1 to ann
            4 profile p task 2 ; r/task 1
            5 task t3 r => t3 to ann
            6 profile p task 3 ; q/task 1 +5 ; r/task 1
            7 => t2 to ann
            9 pass
        "#]],
    );
}
