//! Why a waiting contact is with nobody: for each agent the first rule that keeps the contact away.
//!
//! Settings come before what passes by itself, and that before the work of the moment: an agent whose profile has not got the queue is not
//! told to be busy. The words for people are not here.

use std::collections::BTreeMap;
use std::ops::Bound;

use engine::agent_status::AgentStatusKind;
use engine::routing_profile::Channel;
use engine::{ContactId, QueueId, Timestamp, UserId};

use crate::agent::{Seat, Work};
use crate::arena::Idx;
use crate::lane::{Group, Lane};
use crate::line::Waiting;
use crate::matching::waits_since;
use crate::profile::Profile;
use crate::router::Router;

/// At most so many agents are looked at in one slice, so that nothing else waits long for it.
pub const SLICE_AGENTS_MAX: usize = 256;

/// Whether an agent can be offered a contact now, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the agent's next offer, unless an agent whose turn is before takes it.
    Next,
    /// Everything fits, but the agent is offered this contact first.
    HigherRanked(ContactId),
    /// It waits in the own queue of somebody else.
    OwnQueueOfAnother,
    /// The agent has no routing profile.
    NoProfile,
    /// The profile has not got the queue.
    QueueNotInProfile,
    /// The profile has the queue, but not on the contact's channel.
    ChannelNotInProfile,
    /// The profile has the queue for assignment by hand only.
    ManualQueue,
    /// The profile has no slots for the contact's channel.
    ChannelWithoutSlots,
    /// The active step of the contact's routing criteria is for others.
    Criteria,
    /// The delay of the queue in the profile goes on until then.
    DelayedUntil(Timestamp),
    /// The agent missed or rejected the contact, and that is not cleared.
    RefusedBefore,
    /// An offer could not be carried out; the next one is after the agent's next change.
    Declined,
    /// The agent is in a status that is not routable; an agent who was never seen is Offline.
    Status(AgentStatusKind),
    /// The agent goes to another status as soon as the present work is done.
    NextStatus,
    /// Nobody is there: the agent's event stream is gone for too long.
    Absent,
    /// The agent has so many contacts that no other fits.
    Full,
    /// All slots for the channel are taken.
    SlotsTaken {
        /// How many the profile gives.
        slots: u32,
        /// How many are taken: more when a contact was given to the agent by name.
        active: u32,
    },
    /// The agent is on this channel, which allows no other beside it.
    OtherChannel(Channel),
}

/// What agents are counted by: a [`Verdict`] without what differs from agent to agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are those of Verdict")]
pub enum Rule {
    Next,
    HigherRanked,
    OwnQueueOfAnother,
    NoProfile,
    QueueNotInProfile,
    ChannelNotInProfile,
    ManualQueue,
    ChannelWithoutSlots,
    Criteria,
    Delayed,
    RefusedBefore,
    Declined,
    Status(AgentStatusKind),
    NextStatus,
    Absent,
    Full,
    SlotsTaken,
    OtherChannel,
}

/// Some agents in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Each with the verdict.
    pub agents: Vec<(UserId, Verdict)>,
    /// Whether there are agents after the last of these.
    pub more: bool,
}

/// Agents counted by rule, slice by slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many agents each rule keeps away. Rules that keep nobody away are not there.
    pub agents: BTreeMap<Rule, u32>,
}

impl Verdict {
    /// What it is counted by.
    pub fn rule(&self) -> Rule {
        match self {
            Verdict::Next => Rule::Next,
            Verdict::HigherRanked(_) => Rule::HigherRanked,
            Verdict::OwnQueueOfAnother => Rule::OwnQueueOfAnother,
            Verdict::NoProfile => Rule::NoProfile,
            Verdict::QueueNotInProfile => Rule::QueueNotInProfile,
            Verdict::ChannelNotInProfile => Rule::ChannelNotInProfile,
            Verdict::ManualQueue => Rule::ManualQueue,
            Verdict::ChannelWithoutSlots => Rule::ChannelWithoutSlots,
            Verdict::Criteria => Rule::Criteria,
            Verdict::DelayedUntil(_) => Rule::Delayed,
            Verdict::RefusedBefore => Rule::RefusedBefore,
            Verdict::Declined => Rule::Declined,
            Verdict::Status(kind) => Rule::Status(*kind),
            Verdict::NextStatus => Rule::NextStatus,
            Verdict::Absent => Rule::Absent,
            Verdict::Full => Rule::Full,
            Verdict::SlotsTaken { .. } => Rule::SlotsTaken,
            Verdict::OtherChannel(_) => Rule::OtherChannel,
        }
    }
}

impl Tally {
    /// Counts these, too.
    pub fn add(&mut self, slice: &Slice) {
        for (_, verdict) in &slice.agents {
            *self.agents.entry(verdict.rule()).or_default() += 1;
        }
    }
}

impl Router {
    /// Why a contact is not offered to an agent at `now`. None if the contact does not wait or there is no such user.
    pub fn why_not(&self, contact: ContactId, agent: UserId, now: Timestamp) -> Option<Verdict> {
        let node = &self.nodes[*self.contacts.get(&contact)?];
        Some(self.verdict(node, *self.seat_of.get(&agent)?, now))
    }

    /// The same for `count` agents after the given one, at most for [`SLICE_AGENTS_MAX`]. None if the contact does not wait.
    ///
    /// Between two slices everything may change: each agent's verdict is that of its slice.
    pub fn explain(&self, contact: ContactId, after: Option<UserId>, count: usize, now: Timestamp) -> Option<Slice> {
        let node = &self.nodes[*self.contacts.get(&contact)?];
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut seats = self.seat_of.range((after, Bound::Unbounded));
        let some = seats.by_ref().take(count.min(SLICE_AGENTS_MAX));
        let agents = some.map(|(user, seat)| (*user, self.verdict(node, *seat, now))).collect();
        Some(Slice { agents, more: seats.next().is_some() })
    }

    fn verdict(&self, node: &Waiting, idx: Idx<Seat>, now: Timestamp) -> Verdict {
        let (at, contact) = (self.clock.max(now), node.contact());
        let seat = &self.seats[idx];
        let Group { lane, expression, .. } = self.groups[node.group];
        let Lane { queue, channel, .. } = self.lanes[lane];
        let Some(profile) = seat.profile.map(|profile| &self.profiles[profile]) else {
            return Verdict::NoProfile;
        };
        let slots = profile.slots[channel as usize];
        let is_own = queue == QueueId::of_agent(seat.user);
        let served = profile.served.iter().find(|served| served.lane == lane);
        if !is_own && served.is_none() {
            return self.not_served(queue, channel, profile);
        }
        if slots == 0 {
            return Verdict::ChannelWithoutSlots;
        }
        if let Some(served) = served.filter(|_| !is_own) {
            if expression.is_some_and(|expression| !seat.skills.match_now(seat.user, &self.expressions, expression)) {
                return Verdict::Criteria;
            }
            if node.enqueued > waits_since(at, served.delay_ms) {
                return Verdict::DelayedUntil(node.enqueued.plus_millis(served.delay_ms));
            }
        }
        let Some(work) = &seat.work else {
            return Verdict::Status(AgentStatusKind::Offline);
        };
        of_work(work, seat, contact)
            .or_else(|| of_slots(work, profile, channel))
            .unwrap_or_else(|| self.of_rank(idx, contact, at))
    }

    /// The profile has not got the lane: what it has instead.
    fn not_served(&self, queue: QueueId, channel: Channel, profile: &Profile) -> Verdict {
        if self.seat_of.contains_key(&UserId(queue.0)) {
            Verdict::OwnQueueOfAnother
        } else if profile.manual.iter().any(|manual| manual.queue == queue && manual.channel == channel) {
            Verdict::ManualQueue
        } else if profile.served.iter().any(|served| self.lanes[served.lane].queue == queue) {
            Verdict::ChannelNotInProfile
        } else {
            Verdict::QueueNotInProfile
        }
    }

    /// The agent could take it: what the agent is offered first.
    fn of_rank(&self, idx: Idx<Seat>, contact: ContactId, at: Timestamp) -> Verdict {
        let seat = &self.seats[idx];
        let matches = |expression| seat.skills.match_now(seat.user, &self.expressions, expression);
        match self.best_contact(idx, at, matches) {
            Some(first) if first.contact != contact => Verdict::HigherRanked(first.contact),
            _ => Verdict::Next,
        }
    }
}

/// What keeps the agent from the contact whatever slots are free.
fn of_work(work: &Work, seat: &Seat, contact: ContactId) -> Option<Verdict> {
    if work.uncleared.contains(&contact) {
        Some(Verdict::RefusedBefore)
    } else if seat.without.contains(&contact) {
        Some(Verdict::Declined)
    } else if work.status != AgentStatusKind::Routable {
        Some(Verdict::Status(work.status))
    } else if work.awaits_status {
        Some(Verdict::NextStatus)
    } else if work.is_absent {
        Some(Verdict::Absent)
    } else {
        work.is_full.then_some(Verdict::Full)
    }
}

fn of_slots(work: &Work, profile: &Profile, channel: Channel) -> Option<Verdict> {
    let (slots, active) = (profile.slots[channel as usize], work.active[channel as usize]);
    if active >= slots {
        return Some(Verdict::SlotsTaken { slots, active });
    }
    profile.excluded_by(&work.active, channel).map(Verdict::OtherChannel)
}
