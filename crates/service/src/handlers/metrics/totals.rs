//! Sums over what a metric is asked of.

use std::collections::{BTreeMap, BTreeSet};

use engine::agent_status::AgentStatusKind;
use engine::routing_profile::{Channel, RoutingProfile};
use engine::{AgentStatusId, QueueId, RoutingProfileId, Timestamp};

use crate::agent_counts::{AtAgent, Joined, Occupation};
use crate::tx::Tx;

/// The channel of all contacts.
const CONTACTS: Channel = Channel::Task;

/// Whom and what a metric is about.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// The contacts of these queues, and the agents who serve them.
    Queues {
        /// The queues.
        queues: BTreeSet<QueueId>,
        /// Only agents of these routing profiles; none is any.
        profiles: Option<BTreeSet<RoutingProfileId>>,
    },
    /// The agents of these routing profiles, and the contacts of the queues that they serve.
    Profiles(BTreeSet<RoutingProfileId>),
}

/// What a metric is asked of.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Whom and what it is about.
    pub subject: Subject,
    /// Only these channels.
    pub channels: Vec<Channel>,
    /// Only agents in these statuses; none is any.
    pub statuses: Option<BTreeSet<AgentStatusId>>,
}

/// The metrics of agents (`contact-events.md` section 4). Each agent counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AgentTotals {
    /// In any status but Offline.
    pub online: u64,
    /// With a free slot for what the scope is about.
    pub available: u64,
    /// Available, on a contact or in after contact work.
    pub staffed: u64,
    /// In a custom status.
    pub non_productive: u64,
    /// With a contact that they joined, paused or not.
    pub on_contact: u64,
    /// In after contact work.
    pub after_contact_work: u64,
    /// With a missed contact that is not cleared.
    pub missed: u64,
    /// With a missed, rejected or failed contact that is not cleared.
    pub error: u64,
    /// Slots taken.
    pub slots_active: u64,
    /// Slots free.
    pub slots_available: u64,
    /// What they work on.
    pub joined: Joined,
}

/// The metrics of contacts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ContactTotals {
    /// In the queues.
    pub in_queue: u64,
    /// Since when the one is that came first.
    pub oldest: Option<Timestamp>,
    /// With a start to come.
    pub scheduled: u64,
}

impl Scope {
    /// The routing profiles whose agents are meant, each with the channels that are.
    fn servers(&self, tx: &Tx<'_>) -> BTreeMap<RoutingProfileId, BTreeSet<Channel>> {
        let mut servers: BTreeMap<RoutingProfileId, BTreeSet<Channel>> = BTreeMap::new();
        match &self.subject {
            Subject::Profiles(profiles) => {
                servers.extend(profiles.iter().map(|profile| (*profile, self.channels.iter().copied().collect())));
            }
            Subject::Queues { queues, profiles } => {
                let counts = tx.agent_counts();
                for (profile, channels) in queues.iter().flat_map(|queue| counts.servers(*queue)) {
                    if profiles.as_ref().is_none_or(|wanted| wanted.contains(&profile)) {
                        let wanted = channels.iter().filter(|channel| self.channels.contains(channel));
                        servers.entry(profile).or_default().extend(wanted);
                    }
                }
            }
        }
        servers.retain(|_, channels| !channels.is_empty());
        servers
    }

    /// The queues whose contacts are meant.
    fn queues(&self, tx: &Tx<'_>) -> BTreeSet<QueueId> {
        match &self.subject {
            Subject::Queues { queues, .. } => queues.clone(),
            Subject::Profiles(profiles) => {
                let counts = tx.agent_counts();
                let served = profiles.iter().flat_map(|profile| counts.served(*profile));
                served.filter(|(_, channel)| *channel == CONTACTS).map(|(queue, _)| *queue).collect()
            }
        }
    }

    /// Sums the metrics of agents.
    pub(super) fn agents(&self, tx: &Tx<'_>) -> AgentTotals {
        let mut totals = AgentTotals::default();
        for (id, channels) in self.servers(tx) {
            let Some(profile) = tx.get::<RoutingProfile>(id.as_bytes()) else { continue };
            for (occupation, agents) in tx.agent_counts().occupations(id) {
                if self.statuses.as_ref().is_none_or(|wanted| wanted.contains(&occupation.status)) {
                    totals.add(&profile, &channels, occupation, u64::from(agents));
                }
            }
            totals.joined.add(tx.agent_counts().joined(id));
        }
        totals
    }

    /// Sums the metrics of contacts.
    pub(super) fn contacts(&self, tx: &Tx<'_>) -> ContactTotals {
        let mut totals = ContactTotals::default();
        if self.channels.contains(&CONTACTS) {
            for queue in self.queues(tx) {
                let counts = tx.queue_counts(&queue);
                totals.in_queue += counts.in_queue as u64;
                totals.oldest = totals.oldest.into_iter().chain(counts.oldest).min();
                totals.scheduled += counts.scheduled as u64;
            }
        }
        totals
    }
}

impl AgentTotals {
    fn add(&mut self, profile: &RoutingProfile, channels: &BTreeSet<Channel>, occupation: &Occupation, agents: u64) {
        let sum = |of: fn(&AtAgent) -> u32| -> u64 {
            channels.iter().map(|channel| u64::from(of(occupation.on(*channel)))).sum()
        };
        let free: u64 = channels.iter().map(|channel| u64::from(occupation.free_slots(profile, *channel))).sum();
        let if_any = |count: u64| if count > 0 { agents } else { 0 };
        self.online += if_any(u64::from(occupation.is_online()));
        self.available += if_any(free);
        self.staffed += if_any(u64::from(occupation.is_staffed()));
        self.non_productive += if_any(u64::from(occupation.kind == AgentStatusKind::Custom));
        self.on_contact += if_any(sum(AtAgent::on_contact));
        self.after_contact_work += if_any(sum(|on| on.ended));
        self.missed += if_any(sum(|on| on.missed));
        self.error += if_any(sum(|on| on.uncleared));
        self.slots_active += agents * sum(AtAgent::active);
        self.slots_available += agents * free;
    }
}
