//! What is asked of a running master.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Common, flag};
use crate::config::Sources;

/// Which master, and how it answers.
#[allow(missing_docs)]
#[derive(Args, Debug)]
pub struct Asking {
    /// TOML file with settings [env: MUSTER_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Data directory of a master on this machine
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<String>,
    /// The master's address [default: that of the master whose data directory this is] [env: MUSTER_URL]
    #[arg(long, value_name = "https://HOST:PORT", global = true)]
    pub url: Option<String>,
    /// Password of the REST API [default: kept in the data directory]. Better given as MUSTER_SECRET
    #[arg(long, value_name = "SECRET", global = true)]
    pub secret: Option<String>,
    /// The certificate (PEM) that the master shows, such as a copy of its https.crt [default: that of the data directory]
    #[arg(long, value_name = "FILE", global = true)]
    pub certificate: Option<PathBuf>,
    /// Certificates (PEM) of those who may vouch for the master [default: the system's]
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "certificate",
        global = true
    )]
    pub authorities: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
}

/// What is asked for.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Wish {
    Status,
    Nodes(Nodes),
    Ice(Box<super::IceFilter>, Option<super::IceWish>),
    Schedule(Schedule),
    Relay(Relay),
    Doctor,
}

/// About nodes.
#[derive(Debug, Subcommand)]
pub enum Nodes {
    /// All nodes (this is what plain `muster nodes` does)
    List,
    /// Launch more nodes
    Add {
        /// How many
        #[arg(value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
        count: u32,
    },
    /// Want so many nodes until the schedule's next entry; auto leaves it to schedule and settings again
    Want {
        #[arg(value_name = "N|auto", value_parser = count)]
        #[allow(missing_docs)]
        count: Count,
    },
    /// Place nothing more on a node; it goes with its last session
    Drain {
        #[allow(missing_docs)]
        id: String,
        /// Close what is left after this: 90s, 15m, 2h, 1d [default: 2h]
        #[arg(long, value_name = "TIME", value_parser = crate::config::span)]
        within: Option<Duration>,
    },
    /// Let a draining node serve again
    Undrain {
        #[allow(missing_docs)]
        id: String,
    },
    /// Let a node go with its last session, or a launch be given up
    Remove {
        #[allow(missing_docs)]
        id: String,
        /// Close its sessions and let it go at once
        #[arg(long)]
        now: bool,
    },
    /// Why a node is in its state
    Why {
        #[allow(missing_docs)]
        id: String,
    },
    /// By which paths nodes are reached, from where, and what clients are not told
    Paths {
        /// Only of this node
        id: Option<String>,
    },
    /// Take a node's certificates back: it is cut off and cannot come back without a new token
    Revoke {
        #[allow(missing_docs)]
        id: String,
    },
}

/// How many nodes an operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// What schedule and settings say.
    Auto,
    #[allow(missing_docs)]
    Exactly(u32),
}

fn count(text: &str) -> Result<Count, String> {
    match (text, text.parse()) {
        ("auto", _) => Ok(Count::Auto),
        (_, Ok(count)) if count <= 10_000 => Ok(Count::Exactly(count)),
        _ => Err("a number up to 10000, or auto".to_owned()),
    }
}

/// About the schedule.
#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// The schedule and what it brings next (this is what plain `muster schedule` does)
    Show,
    /// Replace the schedule by that of a file
    Set {
        /// TOML with [[entries]] (keys as in the README, such as leadMinutes), or JSON as --json shows it; - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Have no schedule any more, whatever the settings say
    Clear,
    /// Go back to the schedule of the settings
    Reset,
}

/// About relays.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Relay {
    /// Make credentials under a new secret; those that clients have count until the next rotation
    Rotate,
}

impl Asking {
    /// All that was said about settings; the rest of what was said stays.
    pub fn sources(&mut self) -> Sources {
        let common = Common {
            config: self.config.take(),
            data_dir: self.data_dir.take(),
            ..Common::default()
        };
        common.sources(vec![flag("secret", "--secret", self.secret.take())])
    }
}
