//! Real-time metrics: of queues and routing profiles ([`current`]), of one contact ([`contact`]), and of one queue as flows
//! ask for them ([`queue`]).
//!
//! They are read from counts that are kept as records change; nothing here looks at contacts or agents one by one.
//!
//! Facts: `contact-events.md` section 4, `routing.md` section 4. How a wait is estimated is not documented; see
//! [`estimated_wait_ms`].

pub(crate) mod contact;
pub(crate) mod current;
pub(crate) mod queue;
mod totals;

use engine::Timestamp;

use crate::agent_counts::Joined;

/// How long a contact at this position of a queue waits, in milliseconds.
///
/// Nothing while there are slots for all that come before it. Otherwise agents end what they work on at the rate at
/// which contacts of that age end when ending does not depend on age: one in every mean age divided by their number.
/// None if nobody works on anything, so that nothing is known.
fn estimated_wait_ms(position: u64, slots_available: u64, joined: Joined, now: Timestamp) -> Option<f64> {
    if position <= slots_available {
        return Some(0.0);
    }
    let interval_ms = joined.mean_age_ms(now)? / joined.contacts as f64;
    Some((position - slots_available) as f64 * interval_ms)
}
