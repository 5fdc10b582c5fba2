//! A client that takes as little as it can: one connection, one request at a time, bytes as they were prepared.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Where the head of an answer ends.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// A connection that is kept alive.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer with all of its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, received: Vec::with_capacity(4096) })
    }

    /// Sends a request and waits for all of its answer.
    pub(super) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.received.clear();
        self.stream.write_all(request).await.context("send a request")?;
        let (head_bytes, body_bytes) = loop {
            let read = self.stream.read_buf(&mut self.received).await.context("read an answer")?;
            ensure!(read > 0, "the server closed the connection");
            if let Some(end) = self.received.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END) {
                break (end + HEAD_END.len(), content_length(&self.received[..end])?);
            }
        };
        while self.received.len() < head_bytes + body_bytes {
            let read = self.stream.read_buf(&mut self.received).await.context("read an answer")?;
            ensure!(read > 0, "the server closed the connection");
        }
        let status = self.received.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        Ok(Answer { status: status.context("an answer without a status")?, body: &self.received[head_bytes..] })
    }
}

impl Answer<'_> {
    /// Refuses every status but 200.
    pub(super) fn succeeded(self) -> anyhow::Result<Self> {
        if self.status != 200 {
            bail!("the server answered {}: {}", self.status, String::from_utf8_lossy(self.body));
        }
        Ok(self)
    }

    /// The body of a success.
    pub(super) fn json(self) -> anyhow::Result<Value> {
        serde_json::from_slice(self.succeeded()?.body).context("an answer that is not JSON")
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head).context("the head of an answer")?;
    let fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.context("an answer without content-length")?.1.trim().parse().context("content-length")
}
