//! `cargo xtask test`: installs what the tests need and runs every test.
//!
//! Four suites: the workspace's Rust tests; boto3 and the AWS CLI (`tests/clients`); the AWS SDK for JavaScript
//! (`tests/js`); the AWS SDK for Rust (`tests/rust-sdk`), which compiles for minutes and so runs only when named.

use std::process::Command;

use anyhow::{Result, bail};

use crate::environment::{self, PARTS, Profile, cargo, headline, run};
use crate::root;

const USAGE: &str = "\
usage: cargo xtask test [--rust] [--clients] [--js] [--rust-sdk] [FILTER ...]

  Without a suite: --rust --clients --js. A FILTER is a part of a test's name; a test runs if one of them fits.";

/// What pytest exits with when no test fits the filter.
const PYTEST_NO_TESTS: i32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suite {
    Rust,
    Clients,
    Js,
    RustSdk,
}

impl Suite {
    const DEFAULT: [Suite; 3] = [Suite::Rust, Suite::Clients, Suite::Js];

    fn name(self) -> &'static str {
        match self {
            Suite::Rust => "Rust tests of the workspace",
            Suite::Clients => "boto3 and the AWS CLI",
            Suite::Js => "the AWS SDK for JavaScript",
            Suite::RustSdk => "the AWS SDK for Rust",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Selection {
    suites: Vec<Suite>,
    filters: Vec<String>,
}

/// Runs the suites, all of them even if one fails.
pub(crate) fn run_tests(arguments: &[String]) -> Result<()> {
    let Selection { suites, filters } = parse(arguments)?;
    let mut failures = Vec::new();
    for suite in suites {
        headline(suite.name());
        let result = match suite {
            Suite::Rust => rust(&filters),
            Suite::Clients => clients(&filters),
            Suite::Js => js(&filters),
            Suite::RustSdk => rust_sdk(&filters),
        };
        if let Err(error) = result {
            eprintln!("{}: {error:#}", suite.name());
            failures.push(suite.name());
        }
    }
    if failures.is_empty() {
        headline("every suite passed");
        Ok(())
    } else {
        bail!("failed: {}", failures.join(", "))
    }
}

fn parse(arguments: &[String]) -> Result<Selection> {
    let mut selection = Selection { suites: Vec::new(), filters: Vec::new() };
    for argument in arguments {
        match argument.as_str() {
            "--rust" => selection.suites.push(Suite::Rust),
            "--clients" => selection.suites.push(Suite::Clients),
            "--js" => selection.suites.push(Suite::Js),
            "--rust-sdk" => selection.suites.push(Suite::RustSdk),
            unknown if unknown.starts_with('-') => bail!("no option `{unknown}`\n{USAGE}"),
            filter => selection.filters.push(filter.to_owned()),
        }
    }
    if selection.suites.is_empty() {
        selection.suites = Suite::DEFAULT.to_vec();
    }
    Ok(selection)
}

/// Runs the tests of all parts, even if one fails.
fn rust(filters: &[String]) -> Result<()> {
    let nextest = environment::output(&mut cargo(["nextest", "--version"])).is_some();
    if !nextest {
        println!("cargo-nextest is not installed: running `cargo test` instead, which takes one filter at a time");
    }
    let results = PARTS.map(|part| {
        if nextest {
            run(cargo(["nextest", "run", "--no-fail-fast", "--no-tests=pass"]).args(part).args(filters))
        } else if filters.is_empty() {
            run(cargo(["test", "--no-fail-fast"]).args(part))
        } else {
            filters.iter().try_for_each(|filter| run(cargo(["test", "--no-fail-fast"]).args(part).arg(filter)))
        }
    });
    results.into_iter().collect()
}

fn clients(filters: &[String]) -> Result<()> {
    let binary = environment::server_binary(Profile::Dev)?;
    let programs = environment::python(&environment::target_dir().join("test-env/venv"), &[])?;
    let mut pytest = Command::new(programs.join("python"));
    pytest.args(["-m", "pytest"]).current_dir(root().join("tests/clients"));
    pytest.env("CALLBOARD_BINARY", binary).env("PYTHONDONTWRITEBYTECODE", "1");
    if filters.is_empty() {
        return run(&mut pytest);
    }
    pytest.args(["-k", &filters.join(" or ")]);
    println!("$ pytest -k \"{}\"", filters.join(" or "));
    let status = pytest.status()?;
    if status.success() || status.code() == Some(PYTEST_NO_TESTS) {
        return Ok(());
    }
    bail!("pytest failed: {status}")
}

fn js(filters: &[String]) -> Result<()> {
    let binary = environment::server_binary(Profile::Dev)?;
    let directory = root().join("tests/js");
    environment::npm_packages(&directory)?;
    let mut node = Command::new("node");
    node.arg("--test").args(filters.iter().map(|filter| format!("--test-name-pattern={filter}")));
    run(node.current_dir(directory).env("CALLBOARD_BINARY", binary))
}

fn rust_sdk(filters: &[String]) -> Result<()> {
    let binary = environment::server_binary(Profile::Dev)?;
    let mut test = cargo(["test"]);
    // A workspace of its own: its output must not mix with ours.
    test.env("CARGO_TARGET_DIR", environment::target_dir().join("rust-sdk")).env("CALLBOARD_BINARY", binary);
    test.current_dir(root().join("tests/rust-sdk"));
    if filters.is_empty() {
        return run(&mut test);
    }
    run(test.arg("--").args(filters))
}

#[cfg(test)]
mod tests {
    use super::{Selection, Suite, parse};

    fn parsed(words: &str) -> Selection {
        let arguments: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        parse(&arguments).unwrap()
    }

    #[test]
    fn without_a_suite_all_quick_ones_run() {
        assert_eq!(parsed("r06").suites, Suite::DEFAULT);
        assert_eq!(parsed("r06 r07").filters, ["r06", "r07"]);
        assert_eq!(parsed("--js --rust-sdk").suites, [Suite::Js, Suite::RustSdk]);
    }

    #[test]
    fn unknown_options_are_refused() {
        assert!(parse(&["--all".to_owned()]).is_err());
    }
}
