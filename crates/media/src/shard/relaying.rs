//! The shard's part of the relay: what comes to its port and from other shards.

use std::net::IpAddr;
use std::time::Instant;

use super::Shard;
use super::demux::Came;
use crate::net::{INBOX, Peer, Token, Via};
use crate::relay::{Engine, Handover};

/// Parcels of other shards that are opened before packets get their turn.
const PARCELS: usize = 64;

impl Shard {
    /// Takes what waits at a socket of the relay.
    pub(super) fn take_relayed(&mut self, token: Token) {
        if self.wire.relay.is_stream(token) {
            return self.take_messages(token);
        }
        let mut inbox = self.relay_inbox.take().unwrap_or_default();
        for _ in 0..super::BATCHES {
            let more = if Engine::is_udp(token) {
                self.take_from_clients(&mut inbox)
            } else {
                let readiness = &self.wire.readiness;
                self.wire.relay.take_from_peers(token, readiness)
            };
            if !more {
                break;
            }
        }
        self.relay_inbox = Some(inbox);
        self.forward(Instant::now());
    }

    fn take_from_clients(&mut self, inbox: &mut crate::net::Inbox) -> bool {
        let count = self.wire.relay.fill(inbox);
        let now = Instant::now();
        for slot in 0..count {
            let Some(datagram) = inbox.datagram(slot) else {
                self.counters.in_malformed.add(1);
                continue;
            };
            self.counters.udp_in.add(1);
            self.counters.udp_in_bytes.add(datagram.data.len() as u64);
            let (from, local) = (datagram.from, datagram.local);
            let relay = &mut self.wire.relay;
            let handed = relay.take_udp(from, local, datagram.data, &self.wire.readiness);
            let Some(handed) = handed else {
                continue;
            };
            self.hand_over(now, &handed, datagram.data);
        }
        self.forward(now);
        count == INBOX
    }

    fn take_messages(&mut self, token: Token) {
        let (relay, readiness) = (&mut self.wire.relay, &self.wire.readiness);
        let Some(reading) = relay.read(token, readiness) else {
            return;
        };
        let frame = self.frame.take();
        let mut frame = frame.unwrap_or_else(|| Box::new([0; crate::net::LARGEST]));
        let now = Instant::now();
        loop {
            let (relay, readiness) = (&mut self.wire.relay, &self.wire.readiness);
            match relay.take_message(&reading, &mut frame[..], readiness) {
                None => break,
                Some(None) => {}
                Some(Some(handed)) => self.hand_over(now, &handed, &mut frame[..]),
            }
        }
        self.wire.relay.finish(reading);
        self.frame = Some(frame);
        self.forward(now);
    }

    fn hand_over(&mut self, now: Instant, handed: &Handover, bytes: &mut [u8]) {
        let data = &mut bytes[handed.data.clone()];
        let shard = self.wire.links.me();
        if handed.shard == shard {
            self.take_handed(now, (handed.relayed, shard as u16), handed.local, data);
        } else {
            self.wire.hand(handed, data);
        }
    }

    /// A datagram of a relay's client is the shard's own.
    fn take_handed(
        &mut self,
        now: Instant,
        (relayed, shard): (std::net::SocketAddr, u16),
        local: IpAddr,
        data: &mut [u8],
    ) {
        if matches!(data.first(), Some(0..=3)) {
            self.wire.note_relayed(relayed, shard);
        }
        let peer = Peer {
            via: Via::Relay(shard),
            addr: relayed,
        };
        let local = Some(local);
        self.take(now, Came { peer, local, data });
    }

    /// Opens what other shards handed over. Returns whether more may wait.
    pub(super) fn open_parcels(&mut self) -> bool {
        for _ in 0..PARCELS {
            let Some(mut parcel) = self.wire.links.take() else {
                return false;
            };
            let (now, from) = (Instant::now(), parcel.from as u16);
            parcel.open(|item, data| {
                if item.inward {
                    self.take_handed(now, (item.relayed, from), item.own.ip(), data);
                } else {
                    let write = |slot: &mut [u8]| {
                        slot.get_mut(..data.len())?.copy_from_slice(data);
                        Some(data.len())
                    };
                    let (relay, readiness) = (&mut self.wire.relay, &self.wire.readiness);
                    relay.take_from_own((item.relayed, item.own), readiness, write);
                }
            });
            self.forward(now);
        }
        true
    }
}
