//! What happened that is worth judging.

use cluster::{BootId, NodeId};

/// One thing, as it happened.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Seen {
    MasterStarted,
    MasterEnded,
    NodeStarted {
        node: usize,
    },
    NodeEnded {
        node: usize,
    },
    /// It heard that another process has its name.
    NodeYielded {
        node: usize,
    },
    /// The master took a boot in.
    Admitted {
        node: NodeId,
        boot: BootId,
        again: bool,
    },
    /// A probe really reached that boot at the addresses of that version.
    Proven {
        node: NodeId,
        boot: BootId,
        version: u64,
    },
    /// The master learned that a link is gone.
    LinkLost {
        boot: String,
    },
    /// A command arrived at a node, under this term.
    Commanded {
        node: usize,
        term: u64,
        boot: String,
    },
    /// A node's mind told its media plane, having seen that term before.
    Obeyed {
        node: usize,
        ask: agent::Ask,
        highest: u64,
    },
    /// A run of the master took the lead.
    Led {
        run: u32,
        term: u64,
    },
    /// A master began with these sessions, where the store held those.
    Began {
        known: std::collections::BTreeSet<String>,
        written: std::collections::BTreeSet<String>,
    },
    /// What the store holds cannot be read any more.
    Unreadable(String),
    /// A commit came to its end.
    Written,
    /// A machine is ended because its provider was told to; this is before it happens.
    MachineTold {
        node: usize,
    },
    /// A client was told that a node is there.
    Handed {
        ips: Vec<std::net::IpAddr>,
    },
    /// The application's server was posted the event of this number, of that participant, if it is about one.
    Posted {
        number: u64,
        event: &'static str,
        connection: Option<String>,
    },
    /// An application was told that its session is there.
    Acknowledged {
        session: String,
    },
    /// The master tells the world.
    Event(control::Event),
    /// The master tells its log.
    Logged(control::Notice),
    /// A browser's media is not answered any more.
    MediaLost {
        browser: usize,
    },
    /// Connectivity was looked at.
    Ticked,
    /// A machine stopped in its tracks, lost its power, or was cut off; or its clocks were set.
    Fault(crate::plan::Fault),
}
