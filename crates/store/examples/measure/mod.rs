//! What the measurements share: the load's sizes, a repeatable source of bytes, and what machine this is.

#![allow(dead_code, clippy::should_implement_trait, reason = "each example uses its part")]
#![expect(clippy::unwrap_used, reason = "a bench ends at the first error")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A task record's value.
pub(crate) const TASK_BYTES: usize = 900;
/// A task's share of its batch's journal row.
pub(crate) const JOURNAL_BYTES_PER_TASK: usize = 250;

/// Bytes that do not compress and are the same in each run (splitmix64).
pub(crate) struct Random(u64, Vec<u8>);

impl Random {
    /// Begins with this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed, Vec::new())
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// That many bytes; making them costs next to nothing.
    pub(crate) fn bytes(&mut self, count: usize) -> &[u8] {
        while self.1.len() < count + 256 {
            let number = self.next();
            self.1.extend(number.to_le_bytes());
        }
        let from = (self.next() % 256) as usize;
        &self.1[from..from + count]
    }
}

/// A time-ordered id like a UUIDv7: 48 bits of milliseconds, then random bits.
pub(crate) fn task_id(millisecond: u64, random: &mut Random) -> [u8; 16] {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&millisecond.to_be_bytes()[2..]);
    id[6..8].copy_from_slice(&random.next().to_be_bytes()[..2]);
    id[8..].copy_from_slice(&random.next().to_be_bytes());
    id
}

/// The directory to measure in: it is made, must not be in memory, and its disk is described.
pub(crate) fn directory(argument: Option<String>) -> PathBuf {
    let directory = PathBuf::from(argument.expect("usage: DIRECTORY on the disk to measure"));
    std::fs::create_dir_all(&directory).unwrap();
    let kind = store::data_dir::file_system(&directory).unwrap();
    assert!(
        kind != "tmpfs" && kind != "ramfs",
        "{} is in memory ({kind}); give a directory on a disk",
        directory.display()
    );
    println!("file system {kind}, fdatasync p50 {:.0} µs", fdatasync_p50_us(&directory));
    directory
}

/// The median time of an fdatasync of 4 KiB appended, in microseconds.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub(crate) fn fdatasync_p50_us(directory: &Path) -> f64 {
    let path = directory.join("fdatasync.probe");
    let mut file = File::create(&path).unwrap();
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            file.write_all(&[7; 4096]).unwrap();
            let start = Instant::now();
            file.sync_data().unwrap();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    std::fs::remove_file(&path).unwrap();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// How long this thread has run on a processor: on a busy machine this repeats better than wall time.
pub(crate) fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
