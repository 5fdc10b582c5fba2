//! The router against a model that looks at every pair of contact and agent, after random changes.

use std::cmp::Reverse;

use engine::agent::{Agent, AgentContactState};
use engine::agent_status::AgentStatusKind;
use engine::criteria::{AttributeCondition, Expression, Level};
use engine::routing_profile::{
    AgentAvailabilityTimer, Channel, CrossChannelBehavior, ManualQueueConfig, MediaConcurrency, QueueConfig,
    RoutingProfile,
};
use engine::user::Proficiency;
use engine::{ContactId, QueueId, RoutingProfileId, Timestamp, UserId};
use proptest::collection::vec;
use proptest::prelude::*;
use routing::{Offer, Verdict};

use crate::desk::{Desk, Task, absent, next_status, status};

/// The rules of routing.md section 3, for a pair.
fn may_take(desk: &Desk, agent: &Agent, task: &Task, now: Timestamp) -> Option<(bool, u32)> {
    let (profile, skills) = desk.users.get(&agent.user)?;
    let profile = desk.profiles.get(profile)?;
    let on = |channel| agent.active_slots(channel);
    let media = |channel| profile.concurrencies.iter().find(|media| media.channel == channel);
    let has_slot = media(task.channel).is_some_and(|media| on(task.channel) < u32::from(media.concurrency));
    let allows =
        |channel| media(channel).is_some_and(|media| media.cross_channel == Some(CrossChannelBehavior::AnyChannel));
    let allowed = Channel::ALL.iter().all(|other| *other == task.channel || on(*other) == 0 || allows(*other));
    let refused = |entry: &engine::agent::AgentContact| entry.contact == task.contact && entry.state.is_uncleared();
    let offer = Offer { contact: task.contact, agent: agent.user };
    if !agent.is_routable()
        || !has_slot
        || !allowed
        || agent.contacts.iter().any(refused)
        || desk.declined.contains(&offer)
    {
        return None;
    }
    if task.queue == QueueId::of_agent(agent.user) {
        return Some((true, 0));
    }
    let config = profile.queues.iter().find(|config| config.queue == task.queue && config.channel == task.channel)?;
    let has_waited = config.delay_seconds == 0 || task.enqueued.plus_seconds(i64::from(config.delay_seconds)) <= now;
    let fits = task.expression.as_ref().is_none_or(|expression| expression.matches(agent.user, skills));
    (has_waited && fits).then_some((false, config.priority))
}

/// The first agent who can be offered something, with the best contact for that agent.
fn best(desk: &Desk, now: Timestamp) -> Option<Offer> {
    let mut agents: Vec<_> = desk.agents.values().collect();
    agents.sort_by_key(|agent| {
        let contacts: u32 = Channel::ALL.iter().map(|channel| agent.active_slots(*channel)).sum();
        let profile = desk.users.get(&agent.user).and_then(|(profile, _)| desk.profiles.get(profile));
        let timer = profile.and_then(|profile| profile.availability_timer);
        let by_inbound = timer == Some(AgentAvailabilityTimer::SinceLastInbound);
        (contacts, if by_inbound { agent.last_inbound } else { agent.last_activity }, agent.user)
    });
    agents.into_iter().find_map(|agent| {
        let fitting = desk.tasks.values().filter_map(|task| {
            let (is_own, profile_priority) = may_take(desk, agent, task, now)?;
            let age = now.since(task.ranked_since) + i64::from(task.adjustment_seconds) * 1_000;
            Some(((!is_own, profile_priority, task.priority, Reverse(age), task.contact), task.contact))
        });
        fitting.min().map(|(_, contact)| Offer { contact, agent: agent.user })
    })
}

#[derive(Clone, Debug)]
enum Change {
    Task(Task),
    NoTask(ContactId),
    Profile(RoutingProfile),
    NoProfile(RoutingProfileId),
    User(UserId, RoutingProfileId, Vec<Proficiency>),
    NoUser(UserId),
    Status(UserId, AgentStatusKind, bool, bool),
    Leaves(UserId, usize),
    Becomes(UserId, usize, AgentContactState),
    Later(i64),
    Decline,
}

const QUEUES: u8 = 4;
const USERS: u8 = 5;

fn user() -> impl Strategy<Value = UserId> {
    (1..=USERS).prop_map(|n| UserId::from_bytes([n; 16]))
}

fn profile_id() -> impl Strategy<Value = RoutingProfileId> {
    (1..=3u8).prop_map(|n| RoutingProfileId::from_bytes([n; 16]))
}

fn contact() -> impl Strategy<Value = ContactId> {
    (1..=20u8).prop_map(|n| ContactId::from_bytes([n; 16]))
}

fn standard_queue() -> impl Strategy<Value = QueueId> {
    (1..=QUEUES).prop_map(|n| QueueId::from_bytes([n + 100; 16]))
}

fn channel() -> impl Strategy<Value = Channel> {
    prop_oneof![4 => Just(Channel::Task), 1 => Just(Channel::Chat), 1 => Just(Channel::Voice)]
}

fn expression() -> impl Strategy<Value = Expression> {
    let at_least = (0..3u8, 1..=4u8).prop_map(|(name, level)| AttributeCondition::AtLeast {
        name: format!("skill {name}"),
        value: "yes".into(),
        level: Level::new(f32::from(level)).expect("1 to 4 is a level"),
    });
    let agents = vec(user(), 1..3).prop_map(AttributeCondition::Agents);
    prop_oneof![
        3 => at_least.clone().prop_map(Expression::Attribute),
        1 => at_least.prop_map(Expression::Not),
        1 => agents.prop_map(Expression::Attribute),
    ]
}

fn task() -> impl Strategy<Value = Task> {
    let queue = prop_oneof![5 => standard_queue(), 1 => user().prop_map(QueueId::of_agent)];
    let times = (0..60_000i64, 0..60_000i64, prop_oneof![3 => Just(0), 1 => -30..30i32]);
    let priority = prop_oneof![3 => Just(5i64), 1 => 1..9i64];
    (contact(), queue, channel(), priority, times, prop::option::weighted(0.4, expression())).prop_map(
        |(contact, queue, channel, priority, (enqueued, ranked, adjustment_seconds), expression)| Task {
            contact,
            queue,
            channel,
            priority,
            enqueued: Timestamp(enqueued),
            ranked_since: Timestamp(ranked.min(enqueued)),
            adjustment_seconds,
            expression,
        },
    )
}

fn profile() -> impl Strategy<Value = RoutingProfile> {
    let cross = prop::option::of(prop::sample::select(CrossChannelBehavior::ALL));
    let media = (channel(), 1..4u8, cross).prop_map(|(channel, concurrency, cross_channel)| MediaConcurrency {
        channel,
        concurrency,
        cross_channel,
    });
    let delay = prop_oneof![2 => Just(0), 1 => 1..40u32];
    let queue = (standard_queue(), channel(), 1..4u32, delay)
        .prop_map(|(queue, channel, priority, delay_seconds)| QueueConfig { queue, channel, priority, delay_seconds });
    let timer = prop::option::of(prop::sample::select(AgentAvailabilityTimer::ALL));
    let manual = (standard_queue(), channel()).prop_map(|(queue, channel)| ManualQueueConfig { queue, channel });
    (profile_id(), vec(media, 1..4), vec(queue, 0..7), vec(manual, 0..2), timer).prop_map(
        |(id, mut concurrencies, mut queues, manual_queues, availability_timer)| {
            concurrencies.sort_by_key(|media| media.channel);
            concurrencies.dedup_by_key(|media| media.channel);
            queues.sort_by_key(|config| (config.queue, config.channel));
            queues.dedup_by_key(|config| (config.queue, config.channel));
            RoutingProfile {
                id,
                name: String::new(),
                description: String::new(),
                concurrencies,
                default_outbound_queue: QueueId::from_bytes([101; 16]),
                queues,
                manual_queues,
                availability_timer,
                is_default: false,
                tags: engine::tag::Tags::default(),
                last_modified: Timestamp(0),
            }
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    let skill = (0..3u8, 1..=4u8).prop_map(|(name, level)| Proficiency {
        attribute: format!("skill {name}"),
        value: "yes".into(),
        level: f32::from(level),
    });
    let states = prop::sample::select(AgentContactState::ALL);
    let kinds = prop_oneof![3 => Just(AgentStatusKind::Routable), 1 => prop::sample::select(AgentStatusKind::ALL)];
    prop_oneof![
        10 => task().prop_map(Change::Task),
        2 => contact().prop_map(Change::NoTask),
        3 => profile().prop_map(Change::Profile),
        1 => profile_id().prop_map(Change::NoProfile),
        4 => (user(), profile_id(), vec(skill, 0..3)).prop_map(|(user, id, skills)| Change::User(user, id, skills)),
        1 => user().prop_map(Change::NoUser),
        5 => (user(), kinds, prop::bool::weighted(0.1), prop::bool::weighted(0.1))
            .prop_map(|(user, kind, waits, absent)| Change::Status(user, kind, waits, absent)),
        5 => (user(), 0..4usize).prop_map(|(user, n)| Change::Leaves(user, n)),
        3 => (user(), 0..4usize, states).prop_map(|(user, n, state)| Change::Becomes(user, n, state)),
        4 => (1..20_000i64).prop_map(Change::Later),
        1 => Just(Change::Decline),
    ]
}

impl Change {
    fn apply(self, desk: &mut Desk, now: &mut Timestamp) {
        match self {
            Change::Task(task) => desk.put_task(task),
            Change::NoTask(contact) => {
                desk.remove_task(contact);
            }
            Change::Profile(profile) => desk.put_profile(profile),
            Change::NoProfile(id) => {
                // A profile that users have cannot be deleted.
                if desk.users.values().all(|(profile, _)| *profile != id) {
                    desk.router.remove_profile(id);
                    desk.profiles.remove(&id);
                }
            }
            Change::User(user, profile, skills) => desk.put_user(user, profile, skills),
            Change::NoUser(user) => desk.remove_user(user),
            Change::Status(user, kind, waits, is_absent) => desk.change_agent(user, *now, |agent| {
                agent.status = status(kind);
                agent.next = waits.then(|| next_status(AgentStatusKind::Offline, *now));
                agent.presence = if is_absent { absent(*now) } else { engine::agent::Presence::Program };
            }),
            Change::Leaves(user, n) => desk.change_agent(user, *now, |agent| {
                if n < agent.contacts.len() {
                    agent.contacts.remove(n);
                }
                agent.last_activity = *now;
            }),
            Change::Becomes(user, n, state) => desk.change_agent(user, *now, |agent| {
                if let Some(entry) = agent.contacts.get_mut(n) {
                    entry.state = state;
                }
                agent.last_inbound = *now;
            }),
            Change::Later(millis) => *now = now.plus_millis(millis),
            Change::Decline => {
                if let Some(offer) = desk.router.next(*now) {
                    desk.decline(offer);
                }
            }
        }
    }
}

/// Compares everything that can be asked, and carries out so many offers.
fn agree(desk: &mut Desk, now: Timestamp, offers: usize) {
    for _ in 0..=offers {
        let expected = best(desk, now);
        assert_eq!(desk.router.next(now), expected, "at {now:?}");
        assert_eq!(desk.router.next(now), expected, "asked again");
        assert!(desk.router.next_due().is_none_or(|due| due > now), "no due time is past");
        match expected {
            Some(offer) => desk.carry_out(offer, now),
            None => break,
        }
    }
    for task in desk.tasks.values() {
        let before = desk.tasks.values().filter(|other| other.queue == task.queue && rank(other) < rank(task)).count();
        assert_eq!(desk.router.position_in_queue(task.contact), Some(before as u32 + 1));
    }
    for task in desk.tasks.values() {
        for user in desk.users.keys() {
            let fits = desk.agents.get(user).is_some_and(|agent| may_take(desk, agent, task, now).is_some());
            let verdict = desk.router.why_not(task.contact, *user, now);
            let possible = matches!(verdict, Some(Verdict::Next | Verdict::HigherRanked(_)));
            assert_eq!(possible, fits, "{verdict:?} of {task:?} and {user:?}");
        }
    }
    for n in 1..=QUEUES {
        let queue = QueueId::from_bytes([n + 100; 16]);
        let serves = |agent: &&Agent| {
            let profile = desk.users.get(&agent.user).and_then(|(profile, _)| desk.profiles.get(profile));
            profile.is_some_and(|profile| profile.queues.iter().any(|config| config.queue == queue))
        };
        let online = desk.agents.values().filter(serves).filter(|agent| agent.status.kind != AgentStatusKind::Offline);
        assert_eq!(desk.router.agents_of_queue(queue).online, online.count() as u32);
    }
}

fn rank(task: &Task) -> (i64, Timestamp, ContactId) {
    (task.priority, task.ranked_since.plus_seconds(-i64::from(task.adjustment_seconds)), task.contact)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_router_agrees_with_the_model(changes in vec((change(), 0..4usize), 1..120)) {
        let mut desk = Desk::default();
        let mut now = Timestamp(30_000);
        for (change, offers) in changes {
            change.apply(&mut desk, &mut now);
            agree(&mut desk, now, offers);
        }
    }

    /// What waited when the instance was opened is as if it came one by one.
    #[test]
    fn a_backlog_agrees_with_the_model(tasks in vec(task(), 0..60), changes in vec((change(), 0..4usize), 1..40)) {
        let mut desk = Desk::open(tasks);
        let mut now = Timestamp(30_000);
        for (change, offers) in changes {
            change.apply(&mut desk, &mut now);
            agree(&mut desk, now, offers);
        }
    }

    /// Whoever sleeps until the next due time misses nothing.
    #[test]
    fn nothing_becomes_possible_before_it_is_due(changes in vec(change(), 1..60), millis in 1..60_000i64) {
        let mut desk = Desk::default();
        let mut now = Timestamp(30_000);
        for change in changes {
            change.apply(&mut desk, &mut now);
        }
        while let Some(offer) = desk.router.next(now) {
            desk.carry_out(offer, now);
        }
        let end = desk.router.next_due().map_or(now.plus_millis(millis), |due| due.plus_millis(-1));
        prop_assert_eq!(best(&desk, end.max(now)), None);
    }
}
