//! Where contacts wait: a lane is a queue on one channel, a group those contacts of a lane that have the same expression.

use std::collections::BTreeSet;

use engine::routing_profile::Channel;
use engine::{QueueId, Timestamp};

use crate::arena::Idx;
use crate::expression::Interned;
use crate::line::{Line, Rank, Waiting};
use crate::profile::Profile;

/// Contacts that the same agents may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) lane: Idx<Lane>,
    pub(crate) expression: Option<Idx<Interned>>,
    pub(crate) line: Line,
    /// Its place in the lane's order of groups; none when it is empty.
    pub(crate) head: Option<Rank>,
    /// Whether it is among the changed groups.
    pub(crate) is_changed: bool,
}

/// A profile that serves a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) profile: Idx<Profile>,
    pub(crate) delay_ms: i64,
}

/// The contacts of one queue and channel.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) queue: QueueId,
    pub(crate) channel: Channel,
    /// Its groups by their first contact.
    pub(crate) heads: BTreeSet<(Rank, Idx<Group>)>,
    pub(crate) servers: Vec<Server>,
    /// The delays of its servers without zero, each once.
    pub(crate) delays_ms: Vec<i64>,
    /// Its contacts by the time they were put in; kept only while there are delays.
    pub(crate) by_enqueued: BTreeSet<(Timestamp, Option<Idx<Waiting>>)>,
    /// When a delay next ends here.
    pub(crate) due: Option<Timestamp>,
}

impl Group {
    pub(crate) fn new(lane: Idx<Lane>, expression: Option<Idx<Interned>>) -> Group {
        Group { lane, expression, line: Line::default(), head: None, is_changed: false }
    }
}

impl Lane {
    pub(crate) fn new(queue: QueueId, channel: Channel) -> Lane {
        Lane {
            queue,
            channel,
            heads: BTreeSet::new(),
            servers: Vec::new(),
            delays_ms: Vec::new(),
            by_enqueued: BTreeSet::new(),
            due: None,
        }
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.heads.is_empty() && self.servers.is_empty()
    }

    /// Takes over the delays of its servers.
    pub(crate) fn collect_delays(&mut self) {
        let delays: BTreeSet<i64> = self.servers.iter().map(|server| server.delay_ms).filter(|ms| *ms > 0).collect();
        self.delays_ms = delays.into_iter().collect();
    }

    /// When a delay next ends after `clock`.
    pub(crate) fn next_due(&self, clock: Timestamp) -> Option<Timestamp> {
        let end = |delay: &i64| {
            let (enqueued, _) = self.by_enqueued.range(ripe_after(clock, *delay)..).next()?;
            Some(enqueued.plus_millis(*delay))
        };
        self.delays_ms.iter().filter_map(end).min()
    }

    /// Contacts whose wait became as long as the delay after `from` and until `to`.
    pub(crate) fn ripened(&self, delay: i64, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Idx<Waiting>> {
        let range = self.by_enqueued.range(ripe_after(from, delay)..ripe_after(to, delay));
        range.filter_map(|(_, node)| *node)
    }
}

/// Where those begin, in the order of entry, who have not waited for the delay at `clock`.
fn ripe_after(clock: Timestamp, delay_ms: i64) -> (Timestamp, Option<Idx<Waiting>>) {
    (clock.plus_millis(1).plus_millis(-delay_ms), None)
}
