//! The shell of a media node: starts the media plane, dials the master, and carries commands and events between the
//! two. What is decided is decided by the crate `agent`. Knows neither sessions nor OpenVidu; its ids are opaque text.
//!
//! Media belongs to the node: when the master goes away, nothing on the node changes but that it dials.

mod boot;
mod carrier;
mod evidence;
mod looks;
mod random;
mod run;
mod shell;
mod translate;
mod usage;

pub use addresses::PublicAddress;
pub use agent::Exit;
pub use discovery::MetadataService;
pub use run::run;

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// What a node is started with. A validated snapshot: whoever fills it has checked the values.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's data directory, for its key and certificate.
    pub directory: PathBuf,
    /// `https://HOST:PORT` of masters' links. Empty: those that the join token named.
    pub masters: Vec<String>,
    /// Brings the node its certificate.
    pub join: Option<link::trust::Token>,
    /// Permanent name of the node.
    pub node_id: String,
    /// Addresses that clients are told, in order of preference. Empty: what is found.
    pub public_addresses: Vec<PublicAddress>,
    /// Where the cloud's metadata service is asked for public addresses.
    pub metadata: MetadataService,
    /// `HOST:PORT` of STUN servers that are asked where they see this node.
    pub stun_servers: Vec<String>,
    /// Announce loopback when there is nothing else: enough for browsers on the same machine.
    pub allow_loopback: bool,
    /// Each shard takes the first free port of it, UDP and TCP. `0..=0` lets the system choose.
    pub media_ports: RangeInclusive<u16>,
    #[allow(missing_docs)]
    pub relay: Relay,
    /// Media threads.
    pub shards: NonZeroUsize,
    /// End by itself after this long without a master and without a transport.
    pub exit_when_orphaned: Option<Duration>,
    /// Record what happens to transports, for the master's ledger. Without it nobody can say why one failed.
    pub evidence: bool,
    /// Version of the program, told to the master.
    pub version: String,
}

/// Where the node's relay is reached, beside its addresses.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    /// None of media's. `None`: the first of the media ports that is free.
    pub port: Option<u16>,
    /// Clients are told `turns:` with it. `None`: it relays by UDP and TCP alone.
    pub tls: Option<RelayTls>,
}

/// A certificate that browsers believe.
#[derive(Clone, Debug)]
pub struct RelayTls {
    /// The name that it is for, which leads to this node.
    pub host: String,
    #[allow(missing_docs)]
    pub certificate: link::Certificate,
}

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The certificate of its relay cannot be used.
    #[error("node.relay_cert, node.relay_key: {0}")]
    RelayTls(String),
    /// The master's address, or what this node proves itself with, cannot be used.
    #[error(transparent)]
    Link(#[from] link::dial::ConfigError),
    /// The media plane did not start.
    #[error("media: {0}")]
    Media(#[from] media::StartError),
    /// The system has no randomness to give.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}
