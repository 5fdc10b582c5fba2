//! Throttles by operation, as Amazon Connect has them (`quotas.md` section 2): token buckets of this node, in memory,
//! shared by all instances and users, in the time that contacts live in.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use api::OperationFacts;
use wire::WireError;

use crate::clock::Clock;
use crate::config::{Limits, Setting};

/// How often an operation may be called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls in a second, on average.
    pub per_second: f64,
    /// Calls at once after a pause.
    pub burst: f64,
}

/// The rate of one operation, written `DescribeContact=10/15`.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationRate {
    operation: &'static str,
    rate: Rate,
}

impl Setting for Rate {
    const SHAPE: &'static str = "calls a second/burst";

    fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(rate, burst)| Some((rate.parse().ok()?, burst.parse().ok()?)));
        match numbers {
            Some((per_second, burst)) if per_second > 0.0 && burst >= 1.0 => Ok(Rate { per_second, burst }),
            _ => Err("give calls a second and burst, as 2/5; both more than 0, the burst 1 or more".to_owned()),
        }
    }
}

impl Setting for OperationRate {
    const SHAPE: &'static str = "Operation=calls a second/burst";

    fn parse(text: &str) -> Result<Self, String> {
        let (name, rate) = text.split_once('=').ok_or("give rates as DescribeContact=10/15")?;
        let facts = api::operation(name).ok_or_else(|| format!("{name} is no operation of the API"))?;
        Ok(OperationRate { operation: facts.name, rate: Rate::parse(rate)? })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls a second and {} at once", self.per_second, self.burst)
    }
}

/// The buckets of a node.
pub(crate) struct Throttle {
    usual: Rate,
    rates: HashMap<&'static str, Rate>,
    clock: Clock,
    buckets: Mutex<HashMap<&'static str, Bucket>>,
}

/// What is left of a burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at_ms: i64,
}

impl Throttle {
    /// The throttles of the configuration, if there are to be any.
    pub(crate) fn new(limits: &Limits, clock: Clock) -> Option<Throttle> {
        limits.throttling.then(|| Throttle {
            usual: limits.throttle_usual,
            rates: limits.throttle_rates.iter().map(|rate| (rate.operation, rate.rate)).collect(),
            clock,
            buckets: Mutex::default(),
        })
    }

    /// Counts a call, or refuses it.
    pub(crate) fn admit(&self, operation: &'static OperationFacts) -> Result<(), WireError> {
        let rate = *self.rates.get(operation.name).unwrap_or(&self.usual);
        let now_ms = self.clock.now_ms();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(operation.name).or_insert_with(|| Bucket::full(rate, now_ms));
        if bucket.take(rate, now_ms) {
            return Ok(());
        }
        let message = format!(
            "Rate exceeded: {} may be called at {rate}; see limits.throttling and limits.throttle_rates",
            operation.name
        );
        Err(WireError::throttled(operation, message))
    }
}

impl Bucket {
    /// One that nothing was taken from.
    pub(crate) fn full(rate: Rate, now_ms: i64) -> Bucket {
        Bucket { tokens: rate.burst, at_ms: now_ms }
    }

    /// Whether it would make no difference to begin it anew.
    pub(crate) fn is_full(&self, rate: Rate, now_ms: i64) -> bool {
        self.tokens_at(rate, now_ms) >= rate.burst
    }

    /// Counts a call; whether it may be made.
    pub(crate) fn take(&mut self, rate: Rate, now_ms: i64) -> bool {
        self.tokens = self.tokens_at(rate, now_ms);
        self.at_ms = now_ms;
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }

    fn tokens_at(&self, rate: Rate, now_ms: i64) -> f64 {
        let passed_seconds = (now_ms - self.at_ms).max(0) as f64 / 1000.0;
        (self.tokens + passed_seconds * rate.per_second).min(rate.burst)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_bucket_has_its_burst_and_fills_again_with_time() {
        let mut limits = Config::defaults(Path::new("d")).limits;
        let clock = Clock::standing_at(0);
        assert!(Throttle::new(&limits, clock.clone()).is_none());
        limits.throttling = true;
        let throttle = Throttle::new(&limits, clock.clone()).unwrap();
        let admitted = |name: &str| {
            let operation = api::operation(name).unwrap();
            (0..100).take_while(|_| throttle.admit(operation).is_ok()).count()
        };
        assert_eq!(admitted("StartTaskContact"), 5);
        assert_eq!(admitted("DescribeContact"), 15);
        assert_eq!(admitted("SearchContacts"), 1);
        clock.move_to(1_000);
        assert_eq!(admitted("StartTaskContact"), 2);
        assert_eq!(admitted("SearchContacts"), 0);
        clock.move_to(3_600_000);
        assert_eq!(admitted("StartTaskContact"), 5);
    }

    #[test]
    fn the_refusal_is_one_that_the_operation_declares_or_the_front_doors() {
        let mut limits = Config::defaults(Path::new("d")).limits;
        limits.throttling = true;
        limits.throttle_usual = Rate { per_second: 1.0, burst: 1.0 };
        limits.throttle_rates.clear();
        let throttle = Throttle::new(&limits, Clock::standing_at(0)).unwrap();
        let refused = |name: &str| {
            let operation = api::operation(name).unwrap();
            throttle.admit(operation).unwrap();
            throttle.admit(operation).unwrap_err()
        };
        assert_eq!(refused("StartTaskContact").name, "ThrottlingException");
        assert_eq!(refused("StopContact").name, "TooManyRequestsException");
    }

    #[test]
    fn rates_are_read_and_refused() {
        assert_eq!(Rate::parse("0.5/1").unwrap(), Rate { per_second: 0.5, burst: 1.0 });
        for text in
            ["DescribeContact", "NoSuch=1/1", "DescribeContact=1", "DescribeContact=0/1", "DescribeContact=1/0.5"]
        {
            assert!(OperationRate::parse(text).is_err(), "{text}");
        }
    }
}
