//! Calls over HTTP: of the Lambda Invoke API, and of plain URLs.

use bytes::Bytes;
use engine::flow::function::ANSWER_BYTES_MAX;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use service::FunctionJob;
use wire::{RequestHead, sigv4};

use super::failure::{Failure, first_words};
use super::name::FunctionName;
use crate::clock;

/// Path of the functions in the Invoke API, whose version is its date.
const FUNCTIONS_PATH: &str = "/2015-03-31/functions/";
/// Name of the service in credential scopes.
const SIGNING_NAME: &str = "lambda";
/// Whether the caller waits for the answer.
const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
/// Says that the function failed; the body says how.
const FUNCTION_ERROR: &str = "x-amz-function-error";
const INVOCATION_ID: HeaderName = HeaderName::from_static("x-callboard-invocation-id");
const FUNCTION: HeaderName = HeaderName::from_static("x-callboard-function");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What stays as it is in a path: RFC 3986's unreserved characters, as signatures want it.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Most bytes of a refusal that are read.
const WORDS_BYTES_MAX: usize = 4_096;

/// With what calls of the Invoke API are signed, by the same code that judges the signatures of our own clients.
#[derive(Clone)]
pub struct Signer {
    /// Id of the access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Session token of a temporary key.
    pub session_token: Option<String>,
}

/// What the Invoke API says of a call that it refuses, and of a function that failed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Words {
    #[serde(alias = "Message")]
    message: String,
    #[serde(rename = "errorType")]
    error_type: String,
    #[serde(rename = "errorMessage")]
    error_message: String,
}

/// Sends the event to a URL.
pub async fn post(client: &Client, url: &Url, job: &FunctionJob) -> Result<String, Failure> {
    send(client, url.clone(), headers(job)?, job).await
}

/// Calls a function by the Invoke API. `region` is signed for.
pub async fn invoke(
    client: &Client,
    endpoint: &Url,
    function: &FunctionName<'_>,
    signing: Option<(&Signer, &str)>,
    job: &FunctionJob,
) -> Result<String, Failure> {
    let url = invoke_url(endpoint, function);
    let mut headers = headers(job)?;
    let kind = if job.waits { "RequestResponse" } else { "Event" };
    headers.insert(INVOCATION_TYPE, HeaderValue::from_static(kind));
    if let Some((signer, region)) = signing {
        sign(&mut headers, &url, signer, region, job);
    }
    send(client, url, headers, job).await
}

fn invoke_url(endpoint: &Url, function: &FunctionName<'_>) -> Url {
    let mut url = endpoint.clone();
    let base = endpoint.path().trim_end_matches('/');
    // An ARN has version or alias in itself; the parameter says the same and is understood everywhere.
    let name = utf8_percent_encode(function.unqualified, SEGMENT);
    url.set_path(&format!("{base}{FUNCTIONS_PATH}{name}/invocations"));
    if let Some(qualifier) = function.qualifier {
        url.query_pairs_mut().append_pair("Qualifier", qualifier);
    }
    url
}

fn headers(job: &FunctionJob) -> Result<HeaderMap, Failure> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Failure::NotAName(job.function.clone()));
    Ok(HeaderMap::from_iter([
        (CONTENT_TYPE, JSON),
        (INVOCATION_ID, value(&job.call)?),
        (FUNCTION, value(&job.function)?),
    ]))
}

fn sign(headers: &mut HeaderMap, url: &Url, signer: &Signer, region: &str, job: &FunctionJob) {
    let host = HeaderValue::from_str(&authority(url)).expect("the host of a URL is ASCII");
    headers.insert(HOST, host);
    let head = RequestHead {
        method: "POST",
        raw_path: url.path(),
        raw_query: url.query().unwrap_or_default(),
        headers: &*headers,
    };
    let credentials = sigv4::Credentials {
        access_key_id: &signer.access_key_id,
        secret_access_key: &signer.secret_access_key,
        session_token: signer.session_token.as_deref(),
    };
    let settings =
        sigv4::Settings { region: region.to_owned(), service: SIGNING_NAME.to_owned(), clock_skew_seconds: 0 };
    let now = clock::wall_ms().div_euclid(1000);
    let added = sigv4::sign(&head, job.event.as_bytes(), &credentials, &settings, now);
    headers.extend(added);
}

async fn send(client: &Client, url: Url, headers: HeaderMap, job: &FunctionJob) -> Result<String, Failure> {
    let at = origin(&url);
    let broken = || Failure::Broken { at: at.clone() };
    let event = Bytes::copy_from_slice(job.event.as_bytes());
    let sent = client.post(url).headers(headers).body(event).send().await;
    let response = sent.map_err(|error| match error.is_connect() {
        true => Failure::Unreachable { at: at.clone(), why: innermost(&error) },
        false => broken(),
    })?;
    let status = response.status();
    if !status.is_success() {
        let words = words_of(response).await;
        let status = status.as_u16();
        return Err(match status {
            429 | 500.. => Failure::Unavailable { at, status, words },
            _ => Failure::Refused { at, status, words },
        });
    }
    if response.headers().contains_key(FUNCTION_ERROR) {
        return Err(Failure::Function(words_of(response).await));
    }
    if !job.waits {
        return Ok(String::new());
    }
    let mut answer = Vec::new();
    let whole = read(response, ANSWER_BYTES_MAX, &mut answer).await.map_err(|_| broken())?;
    if !whole {
        return Err(Failure::TooLong);
    }
    String::from_utf8(answer).map_err(|_| Failure::NotText)
}

/// Reads a body until it ends or is longer than `bytes_max`; whether it has ended.
async fn read(mut response: Response, bytes_max: usize, body: &mut Vec<u8>) -> Result<bool, reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            body.extend_from_slice(&chunk[..bytes_max - body.len()]);
            return Ok(false);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(true)
}

/// What somebody said who did not answer.
async fn words_of(response: Response) -> String {
    let mut body = Vec::new();
    // If it breaks off, what came before is all there is to tell.
    let _ = read(response, WORDS_BYTES_MAX, &mut body).await;
    let Words { message, error_type, error_message } = serde_json::from_slice(&body).unwrap_or_default();
    let said = match (message.is_empty(), error_type.is_empty()) {
        (false, _) => message,
        (true, false) => format!("{error_type}: {error_message}"),
        (true, true) if !error_message.is_empty() => error_message,
        (true, true) => String::from_utf8_lossy(&body).into_owned(),
    };
    first_words(&said)
}

/// The innermost cause of an error: what the system says.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    first_words(&cause.to_string())
}

/// Host and, where it is not the scheme's, port: what the header `host` says.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Scheme, host and port: all that is told of a URL, which may hold a secret.
fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), authority(url))
}
