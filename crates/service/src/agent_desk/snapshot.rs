//! An agent at one moment: what the agent's event stream carries.
//!
//! A snapshot says nothing that changes without a change of the records, such as the time that has passed: equal states
//! have equal snapshots, and whoever has one learns nothing from the next.

use engine::agent::{Agent, AgentContact, AgentContactState, Presence, StatusRef};
use engine::agent_status::{AgentStatus, AgentStatusState};
use engine::arn::Resource;
use engine::contact::{Contact, OFFER_SECONDS};
use engine::routing_profile::Channel;
use engine::user::User;
use engine::{ContactId, UserId};
use serde_json::{Value, json};

use super::contact_details::{shown_queue, version};
use crate::error::{Halt, resource_not_found};
use crate::handlers::agent::load_agent;
use crate::handlers::contact::load_chain;
use crate::handlers::current_user_data::slots;
use crate::tx::Tx;

/// Most bytes of a snapshot. Contacts that would exceed it are counted, not shown.
pub(super) const SNAPSHOT_BYTES_MAX: usize = 64 << 10;

/// The agent with status, configuration and contacts.
pub(super) fn snapshot(tx: &Tx<'_>, id: UserId) -> Result<Value, Halt> {
    let unknown = || resource_not_found("user", &id.to_string());
    let user = tx.get::<User>(id.as_bytes()).ok_or_else(unknown)?;
    let agent = load_agent(tx, id)?.ok_or_else(unknown)?;
    let profile = super::profile_of(tx, id);
    let slots = profile.as_ref().map(|profile| slots(profile, &agent)).unwrap_or_default();
    let slot = |(channel, [maximum, active, available]): &(Channel, [u32; 3])| json!({"Channel": channel.as_str(), "Maximum": maximum, "Active": active, "Available": available});
    let mut snapshot = json!({
        "User": {
            "UserId": id.to_string(),
            "Arn": tx.arn_scope().arn(Resource::User(id)),
            "Username": user.username,
            "FirstName": user.identity.first_name,
            "LastName": user.identity.last_name,
        },
        "InstanceId": tx.arn_scope().instance.to_string(),
        "Status": status(tx, agent.status, "StartTimestamp", agent.since),
        "NextStatus": agent.next.map(|next| status(tx, next.status, "EnqueuedTimestamp", next.enqueued)),
        "Statuses": statuses(tx),
        "Presence": presence(agent.presence),
        "GetsOffers": agent.is_routable(),
        "RoutingProfile": profile.as_ref().map(|profile| json!({
            "RoutingProfileId": profile.id.to_string(),
            "Name": profile.name,
            "Slots": slots.iter().map(slot).collect::<Vec<_>>(),
        })),
        "AutoAccept": user.auto_accepts(Channel::Task),
        "AfterContactWorkSeconds": user.after_contact_work_seconds(Channel::Task),
        "Contacts": [],
        "ContactsNotShown": 0,
    });
    let shown = agent.contacts.iter().map(|entry| contact(tx, &agent, entry)).collect::<Result<Vec<_>, Halt>>()?;
    add_contacts(&mut snapshot, shown);
    Ok(snapshot)
}

/// Adds as many contacts as there is room for, and the number of the others.
fn add_contacts(snapshot: &mut Value, contacts: Vec<Value>) {
    const DIGITS_OF_A_COUNT: usize = 20;
    let mut bytes = snapshot.to_string().len() + DIGITS_OF_A_COUNT;
    let total = contacts.len();
    let fits = |contact: &Value| {
        bytes += contact.to_string().len() + 1;
        bytes <= SNAPSHOT_BYTES_MAX
    };
    let shown: Vec<Value> = contacts.into_iter().take_while(fits).collect();
    snapshot["ContactsNotShown"] = json!(total - shown.len());
    snapshot["Contacts"] = Value::Array(shown);
}

fn status(tx: &Tx<'_>, status: StatusRef, since: &str, at: engine::Timestamp) -> Value {
    let name = tx.get::<AgentStatus>(status.id.as_bytes()).map(|status| status.name.clone());
    json!({
        "AgentStatusId": status.id.to_string(),
        "Name": name,
        "Type": status.kind.as_str(),
        since: at.to_string(),
    })
}

/// The statuses that can be chosen, as they are to be shown.
fn statuses(tx: &Tx<'_>) -> Vec<Value> {
    let mut statuses = tx.list::<AgentStatus>();
    statuses.retain(|status| status.state == AgentStatusState::Enabled);
    statuses.sort_by_key(|status| (status.display_order.unwrap_or(u8::MAX), status.name.clone()));
    let shown = |status: &std::sync::Arc<AgentStatus>| json!({"AgentStatusId": status.id.to_string(), "Name": status.name, "Type": status.kind.as_str()});
    statuses.iter().map(shown).collect()
}

fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Program => "PROGRAM",
        Presence::Streaming => "STREAMING",
        Presence::GoneSince(_) | Presence::Lost(_) => "GONE",
        Presence::Absent(_) => "ABSENT",
    }
}

/// An entry. Of what the agent missed or rejected nothing is told but that: the contact is somebody else's now.
fn contact(tx: &Tx<'_>, agent: &Agent, entry: &AgentContact) -> Result<Value, Halt> {
    let mut shown = json!({
        "ContactId": entry.contact.to_string(),
        "InitialContactId": entry.initial.to_string(),
        "Channel": entry.channel.as_str(),
        "InitiationMethod": entry.initiation_method.as_str(),
        "State": entry.state.as_str(),
        "StateStartTimestamp": entry.since.to_string(),
        "ConnectedToAgentTimestamp": entry.connected.map(|at| at.to_string()),
        "Queue": entry.queue.map(|queue| shown_queue(tx, queue)),
        "QueueTimestamp": entry.enqueued.map(|at| at.to_string()),
    });
    let own = if entry.state.is_uncleared() { None } else { tx.contact(&entry.contact)? };
    shown["Actions"] = json!(actions(entry.state, own.as_ref()));
    let Some(contact) = own else { return Ok(shown) };
    let text = |id: Option<ContactId>| id.map(|id| id.to_string());
    let offer = contact.offer.filter(|offer| offer.agent == agent.user && offer.accepted.is_none());
    let is_open = !contact.state.is_disconnected();
    shown["PreviousContactId"] = json!(text(contact.previous));
    shown["RelatedContactId"] = json!(text(contact.related));
    shown["Name"] = json!(contact.name);
    shown["DetailsVersion"] = json!(version(&contact, &load_chain(tx, &contact)?));
    shown["OfferEndTimestamp"] = json!(offer.map(|offer| offer.since.plus_seconds(OFFER_SECONDS).to_string()));
    shown["AfterContactWorkEndTimestamp"] =
        json!(contact.agent.and_then(|agent| agent.acw_until).filter(|_| !is_open).map(|at| at.to_string()));
    shown["ExpiryTimestamp"] = json!(is_open.then(|| contact.times.expiry.to_string()));
    shown["ExpiresSoon"] = json!(entry.expires_soon);
    Ok(shown)
}

/// What the agent can do with a contact, as the paths of the agent interface call it.
fn actions(state: AgentContactState, contact: Option<&Contact>) -> &'static [&'static str] {
    let joining = contact.and_then(|contact| contact.offer).is_some_and(|offer| offer.accepted.is_some());
    match state {
        AgentContactState::Connecting if joining => &[],
        AgentContactState::Connecting => &["accept", "reject"],
        AgentContactState::Connected => &["end", "complete", "pause", "transfer"],
        AgentContactState::Paused => &["end", "complete", "resume", "transfer"],
        AgentContactState::Ended
        | AgentContactState::Missed
        | AgentContactState::Rejected
        | AgentContactState::Error => &["close"],
    }
}
