//! `cargo xtask sim`: runs seeds of the simulator, or proves that it finds the faults that are planted for it.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::environment::{cargo, headline, run};
use crate::root;

/// Seeds within which each planted fault has to be found.
const SEEDS_PER_MUTANT: &str = "200";
/// What the simulator exits with when it found something.
const FOUND: i32 = 1;
/// How the line begins that says what was found.
const FINDING: &str = "seed ";

/// Passes its arguments on to the simulator, or plants faults if told so.
pub(crate) fn run_seeds(arguments: &[String]) -> Result<()> {
    match arguments {
        [only] if only == "--mutants" => find_mutants(),
        _ => run(cargo(["run", "--quiet", "--package", "sim", "--"]).args(arguments)),
    }
}

/// Builds the simulator with one planted fault after the other, and has it found.
fn find_mutants() -> Result<()> {
    let manifest = fs::read_to_string(root().join("crates/sim/Cargo.toml")).context("read the simulator's manifest")?;
    let mut missed = Vec::new();
    for mutant in mutants(&manifest) {
        headline(mutant);
        let seeds = ["--", "--seeds", SEEDS_PER_MUTANT];
        let mut simulator = cargo(["run", "--quiet", "--package", "sim", "--features", mutant]);
        let output = simulator.args(seeds).output().context("run the simulator")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let finding = said.lines().rev().find(|line| line.starts_with(FINDING));
        match (output.status.code(), finding) {
            (Some(0), _) => missed.push(mutant),
            (Some(FOUND), Some(finding)) => println!("{finding}"),
            _ => bail!(
                "the simulator with {mutant} ended with {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
    if missed.is_empty() {
        headline("every planted fault was found");
        return Ok(());
    }
    bail!("not found within {SEEDS_PER_MUTANT} seeds: {}", missed.join(", "))
}

/// The planted faults, which are features of the simulator's package.
fn mutants(manifest: &str) -> Vec<&str> {
    let features = manifest.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    features.filter(|name| name.starts_with("mutant-")).collect()
}

#[cfg(test)]
mod tests {
    use super::mutants;

    #[test]
    fn mutants_are_the_features_that_are_called_so() {
        let manifest = "[features]\n# A fault.\nmutant-a = [\"x/mutant-a\"]\nother = []\n[dependencies]\nx = 1\n";
        assert_eq!(mutants(manifest), ["mutant-a"]);
    }
}
