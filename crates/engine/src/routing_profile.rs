//! Routing profiles: which queues an agent serves, in what order, and how much at a time.

use minicbor::{Decode, Encode};

use crate::id::{QueueId, RoutingProfileId};
use crate::name::named_enum;
use crate::tag::Tags;
use crate::time::Timestamp;

named_enum! {
    /// Kind of contact. Callboard runs tasks; the others are configuration that is kept and shown.
    Channel {
        /// Calls.
        Voice = 0 "VOICE",
        /// Chats.
        Chat = 1 "CHAT",
        /// Tasks.
        Task = 2 "TASK",
        /// Mail.
        Email = 3 "EMAIL",
    }
}

named_enum! {
    /// Whether an agent who works on one channel is offered contacts of another.
    CrossChannelBehavior {
        /// Only more of the same channel.
        CurrentChannelOnly = 0 "ROUTE_CURRENT_CHANNEL_ONLY",
        /// Any channel.
        AnyChannel = 1 "ROUTE_ANY_CHANNEL",
    }
}

named_enum! {
    /// What "idle longest" counts from.
    AgentAvailabilityTimer {
        /// Any last activity.
        SinceLastActivity = 0 "TIME_SINCE_LAST_ACTIVITY",
        /// The last contact that came in.
        SinceLastInbound = 1 "TIME_SINCE_LAST_INBOUND",
    }
}

/// How many contacts of a channel an agent takes at a time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MediaConcurrency {
    /// The channel.
    #[n(0)]
    pub channel: Channel,
    /// Slots: 1 for voice, 1 to 10 for the others.
    #[n(1)]
    pub concurrency: u8,
    /// Across channels; none means [`CrossChannelBehavior::CurrentChannelOnly`].
    #[n(2)]
    pub cross_channel: Option<CrossChannelBehavior>,
}

/// A queue that agents of the profile are offered contacts from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct QueueConfig {
    /// The queue.
    #[n(0)]
    pub queue: QueueId,
    /// The channel.
    #[n(1)]
    pub channel: Channel,
    /// 1 to 99, 1 first.
    #[n(2)]
    pub priority: u32,
    /// Seconds that a contact must have waited, 0 to 9999.
    #[n(3)]
    pub delay_seconds: u32,
}

/// A queue that agents of the profile pick contacts from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ManualQueueConfig {
    /// The queue.
    #[n(0)]
    pub queue: QueueId,
    /// The channel.
    #[n(1)]
    pub channel: Channel,
}

/// A routing profile of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoutingProfile {
    /// Its id.
    #[n(0)]
    pub id: RoutingProfileId,
    /// Unique in the instance.
    #[n(1)]
    pub name: String,
    /// Free text.
    #[n(2)]
    pub description: String,
    /// Slots by channel.
    #[n(3)]
    pub concurrencies: Vec<MediaConcurrency>,
    /// Queue for outbound calls, whose quick connects the agent sees too.
    #[n(4)]
    pub default_outbound_queue: QueueId,
    /// Queues offered automatically.
    #[n(5)]
    pub queues: Vec<QueueConfig>,
    /// Queues to pick from.
    #[n(6)]
    pub manual_queues: Vec<ManualQueueConfig>,
    /// None means [`AgentAvailabilityTimer::SinceLastActivity`].
    #[n(7)]
    pub availability_timer: Option<AgentAvailabilityTimer>,
    /// Whether it is the profile a new instance comes with.
    #[n(8)]
    pub is_default: bool,
    /// Tags of the resource.
    #[n(9)]
    pub tags: Tags,
    /// Last change.
    #[n(10)]
    pub last_modified: Timestamp,
}

impl RoutingProfile {
    /// How many contacts of a channel an agent takes at a time.
    pub fn slots(&self, channel: Channel) -> u32 {
        let of_channel = self.concurrencies.iter().find(|media| media.channel == channel);
        of_channel.map_or(0, |media| u32::from(media.concurrency))
    }
}
