//! The agent interface, `/agent/v1`: what people at a desk, and programs that act as agents, do with their contacts.
//!
//! The Connect API has no operations for it. A person signs in and has a session; a program signs its requests for
//! `/agent/v1/users/{UserId}/…`. Behind that both are the same: [`endpoints`] says what there is, [`desk`] what stands
//! behind it, and [`stream`] how snapshots reach whoever watches. Sessions and their limits go by the machine's time,
//! also beside a test clock.
//!
//! An error is JSON, `{"Type", "Message"}`, with the type of Amazon Connect where there is one.

pub mod browser;
pub mod desk;
pub mod endpoints;
pub mod openapi;
pub mod presence;
pub mod schemas;
pub mod service_desk;
pub mod sessions;
pub mod sign_in;
pub mod stream;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE};
use ::http::request::Parts;
use ::http::{HeaderMap, Response, StatusCode};
use bytes::Bytes;
use engine::UserId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::interval;
use wire::WireError;

use crate::clock;
use crate::config::Config;
use crate::http::{Answer, streamed, whole};
use browser::Token;
use desk::{AgentKey, Desk};
use endpoints::Act;
use presence::Presence;
use sessions::{Bounds, SessionId, Sessions};
use sign_in::Judge;
use stream::Events;

/// What the paths of the interface begin with.
pub const PREFIX: &str = "/agent/v1/";
/// How often sessions are looked through for those that are over, and what could not be told is told again.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// Longest user name and password that are judged, in bytes.
const CREDENTIAL_BYTES_MAX: usize = 1024;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The interface of a server.
pub struct AgentInterface {
    desk: Arc<dyn Desk>,
    sessions: Arc<Sessions>,
    judge: Judge,
    presence: Arc<Presence>,
    heartbeat: Duration,
    session_seconds: u32,
    /// Whether cookies are for HTTPS only.
    secure: bool,
    stopping: watch::Sender<bool>,
}

/// What the interface does besides answering; run by [`AgentInterface::keep`].
pub struct Upkeep {
    changed: UnboundedReceiver<AgentKey>,
}

/// Body of `POST session`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SignIn {
    /// Id, ARN or alias.
    instance_id: String,
    username: String,
    password: String,
}

impl AgentInterface {
    /// The interface in front of a desk, and the work that it asks for.
    pub fn new(config: &Config, desk: Arc<dyn Desk>) -> anyhow::Result<(Arc<AgentInterface>, Upkeep)> {
        let agents = &config.agents;
        let sessions = Arc::new(Sessions::new(Bounds {
            idle_ms: i64::from(agents.session_idle_seconds.0) * 1000,
            life_ms: i64::from(agents.session_seconds.0) * 1000,
            sessions_max: agents.sessions_max as usize,
        }));
        let (presence, changed) = Presence::new(Arc::clone(&desk), Arc::clone(&sessions));
        let interface = AgentInterface {
            desk,
            sessions,
            judge: Judge::new(
                agents.sign_in_rate_per_address,
                agents.sign_in_rate_per_user,
                agents.sign_in_rate_per_name,
            )?,
            presence,
            heartbeat: agents.heartbeat_seconds.into(),
            session_seconds: agents.session_seconds.0,
            secure: config.server.tls_cert.is_some(),
            stopping: watch::channel(false).0,
        };
        Ok((Arc::new(interface), Upkeep { changed }))
    }

    /// Tells the desk who comes and goes, and ends the sessions whose time is over, until it is dropped.
    pub async fn keep(self: Arc<Self>, upkeep: Upkeep) {
        let sweep = async {
            let mut ticks = interval(SWEEP_INTERVAL);
            loop {
                ticks.tick().await;
                self.presence.tell_again();
                for agent in self.sessions.sweep(clock::wall_ms()) {
                    // Its streams notice that it is over.
                    self.desk.changes().changed(agent);
                    self.presence.changed(agent);
                }
            }
        };
        tokio::join!(presence::tell_changes(&self.presence, upkeep.changed), sweep);
    }

    /// Ends all streams: the server is stopping.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Answers a request of a person: sign-in and sign-out, what needs no session, and what does.
    pub async fn person(
        self: &Arc<Self>,
        head: &Parts,
        path: &str,
        body: &Bytes,
        client: IpAddr,
    ) -> Result<Answer, WireError> {
        match (head.method.as_str(), path) {
            ("GET", "openapi.json") => Ok(answer(openapi::document().to_string())),
            ("GET", "docs") => Ok(openapi::page()),
            ("POST", "session") => self.sign_in(head, body, client).await,
            ("DELETE", "session") => {
                let (agent, session) = self.session(head)?;
                self.sessions.end(session);
                // The session's streams notice that it is over.
                self.desk.changes().changed(agent);
                if self.presence.tell(agent).await.is_err() {
                    // The session is over all the same, and the desk hears of it as soon as it can.
                    self.presence.changed(agent);
                }
                let mut answer = answer("{}".to_owned());
                set_cookie(&mut answer, &browser::set_cookie("", 0, self.secure));
                Ok(answer)
            }
            (_, "session") => Err(WireError::front_door(
                "MethodNotAllowedException",
                405,
                "session takes POST to sign in and DELETE to sign out",
            )),
            (method, path) => {
                let (endpoint, contact) = endpoints::find(method, path)?;
                let (agent, session) = self.session(head)?;
                self.perform(agent, Some(session), &head.headers, endpoint.act(contact, body)?).await
            }
        }
    }

    /// Answers a request that was signed for a user, by a key that may act for the user or may not: `path` is what follows
    /// the user's id.
    pub async fn program(
        self: &Arc<Self>,
        may_act_for: impl Fn(UserId) -> bool,
        user: &str,
        path: &str,
        head: &Parts,
        body: &Bytes,
    ) -> Result<Answer, WireError> {
        let (endpoint, contact) = endpoints::find(head.method.as_str(), path)?;
        let user = user.parse().map_err(|_| {
            WireError::exception("ResourceNotFoundException", "Resource not found: the path must have the id of a user")
        })?;
        if !may_act_for(user) {
            let message = format!(
                "this access key may not act for user {user}; make one that may: callboard keys create --acts-for {user}"
            );
            return Err(WireError::exception("AccessDeniedException", message));
        }
        let agent = AgentKey { instance: self.instance(head.uri.query().unwrap_or_default())?, user };
        self.perform(agent, None, &head.headers, endpoint.act(contact, body)?).await
    }

    /// The instance that the query names.
    fn instance(&self, query: &str) -> Result<engine::InstanceId, WireError> {
        let given = crate::http::query_value(query, "instance").ok_or_else(|| {
            let message = "add ?instance= with the id, ARN or alias of the user's instance";
            WireError::exception("InvalidRequestException", message)
        })?;
        self.desk.instance(&given).ok_or_else(|| {
            WireError::exception("ResourceNotFoundException", format!("Resource not found: no instance {given}"))
        })
    }

    async fn sign_in(&self, head: &Parts, body: &Bytes, client: IpAddr) -> Result<Answer, WireError> {
        let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            // Else a form of any site could sign its visitors in under a name of its own.
            let message = "send the body as Content-Type: application/json";
            return Err(WireError::exception("InvalidRequestException", message));
        }
        let now = clock::wall_ms();
        self.judge.admit_address(client, now)?;
        let given: SignIn = json(body)?;
        if given.username.len() > CREDENTIAL_BYTES_MAX || given.password.len() > CREDENTIAL_BYTES_MAX {
            return Err(not_known());
        }
        let instance = self.desk.instance(&given.instance_id);
        let credentials = match instance {
            Some(instance) => {
                self.judge.admit_user(instance, &given.username, client, now)?;
                self.desk.credentials(instance, &given.username).await?
            }
            None => None,
        };
        let known = self.judge.knows(credentials.as_ref(), given.password).await?;
        let (Some(instance), Some(credentials), true) = (instance, credentials, known) else {
            return Err(not_known());
        };
        let agent = AgentKey { instance, user: credentials.user };
        let session = self.sessions.begin(agent, now).ok_or_else(|| {
            let message = "there are as many sessions as agents.sessions_max allows; try again later";
            WireError::exception("ServiceQuotaExceededException", message)
        })?;
        let body = json!({
            "Token": session.token,
            "InstanceId": instance.to_string(),
            "UserId": agent.user.to_string(),
            "ExpiresAt": session.expires_ms / 1000,
        });
        if let Err(error) = self.presence.tell(agent).await {
            self.sessions.end(SessionId::of(&session.token));
            self.presence.changed(agent);
            return Err(error);
        }
        let mut answer = answer(body.to_string());
        set_cookie(&mut answer, &browser::set_cookie(&session.token, i64::from(self.session_seconds), self.secure));
        Ok(answer)
    }

    /// The session of a request.
    fn session(&self, head: &Parts) -> Result<(AgentKey, SessionId), WireError> {
        let token = match browser::token(&head.headers) {
            Some(Token::Bearer(token)) => token,
            Some(Token::Cookie(token)) => {
                browser::judge_origin(&head.method, &head.headers)?;
                token
            }
            None => return Err(not_signed_in("this needs a session: sign in with POST /agent/v1/session")),
        };
        let session = SessionId::of(token);
        let agent = self.sessions.find(session, clock::wall_ms());
        let agent = agent.ok_or_else(|| not_signed_in("the session is over: sign in with POST /agent/v1/session"))?;
        Ok((agent, session))
    }

    async fn perform(
        self: &Arc<Self>,
        agent: AgentKey,
        session: Option<SessionId>,
        headers: &HeaderMap,
        act: Act,
    ) -> Result<Answer, WireError> {
        match act {
            Act::Command(command) => self.desk.command(agent, command).await.map(answer),
            Act::Events => {
                let open = self.presence.open(agent, session).await?;
                let events = Events {
                    interface: Arc::clone(self),
                    agent,
                    session,
                    subscription: self.desk.changes().subscribe(agent),
                    stopping: self.stopping.subscribe(),
                    last_id: headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned),
                    _open: open,
                };
                let mut answer = Response::new(streamed(events.frames()));
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
                Ok(answer)
            }
        }
    }
}

/// The body of an error.
pub fn error_body(error: &WireError) -> Value {
    json!({"Type": error.name, "Message": error.message})
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice(body).map_err(|error| {
        WireError::exception("InvalidRequestException", format!("the body is not the JSON that is asked for: {error}"))
    })
}

fn answer(body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(whole(body));
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

/// The answer to a refused request.
pub fn refusal(error: &WireError) -> Answer {
    let mut refusal = answer(error_body(error).to_string());
    *refusal.status_mut() = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    refusal
}

/// What holds for every answer: nothing of it is to be kept by anybody in between.
pub fn finish(answer: &mut Answer) {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn set_cookie(answer: &mut Answer, cookie: &str) {
    let cookie = HeaderValue::from_str(cookie).expect("a cookie is made of letters, digits and punctuation");
    answer.headers_mut().insert(SET_COOKIE, cookie);
}

fn not_signed_in(message: &str) -> WireError {
    WireError::front_door("NotAuthorizedException", 401, message)
}

/// The same for an instance, a name and a password that is wrong, so that nobody learns which names there are.
fn not_known() -> WireError {
    not_signed_in("the instance, the user name or the password is wrong, or the user signs in elsewhere")
}
