//! Whose datagram is it? (RFC 7983)
//!
//! By 5-tuple, once a transport has proven it. A 5-tuple is proven by a STUN request that the transport's ICE agent
//! authenticated, and only so does it come to a transport or move to another one.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::Shard;
use super::claims::Claim;
use super::slots::Key;
use crate::api::Direction;
use crate::net::{Peer, Route, Token, Via};
use crate::stun;

/// A datagram or frame that came.
pub(super) struct Came<'a> {
    pub peer: Peer,
    pub local: Option<IpAddr>,
    pub data: &'a mut [u8],
}

impl Shard {
    /// Takes what waits in the UDP socket, and sends on what became fresh after each batch.
    pub(super) fn take_datagrams(&mut self) {
        let mut inbox = self.inbox.take().unwrap_or_default();
        for _ in 0..super::BATCHES {
            let count = inbox.fill(&self.wire.udp);
            if count == 0 {
                break;
            }
            let now = Instant::now();
            for slot in 0..count {
                let Some(datagram) = inbox.datagram(slot) else {
                    self.counters.in_malformed.add(1);
                    continue;
                };
                self.counters.udp_in.add(1);
                self.counters.udp_in_bytes.add(datagram.data.len() as u64);
                let came = Came {
                    peer: Peer {
                        via: Via::Udp,
                        addr: datagram.from,
                    },
                    local: datagram.local,
                    data: datagram.data,
                };
                self.take(now, came);
            }
            self.forward(now);
            if count < crate::net::INBOX {
                break;
            }
        }
        self.inbox = Some(inbox);
    }

    /// Takes what came on a TCP connection.
    pub(super) fn take_frames(&mut self, token: Token) {
        let now = Instant::now();
        let ended = self.wire.tcp.ready(token, &self.wire.readiness);
        let frame = self.frame.take();
        let mut frame = frame.unwrap_or_else(|| Box::new([0; crate::net::LARGEST]));
        let broken = loop {
            match self.wire.tcp.take(token, &mut frame[..]) {
                Ok(Some(taken)) => {
                    self.counters.tcp_in.add(1);
                    let came = Came {
                        peer: Peer {
                            via: Via::Tcp,
                            addr: taken.peer,
                        },
                        local: Some(taken.local),
                        data: &mut frame[..taken.len],
                    };
                    self.take(now, came);
                }
                Ok(None) => break ended,
                Err(peer) => break Some(peer),
            }
        };
        self.frame = Some(frame);
        if let Some(addr) = broken {
            self.lose_peer(Peer {
                via: Via::Tcp,
                addr,
            });
        }
    }

    /// A TCP connection ended or broke the framing.
    fn lose_peer(&mut self, peer: Peer) {
        self.counters.tcp_closed.add(1);
        self.wire.tcp.close(peer.addr);
        if let Some(key) = self.by_peer.remove(&peer)
            && let Some(connection) = self.connections.get_mut(key)
        {
            connection.forget(peer);
        }
    }

    pub(super) fn take(&mut self, now: Instant, came: Came<'_>) {
        match came.data.first() {
            Some(0..=3) => self.take_stun(now, came),
            Some(20..=63) => self.take_dtls(now, came),
            Some(128..=191) => self.take_media(now, came),
            Some(_) => self.counters.in_unknown_kind.add(1),
            None => self.counters.in_malformed.add(1),
        }
    }

    fn take_stun(&mut self, now: Instant, came: Came<'_>) {
        let Some(request) = stun::Request::parse(came.data) else {
            self.counters.stun_malformed.add(1);
            if let Some(witness) = &mut self.witness {
                witness.strangers.malformed(came.peer.addr.ip());
            }
            return;
        };
        let Some(user) = request.user else {
            return self.answer_plain(now, &request, &came);
        };
        let Some(key) = self.by_ufrag.get(user).copied() else {
            self.counters.stun_unknown_user.add(1);
            if let Some(witness) = &mut self.witness {
                witness.strangers.unknown_user(came.peer.addr.ip(), user);
            }
            return;
        };
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let peer = came.peer;
        if let Some(recorder) = &mut connection.recorder {
            let local = came.local.map(|ip| SocketAddr::new(ip, self.port));
            recorder.check(now, peer, local, request.use_candidate);
        }
        if !connection.admits(peer) {
            self.counters.stun_unauthenticated.add(1);
            return;
        }
        connection.claims.add(Claim {
            peer: came.peer,
            local: came.local,
            use_candidate: request.use_candidate,
        });
        let before = self.proofs;
        self.give(now, key, came);
        if self.proofs == before {
            // Not signed as it must be, or the client's description is not known yet.
            self.counters.stun_unauthenticated.add(1);
            let connection = self.connections.get_mut(key);
            if let Some(recorder) = connection.and_then(|it| it.recorder.as_mut()) {
                recorder.check_unanswered(peer);
            }
        }
    }

    fn answer_plain(&mut self, now: Instant, request: &stun::Request<'_>, came: &Came<'_>) {
        if !self.plain.allows(now, stun::PLAIN_PER_SECOND) {
            self.counters.stun_plain_over_rate.add(1);
            return;
        }
        self.counters.stun_plain.add(1);
        let route = Route {
            peer: came.peer,
            local: came.local,
        };
        self.wire.send(route, &request.answer(came.peer.addr));
    }

    fn take_dtls(&mut self, now: Instant, came: Came<'_>) {
        let Some(key) = self.by_peer.get(&came.peer).copied() else {
            return self.unproven(&came);
        };
        let connection = self.connections.get_mut(key);
        if let Some(recorder) = connection.and_then(|connection| connection.recorder.as_mut()) {
            recorder.dtls_received(now, came.data);
        }
        self.give(now, key, came);
    }

    fn unproven(&mut self, came: &Came<'_>) {
        self.counters.in_unknown_peer.add(1);
        if let Some(witness) = &mut self.witness {
            witness.strangers.unproven(came.peer.addr.ip());
        }
    }

    fn take_media(&mut self, now: Instant, came: Came<'_>) {
        let Some(key) = self.by_peer.get(&came.peer).copied() else {
            return self.unproven(&came);
        };
        let direction = self.connections.get(key).map(|found| found.direction);
        match direction {
            Some(Direction::Publish) => {
                let rtp = !crate::rtp::is_rtcp(came.data);
                let before = self.packets;
                self.give(now, key, came);
                if rtp && self.packets == before {
                    self.counters.rtp_in_unused.add(1);
                    self.useless(key);
                }
            }
            Some(Direction::Subscribe) => self.take_feedback(now, key, came),
            None => {}
        }
    }

    fn give(&mut self, now: Instant, key: Key, came: Came<'_>) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let transport = &mut connection.transport;
        if !transport.receive(now, came.peer, came.local, came.data) {
            self.counters.library_errors.add(1);
        }
        self.settle(key, now);
    }

    fn take_feedback(&mut self, now: Instant, key: Key, came: Came<'_>) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let route = connection.way_to(came.peer);
        let key = connection.stream;
        let Some(stream) = self.streams.get(key) else {
            return;
        };
        let Some(subscriber) = &mut connection.subscriber else {
            self.counters.in_unknown_peer.add(1);
            return;
        };
        let asked = subscriber.receive(now, stream, came.data, route, &mut self.wire);
        if asked.unauthenticated
            && let Some(recorder) = &mut connection.recorder
        {
            recorder.srtp.unauthenticated += 1;
        }
        if asked.keyframe {
            self.counters.keyframes_asked.add(1);
            self.request_keyframe(key, now);
        }
    }

    /// A packet of media that brought nothing, for the record.
    fn useless(&mut self, key: Key) {
        let connection = self.connections.get_mut(key);
        if let Some(recorder) = connection.and_then(|connection| connection.recorder.as_mut()) {
            recorder.srtp.unauthenticated += 1;
        }
    }
}
