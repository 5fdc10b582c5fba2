//! References: R19a. Judged before instance and flow are looked up.

use std::collections::BTreeMap;

use crate::contact::{Reference, ReferenceType};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// Checks the references of a request and makes the records of them.
pub fn check(
    given: impl IntoIterator<Item = (String, ReferenceType, String)>,
    limits: &Limits,
) -> Result<BTreeMap<String, Reference>, Refusal> {
    let mut references = BTreeMap::new();
    for (key, reference_type, value) in given {
        if let Err(why) = check_value(reference_type, &value) {
            return Err(Refusal::InvalidReference { key, why });
        }
        references.insert(key, Reference { reference_type, value, status: None, status_reason: None, file: None });
    }
    check_size(&references, limits)?;
    Ok(references)
}

/// Whether a value is one of its type, and if not, what would be.
pub fn check_value(reference_type: ReferenceType, value: &str) -> Result<(), String> {
    let (fits, wanted) = match reference_type {
        ReferenceType::String => (true, ""),
        ReferenceType::Url => (is_url(value), "a URL such as https://example.com/orders/1"),
        ReferenceType::Number => (is_number(value), "a number such as 12.5"),
        ReferenceType::Date => (is_number(value), "a time in epoch seconds such as 1700000000"),
        ReferenceType::Email => (is_email(value), "a mail address such as ann@example.com"),
        ReferenceType::Attachment
        | ReferenceType::ContactAnalysis
        | ReferenceType::EmailMessage
        | ReferenceType::EmailMessagePlainText
        | ReferenceType::EmailMessagePlainTextRedacted
        | ReferenceType::EmailMessageRedacted => {
            return Err(format!("type {reference_type} cannot be given here, use URL, NUMBER, STRING, DATE or EMAIL"));
        }
    };
    if fits { Ok(()) } else { Err(format!("the value of a {reference_type} has to be {wanted}")) }
}

/// Digits with at most one point and one sign: what a person calls a number, no `inf`, no exponent.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

/// A scheme, a colon and something after it, without blanks or control characters.
pub(crate) fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let rest_fits =
        !rest.trim_start_matches('/').is_empty() && !rest.chars().any(|c| c.is_whitespace() || c.is_control());
    scheme_fits && rest_fits
}

/// Something, `@`, and a domain, without blanks.
pub(crate) fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-');
    !local.is_empty()
        && !local.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@')
        && domain.split('.').all(label)
}

/// UTF-8 bytes of all keys and values, attached files aside: those are given by the service.
pub fn bytes(references: &BTreeMap<String, Reference>) -> usize {
    let own = |reference: &Reference| reference.reference_type != ReferenceType::Attachment;
    references.iter().filter(|(_, r)| own(r)).map(|(key, reference)| key.len() + reference.value.len()).sum()
}

/// Checks the size of all references of a contact together.
pub fn check_size(references: &BTreeMap<String, Reference>, limits: &Limits) -> Result<(), Refusal> {
    let bytes = bytes(references);
    if bytes > limits.references_bytes_max {
        return Err(Refusal::ReferencesTooLarge { bytes, max: limits.references_bytes_max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(reference_type: ReferenceType, value: &str) -> String {
        match check([("k".to_owned(), reference_type, value.to_owned())], &Limits::default()) {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn r19a_a_value_fits_its_type() {
        for (reference_type, good, bad) in [
            (
                ReferenceType::Url,
                &["https://a.example/x?y=1", "mailto:ann@example.com"][..],
                &["", "x", "http://", "a b:c", "1:x"][..],
            ),
            (
                ReferenceType::Number,
                &["0", "-1.5", "12345678901234567890"][..],
                &["", "1e5", "inf", "NaN", "1.", "."][..],
            ),
            (ReferenceType::Date, &["1700000000", "1700000000.25"][..], &["2017-05-20T10:00:00Z", "now"][..]),
            (
                ReferenceType::Email,
                &["ann@example.com", "a+b@x"][..],
                &["ann", "@x", "a b@x", "a@", "a@x..y", "a@b@c"][..],
            ),
            (ReferenceType::String, &["", "anything at all"][..], &[][..]),
            (ReferenceType::Attachment, &[][..], &["x"][..]),
            (ReferenceType::ContactAnalysis, &[][..], &["x"][..]),
        ] {
            for value in good {
                assert_eq!(outcome(reference_type, value), "accepted", "{reference_type} {value:?}");
            }
            for value in bad {
                let text = outcome(reference_type, value);
                assert!(text.starts_with("Invalid reference passed, check input reference: k: "), "{value:?}: {text}");
            }
        }
    }

    #[test]
    fn r19a_all_references_together_have_a_limit() {
        assert_eq!(outcome(ReferenceType::String, &"ä".repeat(2047)), "accepted");
        assert_eq!(
            outcome(ReferenceType::String, &"ä".repeat(2048)),
            "Invalid reference passed, check input reference: all references together are 4097 bytes in UTF-8, the most is 4096"
        );
    }
}
