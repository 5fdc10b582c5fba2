use engine::agent::{AgentContact, NextStatus, Presence, StatusRef};
use engine::contact::InitiationMethod;
use engine::routing_profile::{MediaConcurrency, QueueConfig};
use engine::{AgentStatusId, ContactId};
use routing::Router;

use super::*;

/// Numbers without an end, the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn id<T>(of: fn([u8; 16]) -> T, n: u64) -> T {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    of(bytes)
}

const KINDS: [AgentStatusKind; 3] = [AgentStatusKind::Routable, AgentStatusKind::Offline, AgentStatusKind::Custom];

fn agent(user: UserId, random: &mut Random) -> Agent {
    let status = |n: u64| StatusRef { id: id(AgentStatusId::from_bytes, n), kind: KINDS[n as usize] };
    let mut agent = Agent::new(user, id(AgentStatusId::from_bytes, 1), Timestamp(0));
    agent.status = status(random.below(3));
    if random.below(4) == 0 {
        agent.next = Some(NextStatus { status: status(2), enqueued: Timestamp(0) });
    }
    if random.below(6) == 0 {
        agent.presence = Presence::Absent(Timestamp(0));
    }
    for n in 0..random.below(4) {
        let state = AgentContactState::ALL[random.below(AgentContactState::ALL.len() as u64) as usize];
        let joined = !state.is_uncleared() && state != AgentContactState::Connecting;
        agent.contacts.push(AgentContact {
            contact: id(ContactId::from_bytes, n),
            initial: id(ContactId::from_bytes, n),
            channel: Channel::ALL[random.below(CHANNELS as u64) as usize],
            state,
            since: Timestamp(0),
            connected: joined.then(|| Timestamp(random.below(1_000_000) as i64)),
            queue: None,
            enqueued: None,
            initiation_method: InitiationMethod::Api,
            expires_soon: false,
        });
    }
    agent
}

fn profile(n: u64, random: &mut Random) -> RoutingProfile {
    let mut profile = RoutingProfile {
        id: id(RoutingProfileId::from_bytes, n),
        name: String::new(),
        description: String::new(),
        concurrencies: Vec::new(),
        default_outbound_queue: id(QueueId::from_bytes, 0),
        queues: Vec::new(),
        manual_queues: Vec::new(),
        availability_timer: None,
        is_default: false,
        tags: engine::tag::Tags::new(),
        last_modified: Timestamp(0),
    };
    for &channel in Channel::ALL {
        let cross_channel = (random.below(2) == 0).then_some(CrossChannelBehavior::AnyChannel);
        profile.concurrencies.push(MediaConcurrency { channel, concurrency: random.below(4) as u8, cross_channel });
        for n in 0..3 {
            if random.below(3) == 0 {
                let queue = id(QueueId::from_bytes, n);
                profile.queues.push(QueueConfig { queue, channel, priority: 1, delay_seconds: 0 });
            }
        }
    }
    profile
}

/// The records, the counts that follow them, and the router, which counts some of the same in its own way.
#[derive(Default)]
struct Instance {
    users: BTreeMap<UserId, RoutingProfileId>,
    agents: BTreeMap<UserId, Agent>,
    profiles: BTreeMap<RoutingProfileId, RoutingProfile>,
    counts: AgentCounts,
    router: Router,
}

impl Instance {
    fn change(&mut self, random: &mut Random) {
        let user = id(UserId::from_bytes, random.below(8));
        let profile_id = id(RoutingProfileId::from_bytes, random.below(3));
        match random.below(12) {
            0..=5 if self.users.contains_key(&user) => {
                let agent = agent(user, random);
                self.counts.put_agent(&agent);
                self.router.put_agent(&agent);
                self.agents.insert(user, agent);
            }
            6..=8 if self.profiles.contains_key(&profile_id) => {
                self.counts.put_user(user, profile_id);
                self.router.put_user(user, profile_id, &[]);
                self.users.insert(user, profile_id);
            }
            9 => {
                self.counts.remove_agent(user);
                self.router.remove_agent(user);
                self.counts.remove_user(user);
                self.router.remove_user(user);
                self.agents.remove(&user);
                self.users.remove(&user);
            }
            10 if !self.users.values().any(|of| *of == profile_id) => {
                self.counts.remove_profile(profile_id);
                self.router.remove_profile(profile_id);
                self.profiles.remove(&profile_id);
            }
            _ => {
                let profile = profile(random.below(3), random);
                self.counts.put_profile(&profile);
                self.router.put_profile(&profile);
                self.profiles.insert(profile.id, profile);
            }
        }
    }

    fn recounted(&self) -> AgentCounts {
        let mut counts = AgentCounts::default();
        self.profiles.values().for_each(|profile| counts.put_profile(profile));
        self.users.iter().for_each(|(user, profile)| counts.put_user(*user, *profile));
        self.agents.values().for_each(|agent| counts.put_agent(agent));
        counts
    }

    /// What a look at every agent gives, of the agents who serve a queue: available, staffed, online.
    fn looked_at(&self, queue: QueueId) -> (u32, u32, u32) {
        let mut found = (0, 0, 0);
        for (user, agent) in &self.agents {
            let profile = &self.profiles[&self.users[user]];
            let channels = profile.queues.iter().filter(|config| config.queue == queue).map(|config| config.channel);
            let channels: Vec<Channel> = channels.collect();
            if channels.is_empty() {
                continue;
            }
            let occupation = Occupation::of(agent);
            found.0 += u32::from(channels.iter().any(|channel| occupation.free_slots(profile, *channel) > 0));
            found.1 += u32::from(occupation.is_staffed());
            found.2 += u32::from(occupation.is_online());
        }
        found
    }

    /// The same from the counts.
    fn summed(&self, queue: QueueId) -> (u32, u32, u32) {
        let mut sum = (0, 0, 0);
        for (id, channels) in self.counts.servers(queue) {
            let profile = &self.profiles[&id];
            for (occupation, agents) in self.counts.occupations(id) {
                let is_available = channels.iter().any(|channel| occupation.free_slots(profile, *channel) > 0);
                sum.0 += agents * u32::from(is_available);
                sum.1 += agents * u32::from(occupation.is_staffed());
                sum.2 += agents * u32::from(occupation.is_online());
            }
        }
        sum
    }
}

#[test]
fn counts_after_random_changes_are_those_of_a_recount_of_a_look_at_every_agent_and_of_the_router() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let mut instance = Instance::default();
        for _ in 0..300 {
            instance.change(&mut random);
            assert_eq!(instance.counts, instance.recounted(), "seed {seed}");
            for n in 0..3 {
                let queue = id(QueueId::from_bytes, n);
                let routed = instance.router.agents_of_queue(queue);
                let routed = (routed.available, routed.staffed, routed.online);
                assert_eq!(instance.summed(queue), routed, "seed {seed}");
                assert_eq!(instance.looked_at(queue), routed, "seed {seed}");
            }
        }
    }
}

#[test]
fn the_mean_age_of_what_agents_work_on_follows_time() {
    let mut joined = Joined { contacts: 2, since_sum_ms: 3_000 };
    joined.add(Joined { contacts: 1, since_sum_ms: 3_000 });
    assert_eq!(joined.mean_age_ms(Timestamp(10_000)), Some(8_000.0));
    assert_eq!(Joined::default().mean_age_ms(Timestamp(10_000)), None);
}
