//! Files of tasks: downloaded from allowed hosts, judged by size and content, and stored
//! (`start-task-contact.md` R23, R24).
//!
//! A download goes only where the operator allows. Names are resolved here, every address is checked, and the
//! connection goes to a checked address, so that a name cannot change its meaning in between; redirects are not
//! followed. A URL may hold a signature: it is never logged, nor part of a reason.

mod address;
mod host_pattern;
mod media;
mod storage;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Client, Response, StatusCode, Url};
use sha2::{Digest as _, Sha256};
use store::DataPaths;
use tracing::warn;

use service::UrlJudge;

use crate::{config, outgoing};
use address::CheckedResolver;
use storage::Storage;

pub use host_pattern::HostPattern;

/// Longest reason that the API can show (`Reference.StatusReason`).
const REASON_CHARACTERS_MAX: usize = 100;

/// A file to download.
#[derive(Clone, Debug)]
pub struct Download<'a> {
    /// Where it is.
    pub url: &'a str,
    /// Its name, whose extension says what it must be.
    pub file_name: &'a str,
    /// Where it goes, a relative path of plain words such as `<instance>/<contact>/<file>`. A repeated download
    /// replaces what is there.
    pub location: &'a str,
}

/// What became of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored durably.
    Approved {
        /// Where it is, as given.
        location: String,
        /// Bytes.
        size: u64,
        /// SHA-256 of the content.
        sha256: [u8; 32],
    },
    /// It may not be attached.
    Rejected {
        /// Which rule it breaks, at most 100 characters.
        reason: String,
    },
    /// It could not be had or stored.
    Failed {
        /// Why, at most 100 characters.
        reason: String,
    },
}

/// Downloads and stores files.
#[derive(Debug)]
pub struct Attachments {
    client: Client,
    allowed_hosts: Vec<HostPattern>,
    allow_private_addresses: bool,
    bytes_max: u64,
    storage: Storage,
}

impl Attachments {
    /// Prepares downloads and opens the storage.
    pub fn open(config: &config::Attachments, paths: &DataPaths) -> anyhow::Result<Attachments> {
        Ok(Attachments {
            client: client(config)?,
            allowed_hosts: config.allowed_hosts.clone(),
            allow_private_addresses: config.allow_private_addresses,
            bytes_max: config.max_bytes.0,
            storage: Storage::open(config, paths)?,
        })
    }

    /// Downloads, judges and stores one file. Repeating it is harmless.
    pub async fn fetch(&self, download: &Download<'_>) -> Outcome {
        match self.try_fetch(download).await {
            Ok((size, sha256)) => Outcome::Approved { location: download.location.to_owned(), size, sha256 },
            Err(Refusal::Rejected(reason)) => Outcome::Rejected { reason: shortened(&reason) },
            Err(Refusal::Failed(reason)) => Outcome::Failed { reason: shortened(&reason) },
        }
    }

    /// Deletes a folder of files, such as `<instance>/<contact>`. Repeating it is harmless.
    pub async fn delete_folder(&self, folder: &str) -> anyhow::Result<()> {
        self.storage.delete_folder(folder).await
    }

    async fn try_fetch(&self, download: &Download<'_>) -> Result<(u64, [u8; 32]), Refusal> {
        let url = self.target(download.url)?;
        let response = self.client.get(url).send().await.map_err(|error| unreachable_host(&error))?;
        if response.status() != StatusCode::OK {
            return failed(format!("the host answered {} instead of 200", response.status().as_u16()));
        }
        if response.content_length().is_some_and(|length| length > self.bytes_max) {
            return Err(self.too_large());
        }
        self.store(download, response).await
    }

    /// The URL, if its scheme and host are allowed.
    fn target(&self, url: &str) -> Result<Url, Refusal> {
        judge_url(&self.allowed_hosts, self.allow_private_addresses, url)
    }

    /// The same judgement, for the call that names the URL.
    pub fn url_judge(config: &config::Attachments) -> UrlJudge {
        let (hosts, private) = (config.allowed_hosts.clone(), config.allow_private_addresses);
        UrlJudge::new(move |url| match judge_url(&hosts, private, url) {
            Ok(_) => None,
            Err(Refusal::Rejected(why) | Refusal::Failed(why)) => Some(why),
        })
    }

    async fn store(&self, download: &Download<'_>, response: Response) -> Result<(u64, [u8; 32]), Refusal> {
        let mut upload = self.storage.begin(download.location).await.map_err(|error| not_stored(&error))?;
        let received = self.receive(download, response, &mut upload).await;
        if received.is_err() {
            if let Err(error) = upload.abort().await {
                warn!(cause = %error, "A part of a refused attachment could not be removed: {error}");
            }
            return received;
        }
        upload.complete().await.map_err(|error| not_stored(&error))?;
        received
    }

    async fn receive(
        &self,
        download: &Download<'_>,
        response: Response,
        upload: &mut storage::Upload,
    ) -> Result<(u64, [u8; 32]), Refusal> {
        let (mut size, mut hash, mut head) = (0, Sha256::new(), Some(Vec::new()));
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| unreachable_host(&error))?;
            size += chunk.len() as u64;
            if size > self.bytes_max {
                return Err(self.too_large());
            }
            hash.update(&chunk);
            if let Some(bytes) = &mut head {
                bytes.extend_from_slice(&chunk[..chunk.len().min(media::HEAD_BYTES - bytes.len())]);
                if bytes.len() == media::HEAD_BYTES {
                    judge(download.file_name, bytes)?;
                    head = None;
                }
            }
            upload.write(chunk).await.map_err(|error| not_stored(&error))?;
        }
        if let Some(bytes) = head {
            judge(download.file_name, &bytes)?;
        }
        Ok((size, hash.finalize().into()))
    }

    fn too_large(&self) -> Refusal {
        Refusal::Rejected(format!("the file is larger than {} bytes", self.bytes_max))
    }
}

/// Why there is no file.
#[derive(Debug)]
enum Refusal {
    Rejected(String),
    Failed(String),
}

/// Judges a URL by its scheme and host; names are judged again when they are resolved.
fn judge_url(allowed_hosts: &[HostPattern], allow_private_addresses: bool, url: &str) -> Result<Url, Refusal> {
    let Ok(url) = Url::parse(url) else { return failed("the URL is malformed".to_owned()) };
    if !matches!(url.scheme(), "http" | "https") {
        return failed("the URL must begin with http:// or https://".to_owned());
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return failed("the URL names no host".to_owned());
    };
    if !allowed_hosts.iter().any(|pattern| pattern.matches(host, port)) {
        return failed(format!("host {host} is not among attachments.allowed_hosts"));
    }
    // Names are checked when they are resolved; an address is never resolved.
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>()
        && !allow_private_addresses
        && !address::is_public(address)
    {
        return failed(address::REFUSED.to_owned());
    }
    Ok(url)
}

fn failed<T>(reason: String) -> Result<T, Refusal> {
    Err(Refusal::Failed(reason))
}

fn judge(file_name: &str, head: &[u8]) -> Result<(), Refusal> {
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    media::check(extension, head).map_err(Refusal::Rejected)
}

/// The reason in words that hold nothing of the URL.
fn unreachable_host(error: &reqwest::Error) -> Refusal {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if cause.is::<address::RefusedAddress>() {
            return Refusal::Failed(address::REFUSED.to_owned());
        }
        source = cause.source();
    }
    let reason = if error.is_timeout() {
        "the download took longer than attachments.read_timeout_seconds"
    } else if error.is_connect() {
        "the host could not be reached"
    } else {
        "the connection broke before the file was complete"
    };
    Refusal::Failed(reason.to_owned())
}

fn not_stored(error: &anyhow::Error) -> Refusal {
    warn!(cause = format!("{error:#}"), "An attachment could not be stored: {error:#}");
    Refusal::Failed("the file could not be stored".to_owned())
}

fn shortened(reason: &str) -> String {
    reason.chars().take(REASON_CHARACTERS_MAX).collect()
}

fn client(config: &config::Attachments) -> anyhow::Result<Client> {
    let builder = || {
        outgoing::builder()
            .dns_resolver(CheckedResolver { allow_private_addresses: config.allow_private_addresses })
            .connect_timeout(Duration::from(config.connect_timeout_seconds))
            .timeout(Duration::from(config.read_timeout_seconds))
    };
    outgoing::trusting(builder, "attachments", config.ca_file.as_deref())
}
