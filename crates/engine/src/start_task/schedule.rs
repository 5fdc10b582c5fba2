//! When a task starts and how long it lives: R8, R9, R9a.

use crate::contact::{Contact, State};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// The start that a ScheduledTime asks for: `None` means now, as a time a little in the past does (R8).
pub fn start(scheduled: Timestamp, now: Timestamp, limits: &Limits) -> Result<Option<Timestamp>, Refusal> {
    if scheduled < now.plus_seconds(-limits.schedule_past_seconds_max) {
        return Err(Refusal::ScheduledInPast { given: scheduled, now });
    }
    let latest = now.plus_seconds(limits.schedule_ahead_seconds_max);
    if scheduled > latest {
        return Err(Refusal::ScheduledTooFar { given: scheduled, latest });
    }
    Ok(Some(scheduled).filter(|at| *at > now))
}

/// A duration in minutes, when it is in range (R9).
pub fn expiry_minutes(given: i64, limits: &Limits) -> Result<u32, Refusal> {
    let (min, max) = (limits.expiry_minutes_min, limits.expiry_minutes_max);
    u32::try_from(given).ok().filter(|minutes| (min..=max).contains(minutes)).ok_or(Refusal::ExpiryOutOfRange {
        given,
        min,
        max,
    })
}

/// Moves the start of a task that still waits for it; its duration stays (R9a). A time that means now starts it at
/// once, by its timer.
pub(crate) fn reschedule(contact: &mut Contact, at: Timestamp, now: Timestamp, limits: &Limits) -> Result<(), Refusal> {
    if contact.state != State::Scheduled {
        return Err(Refusal::NotScheduled { contact: contact.id, state: contact.state });
    }
    if contact.reschedules >= limits.reschedules_max {
        return Err(Refusal::TooManyReschedules { contact: contact.id, max: limits.reschedules_max });
    }
    let at = start(at, now, limits)?.unwrap_or(now);
    let duration = contact.times.expiry.since(contact.times.scheduled.unwrap_or(contact.times.initiation));
    contact.times.scheduled = Some(at);
    contact.times.expiry = at.plus_millis(duration);
    contact.reschedules += 1;
    Ok(())
}
