//! The events of an instance, in their sequence: `GET /_callboard/v1/events`.
//!
//! A reader names the last event that it has and gets what follows: at once if there is something, else when there is
//! or when it has waited for long enough. With `Accept: text/event-stream` the answer goes on. Nothing is kept for a
//! reader: events are in the journal, and whoever comes too late is told which is the oldest.

mod service_log;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use ::http::request::Parts;
use ::http::{HeaderMap, Response};
use bytes::Bytes;
use engine::InstanceId;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use hyper::body::Frame;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;
use wire::WireError;

use crate::changes::{Changes, Subscription};
use crate::http::{Answer, query_value, streamed, whole};

pub use service_log::ServiceLog;

/// Events in an answer, unless fewer are asked for.
const EVENTS_MAX: usize = 1_000;
/// Longest wait for the next event, in seconds.
const WAIT_SECONDS_MAX: u64 = 30;
/// How often a stream without events carries a comment.
const HEARTBEAT: Duration = Duration::from_secs(15);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const EVENT_STREAM: &str = "text/event-stream";

/// Some events of an instance.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page {
    /// The events, each with its `Sequence`, in their order.
    pub events: Vec<Value>,
    /// The last event's number, or what was asked for if there is none: what to ask for next.
    pub next: u64,
}

/// The journals of the instances.
pub trait EventLog: Send + Sync {
    /// The instance of an id, an ARN or an alias, if it takes calls.
    fn instance(&self, given: &str) -> Option<InstanceId>;

    /// The durable events after this one, at most so many. 410 if there were some that are not kept any more.
    fn read(&self, instance: InstanceId, after: u64, max: usize) -> BoxFuture<'_, Result<Page, WireError>>;

    /// Tells when an instance may have new events.
    fn commits(&self) -> &Changes<InstanceId>;
}

/// Gives events to readers.
pub struct EventFeed {
    log: Arc<dyn EventLog>,
    stopping: watch::Sender<bool>,
}

/// What a reader asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    after: u64,
    max: usize,
    wait: Duration,
}

/// A place in an instance's events.
struct Reader {
    log: Arc<dyn EventLog>,
    instance: InstanceId,
    after: u64,
    max: usize,
    commits: Subscription<InstanceId>,
    stopping: watch::Receiver<bool>,
}

impl EventFeed {
    /// The feed of a log.
    pub fn new(log: Arc<dyn EventLog>) -> EventFeed {
        EventFeed { log, stopping: watch::channel(false).0 }
    }

    /// Ends all waiting and all streams: the server is stopping.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Answers a reader.
    pub async fn serve(&self, head: &Parts) -> Result<Answer, WireError> {
        let query = head.uri.query().unwrap_or_default();
        let given = query_value(query, "instance")
            .ok_or_else(|| invalid("add ?instance= with the id, ARN or alias of an instance"))?;
        let instance = self.log.instance(&given).ok_or_else(|| {
            WireError::exception("ResourceNotFoundException", format!("Resource not found: no instance {given}"))
        })?;
        let asked = Asked::read(query, &head.headers)?;
        let mut reader = Reader {
            log: Arc::clone(&self.log),
            instance,
            after: asked.after,
            max: asked.max,
            // Before the first look, so that nothing comes in between unnoticed.
            commits: self.log.commits().subscribe(instance),
            stopping: self.stopping.subscribe(),
        };
        let streams =
            head.headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(EVENT_STREAM.as_bytes()));
        if streams {
            // What is wrong from the beginning is an answer, not an event.
            let first = reader.log.read(instance, reader.after, reader.max).await?;
            return Ok(reader.stream(first));
        }
        let page = reader.wait(asked.wait).await?;
        let mut answer = Response::new(whole(json!({"Events": page.events, "Next": page.next}).to_string()));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(answer)
    }
}

impl Asked {
    fn read(query: &str, headers: &HeaderMap) -> Result<Asked, WireError> {
        let number = |name: &str, or: u64| match query_value(query, name) {
            None => Ok(or),
            Some(text) => text.parse().map_err(|_| invalid(format!("{name} must be a whole number, not {text:?}"))),
        };
        let resumed = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse().ok());
        let asked_max = number("max", EVENTS_MAX as u64)?;
        Ok(Asked {
            after: match resumed {
                Some(after) => after,
                None => number("after", 0)?,
            },
            max: usize::try_from(asked_max).unwrap_or(EVENTS_MAX).clamp(1, EVENTS_MAX),
            wait: Duration::from_secs(number("wait", 0)?.min(WAIT_SECONDS_MAX)),
        })
    }
}

impl Reader {
    /// What follows, once there is something or the wait is over.
    async fn wait(&mut self, wait: Duration) -> Result<Page, WireError> {
        let mut over = std::pin::pin!(sleep(wait));
        loop {
            let page = self.log.read(self.instance, self.after, self.max).await?;
            if !page.events.is_empty() {
                return Ok(page);
            }
            tokio::select! {
                () = self.commits.changed() => {}
                () = &mut over => return Ok(page),
                _ = self.stopping.wait_for(|stopping| *stopping) => return Ok(page),
            }
        }
    }

    fn stream(self, first: Page) -> Answer {
        let frames = stream::unfold((self, Some(first)), async |(mut reader, page)| {
            let (text, next) = match page {
                Some(page) => (reader.written(&page), None),
                None => reader.next().await?,
            };
            Some((Ok::<_, Infallible>(Frame::data(Bytes::from(text))), (reader, next)))
        });
        let mut answer = Response::new(streamed(frames.boxed()));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }

    /// The next text of a stream; `None` at its end.
    async fn next(&mut self) -> Option<(String, Option<Page>)> {
        if *self.stopping.borrow() {
            return None;
        }
        match self.wait(HEARTBEAT).await {
            Ok(page) => Some((self.written(&page), None)),
            Err(error) => {
                // The stream has begun, so that this is all that can be told; the reader asks again and learns why.
                tracing::warn!(cause = %error, "A stream of events ended: {error}");
                None
            }
        }
    }

    /// Events as they are written; a comment if there is none.
    fn written(&mut self, page: &Page) -> String {
        self.after = page.next;
        if page.events.is_empty() {
            return ":\n\n".to_owned();
        }
        page.events.iter().map(|event| format!("id: {}\ndata: {event}\n\n", event["Sequence"])).collect()
    }
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::exception("InvalidRequestException", message)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use ::http::Request;
    use expect_test::expect;
    use futures_util::FutureExt as _;
    use http_body_util::BodyExt as _;

    use super::*;

    const INSTANCE: InstanceId = InstanceId::from_bytes([1; 16]);

    /// A log whose oldest event is the third.
    struct Log {
        last: Mutex<u64>,
        commits: Changes<InstanceId>,
    }

    impl EventLog for Log {
        fn instance(&self, given: &str) -> Option<InstanceId> {
            (given == "desk").then_some(INSTANCE)
        }

        fn read(&self, _: InstanceId, after: u64, max: usize) -> BoxFuture<'_, Result<Page, WireError>> {
            let last = *self.last.lock().unwrap();
            let page = if after < 2 {
                Err(WireError::front_door("EventsExpired", 410, "the oldest event is 3"))
            } else {
                let events: Vec<Value> = (after + 1..=last).take(max).map(|n| json!({"Sequence": n})).collect();
                Ok(Page { next: after + events.len() as u64, events })
            };
            async move { page }.boxed()
        }

        fn commits(&self) -> &Changes<InstanceId> {
            &self.commits
        }
    }

    impl Log {
        fn add(&self) {
            *self.last.lock().unwrap() += 1;
            self.commits.changed(INSTANCE);
        }
    }

    fn feed() -> (Arc<Log>, EventFeed) {
        let log = Arc::new(Log { last: Mutex::new(5), commits: Changes::default() });
        (Arc::clone(&log), EventFeed::new(log))
    }

    fn head(query: &str, headers: &[(&str, &str)]) -> Parts {
        let request = Request::builder().uri(format!("/_callboard/v1/events?{query}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    async fn told(answer: Result<Answer, WireError>) -> String {
        match answer {
            Ok(answer) => String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn a_reader_gets_what_follows() {
        let (_, feed) = feed();
        let mut table = String::new();
        for query in [
            "instance=desk&after=3",
            "instance=desk&after=2&max=1",
            "instance=desk&after=5",
            "instance=desk",
            "instance=desk&after=x",
            "instance=elsewhere",
            "after=3",
        ] {
            table += &format!("{query}: {}\n", told(feed.serve(&head(query, &[])).await).await);
        }
        expect![[r#"
            instance=desk&after=3: {"Events":[{"Sequence":4},{"Sequence":5}],"Next":5}
            instance=desk&after=2&max=1: {"Events":[{"Sequence":3}],"Next":3}
            instance=desk&after=5: {"Events":[],"Next":5}
            instance=desk: 410 EventsExpired: the oldest event is 3
            instance=desk&after=x: 400 InvalidRequestException: after must be a whole number, not "x"
            instance=elsewhere: 404 ResourceNotFoundException: Resource not found: no instance elsewhere
            after=3: 400 InvalidRequestException: add ?instance= with the id, ARN or alias of an instance
        "#]]
        .assert_eq(&table);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_waits_for_the_next_event_but_not_for_ever() {
        let (log, feed) = feed();
        let asked = head("instance=desk&after=5&wait=20", &[]);
        let mut waiting = std::pin::pin!(feed.serve(&asked));
        assert!(waiting.as_mut().now_or_never().is_none());
        log.add();
        assert_eq!(told(waiting.await).await, r#"{"Events":[{"Sequence":6}],"Next":6}"#);
        let asked = head("instance=desk&after=6&wait=999999", &[]);
        assert_eq!(told(feed.serve(&asked).await).await, r#"{"Events":[],"Next":6}"#);
    }

    #[tokio::test]
    async fn a_stream_goes_on_until_the_server_stops() {
        let (log, feed) = feed();
        let asked = head("instance=desk&after=1", &[("accept", EVENT_STREAM), ("last-event-id", "4")]);
        let mut body = feed.serve(&asked).await.unwrap().into_body();
        let mut text = String::new();
        for _ in 0..2 {
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            text += std::str::from_utf8(&frame).unwrap();
            log.add();
        }
        feed.stop();
        while let Some(frame) = body.frame().await {
            text += std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap();
        }
        expect![[r#"
            id: 5
            data: {"Sequence":5}

            id: 6
            data: {"Sequence":6}

        "#]]
        .assert_eq(&text);
    }
}
