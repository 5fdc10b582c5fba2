//! What clients can do to the edge, with nothing behind it.

use std::net::SocketAddr;
use std::path::Path;

use ::http::HeaderMap;
use ::http::header::{HOST, HeaderValue};
use expect_test::{Expect, expect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::RequestHead;

use super::*;
use crate::config::{ByteCount, Seconds};

const KEY: &str = "CBTESTTESTTESTTESTTE";
const SECRET: &str = "a secret of the tests";
const TASK: &str = r#"{"InstanceId":"00000000-0000-4000-8000-000000000000","Name":"task"}"#;

/// A server on the loopback address.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

async fn serve(change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::defaults(Path::new("unused"));
    "127.0.0.1:0".clone_into(&mut config.server.listen);
    change(&mut config);
    let listener = Listener::bind(&config).await.unwrap();
    let address = listener.address().unwrap();
    let keys = AccessKeys::Fixed { id: KEY.to_owned(), secret: SECRET.into() };
    let edge = Edge::new(&config, Backend::Bare, keys);
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(listen(listener, edge, async move {
        stopped.await.unwrap();
    }));
    Server { address, stop, served }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of its own; the answer's first line, type of error and body.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may have answered and closed before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        read_answer(&mut stream).await
    }

    fn signed(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let settings = sigv4::Settings {
            region: "us-east-1".to_owned(),
            service: SIGNING_NAME.to_owned(),
            clock_skew_seconds: 300,
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(&self.address.to_string()).unwrap());
        let head = RequestHead { method, raw_path: path, raw_query: "", headers: &headers };
        let credentials = sigv4::Credentials { access_key_id: KEY, secret_access_key: SECRET, session_token: None };
        let now = clock::wall_ms() / 1000;
        headers.extend(sigv4::sign(&head, body, &credentials, &settings, now));
        let mut request = format!("{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len()).into_bytes();
        for (name, value) in &headers {
            request.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        [request, b"\r\n".to_vec(), body.to_vec()].concat()
    }
}

async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let kind = head.lines().find_map(|line| line.strip_prefix("x-amzn-errortype: ")).unwrap_or("-");
    let closed = if head.contains("connection: close") { " closed" } else { "" };
    format!("{} {kind}{closed} {body}", head.lines().next().unwrap_or("nothing"))
}

fn check(answer: &str, expected: &Expect) {
    expected.assert_eq(answer);
}

#[tokio::test]
async fn a_signed_call_is_answered() {
    let server = serve(|_| {}).await;
    let answer = server.exchange(&server.signed("PUT", "/contact/task", TASK.as_bytes())).await;
    check(&answer, &expect![[r#"HTTP/1.1 200 OK - {"ContactId":"00000000-0000-7000-8000-000000000000"}"#]]);
    let answer = server.exchange(&server.signed("GET", "/instance", b"")).await;
    check(
        &answer,
        &expect![[
            r#"HTTP/1.1 501 Not Implemented NotImplemented {"__type":"NotImplemented","message":"ListInstances is an operation of the API that this service does not have"}"#
        ]],
    );
    let answer = server.exchange(&server.signed("GET", "/no/such/path", b"")).await;
    check(
        &answer,
        &expect![[
            r#"HTTP/1.1 404 Not Found UnknownOperationException {"__type":"UnknownOperationException","message":"no operation has method GET and path /no/such/path; see the API reference for the paths"}"#
        ]],
    );
    let answer = server.exchange(&server.signed("PUT", "/contact/task", b"{\"Name\":")).await;
    check(
        &answer,
        &expect![[
            r#"HTTP/1.1 400 Bad Request BadRequestException {"__type":"BadRequestException","message":"Invalid request body: it is not JSON: EOF while parsing a value at line 1 column 8"}"#
        ]],
    );
}

#[tokio::test]
async fn every_answer_has_a_request_id_a_date_and_a_type() {
    let server = serve(|_| {}).await;
    for request in
        [server.signed("PUT", "/contact/task", TASK.as_bytes()), b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()]
    {
        let mut stream = server.connect().await;
        stream.write_all(&request).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        for header in ["x-amzn-requestid: ", "date: ", "content-type: application/json"] {
            assert!(answer.contains(header), "{header} is missing in {answer}");
        }
    }
}

#[tokio::test]
async fn large_things_are_refused() {
    let server = serve(|config| config.http.body_bytes_max = ByteCount(1000)).await;
    let large = server.signed("PUT", "/contact/task", &[b' '; 1001]);
    check(
        &server.exchange(&large).await,
        &expect![[
            r#"HTTP/1.1 413 Payload Too Large RequestEntityTooLargeException closed {"__type":"RequestEntityTooLargeException","message":"the body is longer than 1000 bytes"}"#
        ]],
    );
    let chunked = "PUT /contact/task HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("3e8\r\n{}\r\n", " ".repeat(1000));
    let answer = server.exchange(format!("{chunked}{chunk}{chunk}0\r\n\r\n").as_bytes()).await;
    check(
        &answer,
        &expect![[
            r#"HTTP/1.1 413 Payload Too Large RequestEntityTooLargeException closed {"__type":"RequestEntityTooLargeException","message":"the body is longer than 1000 bytes"}"#
        ]],
    );
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let answer = server.exchange(format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n").as_bytes()).await;
    check(&answer, &expect!["HTTP/1.1 431 Request Header Fields Too Large - closed "]);
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "y".repeat(100_000));
    assert!(!server.exchange(long.as_bytes()).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn who_asks_before_sending_a_large_body_is_refused_at_once() {
    let server = serve(|_| {}).await;
    let mut stream = server.connect().await;
    let head = "PUT /contact/task HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 99999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    check(
        &read_answer(&mut stream).await,
        &expect![[
            r#"HTTP/1.1 413 Payload Too Large RequestEntityTooLargeException closed {"__type":"RequestEntityTooLargeException","message":"the body is longer than 4194304 bytes"}"#
        ]],
    );
}

#[tokio::test]
async fn a_silent_client_is_not_waited_for() {
    let second = |config: &mut Config| {
        config.http.header_read_timeout_seconds = Seconds(1);
        config.http.body_read_timeout_seconds = Seconds(1);
        config.http.idle_timeout_seconds = Seconds(1);
    };
    let server = serve(second).await;
    let mut idle = server.connect().await;
    let mut head = server.connect().await;
    head.write_all(b"PUT /contact/task HT").await.unwrap();
    let mut body = server.connect().await;
    body.write_all(b"PUT /contact/task HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    // Each of them is closed by the server: reading comes to an end.
    check(&read_answer(&mut idle).await, &expect!["nothing - "]);
    check(&read_answer(&mut head).await, &expect!["nothing - "]);
    check(
        &read_answer(&mut body).await,
        &expect![[
            r#"HTTP/1.1 408 Request Timeout RequestTimeoutException closed {"__type":"RequestTimeoutException","message":"the body did not arrive within 1 seconds"}"#
        ]],
    );
}

#[tokio::test]
async fn connections_above_the_bound_wait() {
    let server = serve(|config| config.http.connections_max = 1).await;
    let first = server.connect().await;
    let request = server.signed("PUT", "/contact/task", TASK.as_bytes());
    let mut second = server.connect().await;
    second.write_all(&request).await.unwrap();
    second.shutdown().await.unwrap();
    drop(first);
    assert!(read_answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stopping_ends_idle_connections_and_accepts_no_more() {
    let server = serve(|_| {}).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    server.stop.send(()).unwrap();
    server.served.await.unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn probes_and_the_control_interface_say_what_there_is() {
    let server = serve(|_| {}).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes();
    check(&server.exchange(&get("/health/ready")).await, &expect![[r#"HTTP/1.1 200 OK - {"Status":"ready"}"#]]);
    check(
        &server.exchange(&get("/health/no")).await,
        &expect![[
            r#"HTTP/1.1 404 Not Found - {"Message":"no probe /health/no; there are /health/live and /health/ready"}"#
        ]],
    );
    assert!(server.exchange(&get("/metrics")).await.contains("# TYPE callboard_requests_total counter"));
    check(
        &server.exchange(&get("/_callboard/v1/clock")).await,
        &expect![[
            r#"HTTP/1.1 403 Forbidden MissingAuthenticationTokenException {"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#
        ]],
    );
    check(
        &server.exchange(&server.signed("GET", "/_callboard/v1/no", b"")).await,
        &expect![[
            r#"HTTP/1.1 404 Not Found UnknownOperationException {"__type":"UnknownOperationException","message":"no operation has method GET and path /_callboard/v1/no; see the API reference for the paths"}"#
        ]],
    );
    let advance = server.signed("POST", "/_callboard/v1/clock/advance", b"{\"Seconds\":1}");
    check(
        &server.exchange(&advance).await,
        &expect![[
            r#"HTTP/1.1 403 Forbidden AccessDeniedException {"Message":"only the root key may move the clock","__type":"AccessDeniedException"}"#
        ]],
    );
}
