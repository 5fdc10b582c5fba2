//! Counts of values by power of two: enough to see a distribution, small enough to copy.

/// How many powers of two are told apart; larger values count with the largest.
const BUCKETS: usize = 40;

/// How often values of each magnitude were seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    sum: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: [0; BUCKETS], sum: 0 }
    }
}

impl Histogram {
    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        let magnitude = (u64::BITS - value.leading_zeros()) as usize;
        self.counts[magnitude.min(BUCKETS - 1)] += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sum of the values.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The buckets that are not empty: the largest value of each, and how many values it holds.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let largest = |magnitude: usize| (1u64 << magnitude) - 1;
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(move |(m, count)| (largest(m), *count))
    }

    /// A value that at least this share (0 to 1) of the values do not exceed, to the next power of two; 0 without values.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.count() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (largest, count) in self.buckets() {
            seen += count;
            if seen >= wanted {
                return largest;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn quantiles_are_rounded_up_to_a_power_of_two() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0);
        for value in [0, 1, 5, 6, 1000] {
            histogram.record(value);
        }
        assert_eq!((histogram.count(), histogram.sum()), (5, 1012));
        assert_eq!([0.2, 0.4, 0.5, 0.8, 1.0].map(|share| histogram.quantile(share)), [0, 1, 7, 7, 1023]);
        histogram.record(u64::MAX);
        assert_eq!(histogram.sum(), u64::MAX);
    }
}
