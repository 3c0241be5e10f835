//! Everything a shard sends, whichever way it goes.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::counters::Counters;
use crate::net::{Batch, LARGEST, Peer, Readiness, Route, Streams, Token, Udp, Via};
use crate::relay::{Engine, Handover, Links};

/// Sockets of a shard and what is about to leave through them.
pub struct Wire {
    /// Datagrams.
    pub udp: Udp,
    /// Accepted connections.
    pub tcp: Streams,
    /// Its part of the relay.
    pub relay: Engine,
    /// The other shards.
    pub links: Links,
    /// Which of them is ready.
    pub readiness: Readiness,
    /// Of media.
    port: u16,
    batch: Batch,
    scratch: Box<[u8; LARGEST]>,
    /// Relayed addresses of whom media was handed something, and by which shard.
    relayed: HashMap<SocketAddr, u16>,
    /// Of the shard.
    pub counters: Arc<Counters>,
}

/// What a shard sends and receives through.
pub struct Sockets {
    #[allow(missing_docs)]
    pub udp: Udp,
    #[allow(missing_docs)]
    pub tcp: Streams,
    /// Of both.
    pub port: u16,
    #[allow(missing_docs)]
    pub relay: Engine,
    #[allow(missing_docs)]
    pub links: Links,
}

#[cfg(test)]
impl Sockets {
    /// Of a shard that is the only one.
    pub fn alone(udp: Udp, tcp: Streams, port: u16, counters: Arc<Counters>) -> Self {
        let (relay, _) =
            crate::net::bind_udp(std::net::Ipv4Addr::LOCALHOST.into(), 0).expect("a port is free");
        let wakes = [crate::net::Wake::new().expect("eventfd")];
        let options = crate::relay::Options::default();
        Self {
            udp,
            tcp,
            port,
            relay: Engine::new(
                &options,
                (relay, None),
                (&[0; 32], turn::Usage::default()),
                vec![port],
                counters,
            ),
            links: Links::between(&wakes).remove(0),
        }
    }
}

impl Wire {
    /// Through these.
    pub fn new(sockets: Sockets, readiness: Readiness, counters: Arc<Counters>) -> Self {
        Self {
            udp: sockets.udp,
            tcp: sockets.tcp,
            relay: sockets.relay,
            links: sockets.links,
            readiness,
            port: sockets.port,
            batch: Batch::default(),
            scratch: Box::new([0; LARGEST]),
            relayed: HashMap::new(),
            counters,
        }
    }

    /// Takes a new UDP socket on the same port, watched under `token`. What waited to be sent is lost.
    ///
    /// # Errors
    /// What the system says; then the old one stays.
    pub fn renew_socket(&mut self, token: Token) -> io::Result<()> {
        let udp = self.udp.renewed()?;
        self.readiness.add(&udp, token)?;
        self.batch = Batch::default();
        // Closing the old one ends its watch.
        self.udp = udp;
        Ok(())
    }

    /// Sends `data`, at the latest with the next [`Wire::flush`].
    pub fn send(&mut self, route: Route, data: &[u8]) {
        let write = |slot: &mut [u8]| {
            slot.get_mut(..data.len())?.copy_from_slice(data);
            Some(data.len())
        };
        if !self.write(route, write) {
            self.counters.udp_refused.add(1);
        }
    }

    /// Sends what `fill` writes, at the latest with the next [`Wire::flush`]. False when it wrote nothing.
    pub fn write(&mut self, route: Route, fill: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        match route.peer.via {
            Via::Udp => {
                let slot = self.batch.slot(&self.udp, &self.counters);
                let Some(len) = fill(slot) else {
                    return false;
                };
                self.batch.commit(route.peer.addr, route.local, len);
            }
            Via::Tcp => {
                let Some(len) = fill(&mut self.scratch[..]) else {
                    return false;
                };
                let data = &self.scratch[..len];
                match self.tcp.send(route.peer.addr, data, &self.readiness) {
                    true => self.counters.tcp_out.add(1),
                    false => self.counters.tcp_dropped.add(1),
                }
            }
            Via::Relay(shard) => return self.write_relayed(shard, route, fill),
        }
        true
    }

    fn write_relayed(
        &mut self,
        shard: u16,
        route: Route,
        fill: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> bool {
        let Some(local) = route.local else {
            return false;
        };
        let (relayed, own) = (route.peer.addr, SocketAddr::new(local, self.port));
        let shard = usize::from(shard);
        if shard == self.links.me() {
            let way = (relayed, own);
            return self.relay.take_from_own(way, &self.readiness, fill);
        }
        let way = (relayed, own, false);
        self.links.write(shard, way, &self.counters, fill)
    }

    /// Notes that a relayed address belongs to a client of a shard's relay.
    pub fn note_relayed(&mut self, relayed: SocketAddr, shard: u16) {
        self.relayed.insert(relayed, shard);
    }

    /// Forgets relayed addresses that nobody needs.
    pub fn forget_relayed(&mut self, needed: impl Fn(&Peer) -> bool) {
        self.relayed.retain(|addr, shard| {
            needed(&Peer {
                via: Via::Relay(*shard),
                addr: *addr,
            })
        });
    }

    /// The ICE library knows peers by protocol and address alone.
    pub fn resolve(&self, peer: Peer) -> Peer {
        let relayed = self.relayed.get(&peer.addr);
        match relayed.filter(|_| peer.via == Via::Udp) {
            Some(shard) => Peer {
                via: Via::Relay(*shard),
                addr: peer.addr,
            },
            None => peer,
        }
    }

    /// Hands a client's datagram to the shard that has the port.
    pub fn hand(&mut self, handover: &Handover, data: &[u8]) {
        let own = SocketAddr::new(handover.local, 0);
        let way = (handover.relayed, own, true);
        self.links.send(handover.shard, way, data, &self.counters);
    }

    /// Hands what was gathered to the system.
    pub fn flush(&mut self) {
        self.batch.flush(&self.udp, &self.counters);
        self.relay.flush();
        self.links.flush(&self.counters);
    }
}
