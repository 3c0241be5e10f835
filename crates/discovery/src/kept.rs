//! What this node was reached at before, on its disk: a hint for people, never taken for the truth.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tracing::warn;

/// The file in the node's directory: an address on each line.
const FILE: &str = "last-addresses";
/// Longer files are not ours.
const LONGEST: u64 = 4096;

/// The file.
#[derive(Clone, Debug)]
pub struct Kept(PathBuf);

impl Kept {
    /// In this directory of the node.
    pub fn of(directory: &Path) -> Self {
        Self(directory.join(FILE))
    }

    /// What the last boot wrote. Lines that are no addresses are left out.
    pub fn read(&self) -> Vec<IpAddr> {
        let length = std::fs::metadata(&self.0).map_or(0, |file| file.len());
        if length == 0 || length > LONGEST {
            return Vec::new();
        }
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.lines()
            .filter_map(|line| line.trim().parse().ok())
            .collect()
    }

    /// For the next boot. A disk that cannot be written costs the hint.
    pub fn write(&self, ips: &[IpAddr]) {
        let lines: String = ips.iter().map(|ip| format!("{ip}\n")).collect();
        if let Err(error) = std::fs::write(&self.0, lines) {
            warn!(path = %self.0.display(), %error, "the addresses cannot be kept for the next start");
        }
    }
}
