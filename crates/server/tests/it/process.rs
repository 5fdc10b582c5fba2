//! Starting and stopping, TLS, and errors of configuration.

use crate::harness::{Place, fixture, shown_key};

#[test]
fn a_stop_is_graceful() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    assert!(server.accepts(&shown_key(&server.printed)));
    assert_eq!(server.stop(), (Some(0), String::new()));
    assert!(!place.data().join("control.sock").exists());
}

#[test]
fn one_server_has_a_data_directory() {
    let place = Place::new();
    let server = place.serve(&[], &[]);
    let refusal = place.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refusal.contains("in use by callboard serve"), "{refusal}");
    assert!(refusal.contains(&server.url), "{refusal}");
}

#[tokio::test]
async fn https_is_served_with_a_certificate() {
    let place = Place::new();
    let (certificate, key) = (fixture("cert.pem"), fixture("key.pem"));
    let server = place.serve(&["--tls-cert", &certificate, "--tls-key", &key], &[]);
    assert!(server.url.starts_with("https://127.0.0.1:"));
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let trusted = reqwest::Certificate::from_pem(&std::fs::read(&certificate).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([trusted]).build().unwrap();
    let answer = client.get(format!("{}/health/ready", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[test]
fn errors_of_configuration_name_what_is_wrong() {
    let place = Place::new();
    std::fs::write(place.path("callboard.toml"), "lisen = \"127.0.0.1:0\"").unwrap();
    let refusal = place.refused(&["serve", "--config", "callboard.toml"]);
    assert_eq!(refusal, "callboard: configuration file callboard.toml: unknown key lisen; did you mean listen?\n");
    let refusal = place.refused(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", "no.pem", "--tls-key", "no.pem"]);
    assert!(refusal.contains("tls_cert no.pem"), "{refusal}");
    let refusal = place.refused(&["serve", "--data-dir", "not/mounted/data"]);
    assert!(refusal.contains("there is no directory not/mounted to make it in"), "{refusal}");
    assert!(!place.path("not").exists());
    let refusal = place.refused(&["serve", "--listen", "nowhere"]);
    assert!(refusal.contains("cannot listen on nowhere"), "{refusal}");
}
