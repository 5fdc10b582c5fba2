//! Metrics, rendered for Prometheus at `/metrics`.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use store::Histogram;

use crate::runtime::Runtime;

/// Bounds of histograms of sizes, such as the rows of a batch.
const SIZE_BUCKETS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 100_000.0];

/// Bounds of histograms of durations, in seconds.
const LATENCY_BUCKETS: &[f64] =
    &[0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// How often samples that nobody has asked for are folded together, so that they do not pile up.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

const REQUESTS: &str = "callboard_requests_total";
const REQUEST_SECONDS: &str = "callboard_request_duration_seconds";
const FUNCTION_CALLS: &str = "callboard_function_calls_total";
const FUNCTION_SECONDS: &str = "callboard_function_call_duration_seconds";
const FLOW_LOG_LINES_DROPPED: &str = "callboard_flow_log_lines_dropped_total";
const CONNECTIONS: &str = "callboard_connections_open";
const CONNECTIONS_FAILED: &str = "callboard_connections_failed_total";

/// The process's metrics.
pub fn install() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let buckets =
            [(Matcher::Suffix("_seconds".into()), LATENCY_BUCKETS), (Matcher::Suffix("_size".into()), SIZE_BUCKETS)];
        let builder = buckets.into_iter().fold(PrometheusBuilder::new(), |builder, (matcher, buckets)| {
            builder.set_buckets_for_metric(matcher, buckets).expect("there are buckets")
        });
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if let Err(error) = metrics::set_global_recorder(recorder) {
            tracing::warn!("Metrics are recorded elsewhere in this process: {error}");
        }
        describe_counter!(REQUESTS, "Answered requests by operation and status");
        describe_histogram!(REQUEST_SECONDS, "Seconds from the head of a request to its answer, by operation");
        describe_counter!(FUNCTION_CALLS, "Calls of functions by the key of [functions] and what came of them");
        describe_histogram!(
            FUNCTION_SECONDS,
            "Seconds of a call of a function with its tries, by the key of [functions]"
        );
        describe_counter!(FLOW_LOG_LINES_DROPPED, "Lines of the flow logs that were not written");
        describe_gauge!(CONNECTIONS, "Open connections");
        describe_counter!(CONNECTIONS_FAILED, "Connections that ended with an error of the client or the network");
        handle
    })
}

/// Counts an answered request.
pub fn record_request(operation: &'static str, status: u16, took: Duration) {
    counter!(REQUESTS, "operation" => operation, "status" => status_label(status)).increment(1);
    histogram!(REQUEST_SECONDS, "operation" => operation).record(took.as_secs_f64());
}

/// Counts a call of a function, by the key of the configuration that says where it runs.
pub fn record_function_call(function: &str, result: &'static str, took: Duration) {
    counter!(FUNCTION_CALLS, "function" => function.to_owned(), "result" => result).increment(1);
    histogram!(FUNCTION_SECONDS, "function" => function.to_owned()).record(took.as_secs_f64());
}

/// Counts lines of the flow logs that are lost.
pub fn record_dropped_flow_log_lines(lines: u64) {
    counter!(FLOW_LOG_LINES_DROPPED).increment(lines);
}

/// Counts a connection that was opened; the guard counts its end.
pub fn record_connection() -> OpenConnection {
    gauge!(CONNECTIONS).increment(1.0);
    OpenConnection(())
}

/// Counts a connection that broke.
pub fn record_failed_connection() {
    counter!(CONNECTIONS_FAILED).increment(1);
}

/// A connection in the count of open ones, for as long as it lives.
#[derive(Debug)]
pub struct OpenConnection(());

impl Drop for OpenConnection {
    fn drop(&mut self) {
        gauge!(CONNECTIONS).decrement(1.0);
    }
}

/// What the runtime counts itself, as Prometheus reads it.
pub fn render_runtime(runtime: &Runtime) -> String {
    let (writer, log) = (runtime.writer_statistics(), runtime.store().wal_statistics());
    let mut text = String::new();
    let mut single = |name: &str, kind: &str, help: &str, value: u64| {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
    };
    single("callboard_tasks_open", "gauge", "Open tasks of the instances in memory", runtime.open_tasks() as u64);
    let waiting = "Calls and results that wait for their instance's loop, looked at once a second";
    single("callboard_inbox_depth", "gauge", waiting, runtime.inbox_depth() as u64);
    single("callboard_instances", "gauge", "Instances there are", runtime.directory().instance_count() as u64);
    single("callboard_commit_batches_waiting", "gauge", "Batches that wait for a commit", writer.waiting as u64);
    single("callboard_commit_rows_total", "counter", "Rows that commits wrote", writer.rows);
    single("callboard_commit_bytes_total", "counter", "Bytes that commits brought", writer.bytes);
    single("callboard_commit_failures_total", "counter", "Commits that failed", writer.failures);
    single("callboard_log_bytes", "gauge", "Bytes of the database's write-ahead log", log.bytes);
    single("callboard_log_checkpoints_total", "counter", "Checkpoints of the write-ahead log", log.checkpoints);
    summary(&mut text, "callboard_commit_batches", "Batches in a commit", &writer.batches, 1.0);
    summary(&mut text, "callboard_commit_duration_seconds", "Seconds of a commit", &writer.duration_us, 1e-6);
    text
}

/// A histogram in powers of two, by its quantiles.
fn summary(text: &mut String, name: &str, help: &str, values: &Histogram, unit: f64) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} summary\n");
    for quantile in [0.5, 0.9, 0.99] {
        let value = values.quantile(quantile) as f64 * unit;
        let _ = writeln!(text, "{name}{{quantile=\"{quantile}\"}} {value}");
    }
    let _ = write!(text, "{name}_sum {}\n{name}_count {}\n\n", values.sum() as f64 * unit, values.count());
}

/// The statuses that there are, without a new text for each request.
fn status_label(status: u16) -> &'static str {
    match status {
        200 => "200",
        400 => "400",
        402 => "402",
        403 => "403",
        404 => "404",
        405 => "405",
        408 => "408",
        409 => "409",
        410 => "410",
        413 => "413",
        429 => "429",
        500 => "500",
        501 => "501",
        503 => "503",
        _ => "other",
    }
}
