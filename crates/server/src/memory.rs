//! How much memory this process may take.

use std::fs;

/// The machine's memory or, if less, the limit of the process's control group, in bytes.
pub(crate) fn available_bytes() -> anyhow::Result<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(group).min().ok_or_else(|| {
        anyhow::anyhow!("this machine does not tell how much memory it has; set instances.hot_bytes_max")
    })
}

fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_the_kernels_table() {
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       24684092 kB\n"), Some(24_684_092 * 1024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
    }
}
