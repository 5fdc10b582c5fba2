//! Why a contact is with nobody: the tables of `rules.rs`, and what is said of each agent in the end.

use std::fmt::Write as _;

use engine::agent::AgentContactState;
use engine::{ContactId, Timestamp, UserId};
use expect_test::{Expect, expect};
use routing::{Offer, SLICE_AGENTS_MAX, Slice, Tally, Verdict};

use crate::desk::{Desk, entry};
use crate::rules::{id, name, play};

fn of_everybody(desk: &Desk, contact: &str, second: i64) -> Slice {
    let contact = ContactId::from_bytes(id(contact));
    desk.router.explain(contact, None, SLICE_AGENTS_MAX, Timestamp::from_seconds(second)).unwrap()
}

fn words(slice: &Slice) -> String {
    let mut out = String::new();
    for (agent, verdict) in &slice.agents {
        let agent = name(agent.as_bytes());
        match verdict {
            Verdict::HigherRanked(first) => writeln!(out, "{agent}: first {}", name(first.as_bytes())).unwrap(),
            Verdict::DelayedUntil(at) => writeln!(out, "{agent}: delayed until {}", at.millis() / 1_000).unwrap(),
            verdict => writeln!(out, "{agent}: {verdict:?}").unwrap(),
        }
    }
    out
}

fn check(script: &str, contact: &str, second: i64, expected: &Expect) {
    let (desk, _) = play(script);
    expected.assert_eq(&words(&of_everybody(&desk, contact, second)));
}

#[test]
fn settings_keep_a_contact_away() {
    check(
        "0 profile other task 1 ; billing/task 1
         0 profile channel task 1 chat 1 ; support/chat 1
         0 profile manual task 1 ; billing/task 1 ; support/task manual
         0 profile slots chat 1 ; support/task 1
         0 profile skill task 1 ; support/task 1
         0 profile late task 1 ; support/task 1 90
         0 agent queue other
         0 agent channel channel
         0 agent manual manual
         0 agent slots slots
         0 agent skill skill french 2
         0 agent late late french 3
         10 task t1 support for french 3",
        "t1",
        20,
        &expect![[r#"
            channel: ChannelNotInProfile
            late: delayed until 100
            manual: ManualQueue
            queue: QueueNotInProfile
            skill: Criteria
            slots: ChannelWithoutSlots
        "#]],
    );
}

#[test]
fn the_state_of_an_agent_keeps_a_contact_away() {
    check(
        "0 profile p task 1 chat 1 ; support/task 1 ; support/chat 1 ; other/task 1 ; other/chat 1
         0 agent custom p
         0 custom custom
         0 agent next p
         0 next next
         0 agent absent p
         0 absent absent
         0 task t1 other
         0 agent busy p
         0 chat c1 other
         0 agent chatting p
         0 task t3 support
         0 agent missed p
         0 miss t3",
        "t3",
        1,
        &expect![[r#"
            absent: Absent
            busy: SlotsTaken { slots: 1, active: 1 }
            chatting: OtherChannel(Chat)
            custom: Status(Custom)
            missed: RefusedBefore
            next: NextStatus
        "#]],
    );
}

#[test]
fn the_queue_of_an_agent_is_for_nobody_else() {
    check(
        "0 profile p task 1 ; support/task 1 90
         0 agent ann p
         0 custom ann
         0 agent bob p
         0 task t1 ann for french 5",
        "t1",
        0,
        &expect![[r#"
            ann: Status(Custom)
            bob: OwnQueueOfAnother
        "#]],
    );
}

/// Between two offers somebody may look.
#[test]
fn what_comes_first_is_named() {
    let (mut desk, _) = play(
        "0 profile p task 1 ; support/task 1
         0 agent ann p
         0 task t0 support
         1 task t1 support
         2 task t2 support",
    );
    let ann = UserId::from_bytes(id("ann"));
    desk.change_agent(ann, Timestamp::from_seconds(3), |agent| agent.contacts.clear());
    expect!["ann: Next\n"].assert_eq(&words(&of_everybody(&desk, "t1", 3)));
    expect!["ann: first t1\n"].assert_eq(&words(&of_everybody(&desk, "t2", 3)));
    desk.decline(Offer { contact: ContactId::from_bytes(id("t1")), agent: ann });
    expect!["ann: Declined\n"].assert_eq(&words(&of_everybody(&desk, "t1", 3)));
    expect!["ann: Next\n"].assert_eq(&words(&of_everybody(&desk, "t2", 3)));
    let paused = entry(&desk.taken[&ContactId::from_bytes(id("t0"))], AgentContactState::Paused, Timestamp(0));
    desk.change_agent(ann, Timestamp::from_seconds(4), |agent| agent.contacts.push(paused));
    expect!["ann: Next\n"].assert_eq(&words(&of_everybody(&desk, "t1", 4)));
}

#[test]
fn users_who_were_never_seen_are_offline_and_may_have_no_profile() {
    let (mut desk, _) = play("0 profile p task 1 ; support/task 1\n0 task t1 support");
    let user = |name| UserId::from_bytes(id(name));
    let profile = *desk.profiles.keys().next().unwrap();
    desk.router.put_user(user("ann"), profile, &[]);
    expect!["ann: Status(Offline)\n"].assert_eq(&words(&of_everybody(&desk, "t1", 0)));
    desk.router.remove_profile(profile);
    expect!["ann: NoProfile\n"].assert_eq(&words(&of_everybody(&desk, "t1", 0)));
    let contact = |name| ContactId::from_bytes(id(name));
    assert_eq!(desk.router.why_not(contact("t1"), user("bob"), Timestamp(0)), None);
    assert_eq!(desk.router.why_not(contact("t2"), user("ann"), Timestamp(0)), None);
    assert_eq!(desk.router.explain(contact("t2"), None, 1, Timestamp(0)), None);
}

#[test]
fn slices_make_a_whole_and_count_everybody_once() {
    let agents = (0..5).map(|number| format!("0 agent a{number} p\n")).collect::<String>();
    let (desk, _) =
        play(&format!("0 profile p task 1 ; support/task 1\n{agents}0 custom a1\n0 custom a4\n0 task t1 none"));
    let contact = ContactId::from_bytes(id("t1"));
    let (mut after, mut tally, mut sizes) = (None, Tally::default(), Vec::new());
    loop {
        let slice = desk.router.explain(contact, after, 2, Timestamp(0)).unwrap();
        tally.add(&slice);
        sizes.push(slice.agents.len());
        after = slice.agents.last().map(|(agent, _)| *agent);
        if !slice.more {
            break;
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    expect![["{QueueNotInProfile: 5}"]].assert_eq(&format!("{:?}", tally.agents));
}
