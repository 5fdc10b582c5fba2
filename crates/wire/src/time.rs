//! Dates as text: ISO 8601 of inputs, and the basic form of signatures.

use jiff::Timestamp;

/// Epoch milliseconds of an ISO 8601 date and time with a time zone, such as `2026-11-21T04:05:06.789Z` or
/// `2026-11-21T05:05+01:00`. What is finer than a millisecond is cut off.
pub(crate) fn parse_iso8601(text: &str) -> Option<i64> {
    text.parse().ok().map(Timestamp::as_millisecond)
}

/// Epoch seconds of the basic form, such as `20150830T123600Z`, and of nothing else.
pub(crate) fn parse_basic(text: &str) -> Option<i64> {
    let is_basic = text.len() == 16
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if is_basic { text.parse().ok().map(Timestamp::as_second) } else { None }
}

/// The basic form of epoch seconds, such as `20150830T123600Z`.
pub(crate) fn format_basic(epoch_seconds: i64) -> String {
    let moment = Timestamp::from_second(epoch_seconds).unwrap_or(Timestamp::MAX);
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2015-08-30T12:36:00Z", Some(1_440_938_160_000)),
            ("2015-08-30T14:36:00.5+02:00", Some(1_440_938_160_500)),
            ("2015-08-30T12:36:00.1239z", Some(1_440_938_160_123)),
            ("2015-08-30T12:36Z", Some(1_440_938_160_000)),
            ("2015-02-29T00:00:00Z", None),
            ("2015-08-30T24:36:00Z", None),
            ("2015-08-30T12:36:00", None),
            ("2015-08-30", None),
            ("", None),
        ] {
            assert_eq!(parse_iso8601(text), expected, "{text}");
        }
    }

    #[test]
    fn basic_dates_go_there_and_back() {
        for (text, seconds) in
            [("20150830T123600Z", 1_440_938_160), ("20000229T235959Z", 951_868_799), ("19691231T235959Z", -1)]
        {
            assert_eq!(parse_basic(text), Some(seconds));
            assert_eq!(format_basic(seconds), text);
        }
        for text in ["20150830T123600", "20151330T123600Z", "2015-08-30T12:36:00Z", "20150830T12360\u{e9}"] {
            assert_eq!(parse_basic(text), None, "{text}");
        }
    }
}
