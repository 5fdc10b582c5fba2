//! Why a contact is not with anybody: for every agent the first rule that is in the way, counted, and some agents one by
//! one.
//!
//! There may be ten thousand agents, so that a slice of them is looked at in one event and the next slice in another; who
//! asks puts the slices together ([`Explanation::merge`]). Meanwhile agents may change: an explanation is of about now.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use engine::agent::{Agent, CONTACTS_MAX};
use engine::agent_status::{AgentStatus, AgentStatusKind};
use engine::contact::{Contact, Hook, PausedFrom, State};
use engine::user::User;
use engine::{ContactId, InstanceId, UserId};
use routing::{SLICE_AGENTS_MAX, Verdict};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::{ApiError, Halt};
use crate::handlers::contact::named_contact;
use crate::handlers::queue::queue_name;
use crate::operations::{Prepared, Request};
use crate::tx::Tx;

/// Agents that are told of one by one.
pub const AGENTS_SHOWN_MAX: usize = 100;

/// Why a contact is not with anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Explanation {
    /// The contact.
    pub contact_id: String,
    /// Where the contact is, in words.
    pub summary: String,
    /// The queue it waits in; none if it waits in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Waiting>,
    /// How many agents each rule keeps from it, the most first.
    pub reasons: Vec<Reason>,
    /// Agents one by one, at most [`AGENTS_SHOWN_MAX`].
    pub agents: Vec<AgentReason>,
    /// Whether there are agents after these.
    pub more_agents: bool,
    /// The last of these agents, if there are more: the next page comes after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<String>,
    /// The last agent of the slice, if it is not the last slice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_of_slice: Option<String>,
}

/// Where a contact waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Waiting {
    /// The queue's id.
    pub queue_id: String,
    /// Its name; none of the queue of an agent.
    pub name: Option<String>,
    /// 1 is next.
    pub position: Option<u32>,
    /// Since when, in ISO 8601.
    pub enqueue_timestamp: String,
}

/// A rule with the number of agents that it keeps from the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reason {
    /// Name of the rule.
    pub code: String,
    /// The rule in words.
    pub text: String,
    /// How many.
    pub agents: u32,
}

/// What keeps one agent from the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentReason {
    /// The user's id.
    pub user_id: String,
    /// The user's name.
    pub username: String,
    /// Name of the rule.
    pub code: String,
    /// What it is about this agent, in words.
    pub text: String,
}

struct Slice {
    contact: ContactId,
    /// The slice has the agents after this one.
    after: Option<UserId>,
    /// Agents are told of one by one after this one.
    shown_after: Option<UserId>,
    shown_max: usize,
}

impl Request {
    /// A slice of the explanation of a contact: the agents after `after`, and at most `shown_max` of them, those after
    /// `shown_after`, one by one.
    pub fn explain(
        instance: InstanceId,
        contact: ContactId,
        after: Option<UserId>,
        shown_after: Option<UserId>,
        shown_max: usize,
    ) -> Self {
        let slice = Slice { contact, after, shown_after, shown_max: shown_max.min(AGENTS_SHOWN_MAX) };
        Self::of_server("explain", Some(instance), false, Box::new(slice))
    }
}

impl Prepared for Slice {
    fn run(&self, tx: &mut Tx<'_>, _: &Call) -> Result<Vec<u8>, Halt> {
        serde_json::to_vec(&self.explain(tx)?).map_err(|error| ApiError::internal(error).into())
    }
}

impl Slice {
    fn explain(&self, tx: &Tx<'_>) -> Result<Explanation, Halt> {
        let contact = named_contact(tx, &self.contact.to_string())?;
        let mut explanation = Explanation {
            contact_id: contact.id.to_string(),
            summary: summary(tx, &contact),
            queue: None,
            reasons: Vec::new(),
            agents: Vec::new(),
            more_agents: false,
            last_agent: None,
            last_of_slice: None,
        };
        let Some(waiting) = contact.waiting() else { return Ok(explanation) };
        explanation.queue = Some(Waiting {
            queue_id: waiting.queue.to_string(),
            name: queue_name(tx, waiting.queue),
            position: tx.position_in_queue(contact.id),
            enqueue_timestamp: waiting.enqueued.to_string(),
        });
        let Some(slice) = tx.explain(contact.id, self.after, SLICE_AGENTS_MAX) else { return Ok(explanation) };
        let mut counts: BTreeMap<&'static str, (&'static str, u32)> = BTreeMap::new();
        for (id, verdict) in &slice.agents {
            counts.entry(code(verdict)).or_insert_with(|| (rule(verdict), 0)).1 += 1;
            if self.shown_after.is_some_and(|after| *id <= after) {
                continue;
            }
            if explanation.agents.len() == self.shown_max {
                explanation.more_agents = true;
                continue;
            }
            explanation.agents.push(AgentReason {
                user_id: id.to_string(),
                username: tx.get::<User>(id.as_bytes()).map(|user| user.username.clone()).unwrap_or_default(),
                code: code(verdict).to_owned(),
                text: about(tx, *id, verdict),
            });
        }
        explanation.last_of_slice = slice.agents.last().filter(|_| slice.more).map(|(id, _)| id.to_string());
        let reason = |(code, (text, agents)): (&str, (&str, u32))| Reason {
            code: code.to_owned(),
            text: text.to_owned(),
            agents,
        };
        explanation.reasons = counts.into_iter().map(reason).collect();
        explanation.finish();
        Ok(explanation)
    }
}

impl Explanation {
    /// Adds the slice that follows.
    pub fn merge(&mut self, next: Explanation) {
        for reason in next.reasons {
            match self.reasons.iter_mut().find(|known| known.code == reason.code) {
                Some(known) => known.agents += reason.agents,
                None => self.reasons.push(reason),
            }
        }
        self.agents.extend(next.agents);
        self.more_agents |= next.more_agents;
        self.last_of_slice = next.last_of_slice;
        self.finish();
    }

    fn finish(&mut self) {
        self.last_agent = self.agents.last().filter(|_| self.more_agents).map(|agent| agent.user_id.clone());
        self.reasons.sort_by(|one, other| other.agents.cmp(&one.agents).then_with(|| one.code.cmp(&other.code)));
    }
}

/// Where a contact is, and what has to happen next.
fn summary(tx: &Tx<'_>, contact: &Contact) -> String {
    let name = |user: UserId| {
        tx.get::<User>(user.as_bytes())
            .map_or_else(|| format!("user {user}, who is deleted"), |user| user.username.clone())
    };
    let queue = || match contact.queue {
        Some(queue) => {
            queue_name(tx, queue).map_or_else(|| "the queue of an agent".to_owned(), |name| format!("queue {name}"))
        }
        None => "a queue".to_owned(),
    };
    let at = |at: Option<engine::Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    match contact.state {
        State::Scheduled => format!("it waits for its ScheduledTime, {}", at(contact.times.scheduled)),
        State::InFlow if contact.runs.is_empty() => {
            "it was paused in a queue, left that, and was resumed without a flow that queues it again; TransferContact \
             queues it, and next time ResumeContact with a ContactFlowId, or a ResumeContact hook, does"
                .to_owned()
        }
        State::InFlow => "its flow runs and has not put it into a queue".to_owned(),
        State::Queued => format!("it waits in {} since {}", queue(), at(contact.times.enqueue)),
        State::Offered | State::Joining => match contact.offer {
            Some(offer) => format!("it is being offered to {} since {}", name(offer.agent), offer.since),
            None => "it is being offered to an agent".to_owned(),
        },
        State::Connected => match contact.agent {
            Some(agent) => format!("it is with {} since {}", name(agent.agent), agent.connected),
            None => "it is with an agent".to_owned(),
        },
        State::Paused => match (contact.pauses.and_then(|pauses| pauses.from), contact.agent) {
            (Some(PausedFrom::Agent), Some(agent)) => {
                format!("it is with {} and paused; ResumeContact lets it go on", name(agent.agent))
            }
            (Some(PausedFrom::Queue), _) => {
                let way = if contact.hook(Hook::ResumeContact).is_some() {
                    "ResumeContact runs the flow of its ResumeContact hook"
                } else {
                    "ResumeContact with a ContactFlowId runs that flow, which can queue it again"
                };
                format!("it was paused in a queue and left it; {way}")
            }
            _ => "it is paused in its flow; ResumeContact lets it go on".to_owned(),
        },
        State::Ended | State::Completed => format!(
            "it has ended at {}: {}",
            at(contact.times.disconnect),
            contact.disconnect_reason.map_or("", |reason| reason.as_str())
        ),
    }
}

/// Names of the rules, which programs may rely on.
fn code(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Next => "CAN_BE_OFFERED",
        Verdict::HigherRanked(_) => "OTHER_CONTACT_FIRST",
        Verdict::OwnQueueOfAnother => "OTHER_AGENTS_QUEUE",
        Verdict::NoProfile => "NO_ROUTING_PROFILE",
        Verdict::QueueNotInProfile => "QUEUE_NOT_IN_ROUTING_PROFILE",
        Verdict::ChannelNotInProfile => "CHANNEL_NOT_IN_ROUTING_PROFILE",
        Verdict::ManualQueue => "MANUAL_ASSIGNMENT_ONLY",
        Verdict::ChannelWithoutSlots => "NO_SLOTS_FOR_CHANNEL",
        Verdict::Criteria => "ROUTING_CRITERIA",
        Verdict::DelayedUntil(_) => "DELAY",
        Verdict::RefusedBefore => "MISSED_OR_REJECTED",
        Verdict::Declined => "OFFER_FAILED",
        Verdict::Status(AgentStatusKind::Offline) => "OFFLINE",
        Verdict::Status(_) => "CUSTOM_STATUS",
        Verdict::NextStatus => "NEXT_STATUS_PENDING",
        Verdict::Absent => "STREAM_GONE",
        Verdict::Full => "TOO_MANY_CONTACTS",
        Verdict::SlotsTaken { .. } => "NO_FREE_SLOT",
        Verdict::OtherChannel(_) => "OTHER_CHANNEL",
    }
}

/// A rule in words, for all agents whom it keeps from the contact.
fn rule(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Next => "nothing is in the way: they are offered it when it is their turn",
        Verdict::HigherRanked(_) => "they are offered another contact first, which ranks before it",
        Verdict::OwnQueueOfAnother => "it waits in the queue of one agent, and they are others",
        Verdict::NoProfile => "they have no routing profile",
        Verdict::QueueNotInProfile => {
            "their routing profile does not have the queue; AssociateRoutingProfileQueues adds it"
        }
        Verdict::ChannelNotInProfile => {
            "their routing profile has the queue, but not for tasks; AssociateRoutingProfileQueues adds that"
        }
        Verdict::ManualQueue => {
            "their routing profile has the queue for manual assignment only: they have to take it from their worklist"
        }
        Verdict::ChannelWithoutSlots => {
            "their routing profile has no slots for tasks; UpdateRoutingProfileConcurrency gives some"
        }
        Verdict::Criteria => "the active step of the contact's routing criteria is not for them",
        Verdict::DelayedUntil(_) => "the delay of the queue in their routing profile is not over",
        Verdict::RefusedBefore => "they missed or rejected it and have not closed it since",
        Verdict::Declined => "an offer to them could not be made; the server's log says why",
        Verdict::Status(AgentStatusKind::Offline) => "they are Offline",
        Verdict::Status(_) => "they are in a custom status, which gets no offers; Available does",
        Verdict::NextStatus => "they have asked for another status and get no offers until their contacts are closed",
        Verdict::Absent => "their event stream is gone, for longer than agents.presence_grace_seconds",
        Verdict::Full => {
            "they have so many contacts, missed and rejected ones included, that no other fits; they have to close some"
        }
        Verdict::SlotsTaken { .. } => "all their slots for tasks are taken",
        Verdict::OtherChannel(_) => "they have a contact of another channel, which excludes tasks",
    }
}

/// What it is about one agent.
fn about(tx: &Tx<'_>, user: UserId, verdict: &Verdict) -> String {
    let agent = tx.get::<Agent>(user.as_bytes());
    let status = |id: Option<engine::AgentStatusId>| {
        let status = id.and_then(|id| tx.get::<AgentStatus>(id.as_bytes()));
        status.map_or_else(|| "that is deleted".to_owned(), |status| status.name.clone())
    };
    match verdict {
        Verdict::Next => "nothing is in the way".to_owned(),
        Verdict::HigherRanked(contact) => format!("contact {contact} comes first"),
        Verdict::DelayedUntil(until) => format!("the delay lasts until {until}"),
        Verdict::Status(AgentStatusKind::Offline) => "is Offline".to_owned(),
        Verdict::Status(_) => format!("is in status {}", status(agent.map(|agent| agent.status.id))),
        Verdict::NextStatus => {
            let next = agent.and_then(|agent| agent.next).map(|next| next.status.id);
            format!("goes to status {} when the contacts are closed", status(next))
        }
        Verdict::Full => format!("has {CONTACTS_MAX} contacts, the most"),
        Verdict::SlotsTaken { slots, active } => format!("{active} of {slots} slots are taken"),
        Verdict::OtherChannel(channel) => format!("has a contact of channel {}", channel.as_str()),
        Verdict::OwnQueueOfAnother => "the queue is another agent's".to_owned(),
        Verdict::NoProfile => "has no routing profile".to_owned(),
        Verdict::QueueNotInProfile => "the queue is not in the routing profile".to_owned(),
        Verdict::ChannelNotInProfile => "the queue is in the routing profile, but not for tasks".to_owned(),
        Verdict::ManualQueue => "the queue is in the routing profile for manual assignment".to_owned(),
        Verdict::ChannelWithoutSlots => "the routing profile has no slots for tasks".to_owned(),
        Verdict::Criteria => "does not meet the active step of the routing criteria".to_owned(),
        Verdict::RefusedBefore => "missed or rejected it and has not closed it".to_owned(),
        Verdict::Declined => "the offer could not be made".to_owned(),
        Verdict::Absent => "the event stream is gone".to_owned(),
    }
}
