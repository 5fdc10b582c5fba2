//! Routing profiles as routing sees them, and the agents of each.

use std::collections::BTreeSet;

use engine::routing_profile::{
    AgentAvailabilityTimer, Channel, CrossChannelBehavior, ManualQueueConfig, RoutingProfile,
};

use crate::agent::{Place, Seat, Turn, Work};
use crate::arena::Idx;
use crate::lane::Lane;

/// How many channels there are.
pub(crate) const CHANNELS: usize = Channel::ALL.len();

/// Some of the channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Channels(u8);

impl Channels {
    /// How many sets of channels there are.
    const SETS: usize = 1 << CHANNELS;

    pub(crate) fn only(channel: Channel) -> Channels {
        Channels(1 << channel as u8)
    }

    pub(crate) fn add(&mut self, channel: Channel) {
        self.0 |= 1 << channel as u8;
    }

    pub(crate) fn has(self, channel: Channel) -> bool {
        self.0 & (1 << channel as u8) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Channel> {
        Channel::ALL.iter().copied().filter(move |channel| self.has(*channel))
    }
}

/// A lane that agents of a profile serve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    /// 1 first.
    pub(crate) priority: u32,
    pub(crate) lane: Idx<Lane>,
    pub(crate) channel: Channel,
    pub(crate) delay_ms: i64,
}

/// A routing profile.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// Slots by channel.
    pub(crate) slots: [u32; CHANNELS],
    /// Channels that allow others beside them.
    pub(crate) beside: Channels,
    pub(crate) timer: Option<AgentAvailabilityTimer>,
    /// By priority.
    pub(crate) served: Vec<Served>,
    pub(crate) manual: Vec<ManualQueueConfig>,
    pub(crate) members: BTreeSet<Idx<Seat>>,
    /// Agents who can be offered a contact of the channel, in the order in which they are.
    pub(crate) available: [BTreeSet<Turn>; CHANNELS],
    /// How many agents can be offered contacts of exactly these channels.
    available_on: [u32; Channels::SETS],
    pub(crate) staffed: u32,
    pub(crate) online: u32,
}

impl Profile {
    /// Takes the settings of a record, but for the queues.
    pub(crate) fn configure(&mut self, record: &RoutingProfile) {
        self.slots = [0; CHANNELS];
        self.beside = Channels::default();
        for media in &record.concurrencies {
            self.slots[media.channel as usize] = u32::from(media.concurrency);
            if media.cross_channel == Some(CrossChannelBehavior::AnyChannel) {
                self.beside.add(media.channel);
            }
        }
        self.timer = record.availability_timer;
        self.manual.clone_from(&record.manual_queues);
    }

    /// The channel on which an agent with so many contacts by channel is, and which keeps others away from the given one.
    pub(crate) fn excluded_by(&self, active: &[u32; CHANNELS], channel: Channel) -> Option<Channel> {
        let excludes = |on: &Channel| *on != channel && active[*on as usize] > 0 && !self.beside.has(*on);
        Channel::ALL.iter().copied().find(excludes)
    }

    /// Channels of which an agent with so many contacts by channel can take one more.
    pub(crate) fn open(&self, active: &[u32; CHANNELS]) -> Channels {
        let mut open = Channels::default();
        for &channel in Channel::ALL {
            let has_slot = active[channel as usize] < self.slots[channel as usize];
            if has_slot && self.excluded_by(active, channel).is_none() {
                open.add(channel);
            }
        }
        open
    }

    /// Takes an agent into the orders and the counts.
    pub(crate) fn list(&mut self, place: Place, work: &Work) {
        for channel in place.open.iter() {
            self.available[channel as usize].insert(place.turn);
        }
        self.available_on[usize::from(place.open.0)] += 1;
        self.staffed += u32::from(work.is_staffed());
        self.online += u32::from(work.is_online());
    }

    /// Takes an agent out of them.
    pub(crate) fn unlist(&mut self, place: Place, work: &Work) {
        for channel in place.open.iter() {
            self.available[channel as usize].remove(&place.turn);
        }
        self.available_on[usize::from(place.open.0)] -= 1;
        self.staffed -= u32::from(work.is_staffed());
        self.online -= u32::from(work.is_online());
    }

    /// How many agents can be offered a contact of one of these channels.
    pub(crate) fn available_on(&self, channels: Channels) -> u32 {
        let sets = self.available_on.iter().enumerate();
        sets.filter(|(set, _)| set & usize::from(channels.0) != 0).map(|(_, agents)| agents).sum()
    }
}
