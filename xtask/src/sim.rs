//! `cargo xtask sim`: runs seeds of the simulator.

use anyhow::Result;

use crate::environment::{cargo, run};

/// Passes its arguments on to the simulator.
pub(crate) fn run_seeds(arguments: &[String]) -> Result<()> {
    run(cargo(["run", "--quiet", "--package", "sim", "--"]).args(arguments))
}
