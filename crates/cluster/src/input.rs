//! What happens to a cluster.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::addresses::Addresses;
use crate::desire::Policy;
use crate::ids::{AttachmentId, BootId, Generation, NodeId, Revision, SessionId};
use crate::known::Known;
use crate::schedule::Wall;

/// One thing that happened.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Input {
    /// A node dialled in and proved by its certificate who it is.
    Hello {
        attachment: AttachmentId,
        hello: Hello,
    },
    /// The node's addresses are now these, or more is known of them: then the version is the same.
    Addresses {
        attachment: AttachmentId,
        addresses: Addresses,
    },
    /// A heartbeat told what the node carries.
    Load {
        attachment: AttachmentId,
        load: Load,
    },
    /// The node says that it is going down of its own accord.
    Leaving { attachment: AttachmentId },
    /// Nothing has been heard on the stream for a while, though it is open; or something has been again.
    Silence {
        attachment: AttachmentId,
        silent: bool,
    },
    /// The stream of the link is gone.
    Detached { attachment: AttachmentId },
    /// A deadline may have passed.
    Tick,
    /// The time of day, told at start and whenever it may have drifted from the shell's monotonic clock.
    Wall(Wall),
    /// The answer to [`Effect::Probe`](crate::Effect::Probe).
    Probed {
        node: NodeId,
        boot: BootId,
        /// Of the addresses that were probed.
        version: u64,
        outcome: Result<(), Failure>,
    },
    /// The store shows this registration of a node.
    Registered {
        node: NodeId,
        boot: BootId,
        generation: Generation,
        at: Revision,
    },
    /// The store shows that a registration's lease ended.
    LeaseLost {
        node: NodeId,
        generation: Generation,
        at: Revision,
    },
    /// Whether the store answers.
    Store { answers: bool },
    /// A session has ended, or was moved.
    SessionClosed { session: SessionId },
    /// The provider has begun a launch, in this run of the master or in an earlier one: a node that is not known is to
    /// dial in then, as if it had been asked for now.
    Launched {
        node: NodeId,
        environment: Environment,
    },
    /// The provider could not launch, and why.
    LaunchFailed { node: NodeId, reason: String },
    /// The machine of a node is gone, or its process has ended.
    Gone { node: NodeId },
    /// All that the provider had launched before has been told with [`Input::Launched`].
    Listed,
    /// The master is being stopped, and its nodes with it: each goes as if it were terminated now, and no other is
    /// launched.
    Closing,
    /// How many nodes are wanted from now on.
    Policy(Box<Policy>),
    /// A node was known in an earlier run of the master. Said before anything dials in.
    Known(Box<Known>),
    /// An operator's count of an earlier run of the master, and when it was given.
    Demanded { count: u32, at: Wall },
}

/// How a probe failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    #[allow(missing_docs)]
    pub kind: FailureKind,
    /// What was wrong, in a sentence for the operator.
    pub problem: String,
}

/// What a failed probe says of the node's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Every media port was refused (ICMP port unreachable) at every address at which the node was reached before: the
    /// host answers, and nobody listens.
    Refused,
    /// No answer came back.
    Silent,
    /// Anything else. Says nothing about life or death.
    Other,
}

/// What a provider knows of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Environment {
    /// The provider's name for it.
    pub id: Option<String>,
    #[allow(missing_docs)]
    pub ip: Option<IpAddr>,
}

/// How a node introduces itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    #[allow(missing_docs)]
    pub node: NodeId,
    #[allow(missing_docs)]
    pub boot: Boot,
    /// Version of its program, for people.
    pub version: String,
    #[allow(missing_docs)]
    pub addresses: Addresses,
    #[allow(missing_docs)]
    pub capacity: Capacity,
    /// What it carries already.
    pub load: Load,
}

/// Which start of the process, and its place in the order of starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Boot {
    #[allow(missing_docs)]
    pub id: BootId,
    /// Milliseconds since the Unix epoch on the node's own clock: only ever compared with other boots of the same node.
    pub started: u64,
}

/// What a node could carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capacity {
    /// Media shards (threads).
    pub shards: u32,
}

/// What a node carries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    #[allow(missing_docs)]
    pub sessions: u32,
    /// Participants with media.
    pub connections: u32,
    /// Each published stream counts one, each subscription one.
    pub streams: u32,
    /// Of the machine, 0 to 100, since the last heartbeat.
    pub cpu_percent: f64,
    /// Of the machine, 0 to 100.
    pub memory_percent: f64,
}

impl Load {
    /// Compared by bits, so that a state of the cluster equals itself whatever a node tells.
    fn bits(&self) -> (u32, u32, u32, u64, u64) {
        (
            self.sessions,
            self.connections,
            self.streams,
            self.cpu_percent.to_bits(),
            self.memory_percent.to_bits(),
        )
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Load {}

impl Hash for Load {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}
