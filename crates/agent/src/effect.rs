//! What a node's mind wants done.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::message::{Ask, Id, ToMaster, Withheld};
use crate::node_settings::NodeSettings;
use addresses::Query;

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Dial the master, once.
    Dial,
    /// End the connection, or the attempt at one.
    HangUp,
    /// Say this on the present connection. The hello is the first on each.
    Send(ToMaster),
    /// Hand this to the media plane.
    Submit {
        /// The agent's own; 0 where no answer is promised.
        key: u64,
        #[allow(missing_docs)]
        ask: Ask,
    },
    /// Addresses for descriptions that the media plane makes from now on.
    SetAddresses {
        #[allow(missing_docs)]
        version: u64,
        #[allow(missing_docs)]
        ips: Vec<IpAddr>,
    },
    /// Have what clients were to be told of changed addresses lately told once more: the master may not have heard of it.
    TellAgain,
    /// Work by these settings. Answered by [`Input::Applied`](crate::Input::Applied) or
    /// [`Input::NotApplied`](crate::Input::NotApplied).
    Apply {
        #[allow(missing_docs)]
        settings: Arc<NodeSettings>,
        /// By how much the master's clock, which dates credentials, is ahead of the node's.
        clock_ahead_ms: i64,
    },
    /// Leave these out of descriptions from now on.
    Withhold(Vec<Withheld>),
    /// Have the media shard that carries this transport begin anew, if it serves hardly anybody.
    RestartShard(Id),
    /// Look at the node that the master's look of this number names, and report.
    Look(u64),
    /// Report that nothing was looked at: there is too much to do.
    NoLook(u64),
    /// Ask the plane what it carries and the machine how busy it is.
    Measure,
    /// Ask this; the answer is [`Input::Discovered`](crate::Input::Discovered).
    Discover(Query),
    /// Keep these public addresses for the next boot to compare.
    Remember(Vec<IpAddr>),
    /// For the log.
    Note(Note),
    /// The node is at its end: let what was sent go out, then stop. Nothing follows.
    Exit(Exit),
}

/// How a node came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was asked to.
    Stopped,
    /// The master has let it go: another process with this node id took over, or the node was drained or terminated.
    Superseded {
        /// The master's sentence.
        reason: String,
    },
    /// No master and nobody to serve for the configured time.
    Orphaned,
}

impl Exit {
    /// As the master is told.
    pub(crate) fn farewell(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Superseded { .. } => "its master has let it go",
            Self::Orphaned => "no master and nobody to serve",
        }
    }
}

/// Something that an operator may want to know. Nothing is told twice in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Note {
    /// A master took the node in.
    Attached { master: String, term: u64 },
    /// A master of an old term was hung up on.
    StaleMaster {
        master: String,
        term: u64,
        highest: u64,
    },
    /// The master refuses this node; it asks again slowly.
    Refused { reason: String },
    /// The master cannot be reached; dialling goes on.
    Unreachable { reason: String },
    /// The attachment is over; dialling goes on.
    Detached { reason: String },
    /// A command was not done.
    NotDone { key: u64, reason: String },
    /// Clients are told new addresses.
    Addresses(Vec<IpAddr>),
    /// Something about the addresses is odd.
    AddressRemark(String),
    /// There is no address that clients could be told.
    NoAddress { problem: String },
    /// The media plane does not say what it carries.
    NoSnapshot { reason: String },
    /// The process was stopped, or the machine asleep, for this long.
    Slept(Duration),
}
