//! What the router knows, and how it is told.

use std::collections::{BTreeMap, BTreeSet};

use engine::agent::Agent;
use engine::contact::WaitingContact;
use engine::criteria::Expression;
use engine::routing_profile::{Channel, RoutingProfile};
use engine::time::SECOND;
use engine::user::Proficiency;
use engine::{ContactId, QueueId, RoutingProfileId, Timestamp, UserId};
use hashbrown::HashMap;

use crate::agent::{Seat, Turn, Work};
use crate::arena::{Arena, Idx};
use crate::expression::{Expressions, Interned};
use crate::lane::{Group, Lane, Server};
use crate::line::{Rank, Waiting};
use crate::profile::{Channels, Profile, Served};

/// How many agents there are for a queue (routing.md section 4, the words of CheckMetricData).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueAgents {
    /// Agents with a free slot for it.
    pub available: u32,
    /// Agents available, working or in after contact work.
    pub staffed: u32,
    /// Agents in any status but Offline.
    pub online: u32,
}

/// The lane of a group and its expression.
type GroupKey = (Idx<Lane>, Option<Idx<Interned>>);

/// Finds out which contact is offered to which agent.
///
/// Everything may be put in any order, and put again after every change. What is equal to what was put before costs little.
#[derive(Debug)]
pub struct Router {
    pub(crate) nodes: Arena<Waiting>,
    pub(crate) contacts: HashMap<ContactId, Idx<Waiting>>,
    pub(crate) groups: Arena<Group>,
    group_of: HashMap<GroupKey, Idx<Group>>,
    pub(crate) lanes: Arena<Lane>,
    pub(crate) lane_of: HashMap<(QueueId, Channel), Idx<Lane>>,
    pub(crate) profiles: Arena<Profile>,
    profile_of: HashMap<RoutingProfileId, Idx<Profile>>,
    pub(crate) seats: Arena<Seat>,
    pub(crate) seat_of: BTreeMap<UserId, Idx<Seat>>,
    pub(crate) expressions: Expressions,
    /// Agents who changed, or who answer for a changed group: the only ones who may have an offer coming.
    pub(crate) stirred: BTreeSet<Turn>,
    /// Groups that have contacts which changed, each once.
    pub(crate) changed: Vec<Idx<Group>>,
    /// Ends of delays, the next one of each lane.
    pub(crate) dues: BTreeSet<(Timestamp, Idx<Lane>)>,
    /// The latest moment that the router was asked at.
    pub(crate) clock: Timestamp,
}

impl Default for Router {
    fn default() -> Router {
        Router {
            nodes: Arena::default(),
            contacts: HashMap::new(),
            groups: Arena::default(),
            group_of: HashMap::new(),
            lanes: Arena::default(),
            lane_of: HashMap::new(),
            profiles: Arena::default(),
            profile_of: HashMap::new(),
            seats: Arena::default(),
            seat_of: BTreeMap::new(),
            expressions: Expressions::default(),
            stirred: BTreeSet::new(),
            changed: Vec::new(),
            dues: BTreeSet::new(),
            clock: Timestamp(i64::MIN),
        }
    }
}

impl Router {
    /// A contact waits for an offer, or waits otherwise than before.
    pub fn put_contact(&mut self, contact: WaitingContact<'_>) {
        self.remove_contact(contact.contact);
        let waiting = self.waiting(contact);
        let Waiting { rank, group, .. } = waiting;
        let lane = self.groups[group].lane;
        let node = self.nodes.insert(waiting);
        self.contacts.insert(contact.contact, node);
        self.groups[group].line.insert(&mut self.nodes, node);
        if self.groups[group].head.is_none_or(|head| rank < head) {
            self.set_head(group, Some(rank));
        }
        if !self.lanes[lane].delays_ms.is_empty() {
            self.lanes[lane].by_enqueued.insert((contact.enqueued, Some(node)));
            self.update_due(lane);
        }
        self.mark_changed(group);
    }

    /// A contact waits no longer. Nothing happens if it did not.
    pub fn remove_contact(&mut self, contact: ContactId) {
        let Some(node) = self.contacts.remove(&contact) else {
            return;
        };
        let Waiting { rank, enqueued, group, .. } = self.nodes[node];
        let Group { lane, head, .. } = self.groups[group];
        self.groups[group].line.remove(&mut self.nodes, node);
        self.nodes.remove(node);
        if !self.lanes[lane].delays_ms.is_empty() {
            self.lanes[lane].by_enqueued.remove(&(enqueued, Some(node)));
            self.update_due(lane);
        }
        if head == Some(rank) {
            let next = self.groups[group].line.first(&self.nodes);
            self.set_head(group, next);
        }
        if self.groups[group].head.is_none() {
            self.remove_group(group);
        }
    }

    /// An agent changed.
    pub fn put_agent(&mut self, agent: &Agent) {
        let seat = self.seat(agent.user);
        self.change_seat(seat, |seat| seat.set_work(Work::of(agent)));
    }

    /// An agent's record is gone; the user may still be there.
    pub fn remove_agent(&mut self, user: UserId) {
        if let Some(&seat) = self.seat_of.get(&user) {
            self.change_seat(seat, |seat| seat.work = None);
        }
    }

    /// A user has this routing profile and these skills.
    pub fn put_user(&mut self, user: UserId, profile: RoutingProfileId, skills: &[Proficiency]) {
        let profile = self.profile(profile);
        let seat = self.seat(user);
        if self.seats[seat].skills.replace(skills) || self.seats[seat].profile != Some(profile) {
            self.change_seat(seat, |seat| seat.profile = Some(profile));
        }
    }

    /// A user is gone, and the agent with it.
    pub fn remove_user(&mut self, user: UserId) {
        let Some(seat) = self.seat_of.remove(&user) else {
            return;
        };
        self.leave(seat);
        let claims = self.seats.remove(seat).claims;
        for group in claims {
            self.mark_changed(group);
        }
    }

    /// A routing profile is new or changed.
    pub fn put_profile(&mut self, record: &RoutingProfile) {
        let profile = self.profile(record.id);
        self.change_profile(profile, record);
    }

    /// A routing profile is gone. Users who still have it are offered nothing but what is in their own queue, and have no slots for that.
    pub fn remove_profile(&mut self, id: RoutingProfileId) {
        let Some(profile) = self.profile_of.remove(&id) else {
            return;
        };
        let members = std::mem::take(&mut self.profiles[profile].members);
        for seat in members {
            self.change_seat(seat, |seat| seat.profile = None);
        }
        self.serve(profile, Vec::new());
        self.profiles.remove(profile);
    }

    /// When [`Router::next`] may have an offer without a change: a delay ends. Counts from the moment it was last asked.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.dues.first().map(|(due, _)| *due)
    }

    /// How many contacts of its queue are before a waiting contact, and itself: 1 is next. Criteria and delays are not considered.
    pub fn position_in_queue(&self, contact: ContactId) -> Option<u32> {
        let node = &self.nodes[*self.contacts.get(&contact)?];
        let queue = self.lanes[self.groups[node.group].lane].queue;
        let lanes = Channel::ALL.iter().filter_map(|channel| self.lane_of.get(&(queue, *channel)));
        let heads = lanes.flat_map(|lane| self.lanes[*lane].heads.iter().take_while(|(head, _)| *head < node.rank));
        let before = heads.map(|(_, group)| self.groups[*group].line.count_before(&self.nodes, node.rank));
        Some(1 + before.sum::<u32>())
    }

    /// How many agents there are for a standard queue.
    pub fn agents_of_queue(&self, queue: QueueId) -> QueueAgents {
        let mut channels: Vec<(Idx<Profile>, Channels)> = Vec::new();
        for &channel in Channel::ALL {
            let lane = self.lane_of.get(&(queue, channel)).map(|lane| &self.lanes[*lane]);
            for server in lane.into_iter().flat_map(|lane| &lane.servers) {
                match channels.iter_mut().find(|(profile, _)| *profile == server.profile) {
                    Some((_, channels)) => channels.add(channel),
                    None => channels.push((server.profile, Channels::only(channel))),
                }
            }
        }
        let mut agents = QueueAgents::default();
        for (profile, channels) in channels {
            let profile = &self.profiles[profile];
            agents.available += profile.available_on(channels);
            agents.staffed += profile.staffed;
            agents.online += profile.online;
        }
        agents
    }

    /// The contact as a node of no line yet. Its group is there, perhaps empty.
    pub(crate) fn waiting(&mut self, contact: WaitingContact<'_>) -> Waiting {
        let lane = self.lane(contact.queue, contact.channel);
        let group = self.group(lane, contact.expression);
        let since = contact.ranked_since.plus_seconds(-i64::from(contact.adjustment_seconds));
        let rank = Rank { priority: contact.priority, since, contact: contact.contact };
        Waiting::new(rank, contact.enqueued, group)
    }

    fn lane(&mut self, queue: QueueId, channel: Channel) -> Idx<Lane> {
        *self.lane_of.entry((queue, channel)).or_insert_with(|| self.lanes.insert(Lane::new(queue, channel)))
    }

    fn profile(&mut self, id: RoutingProfileId) -> Idx<Profile> {
        *self.profile_of.entry(id).or_insert_with(|| self.profiles.insert(Profile::default()))
    }

    fn seat(&mut self, user: UserId) -> Idx<Seat> {
        *self.seat_of.entry(user).or_insert_with(|| self.seats.insert(Seat::new(user)))
    }

    fn group(&mut self, lane: Idx<Lane>, expression: Option<&Expression>) -> Idx<Group> {
        let known = match expression {
            None => Some(None),
            Some(expression) => self.expressions.find(expression).map(Some),
        };
        if let Some(group) = known.and_then(|known| self.group_of.get(&(lane, known))) {
            return *group;
        }
        let expression = expression.map(|expression| self.expressions.take(expression));
        let group = self.groups.insert(Group::new(lane, expression));
        self.group_of.insert((lane, expression), group);
        group
    }

    fn remove_group(&mut self, group: Idx<Group>) {
        let Group { lane, expression, .. } = self.groups.remove(group);
        self.group_of.remove(&(lane, expression));
        if let Some(expression) = expression {
            self.expressions.release(expression);
        }
        self.remove_lane_if_unused(lane);
    }

    fn remove_lane_if_unused(&mut self, lane: Idx<Lane>) {
        if self.lanes[lane].is_unused() {
            let Lane { queue, channel, due, .. } = self.lanes.remove(lane);
            self.lane_of.remove(&(queue, channel));
            if let Some(due) = due {
                self.dues.remove(&(due, lane));
            }
        }
    }

    pub(crate) fn set_head(&mut self, group: Idx<Group>, head: Option<Rank>) {
        let Group { lane, head: before, .. } = self.groups[group];
        let heads = &mut self.lanes[lane].heads;
        if let Some(before) = before {
            heads.remove(&(before, group));
        }
        if let Some(head) = head {
            heads.insert((head, group));
        }
        self.groups[group].head = head;
    }

    /// A contact of the group may fit agents that no contact of it did before. A group that is gone is no matter.
    pub(crate) fn mark_changed(&mut self, group: Idx<Group>) {
        if self.groups.get(group).is_some_and(|group| !group.is_changed) {
            self.groups[group].is_changed = true;
            self.changed.push(group);
        }
    }

    pub(crate) fn update_due(&mut self, lane: Idx<Lane>) {
        let due = self.lanes[lane].next_due(self.clock);
        let before = std::mem::replace(&mut self.lanes[lane].due, due);
        if before != due {
            self.dues.extend(due.map(|due| (due, lane)));
            if let Some(before) = before {
                self.dues.remove(&(before, lane));
            }
        }
    }

    fn change_seat(&mut self, seat: Idx<Seat>, change: impl FnOnce(&mut Seat)) {
        self.leave(seat);
        change(&mut self.seats[seat]);
        self.enter(seat);
    }

    /// Takes an agent out of the orders and the counts.
    fn leave(&mut self, idx: Idx<Seat>) {
        let seat = &mut self.seats[idx];
        let Some(profile) = seat.profile else {
            return;
        };
        let profile = &mut self.profiles[profile];
        profile.members.remove(&idx);
        if let (Some(place), Some(work)) = (seat.place.take(), &seat.work) {
            profile.unlist(place, work);
            self.stirred.remove(&place.turn);
        }
    }

    /// Puts an agent where the agent belongs now. What the agent answered for is looked at again.
    fn enter(&mut self, idx: Idx<Seat>) {
        let seat = &mut self.seats[idx];
        if let Some(profile) = seat.profile {
            let profile = &mut self.profiles[profile];
            profile.members.insert(idx);
            seat.place = seat.place_in(idx, profile);
            if let (Some(place), Some(work)) = (seat.place, &seat.work) {
                profile.list(place, work);
                if !place.open.is_empty() {
                    self.stirred.insert(place.turn);
                }
            }
        }
        self.release_claims(idx);
    }

    /// The groups that an agent answered for are to be looked at again.
    pub(crate) fn release_claims(&mut self, seat: Idx<Seat>) {
        let mut claims = std::mem::take(&mut self.seats[seat].claims);
        for group in claims.drain(..) {
            self.mark_changed(group);
        }
        self.seats[seat].claims = claims;
    }

    fn change_profile(&mut self, profile: Idx<Profile>, record: &RoutingProfile) {
        let members: Vec<_> = self.profiles[profile].members.iter().copied().collect();
        for &seat in &members {
            self.leave(seat);
        }
        self.profiles[profile].configure(record);
        let mut served = Vec::with_capacity(record.queues.len());
        for config in &record.queues {
            let lane = self.lane(config.queue, config.channel);
            let delay_ms = i64::from(config.delay_seconds) * SECOND;
            served.push(Served { priority: config.priority, lane, channel: config.channel, delay_ms });
        }
        served.sort_by_key(|served| served.priority);
        self.serve(profile, served);
        for seat in members {
            self.enter(seat);
        }
    }

    /// Makes these the lanes that a profile serves.
    fn serve(&mut self, profile: Idx<Profile>, served: Vec<Served>) {
        let mut touched = BTreeSet::new();
        for served in &self.profiles[profile].served {
            self.lanes[served.lane].servers.retain(|server| server.profile != profile);
            touched.insert(served.lane);
        }
        for served in &served {
            self.lanes[served.lane].servers.push(Server { profile, delay_ms: served.delay_ms });
            touched.insert(served.lane);
        }
        self.profiles[profile].served = served;
        for lane in touched {
            self.take_over_delays(lane);
            self.remove_lane_if_unused(lane);
        }
    }

    /// The servers of a lane changed: its contacts are kept by the time of their entry if a delay asks for it.
    fn take_over_delays(&mut self, idx: Idx<Lane>) {
        let lane = &mut self.lanes[idx];
        let had_delays = !lane.delays_ms.is_empty();
        lane.collect_delays();
        if lane.delays_ms.is_empty() {
            lane.by_enqueued.clear();
        } else if !had_delays {
            let Lane { heads, by_enqueued, .. } = lane;
            let mut entries = Vec::new();
            for (_, group) in heads.iter() {
                let push = |node, waiting: &Waiting| entries.push((waiting.enqueued, Some(node)));
                self.groups[*group].line.for_each(&self.nodes, push);
            }
            // From all at once a set is built sorted, not searched for each.
            *by_enqueued = entries.into_iter().collect();
        }
        self.update_due(idx);
    }
}
