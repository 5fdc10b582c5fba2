//! The refusals of `authorization.md` section 7, word for word. All have status 403.

use crate::{WireError, time};

const STATUS: u16 = 403;

/// 7.2 row 1.
pub(super) fn two_claims() -> WireError {
    invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
}

/// 7.2 row 2.
pub(super) fn missing_token() -> WireError {
    WireError::front_door("MissingAuthenticationTokenException", STATUS, "Missing Authentication Token")
}

/// 7.2 row 3.
pub(super) fn no_equal_sign(header_hash: &str) -> WireError {
    incomplete(format!(
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{header_hash}'."
    ))
}

/// 7.2 rows 4 and 5.
pub(super) fn incomplete_header(missing: &str, header_hash: &str) -> WireError {
    incomplete(format!("{missing}(Hashed with SHA-256 and encoded with Base64) Authorization={header_hash}"))
}

/// 7.3, first row.
pub(super) fn incomplete_query(missing: &[&str]) -> WireError {
    let sentences: String =
        missing.iter().map(|name| format!("AWS query-string parameters must include '{name}'. ")).collect();
    incomplete(format!("{sentences}Re-examine the query-string parameters."))
}

/// 7.3, third row; the words are ours.
pub(super) fn malformed_expires(given: &str, seconds_max: i64) -> WireError {
    incomplete(format!("X-Amz-Expires must be a number of seconds from 0 to {seconds_max}. Got '{given}'."))
}

/// 7.2 row 6.
pub(super) fn malformed_date(given: &str) -> WireError {
    incomplete(format!(
        "Date must be in ISO-8601 'basic format'. Got '{given}'. See http://en.wikipedia.org/wiki/ISO_8601"
    ))
}

/// 7.2 row 7.
pub(super) fn expired(date: &str, now: i64, window_seconds: i64) -> WireError {
    invalid(format!(
        "Signature expired: {date} is now earlier than {} ({} - {})",
        time::format_basic(now - window_seconds),
        time::format_basic(now),
        window(window_seconds),
    ))
}

/// 7.2 row 8.
pub(super) fn not_yet_current(date: &str, now: i64, window_seconds: i64) -> WireError {
    invalid(format!(
        "Signature not yet current: {date} is still later than {} ({} + {})",
        time::format_basic(now + window_seconds),
        time::format_basic(now),
        window(window_seconds),
    ))
}

/// 7.2 row 9.
pub(super) fn header_not_signed(quoted_name: &str) -> WireError {
    invalid(format!("{quoted_name} must be a 'SignedHeader' in the AWS Authorization."))
}

/// 7.2 row 10.
pub(super) fn unsupported_algorithm(given: &str) -> WireError {
    incomplete(format!("Unsupported AWS 'algorithm': '{given}' (only AWS4-HMAC-SHA256 for now). "))
}

/// 7.2 row 11.
pub(super) fn malformed_credential(given: &str) -> WireError {
    incomplete(format!(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{given}'"
    ))
}

/// 7.2 row 13.
pub(super) fn unknown_key() -> WireError {
    unrecognized("The security token included in the request is invalid.")
}

/// 7.2 row 14.
pub(super) fn wrong_signature(canonical_request: &str, string_to_sign: &str) -> WireError {
    invalid(format!(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details.\n\n\
         The Canonical String for this request should have been\n'{canonical_request}'\n\n\
         The String-to-Sign should have been\n'{string_to_sign}'"
    ))
}

/// 7.2 row 15.
pub(super) fn unknown_token() -> WireError {
    unrecognized("The security token included in the request is invalid")
}

/// 7.2 row 16.
pub(super) fn expired_token() -> WireError {
    WireError::front_door("ExpiredTokenException", STATUS, "The security token included in the request is expired")
}

/// `InvalidSignatureException` with a message of its own.
pub(super) fn invalid(message: impl Into<String>) -> WireError {
    WireError::front_door("InvalidSignatureException", STATUS, message)
}

fn incomplete(message: String) -> WireError {
    WireError::front_door("IncompleteSignatureException", STATUS, message)
}

fn unrecognized(message: &str) -> WireError {
    WireError::front_door("UnrecognizedClientException", STATUS, message)
}

fn window(seconds: i64) -> String {
    if seconds % 60 == 0 { format!("{} min.", seconds / 60) } else { format!("{seconds} sec.") }
}
