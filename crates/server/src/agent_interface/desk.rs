//! What stands behind the interface: the agents of the instances.

use bytes::Bytes;
use engine::{InstanceId, UserId};
use futures_util::future::BoxFuture;
use serde_json::Value;
use service::AgentCommand;
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
    /// Something about the agent, or about contacts at the agent.
    Agent(AgentCommand),
    /// A new task: members as of StartTaskContact, without the instance.
    CreateTask(Value),
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
