//! How agents are occupied, counted as their records change: what real-time metrics are read from.
//!
//! Agents of a routing profile in equal circumstances are one [`Occupation`] with a number, so a change of an agent
//! moves one of them, a change of a profile's slots moves none, and a metric is a sum over the few that there are.
//! Derived from records like everything in a world; nobody sets a counter.

use std::collections::{BTreeMap, HashMap};

use engine::agent::{Agent, AgentContactState};
use engine::agent_status::AgentStatusKind;
use engine::routing_profile::{Channel, CrossChannelBehavior, RoutingProfile};
use engine::{AgentStatusId, QueueId, RoutingProfileId, Timestamp, UserId};

const CHANNELS: usize = Channel::ALL.len();

/// How many contacts of one channel an agent has, by their state there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AtAgent {
    /// Offered, or about to join.
    pub connecting: u32,
    /// Joined.
    pub connected: u32,
    /// Joined and paused.
    pub paused: u32,
    /// In after contact work.
    pub ended: u32,
    /// Missed, rejected or failed, and not cleared.
    pub uncleared: u32,
    /// Missed, and not cleared.
    pub missed: u32,
}

impl AtAgent {
    fn add(&mut self, state: AgentContactState) {
        match state {
            AgentContactState::Connecting => self.connecting += 1,
            AgentContactState::Connected => self.connected += 1,
            AgentContactState::Paused => self.paused += 1,
            AgentContactState::Ended => self.ended += 1,
            AgentContactState::Missed => {
                self.uncleared += 1;
                self.missed += 1;
            }
            AgentContactState::Rejected | AgentContactState::Error => self.uncleared += 1,
        }
    }

    /// Slots taken: paused contacts take none (`routing.md` section 3).
    pub fn active(&self) -> u32 {
        self.connecting + self.connected + self.ended + self.uncleared
    }

    /// Contacts that the agent works on.
    pub fn on_contact(&self) -> u32 {
        self.connected + self.paused
    }
}

/// What metrics tell agents of one routing profile apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occupation {
    /// Their status.
    pub status: AgentStatusId,
    /// Its meaning.
    pub kind: AgentStatusKind,
    /// Whether status and presence allow offers.
    pub is_routable: bool,
    /// What they have, by channel.
    contacts: [AtAgent; CHANNELS],
}

impl Occupation {
    fn of(agent: &Agent) -> Self {
        let mut contacts = [AtAgent::default(); CHANNELS];
        for entry in &agent.contacts {
            contacts[entry.channel as usize].add(entry.state);
        }
        let (status, kind) = (agent.status.id, agent.status.kind);
        Occupation { status, kind, is_routable: agent.is_routable(), contacts }
    }

    /// What they have of a channel.
    pub fn on(&self, channel: Channel) -> &AtAgent {
        &self.contacts[channel as usize]
    }

    /// In any status but Offline (`routing.md` section 4).
    pub fn is_online(&self) -> bool {
        self.kind != AgentStatusKind::Offline
    }

    /// Available, on a contact or in after contact work (`routing.md` section 4).
    pub fn is_staffed(&self) -> bool {
        let has_contacts = |on: &AtAgent| on.connecting + on.connected + on.paused + on.ended > 0;
        self.is_routable || self.is_online() && self.contacts.iter().any(has_contacts)
    }

    /// How many more contacts of a channel such an agent of the profile takes. On a channel that goes alone, the agent
    /// takes no others (`routing.md` section 3).
    pub fn free_slots(&self, profile: &RoutingProfile, channel: Channel) -> u32 {
        let goes_alone = |on: Channel| {
            let media = profile.concurrencies.iter().find(|media| media.channel == on);
            media.is_none_or(|media| media.cross_channel != Some(CrossChannelBehavior::AnyChannel))
        };
        let keeps_away = |on: &Channel| *on != channel && self.on(*on).active() > 0 && goes_alone(*on);
        if !self.is_routable || Channel::ALL.iter().any(keeps_away) {
            return 0;
        }
        profile.slots(channel).saturating_sub(self.on(channel).active())
    }
}

/// Contacts that agents have accepted and not ended, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Joined {
    /// How many.
    pub contacts: u64,
    since_sum_ms: i128,
}

impl Joined {
    fn of(agent: &Agent) -> Self {
        let works_on = |state| matches!(state, AgentContactState::Connected | AgentContactState::Paused);
        let mut joined = Joined::default();
        for since in agent.contacts.iter().filter(|entry| works_on(entry.state)).filter_map(|entry| entry.connected) {
            joined.contacts += 1;
            joined.since_sum_ms += i128::from(since.millis());
        }
        joined
    }

    /// Takes others in.
    pub fn add(&mut self, other: Joined) {
        self.contacts += other.contacts;
        self.since_sum_ms += other.since_sum_ms;
    }

    fn subtract(&mut self, other: Joined) {
        self.contacts -= other.contacts;
        self.since_sum_ms -= other.since_sum_ms;
    }

    /// For how long agents have had them on average, in milliseconds; none if there are none.
    pub fn mean_age_ms(&self, now: Timestamp) -> Option<f64> {
        let ages = i128::from(self.contacts) * i128::from(now.millis()) - self.since_sum_ms;
        (self.contacts > 0).then(|| (ages as f64 / self.contacts as f64).max(0.0))
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct ProfileCounts {
    occupations: BTreeMap<Occupation, u32>,
    joined: Joined,
}

/// A user, and how the agent is counted that the user is when at work.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    profile: Option<RoutingProfileId>,
    work: Option<(Occupation, Joined)>,
}

/// Agents by routing profile and occupation, and which profiles serve a queue.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AgentCounts {
    users: HashMap<UserId, Counted>,
    profiles: HashMap<RoutingProfileId, ProfileCounts>,
    served: HashMap<RoutingProfileId, Vec<(QueueId, Channel)>>,
    servers: BTreeMap<(QueueId, RoutingProfileId), Vec<Channel>>,
}

impl AgentCounts {
    /// An agent is new or changed.
    pub fn put_agent(&mut self, agent: &Agent) {
        let work = (Occupation::of(agent), Joined::of(agent));
        self.change(agent.user, |counted| counted.work = Some(work));
    }

    /// An agent's record is gone; the user may still be there.
    pub fn remove_agent(&mut self, user: UserId) {
        self.change(user, |counted| counted.work = None);
    }

    /// A user has this routing profile.
    pub fn put_user(&mut self, user: UserId, profile: RoutingProfileId) {
        self.change(user, |counted| counted.profile = Some(profile));
    }

    /// A user is gone.
    pub fn remove_user(&mut self, user: UserId) {
        self.change(user, |counted| counted.profile = None);
    }

    fn change(&mut self, user: UserId, change: impl FnOnce(&mut Counted)) {
        let counted = self.users.entry(user).or_default();
        if let (Some(profile), Some((occupation, joined))) = (counted.profile, counted.work) {
            let counts = self.profiles.get_mut(&profile).expect("the profile of a counted agent has counts");
            let agents = counts.occupations.get_mut(&occupation).expect("a counted agent is in its occupation");
            *agents -= 1;
            if *agents == 0 {
                counts.occupations.remove(&occupation);
            }
            counts.joined.subtract(joined);
            if counts.occupations.is_empty() {
                self.profiles.remove(&profile);
            }
        }
        change(counted);
        if let (Some(profile), Some((occupation, joined))) = (counted.profile, counted.work) {
            let counts = self.profiles.entry(profile).or_default();
            *counts.occupations.entry(occupation).or_default() += 1;
            counts.joined.add(joined);
        }
        if *counted == Counted::default() {
            self.users.remove(&user);
        }
    }

    /// A routing profile is new or changed.
    pub fn put_profile(&mut self, profile: &RoutingProfile) {
        self.remove_profile(profile.id);
        let pairs: Vec<_> = profile.queues.iter().map(|config| (config.queue, config.channel)).collect();
        for (queue, channel) in &pairs {
            self.servers.entry((*queue, profile.id)).or_default().push(*channel);
        }
        if !pairs.is_empty() {
            self.served.insert(profile.id, pairs);
        }
    }

    /// A routing profile is gone.
    pub fn remove_profile(&mut self, profile: RoutingProfileId) {
        for (queue, _) in self.served.remove(&profile).unwrap_or_default() {
            self.servers.remove(&(queue, profile));
        }
    }

    /// The routing profiles whose agents are offered contacts of a queue, each with the channels.
    pub fn servers(&self, queue: QueueId) -> impl Iterator<Item = (RoutingProfileId, &[Channel])> {
        let from = (queue, RoutingProfileId::from_bytes([0; 16]));
        let served = self.servers.range(from..).take_while(move |((of, _), _)| *of == queue);
        served.map(|((_, profile), channels)| (*profile, channels.as_slice()))
    }

    /// The queues and channels that a routing profile serves.
    pub fn served(&self, profile: RoutingProfileId) -> &[(QueueId, Channel)] {
        self.served.get(&profile).map_or(&[], Vec::as_slice)
    }

    /// The agents of a routing profile: how many there are in each occupation. Those who never were at work are in none.
    pub fn occupations(&self, profile: RoutingProfileId) -> impl Iterator<Item = (&Occupation, u32)> {
        let counts = self.profiles.get(&profile);
        counts
            .into_iter()
            .flat_map(|counts| counts.occupations.iter().map(|(occupation, agents)| (occupation, *agents)))
    }

    /// What the agents of a routing profile work on.
    pub fn joined(&self, profile: RoutingProfileId) -> Joined {
        self.profiles.get(&profile).map(|counts| counts.joined).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
