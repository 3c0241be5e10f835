//! Which transports are looked for.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use diagnosis::Outcome;

use crate::error::BadFilter;

/// All that is given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    #[allow(missing_docs)]
    pub state: Option<State>,
    /// Something happened to it at this time or later: milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// It was made before this time.
    pub until: Option<u64>,
    #[allow(missing_docs)]
    pub session: Option<String>,
    /// OpenVidu's connection id.
    pub connection: Option<String>,
    #[allow(missing_docs)]
    pub node: Option<String>,
    #[allow(missing_docs)]
    pub boot: Option<String>,
    /// Code of a cause that was found.
    pub cause: Option<String>,
    /// Where the client's signalling came from.
    pub network: Option<Network>,
    /// Words, each of which stands somewhere in it, or begins a word there.
    pub words: Option<String>,
    /// Only those with a lower number: the next page.
    pub before: Option<i64>,
    /// At most so many, the newest first. 0 for the usual number.
    pub limit: u32,
}

/// How a transport went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum State {
    Pending,
    Connected,
    Disconnected,
    Failed,
    Ended,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Connected,
        Self::Disconnected,
        Self::Failed,
        Self::Ended,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Connected => "CONNECTED",
            Self::Disconnected => "DISCONNECTED",
            Self::Failed => "FAILED",
            Self::Ended => "ENDED",
        }
    }

    /// Of an outcome.
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Connected => Self::Connected,
            Outcome::Disconnected => Self::Disconnected,
            Outcome::Failed => Self::Failed,
            Outcome::Ended => Self::Ended,
            Outcome::Pending | Outcome::Unknown => Self::Pending,
        }
    }

    /// Nothing more happens to it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Failed | Self::Ended)
    }
}

impl FromStr for State {
    type Err = BadFilter;

    fn from_str(text: &str) -> Result<Self, BadFilter> {
        let named = |state: &Self| state.as_str().eq_ignore_ascii_case(text);
        let found = Self::ALL.into_iter().find(named);
        found.ok_or_else(|| BadFilter::State(text.to_owned()))
    }
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// What is taken for one network of clients: /24 of IPv4, /48 of IPv6.
    pub fn of(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 24 } else { 48 };
        Self::cut(address, prefix)
    }

    fn cut(address: IpAddr, prefix: u8) -> Self {
        let address = match address {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4((u32::from(ip) & mask).into())
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6((u128::from(ip) & mask).into())
            }
        };
        Self { address, prefix }
    }

    /// The first and the last address, as they are kept.
    pub(crate) fn bounds(self) -> (Vec<u8>, Vec<u8>) {
        let first = octets(self.address);
        let bits = match self.address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let free = bits - u32::from(self.prefix);
        let host = u128::MAX.checked_shl(free).map_or(u128::MAX, |mask| !mask);
        let number = u128::from_be_bytes(first.clone().try_into().unwrap_or([0; 16]));
        (first, (number | host).to_be_bytes().to_vec())
    }
}

/// As addresses are kept: 16 octets that sort as numbers do, IPv4 mapped into IPv6.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    let address = match address {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    address.octets().to_vec()
}

impl FromStr for Network {
    type Err = BadFilter;

    fn from_str(text: &str) -> Result<Self, BadFilter> {
        let bad = || BadFilter::Network(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| bad())?,
            None => most,
        };
        if prefix > most {
            return Err(bad());
        }
        Ok(Self::cut(address, prefix))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests;
