//! Moments and spans. The engine is told the time; it never reads a clock.

use std::fmt;

use minicbor::{Decode, Encode};

/// Milliseconds of one second.
pub const SECOND: i64 = 1_000;
/// Milliseconds of one minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds of one day.
pub const DAY: i64 = 24 * 60 * MINUTE;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

impl Timestamp {
    /// The moment `seconds` after the epoch.
    pub const fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp(seconds.saturating_mul(SECOND))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch with a millisecond fraction: the form of a timestamp in an API answer.
    pub fn seconds_f64(self) -> f64 {
        // Exact up to 2^53 ms, some 285,000 years.
        self.0 as f64 / 1_000.0
    }

    /// This moment moved by `millis` (may be negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }

    /// This moment moved by `seconds` (may be negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Timestamp {
        self.plus_millis(seconds.saturating_mul(SECOND))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment as a `jiff` timestamp, held at the ends of the range jiff can express (years -9999 to 9999).
    pub(crate) fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

/// ISO 8601 in UTC with milliseconds, `2026-01-02T03:04:05.678Z`: the form of a time inside a contact event.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_milliseconds_and_survives_the_extremes() {
        assert_eq!(Timestamp(1_700_000_000_123).to_string(), "2023-11-14T22:13:20.123Z");
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert!(Timestamp(i64::MAX).to_string().starts_with("9999"));
        assert_eq!(Timestamp(i64::MAX).plus_seconds(1), Timestamp(i64::MAX));
    }
}
