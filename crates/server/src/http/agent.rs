//! Requests of the agent interface: by session, or signed for a user.

use std::net::IpAddr;

use ::http::header::HeaderValue;
use ::http::request::Parts;
use hyper::body::Incoming;
use wire::WireError;

use super::{Answer, Edge, body, log_failure, request_id, signed_head};
use crate::agent_interface::{self, PREFIX};

const NAME: &str = "Agent";

impl Edge {
    /// Answers a request of the agent interface.
    pub(super) async fn agent(&self, head: &Parts, body: Incoming, client: IpAddr) -> Answer {
        let request_id = request_id();
        let mut answer = self.try_agent(head, body, client).await.unwrap_or_else(|error| {
            log_failure(&error, &request_id, NAME);
            let mut refusal = agent_interface::refusal(&error);
            super::close_after(&error, &mut refusal);
            refusal
        });
        let id = HeaderValue::from_str(&request_id).expect("a request id is a UUID");
        answer.headers_mut().insert("x-amzn-requestid", id);
        agent_interface::finish(&mut answer);
        answer
    }

    async fn try_agent(&self, head: &Parts, body: Incoming, client: IpAddr) -> Result<Answer, WireError> {
        let agents = self.interfaces.agents.as_ref().ok_or_else(|| {
            WireError::front_door("NotImplemented", 501, "this server has no agents: it serves nothing but a bench")
        })?;
        let body = body::read(&head.headers, body, self.body_limits).await?;
        let path = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
        let Some(rest) = path.strip_prefix("users/") else {
            return agents.person(head, path, &body, client).await;
        };
        let verified = self.authenticate(&signed_head(head), &body)?;
        let (user, path) = rest.split_once('/').unwrap_or((rest, ""));
        let may_act_for = |user| self.keys.may_act_for(&verified.access_key_id, user);
        agents.program(may_act_for, user, path, head, &body).await
    }
}
