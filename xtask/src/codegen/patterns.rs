//! The model's patterns, in the language of an engine without look-around.

use anyhow::{Context, Result, bail, ensure};
use regex::Regex;

/// A pattern as `api::facts::Pattern` holds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    /// What a message says that the string must match.
    pub(super) text: String,
    pub(super) must: Vec<String>,
    pub(super) must_not: Vec<String>,
}

/// Patterns that say something else than they mean, or say it badly, with what they mean.
const MENDED: [(&str, &[&str]); 4] = [
    // Escaped twice in the source: as it stands, it wants a backslash before the number.
    (r"\\+[1-9]\\d{1,14}$", &[r"\+[1-9][0-9]{1,14}$"]),
    // Written with the slashes of another language around it, and with look-ahead for what must occur anywhere.
    (r"/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$/", &[r"[a-z]", r"[A-Z]", r"[0-9]", r"^\S{8,64}$"]),
    // A class of most of Unicode, repeated: as one expression it takes more than ten megabytes.
    (r"^[\P{C}\r\n\t]{1,127}$", &[r"^[\P{C}\r\n\t]*$", r"(?s)^.{1,127}$"]),
    (r"^[\P{C}\r\n\t]{1,250}$", &[r"^[\P{C}\r\n\t]*$", r"(?s)^.{1,250}$"]),
];

/// Translates a pattern, or refuses it: then somebody has to add what it means to [`MENDED`].
pub(super) fn translate(pattern: &str) -> Result<Translated> {
    let translated = match MENDED.iter().find(|(text, _)| *text == pattern) {
        Some((_, must)) => Translated {
            text: must.join(" and "),
            must: must.iter().map(ToString::to_string).collect(),
            must_not: Vec::new(),
        },
        None => split(pattern)?,
    };
    for expression in translated.must.iter().chain(&translated.must_not) {
        Regex::new(expression).with_context(|| format!("cannot translate the pattern {pattern}"))?;
    }
    Ok(translated)
}

/// Takes a leading negative look-ahead apart: `^(?!aws:)REST` must match `^REST` and must not match `^(?:aws:)`.
fn split(pattern: &str) -> Result<Translated> {
    ensure!(!pattern.contains(r"\\"), "looks escaped twice: {pattern}");
    let body = pattern.strip_prefix('^').unwrap_or(pattern);
    let (must, must_not) = match body.strip_prefix("(?!") {
        Some(rest) => {
            let (refused, rest) = rest.split_once(')').context("an open look-ahead")?;
            (format!("^{rest}"), vec![format!("^(?:{refused})")])
        }
        None => (pattern.to_owned(), Vec::new()),
    };
    if must.contains("(?!") || must.contains("(?=") || must.contains("(?<") {
        bail!("has look-around that is not a leading (?!..): {pattern}");
    }
    Ok(Translated { text: pattern.to_owned(), must: vec![ascii_digits(&must)], must_not })
}

/// `\d` means the ten digits of ASCII in the model's language and every digit of Unicode in ours.
fn ascii_digits(expression: &str) -> String {
    let mut in_class = false;
    let mut text = String::new();
    let mut letters = expression.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('d') if in_class => text.push_str("0-9"),
                Some('d') => text.push_str("[0-9]"),
                Some(escaped) => text.extend(['\\', escaped]),
                None => text.push('\\'),
            },
            other => {
                in_class = (in_class || other == '[') && other != ']';
                text.push(other);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        let translated = translate(pattern).unwrap();
        let found = |expression: &String| Regex::new(expression).unwrap().is_match(text);
        translated.must.iter().all(found) && !translated.must_not.iter().any(found)
    }

    #[test]
    fn look_ahead_becomes_a_second_expression() {
        let tag_key = r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$";
        assert!(matches(tag_key, "cost centre"));
        assert!(matches(tag_key, "my-aws:key"));
        assert!(!matches(tag_key, "aws:key"));
        assert!(!matches(tag_key, "semi;colon"));
        let alias = r"^(?!d-)([\da-zA-Z]+)([-]*[\da-zA-Z])*$";
        assert!(matches(alias, "demo-1"));
        assert!(!matches(alias, "d-1"));
        assert!(!matches(alias, "demo-"));
        assert!(!matches(alias, "\u{0661}"), "an Arabic digit is no digit here");
    }

    #[test]
    fn what_cannot_be_translated_is_refused() {
        for pattern in [r"a(?!b)", r"(?=a)b", r"\\d", r"(?<!a)b", "("] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn mended_patterns_mean_what_they_should() {
        let phone = MENDED[0].0;
        assert!(matches(phone, "+15551230000"));
        assert!(!matches(phone, "5551230000"));
        let password = MENDED[1].0;
        assert!(matches(password, "Abcdefg1"));
        assert!(!matches(password, "abcdefg1"));
        assert!(!matches(password, "Abc1"));
        let description = MENDED[3].0;
        assert!(matches(description, &"ሴ\n".repeat(125)));
        assert!(!matches(description, &"a".repeat(251)));
        assert!(!matches(description, "bell \u{7}"));
    }
}
