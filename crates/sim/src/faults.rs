//! What goes wrong, and how often.

use service::ApiError;
use store::Reason;
use store::faulty::Fault;

use crate::random::Random;

/// Whether things go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Faults {
    /// Nothing does.
    None,
    /// Now and then something does.
    Some,
}

/// One commit in so many fails.
const COMMIT_FAILS_ONE_IN: usize = 25;
/// Of the failing ones, so many seem to lie in the batch.
const SPOILED_ONE_IN: usize = 6;
/// One read in so many fails.
const READ_FAILS_ONE_IN: usize = 30;
/// One effect in so many is interrupted.
const INTERRUPTED_ONE_IN: usize = 5;
/// One answer in so many never reaches its client.
const ANSWER_LOST_ONE_IN: usize = 20;

impl Faults {
    pub(crate) fn of_commit(self, random: &mut Random) -> Option<Fault> {
        if self == Faults::None || !random.one_in(COMMIT_FAILS_ONE_IN) {
            return None;
        }
        let reason = if random.one_in(SPOILED_ONE_IN) { Reason::Other } else { Reason::DiskFull };
        Some(if random.one_in(2) { Fault::Before(reason) } else { Fault::After(reason) })
    }

    pub(crate) fn fails_read(self, random: &mut Random) -> bool {
        self == Faults::Some && random.one_in(READ_FAILS_ONE_IN)
    }

    pub(crate) fn interrupts(self, random: &mut Random) -> bool {
        self == Faults::Some && random.one_in(INTERRUPTED_ONE_IN)
    }

    pub(crate) fn loses_answer(self, random: &mut Random) -> bool {
        self == Faults::Some && random.one_in(ANSWER_LOST_ONE_IN)
    }

    /// Whether a call was refused for a reason of its own, or because of faults like these.
    pub(crate) fn explain_refusal(error: &ApiError) -> bool {
        let cause = error.cause.as_ref().map(ToString::to_string).unwrap_or_default();
        error.exception != "InternalServiceException" || Self::explain(&format!("{} {cause}", error.message))
    }

    /// Whether a complaint of the server comes from faults like these.
    pub(crate) fn explain(text: &str) -> bool {
        let known = [
            "(injected)",
            "writes are refused",
            "the probe was refused",
            "the instance is not open",
            "commits alone",
            "is given up",
        ];
        known.iter().any(|known| text.contains(known))
    }
}
