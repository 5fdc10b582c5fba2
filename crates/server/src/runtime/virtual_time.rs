//! The test clock: it stands still, and moves through everything that becomes due, each thing at its own time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use service::ApiError;
use tokio::sync::oneshot;

use super::shared::Shared;
use super::worker::{Message, Report};
use crate::clock::{Clock, Stopwatch};

/// Longest real time that one moment of virtual time may take to settle.
const SETTLE_MAX: Duration = Duration::from_secs(20);
/// Real time between two looks at what is under way.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// The furthest that one advance may move, in seconds: two years.
const ADVANCE_SECONDS_MAX: u64 = 2 * 366 * 24 * 60 * 60;

/// What a clock shows.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClockView {
    /// Seconds of the epoch.
    pub now: f64,
    /// What is still under way after [`SETTLE_MAX`].
    pub pending: Vec<String>,
}

/// Reads the clock, and what is under way now.
pub async fn view(shared: &Shared) -> ClockView {
    ClockView { now: seconds(shared), pending: look(shared).await.pending }
}

fn seconds(shared: &Shared) -> f64 {
    shared.clock.now_ms() as f64 / 1000.0
}

async fn look(shared: &Shared) -> Report {
    let mut all = Report::default();
    for sender in &shared.senders {
        let (reply, report) = oneshot::channel();
        if sender.send(Message::Report(reply)).is_err() {
            continue;
        }
        if let Ok(report) = report.await {
            all.pending.extend(report.pending);
            all.next_due_ms = all.next_due_ms.into_iter().chain(report.next_due_ms).min();
        }
    }
    all
}

/// Waits until nothing is under way: two looks without anything, and without a message in between.
async fn settle(shared: &Shared) -> Report {
    let started = Stopwatch::start();
    loop {
        let before = shared.activity.load(Ordering::Acquire);
        let report = look(shared).await;
        let due_now = report.next_due_ms.is_some_and(|at| at <= shared.clock.now_ms());
        let quiet = report.pending.is_empty() && !due_now && shared.activity.load(Ordering::Acquire) == before;
        if quiet || started.elapsed() > SETTLE_MAX {
            return report;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Moves the clock by so many seconds, timer by timer.
pub async fn advance(shared: &Arc<Shared>, seconds_forward: u64) -> Result<ClockView, ApiError> {
    if !matches!(shared.clock, Clock::Test(_)) {
        let text = "the clock is the real one; start the server with --test-clock to move it";
        return Err(ApiError::invalid_request(text));
    }
    if seconds_forward > ADVANCE_SECONDS_MAX {
        let text = format!("Seconds is {seconds_forward}; one advance moves at most {ADVANCE_SECONDS_MAX}");
        return Err(ApiError::invalid_parameter(text));
    }
    let target = shared.clock.now_ms() + seconds_forward as i64 * 1000;
    let mut report = settle(shared).await;
    while let Some(at) = report.next_due_ms.filter(|at| *at <= target) {
        if !report.pending.is_empty() {
            break;
        }
        move_to(shared, at);
        report = settle(shared).await;
    }
    if report.pending.is_empty() {
        move_to(shared, target);
        report = settle(shared).await;
    }
    Ok(ClockView { now: seconds(shared), pending: report.pending })
}

fn move_to(shared: &Shared, at: i64) {
    shared.clock.move_to(at);
    for sender in &shared.senders {
        // A worker that has stopped has no timers.
        let _ = sender.send(Message::Wake);
    }
}
