//! The flow engine alone, in memory, on one thread: what an executed action costs, against reading its own JSON text.
//!
//! A task runs a flow of 12 actions from its start into a queue, with the trace on. The same actions are also timed within a
//! flow of 10 and one of 250 actions: what is not executed must cost nothing.

mod instance;

use std::hint::black_box;

use anyhow::{Context as _, ensure};
use clap::Args;
use engine::contact::{Chain, Contact, Effect, Event, State, Work, step};
use serde_json::{Value, json};

use self::instance::Instance;
use crate::clock::Stopwatch;

/// Most that an action with its trace may cost, in readings of its own JSON text.
const COST_MAX: f64 = 2.0;
/// Most that an action may cost in a long flow, in costs in a short one.
const LENGTH_MAX: f64 = 1.2;
/// Actions of the short flow.
const SHORT: usize = 10;
/// Actions of the long flow: as many as a flow may have.
const LONG: usize = 250;

/// How much to run.
#[derive(Clone, Debug, Args)]
pub struct Flow {
    /// Tasks of a round.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tasks: u32,
    /// Rounds; what is compared takes turns, and the best round counts.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
}

impl Flow {
    /// Measures, and prints what was measured.
    pub(super) fn measure(&self) -> anyhow::Result<()> {
        let mut traced = Runner::new(&twelve_actions(), true)?;
        let mut silent = Runner::new(&twelve_actions(), false)?;
        let mut short = Runner::new(&attributes_and_queue(SHORT), true)?;
        let mut long = Runner::new(&attributes_and_queue(LONG), true)?;
        let texts = traced.executed_texts()?;
        let bytes: usize = texts.iter().map(String::len).sum();
        println!("{} actions a task, {} bytes of JSON each; one thread", texts.len(), bytes / texts.len());

        let mut parsing = f64::MAX;
        for _ in 0..self.rounds {
            parsing = parsing.min(self.parse(&texts)?);
            for runner in [&mut traced, &mut silent, &mut short, &mut long] {
                runner.round(self.tasks)?;
            }
        }
        let print = |name: &str, nanos: f64| println!("{name:<44} {nanos:>7.0} ns an action");
        print("reading its JSON text into a value", parsing);
        print("executing it, with the trace", traced.best);
        print("executing it, without the trace", silent.best);
        print(&format!("with the trace, in a flow of {SHORT} actions"), short.best);
        print(&format!("with the trace, in a flow of {LONG} actions"), long.best);
        println!(
            "in {LONG} actions {:.2} times what it costs in {SHORT} (at most {LENGTH_MAX})",
            long.best / short.best
        );
        println!("ratio {:.2} (at most {COST_MAX})", traced.best / parsing);
        Ok(())
    }

    /// Nanoseconds that reading the text of an action takes.
    fn parse(&self, texts: &[String]) -> anyhow::Result<f64> {
        let stopwatch = Stopwatch::start();
        for _ in 0..self.tasks {
            for text in texts {
                black_box(serde_json::from_str::<Value>(black_box(text))?);
            }
        }
        let count = self.tasks as usize * texts.len();
        Ok(stopwatch.elapsed().as_nanos() as f64 / count as f64)
    }
}

/// Tasks that run one flow.
struct Runner {
    content: String,
    instance: Instance,
    contact: Contact,
    chain: Chain,
    /// Actions that a task executes.
    actions: usize,
    /// Fewest nanoseconds of an action in a round.
    best: f64,
}

impl Runner {
    fn new(content: &Value, keeps_trace: bool) -> anyhow::Result<Runner> {
        let content = content.to_string();
        let instance = Instance::new(&content)?;
        let (contact, chain) = instance.task()?;
        let mut runner = Runner { content, instance, contact, chain, actions: 0, best: f64::MAX };
        runner.actions = runner.executed()?.len();
        runner.instance.keeps_trace = keeps_trace;
        Ok(runner)
    }

    /// Identifiers of the actions that a task executes.
    fn executed(&mut self) -> anyhow::Result<Vec<String>> {
        self.instance.keeps_trace = true;
        let (mut contact, mut chain) = (self.contact.clone(), self.chain.clone());
        let effects = step(Work { contact: &mut contact, chain: &mut chain }, Event::Begin, &mut self.instance)?;
        ensure!(contact.state == State::Queued, "the flow did not queue its task: it is {:?}", contact.state);
        let traces = effects.iter().filter_map(|effect| match effect {
            Effect::Trace(trace) => Some(trace),
            _ => None,
        });
        Ok(traces.flat_map(|trace| trace.entries().map(|entry| entry.action.clone())).collect())
    }

    /// The JSON text of each of them.
    fn executed_texts(&mut self) -> anyhow::Result<Vec<String>> {
        let flow: Value = serde_json::from_str(&self.content)?;
        let actions = flow["Actions"].as_array().context("the flow has actions")?;
        let text = |name: &String| {
            let action = actions.iter().find(|action| action["Identifier"] == name.as_str());
            action.map(Value::to_string).context("an executed action is one of the flow")
        };
        self.executed()?.iter().map(text).collect()
    }

    fn round(&mut self, tasks: u32) -> anyhow::Result<()> {
        let mut fresh: Vec<(Contact, Chain)> = (0..tasks).map(|_| (self.contact.clone(), self.chain.clone())).collect();
        let stopwatch = Stopwatch::start();
        for (contact, chain) in &mut fresh {
            black_box(step(Work { contact, chain }, Event::Begin, &mut self.instance)?);
        }
        let count = tasks as usize * self.actions;
        self.best = self.best.min(stopwatch.elapsed().as_nanos() as f64 / count as f64);
        Ok(())
    }
}

/// An action of a flow as the console writes it.
fn action(
    name: &str,
    action_type: &str,
    parameters: &Value,
    next: &str,
    errors: &[&str],
    conditions: &[(&str, &str, &str)],
) -> Value {
    let error = |error: &&str| json!({"ErrorType": error, "NextAction": identifier("end")});
    let condition = |(operator, operand, to): &(&str, &str, &str)| json!({"NextAction": identifier(to), "Condition": {"Operator": operator, "Operands": [operand]}});
    json!({
        "Identifier": identifier(name),
        "Type": action_type,
        "Parameters": parameters,
        "Transitions": {
            "NextAction": identifier(next),
            "Errors": errors.iter().map(error).collect::<Vec<_>>(),
            "Conditions": conditions.iter().map(condition).collect::<Vec<_>>(),
        },
    })
}

/// The console names actions by UUIDs: as long as one.
fn identifier(name: &str) -> String {
    format!("{name:0>8}-5e7a-4b2c-8d9e-0f1a2b3c4d5e")
}

fn flow(start: &str, mut actions: Vec<Value>) -> Value {
    let (queue, any) = (json!({"QueueId": instance::QUEUE.to_string()}), "NoMatchingError");
    actions.push(action("queue", "UpdateContactTargetQueue", &queue, "transfer", &[any], &[]));
    actions.push(action("transfer", "TransferContactToQueue", &json!({}), "end", &["QueueAtCapacity", any], &[]));
    let end =
        json!({"Identifier": identifier("end"), "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}});
    actions.push(end);
    json!({"Version": "2019-10-30", "StartAction": identifier(start), "Metadata": {}, "Actions": actions})
}

/// Attributes, comparisons, a loop, a percentage, tags, and a queue.
fn twelve_actions() -> Value {
    let any: &[&str] = &["NoMatchingError"];
    let none: &[&str] = &["NoMatchingCondition"];
    let attributes = json!({"Attributes": {"customer": "$.Attributes.customer", "tier": "gold", "note": "Task $.Name by $.InitiationMethod"}});
    let more = json!({"Attributes": {"region": "eu", "source": "$.Channel"}, "TargetContact": "Current"});
    let rounds = [("Equals", "ContinueLooping", "count"), ("Equals", "DoneLooping", "share")];
    let shares = [("NumberLessThan", "34", "routing"), ("NumberLessThan", "67", "routing")];
    let tiers = [("Equals", "silver", "end"), ("Equals", "gold", "more")];
    flow(
        "set",
        vec![
            action("set", "UpdateContactAttributes", &attributes, "tier", any, &[]),
            action("tier", "Compare", &json!({"ComparisonValue": "$.Attributes.tier"}), "more", none, &tiers),
            action("more", "UpdateContactAttributes", &more, "loop", any, &[]),
            action("loop", "Loop", &json!({"LoopCount": "2"}), "share", &[], &rounds),
            action(
                "count",
                "UpdateFlowAttributes",
                &json!({"FlowAttributes": {"seen": {"Value": "$.Name"}}}),
                "loop",
                any,
                &[],
            ),
            action("share", "DistributeByPercentage", &json!({}), "routing", none, &shares),
            action("routing", "UpdateContactRoutingBehavior", &json!({"QueuePriority": "2"}), "tag", &[], &[]),
            action("tag", "TagContact", &json!({"Tags": {"tier": "$.Attributes.tier"}}), "region", any, &[]),
            action(
                "region",
                "Compare",
                &json!({"ComparisonValue": "$.Attributes.region"}),
                "queue",
                none,
                &[("Equals", "eu", "queue")],
            ),
        ],
    )
}

/// Seven comparisons and a queue, the rest of so many actions not reached.
fn attributes_and_queue(actions: usize) -> Value {
    /// Actions that are executed before the queue's.
    const EXECUTED: usize = SHORT - 3;
    let compare = |place: usize| {
        let next = if place + 1 == EXECUTED { "queue".to_owned() } else { format!("c{}", place + 1) };
        let parameters = json!({"ComparisonValue": "$.Attributes.customer"});
        action(
            &format!("c{place}"),
            "Compare",
            &parameters,
            &next,
            &["NoMatchingCondition"],
            &[("Equals", "42", &next)],
        )
    };
    flow("c0", (0..actions - 3).map(compare).collect())
}
