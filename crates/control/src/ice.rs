//! Which ICE servers a client is given. Pure functions of who there is and what is usable.
//!
//! The relay of the node that serves the client comes first: what it relays never leaves the node's process. Then
//! one other node's, the master's own, and TURN over TLS at the master's HTTPS port, for those who can reach nothing
//! else, before it that of the node where that has a certificate. Few, because browsers ask each of them for each peer connection.
//!
//! A node's relay is at its STUN port, by UDP, TCP and TLS, and never at a port of its media: Chromium takes whatever comes from the
//! address of a STUN or TURN server for that server's answer, media too.

mod judged;

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use cluster::{Addresses, NodeId};
use conference::{IceServer, SessionId};
use reachability::{Path, Protocol};

use crate::control::Control;

/// How a client gets to a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum RelayTransport {
    Udp,
    Tcp,
    Tls,
}

/// Where a relay is, as clients are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayUrl {
    /// `None`: the master.
    pub node: Option<NodeId>,
    /// As it stands in a URL: IPv6 in brackets.
    pub host: String,
    #[allow(missing_docs)]
    pub port: u16,
    #[allow(missing_docs)]
    pub transport: RelayTransport,
}

impl fmt::Display for RelayUrl {
    /// RFC 7065.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, transport) = match self.transport {
            RelayTransport::Udp => ("turn", "udp"),
            RelayTransport::Tcp => ("turn", "tcp"),
            RelayTransport::Tls => ("turns", "tcp"),
        };
        let Self { host, port, .. } = self;
        write!(f, "{scheme}:{host}:{port}?transport={transport}")
    }
}

/// The relays in the master.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnRelay {
    /// By which clients reach the master, as it stands in a URL.
    pub host: String,
    /// UDP, and TCP for whoever wants it. `None`: it has no relay of its own.
    pub port: Option<u16>,
    /// Of HTTPS, where TURN over TLS is answered too. `None`: not there.
    pub tls_port: Option<u16>,
}

/// Who could relay for a client.
#[derive(Clone, Copy, Debug)]
pub struct Relays<'a> {
    /// Serves the client.
    pub serving: (&'a NodeId, &'a Addresses),
    /// Another one that serves.
    pub other: Option<(&'a NodeId, &'a Addresses)>,
    #[allow(missing_docs)]
    pub own: &'a OwnRelay,
}

impl Relays<'_> {
    /// What is handed out, the best first, without what is not usable.
    pub fn urls(&self, usable: impl Fn(&RelayUrl) -> bool) -> Vec<RelayUrl> {
        let mut urls = Vec::new();
        let families = |v6| self.serving.1.ips.iter().find(move |ip| ip.is_ipv6() == v6);
        for ip in families(false).into_iter().chain(families(true)) {
            urls.extend(of_node(self.serving, ip, RelayTransport::Udp));
        }
        let first = self.serving.1.ips.first();
        urls.extend(first.and_then(|ip| of_node(self.serving, ip, RelayTransport::Tcp)));
        urls.extend(self.other.and_then(|other| {
            let ip = other.1.ips.first()?;
            of_node(other, ip, RelayTransport::Udp)
        }));
        urls.extend(of_master(self.own, self.own.port, RelayTransport::Udp));
        urls.extend(tls_of_node(self.serving));
        urls.extend(of_master(self.own, self.own.tls_port, RelayTransport::Tls));
        urls.retain(usable);
        urls
    }
}

fn of_node(
    (node, addresses): (&NodeId, &Addresses),
    ip: &std::net::IpAddr,
    transport: RelayTransport,
) -> Option<RelayUrl> {
    let port = addresses.stun_port;
    let apart = port != 0 && !addresses.ports.contains(&port);
    apart.then(|| RelayUrl {
        node: Some(node.clone()),
        host: match ip {
            std::net::IpAddr::V4(ip) => ip.to_string(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        },
        port,
        transport,
    })
}

/// By the name that its certificate is for.
fn tls_of_node((node, addresses): (&NodeId, &Addresses)) -> Option<RelayUrl> {
    let host = addresses.relay_tls.as_str();
    (addresses.stun_port != 0 && !host.is_empty()).then(|| RelayUrl {
        node: Some(node.clone()),
        host: host.to_owned(),
        port: addresses.stun_port,
        transport: RelayTransport::Tls,
    })
}

fn of_master(own: &OwnRelay, port: Option<u16>, transport: RelayTransport) -> Option<RelayUrl> {
    port.map(|port| RelayUrl {
        node: None,
        host: own.host.clone(),
        port,
        transport,
    })
}

impl Control {
    /// The configured ones; else relays; else `stun:` of every address at which the node is reached. Without any the clients would ask
    /// strangers' servers.
    pub(crate) fn ice_servers(&self, node: &NodeId, session: &SessionId) -> Vec<IceServer> {
        if !self.settings.ice_servers.is_empty() {
            return self.usable(node, self.configured());
        }
        let Some(serving) = self.cluster.node(node) else {
            return Vec::new();
        };
        let relayed = self.relayed(serving, self.another(serving, session));
        if !relayed.is_empty() {
            return self.usable(node, relayed);
        }
        let all: Vec<SocketAddr> = serving.addresses().stun_servers().collect();
        let reached = |server: &&SocketAddr| {
            let (ip, protocol) = (server.ip(), Protocol::Udp);
            !self.is_withheld(node, &Path::Direct { ip, protocol })
        };
        let some = all.iter().any(|server| reached(&server));
        let servers = all.iter().filter(|server| !some || reached(server));
        // `SocketAddr` prints IPv6 in brackets, as RFC 7064 wants it.
        servers
            .map(|server| IceServer {
                url: format!("stun:{server}"),
                credentials: None,
            })
            .collect()
    }
}

/// The same for the same session.
fn hash(session: &SessionId) -> u64 {
    let mut hasher = DefaultHasher::new();
    session.as_str().hash(&mut hasher);
    hasher.finish()
}
