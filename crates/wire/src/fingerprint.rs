//! One hash for all ways of writing the same input.
//!
//! Idempotency tokens compare it over versions of this program, so the canonical form is ours to the last byte and does
//! not follow a library: members and keys sorted by their bytes, no blanks, strings with only `"`, `\` and control
//! characters escaped, fractions in scientific form. Golden tests hold it.

use std::fmt::Write;

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// SHA-256 of the canonical form of an object without its member `left_out`.
pub(crate) fn of(value: &Value, left_out: &str) -> [u8; 32] {
    let mut text = String::with_capacity(CANONICAL_BYTES_USUAL);
    write_value(value, left_out, &mut text);
    Sha256::digest(text.as_bytes()).into()
}

/// Room for the canonical form of a usual input.
const CANONICAL_BYTES_USUAL: usize = 1024;

fn write_value(value: &Value, left_out: &str, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(number, text),
        Value::String(value) => write_string(value, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(item, "", text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().filter(|(name, _)| *name != left_out).collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(name, text);
                text.push(':');
                write_value(value, "", text);
            }
            text.push('}');
        }
    }
}

fn write_number(number: &Number, text: &mut String) {
    let written = match number.as_i64() {
        Some(whole) => write!(text, "{whole}"),
        None => write!(text, "{:e}", number.as_f64().unwrap_or_default()),
    };
    written.expect("a String takes everything");
}

fn write_string(value: &str, text: &mut String) {
    text.push('"');
    let mut rest = value;
    while let Some(at) = rest.find(|letter: char| matches!(letter, '"' | '\\') || letter < ' ') {
        text.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            byte @ (b'"' | b'\\') => text.extend(['\\', char::from(byte)]),
            control => write!(text, "\\u{control:04x}").expect("a String takes everything"),
        }
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
    text.push('"');
}
