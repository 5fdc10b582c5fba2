//! HTTPS: certificate chain and private key from PEM files.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Makes ring the process's provider, for outgoing connections too. Doing it again changes nothing.
pub fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // It fails only when another thread has been faster with the same provider.
        let _ = ring::default_provider().install_default();
    }
}

/// Reads certificate and key; the error names the file that is wrong.
pub fn acceptor(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    install_provider();
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("tls_cert {}", certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "tls_cert {}: there is no certificate in it", certificate.display());
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| format!("tls_key {}", key.display()))?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private).with_context(|| {
            format!("tls_cert {} and tls_key {} do not fit together", certificate.display(), key.display())
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let (missing, empty) = (directory.path().join("missing.pem"), directory.path().join("empty.pem"));
        std::fs::write(&empty, "").unwrap();
        let error = |certificate, key| match acceptor(certificate, key) {
            Ok(_) => panic!("neither is a certificate"),
            Err(error) => format!("{error:#}"),
        };
        assert!(error(&missing, &empty).contains("missing.pem"));
        assert!(error(&empty, &missing).contains("empty.pem: there is no certificate in it"));
    }
}
