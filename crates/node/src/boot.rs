//! When this boot began, in the order of the node's boots.
//!
//! Of two processes that claim a node id the later one wins. A wall clock that was set back between them must not make the
//! new one look older: it would be refused as if it were the old one. So the last boot is kept on the disk, and no boot
//! is earlier than the one before it.

use std::path::Path;

use tracing::warn;

/// The file in the node's directory.
const FILE: &str = "last-boot";

/// Milliseconds since the Unix epoch as the wall clock has them, or just after the last boot when that says more. `now`
/// is the wall clock. A disk that cannot be read or written costs the order, not the node.
pub(crate) fn started(directory: &Path, now: u64) -> u64 {
    let path = directory.join(FILE);
    let last = match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse::<u64>().unwrap_or(0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => {
            warn!(path = %path.display(), %error, "the time of the last boot cannot be read; the wall clock decides");
            0
        }
    };
    let started = now.max(last.saturating_add(1));
    if started > now {
        warn!(
            last,
            now,
            "the wall clock was set back since this node's last boot; its boots are counted on"
        );
    }
    if let Err(error) = std::fs::write(&path, format!("{started}\n")) {
        warn!(path = %path.display(), %error, "the time of this boot cannot be kept; the wall clock decides next time");
    }
    started
}

#[cfg(test)]
mod tests;
