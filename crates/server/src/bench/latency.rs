//! Latencies, exactly: every sample is kept, four bytes each.

use std::time::Duration;

/// What single requests took.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    micros: Vec<u32>,
}

/// A distribution, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Distribution {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Latencies {
    /// Adds one.
    pub(super) fn record(&mut self, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Adds those of another measurement.
    pub(super) fn extend(&mut self, other: &Latencies) {
        self.micros.extend_from_slice(&other.micros);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.micros.len()
    }

    /// How they are distributed; all zero without any.
    pub(super) fn distribution(&self) -> Distribution {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            // The smallest value that this share of all values does not exceed.
            let rank = (sorted.len() as f64 * share).ceil() as usize;
            f64::from(sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)) / 1000.0
        };
        Distribution { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(millis: impl IntoIterator<Item = u64>) -> Distribution {
        let mut latencies = Latencies::default();
        millis.into_iter().for_each(|millis| latencies.record(Duration::from_millis(millis)));
        latencies.distribution()
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred = Distribution { p50: 50.0, p90: 90.0, p99: 99.0, max: 100.0 };
        assert_eq!(distribution((1..=100).rev()), hundred);
        assert_eq!(distribution([7]), Distribution { p50: 7.0, p90: 7.0, p99: 7.0, max: 7.0 });
        assert_eq!(distribution([]), Distribution { p50: 0.0, p90: 0.0, p99: 0.0, max: 0.0 });
    }
}
