//! An address with where it is from, as the master and people are told.

use std::net::IpAddr;
use std::time::Duration;

/// An address of one of the machine's interfaces that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// Such as `eth0`.
    pub interface: String,
    #[allow(missing_docs)]
    pub ip: IpAddr,
}

/// Who says that an address leads to this machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The operator: as it stands, or by a host name that resolves to it.
    Configuration {
        #[allow(missing_docs)]
        name: Option<String>,
    },
    /// The system.
    Interface {
        #[allow(missing_docs)]
        name: String,
    },
    /// The metadata service of the cloud.
    Metadata,
    /// A STUN server, which has seen us there.
    Stun {
        /// `HOST:PORT`.
        server: String,
    },
    /// An earlier boot. A hint for people, never advertised.
    Memory,
}

impl Source {
    /// Its kind in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Configuration { .. } => "configuration",
            Self::Interface { .. } => "interface",
            Self::Metadata => "metadata",
            Self::Stun { .. } => "stun",
            Self::Memory => "memory",
        }
    }

    /// The interface, the STUN server or the host name; empty for what has none.
    pub fn name(&self) -> &str {
        match self {
            Self::Configuration { name } => name.as_deref().unwrap_or_default(),
            Self::Interface { name } => name,
            Self::Stun { server } => server,
            Self::Metadata | Self::Memory => "",
        }
    }
}

/// What speaks for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// The operator configured it.
    Stated,
    /// An interface has it.
    Present,
    /// Two sources that know nothing of each other say so.
    Agreed,
    /// One source says so, and nobody else says anything.
    Claimed,
    /// Another source says otherwise.
    Disputed,
    /// The translation of addresses on the way changes ports too: nobody reaches a port of ours there.
    Translated,
    /// Its source has named another since. It is kept for a while.
    Superseded,
    /// From an earlier boot, and nobody says so today.
    Remembered,
}

impl Proof {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Present => "present",
            Self::Agreed => "agreed",
            Self::Claimed => "claimed",
            Self::Disputed => "disputed",
            Self::Translated => "translated",
            Self::Superseded => "superseded",
            Self::Remembered => "remembered",
        }
    }
}

/// One address of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    #[allow(missing_docs)]
    pub ip: IpAddr,
    #[allow(missing_docs)]
    pub source: Source,
    /// The address of this machine that it is translated to, where there is a translation.
    pub local: Option<IpAddr>,
    /// How long before this was told its source first named it.
    pub found_ago: Duration,
    /// How long before this was told its source last named it.
    pub confirmed_ago: Duration,
    #[allow(missing_docs)]
    pub proof: Proof,
    /// Clients are told it.
    pub advertised: bool,
}
