//! Paths, and how they went.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use cluster::NodeId;

/// Who looks at nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Party {
    Master,
    Node(NodeId),
}

/// Whose a relay is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Relayer {
    Master,
    Node(NodeId),
    /// One that is configured, such as a coturn.
    External,
}

/// Of a transport address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Protocol {
    Udp,
    /// Straight to a node: ICE-TCP (RFC 6544) with frames of RFC 4571. To a relay: RFC 8656.
    Tcp,
    /// To relays only.
    Tls,
}

/// How media gets to a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Path {
    /// Straight to one of its addresses.
    Direct { ip: IpAddr, protocol: Protocol },
    /// Through a relay that is reached by this protocol, at this `HOST:PORT`.
    Relay {
        relay: Relayer,
        protocol: Protocol,
        at: String,
    },
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// STUN only: a small packet each way, and nothing for the node to set up.
    Echo,
    /// STUN, then ICE, DTLS and an SRTP echo over each path.
    Call,
}

/// How far a path came before it failed, in the order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Whoever tried has no route there.
    Route,
    /// Its system would not send.
    Send,
    /// The host says (ICMP, TCP reset) that nobody listens there.
    Refused,
    /// Plain STUN was not answered as it should.
    Echo,
    /// The relay gave no address, or let nothing through.
    Relay,
    /// The node would not publish or subscribe, or did not say.
    Publish,
    /// What it described cannot be used.
    Description,
    /// No connectivity check was answered.
    Ice,
    /// The handshake did not come to its end.
    Dtls,
    /// Media that was sent did not come back.
    Srtp,
}

/// Where and why a path failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    #[allow(missing_docs)]
    pub stage: Stage,
    /// What happened.
    pub reason: String,
    /// What it may come from, or what to do. May be empty.
    pub hint: String,
}

/// What passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Of STUN, or of media where media was sent.
    pub round_trip: Duration,
    /// Packets that were to come back.
    pub sent: u32,
    /// Of these, those that did not.
    pub lost: u32,
}

/// One path, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Outcome {
    pub path: Path,
    /// How much was tried of this one: a whole look need not have had the time for calls by all.
    pub depth: Depth,
    pub result: Result<Passed, Failed>,
}

impl Protocol {
    #[allow(missing_docs)]
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// `udp`, `tcp` or `tls`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// By its name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

impl Path {
    /// Whether a relay is on it.
    pub fn is_relayed(&self) -> bool {
        matches!(self, Self::Relay { .. })
    }
}

impl Stage {
    #[allow(missing_docs)]
    pub const ALL: [Self; 10] = [
        Self::Route,
        Self::Send,
        Self::Refused,
        Self::Echo,
        Self::Relay,
        Self::Publish,
        Self::Description,
        Self::Ice,
        Self::Dtls,
        Self::Srtp,
    ];

    /// A word for programs, which stays the same.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Send => "send",
            Self::Refused => "refused",
            Self::Echo => "echo",
            Self::Relay => "relay",
            Self::Publish => "publish",
            Self::Description => "description",
            Self::Ice => "ice",
            Self::Dtls => "dtls",
            Self::Srtp => "srtp",
        }
    }

    /// By its word.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether the cheap form of a probe would fail as well.
    pub fn is_before_call(self) -> bool {
        self <= Self::Relay
    }
}

impl Failed {
    /// The hint of answers that came from another address than was asked.
    pub const ASTRAY: &'static str =
        "a translation of addresses on the way answers from elsewhere, and clients drop that";

    /// Answers came, and from another address than was asked.
    pub fn is_astray(&self) -> bool {
        self.hint == Self::ASTRAY
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Master => f.write_str("the master"),
            Self::Node(node) => write!(f, "{node}"),
        }
    }
}

impl fmt::Display for Relayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Master => f.write_str("the master's relay"),
            Self::Node(node) => write!(f, "the relay of {node}"),
            Self::External => f.write_str("the relay"),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct { ip, protocol } => write!(f, "{protocol} to {ip}"),
            Self::Relay {
                relay,
                protocol,
                at,
            } => write!(f, "{relay} at {at} by {protocol}"),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.hint.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.hint)
    }
}
