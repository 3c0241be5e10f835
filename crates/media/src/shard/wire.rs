//! Everything a shard sends, whichever way it goes.

use std::sync::Arc;

use crate::counters::Counters;
use crate::net::{Batch, LARGEST, Readiness, Route, Streams, Udp, Via};

/// Sockets of a shard and what is about to leave through them.
pub struct Wire {
    /// Datagrams.
    pub udp: Udp,
    /// Accepted connections.
    pub tcp: Streams,
    /// Which of them is ready.
    pub readiness: Readiness,
    batch: Batch,
    scratch: Box<[u8; LARGEST]>,
    /// Of the shard.
    pub counters: Arc<Counters>,
}

impl Wire {
    /// Through these.
    pub fn new(udp: Udp, tcp: Streams, readiness: Readiness, counters: Arc<Counters>) -> Self {
        Self {
            udp,
            tcp,
            readiness,
            batch: Batch::default(),
            scratch: Box::new([0; LARGEST]),
            counters,
        }
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
        }
        true
    }

    /// Hands what was gathered to the system.
    pub fn flush(&mut self) {
        self.batch.flush(&self.udp, &self.counters);
    }
}
