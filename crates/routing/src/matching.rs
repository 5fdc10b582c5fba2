//! The rules: which contact is best for an agent, and which agent for a contact (routing.md section 3).
//!
//! Of all agents who can be offered something, the first in the order of [`Turn`] is offered the best contact for that agent. Since no agent
//! who could take this contact comes before, the agent is also the best for the contact. So the answer depends on what is there, not on the
//! order in which it came.

use engine::{ContactId, QueueId, Timestamp, UserId};

use crate::agent::{Seat, Turn};
use crate::arena::Idx;
use crate::expression::Interned;
use crate::lane::{Group, Server};
use crate::line::Rank;
use crate::router::Router;

/// A contact to be offered to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The contact.
    pub contact: ContactId,
    /// The agent.
    pub agent: UserId,
}

/// Nobody waits longer than that: the agent's own queue has no delay.
const NO_DELAY: Timestamp = Timestamp(i64::MAX);

impl Router {
    /// The next offer, none if there is none until something changes or [`Router::next_due`] comes.
    ///
    /// It stays the next one until it is carried out and told ([`Router::remove_contact`], [`Router::put_agent`]) or
    /// [declined](Router::decline). Time does not go back: an earlier moment than one before counts as that one.
    pub fn next(&mut self, now: Timestamp) -> Option<Offer> {
        self.advance(now);
        loop {
            while let Some(group) = self.changed.pop() {
                self.claim(group);
            }
            let turn = *self.stirred.first()?;
            if let Some(rank) = self.offer_to(turn.seat) {
                return Some(Offer { contact: rank.contact, agent: turn.user });
            }
            self.stirred.remove(&turn);
            self.release_claims(turn.seat);
        }
    }

    /// The offer cannot be carried out: it is not made again before the agent changes.
    pub fn decline(&mut self, offer: Offer) {
        if let Some(&seat) = self.seat_of.get(&offer.agent) {
            self.seats[seat].without.push(offer.contact);
            self.release_claims(seat);
        }
    }

    /// Moves on to `now`: contacts whose delay ended meanwhile are changed ones, where somebody is free to take them.
    fn advance(&mut self, now: Timestamp) {
        let before = self.clock;
        self.clock = before.max(now);
        while let Some(&(due, idx)) = self.dues.first().filter(|(due, _)| *due <= self.clock) {
            let lane = &self.lanes[idx];
            let available =
                |server: &&Server| !self.profiles[server.profile].available[lane.channel as usize].is_empty();
            let mut ripe = Vec::new();
            for server in lane.servers.iter().filter(|server| server.delay_ms > 0).filter(available) {
                let nodes = lane.ripened(server.delay_ms, before, self.clock);
                ripe.extend(nodes.map(|node| self.nodes[node].group));
            }
            for group in ripe {
                self.mark_changed(group);
            }
            self.update_due(idx);
            debug_assert!(self.lanes[idx].due.is_none_or(|next| next > due), "a delay ends once");
        }
    }

    /// Finds the agent who answers for a changed group: the first one who can be offered a contact of it. Without one the group is settled.
    fn claim(&mut self, group: Idx<Group>) {
        if self.groups.get(group).is_none_or(|group| !group.is_changed) {
            return;
        }
        self.groups[group].is_changed = false;
        if let Some(turn) = self.best_agent(group) {
            self.seats[turn.seat].claims.push(group);
            self.stirred.insert(turn);
        }
    }

    fn best_agent(&mut self, group: Idx<Group>) -> Option<Turn> {
        let Router { nodes, groups, lanes, profiles, seats, seat_of, expressions, clock, .. } = self;
        let Group { lane, expression, line, .. } = groups[group];
        let lane = &lanes[lane];
        let own = seat_of.get(&UserId(lane.queue.0)).map(|seat| &seats[*seat]);
        let mut best = own
            .filter(|seat| seat.is_open(lane.channel))
            .filter(|seat| line.first_since(nodes, NO_DELAY, &seat.without).is_some())
            .and_then(|seat| seat.place.map(|place| place.turn));
        for server in &lane.servers {
            let since = waits_since(*clock, server.delay_ms);
            if line.earliest(nodes).is_none_or(|earliest| earliest > since) {
                continue;
            }
            let available = &profiles[server.profile].available[lane.channel as usize];
            for &turn in available.iter().take_while(|turn| best.is_none_or(|best| **turn < best)) {
                let Seat { skills, without, .. } = &mut seats[turn.seat];
                if expression.is_none_or(|expression| skills.match_known(turn.user, expressions, expression))
                    && line.first_since(nodes, since, without).is_some()
                {
                    best = Some(turn);
                    break;
                }
            }
        }
        best
    }

    /// The best contact for an agent, who remembers which expressions matched.
    fn offer_to(&mut self, idx: Idx<Seat>) -> Option<Rank> {
        let user = self.seats[idx].user;
        let mut skills = std::mem::take(&mut self.seats[idx].skills);
        let matches = |expression| skills.match_known(user, &self.expressions, expression);
        let best = self.best_contact(idx, self.clock, matches);
        self.seats[idx].skills = skills;
        best
    }

    /// The best contact for an agent: of the own queue, else of the first priority of the profile that has one.
    pub(crate) fn best_contact(
        &self,
        idx: Idx<Seat>,
        at: Timestamp,
        mut matches: impl FnMut(Idx<Interned>) -> bool,
    ) -> Option<Rank> {
        let seat = &self.seats[idx];
        let open = seat.place?.open;
        let mut best = None;
        for channel in open.iter() {
            if let Some(&lane) = self.lane_of.get(&(QueueId::of_agent(seat.user), channel)) {
                for &(head, group) in &self.lanes[lane].heads {
                    if best.is_some_and(|best| best < head) {
                        break;
                    }
                    best = earlier(best, self.groups[group].line.first_since(&self.nodes, NO_DELAY, &seat.without));
                }
            }
        }
        let profile = &self.profiles[seat.profile?];
        let mut priority = 0;
        for served in &profile.served {
            if best.is_some() && served.priority != priority && !cfg!(feature = "mutant-ignored-priority") {
                break;
            }
            priority = served.priority;
            if open.has(served.channel) {
                let since = waits_since(at, served.delay_ms);
                for &(head, group) in &self.lanes[served.lane].heads {
                    if best.is_some_and(|best| best < head) {
                        break;
                    }
                    let Group { expression, line, .. } = self.groups[group];
                    if expression.is_none_or(&mut matches) {
                        best = earlier(best, line.first_since(&self.nodes, since, &seat.without));
                    }
                }
            }
        }
        best
    }
}

/// When a contact must have been put into the queue to have waited for the delay.
pub(crate) fn waits_since(clock: Timestamp, delay_ms: i64) -> Timestamp {
    if delay_ms == 0 { NO_DELAY } else { clock.plus_millis(-delay_ms) }
}

fn earlier(one: Option<Rank>, other: Option<Rank>) -> Option<Rank> {
    one.into_iter().chain(other).min()
}
