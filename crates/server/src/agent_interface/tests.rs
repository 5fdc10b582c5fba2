//! The interface in front of a desk that writes down what it is asked.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ::http::Request;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use engine::InstanceId;
use expect_test::{Expect, expect};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use super::desk::{Command, Credentials};
use super::*;
use crate::changes::Changes;
use crate::http::AnswerBody;
use service::AgentCommand;

const INSTANCE: InstanceId = InstanceId::from_bytes([1; 16]);
const ANN: UserId = UserId::from_bytes([2; 16]);
const BOB: UserId = UserId::from_bytes([3; 16]);
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const SIGN_IN: &str = r#"{"InstanceId":"desk","Username":"ann","Password":"correct horse"}"#;

/// A desk of two agents.
struct Notebook {
    changes: Changes<AgentKey>,
    password_hash: String,
    version: AtomicU64,
    /// Bytes that a snapshot has at least.
    padding: AtomicUsize,
    /// How many commands about who is there fail from now on.
    deaf: AtomicUsize,
    asked: Mutex<Vec<String>>,
    told: mpsc::UnboundedSender<Command>,
}

impl Desk for Notebook {
    fn instance(&self, given: &str) -> Option<InstanceId> {
        (given == "desk" || given == INSTANCE.to_string()).then_some(INSTANCE)
    }

    fn credentials<'a>(
        &'a self,
        _: InstanceId,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Option<Credentials>, WireError>> {
        let password_hash = Some(self.password_hash.clone());
        let found = match username {
            "ann" => Some(Credentials { user: ANN, password_hash }),
            "bob" => Some(Credentials { user: BOB, password_hash: None }),
            _ => None,
        };
        async move { Ok(found) }.boxed()
    }

    fn command(&self, agent: AgentKey, command: Command) -> BoxFuture<'_, Result<Bytes, WireError>> {
        let name = if agent.user == ANN { "ann" } else { "bob" };
        let about_presence = matches!(
            command,
            Command::Agent(
                AgentCommand::SignedIn | AgentCommand::Connected | AgentCommand::Disconnected | AgentCommand::SignedOut
            )
        );
        let one_less = |left: usize| left.checked_sub(1);
        if about_presence && self.deaf.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return async { Err(WireError::internal("the disk is full")) }.boxed();
        }
        let answer = match command {
            Command::Agent(AgentCommand::Snapshot) => {
                let version = self.version.load(Ordering::SeqCst);
                let padding = " ".repeat(self.padding.load(Ordering::SeqCst));
                format!("{{\"Agent\":\"{name}\",\"Version\":{version}}}{padding}")
            }
            _ => "{}".to_owned(),
        };
        self.asked.lock().unwrap().push(format!("{name} {command:?}"));
        if about_presence {
            let _ = self.told.send(command);
        }
        async move { Ok(Bytes::from(answer)) }.boxed()
    }

    fn changes(&self) -> &Changes<AgentKey> {
        &self.changes
    }
}

/// An interface with its desk.
struct Place {
    desk: Arc<Notebook>,
    interface: Arc<AgentInterface>,
    told: mpsc::UnboundedReceiver<Command>,
}

impl Place {
    fn new(change: impl FnOnce(&mut Config)) -> Place {
        let mut config = Config::defaults(Path::new("unused"));
        change(&mut config);
        let (sender, told) = mpsc::unbounded_channel();
        let desk = Arc::new(Notebook {
            changes: Changes::default(),
            password_hash: Argon2::default().hash_password(b"correct horse").unwrap().to_string(),
            version: AtomicU64::new(1),
            padding: AtomicUsize::new(0),
            deaf: AtomicUsize::new(0),
            asked: Mutex::default(),
            told: sender,
        });
        let (interface, upkeep) = AgentInterface::new(&config, Arc::clone(&desk) as Arc<dyn Desk>).unwrap();
        tokio::spawn(Arc::clone(&interface).keep(upkeep));
        Place { desk, interface, told }
    }

    /// A new version of everybody's snapshot.
    fn change(&self) {
        self.desk.version.fetch_add(1, Ordering::SeqCst);
        self.desk.changes.changed(AgentKey { instance: INSTANCE, user: ANN });
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (head, ()) = request(method, &format!("{PREFIX}{path}"), headers).into_parts();
        let body = Bytes::from(body.to_owned());
        let answered = self.interface.person(&head, path, &body, CLIENT).await;
        answered.unwrap_or_else(|error| refusal(&error))
    }

    /// Status and body of an answer.
    async fn told(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        shown(self.send(method, path, headers, body).await).await
    }

    /// The next so many things that the desk was told of who is there.
    async fn said(&mut self, count: usize) -> Vec<String> {
        let mut said = Vec::new();
        while said.len() < count {
            match self.told.recv().await {
                Some(Command::Agent(command)) => said.push(format!("{command:?}")),
                other => panic!("{other:?}"),
            }
        }
        said
    }

    async fn sign_in(&self) -> String {
        let answer = self.send("POST", "session", &[("content-type", "application/json")], SIGN_IN).await;
        let session: Value = serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
        // The desk has heard of it before anybody else.
        assert!(self.desk.asked.lock().unwrap().contains(&"ann Agent(SignedIn)".to_owned()));
        format!("Bearer {}", session["Token"].as_str().unwrap())
    }
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    let request = Request::builder().method(method).uri(uri);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(()).unwrap()
}

async fn shown(answer: Answer) -> String {
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    format!("{status} {}", String::from_utf8_lossy(&body))
}

fn check(table: &[String], expected: &Expect) {
    expected.assert_eq(&(table.join("\n") + "\n"));
}

async fn next(stream: &mut AnswerBody) -> Option<String> {
    let frame = stream.frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn who_signs_in_must_be_known() {
    let place = Place::new(|_| {});
    let json = [("content-type", "application/json")];
    let mut table = Vec::new();
    for (headers, body) in [
        (&[][..], SIGN_IN),
        (&json[..], "{}"),
        (&json[..], &SIGN_IN.replace("horse", "cow")),
        (&json[..], &SIGN_IN.replace("ann", "bob")),
        (&json[..], &SIGN_IN.replace("ann", "nobody")),
        (&json[..], &SIGN_IN.replace("desk", "elsewhere")),
    ] {
        table.push(place.told("POST", "session", headers, body).await);
    }
    table.push(place.told("GET", "session", &json, "").await);
    table.push(place.told("GET", "snapshot", &[], "").await);
    table.push(place.told("GET", "snapshot", &[("authorization", "Bearer no-such-token")], "").await);
    check(
        &table,
        &expect![[r#"
        400 {"Message":"send the body as Content-Type: application/json","Type":"InvalidRequestException"}
        400 {"Message":"the body is not the JSON that is asked for: missing field `InstanceId` at line 1 column 2","Type":"InvalidRequestException"}
        401 {"Message":"the instance, the user name or the password is wrong, or the user signs in elsewhere","Type":"NotAuthorizedException"}
        401 {"Message":"the instance, the user name or the password is wrong, or the user signs in elsewhere","Type":"NotAuthorizedException"}
        401 {"Message":"the instance, the user name or the password is wrong, or the user signs in elsewhere","Type":"NotAuthorizedException"}
        401 {"Message":"the instance, the user name or the password is wrong, or the user signs in elsewhere","Type":"NotAuthorizedException"}
        405 {"Message":"session takes POST to sign in and DELETE to sign out","Type":"MethodNotAllowedException"}
        401 {"Message":"this needs a session: sign in with POST /agent/v1/session","Type":"NotAuthorizedException"}
        401 {"Message":"the session is over: sign in with POST /agent/v1/session","Type":"NotAuthorizedException"}
    "#]],
    );
}

#[tokio::test]
async fn tries_are_counted() {
    use crate::config::Setting as _;
    let place =
        Place::new(|config| config.agents.sign_in_rate_per_user = crate::throttle::Rate::parse("0.001/2").unwrap());
    let json = [("content-type", "application/json")];
    let wrong = SIGN_IN.replace("horse", "cow");
    for _ in 0..2 {
        assert!(place.told("POST", "session", &json, &wrong).await.starts_with("401"));
    }
    let told = place.told("POST", "session", &json, SIGN_IN).await;
    check(
        &[told],
        &expect![[r#"
        429 {"Message":"too many sign-ins under this name; there may be 0.001 calls a second and 2 at once (agents.sign_in_rate_per_user); wait a little","Type":"ThrottlingException"}
    "#]],
    );
}

#[tokio::test]
async fn a_session_is_for_its_own_agent_until_it_is_ended() {
    let mut place = Place::new(|_| {});
    let answer = place.send("POST", "session", &[("content-type", "application/json")], SIGN_IN).await;
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let cookie = ("cookie", cookie.as_str());
    let contact = "contacts/00000000-0000-7000-8000-000000000001/accept";
    let table = [
        place.told("GET", "snapshot", &[cookie], "").await,
        place.told("POST", contact, &[cookie], "").await,
        place.told("POST", contact, &[cookie, ("x-callboard-csrf", "1")], "").await,
        place.told("DELETE", "session", &[cookie, ("sec-fetch-site", "same-origin")], "").await,
        place.told("GET", "snapshot", &[cookie], "").await,
    ];
    check(
        &table,
        &expect![[r#"
        200 {"Agent":"ann","Version":1}
        403 {"Message":"a request with the session's cookie that changes something must come from a page of this server, or carry the header X-Callboard-Csrf; without the cookie, send the token as Authorization: Bearer","Type":"AccessDeniedException"}
        200 {}
        200 {}
        401 {"Message":"the session is over: sign in with POST /agent/v1/session","Type":"NotAuthorizedException"}
    "#]],
    );
    assert_eq!(place.said(2).await, ["SignedIn", "SignedOut"]);
    check(
        &place.desk.asked.lock().unwrap(),
        &expect![[r#"
            ann Agent(SignedIn)
            ann Agent(Snapshot)
            ann Agent(Accept(ContactId(00000000-0000-7000-8000-000000000001)))
            ann Agent(SignedOut)
        "#]],
    );
}

#[tokio::test]
async fn a_stream_tells_of_changes_merged_and_begins_where_it_ended() {
    let place = Place::new(|_| {});
    let bearer = place.sign_in().await;
    let mut stream = place.send("GET", "events", &[("authorization", &bearer)], "").await.into_body();
    let first = next(&mut stream).await.unwrap();
    place.change();
    place.change();
    let second = next(&mut stream).await.unwrap();
    assert!(stream.frame().now_or_never().is_none());
    drop(stream);
    let id = second.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    let again = [("authorization", &*bearer), ("last-event-id", &*id)];
    let mut stream = place.send("GET", "events", &again, "").await.into_body();
    assert!(stream.frame().now_or_never().is_none());
    place.change();
    let third = next(&mut stream).await.unwrap();
    check(
        &[first, second, third],
        &expect![[r#"
        event: snapshot
        id: ZJ008pgK_TX9mjvs
        data: {"Agent":"ann","Version":1}


        event: snapshot
        id: mjX0BMhrQMPp9CXK
        data: {"Agent":"ann","Version":3}


        event: snapshot
        id: 7ldwvkVmLCIA3RaP
        data: {"Agent":"ann","Version":4}


    "#]],
    );
}

#[tokio::test]
async fn streams_end_with_the_session_and_with_the_server() {
    let place = Place::new(|_| {});
    let (first, second) = (place.sign_in().await, place.sign_in().await);
    let open = async |bearer: &str| place.send("GET", "events", &[("authorization", bearer)], "").await.into_body();
    let (mut ended, mut stopped) = (open(&first).await, open(&second).await);
    let (_, _) = (next(&mut ended).await, next(&mut stopped).await);
    place.told("DELETE", "session", &[("authorization", &first)], "").await;
    assert_eq!(next(&mut ended).await.as_deref(), Some("event: signed-out\ndata: {}\n\n"));
    assert_eq!(next(&mut ended).await, None);
    place.change();
    assert!(next(&mut stopped).await.unwrap().contains("\"Version\":2"));
    place.interface.stop();
    assert_eq!(next(&mut stopped).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_has_heartbeats() {
    let place = Place::new(|_| {});
    let bearer = place.sign_in().await;
    let mut stream = place.send("GET", "events", &[("authorization", &bearer)], "").await.into_body();
    next(&mut stream).await.unwrap();
    assert_eq!(next(&mut stream).await.as_deref(), Some(":\n\n"));
    assert_eq!(next(&mut stream).await.as_deref(), Some(":\n\n"));
}

#[tokio::test]
async fn the_first_stream_and_the_last_one_are_told_of() {
    let mut place = Place::new(|_| {});
    let bearer = place.sign_in().await;
    let first = place.send("GET", "events", &[("authorization", &bearer)], "").await;
    let second = place.send("GET", "events", &[("authorization", &bearer)], "").await;
    drop(first);
    assert_eq!(place.said(2).await, ["SignedIn", "Connected"]);
    drop(second);
    assert_eq!(place.said(1).await, ["Disconnected"]);
    let _third = place.send("GET", "events", &[("authorization", &bearer)], "").await;
    assert_eq!(place.said(1).await, ["Connected"]);
    assert!(place.told.try_recv().is_err());
}

#[tokio::test]
async fn a_stream_that_outlives_a_session_is_told_of_again() {
    let mut place = Place::new(|_| {});
    let bearer = place.sign_in().await;
    let own = place.send("GET", "events", &[("authorization", &bearer)], "").await;
    let (head, ()) = request("GET", &format!("{PREFIX}users/{ANN}/events?instance=desk"), &[]).into_parts();
    let programs = place.interface.program(|_| true, &ANN.to_string(), "events", &head, &Bytes::new()).await.unwrap();
    place.told("DELETE", "session", &[("authorization", &bearer)], "").await;
    assert_eq!(place.said(4).await, ["SignedIn", "Connected", "SignedOut", "Connected"]);
    // The session's own stream counts no more, open or not.
    drop(programs);
    assert_eq!(place.said(1).await, ["Disconnected"]);
    let bearer = place.sign_in().await;
    let next = place.send("GET", "events", &[("authorization", &bearer)], "").await;
    assert_eq!(place.said(2).await, ["SignedIn", "Connected"]);
    drop((own, next));
    assert_eq!(place.said(1).await, ["Disconnected"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_desk_could_not_hear_is_told_again() {
    let mut place = Place::new(|_| {});
    let bearer = place.sign_in().await;
    place.desk.deaf.store(3, Ordering::SeqCst);
    place.told("DELETE", "session", &[("authorization", &bearer)], "").await;
    assert_eq!(place.said(2).await, ["SignedIn", "SignedOut"]);
    place.desk.deaf.store(1, Ordering::SeqCst);
    let refused = place.told("POST", "session", &[("content-type", "application/json")], SIGN_IN).await;
    assert!(refused.starts_with("500 "), "{refused}");
    // Perhaps it has heard, and there is no session.
    assert_eq!(place.said(1).await, ["SignedOut"]);
    let bearer = place.sign_in().await;
    place.desk.deaf.store(1, Ordering::SeqCst);
    let refused = place.told("GET", "events", &[("authorization", &bearer)], "").await;
    assert!(refused.starts_with("500 "), "{refused}");
    assert_eq!(place.said(2).await, ["SignedIn", "Disconnected"]);
}

#[tokio::test]
async fn a_program_acts_for_the_user_of_the_path_if_its_key_may() {
    let place = Place::new(|_| {});
    let send = async |may: bool, user: &str, query: &str| {
        let (head, ()) = request("GET", &format!("{PREFIX}users/{user}/snapshot{query}"), &[]).into_parts();
        let answered = place.interface.program(|_| may, user, "snapshot", &head, &Bytes::new()).await;
        shown(answered.unwrap_or_else(|error| refusal(&error))).await
    };
    let bob = BOB.to_string();
    let table = [
        send(true, &bob, "?instance=desk").await,
        send(true, &bob, &format!("?instance={INSTANCE}")).await,
        send(true, &bob, "?instance=elsewhere").await,
        send(true, &bob, "").await,
        send(true, "bob", "?instance=desk").await,
        send(false, &bob, "?instance=desk").await,
    ];
    check(
        &table,
        &expect![[r#"
            200 {"Agent":"bob","Version":1}
            200 {"Agent":"bob","Version":1}
            404 {"Message":"Resource not found: no instance elsewhere","Type":"ResourceNotFoundException"}
            400 {"Message":"add ?instance= with the id, ARN or alias of the user's instance","Type":"InvalidRequestException"}
            404 {"Message":"Resource not found: the path must have the id of a user","Type":"ResourceNotFoundException"}
            403 {"Message":"this access key may not act for user 03030303-0303-0303-0303-030303030303; make one that may: callboard keys create --acts-for 03030303-0303-0303-0303-030303030303","Type":"AccessDeniedException"}
        "#]],
    );
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let mut place = Place::new(|_| {});
    place.desk.padding.store(60_000, Ordering::SeqCst);
    let mut config = Config::defaults(Path::new("unused"));
    "127.0.0.1:0".clone_into(&mut config.server.listen);
    config.http.write_timeout_seconds = crate::config::Seconds(1);
    let listener = crate::http::Listener::bind(&config).await.unwrap();
    let address = listener.address().unwrap();
    let keys = crate::AccessKeys::Fixed { id: "key".into(), secret: "secret".into() };
    let agents = Some(Arc::clone(&place.interface));
    let interfaces = crate::http::Interfaces { agents, events: None };
    let edge = crate::http::Edge::with_interfaces(&config, crate::Backend::Bare, keys, interfaces);
    tokio::spawn(crate::http::listen(listener, edge, std::future::pending()));

    let bearer = place.sign_in().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!("GET /agent/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(place.said(2).await, ["SignedIn", "Connected"]);
    while place.told.is_empty() {
        place.change();
        tokio::task::yield_now().await;
    }
    assert_eq!(place.said(1).await, ["Disconnected"]);
}
