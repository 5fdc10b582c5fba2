//! Taking connections, up to a bound, until the server is told to stop.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, error, warn};

use super::Edge;
use super::answer::{OnItsWay, is_streamed};
use super::patience::{Patience, Patient, Phase};
use crate::config::Config;
use crate::{telemetry, tls};

/// How long nothing is accepted after the operating system refused to, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An open port and what connections to it may do.
pub struct Listener {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    http: http1::Builder,
    patience: Patience,
    connections: Arc<Semaphore>,
    grace: Duration,
}

impl Listener {
    /// Opens the configured port.
    pub async fn bind(config: &Config) -> anyhow::Result<Listener> {
        let tls = match (&config.server.tls_cert, &config.server.tls_key) {
            (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
            _ => None,
        };
        let address = &config.server.listen;
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let mut http = http1::Builder::new();
        http.max_buf_size(config.http.head_bytes_max.as_usize())
            .max_headers(usize::try_from(config.http.headers_max)?)
            .half_close(true);
        Ok(Listener {
            listener,
            tls,
            http,
            patience: Patience {
                idle: config.http.idle_timeout_seconds.into(),
                head: config.http.header_read_timeout_seconds.into(),
                write: config.http.write_timeout_seconds.into(),
            },
            connections: Arc::new(Semaphore::new(usize::try_from(config.http.connections_max)?)),
            grace: config.server.shutdown_grace_seconds.into(),
        })
    }

    /// The address that clients reach it by.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// The URL that clients reach it by.
    pub fn url(&self) -> anyhow::Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.address()?))
    }
}

/// Serves connections until `stop` is ready, then lets requests in flight end, for at most the grace time.
pub async fn listen(listener: Listener, edge: Arc<Edge>, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let Listener { listener, tls, http, patience, connections, grace } = listener;
    let mut stop = std::pin::pin!(stop);
    let mut tasks = JoinSet::new();
    loop {
        let accept = async {
            let permit = Arc::clone(&connections).acquire_owned().await.expect("the semaphore is never closed");
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = tasks.join_next() => {
                report_panic(ended);
                continue;
            }
            accepted = accept => accepted,
        };
        let (stream, client) = match accepted {
            Ok((stream, client)) => (stream, client.ip()),
            Err(error) => {
                warn!(cause = %error, "A connection could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = Connection { http: http.clone(), patience, edge: Arc::clone(&edge), client };
        let watcher = graceful.watcher();
        let tls = tls.clone();
        tasks.spawn(async move {
            let _permit = permit;
            let _open = telemetry::record_connection();
            if let Err(error) = connection.run(stream, tls, watcher).await {
                telemetry::record_failed_connection();
                debug!(cause = format!("{error:#}"), "A connection ended early: {error:#}");
            }
        });
    }
    drop(listener);
    edge.stop();
    if timeout(grace, graceful.shutdown()).await.is_err() {
        warn!("Some requests were still in flight after {} seconds; they are cut off", grace.as_secs());
    }
    tasks.shutdown().await;
}

/// A panic ends one connection and nothing else, but somebody must hear of it.
fn report_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(cause = %error, "A request ended in a panic: {error}");
    }
}

/// How one connection is served.
struct Connection {
    http: http1::Builder,
    patience: Patience,
    edge: Arc<Edge>,
    client: IpAddr,
}

/// Breaks the connection when what was sent is not acknowledged in time: a machine that dies says nothing.
fn expect_acknowledgement(stream: &TcpStream, within: Duration) -> std::io::Result<()> {
    let within_ms = u32::try_from(within.as_millis()).unwrap_or(u32::MAX);
    Ok(rustix::net::sockopt::set_tcp_user_timeout(stream, within_ms)?)
}

type Watcher = hyper_util::server::graceful::Watcher;

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>, watcher: Watcher) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        expect_acknowledgement(&stream, self.patience.write)?;
        match tls {
            Some(tls) => {
                let shaken = timeout(self.patience.head, tls.accept(stream)).await;
                self.serve(shaken.context("the TLS handshake took too long")??, watcher).await
            }
            None => self.serve(stream, watcher).await,
        }
    }

    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        watcher: Watcher,
    ) -> anyhow::Result<()> {
        let phase = Phase::default();
        let stream = TokioIo::new(Patient::new(stream, self.patience, phase.clone()));
        let (edge, client) = (&self.edge, self.client);
        let service = service_fn(move |request| {
            let answering = phase.answering();
            async move {
                let answer = edge.serve(request, client).await;
                if is_streamed(answer.body()) {
                    answering.streams();
                }
                Ok::<_, Infallible>(answer.map(|body| OnItsWay { body, _answering: answering }))
            }
        });
        watcher.watch(self.http.serve_connection(stream, service)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_has_so_long_to_acknowledge() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        expect_acknowledgement(&stream, Duration::from_secs(30)).unwrap();
        assert_eq!(rustix::net::sockopt::tcp_user_timeout(&stream).unwrap(), 30_000);
    }
}
