//! Who a client is: the 5-tuple of RFC 8656, the server's port left out because there is only one.

use std::net::{IpAddr, SocketAddr};

/// How a client's messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Via {
    Udp,
    Tcp,
    Tls,
}

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tuple {
    /// Never a v4-mapped IPv6 address.
    pub remote: SocketAddr,
    /// Ours, where it reached us. `None` where the system did not say.
    pub local: Option<IpAddr>,
    #[allow(missing_docs)]
    pub via: Via,
    /// A number that no two connections of this server ever share; 0 for UDP.
    pub stream: u32,
}

impl Tuple {
    /// A client that sends datagrams.
    pub fn udp(remote: SocketAddr, local: Option<IpAddr>) -> Self {
        Self {
            remote,
            local,
            via: Via::Udp,
            stream: 0,
        }
    }
}
