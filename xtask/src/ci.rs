//! `cargo xtask ci`: what continuous integration runs: formatting, lints, documentation, dependencies, tests.

use anyhow::{Result, bail};

use crate::environment::{PARTS, cargo, headline, output, run};
use crate::test;

/// Documentation is read with its private items, so links to them are as good as others.
const RUSTDOC_FLAGS: &str = "--deny warnings --allow rustdoc::private_intra_doc_links";

const USAGE: &str = "usage: cargo xtask ci [--without-tests]";

/// Runs the checks and, unless told otherwise, the tests. Stops at the first that fails.
pub(crate) fn run_all(arguments: &[String]) -> Result<()> {
    let with_tests = match arguments {
        [] => true,
        [only] if only == "--without-tests" => false,
        _ => bail!("{USAGE}"),
    };
    headline("formatting");
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    headline("lints");
    for part in PARTS {
        let mut lints = cargo(["clippy"]);
        lints.args(part).args(["--all-targets", "--keep-going", "--quiet", "--", "--deny", "warnings"]);
        run(&mut lints)?;
    }
    headline("documentation");
    for part in PARTS {
        let mut documentation = cargo(["doc"]);
        documentation.args(part).args(["--no-deps", "--document-private-items", "--keep-going", "--quiet"]);
        run(documentation.env("RUSTDOCFLAGS", RUSTDOC_FLAGS))?;
    }
    headline("dependencies");
    if output(&mut cargo(["deny", "--version"])).is_some() {
        run(&mut cargo(["deny", "check"]))?;
    } else {
        println!("cargo-deny is not installed: deny.toml was not checked (`cargo install cargo-deny` brings it)");
    }
    if with_tests { test::run_tests(&[]) } else { Ok(()) }
}
