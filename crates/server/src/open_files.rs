//! How many files and connections this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Files that are open besides connections: database, attachments, log.
const FILES_BESIDES_CONNECTIONS: u64 = 256;

/// Raises the process's bound to what so many connections need, as far as the system allows.
pub(crate) fn allow_connections(connections_max: u32) {
    let needed = u64::from(connections_max) + FILES_BESIDES_CONNECTIONS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None is no limit.
    if current.is_none_or(|current| current >= needed) {
        return;
    }
    let allowed = maximum.map_or(needed, |maximum| maximum.min(needed));
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum }) {
        warn!(cause = %error, "The number of open files could not be raised to {allowed}: {error}");
    } else if allowed < needed {
        warn!(
            "Only {allowed} files may be open, and http.connections_max {connections_max} needs {needed}: raise `ulimit -n`"
        );
    }
}
