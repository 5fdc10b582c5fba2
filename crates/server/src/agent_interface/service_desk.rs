//! The desk of the running instances.

use std::sync::Arc;

use bytes::Bytes;
use engine::InstanceId;
use engine::arn::Resource;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use service::{Caller, Request};
use wire::WireError;

use super::desk::{AgentKey, Command, Credentials, Desk};
use crate::backend::{self, Backend};
use crate::changes::Changes;
use crate::runtime::Runtime;

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
            Command::Agent(command) => {
                let request = Request::agent(agent.instance, agent.user, command);
                self.runtime.call(request).await.map_err(|error| backend::told(error, None))?
            }
            Command::CreateTask(given) => self.create_task(agent, given).await?,
        };
        Ok(Bytes::from(answer))
    }

    /// StartTaskContact in the name of a user, who is CreatedByUser (`start-task-contact.md` R10).
    async fn create_task(&self, agent: AgentKey, given: Value) -> Result<Vec<u8>, WireError> {
        let Value::Object(mut input) = given else {
            let message = "the body must be a JSON object with the members of StartTaskContact";
            return Err(WireError::exception("InvalidRequestException", message));
        };
        let arn = self.runtime.arn_scope(agent.instance).arn(Resource::User(agent.user));
        input.insert("InstanceId".to_owned(), json!(agent.instance.to_string()));
        let segment = input.entry("SegmentAttributes").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(segment) = segment {
            segment.insert("connect:CreatedByUser".to_owned(), json!({"ValueString": arn}));
        }
        let route = wire::route("PUT", "/contact/task")?;
        let bound = wire::bind(&route, "", Value::Object(input).to_string().as_bytes())?;
        let caller = Caller { access_key_id: String::new(), arn, root: false };
        self.backend.call(bound, caller).await
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
