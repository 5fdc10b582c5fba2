//! The client's side.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::claim::{DATE_HEADER, PAYLOAD_HEADER, SECURITY_TOKEN_HEADER, Scope};
use super::{ALGORITHM, Settings, TERMINATOR, UNSIGNED_PAYLOAD, canonical, hex, key};
use crate::{RequestHead, percent, time};

/// Who signs.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The access key's id.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret_access_key: &'a str,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a str>,
}

/// Signs a request by header: returns `x-amz-date`, `x-amz-security-token` and `authorization`, to be set on it.
///
/// `head.headers` must hold `host`; all headers that are there are signed. With `x-amz-content-sha256: UNSIGNED-PAYLOAD`
/// among them the body is not covered.
///
/// # Panics
///
/// When a credential has characters that no header may have.
pub fn sign(
    head: &RequestHead<'_>,
    body: &[u8],
    credentials: &Credentials<'_>,
    settings: &Settings,
    now: i64,
) -> HeaderMap {
    let date = time::format_basic(now);
    let value = |text: &str| HeaderValue::from_str(text).expect("credentials are visible ASCII characters");
    let mut added = HeaderMap::new();
    added.insert(HeaderName::from_static(DATE_HEADER), value(&date));
    if let Some(token) = credentials.session_token {
        added.insert(HeaderName::from_static(SECURITY_TOKEN_HEADER), value(token));
    }
    let mut headers = head.headers.clone();
    headers.extend(added.clone());
    let signed_headers = names(&headers);
    let unsigned = headers.get(PAYLOAD_HEADER).is_some_and(|value| value == UNSIGNED_PAYLOAD);
    let head = RequestHead { headers: &headers, ..*head };
    let (scope, signature) = signature(&head, body, unsigned, &signed_headers, credentials, settings, &date);
    let authorization =
        format!("{ALGORITHM} Credential={scope}, SignedHeaders={signed_headers}, Signature={signature}");
    added.insert(AUTHORIZATION, value(&authorization));
    added
}

/// Signs a request by query: returns the query to send, without `?`.
///
/// `head.headers` must hold `host`; all headers that are there are signed and must be sent.
pub fn presign(
    head: &RequestHead<'_>,
    body: &[u8],
    credentials: &Credentials<'_>,
    settings: &Settings,
    now: i64,
    expires_seconds: u32,
) -> String {
    let date = time::format_basic(now);
    let signed_headers = names(head.headers);
    let scope = [credentials.access_key_id, &date[..8], &settings.region, &settings.service, TERMINATOR].join("/");
    let expires = expires_seconds.to_string();
    let mut query = head.raw_query.to_owned();
    let mut push = |name: &str, value: &str| {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        percent::encode_into(value.as_bytes(), None, &mut query);
    };
    push("X-Amz-Algorithm", ALGORITHM);
    push("X-Amz-Credential", &scope);
    push("X-Amz-Date", &date);
    push("X-Amz-Expires", &expires);
    push("X-Amz-SignedHeaders", &signed_headers);
    if let Some(token) = credentials.session_token {
        push("X-Amz-Security-Token", token);
    }
    let head = RequestHead { raw_query: &query, ..*head };
    let (_, signature) = signature(&head, body, false, &signed_headers, credentials, settings, &date);
    query.push_str("&X-Amz-Signature=");
    query.push_str(&signature);
    query
}

/// The credential and the signature.
fn signature(
    head: &RequestHead<'_>,
    body: &[u8],
    unsigned: bool,
    signed_headers: &str,
    credentials: &Credentials<'_>,
    settings: &Settings,
    date: &str,
) -> (String, String) {
    let scope = Scope {
        access_key_id: credentials.access_key_id,
        date: &date[..8],
        region: &settings.region,
        service: &settings.service,
        terminator: TERMINATOR,
    };
    let payload = if unsigned { UNSIGNED_PAYLOAD.to_owned() } else { hex(&Sha256::digest(body)) };
    let canonical = canonical::request(head, signed_headers, &payload);
    let string_to_sign = canonical::string_to_sign(date, &scope.text(), &canonical);
    let signing_key = key::derive(credentials.secret_access_key, &scope);
    let signature = hex(&key::hmac(&signing_key, string_to_sign.as_bytes()));
    (format!("{}/{}", scope.access_key_id, scope.text()), signature)
}

/// The names of all headers, sorted, separated by `;`.
fn names(headers: &HeaderMap) -> String {
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).filter(|name| *name != "authorization").collect();
    names.sort_unstable();
    names.join(";")
}
