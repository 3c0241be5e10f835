//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Where the system names no limit. Linux grants no process more than this unless told to (`fs.nr_open`).
const MOST: u64 = 1 << 20;

/// Raises the limit as far as the system allows. Programs are started with 1024 for the sake of `select`, which nothing
/// here uses; each client, node, media connection and probe needs one or more.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(MOST).min(MOST);
    if limit.current.is_some_and(|current| current >= allowed) {
        return;
    }
    let raised = Rlimit {
        current: Some(allowed),
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        warn!(%error, limit = ?limit.current, "the limit of open files stays as it is; many clients may not fit");
    }
}
