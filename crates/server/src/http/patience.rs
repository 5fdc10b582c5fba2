//! How long a silent client is waited for.
//!
//! A connection is idle, then sends the head of a request, then is answered, then is idle again. While a client is to
//! send the head it has little time, counted from the first byte, however slowly the rest drips in; while it is idle it
//! has more. During the answer only the body's own time-out counts, and how long the client takes to accept bytes: one
//! that reads too slowly is cut off, so that nothing piles up for it. While it is sent a stream, which may have nothing to
//! say for long, it is listened to: a client that closes its side is gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long to wait for a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a request to begin.
    pub(super) idle: Duration,
    /// For its head to be complete.
    pub(super) head: Duration,
    /// For the client to accept the next bytes of an answer.
    pub(super) write: Duration,
}

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const ANSWERING: u8 = 2;
const STREAMING: u8 = 3;

/// Most bytes that a client may send ahead while it is sent a stream.
const EARLY_BYTES_MAX: usize = 4096;

/// What a connection is doing, shared by its stream and its requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    /// The head is complete: the server works on the answer until the guard is dropped.
    pub(super) fn answering(&self) -> Answering {
        self.0.store(ANSWERING, Ordering::Release);
        Answering(self.clone())
    }
}

/// A request that is being answered.
pub(super) struct Answering(Phase);

impl Answering {
    /// The answer is a stream, which ends when its client closes the connection.
    pub(super) fn streams(&self) {
        self.0.0.store(STREAMING, Ordering::Release);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.store(IDLE, Ordering::Release);
    }
}

/// A stream whose reads and writes fail once patience is at its end.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    phase: Phase,
    deadline: Pin<Box<Sleep>>,
    /// The phase that the deadline was set for.
    armed: Option<u8>,
    /// Until when the client is to accept bytes, while it does not.
    stuck: Option<Pin<Box<Sleep>>>,
    /// What the client has sent during a stream: its next request, which is read when the stream is over.
    early: Vec<u8>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Patience, phase: Phase) -> Self {
        let deadline = Box::pin(sleep(patience.idle));
        Patient { stream, patience, phase, deadline, armed: Some(IDLE), stuck: None, early: Vec::new() }
    }

    /// What came of a write, or that the client has been stuck for too long.
    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let write = self.patience.write;
        ready!(self.stuck.get_or_insert_with(|| Box::pin(sleep(write))).as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client accepted no bytes for too long")))
    }

    fn arm(&mut self, phase: u8, wait: Duration) {
        if self.armed != Some(phase) {
            self.armed = Some(phase);
            self.deadline.as_mut().reset(Instant::now() + wait);
        }
    }
}

impl<S: AsyncRead + Unpin> Patient<S> {
    /// Fails when the client of a stream has closed its side. Nobody else reads during a stream: who is only waiting
    /// for the rest of an answer may have closed its side long ago.
    fn listen(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut bytes = [0; 256];
        while self.early.len() < EARLY_BYTES_MAX {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer)? {
                Poll::Pending => break,
                Poll::Ready(()) if buffer.filled().is_empty() => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the client closed the stream"));
                }
                Poll::Ready(()) => self.early.extend_from_slice(buffer.filled()),
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = if this.early.is_empty() {
            Pin::new(&mut this.stream).poll_read(cx, buffer)
        } else {
            let early = this.early.drain(..this.early.len().min(buffer.remaining()));
            buffer.put_slice(early.as_slice());
            Poll::Ready(Ok(()))
        };
        if buffer.filled().len() > before
            && this.phase.0.compare_exchange(IDLE, HEAD, Ordering::AcqRel, Ordering::Acquire).is_ok()
        {
            this.arm(HEAD, this.patience.head);
        }
        if read.is_ready() {
            return read;
        }
        match this.phase.0.load(Ordering::Acquire) {
            IDLE => this.arm(IDLE, this.patience.idle),
            HEAD => this.arm(HEAD, this.patience.head),
            _ => {
                this.armed = None;
                return Poll::Pending;
            }
        }
        ready!(this.deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client was silent for too long")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Each time that a connection is looked at ends with this.
        if self.phase.0.load(Ordering::Acquire) == STREAMING {
            self.listen(cx)?;
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};
    use http::Response;
    use hyper::body::Frame;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::sync::oneshot;

    use super::super::answer::{OnItsWay, streamed, whole};
    use super::*;

    /// A client of a server that answers `/stream` with one word and then nothing, and all else at once. The receiver
    /// hears when the stream's body is dropped.
    fn client() -> (DuplexStream, oneshot::Receiver<()>) {
        let (client, server) = duplex(1 << 10);
        let patience = Patience {
            idle: Duration::from_secs(3600),
            head: Duration::from_secs(3600),
            write: Duration::from_secs(3600),
        };
        let phase = Phase::default();
        let stream = TokioIo::new(Patient::new(server, patience, phase.clone()));
        let (held, dropped) = oneshot::channel();
        let held = std::sync::Mutex::new(Some(held));
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let answering = phase.answering();
            let held = (request.uri().path() == "/stream").then(|| held.lock().unwrap().take());
            let body = match held {
                None => whole("all"),
                Some(held) => {
                    answering.streams();
                    let word = stream::iter([Ok(Frame::data(Bytes::from_static(b"word")))]);
                    let never = stream::once(async move {
                        std::future::pending::<()>().await;
                        drop(held);
                        Ok(Frame::data(Bytes::new()))
                    });
                    streamed(word.chain(never).boxed())
                }
            };
            async move { Ok::<_, Infallible>(Response::new(OnItsWay { body, _answering: answering })) }
        });
        tokio::spawn(http1::Builder::new().half_close(true).serve_connection(stream, service));
        (client, dropped)
    }

    async fn read_until(client: &mut DuplexStream, word: &str) {
        let mut read = String::new();
        while !read.contains(word) {
            read.push(char::from(client.read_u8().await.unwrap()));
        }
    }

    #[tokio::test]
    async fn a_stream_whose_client_has_closed_is_over_at_once() {
        let (mut client, dropped) = client();
        client.write_all(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        read_until(&mut client, "word").await;
        // What it sends ahead does not hide it.
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        drop(client);
        assert!(dropped.await.is_err(), "the body was dropped");
    }

    #[tokio::test]
    async fn who_has_closed_its_side_still_gets_an_answer() {
        let (mut client, _) = client();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        client.shutdown().await.unwrap();
        read_until(&mut client, "all").await;
    }
}
