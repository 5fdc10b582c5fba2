//! What many open tasks cost: rate, memory, start-up.

use store::sqlite;

use super::compare::{Target, alternate, start_tasks};
use super::{Bench, file_bytes, setup, start_up};

/// Compares a server with so many open tasks with one that has none.
pub(super) async fn measure(bench: &Bench<'_>, count: usize) -> anyhow::Result<()> {
    let (none, many) = (bench.durable("none")?, bench.durable("many")?);
    let none_places = setup::instances(&none, &bench.signer, 1).await?;
    let many_places = setup::instances(&many, &bench.signer, 1).await?;

    let before = many.resident_bytes()?;
    let rate = start_tasks(bench, &many, &many_places, count, None).await?;
    println!("{count} tasks opened at {rate:.0}/s");
    let grown = many.resident_bytes()?.saturating_sub(before);
    // The writer's page cache is full by then; before, it was empty.
    let cache = sqlite::Options::new(bench.database("many")).writer_cache_bytes as u64;
    let memory = grown.saturating_sub(cache) / count as u64;
    println!(
        "memory {memory} bytes a task: {} MiB more resident (RssAnon), without the writer's cache of {} MiB",
        grown >> 20,
        cache >> 20,
    );
    println!("database {} bytes a task", file_bytes(&bench.database("many")) / count as u64);

    let targets = [
        Target { name: "none open", server: &none, places: &none_places },
        Target { name: "many open", server: &many, places: &many_places },
    ];
    let comparison = alternate(bench, &targets).await?;
    comparison.print(&targets)?;
    let ratio = comparison.durable[1].rate() / comparison.durable[0].rate();
    drop(none);
    start_up::after(bench, many, "many", &many_places[0]).await?;
    println!("ratio {ratio:.2}");
    Ok(())
}
