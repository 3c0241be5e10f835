//! What is configured, and what may be found.

use std::net::{IpAddr, SocketAddr};

use super::entry::InterfaceAddress;

/// What an operator configures of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSettings {
    /// Addresses that clients are told, in order of preference. Empty: what is found.
    pub public_addresses: Vec<PublicAddress>,
    /// Advertise loopback when there is nothing else.
    pub allow_loopback: bool,
    /// There is a metadata service to ask.
    pub metadata: bool,
    /// `HOST:PORT` of servers that tell by which address we are seen.
    pub stun_servers: Vec<String>,
}

/// An address by which clients reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicAddress {
    #[allow(missing_docs)]
    Ip(IpAddr),
    /// A host name, resolved again and again.
    Name(String),
}

impl std::fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// An answer, asked for or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// To [`Query::Interfaces`]: the addresses of all interfaces that are up.
    Interfaces(Result<Vec<InterfaceAddress>, String>),
    /// To [`Query::Metadata`].
    Metadata(Result<Metadata, String>),
    /// To [`Query::Stun`]: how it sees us, at most once for each family.
    Stun {
        #[allow(missing_docs)]
        server: String,
        #[allow(missing_docs)]
        result: Result<Vec<Mapping>, String>,
    },
    /// To [`Query::Name`].
    Name {
        #[allow(missing_docs)]
        name: String,
        #[allow(missing_docs)]
        result: Result<Vec<IpAddr>, String>,
    },
}

/// What a metadata service said, as it said it. `None`: it says that there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The public IPv4 address.
    pub public_ipv4: Option<String>,
    /// The private IPv4 address that the public one is translated to.
    pub local_ipv4: Option<String>,
    #[allow(missing_docs)]
    pub ipv6: Option<String>,
}

/// How a STUN server sees a socket of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// From where the request came to it (XOR-MAPPED-ADDRESS, RFC 8489 section 14.2).
    pub mapped: SocketAddr,
    /// From where it was sent.
    pub local: SocketAddr,
}
