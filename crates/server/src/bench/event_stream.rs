//! A reader of server-sent events: the snapshots of an agent.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An open event stream. Its chunks are whole events, so that their lengths need not be counted.
pub(super) struct EventStream {
    stream: TcpStream,
    received: Vec<u8>,
}

impl EventStream {
    /// Sends the request and waits for the head of the answer.
    pub(super) async fn open(address: SocketAddr, request: &[u8]) -> anyhow::Result<EventStream> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        let mut events = EventStream { stream, received: Vec::new() };
        events.stream.write_all(request).await.context("ask for events")?;
        let head = events.until(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&head);
        ensure!(head.starts_with("HTTP/1.1 200"), "the server gives no events: {head}");
        Ok(events)
    }

    /// The data of the next snapshot. May be given up at any time: nothing is lost by it.
    pub(super) async fn snapshot(&mut self) -> anyhow::Result<Vec<u8>> {
        loop {
            let event = self.until(b"\n\n").await?;
            let mut lines = event.split(|byte| *byte == b'\n');
            if let Some(data) = lines.find_map(|line| line.strip_prefix(b"data: ")) {
                return Ok(data.to_vec());
            }
        }
    }

    /// What comes until this mark.
    async fn until(&mut self, mark: &[u8]) -> anyhow::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.received.windows(mark.len()).position(|bytes| bytes == mark) {
                let rest = self.received.split_off(at + mark.len());
                return Ok(std::mem::replace(&mut self.received, rest));
            }
            let read = self.stream.read_buf(&mut self.received).await.context("read events")?;
            ensure!(read > 0, "the server closed an event stream");
        }
    }
}
