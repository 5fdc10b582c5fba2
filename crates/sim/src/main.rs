//! Runs seeds of the simulator: `cargo xtask sim`.

use std::process::ExitCode;

use sim::STEPS_DEFAULT;

const USAGE: &str = "\
usage: sim [--seeds N] [--from S] [--seed X] [--steps K]

  --seeds N   run N seeds (20)
  --from S    the first of them (0)
  --seed X    run this one alone
  --steps K   steps of each before the faults stop (2000)";

struct Arguments {
    seeds: u64,
    from: u64,
    steps: u32,
}

fn parse(words: &[String]) -> Result<Arguments, String> {
    let mut arguments = Arguments { seeds: 20, from: 0, steps: STEPS_DEFAULT };
    for pair in words.chunks(2) {
        let [option, value] = pair else { return Err(format!("{} needs a number\n{USAGE}", pair[0])) };
        let number: u64 = value.parse().map_err(|_| format!("{option} needs a number, not {value:?}\n{USAGE}"))?;
        match option.as_str() {
            "--seeds" => arguments.seeds = number,
            "--from" => arguments.from = number,
            "--seed" => (arguments.from, arguments.seeds) = (number, 1),
            "--steps" => arguments.steps = u32::try_from(number).map_err(|_| format!("{number} steps are too many"))?,
            unknown => return Err(format!("no option {unknown}\n{USAGE}")),
        }
    }
    Ok(arguments)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Arguments { seeds, from, steps } = match parse(&words) {
        Ok(arguments) => arguments,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    // A panic is told with the steps before it.
    std::panic::set_hook(Box::new(|panic| {
        if let Some(at) = panic.location() {
            eprintln!("panic at {at}");
        }
    }));
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for seed in from..from + seeds {
        match sim::run(seed, steps) {
            Ok(summary) => {
                for (what, count) in summary.counts {
                    *counts.entry(what).or_default() += count;
                }
            }
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
    println!("{seeds} seeds from {from}, {steps} steps each: nothing found. {}", counts.join(", "));
    ExitCode::SUCCESS
}
