//! AWS Signature Version 4, by header and by pre-signed query.
//!
//! [`verify`] judges a request as `authorization.md` section 7 says the service does: the same types, texts and order.
//! [`sign()`] and [`presign`] are the other side, for the load generator, the command line and tests.

mod canonical;
mod claim;
mod key;
mod refusal;
mod sign;

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HOST};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{RequestHead, WireError, time};
use claim::{Claim, Scope};
pub use key::SigningKeyCache;
pub use sign::{Credentials, presign, sign};

/// The only algorithm there is.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of every credential scope.
pub(crate) const TERMINATOR: &str = "aws4_request";
/// Says, in `x-amz-content-sha256`, that the signature does not cover the body.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// For which service and where requests are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The region of the credential scope, such as `us-east-1`.
    pub region: String,
    /// The service of the credential scope: `connect`.
    pub service: String,
    /// How far a request's date may be from now, either way. 300 by default (`authorization.md` 7.2 row 8).
    pub clock_skew_seconds: i64,
}

/// Access keys by id.
pub trait Secrets {
    /// The key of that id, if there is one and it is active.
    fn find(&self, access_key_id: &str) -> Option<AccessKey>;
}

/// What signatures of an access key are made with.
#[derive(Clone)]
pub struct AccessKey {
    /// The secret access key.
    pub secret: Arc<str>,
    /// Set for temporary credentials.
    pub session: Option<Session>,
}

/// The session that temporary credentials belong to.
#[derive(Clone)]
pub struct Session {
    /// The session token that every request carries.
    pub token: Arc<str>,
    /// When the session ends, in epoch seconds.
    pub expires_at: i64,
}

/// A request whose signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key that signed it.
    pub access_key_id: String,
}

/// Checks the signature of a request at the moment `now`, in epoch seconds.
///
/// # Errors
///
/// `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `InvalidSignatureException`,
/// `UnrecognizedClientException` or `ExpiredTokenException`, all with status 403.
pub fn verify(
    head: &RequestHead<'_>,
    body: &[u8],
    secrets: &dyn Secrets,
    settings: &Settings,
    now: i64,
    cache: &SigningKeyCache,
) -> Result<Verified, WireError> {
    let claim = Claim::read(head)?;
    check_date(&claim, settings, now)?;
    check_signed_headers(&claim, head)?;
    if claim.algorithm != ALGORITHM {
        return Err(refusal::unsupported_algorithm(&claim.algorithm));
    }
    let scope = Scope::parse(&claim.credential)?;
    check_scope(&scope, &claim, settings)?;
    let key = secrets.find(scope.access_key_id).ok_or_else(refusal::unknown_key)?;
    check_signature(&claim, &scope, head, body, &key, cache)?;
    check_session(&claim, key.session.as_ref(), now)?;
    Ok(Verified { access_key_id: scope.access_key_id.to_owned() })
}

/// Rows 6 to 8; for pre-signed requests the window is what they say themselves.
fn check_date(claim: &Claim<'_>, settings: &Settings, now: i64) -> Result<(), WireError> {
    let signed_at = time::parse_basic(&claim.date).ok_or_else(|| refusal::malformed_date(&claim.date))?;
    let window = claim.expires_seconds.unwrap_or(settings.clock_skew_seconds);
    if signed_at < now - window {
        return Err(refusal::expired(&claim.date, now, window));
    }
    if signed_at > now + settings.clock_skew_seconds {
        return Err(refusal::not_yet_current(&claim.date, now, settings.clock_skew_seconds));
    }
    Ok(())
}

/// Row 9. A session token may be added after signing: it is compared with the one we issued.
fn check_signed_headers(claim: &Claim<'_>, head: &RequestHead<'_>) -> Result<(), WireError> {
    let is_signed = |name: &str| claim.signed_headers.split(';').any(|signed| signed.eq_ignore_ascii_case(name));
    if !is_signed(HOST.as_str()) {
        return Err(refusal::header_not_signed("'Host' or ':authority'"));
    }
    if head.headers.contains_key(CONTENT_TYPE) && !is_signed(CONTENT_TYPE.as_str()) {
        return Err(refusal::header_not_signed("'Content-Type'"));
    }
    for name in head.headers.keys().map(http::HeaderName::as_str) {
        if name.starts_with("x-amz-") && name != claim::SECURITY_TOKEN_HEADER && !is_signed(name) {
            return Err(refusal::header_not_signed(&format!("'{name}'")));
        }
    }
    Ok(())
}

/// Row 12.
fn check_scope(scope: &Scope<'_>, claim: &Claim<'_>, settings: &Settings) -> Result<(), WireError> {
    let day = claim.date.split_once('T').map_or("", |(day, _)| day);
    let mut message = String::new();
    if scope.region != settings.region {
        message += &format!("Credential should be scoped to a valid region, not '{}'. ", scope.region);
    }
    if scope.service != settings.service {
        message += &format!("Credential should be scoped to correct service: '{}'. ", settings.service);
    }
    if scope.terminator != TERMINATOR {
        let given = scope.terminator;
        message += &format!("Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{given}'. ");
    }
    if scope.date != day {
        message += &format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{}'.",
            scope.date, claim.date
        );
    }
    if message.is_empty() { Ok(()) } else { Err(refusal::invalid(message)) }
}

/// Row 14.
fn check_signature(
    claim: &Claim<'_>,
    scope: &Scope<'_>,
    head: &RequestHead<'_>,
    body: &[u8],
    key: &AccessKey,
    cache: &SigningKeyCache,
) -> Result<(), WireError> {
    let payload = if claim.unsigned_payload { UNSIGNED_PAYLOAD.to_owned() } else { hex(&Sha256::digest(body)) };
    let canonical = canonical::request(head, &claim.signed_headers, &payload);
    let string_to_sign = canonical::string_to_sign(&claim.date, &scope.text(), &canonical);
    let signing_key = cache.signing_key(scope, &key.secret);
    let expected = hex(&key::hmac(&signing_key, string_to_sign.as_bytes()));
    if bool::from(expected.as_bytes().ct_eq(claim.signature.as_bytes())) {
        Ok(())
    } else {
        Err(refusal::wrong_signature(&canonical, &string_to_sign))
    }
}

/// Rows 15 and 16. Temporary credentials without their token are as good as none.
fn check_session(claim: &Claim<'_>, session: Option<&Session>, now: i64) -> Result<(), WireError> {
    match (session, &claim.session_token) {
        (None, None) => Ok(()),
        (Some(session), Some(token)) if bool::from(session.token.as_bytes().ct_eq(token.as_bytes())) => {
            if now < session.expires_at { Ok(()) } else { Err(refusal::expired_token()) }
        }
        (Some(_), _) | (None, Some(_)) => Err(refusal::unknown_token()),
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
