//! The published cases of Signature Version 4, written down as facts in `sigv4_cases.txt`, against `verify` itself.
//!
//! `canonical` is the SHA-256 of the canonical request, which is the last line of the string to sign. The refusal of
//! a wrong signature shows both, so they are tested on the same path as the signature.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use wire::RequestHead;
use wire::sigv4::{AccessKey, Secrets, Session, Settings, SigningKeyCache, verify};

const CASES: &str = include_str!("sigv4_cases.txt");
/// The moment of all cases, 2015-08-30T12:36:00Z.
const NOW: i64 = 1_440_938_160;
const SCOPE: &str = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";

/// The one access key of all cases.
pub(crate) struct Keys;

impl Secrets for Keys {
    fn find(&self, access_key_id: &str) -> Option<AccessKey> {
        let secret = Arc::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        (access_key_id == "AKIDEXAMPLE").then_some(AccessKey { secret, session: None })
    }
}

/// The same key with a session, where the case's request carries a token.
struct KeyOfSession(Option<String>);

impl Secrets for KeyOfSession {
    fn find(&self, access_key_id: &str) -> Option<AccessKey> {
        let session = self.0.as_deref().map(|token| Session { token: Arc::from(token), expires_at: NOW + 1 });
        Keys.find(access_key_id).map(|key| AccessKey { session, ..key })
    }
}

pub(crate) fn settings() -> Settings {
    Settings { region: "us-east-1".into(), service: "service".into(), clock_skew_seconds: 300 }
}

#[derive(Default)]
struct Case<'a> {
    name: &'a str,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: HeaderMap,
    token: Option<String>,
    body: &'a str,
    signed: &'a str,
    canonical: &'a str,
    signature: &'a str,
}

fn parse(text: &str) -> Case<'_> {
    let mut lines = text.lines();
    let mut case = Case { name: lines.next().unwrap(), ..Case::default() };
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    case.method = method;
    (case.path, case.query) = target.split_once('?').unwrap_or((target, ""));
    for line in lines {
        match line.split_once(' ') {
            Some(("body", value)) => case.body = value,
            Some(("signed", value)) => case.signed = value,
            Some(("canonical", value)) => case.canonical = value,
            Some(("signature", value)) => case.signature = value,
            _ => {
                let (name, value) = line.split_once(": ").unwrap();
                if name == "X-Amz-Security-Token" {
                    case.token = Some(value.to_owned());
                }
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                case.headers.append(name, HeaderValue::from_str(value).unwrap());
            }
        }
    }
    case
}

impl Case<'_> {
    fn verify(&self, signature: &str) -> Result<wire::sigv4::Verified, wire::WireError> {
        let mut headers = self.headers.clone();
        let signed = self.signed;
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders={signed}, Signature={signature}");
        headers.insert("authorization", authorization.parse().unwrap());
        let head = RequestHead { method: self.method, raw_path: self.path, raw_query: self.query, headers: &headers };
        let secrets = KeyOfSession(self.token.clone());
        verify(&head, self.body.as_bytes(), &secrets, &settings(), NOW, &SigningKeyCache::default())
    }
}

#[test]
fn the_34_published_cases() {
    let cases: Vec<Case<'_>> = CASES.trim().split("\n\n").map(parse).collect();
    assert_eq!(cases.len(), 34);
    for case in cases {
        let name = case.name;
        let refused = case.verify(&"0".repeat(64)).expect_err("a signature of zeros");
        let (_, texts) = refused.message.split_once("should have been\n'").expect(&refused.message);
        let (canonical, string_to_sign) = texts.split_once("'\n\nThe String-to-Sign should have been\n'").expect(name);
        let hash: String = Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, case.canonical, "{name}: {canonical}");
        assert!(string_to_sign.ends_with(&format!("/aws4_request\n{hash}'")), "{name}: {string_to_sign}");
        let verified = case.verify(case.signature).expect(name);
        assert_eq!(verified.access_key_id, "AKIDEXAMPLE", "{name}");
    }
}
