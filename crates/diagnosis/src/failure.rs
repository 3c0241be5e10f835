//! One failure, from its diagnosis to its end.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::evidence::Direction;
use crate::finding::{Applied, Finding, Step};

/// What became of one stream of one client whose path broke, or never came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Failure {
    /// When it was diagnosed.
    pub at: u64,
    /// The transport that failed first.
    pub transport: String,
    pub session: String,
    /// OpenVidu's connection id.
    pub connection: String,
    pub stream: String,
    pub direction: Direction,
    pub node: String,
    pub client: Option<IpAddr>,
    /// The likeliest first. Of the first, `applied` says what became of its remedy.
    pub findings: Vec<Finding>,
    /// What was done by itself, oldest first.
    pub steps: Vec<Taken>,
    /// When media could flow again; `None`: not yet, or the stream ended before.
    pub healed: Option<u64>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Taken {
    pub step: Step,
    pub at: u64,
}

impl Failure {
    /// The likeliest cause's finding.
    pub fn first(&self) -> Option<&Finding> {
        self.findings.first()
    }

    /// Notes what became of the remedy of the likeliest cause.
    pub fn apply(&mut self, applied: Applied) {
        if let Some(first) = self.findings.first_mut() {
            first.applied = applied;
        }
    }
}
