//! What the kernel says of the machine and of processes.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::latency::Latencies;
use crate::clock::Stopwatch;

/// Ticks a second of the processor times in `/proc`: USER_HZ, which Linux has at 100 on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;
/// How often the disk is asked to make a write durable.
const SYNCS: usize = 200;
/// What is written each time: about what a small commit writes.
const SYNCED_BYTES: usize = 4096;

/// The type of the file system that a directory is on, such as `ext4`.
pub(super) fn file_system(directory: &Path) -> anyhow::Result<String> {
    let directory = directory.canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("/proc/self/mountinfo")?;
    let kind = file_system_of(&mounts, &directory);
    Ok(kind.context("no file system has the directory")?.to_owned())
}

/// The file system whose mount point is the longest above the path; the last one mounted there.
fn file_system_of<'m>(mounts: &'m str, path: &Path) -> Option<&'m str> {
    let mounted = mounts.lines().filter_map(|line| {
        let point = Path::new(line.split(' ').nth(4)?);
        let kind = line.split_once(" - ")?.1.split(' ').next()?;
        path.starts_with(point).then_some((point.components().count(), kind))
    });
    mounted.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

/// Whether what is written to a file system of this type is in memory only.
pub(super) fn is_memory(file_system: &str) -> bool {
    matches!(file_system, "tmpfs" | "ramfs" | "devtmpfs")
}

/// How many milliseconds a small append and its fdatasync take, half of the times.
pub(super) fn fdatasync_p50(directory: &Path) -> anyhow::Result<f64> {
    let path = directory.join("fdatasync");
    let mut file = fs::File::create(&path)?;
    let mut latencies = Latencies::default();
    for _ in 0..SYNCS {
        let watch = Stopwatch::start();
        file.write_all(&[0x5a; SYNCED_BYTES])?;
        file.sync_data()?;
        latencies.record(watch.elapsed());
    }
    fs::remove_file(&path)?;
    Ok(latencies.distribution().p50)
}

/// Seconds of processor time that a process has used, in all its threads.
pub(super) fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let ticks = ticks(&stat).with_context(|| format!("/proc/{process}/stat has no times"))?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// User and system time: fields 14 and 15, of which the second, the name, may have spaces.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Bytes of a process's own memory that are resident, without mapped files: `RssAnon`.
pub(super) fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok(kibibytes.with_context(|| format!("/proc/{process}/status has no RssAnon"))? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_and_last_mount_counts() {
        let mounts = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n\
                      2 1 0:5 / /tmp rw - tmpfs tmpfs rw\n\
                      3 1 8:2 / /tmp/disk rw - xfs /dev/sdb1 rw\n\
                      4 1 8:3 / /tmp/disk rw - btrfs /dev/sdc1 rw";
        let of = |path| file_system_of(mounts, Path::new(path));
        assert_eq!(of("/home/a"), Some("ext4"));
        assert_eq!(of("/tmp/a"), Some("tmpfs"));
        assert_eq!(of("/tmp/diskette"), Some("tmpfs"));
        assert_eq!(of("/tmp/disk/a"), Some("btrfs"));
        assert!(is_memory("tmpfs") && !is_memory("ext4"));
    }

    #[test]
    fn processor_times_follow_the_name() {
        assert_eq!(ticks("7 (a b) c) S 1 1 1 0 -1 4 5 6 7 8 120 34 0 0 20 0"), Some(154));
        assert_eq!(ticks("7"), None);
    }
}
