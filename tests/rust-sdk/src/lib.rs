//! One `callboard serve` process for a test, and a client of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aws_sdk_connect::Client;
use aws_sdk_connect::config::{BehaviorVersion, Credentials, Region};

const ACCESS_KEY_ID: &str = "AKIACALLBOARDRUSTTEST";
const SECRET_ACCESS_KEY: &str = "a-root-secret-that-only-the-tests-use/89ab";

/// A running server. It is killed, and its directory removed, when this is dropped.
pub struct Server {
    process: Child,
    url: String,
    _directory: tempfile::TempDir,
}

impl Server {
    /// Starts the server that CALLBOARD_BINARY names, or the repository's debug build.
    ///
    /// # Panics
    /// If the server does not become ready.
    pub fn start() -> Server {
        let directory = tempfile::tempdir().expect("a directory for the server");
        let mut process = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(directory.path().join("data"))
            .env("CALLBOARD_ROOT_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("CALLBOARD_ROOT_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("standard output is piped")).lines();
        let url = lines
            .find_map(|line| Some(line.ok()?.strip_prefix("listening on ")?.trim().to_owned()))
            .expect("the server says where it listens");
        // Read on, so that a full pipe does not stop the server.
        std::thread::spawn(move || lines.for_each(drop));
        Server { process, url, _directory: directory }
    }

    /// A client as the SDK makes it, with nothing but an endpoint, a region and a key.
    pub fn client(&self) -> Client {
        self.client_with(SECRET_ACCESS_KEY)
    }

    /// A client with another secret.
    pub fn client_with(&self, secret: &str) -> Client {
        let config = aws_sdk_connect::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.url)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(ACCESS_KEY_ID, secret, None, None, "tests"))
            .build();
        Client::from_conf(config)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already; either way it is gone after this.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

fn binary() -> PathBuf {
    match std::env::var_os("CALLBOARD_BINARY") {
        Some(given) => given.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/callboard"),
    }
}
