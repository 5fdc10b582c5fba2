//! What agents do at their desks: the part of the service that the public API has no operations for.
//!
//! An agent works on the contacts that are with the agent, and sees nothing of anybody else's. Facts:
//! `contact-lifecycle.md` section 7, `routing.md` sections 2, 4 and 5.

mod connections;
mod contact_details;
mod snapshot;
#[cfg(test)]
mod tests;
mod worklist;

use engine::agent::{AgentContact, AgentContactState};
use engine::agent_status::AgentStatus;
use engine::contact::{Contact, Transfer};
use engine::quick_connect::{QuickConnect, QuickConnectConfig};
use engine::routing_profile::RoutingProfile;
use engine::template::{TaskTemplate, TaskTemplateStatus};
use engine::user::User;
use engine::{AgentStatusId, ContactId, InstanceId, QueueId, QuickConnectId, UserId, contact};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::call::Call;
use crate::error::{ApiError, Halt, contact_not_found, resource_not_found};
use crate::handlers::agent::{Event, load_agent, move_agent, offline};
use crate::handlers::contact::{load_contact, move_contact};
use crate::handlers::contact_work::transfer;
use crate::handlers::task_template;
use crate::operations::{Prepared, Request};
use crate::tx::Tx;
pub use connections::{Connections, ConnectionsTold};

/// What an agent asks for. The answers are JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentCommand {
    /// The agent, with the contacts at the agent.
    Snapshot,
    /// All that a person needs to work on one of the agent's contacts.
    Contact(ContactId),
    /// A new status, at once or after the present work.
    SetStatus(AgentStatusId),
    /// Accept an offer.
    Accept(ContactId),
    /// Reject an offer.
    Reject(ContactId),
    /// End a contact; after contact work follows.
    End(ContactId),
    /// End it as completed.
    Complete(ContactId),
    /// Close a contact that has ended, was missed or rejected.
    Close(ContactId),
    /// Put a contact aside.
    Pause(ContactId),
    /// Take a paused contact up again.
    Resume(ContactId),
    /// Pass a contact on.
    Transfer(ContactId, QuickConnectId),
    /// Where the agent may transfer contacts to.
    QuickConnects,
    /// The templates of new tasks.
    TaskTemplates,
    /// Contacts in the queues that the agent may assign from.
    Worklist,
    /// Take a contact from the worklist.
    AssignToMe(ContactId),
    /// The first session began.
    SignedIn,
    /// The first event stream was opened.
    Connected,
    /// The last event stream was closed.
    Disconnected,
    /// The last session ended.
    SignedOut,
}

impl AgentCommand {
    /// Its name in refusals and in the log.
    pub fn name(&self) -> &'static str {
        match self {
            AgentCommand::Snapshot => "agent snapshot",
            AgentCommand::Contact(_) => "agent contact",
            AgentCommand::SetStatus(_) => "agent status",
            AgentCommand::Accept(_) => "agent accept",
            AgentCommand::Reject(_) => "agent reject",
            AgentCommand::End(_) => "agent end",
            AgentCommand::Complete(_) => "agent complete",
            AgentCommand::Close(_) => "agent close",
            AgentCommand::Pause(_) => "agent pause",
            AgentCommand::Resume(_) => "agent resume",
            AgentCommand::Transfer(..) => "agent transfer",
            AgentCommand::QuickConnects => "agent quick-connects",
            AgentCommand::TaskTemplates => "agent task-templates",
            AgentCommand::Worklist => "agent worklist",
            AgentCommand::AssignToMe(_) => "agent assign",
            AgentCommand::SignedIn => "agent signed in",
            AgentCommand::Connected => "agent connected",
            AgentCommand::Disconnected => "agent disconnected",
            AgentCommand::SignedOut => "agent signed out",
        }
    }

    fn writes(&self) -> bool {
        !matches!(
            self,
            AgentCommand::Snapshot
                | AgentCommand::Contact(_)
                | AgentCommand::QuickConnects
                | AgentCommand::TaskTemplates
                | AgentCommand::Worklist
        )
    }
}

/// Who may sign in under a name, as [`Request::credentials`] answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The user's id.
    pub user: String,
    /// The Argon2id hash of the password as a PHC string; `None` for a user who signs in elsewhere.
    pub password_hash: Option<String>,
}

struct AgentWork {
    user: UserId,
    command: AgentCommand,
}

impl Prepared for AgentWork {
    fn run(&self, tx: &mut Tx<'_>, _: &Call) -> Result<Vec<u8>, Halt> {
        if tx.get::<User>(self.user.as_bytes()).is_none() {
            return Err(resource_not_found("user", &self.user.to_string()).into());
        }
        let answer = perform(tx, self.user, &self.command)?;
        serde_json::to_vec(&answer).map_err(|error| ApiError::internal(error).into())
    }
}

struct FindCredentials {
    username: String,
}

impl Prepared for FindCredentials {
    fn run(&self, tx: &mut Tx<'_>, _: &Call) -> Result<Vec<u8>, Halt> {
        let user = tx.list::<User>().into_iter().find(|user| user.username == self.username);
        let credentials =
            user.map(|user| Credentials { user: user.id.to_string(), password_hash: user.password_hash.clone() });
        serde_json::to_vec(&credentials).map_err(|error| ApiError::internal(error).into())
    }
}

impl Request {
    /// What an agent asks for.
    pub fn agent(instance: InstanceId, user: UserId, command: AgentCommand) -> Self {
        let (operation, writes) = (command.name(), command.writes());
        Self::of_server(operation, Some(instance), writes, Box::new(AgentWork { user, command }))
    }

    /// Who may sign in under a name: [`Credentials`] or null. For the server alone, never for an answer.
    pub fn credentials(instance: InstanceId, username: String) -> Self {
        Self::of_server("agent sign-in", Some(instance), false, Box::new(FindCredentials { username }))
    }
}

fn perform(tx: &mut Tx<'_>, agent: UserId, command: &AgentCommand) -> Result<Value, Halt> {
    match *command {
        AgentCommand::Snapshot => return snapshot::snapshot(tx, agent),
        AgentCommand::Contact(contact) => return contact_details::details(tx, agent, contact),
        AgentCommand::QuickConnects => return Ok(json!({"QuickConnects": quick_connects(tx, agent)?})),
        AgentCommand::TaskTemplates => return task_templates(tx),
        AgentCommand::Worklist => return worklist::worklist(tx, agent),
        AgentCommand::AssignToMe(contact) => worklist::assign(tx, agent, contact)?,
        AgentCommand::SetStatus(status) => {
            let unknown = || resource_not_found("agent status", &status.to_string());
            let status = tx.get::<AgentStatus>(status.as_bytes()).ok_or_else(unknown)?.chosen()?;
            move_agent(tx, agent, Event::StatusSet(status))?;
        }
        AgentCommand::Accept(contact) => move_own(tx, agent, contact, contact::Event::Accepted { agent })?,
        AgentCommand::Reject(contact) => move_own(tx, agent, contact, contact::Event::Rejected { agent })?,
        AgentCommand::End(contact) => move_own(tx, agent, contact, contact::Event::AgentEnded { agent })?,
        AgentCommand::Complete(contact) => move_own(tx, agent, contact, contact::Event::AgentCompleted { agent })?,
        AgentCommand::Pause(contact) => {
            require_joined(tx, agent, contact)?;
            move_own(tx, agent, contact, contact::Event::Paused { flow: None })?;
        }
        AgentCommand::Resume(contact) => {
            require_joined(tx, agent, contact)?;
            move_own(tx, agent, contact, contact::Event::Resumed { flow: None })?;
        }
        AgentCommand::Close(contact) => {
            entry(tx, agent, contact)?;
            move_agent(tx, agent, Event::Dismissed { contact })?;
        }
        AgentCommand::Transfer(contact, to) => {
            require_joined(tx, agent, contact)?;
            let to = destination(tx, agent, to)?;
            let next = transfer(tx, contact, to)?;
            return Ok(json!({"ContactId": next.to_string()}));
        }
        AgentCommand::SignedIn => move_agent(tx, agent, Event::SignedIn)?,
        AgentCommand::Connected => move_agent(tx, agent, Event::StreamOpened)?,
        AgentCommand::Disconnected => move_agent(tx, agent, Event::StreamClosed)?,
        AgentCommand::SignedOut => {
            let offline = offline(tx)?;
            move_agent(tx, agent, Event::SignedOut { offline })?;
        }
    }
    Ok(json!({}))
}

/// The agent's entry of a contact. Whose contact it is otherwise, and whether there is one, the agent does not learn.
fn entry(tx: &Tx<'_>, agent: UserId, contact: ContactId) -> Result<AgentContact, Halt> {
    let record = load_agent(tx, agent)?.ok_or_else(|| resource_not_found("user", &agent.to_string()))?;
    let entry = record.contact(contact).copied();
    Ok(entry.ok_or_else(|| {
        ApiError::not_found(format!(
            "Resource not found: contact {contact} is not with you; the snapshot shows those that are"
        ))
    })?)
}

/// The same of one that the agent has or is being offered: what is left of a missed offer is not the agent's any more.
fn own_entry(tx: &Tx<'_>, agent: UserId, contact: ContactId) -> Result<AgentContact, Halt> {
    let entry = entry(tx, agent, contact)?;
    if entry.state.is_uncleared() {
        let text = format!("contact {contact} is {} here: it can only be closed", entry.state.as_str());
        return Err(ApiError::invalid_request(text).into());
    }
    Ok(entry)
}

fn require_joined(tx: &Tx<'_>, agent: UserId, contact: ContactId) -> Result<(), Halt> {
    let entry = own_entry(tx, agent, contact)?;
    match entry.state {
        AgentContactState::Connected | AgentContactState::Paused => Ok(()),
        state => {
            let text = format!("contact {contact} is {}: accept it first, or close it if it has ended", state.as_str());
            Err(ApiError::invalid_request(text).into())
        }
    }
}

fn load_own(tx: &Tx<'_>, agent: UserId, contact: ContactId) -> Result<Contact, Halt> {
    own_entry(tx, agent, contact)?;
    Ok(load_contact(tx, &contact)?.ok_or_else(|| contact_not_found(&contact))?)
}

fn move_own(tx: &mut Tx<'_>, agent: UserId, contact: ContactId, event: contact::Event) -> Result<(), Halt> {
    let contact = load_own(tx, agent, contact)?;
    move_contact(tx, contact, event)
}

fn profile_of(tx: &Tx<'_>, agent: UserId) -> Option<Arc<RoutingProfile>> {
    let user = tx.get::<User>(agent.as_bytes())?;
    tx.get::<RoutingProfile>(user.routing_profile.as_bytes())
}

/// The quick connects of the queues in the agent's routing profile and of its default outbound queue, those that a task
/// can take, by name.
fn visible(tx: &Tx<'_>, agent: UserId) -> Vec<(Arc<QuickConnect>, Transfer)> {
    let Some(profile) = profile_of(tx, agent) else { return Vec::new() };
    let queues = profile.queues.iter().map(|config| config.queue);
    let queues = queues.chain(profile.manual_queues.iter().map(|config| config.queue));
    let queues: BTreeSet<QueueId> = queues.chain([profile.default_outbound_queue]).collect();
    let shown = |id: &QuickConnectId| {
        queues
            .iter()
            .filter_map(|queue| tx.get::<engine::queue::Queue>(queue.as_bytes()))
            .any(|queue| queue.quick_connects.contains(id))
    };
    let all = tx.list::<QuickConnect>().into_iter();
    let takes_tasks = all.filter_map(|quick_connect| Some((transfer_of(&quick_connect.config)?, quick_connect)));
    let mut visible: Vec<_> = takes_tasks
        .filter(|(_, it)| shown(&it.id))
        .map(|(transfer, quick_connect)| (quick_connect, transfer))
        .collect();
    visible.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    visible
}

/// Where a task goes by a quick connect; nowhere by one for calls or chats.
fn transfer_of(config: &QuickConnectConfig) -> Option<Transfer> {
    match *config {
        QuickConnectConfig::User { user, flow } => Some(Transfer { flow, target_queue: Some(QueueId::of_agent(user)) }),
        QuickConnectConfig::Queue { queue, flow } => Some(Transfer { flow, target_queue: Some(queue) }),
        QuickConnectConfig::PhoneNumber { .. } | QuickConnectConfig::Flow { .. } => None,
    }
}

fn quick_connects(tx: &Tx<'_>, agent: UserId) -> Result<Vec<Value>, Halt> {
    let shown = |(quick_connect, _): (Arc<QuickConnect>, Transfer)| {
        json!({
            "QuickConnectId": quick_connect.id.to_string(),
            "Name": quick_connect.name,
            "Description": quick_connect.description,
            "Type": quick_connect.config.kind(),
        })
    };
    Ok(visible(tx, agent).into_iter().map(shown).collect())
}

fn destination(tx: &Tx<'_>, agent: UserId, id: QuickConnectId) -> Result<Transfer, Halt> {
    let found = visible(tx, agent).into_iter().find(|(quick_connect, _)| quick_connect.id == id);
    let (_, transfer) = found.ok_or_else(|| {
        ApiError::not_found(format!(
            "Resource not found: quick connect {id} is not among yours; quick-connects shows those of the queues in your routing profile"
        ))
    })?;
    Ok(transfer)
}

/// The active templates, whole, by name.
fn task_templates(tx: &Tx<'_>) -> Result<Value, Halt> {
    let mut templates = tx.list::<TaskTemplate>();
    templates.retain(|template| template.status == TaskTemplateStatus::Active);
    templates.sort_by(|one, other| one.name.cmp(&other.name));
    let shown: Vec<_> = templates.iter().map(|template| task_template::shown_template(tx, template)).collect();
    Ok(json!({"TaskTemplates": shown}))
}
