//! The canonical request and the string to sign.

use sha2::{Digest, Sha256};

use super::{ALGORITHM, hex};
use crate::{RequestHead, percent};

/// Room for the canonical form of a usual request.
const CANONICAL_BYTES_USUAL: usize = 512;

/// The canonical request over the named headers (separated by `;`), with `payload` as the last line.
pub(super) fn request(head: &RequestHead<'_>, signed_headers: &str, payload: &str) -> String {
    let mut text = String::with_capacity(CANONICAL_BYTES_USUAL);
    text.push_str(head.method);
    text.push('\n');
    percent::encode_into(normalised(head.raw_path).as_bytes(), Some(b'/'), &mut text);
    text.push('\n');
    write_query(head.raw_query, &mut text);
    text.push('\n');
    for name in signed_headers.split(';') {
        text.push_str(name);
        text.push(':');
        for (index, value) in head.headers.get_all(name).iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            write_header(value.as_bytes(), &mut text);
        }
        text.push('\n');
    }
    text.push('\n');
    text.push_str(signed_headers);
    text.push('\n');
    text.push_str(payload);
    text
}

/// What is signed in the end.
pub(super) fn string_to_sign(date: &str, scope: &str, canonical_request: &str) -> String {
    let hash = hex(&Sha256::digest(canonical_request.as_bytes()));
    [ALGORITHM, date, scope, &hash].join("\n")
}

/// The path without empty and dot segments; a slash at its end stays.
fn normalised(raw_path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw_path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let mut path = String::with_capacity(raw_path.len() + 1);
    for segment in &segments {
        path.push('/');
        path.push_str(segment);
    }
    if segments.is_empty() || raw_path.ends_with(['/']) || raw_path.ends_with("/.") || raw_path.ends_with("/..") {
        path.push('/');
    }
    path
}

/// Parameters sorted by name, then value, in their encoded form. The signature is not part of what it signs.
fn write_query(raw_query: &str, text: &mut String) {
    if raw_query.is_empty() {
        return;
    }
    let encoded = |part: &str| {
        let mut text = String::with_capacity(part.len());
        percent::encode_into(&percent::decode(part), None, &mut text);
        text
    };
    let mut parameters: Vec<(String, String)> = percent::parameters(raw_query)
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    parameters.sort_unstable();
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
}

/// The value without blanks around it and with every run of blanks in it as one. What is not UTF-8 is replaced, so
/// such a header can be in a request but not in a right signature.
fn write_header(value: &[u8], text: &mut String) {
    let value = String::from_utf8_lossy(value);
    for (index, word) in value.split_ascii_whitespace().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}
