//! What many instances cost: rate and start-up.

use super::compare::{Target, alternate, start_tasks};
use super::{Bench, setup, start_up};
use crate::clock::Stopwatch;

/// Compares a server with so many instances, some of them busy, with one that has one.
pub(super) async fn measure(bench: &Bench<'_>, count: usize) -> anyhow::Result<()> {
    let (busy, tasks_each) = (bench.options.busy, bench.options.tasks_each);
    anyhow::ensure!((1..=count).contains(&busy), "--busy {busy} must be from 1 to --instances {count}");
    let (one, many) = (bench.durable("one")?, bench.durable("many")?);
    let one_places = setup::instances(&one, &bench.signer, 1).await?;
    let watch = Stopwatch::start();
    let many_places = setup::instances(&many, &bench.signer, count).await?;
    println!("{count} instances made in {:.0} s", watch.elapsed().as_secs_f64());
    let rate = start_tasks(bench, &many, &many_places, count * tasks_each, None).await?;
    println!("{tasks_each} tasks opened in each at {rate:.0}/s");
    println!("memory {} KiB an instance with its tasks (RssAnon)", many.resident_bytes()? / 1024 / count as u64);

    let targets = [
        Target { name: "one instance", server: &one, places: &one_places },
        Target { name: "many instances", server: &many, places: &many_places[..busy] },
    ];
    let comparison = alternate(bench, &targets).await?;
    comparison.print(&targets)?;
    let ratio = comparison.durable[1].rate() / comparison.durable[0].rate();
    drop(one);
    start_up::after(bench, many, "many", &many_places[0]).await?;
    println!("ratio {ratio:.2}");
    Ok(())
}
