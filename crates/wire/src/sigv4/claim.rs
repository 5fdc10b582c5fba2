//! What a request says about its signature, before anything of it is believed.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use sha2::{Digest, Sha256};

use super::{UNSIGNED_PAYLOAD, refusal};
use crate::{RequestHead, WireError, percent};

pub(super) const DATE_HEADER: &str = "x-amz-date";
pub(super) const SECURITY_TOKEN_HEADER: &str = "x-amz-security-token";
pub(super) const PAYLOAD_HEADER: &str = "x-amz-content-sha256";
/// The longest life of a pre-signed request: 7 days.
const EXPIRES_SECONDS_MAX: i64 = 604_800;

/// The claim of a request, from its Authorization header or its query.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub(super) algorithm: Cow<'a, str>,
    pub(super) credential: Cow<'a, str>,
    /// Names separated by `;`.
    pub(super) signed_headers: Cow<'a, str>,
    pub(super) signature: Cow<'a, str>,
    /// In the basic form, if it is well-formed.
    pub(super) date: Cow<'a, str>,
    /// Set for pre-signed requests.
    pub(super) expires_seconds: Option<i64>,
    pub(super) session_token: Option<Cow<'a, str>>,
    pub(super) unsigned_payload: bool,
}

impl<'a> Claim<'a> {
    /// Rows 1 to 5 of `authorization.md` 7.2, and 7.3.
    pub(super) fn read(head: &RequestHead<'a>) -> Result<Self, WireError> {
        let parameters = QueryClaim::read(head.raw_query);
        let authorization = head.headers.get(AUTHORIZATION);
        if parameters.algorithm.is_some() && authorization.is_some() {
            return Err(refusal::two_claims());
        }
        match authorization {
            Some(value) => {
                // A header that is not text begins with something else than `AWS4-`, or is broken behind it.
                let value = value.to_str().map_err(|_| refusal::missing_token())?;
                if value.starts_with("AWS4-") {
                    Self::from_header(value, head.headers)
                } else {
                    Err(refusal::missing_token())
                }
            }
            None if parameters.is_present() => parameters.claim(head.headers),
            None => Err(refusal::missing_token()),
        }
    }

    fn from_header(value: &'a str, headers: &'a HeaderMap) -> Result<Self, WireError> {
        let hash = || BASE64_STANDARD.encode(Sha256::digest(value));
        let mut parts = value.split([',', ' ']).filter(|part| !part.is_empty());
        let algorithm = parts.next().unwrap_or_default();
        let (mut credential, mut signature, mut signed_headers) = ("", "", "");
        for part in parts {
            match part.split_once('=').ok_or_else(|| refusal::no_equal_sign(&hash()))? {
                ("Credential", value) => credential = value,
                ("Signature", value) => signature = value,
                ("SignedHeaders", value) => signed_headers = value,
                _ => {}
            }
        }
        let date = text(headers, DATE_HEADER).or_else(|| text(headers, DATE.as_str())).unwrap_or_default();
        let required = [
            (credential, "Authorization header requires 'Credential' parameter. "),
            (signature, "Authorization header requires 'Signature' parameter. "),
            (signed_headers, "Authorization header requires 'SignedHeaders' parameter. "),
            (date, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "),
        ];
        let missing: String =
            required.iter().filter(|(value, _)| value.is_empty()).map(|(_, sentence)| *sentence).collect();
        if !missing.is_empty() {
            return Err(refusal::incomplete_header(&missing, &hash()));
        }
        Ok(Claim {
            algorithm: algorithm.into(),
            credential: credential.into(),
            signed_headers: signed_headers.into(),
            signature: signature.into(),
            date: date.into(),
            expires_seconds: None,
            session_token: text(headers, SECURITY_TOKEN_HEADER).map(Cow::Borrowed),
            unsigned_payload: text(headers, PAYLOAD_HEADER) == Some(UNSIGNED_PAYLOAD),
        })
    }
}

/// The parameters of a pre-signed request.
#[derive(Default)]
struct QueryClaim<'a> {
    algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    session_token: Option<Cow<'a, str>>,
    payload: Option<Cow<'a, str>>,
}

impl<'a> QueryClaim<'a> {
    fn read(raw_query: &'a str) -> Self {
        let mut claim = QueryClaim::default();
        for (name, value) in percent::parameters(raw_query) {
            let field = match name {
                "X-Amz-Algorithm" => &mut claim.algorithm,
                "X-Amz-Credential" => &mut claim.credential,
                "X-Amz-Signature" => &mut claim.signature,
                "X-Amz-SignedHeaders" => &mut claim.signed_headers,
                "X-Amz-Date" => &mut claim.date,
                "X-Amz-Expires" => &mut claim.expires,
                "X-Amz-Security-Token" => &mut claim.session_token,
                "X-Amz-Content-Sha256" => &mut claim.payload,
                _ => continue,
            };
            *field = percent::decode_text(value).filter(|value| !value.is_empty());
        }
        claim
    }

    fn is_present(&self) -> bool {
        self.algorithm.is_some()
            || self.credential.is_some()
            || self.signature.is_some()
            || self.signed_headers.is_some()
    }

    fn claim(self, headers: &HeaderMap) -> Result<Claim<'a>, WireError> {
        let required = [
            (&self.algorithm, "X-Amz-Algorithm"),
            (&self.credential, "X-Amz-Credential"),
            (&self.signature, "X-Amz-Signature"),
            (&self.signed_headers, "X-Amz-SignedHeaders"),
            (&self.date, "X-Amz-Date"),
        ];
        let missing: Vec<&str> = required.iter().filter(|(value, _)| value.is_none()).map(|(_, name)| *name).collect();
        let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (self.algorithm, self.credential, self.signature, self.signed_headers, self.date)
        else {
            return Err(refusal::incomplete_query(&missing));
        };
        let expires_seconds = match &self.expires {
            Some(text) => {
                let seconds = text.parse().ok().filter(|seconds| (0..=EXPIRES_SECONDS_MAX).contains(seconds));
                Some(seconds.ok_or_else(|| refusal::malformed_expires(text, EXPIRES_SECONDS_MAX))?)
            }
            None => None,
        };
        let payload = self.payload.as_deref().or_else(|| text(headers, PAYLOAD_HEADER));
        let unsigned_payload = payload == Some(UNSIGNED_PAYLOAD);
        Ok(Claim {
            algorithm,
            credential,
            signed_headers,
            signature,
            date,
            expires_seconds,
            session_token: self.session_token,
            unsigned_payload,
        })
    }
}

/// `keyid/date/region/service/term`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) terminator: &'a str,
}

impl<'a> Scope<'a> {
    /// Row 11.
    pub(super) fn parse(credential: &'a str) -> Result<Self, WireError> {
        let mut parts = credential.split('/');
        match [(); 6].map(|()| parts.next()) {
            [Some(access_key_id), Some(date), Some(region), Some(service), Some(terminator), None] => {
                Ok(Scope { access_key_id, date, region, service, terminator })
            }
            _ => Err(refusal::malformed_credential(credential)),
        }
    }

    /// The scope without the key.
    pub(super) fn text(&self) -> String {
        [self.date, self.region, self.service, self.terminator].join("/")
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}
