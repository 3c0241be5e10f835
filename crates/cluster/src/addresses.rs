//! Where media reaches a node, and how that is known.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Where media reaches a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Addresses {
    /// Grows with every change of `ips` within a boot.
    pub version: u64,
    /// What clients are told. Empty: the node cannot be used.
    pub ips: Vec<IpAddr>,
    /// One per media shard, UDP and TCP alike.
    pub ports: Vec<u16>,
    /// Where the node answers plain STUN requests (UDP). None of `ports`.
    pub stun_port: u16,
    /// Host name by which clients reach its relay over TLS, at `stun_port`. Empty: they do not.
    pub relay_tls: String,
    /// Why `ips` is empty, for the operator.
    pub problem: String,
    /// All that the node knows of its addresses, what is advertised first.
    pub entries: Vec<Entry>,
    /// What is odd about them, a sentence each.
    pub remarks: Vec<String>,
}

/// One address, and why the node believes that it leads there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    #[allow(missing_docs)]
    pub ip: IpAddr,
    #[allow(missing_docs)]
    pub source: Source,
    /// The interface, the STUN server or the host name; may be empty.
    pub name: String,
    /// The node's own address that it is translated to.
    pub local: Option<IpAddr>,
    /// How long before it was told its source first named it.
    pub found_ago: Duration,
    /// How long before it was told its source last named it.
    pub confirmed_ago: Duration,
    #[allow(missing_docs)]
    pub proof: Proof,
    /// Clients are told it.
    pub advertised: bool,
}

/// Who named an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The operator.
    Configuration,
    #[allow(missing_docs)]
    Interface,
    /// Of the cloud.
    Metadata,
    #[allow(missing_docs)]
    Stun,
    /// An earlier boot: a hint, never advertised.
    Memory,
    /// A later version's word.
    Unknown,
}

/// What speaks for an address, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Configured.
    Stated,
    /// An interface has it.
    Present,
    /// Two sources that know nothing of each other say so.
    Agreed,
    /// One source says so.
    Claimed,
    /// Another source says otherwise.
    Disputed,
    /// The translation changes ports too: no port of the node is reached there.
    Translated,
    /// Its source has named another since; it is kept for a while.
    Superseded,
    /// Of an earlier boot.
    Remembered,
    /// A later version's word.
    Unknown,
}

impl Addresses {
    /// Whether a client could reach the node at all.
    pub fn usable(&self) -> bool {
        !self.ips.is_empty() && !self.ports.is_empty()
    }

    /// Where clients can ask for their own address.
    pub fn stun_servers(&self) -> impl Iterator<Item = SocketAddr> {
        self.ips
            .iter()
            .map(|ip| SocketAddr::new(*ip, self.stun_port))
    }

    /// Whether both say the same but for the ages of what they say.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let ageless = |it: &Self| {
            let mut it = it.clone();
            for entry in &mut it.entries {
                entry.found_ago = Duration::ZERO;
                entry.confirmed_ago = Duration::ZERO;
            }
            it
        };
        ageless(self) == ageless(other)
    }
}

impl Entry {
    /// As it is now, when it was told `ago`.
    #[must_use]
    pub fn aged(mut self, ago: Duration) -> Self {
        self.found_ago += ago;
        self.confirmed_ago += ago;
        self
    }
}

impl std::fmt::Display for Entry {
    /// For people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.ip, self.source.as_str())?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        if let Some(local) = self.local.filter(|local| *local != self.ip) {
            write!(f, ", translated to {local}")?;
        }
        let seconds = self.confirmed_ago.as_secs();
        write!(
            f,
            ": {}, last confirmed {seconds} s ago, ",
            self.proof.words()
        )?;
        f.write_str(match self.advertised {
            true => "clients are told it",
            false => "clients are not told it",
        })
    }
}

impl Source {
    /// All that have a name.
    pub const ALL: [Self; 5] = [
        Self::Configuration,
        Self::Interface,
        Self::Metadata,
        Self::Stun,
        Self::Memory,
    ];

    /// For programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Interface => "interface",
            Self::Metadata => "metadata",
            Self::Stun => "stun",
            Self::Memory => "memory",
            Self::Unknown => "unknown",
        }
    }

    /// Of its name.
    pub fn from_text(text: &str) -> Self {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.unwrap_or(Self::Unknown)
    }
}

impl Proof {
    /// All that have a name.
    pub const ALL: [Self; 8] = [
        Self::Stated,
        Self::Present,
        Self::Agreed,
        Self::Claimed,
        Self::Disputed,
        Self::Translated,
        Self::Superseded,
        Self::Remembered,
    ];

    /// For programs.
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
            Self::Unknown => "unknown",
        }
    }

    /// Of its name.
    pub fn from_text(text: &str) -> Self {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.unwrap_or(Self::Unknown)
    }

    /// For people.
    fn words(self) -> &'static str {
        match self {
            Self::Stated => "configured",
            Self::Present => "the machine has it",
            Self::Agreed => "independent sources agree on it",
            Self::Claimed => "nobody else says so",
            Self::Disputed => "another source says otherwise",
            Self::Translated => "ports are translated too, so only a relay is reached",
            Self::Superseded => "its source names another by now",
            Self::Remembered => "an earlier boot had it, nobody names it today",
            Self::Unknown => "for a reason that this version does not know",
        }
    }
}
