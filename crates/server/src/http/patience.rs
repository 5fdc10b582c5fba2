//! How long a silent client is waited for.
//!
//! A connection is idle, then sends the head of a request, then is answered, then is idle again. While a client is to
//! send the head it has little time, counted from the first byte, however slowly the rest drips in; while it is idle it
//! has more. During the answer only the body's own time-out counts, and how long the client takes to accept bytes: one
//! that reads too slowly is cut off, so that nothing piles up for it.

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
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Patience, phase: Phase) -> Self {
        Patient { stream, patience, phase, deadline: Box::pin(sleep(patience.idle)), armed: Some(IDLE), stuck: None }
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

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
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
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
