//! The one place where the machine's clocks are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time that contacts, agents, timers, tokens and retention live in. Clones share it.
///
/// Signatures, the `Date` header and time-outs of I/O always go by [`wall_ms`] and [`Stopwatch`].
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's time.
    Real,
    /// A time that stands still and is moved by clients (`--test-clock`): milliseconds since the epoch.
    Test(Arc<AtomicI64>),
}

impl Clock {
    /// A test clock that stands at a moment.
    pub fn standing_at(now_ms: i64) -> Clock {
        Clock::Test(Arc::new(AtomicI64::new(now_ms)))
    }

    /// Whether the clock stands still until clients move it.
    pub fn is_test(&self) -> bool {
        matches!(self, Clock::Test(_))
    }

    /// Now, in milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        match self {
            Clock::Real => wall_ms(),
            Clock::Test(now) => now.load(Ordering::Acquire),
        }
    }

    /// Moves a test clock to a later time; an earlier one leaves it where it is.
    ///
    /// # Panics
    /// If this is the real clock, which nobody may move.
    pub fn move_to(&self, now_ms: i64) {
        match self {
            Clock::Real => panic!("only a test clock can be moved"),
            Clock::Test(now) => {
                now.fetch_max(now_ms, Ordering::AcqRel);
            }
        }
    }
}

/// The machine's time in milliseconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
pub fn wall_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// The machine's time as text for people, such as `2026-01-31T12:00:00Z`.
pub fn wall_text() -> String {
    let seconds = wall_ms().div_euclid(1000);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |moment| moment.to_string())
}

/// Measures how long something takes, for metrics and logs.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_clock_moves_forward_only_and_for_all_clones() {
        let start = 1_000;
        let clock = Clock::standing_at(start);
        let clone = clock.clone();
        clock.move_to(start + 5_000);
        clone.move_to(start + 1_000);
        assert_eq!(clone.now_ms(), start + 5_000);
    }
}
