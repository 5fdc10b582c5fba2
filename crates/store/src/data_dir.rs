//! The directory that one process owns.

use std::io;
use std::path::Path;

/// The kind of file system that holds a path, such as `ext4`, as the kernel names it.
pub fn file_system(path: &Path) -> io::Result<String> {
    let path = path.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    // Fields: id parent device root MOUNT-POINT options ... - KIND source options
    let mounted = mounts.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        Some((left.split(' ').nth(4)?, right.split(' ').next()?))
    });
    // A later mount hides an earlier one on the same point, so the last of the longest wins.
    let (_, kind) = mounted
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .ok_or_else(|| io::Error::other(format!("no mount holds {}", path.display())))?;
    Ok(kind.to_owned())
}
