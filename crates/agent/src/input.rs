//! What happens to a node.

use std::time::Duration;

use crate::message::{
    Answer, Ask, Command, Failure, Id, NewCandidates, Transport, Welcome, Withheld,
};
use crate::node_settings::NodeSettings;
use addresses::Finding;

/// What stays the same for the life of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Permanent name.
    pub node_id: String,
    /// Drawn at this start of the process.
    pub boot_id: String,
    /// Milliseconds since the Unix epoch.
    pub boot_started: u64,
    /// Of the program, for people.
    pub version: String,
    /// The port of each shard; there are as many shards.
    pub ports: Vec<u16>,
    /// Answers plain STUN requests.
    pub stun_port: u16,
    /// Host name of its relay's certificate. Empty: it does not speak TLS.
    pub relay_tls: String,
}

/// What an operator configures, beside the addresses ([`AddressSettings`](addresses::AddressSettings)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// End after this long without a master and without a transport. `None`: never.
    pub exit_when_orphaned: Option<Duration>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A deadline may have passed. The first one makes the agent dial.
    Tick,
    /// A connection is up and waits for the hello.
    Connected {
        /// What the plane carries, asked after everything that it had said was thrown away: what comes later is not
        /// older than this. Or why it could not be asked.
        carried: Result<Vec<Transport>, String>,
    },
    /// The master took the node in.
    Welcome(Welcome),
    /// The master wants something done.
    Command(Command),
    /// The master says how to work from now on.
    Settings(Box<NodeSettings>),
    /// By how much the master's clock is ahead of the node's, milliseconds; negative when it is behind.
    Clock(i64),
    /// What [`Effect::Apply`](crate::Effect::Apply) asked is in force.
    Applied {
        /// Of the settings.
        version: u64,
        /// Of the newest relay secret; empty without one.
        relay_fingerprint: Vec<u8>,
    },
    /// The plane did not take what [`Effect::Apply`](crate::Effect::Apply) asked.
    NotApplied,
    /// The master says which paths clients must not be told: all of them.
    Withhold(Vec<Withheld>),
    /// The master wants another node looked at. The number names it.
    Look(u64),
    /// What [`Effect::Look`](crate::Effect::Look) began is over.
    LookOver(u64),
    /// The master wants to know what the node is reached at now.
    ResolveAddresses,
    /// The master wants the media shard that carries this transport to begin anew.
    RestartShard(Id),
    /// The plane did not take [`Effect::Withhold`](crate::Effect::Withhold).
    NotWithheld,
    /// What was begun by [`Effect::Dial`](crate::Effect::Dial) is over, with everything that waited to be sent.
    Ended {
        #[allow(missing_docs)]
        why: Ended,
        /// In `0.0..1.0`, drawn anew.
        jitter: f64,
    },
    /// The plane's answer to [`Effect::Submit`](crate::Effect::Submit) with this key.
    Answered {
        #[allow(missing_docs)]
        key: u64,
        #[allow(missing_docs)]
        result: Result<Answer, Failure>,
    },
    /// The plane says that a transport came to another stage.
    Transport {
        #[allow(missing_docs)]
        transport: Transport,
        /// For people.
        reason: String,
    },
    /// The plane says what a client is to be told of changed addresses.
    Candidates(NewCandidates),
    /// The plane did not take what [`Effect::Submit`](crate::Effect::Submit) asked.
    NotSubmitted {
        #[allow(missing_docs)]
        key: u64,
        #[allow(missing_docs)]
        ask: Ask,
        #[allow(missing_docs)]
        failure: Failure,
    },
    /// The plane did not take [`Effect::SetAddresses`](crate::Effect::SetAddresses).
    AddressesNotSet,
    /// The answer to [`Effect::Measure`](crate::Effect::Measure).
    Measured {
        /// What the plane carries, or why it could not be asked.
        carried: Result<Vec<Transport>, String>,
        #[allow(missing_docs)]
        usage: Usage,
    },
    /// The answer to [`Effect::Discover`](crate::Effect::Discover), or something that was noticed unasked.
    Discovered(Finding),
    /// The process shall end.
    Stop,
}

/// How a connection, or the attempt at one, came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The master does not want this node.
    Refused {
        #[allow(missing_docs)]
        cause: Cause,
        /// The master's sentence.
        reason: String,
    },
    /// It never came to a welcome.
    Unreachable {
        /// What was tried and what came back.
        reason: String,
    },
    /// It broke, or was hung up.
    Detached {
        #[allow(missing_docs)]
        reason: String,
    },
}

/// Why a master refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A later boot with this node id is attached.
    Superseded,
    /// Something that only a person can correct.
    Other,
}

/// What the machine tells of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Used by this process since the last look, percent of the machine.
    pub cpu_percent: f64,
    /// In use, percent of what the machine has.
    pub memory_percent: f64,
}
