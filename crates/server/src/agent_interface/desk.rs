//! What stands behind the interface: the agents of the instances.

use bytes::Bytes;
use engine::{AgentStatusId, ContactId, InstanceId, QuickConnectId, UserId};
use futures_util::future::BoxFuture;
use serde_json::Value;
use wire::WireError;

use crate::changes::Changes;

/// One user of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentKey {
    /// The instance.
    pub instance: InstanceId,
    /// The user.
    pub user: UserId,
}

/// What an agent asks for. The answers are JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
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
    /// End the work on a contact.
    End(ContactId),
    /// End the after contact work.
    Complete(ContactId),
    /// Clear a contact that has ended, was missed or rejected.
    Close(ContactId),
    /// Put a contact aside.
    Pause(ContactId),
    /// Take a paused contact up again.
    Resume(ContactId),
    /// Pass a contact on.
    Transfer(ContactId, QuickConnectId),
    /// Where the agent may transfer contacts to.
    QuickConnects,
    /// Make a task: members as of StartTaskContact, without the instance.
    CreateTask(Value),
    /// The templates of new tasks.
    TaskTemplates,
    /// Contacts in the queues that the agent may assign from.
    Worklist,
    /// Take a contact from the worklist.
    AssignToMe(ContactId),
    /// The first event stream was opened.
    Connected,
    /// The last event stream was closed.
    Disconnected,
    /// The last session ended.
    SignedOut,
}

/// Who may sign in under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: UserId,
    /// The Argon2id hash of the password as a PHC string; `None` for a user who cannot sign in here.
    pub password_hash: Option<String>,
}

/// The agents of the instances.
pub trait Desk: Send + Sync {
    /// The instance of an id, an ARN or an alias, if it takes calls.
    fn instance(&self, given: &str) -> Option<InstanceId>;

    /// Who may sign in under this name; `None` if the instance has no such user.
    fn credentials<'a>(
        &'a self,
        instance: InstanceId,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Option<Credentials>, WireError>>;

    /// Does what an agent asks for. The answer is durable.
    fn command(&self, agent: AgentKey, command: Command) -> BoxFuture<'_, Result<Bytes, WireError>>;

    /// Tells when an agent's snapshot has changed.
    fn changes(&self) -> &Changes<AgentKey>;
}
