//! `authorization.md` section 7, row by row, and what our own `sign` and `presign` make.

use std::sync::Arc;

use expect_test::{Expect, expect};
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};
use wire::RequestHead;
use wire::sigv4::{
    AccessKey, Credentials, Secrets, Session, Settings, SigningKeyCache, UNSIGNED_PAYLOAD, presign, sign, verify,
};

/// 2026-11-21T04:05:06Z
const NOW: i64 = 1_795_233_906;
const BODY: &[u8] = b"{}";

struct Keys;

impl Secrets for Keys {
    fn find(&self, access_key_id: &str) -> Option<AccessKey> {
        let session = match access_key_id {
            "AKID" => None,
            "ASIA" => Some(Session { token: Arc::from("token"), expires_at: NOW + 60 }),
            "ASIAOLD" => Some(Session { token: Arc::from("token"), expires_at: NOW }),
            _ => return None,
        };
        Some(AccessKey { secret: Arc::from("secret"), session })
    }
}

/// A request under construction: signed rightly, then spoiled.
struct Request {
    path: &'static str,
    query: String,
    headers: HeaderMap,
    body: &'static [u8],
}

fn settings() -> Settings {
    Settings { region: "us-east-1".into(), service: "connect".into(), clock_skew_seconds: 300 }
}

fn credentials(access_key_id: &str) -> Credentials<'_> {
    let session_token = access_key_id.starts_with("ASIA").then_some("token");
    Credentials { access_key_id, secret_access_key: "secret", session_token }
}

impl Request {
    fn unsigned() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("localhost:8080"));
        Request { path: "/contact/task", query: String::new(), headers, body: BODY }
    }

    fn signed() -> Self {
        Self::signed_as("AKID", &settings(), NOW)
    }

    fn signed_as(access_key_id: &str, settings: &Settings, now: i64) -> Self {
        let mut request = Self::unsigned();
        request.headers.insert("content-type", HeaderValue::from_static("application/json"));
        let added = sign(&request.head(), BODY, &credentials(access_key_id), settings, now);
        request.headers.extend(added);
        request
    }

    fn presigned(expires_seconds: u32, now: i64) -> Self {
        let mut request = Self::unsigned();
        request.query = presign(&request.head(), BODY, &credentials("AKID"), &settings(), now, expires_seconds);
        request
    }

    fn head(&self) -> RequestHead<'_> {
        RequestHead { method: "PUT", raw_path: self.path, raw_query: &self.query, headers: &self.headers }
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name).expect(name);
        self
    }

    /// Replaces a part of the Authorization header.
    fn authorization(self, from: &str, to: &str) -> Self {
        let value = self.headers["authorization"].to_str().unwrap();
        assert!(value.contains(from), "{value} has no {from}");
        let value = value.replace(from, to);
        self.set("authorization", &value)
    }

    fn query(mut self, from: &str, to: &str) -> Self {
        assert!(self.query.contains(from), "{} has no {from}", self.query);
        self.query = self.query.replace(from, to);
        self
    }

    fn verify(&self) -> Result<String, wire::WireError> {
        let cache = SigningKeyCache::default();
        verify(&self.head(), self.body, &Keys, &settings(), NOW, &cache).map(|verified| verified.access_key_id)
    }
}

#[track_caller]
fn refused(request: &Request, expected: &Expect) {
    expected.assert_eq(&request.verify().expect_err("a refusal").to_string());
}

#[test]
fn right_signatures_pass() {
    assert_eq!(Request::signed().verify(), Ok("AKID".to_owned()));
    assert_eq!(Request::signed_as("ASIA", &settings(), NOW).verify(), Ok("ASIA".to_owned()));
    assert_eq!(Request::signed_as("AKID", &settings(), NOW - 300).verify(), Ok("AKID".to_owned()));
    assert_eq!(Request::signed_as("AKID", &settings(), NOW + 300).verify(), Ok("AKID".to_owned()));
    assert_eq!(Request::presigned(60, NOW - 60).verify(), Ok("AKID".to_owned()));
    // The path is encoded once by the client and once more by the signature.
    let mut request = Request { path: "/tags/arn%3Aaws%3Aconnect%2Fx", ..Request::unsigned() };
    request.query = "tagKeys=b%20c&tagKeys=a".to_owned();
    let added = sign(&request.head(), BODY, &credentials("AKID"), &settings(), NOW);
    request.headers.extend(added);
    assert_eq!(request.verify(), Ok("AKID".to_owned()));
}

#[test]
fn an_unsigned_payload_may_be_anything() {
    let mut request = Request::unsigned().set("x-amz-content-sha256", UNSIGNED_PAYLOAD);
    let added = sign(&request.head(), BODY, &credentials("AKID"), &settings(), NOW);
    request.headers.extend(added);
    request.body = b"something else";
    assert_eq!(request.verify(), Ok("AKID".to_owned()));
}

#[test]
fn a_cached_key_is_the_same_key() {
    let cache = SigningKeyCache::default();
    let request = Request::signed();
    let spoiled = Request::signed().set("host", "elsewhere");
    for _ in 0..2 {
        assert!(verify(&request.head(), BODY, &Keys, &settings(), NOW, &cache).is_ok());
        assert!(verify(&spoiled.head(), BODY, &Keys, &settings(), NOW, &cache).is_err());
    }
}

#[test]
fn row_01_two_claims() {
    let request = Request { query: "X-Amz-Algorithm=AWS4-HMAC-SHA256".into(), ..Request::signed() };
    refused(
        &request,
        &expect![
            "403 InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        ],
    );
}

#[test]
fn row_02_no_claim() {
    refused(&Request::unsigned(), &expect!["403 MissingAuthenticationTokenException: Missing Authentication Token"]);
    refused(
        &Request::unsigned().set("authorization", "Bearer token"),
        &expect!["403 MissingAuthenticationTokenException: Missing Authentication Token"],
    );
}

#[test]
fn row_03_no_equal_sign() {
    refused(
        &Request::unsigned().set("authorization", "AWS4-HMAC-SHA256 Credential"),
        &expect![
            "403 IncompleteSignatureException: Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'KfSoC26UaBDGXxo5AUFS45c1cmAbyLKDOxOTKcZYWt4='."
        ],
    );
}

#[test]
fn row_04_and_05_parts_missing() {
    refused(
        &Request::unsigned().set("authorization", "AWS4-HMAC-SHA256"),
        &expect![
            "403 IncompleteSignatureException: Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=YI2YWea8FSxnksZL2ETHbs5elHm9HQufxTLK0W0ffV0="
        ],
    );
    refused(
        &Request::unsigned().set("authorization", "AWS4-HMAC-SHA256 Credential=a, Signature="),
        &expect![
            "403 IncompleteSignatureException: Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=1CYVTdjalNd4dGITpzVYP5H1sl/DwsijeFk6roiN+D0="
        ],
    );
    refused(
        &Request::signed().without("x-amz-date"),
        &expect![
            "403 IncompleteSignatureException: Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=2nLclHCM89Tz0AyUDx9+uwA/YhxHlxEKnFE5YnB+FE4="
        ],
    );
}

#[test]
fn row_06_date_in_another_form() {
    refused(
        &Request::signed().set("x-amz-date", "2026-11-21T04:05:06Z"),
        &expect![
            "403 IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '2026-11-21T04:05:06Z'. See http://en.wikipedia.org/wiki/ISO_8601"
        ],
    );
    let request = Request::signed().without("x-amz-date").set("date", "Sat, 21 Nov 2026 04:05:06 GMT");
    refused(
        &request,
        &expect![
            "403 IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got 'Sat, 21 Nov 2026 04:05:06 GMT'. See http://en.wikipedia.org/wiki/ISO_8601"
        ],
    );
}

#[test]
fn row_07_and_08_too_old_or_too_new() {
    refused(
        &Request::signed_as("AKID", &settings(), NOW - 301),
        &expect![
            "403 InvalidSignatureException: Signature expired: 20261121T040005Z is now earlier than 20261121T040006Z (20261121T040506Z - 5 min.)"
        ],
    );
    refused(
        &Request::signed_as("AKID", &settings(), NOW + 301),
        &expect![
            "403 InvalidSignatureException: Signature not yet current: 20261121T041007Z is still later than 20261121T041006Z (20261121T040506Z + 5 min.)"
        ],
    );
    // The time is judged before the key.
    refused(
        &Request::signed_as("NOBODY", &settings(), NOW - 301),
        &expect![
            "403 InvalidSignatureException: Signature expired: 20261121T040005Z is now earlier than 20261121T040006Z (20261121T040506Z - 5 min.)"
        ],
    );
}

#[test]
fn row_09_headers_not_signed() {
    refused(
        &Request::signed().authorization("host;", ""),
        &expect![
            "403 InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        ],
    );
    refused(
        &Request::signed().authorization("content-type;", ""),
        &expect!["403 InvalidSignatureException: 'Content-Type' must be a 'SignedHeader' in the AWS Authorization."],
    );
    refused(
        &Request::signed().set("x-amz-content-sha256", UNSIGNED_PAYLOAD),
        &expect![
            "403 InvalidSignatureException: 'x-amz-content-sha256' must be a 'SignedHeader' in the AWS Authorization."
        ],
    );
}

#[test]
fn row_10_algorithm() {
    refused(
        &Request::signed().authorization("SHA256 ", "SHA25 "),
        &expect![
            "403 IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). "
        ],
    );
}

#[test]
fn row_11_credential() {
    refused(
        &Request::signed().authorization("AKID/", ""),
        &expect![
            "403 IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '20261121/us-east-1/connect/aws4_request'"
        ],
    );
    refused(
        &Request::signed().authorization("AKID/", "AKID/more/"),
        &expect![
            "403 IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID/more/20261121/us-east-1/connect/aws4_request'"
        ],
    );
}

#[test]
fn row_12_scope() {
    refused(
        &Request::signed().authorization("/us-east-1/", "/eu-west-1/"),
        &expect!["403 InvalidSignatureException: Credential should be scoped to a valid region, not 'eu-west-1'. "],
    );
    refused(
        &Request::signed().authorization("/connect/", "/Connect/"),
        &expect!["403 InvalidSignatureException: Credential should be scoped to correct service: 'connect'. "],
    );
    refused(
        &Request::signed().authorization("20261121/us-east-1/connect/aws4_request", "b/c/d/e"),
        &expect![
            "403 InvalidSignatureException: Credential should be scoped to a valid region, not 'c'. Credential should be scoped to correct service: 'connect'. Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20261121', from '20261121T040506Z'."
        ],
    );
    // The scope is judged before the key.
    refused(
        &Request::signed().authorization("AKID/20261121", "NOBODY/20261120"),
        &expect![
            "403 InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261120' != '20261121', from '20261121T040506Z'."
        ],
    );
}

#[test]
fn row_13_unknown_key() {
    refused(
        &Request::signed().authorization("AKID/", "NOBODY/"),
        &expect!["403 UnrecognizedClientException: The security token included in the request is invalid."],
    );
}

#[test]
fn row_14_wrong_signature() {
    refused(
        &Request::signed().set("host", "elsewhere"),
        &expect![[r#"
        403 InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.

        The Canonical String for this request should have been
        'PUT
        /contact/task

        content-type:application/json
        host:elsewhere
        x-amz-date:20261121T040506Z

        content-type;host;x-amz-date
        44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'

        The String-to-Sign should have been
        'AWS4-HMAC-SHA256
        20261121T040506Z
        20261121/us-east-1/connect/aws4_request
        c815450b1389a79965e168bf54b5003b2f1ed280e3dd86bc71ef1d4ff3865093'"#]],
    );
    // A signed header that is absent counts as empty.
    refused(
        &Request::signed().authorization("SignedHeaders=", "SignedHeaders=absent;"),
        &expect![[r#"
        403 InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.

        The Canonical String for this request should have been
        'PUT
        /contact/task

        absent:
        content-type:application/json
        host:localhost:8080
        x-amz-date:20261121T040506Z

        absent;content-type;host;x-amz-date
        44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'

        The String-to-Sign should have been
        'AWS4-HMAC-SHA256
        20261121T040506Z
        20261121/us-east-1/connect/aws4_request
        f7f315bab2ee5b7a1564bba0a70ca196bd99fc8b1d5224586694c6b6f609f234'"#]],
    );
    assert!(Request { body: b"{ }", ..Request::signed() }.verify().is_err());
    assert!(Request { path: "/contact/stop", ..Request::signed() }.verify().is_err());
    assert!(Request { query: "a=b".into(), ..Request::signed() }.verify().is_err());
}

#[test]
fn row_15_and_16_session_tokens() {
    let session = || Request::signed_as("ASIA", &settings(), NOW);
    // A token may be added after signing, so it has to be judged by itself.
    let added_later = |request: Request, token: &str| {
        let mut headers = request.headers;
        headers.insert("x-amz-security-token", HeaderValue::from_str(token).unwrap());
        Request { headers, ..request }
    };
    refused(
        &added_later(Request::signed(), "made up"),
        &expect!["403 UnrecognizedClientException: The security token included in the request is invalid"],
    );
    let mut without = Request::unsigned();
    let credentials = Credentials { session_token: None, ..credentials("ASIA") };
    without.headers.extend(sign(&without.head(), BODY, &credentials, &settings(), NOW));
    refused(
        &without,
        &expect!["403 UnrecognizedClientException: The security token included in the request is invalid"],
    );
    assert!(added_later(without, "token").verify().is_ok());
    assert!(session().set("x-amz-security-token", "other").verify().is_err());
    refused(
        &Request::signed_as("ASIAOLD", &settings(), NOW),
        &expect!["403 ExpiredTokenException: The security token included in the request is expired"],
    );
}

#[test]
fn query_parts_missing() {
    let request = Request { query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=".into(), ..Request::unsigned() };
    refused(
        &request,
        &expect![
            "403 IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
        ],
    );
    refused(
        &Request::presigned(60, NOW).query("X-Amz-Date=", "Date="),
        &expect![
            "403 IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
        ],
    );
}

#[test]
fn query_life() {
    refused(
        &Request::presigned(90, NOW - 91),
        &expect![
            "403 InvalidSignatureException: Signature expired: 20261121T040335Z is now earlier than 20261121T040336Z (20261121T040506Z - 90 sec.)"
        ],
    );
    refused(
        &Request::presigned(3600, NOW + 301),
        &expect![
            "403 InvalidSignatureException: Signature not yet current: 20261121T041007Z is still later than 20261121T041006Z (20261121T040506Z + 5 min.)"
        ],
    );
    refused(
        &Request::presigned(604_801, NOW),
        &expect![
            "403 IncompleteSignatureException: X-Amz-Expires must be a number of seconds from 0 to 604800. Got '604801'."
        ],
    );
    refused(
        &Request::presigned(60, NOW).query("Expires=60", "Expires=-1"),
        &expect![
            "403 IncompleteSignatureException: X-Amz-Expires must be a number of seconds from 0 to 604800. Got '-1'."
        ],
    );
    refused(
        &Request::presigned(60, NOW).query("Expires=60", "Expires=soon"),
        &expect![
            "403 IncompleteSignatureException: X-Amz-Expires must be a number of seconds from 0 to 604800. Got 'soon'."
        ],
    );
}

#[test]
fn query_tampered() {
    assert!(Request::presigned(60, NOW).query("Expires=60", "Expires=600").verify().is_err());
    refused(
        &Request::presigned(60, NOW).query("AKID", "NOBODY"),
        &expect!["403 UnrecognizedClientException: The security token included in the request is invalid."],
    );
    refused(
        &Request::presigned(60, NOW).query("SignedHeaders=host", "SignedHeaders=x"),
        &expect![
            "403 InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        ],
    );
}
