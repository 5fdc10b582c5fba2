//! An instance in a few words: who is there, and what waits. Carries out the offers of the router.

use std::collections::BTreeMap;

use engine::agent::{Agent, AgentContact, AgentContactState, NextStatus, Presence, StatusRef};
use engine::agent_status::AgentStatusKind;
use engine::contact::{InitiationMethod, WaitingContact};
use engine::criteria::Expression;
use engine::routing_profile::{Channel, RoutingProfile};
use engine::user::Proficiency;
use engine::{AgentStatusId, ContactId, QueueId, RoutingProfileId, Timestamp, UserId};
use routing::{Backlog, Offer, Router};

/// A waiting contact, with its expression.
#[derive(Clone, Debug)]
pub struct Task {
    pub contact: ContactId,
    pub queue: QueueId,
    pub channel: Channel,
    pub priority: i64,
    pub enqueued: Timestamp,
    pub ranked_since: Timestamp,
    pub adjustment_seconds: i32,
    pub expression: Option<Expression>,
}

impl Task {
    pub fn waiting(&self) -> WaitingContact<'_> {
        WaitingContact {
            contact: self.contact,
            queue: self.queue,
            channel: self.channel,
            priority: self.priority,
            enqueued: self.enqueued,
            ranked_since: self.ranked_since,
            adjustment_seconds: self.adjustment_seconds,
            expression: self.expression.as_ref(),
        }
    }
}

/// What the router was told, told once more in full.
#[derive(Debug, Default)]
pub struct Desk {
    pub router: Router,
    pub tasks: BTreeMap<ContactId, Task>,
    pub agents: BTreeMap<UserId, Agent>,
    pub users: BTreeMap<UserId, (RoutingProfileId, Vec<Proficiency>)>,
    pub profiles: BTreeMap<RoutingProfileId, RoutingProfile>,
    pub declined: Vec<Offer>,
    /// The tasks that agents have, as they were when they waited.
    pub taken: BTreeMap<ContactId, Task>,
}

impl Desk {
    /// As [`Desk::put_task`] of each, by a backlog. Nobody is there yet.
    pub fn open(tasks: impl IntoIterator<Item = Task>) -> Desk {
        let tasks: BTreeMap<_, _> = tasks.into_iter().map(|task| (task.contact, task)).collect();
        let mut backlog = Backlog::default();
        tasks.values().for_each(|task| backlog.add(task.waiting()));
        Desk { router: Router::from(backlog), tasks, ..Desk::default() }
    }

    pub fn put_task(&mut self, task: Task) {
        self.router.put_contact(task.waiting());
        self.tasks.insert(task.contact, task);
    }

    pub fn remove_task(&mut self, contact: ContactId) -> Option<Task> {
        self.router.remove_contact(contact);
        self.tasks.remove(&contact)
    }

    pub fn put_profile(&mut self, profile: RoutingProfile) {
        self.router.put_profile(&profile);
        self.profiles.insert(profile.id, profile);
    }

    pub fn put_user(&mut self, user: UserId, profile: RoutingProfileId, skills: Vec<Proficiency>) {
        self.router.put_user(user, profile, &skills);
        self.users.insert(user, (profile, skills));
    }

    pub fn remove_user(&mut self, user: UserId) {
        self.router.remove_user(user);
        self.users.remove(&user);
        self.agents.remove(&user);
    }

    /// Changes an agent, who is available and idle since then if never seen before.
    pub fn change_agent(&mut self, user: UserId, now: Timestamp, change: impl FnOnce(&mut Agent)) {
        let agent = self.agents.entry(user).or_insert_with(|| available(user, now));
        change(agent);
        self.router.put_agent(agent);
        self.declined.retain(|offer| offer.agent != user);
    }

    pub fn decline(&mut self, offer: Offer) {
        self.router.decline(offer);
        self.declined.push(offer);
    }

    /// The agent takes the contact.
    pub fn carry_out(&mut self, offer: Offer, now: Timestamp) {
        let task = self.remove_task(offer.contact).expect("what is offered waits");
        let entry = entry(&task, AgentContactState::Connected, now);
        self.change_agent(offer.agent, now, |agent| {
            agent.contacts.push(entry);
            agent.last_activity = now;
            agent.last_inbound = now;
        });
        self.taken.insert(offer.contact, task);
    }
}

/// What an agent has of a task.
pub fn entry(task: &Task, state: AgentContactState, now: Timestamp) -> AgentContact {
    AgentContact {
        contact: task.contact,
        initial: task.contact,
        channel: task.channel,
        state,
        since: now,
        connected: None,
        queue: Some(task.queue),
        enqueued: Some(task.enqueued),
        initiation_method: InitiationMethod::Api,
        expires_soon: false,
    }
}

fn available(user: UserId, now: Timestamp) -> Agent {
    let mut agent = Agent::new(user, AgentStatusId::from_bytes([1; 16]), now);
    agent.status = status(AgentStatusKind::Routable);
    agent
}

/// A status of this kind.
pub fn status(kind: AgentStatusKind) -> StatusRef {
    StatusRef { id: AgentStatusId::from_bytes([kind as u8 + 1; 16]), kind }
}

/// A status that waits.
pub fn next_status(kind: AgentStatusKind, now: Timestamp) -> NextStatus {
    NextStatus { status: status(kind), enqueued: now }
}

/// A person who went away.
pub fn absent(now: Timestamp) -> Presence {
    Presence::Absent(now)
}
