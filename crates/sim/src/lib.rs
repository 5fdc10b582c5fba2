//! A simulator of the whole application, from one number.
//!
//! [`run`] drives the real handlers, the real loops of the system scope and of several instances, and routing, over a
//! store in memory. Clients and agents ask at random, time jumps, commits and reads fail, answers are lost, effects are
//! interrupted, and the process crashes between any two steps. After every step it checks what must always hold; then the
//! faults stop, and it checks that everything gets done. Equal seeds do equal things, so that a failure can be replayed.
//!
//! What is not here: threads, sockets, the wire protocol, SQLite. They have tests of their own.
//!
//! Begin with `simulation.rs`; `process.rs` is what stands in for the server's runtime.

mod checks;
mod clients;
mod connections;
mod desks;
mod faults;
mod naive;
mod place;
mod process;
mod random;
mod requests;
mod simulation;
mod trace;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use simulation::Simulation;

/// Steps of a run that is not told otherwise.
pub const STEPS_DEFAULT: u32 = 2_000;

/// Something that must never be.
#[derive(Debug)]
pub(crate) struct Violation(pub(crate) String);

impl Violation {
    pub(crate) fn of(error: impl fmt::Display) -> Self {
        Violation(error.to_string())
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Equal for runs that did the same.
    pub digest: u64,
    /// How often what happened: good answers by operation, and the names of faults.
    pub counts: BTreeMap<&'static str, u64>,
}

/// A run that found something.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed that finds it again.
    pub seed: u64,
    /// The steps that were asked for.
    pub steps: u32,
    /// What was found.
    pub found: String,
    /// The last steps before it.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, steps, found, trace } = self;
        for line in trace {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "seed {seed}: {found}")?;
        write!(f, "again: cargo xtask sim --seed {seed} --steps {steps}")
    }
}

impl std::error::Error for Failure {}

/// Runs a seed for so many steps, and on until everything is done.
///
/// # Errors
/// A rule was broken, or something panicked.
pub fn run(seed: u64, steps: u32) -> Result<Summary, Box<Failure>> {
    let mut simulation = Simulation::new(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| simulation.run(steps)));
    let found = match outcome {
        Ok(Ok(())) => return Ok(simulation.summary()),
        Ok(Err(Violation(found))) => found,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            format!("panic: {}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a text"))
        }
    };
    Err(Box::new(Failure { seed, steps, found, trace: simulation.last_lines() }))
}
