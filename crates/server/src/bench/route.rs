//! The routing core alone, in memory, on one thread: what an offer costs, against popping from and pushing onto a plain binary heap.
//!
//! Both take the first of many things by a key and get a new one for it. The heap has one order and one taker; the router has one order for
//! each queue and skill, and agents who each see another part of it. See `office.rs` for who is there and what waits.

mod office;

use std::collections::BinaryHeap;
use std::hint::black_box;

use anyhow::ensure;
use clap::Args;

use self::office::{AGENTS, Draw, Loaded, Office, PROFILES, QUEUES, SLOTS};
use crate::clock::Stopwatch;

/// How many tasks wait where the growth begins.
const FEW: usize = 1_000;
/// Decisions before the first that counts: everybody has been offered something by then.
const WARM_UP: usize = 20_000;
/// Lowest rate of decisions, in rates of the heap.
const RATE_MIN: f64 = 1.0 / 20.0;
/// Longest p99 of a decision, in its p50.
const TAIL_MAX: f64 = 20.0;
/// Largest growth of a decision from [`FEW`] tasks to all, in growths of the heap.
const GROWTH_MAX: f64 = 2.0;
/// Lowest rate with skills, in rates without.
const SKILLS_MIN: f64 = 0.5;

/// How much to route.
#[derive(Clone, Debug, Args)]
pub struct Route {
    /// Tasks that wait.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(FEW as i64..))]
    tasks: u32,
    /// Decisions of a round.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    decisions: u32,
    /// Rounds; the router and the heap take turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
}

/// What single steps took.
#[derive(Default)]
struct Steps {
    nanos: Vec<u32>,
    seconds: f64,
}

/// What one kind of office did.
struct Row {
    name: &'static str,
    waiting: usize,
    steps: Steps,
}

impl Route {
    /// Measures, and prints what was measured.
    pub(super) fn measure(&self) -> anyhow::Result<()> {
        let tasks = self.tasks as usize;
        println!("{QUEUES} queues, {AGENTS} agents with {SLOTS} slots each in {PROFILES} profiles; one thread");
        let mut plain = Office::open(tasks, false)?;
        let Loaded { seconds, bytes } = plain.loaded;
        println!(
            "{tasks} waiting tasks loaded in {seconds:.2} s, {} bytes each (RssAnon)",
            bytes / u64::from(self.tasks)
        );
        let mut few = Office::open(FEW, false)?;
        let mut skilled = Office::open(tasks, true)?;
        let (mut heap, mut few_heap) = (Heap::of(tasks), Heap::of(FEW));

        let row = |name, waiting| Row { name, waiting, steps: Steps::default() };
        let mut rows = [row("router", FEW), row("router", tasks), row("with skills", tasks)];
        let mut heaps = [row("heap", FEW), row("heap", tasks)];
        for office in [&mut few, &mut plain, &mut skilled] {
            (0..WARM_UP).for_each(|_| office.decide());
        }
        for _ in 0..self.rounds {
            for (row, office) in rows.iter_mut().zip([&mut few, &mut plain, &mut skilled]) {
                row.steps.measure(self.decisions, || office.decide());
            }
            for (row, heap) in heaps.iter_mut().zip([&mut few_heap, &mut heap]) {
                row.steps.measure(self.decisions, || heap.pop_and_push());
            }
        }
        for office in [&few, &plain, &skilled] {
            ensure!(office.is_busy(), "agents were idle while tasks waited: what was measured is not routing");
        }

        println!(
            "\n{:<12} {:>9} {:>10} {:>9} {:>9} {:>9} {:>9}",
            "", "waiting", "rate/s", "mean us", "p50", "p99", "max"
        );
        rows.iter().chain(&heaps).for_each(Row::print);
        println!();
        let [few, plain, skilled] = &rows;
        let [few_heap, heap] = &heaps;
        let (p50, p99) = (plain.steps.micros(0.5), plain.steps.micros(0.99));
        let growth = |few: &Row, many: &Row| few.steps.rate() / many.steps.rate();
        println!("p99 {:.1} times the p50 (at most {TAIL_MAX})", p99 / p50);
        let (grown, heap_grown) = (growth(few, plain), growth(few_heap, heap));
        println!(
            "growth from {FEW} to {tasks}: {grown:.2}, of the heap {heap_grown:.2}: {:.2} times (at most {GROWTH_MAX})",
            grown / heap_grown
        );
        println!(
            "with skills {:.2} of the rate without (at least {SKILLS_MIN})",
            skilled.steps.rate() / plain.steps.rate()
        );
        println!("ratio {:.2} of the heap's rate (at least {RATE_MIN})", plain.steps.rate() / heap.steps.rate());
        Ok(())
    }
}

impl Steps {
    fn measure(&mut self, count: u32, mut step: impl FnMut()) {
        self.nanos.reserve(count as usize);
        let round = Stopwatch::start();
        for _ in 0..count {
            let watch = Stopwatch::start();
            step();
            self.nanos.push(u32::try_from(watch.elapsed().as_nanos()).unwrap_or(u32::MAX));
        }
        self.seconds += round.elapsed().as_secs_f64();
    }

    /// Steps a second.
    fn rate(&self) -> f64 {
        self.nanos.len() as f64 / self.seconds
    }

    /// The microseconds that this share of all steps did not exceed.
    fn micros(&self, share: f64) -> f64 {
        let mut sorted = self.nanos.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() as f64 * share).ceil() as usize;
        f64::from(sorted[rank.max(1) - 1]) / 1000.0
    }
}

impl Row {
    fn print(&self) {
        let Row { name, waiting, steps } = self;
        println!(
            "{name:<12} {waiting:>9} {:>10.0} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
            steps.rate(),
            1_000_000.0 / steps.rate(),
            steps.micros(0.5),
            steps.micros(0.99),
            steps.micros(1.0),
        );
    }
}

/// Random keys in the order of a heap.
struct Heap {
    keys: BinaryHeap<u64>,
    draw: Draw,
}

impl Heap {
    fn of(count: usize) -> Heap {
        let mut draw = Draw::default();
        Heap { keys: (0..count).map(|_| draw.number()).collect(), draw }
    }

    fn pop_and_push(&mut self) {
        black_box(self.keys.pop());
        self.keys.push(self.draw.number());
    }
}
