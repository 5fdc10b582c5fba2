//! Clients for outgoing requests: what all of them have in common.

use std::path::Path;

use anyhow::Context as _;
use reqwest::{Client, ClientBuilder, redirect};
use tracing::warn;

/// Begins a client that follows no redirect and asks no proxy: a request goes where the operator allows, or nowhere.
pub fn builder() -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
}

/// Builds a client that trusts the certificates of a PEM file, or else the system's. `section` has the key `ca_file`.
///
/// # Errors
/// The file is not there, or is no PEM file.
pub fn trusting(builder: impl Fn() -> ClientBuilder, section: &str, ca_file: Option<&Path>) -> anyhow::Result<Client> {
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).with_context(|| format!("{section}.ca_file {}", path.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .with_context(|| format!("{section}.ca_file {} is not a PEM file", path.display()))?;
        return Ok(builder().tls_certs_only(certificates).build()?);
    }
    builder().build().or_else(|error| {
        warn!(
            cause = format!("{error:?}"),
            "Nothing can be reached over https: this machine has no certificates; install the package \
             ca-certificates or set {section}.ca_file"
        );
        Ok(builder().tls_certs_only([]).build()?)
    })
}
