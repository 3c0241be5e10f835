//! What an answer must be before it counts as an address.

use std::net::IpAddr;

/// Longest text that is looked at, bytes. The longest address has 45.
const LONGEST: usize = 64;

/// An answer that is no address, or none that anybody could be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadAddress {
    /// Nothing, or blanks alone.
    Empty,
    /// More than one line, of which none may be picked.
    ManyLines,
    /// What came, shortened.
    NotAnAddress(String),
    /// IPv6 where IPv4 was asked for, or the other way round.
    WrongFamily(IpAddr),
    /// An address that leads nobody here, and what kind it is.
    Unusable(IpAddr, &'static str),
}

impl std::fmt::Display for BadAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let expected = "expected one IP address";
        match self {
            Self::Empty => write!(f, "{expected}, got an empty answer"),
            Self::ManyLines => write!(f, "{expected}, got several lines"),
            Self::NotAnAddress(text) => write!(f, "{expected}, got {text:?}"),
            Self::WrongFamily(ip) => write!(f, "{expected} of the other family, got {ip}"),
            Self::Unusable(ip, kind) => {
                write!(
                    f,
                    "expected an address that clients could reach, got the {kind} address {ip}"
                )
            }
        }
    }
}

/// Which addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Family {
    V4,
    V6,
}

/// The address that a text is: the whole text but for blanks around it, of this family, and usable.
///
/// # Errors
/// When it is anything else.
pub fn read(text: &str, family: Family) -> Result<IpAddr, BadAddress> {
    let text = text.trim();
    if text.is_empty() {
        return Err(BadAddress::Empty);
    }
    if text.contains(['\n', '\r']) {
        return Err(BadAddress::ManyLines);
    }
    let shown = || text.chars().take(LONGEST).collect();
    let ip: IpAddr = (text.len() <= LONGEST)
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| BadAddress::NotAnAddress(shown()))?;
    let ip = ip.to_canonical();
    if ip.is_ipv4() != (family == Family::V4) {
        return Err(BadAddress::WrongFamily(ip));
    }
    usable(ip)
}

/// The address, in its plain form, if it is one by which somebody else could reach this machine.
///
/// # Errors
/// When it cannot be, whoever says so.
pub fn usable(ip: IpAddr) -> Result<IpAddr, BadAddress> {
    let ip = ip.to_canonical();
    let kind = match ip {
        _ if ip.is_unspecified() => "unspecified",
        _ if ip.is_loopback() => "loopback",
        _ if ip.is_multicast() => "multicast",
        IpAddr::V4(v4) if v4.is_link_local() => "link-local",
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.octets()[0] >= 240 => "reserved",
        IpAddr::V6(v6) if v6.is_unicast_link_local() => "link-local",
        _ => return Ok(ip),
    };
    Err(BadAddress::Unusable(ip, kind))
}

/// Whether an address is of a network of somebody's own (RFC 1918, RFC 6598, RFC 4193).
pub(crate) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}
