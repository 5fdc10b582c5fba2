//! One `callboard` process on a data directory of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use http::HeaderMap;
use http::header::{HOST, HeaderValue};
use tempfile::TempDir;
use wire::{RequestHead, sigv4};

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A directory with a data directory in it.
pub(crate) struct Place {
    directory: TempDir,
}

/// A server that listens. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub(crate) url: String,
    /// What it printed before it listened.
    pub(crate) printed: String,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// A command with this environment and nothing of ours.
    pub(crate) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CALLBOARD_")) {
            command.env_remove(name);
        }
        command.args(arguments).envs(variables.iter().copied()).env("CALLBOARD_DATA_DIR", self.data());
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments, &[]).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail; why it did.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }

    #[expect(clippy::zombie_processes, reason = "the server waits for its process when it is dropped")]
    pub(crate) fn serve(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        let mut command = self.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat(), variables);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the server ended early; it printed {printed:?}");
            if let Some(url) = line.strip_prefix("listening on ") {
                return Server { child, lines, url: url.trim().to_owned(), printed };
            }
            printed.push_str(&line);
        }
    }
}

impl Server {
    /// Asks the process to stop; its exit code and what it printed meanwhile.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }

    /// Ends the process as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signed request; the status and the body.
    pub(crate) fn send(&self, key: &Key, method: &str, path: &str, body: &str) -> (u16, String) {
        let address = self.url.strip_prefix("http://").expect("the server speaks HTTP");
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(address).unwrap());
        let head = RequestHead { method, raw_path: path, raw_query: "", headers: &headers };
        let credentials =
            sigv4::Credentials { access_key_id: &key.id, secret_access_key: &key.secret, session_token: None };
        let settings =
            sigv4::Settings { region: "us-east-1".to_owned(), service: "connect".to_owned(), clock_skew_seconds: 300 };
        let now = server::clock::wall_ms() / 1000;
        headers.extend(sigv4::sign(&head, body.as_bytes(), &credentials, &settings, now));
        let mut request =
            format!("{method} {path} HTTP/1.1\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
        for (name, value) in &headers {
            request += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// Whether a request that is signed with the key is let in.
    pub(crate) fn accepts(&self, key: &Key) -> bool {
        self.send(key, "GET", "/instance", "").0 == 200
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The key in what a command printed.
pub(crate) fn shown_key(printed: &str) -> Key {
    let value = |name: &str| {
        let line = printed.lines().find_map(|line| line.trim().strip_prefix(name)).expect(name);
        line.trim_start_matches([' ', '=']).to_owned()
    };
    Key { id: value("aws_access_key_id"), secret: value("aws_secret_access_key") }
}

/// A file beside the tests.
pub(crate) fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name).display().to_string()
}
