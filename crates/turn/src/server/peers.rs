//! To whom data may be relayed: the listed peers and the shell's own.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// All peers, and all their addresses.
#[derive(Debug, Default)]
pub struct Peers {
    listed: BTreeSet<SocketAddr>,
    own: BTreeSet<SocketAddr>,
    ips: BTreeSet<IpAddr>,
}

impl Peers {
    /// Those of the settings.
    pub fn set_listed(&mut self, listed: &BTreeSet<SocketAddr>) {
        self.listed = listed.iter().copied().map(canonical).collect();
        self.index();
    }

    /// Those of the shell.
    pub fn set_own(&mut self, own: impl IntoIterator<Item = SocketAddr>) {
        self.own = own.into_iter().map(canonical).collect();
        self.index();
    }

    fn index(&mut self) {
        let all = self.listed.iter().chain(&self.own);
        self.ips = all.map(SocketAddr::ip).collect();
    }

    /// Whether data may go there and come from there.
    pub fn has(&self, peer: SocketAddr) -> bool {
        self.own.contains(&peer) || self.listed.contains(&peer)
    }

    /// Whether any peer has this address.
    pub fn has_ip(&self, ip: IpAddr) -> bool {
        self.ips.contains(&ip)
    }
}

/// IPv4 hosts have one name; a peer without a port is none.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}
