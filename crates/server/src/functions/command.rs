//! Functions that are programs of this machine.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use engine::flow::function::ANSWER_BYTES_MAX;
use rustix::process::{Pid, Signal, kill_process_group};
use service::FunctionJob;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::failure::{Failure, first_words};

/// Most bytes of the end of standard error that are kept.
const WORDS_BYTES_MAX: usize = 4_096;
/// What the names of variables begin with that are the server's own: they may hold its secrets.
const OWN_VARIABLES: &str = "CALLBOARD_";
const INVOCATION_ID: &str = "CALLBOARD_INVOCATION_ID";
const FUNCTION: &str = "CALLBOARD_FUNCTION";

/// Finds a program as it will be found when it is run: by its path, or in the directories of `PATH`.
///
/// # Errors
/// It is not there, or is no program; in words that say what would do.
pub fn find(program: &str, search: &str) -> Result<(), String> {
    let runs = |path: &Path| path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return if runs(Path::new(program)) {
            Ok(())
        } else {
            Err("there is no such program; give the path of a file that may be executed".to_owned())
        };
    }
    if std::env::split_paths(search).any(|folder| runs(&folder.join(program))) {
        return Ok(());
    }
    Err("no directory of PATH has such a program; give its path".to_owned())
}

/// The variables of this process that a command does not get.
pub fn own_variables() -> Vec<OsString> {
    let own = |name: &OsString| name.as_encoded_bytes().starts_with(OWN_VARIABLES.as_bytes());
    std::env::vars_os().map(|(name, _)| name).filter(own).collect()
}

/// Runs a program with the event on its standard input, and answers what it writes to standard output. When this is
/// dropped, the program and all that it has started are killed.
pub async fn run(
    program: &str,
    arguments: &[String],
    withheld: &[OsString],
    job: &FunctionJob,
) -> Result<String, Failure> {
    let ended = |what: String, words: String| Failure::Command { what, words };
    let mut command = Command::new(PathBuf::from(program));
    command.args(arguments).process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    withheld.iter().for_each(|name| {
        command.env_remove(name);
    });
    command.env(INVOCATION_ID, &job.call).env(FUNCTION, &job.function);
    let mut child =
        command.spawn().map_err(|error| ended("could not be started".to_owned(), first_words(&error.to_string())))?;
    let mut group = Group::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        unreachable!("all three are pipes");
    };
    let feed = async {
        // A program need not read what it is given: that it has closed its end is no failure.
        let _ = stdin.write_all(job.event.as_bytes()).await;
        drop(stdin);
        Ok(())
    };
    let bytes_max = if job.waits { Some(ANSWER_BYTES_MAX) } else { None };
    let leave = async {
        let status = child.wait().await;
        // What it has left running holds its output open, and is no part of the answer. The number of the group is
        // not given to another before somebody has started as many processes as there are numbers.
        group.end();
        status.map_err(|error| ended("could not be waited for".to_owned(), first_words(&error.to_string())))
    };
    let ((), answer, words, status) = tokio::try_join!(feed, whole(stdout, bytes_max), end_of(stderr), leave)?;
    if !status.success() {
        return Err(ended(told(status), words));
    }
    String::from_utf8(answer).map_err(|_| Failure::NotText)
}

/// How a program ended that failed.
fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "failed".to_owned(),
    }
}

/// A program and all that it starts.
struct Group(Option<Pid>);

impl Group {
    /// The group of a process that leads one and has not been waited for.
    fn of(child: &Child) -> Group {
        Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// Kills what is left of it.
    fn end(&mut self) {
        if let Some(leader) = self.0.take() {
            // Mostly there is nobody left, which is an error to the system.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads to the end; more than `bytes_max` is refused at once, and without a bound nothing is kept.
async fn whole(mut from: impl AsyncRead + Unpin, bytes_max: Option<usize>) -> Result<Vec<u8>, Failure> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 8 << 10]);
    loop {
        // A pipe breaks with the program, and that tells why.
        let read = from.read(&mut buffer).await.unwrap_or(0);
        match bytes_max {
            _ if read == 0 => return Ok(bytes),
            Some(bytes_max) if bytes.len() + read > bytes_max => return Err(Failure::TooLong),
            Some(_) => bytes.extend_from_slice(&buffer[..read]),
            None => {}
        }
    }
}

/// The last line, in words that can be told.
async fn end_of(mut from: impl AsyncRead + Unpin) -> Result<String, Failure> {
    let (mut kept, mut buffer) = (Vec::new(), vec![0; WORDS_BYTES_MAX]);
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..read]);
        kept.drain(..kept.len().saturating_sub(WORDS_BYTES_MAX));
    }
    let said = String::from_utf8_lossy(&kept);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Ok(first_words(last.unwrap_or_default()))
}
