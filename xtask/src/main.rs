//! The project's automation: `cargo xtask <command>`.
//!
//! Each command is a module with a `run` that takes the command's arguments; this file is the list of them.

mod ci;
mod codegen;
mod demo;
mod environment;
mod model;
mod operations;
mod sim;
mod test;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  model [--wheel FILE]   write model/ from the service model in PyPI's botocore
  codegen                write crates/api from model/
  operations             print which operations there are, lack and are tested; write the README's table
  test [FILTER ...]      install what the tests need and run them; --rust, --clients, --js, --rust-sdk choose suites
  sim [--seeds N] [--from S] [--seed X] [--steps K] | --mutants
                         simulate: random work, faults and crashes, checked after every step; find planted faults
  demo                   start Callboard with a sample instance
  ci [--without-tests]   formatting, lints, documentation, dependencies, tests";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((command, arguments)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    if matches!(command.as_str(), "help" | "--help" | "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let result = match command.as_str() {
        "model" => model::run(arguments),
        "codegen" => codegen::run(arguments),
        "operations" => operations::run(arguments),
        "test" => test::run_tests(arguments),
        "sim" => sim::run_seeds(arguments),
        "demo" => demo::run(arguments),
        "ci" => ci::run_all(arguments),
        unknown => Err(anyhow::anyhow!("no command `{unknown}`\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository").to_owned()
}
