//! The desk of the running instances.

use std::sync::Arc;

use bytes::Bytes;
use engine::InstanceId;
use engine::arn::Resource;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use service::{AgentCommand, Caller, Request};
use wire::WireError;

use super::desk::{AgentKey, Command, Credentials, Desk};
use crate::backend::{self, Backend};
use crate::changes::Changes;
use crate::runtime::Runtime;

/// States of a contact at an agent in which the agent has it, and may see and change what it holds.
const HAS: [&str; 3] = ["CONNECTED", "PAUSED", "ENDED"];

/// The agents of the instances that a runtime runs.
pub struct ServiceDesk {
    runtime: Arc<Runtime>,
    backend: Arc<Backend>,
}

impl ServiceDesk {
    /// The desk in front of a runtime. New tasks take the way of every call, through the back end.
    pub fn new(runtime: Arc<Runtime>, backend: Arc<Backend>) -> ServiceDesk {
        ServiceDesk { runtime, backend }
    }

    async fn perform(&self, agent: AgentKey, command: Command) -> Result<Bytes, WireError> {
        let answer = match command {
            Command::Agent(command) => self.ask(agent, command).await?,
            Command::CreateTask(given) => self.create_task(agent, given).await?,
        };
        Ok(Bytes::from(answer))
    }

    async fn ask(&self, agent: AgentKey, command: AgentCommand) -> Result<Vec<u8>, WireError> {
        let request = Request::agent(agent.instance, agent.user, command);
        self.runtime.call(request).await.map_err(|error| backend::told(error, None))
    }

    /// StartTaskContact in the name of a user, who is CreatedByUser (`start-task-contact.md` R10).
    async fn create_task(&self, agent: AgentKey, given: Value) -> Result<Vec<u8>, WireError> {
        let Value::Object(mut input) = given else {
            let message = "the body must be a JSON object that says what the task is, with Name at least";
            return Err(WireError::exception("InvalidRequestException", message));
        };
        self.judge_task(agent, &input).await?;
        let arn = self.runtime.arn_scope(agent.instance).arn(Resource::User(agent.user));
        input.insert("InstanceId".to_owned(), json!(agent.instance.to_string()));
        input.insert("SegmentAttributes".to_owned(), json!({"connect:CreatedByUser": {"ValueString": arn}}));
        let route = wire::route("PUT", "/contact/task")?;
        let bound = wire::bind(&route, "", Value::Object(input).to_string().as_bytes())?;
        let caller = Caller { access_key_id: String::new(), arn, root: false };
        self.backend.call(bound, caller).await
    }
}

impl ServiceDesk {
    /// Refuses a task by which the agent would reach what is not the agent's: the attributes of a contact that a
    /// colleague has, or a place that no quick connect of the agent leads to.
    async fn judge_task(&self, agent: AgentKey, input: &Map<String, Value>) -> Result<(), WireError> {
        let refused = |message: String| Err(WireError::exception("InvalidRequestException", message));
        let links = ["PreviousContactId", "RelatedContactId"];
        for (link, contact) in links.into_iter().filter_map(|link| Some((link, input.get(link)?))) {
            let snapshot = self.read(agent, AgentCommand::Snapshot).await?;
            let entries = snapshot["Contacts"].as_array().into_iter().flatten();
            let has = |entry: &Value| {
                entry["ContactId"] == *contact && entry["State"].as_str().is_some_and(|state| HAS.contains(&state))
            };
            if !entries.into_iter().any(has) {
                return refused(format!(
                    "{link} must be a contact that you have (state {}), not {contact}",
                    HAS.join(", ")
                ));
            }
        }
        if let Some(quick_connect) = input.get("QuickConnectId") {
            let shown = self.read(agent, AgentCommand::QuickConnects).await?;
            let mut shown = shown["QuickConnects"].as_array().into_iter().flatten();
            if !shown.any(|entry| entry["QuickConnectId"] == *quick_connect) {
                return refused(format!("QuickConnectId must be one that quick-connects shows, not {quick_connect}"));
            }
        }
        Ok(())
    }

    async fn read(&self, agent: AgentKey, command: AgentCommand) -> Result<Value, WireError> {
        let answer = self.ask(agent, command).await?;
        serde_json::from_slice(&answer).map_err(|error| WireError::internal(format!("an answer is no JSON: {error}")))
    }
}

impl Desk for ServiceDesk {
    fn instance(&self, given: &str) -> Option<InstanceId> {
        self.runtime.find_instance(given)
    }

    fn credentials<'a>(
        &'a self,
        instance: InstanceId,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Option<Credentials>, WireError>> {
        async move {
            let request = Request::credentials(instance, username.to_owned());
            let found = self.runtime.call(request).await.map_err(|error| backend::told(error, None))?;
            let found: Option<service::Credentials> = serde_json::from_slice(&found)
                .map_err(|error| WireError::internal(format!("credentials have another form: {error}")))?;
            let Some(found) = found else { return Ok(None) };
            let user = found.user.parse().map_err(|_| WireError::internal("a user's id is no UUID"))?;
            Ok(Some(Credentials { user, password_hash: found.password_hash }))
        }
        .boxed()
    }

    fn command(&self, agent: AgentKey, command: Command) -> BoxFuture<'_, Result<Bytes, WireError>> {
        self.perform(agent, command).boxed()
    }

    fn changes(&self) -> &Changes<AgentKey> {
        self.runtime.agent_changes()
    }
}
