//! The flow logs: what flows do, one JSON object a line, as Amazon Connect writes it to CloudWatch.
//!
//! A thread of its own writes them, behind a bounded queue: a disk that is slow or full holds up no task. What finds no
//! room is dropped, counted and told of. A file is opened anew when the process is told to (SIGHUP), so that it can be
//! rotated.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use tracing::warn;

use crate::config::{self, Setting};
use crate::telemetry;

/// How often dropped lines are told of at most.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Lines hold what contacts hold: they are for the owner of the server.
const FILE_MODE: u32 = 0o600;

/// Where the lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowLogSink {
    /// Standard output.
    Stdout,
    /// A file, to which they are appended.
    File(PathBuf),
}

impl Setting for FlowLogSink {
    const SHAPE: &'static str = "stdout, or the path of a file";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "stdout" => Ok(FlowLogSink::Stdout),
            "" => Err("give stdout, or the path of a file".to_owned()),
            path => Ok(FlowLogSink::File(PathBuf::from(path))),
        }
    }
}

/// The flow logs of a server; none when nobody wants them.
#[derive(Debug, Default)]
pub struct FlowLogs(Option<Running>);

#[derive(Debug)]
struct Running {
    lines: Mutex<Option<SyncSender<String>>>,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Lines for which there was no room, or that could not be written, and that nobody was told of.
    dropped: AtomicU64,
    /// The file is to be opened anew.
    reopen: AtomicBool,
}

/// What the thread writes to.
struct Output {
    sink: FlowLogSink,
    open: Box<dyn Write + Send>,
}

impl FlowLogs {
    /// Opens the file and starts the thread, if there is a sink.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(config: &config::FlowLogs) -> anyhow::Result<FlowLogs> {
        let Some(sink) = config.sink.clone() else { return Ok(FlowLogs::default()) };
        let open = open(&sink).with_context(|| format!("flow_logs.sink {}", shown(&sink)))?;
        let (sender, lines) = sync_channel(config.lines_waiting_max as usize);
        let shared = Arc::new(Shared::default());
        let (of_thread, output) = (Arc::clone(&shared), Output { sink, open });
        let thread = std::thread::Builder::new().name("flow-logs".to_owned());
        let thread = thread.spawn(move || write_all(&lines, output, &of_thread)).context("start a thread")?;
        Ok(FlowLogs(Some(Running { lines: Mutex::new(Some(sender)), shared, thread: Mutex::new(Some(thread)) })))
    }

    /// Writes lines, sooner or later.
    pub fn write(&self, lines: Vec<String>) {
        let Some(Running { lines: queue, shared, .. }) = &self.0 else { return };
        let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |line: String| queue.as_ref().is_some_and(|queue| queue.try_send(line).is_ok());
        let dropped = lines.into_iter().map(fits).filter(|fits| !fits).count() as u64;
        if dropped > 0 {
            shared.dropped.fetch_add(dropped, Ordering::Relaxed);
            telemetry::record_dropped_flow_log_lines(dropped);
        }
    }

    /// Opens the file anew before the next line.
    pub fn reopen(&self) {
        if let Some(running) = &self.0 {
            running.shared.reopen.store(true, Ordering::Release);
        }
    }

    /// Writes what waits, and ends.
    pub fn close(&self) {
        let Some(Running { lines, thread, .. }) = &self.0 else { return };
        // Without a sender the thread comes to the end of the queue.
        lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            warn!("The thread of the flow logs had panicked");
        }
    }
}

fn write_all(lines: &Receiver<String>, mut output: Output, shared: &Shared) {
    let mut is_flushed = true;
    loop {
        let line = match lines.try_recv() {
            Ok(line) => line,
            Err(_) => {
                if !is_flushed {
                    output.attempt(shared, |open| open.flush());
                    is_flushed = true;
                }
                tell_of_dropped(shared);
                match lines.recv_timeout(TELL_EVERY) {
                    Ok(line) => line,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        if shared.reopen.swap(false, Ordering::AcqRel) {
            output.reopen(shared);
        }
        output.attempt(shared, |open| {
            open.write_all(line.as_bytes())?;
            open.write_all(b"\n")
        });
        is_flushed = false;
    }
}

impl Output {
    /// Writes; what fails is a dropped line.
    fn attempt(&mut self, shared: &Shared, work: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if let Err(error) = work(&mut *self.open) {
            if shared.dropped.fetch_add(1, Ordering::Relaxed) == 0 {
                warn!(cause = %error, "The flow logs cannot be written to {}: {error}", shown(&self.sink));
            }
            telemetry::record_dropped_flow_log_lines(1);
        }
    }

    fn reopen(&mut self, shared: &Shared) {
        self.attempt(shared, |open| open.flush());
        match open(&self.sink) {
            Ok(open) => self.open = open,
            Err(error) => {
                warn!(cause = %error, "The flow logs go on where they are; opening {} anew failed: {error}", shown(&self.sink));
            }
        }
    }
}

fn open(sink: &FlowLogSink) -> io::Result<Box<dyn Write + Send>> {
    Ok(match sink {
        FlowLogSink::Stdout => Box::new(BufWriter::new(io::stdout())),
        FlowLogSink::File(path) => Box::new(BufWriter::new(append_to(path)?)),
    })
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path)
}

fn shown(sink: &FlowLogSink) -> String {
    match sink {
        FlowLogSink::Stdout => "standard output".to_owned(),
        FlowLogSink::File(path) => path.display().to_string(),
    }
}

fn tell_of_dropped(shared: &Shared) {
    let lines = shared.dropped.swap(0, Ordering::Relaxed);
    if lines > 0 {
        warn!(
            lines,
            "{lines} lines of the flow logs were dropped: more than flow_logs.lines_waiting_max would wait, or they could not be written"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(path: &Path, lines_waiting_max: u32) -> FlowLogs {
        let sink = Some(FlowLogSink::File(path.to_owned()));
        FlowLogs::open(&config::FlowLogs { sink, lines_waiting_max }).unwrap()
    }

    fn lines(of: std::ops::Range<u32>) -> Vec<String> {
        of.map(|number| number.to_string()).collect()
    }

    #[test]
    fn lines_are_appended_in_their_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flows.log");
        for range in [0..3, 3..6] {
            let logs = logs(&path, 10);
            logs.write(lines(range));
            logs.close();
            // What comes too late is dropped.
            logs.write(vec!["late".into()]);
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "0\n1\n2\n3\n4\n5\n");
    }

    #[test]
    fn a_file_that_was_moved_is_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let (path, moved) = (directory.path().join("flows.log"), directory.path().join("flows.log.1"));
        let logs = logs(&path, 10);
        logs.write(lines(0..1));
        while std::fs::read_to_string(&path).unwrap().is_empty() {
            std::thread::yield_now();
        }
        std::fs::rename(&path, &moved).unwrap();
        logs.reopen();
        logs.write(lines(1..2));
        logs.close();
        assert_eq!(
            (std::fs::read_to_string(moved).unwrap(), std::fs::read_to_string(path).unwrap()),
            ("0\n".into(), "1\n".into())
        );
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_holds_nobody_up() {
        let logs = logs(Path::new("/dev/full"), 10);
        logs.write(lines(0..5));
        let running = logs.0.as_ref().unwrap();
        let (shared, thread) = (Arc::clone(&running.shared), running.thread.lock().unwrap().take().unwrap());
        running.lines.lock().unwrap().take();
        thread.join().unwrap();
        logs.write(lines(0..7));
        assert_eq!(shared.dropped.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_told_at_the_start() {
        let sink = Some(FlowLogSink::File("/no/such/folder/flows.log".into()));
        let error = FlowLogs::open(&config::FlowLogs { sink, lines_waiting_max: 1 }).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "flow_logs.sink /no/such/folder/flows.log: No such file or directory (os error 2)"
        );
    }
}
