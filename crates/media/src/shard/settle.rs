//! Does what a transport wants done, after anything happened to it.

use std::time::{Duration, Instant};

use super::Shard;
use super::slots::Key;
use super::timers::Timer;
use crate::api::{Direction, Stage};
use crate::egress::Subscriber;
use crate::net::{Peer, Via};
use crate::stun;
use crate::transport::{Effect, Exported, Kind, Packet, WRONG_CERTIFICATE, cname};

/// How long a transport may take to connect, and how long it may be without consent.
const PATIENCE: Duration = Duration::from_secs(30);
/// A shard looks at its timers several times a second. Whoever is away for longer was stopped.
const ASLEEP: Duration = Duration::from_secs(2);

impl Shard {
    /// Drains the transport and does what it wants.
    pub(super) fn settle(&mut self, key: Key, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let mut effects = std::mem::take(&mut self.effects);
        let at = connection
            .transport
            .drain(now, |effect| effects.push(effect));
        if let Some(at) = at
            && connection.wake.is_none_or(|wake| at < wake)
        {
            // One timer per transport: a later one is set anew when the earlier one rings.
            connection.wake = Some(at);
            self.timers.set(at, Timer::Transport(key));
        }
        for effect in effects.drain(..) {
            self.apply(key, now, effect);
        }
        self.effects = effects;
    }

    fn apply(&mut self, key: Key, now: Instant, effect: Effect) {
        match effect {
            Effect::Datagram { peer, data } => self.send_for(key, now, peer, &data),
            Effect::Packet(packet) => self.take_packet(key, now, packet),
            Effect::Ice(connected) => self.ice_changed(key, now, connected),
            Effect::Connected => self.connected(key, now),
            Effect::Keys(keys) => self.keyed(key, now, &keys),
            Effect::Failed(reason) => {
                let panicked = self.connections.get(key);
                if panicked.is_some_and(|connection| connection.transport.panicked()) {
                    self.counters.library_panics.add(1);
                }
                self.dtls_failed(key, now, reason == WRONG_CERTIFICATE);
                self.fail(key, now, reason);
            }
            Effect::Ended(reason) => self.close(key, now, reason),
        }
    }

    /// For the record.
    fn dtls_failed(&mut self, key: Key, now: Instant, wrong_certificate: bool) {
        let connection = self.connections.get_mut(key);
        let undone = connection.filter(|it| matches!(it.stage, Stage::New | Stage::IceConnected));
        if let Some(recorder) = undone.and_then(|connection| connection.recorder.as_mut()) {
            recorder.dtls_failed(now, wrong_certificate);
        }
    }

    pub(super) fn send_for(&mut self, key: Key, now: Instant, peer: Peer, data: &[u8]) {
        let peer = self.wire.resolve(peer);
        if stun::is_binding_success(data) {
            self.prove(key, now, peer);
        }
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if let Some(recorder) = &mut connection.recorder {
            match data.first() {
                Some(20..=63) => recorder.dtls_sent(),
                Some(0..=3) => {
                    if let Some(code) = stun::error_code(data) {
                        recorder.check_failed(peer, code);
                    }
                }
                _ => {}
            }
        }
        let media = matches!(data.first(), Some(128..=191));
        if media && connection.direction == Direction::Subscribe {
            // Its keys are ours to count with: the library must not use them too.
            self.counters.library_media.add(1);
            return;
        }
        // The agent keeps to a pair of higher priority for as long as it remembers it, whatever the client has nominated
        // since: without feedback and requests for keyframes a publisher's picture stands still. STUN is answered where it
        // came from.
        let nominated = connection.consented_route();
        let nominated = nominated.filter(|_| !matches!(data.first(), Some(0..=3)));
        let route = nominated.unwrap_or_else(|| connection.way_to(peer));
        self.wire.send(route, data);
    }

    /// The transport answered a STUN request of `peer`: it was authenticated.
    fn prove(&mut self, key: Key, now: Instant, peer: Peer) {
        self.proofs += 1;
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let before = connection.consented_route();
        let forgotten = connection.prove(now, peer);
        let after = connection.consented_route();
        let reached = after.is_some() && after != before;
        if let Some(forgotten) = forgotten {
            self.by_peer.remove(&forgotten);
            if forgotten.via == Via::Tcp {
                self.wire.tcp.close(forgotten.addr);
            }
        }
        let before = self.by_peer.insert(peer, key);
        if let Some(other) = before.filter(|before| *before != key)
            && let Some(other) = self.connections.get_mut(other)
        {
            other.forget(peer);
        }
        if peer.via == Via::Tcp {
            self.wire.tcp.claim(peer.addr);
        }
        if reached {
            self.show_picture(key, now);
        }
    }

    /// A client that can be reached, at last, again or by another path, has missed what it needs to decode, or others have
    /// of what it sent.
    fn show_picture(&mut self, key: Key, now: Instant) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let subscriber = connection.subscriber.as_ref();
        let sends = connection.direction == Direction::Publish;
        if sends || subscriber.is_some_and(|subscriber| subscriber.wants(Kind::Video)) {
            self.request_keyframe(connection.stream, now);
        }
    }

    fn take_packet(&mut self, key: Key, now: Instant, packet: Packet) {
        self.packets += 1;
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if let Some(recorder) = &mut connection.recorder {
            recorder.packet(now, packet.payload.len());
        }
        let stream_key = connection.stream;
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        if stream.publisher != Some(key) {
            self.counters.rtp_in_other_source.add(1);
            return;
        }
        let clean = stream.fresh.is_empty();
        match stream.take(now, key, packet) {
            Ok(()) => self.counters.rtp_in.add(1),
            Err(_) => self.counters.rtp_in_other_source.add(1),
        }
        if clean && !stream.fresh.is_empty() {
            self.dirty.push(stream_key);
        }
    }

    fn ice_changed(&mut self, key: Key, now: Instant, connected: bool) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let (stage, reason) = match (connected, connection.stage) {
            (true, Stage::New) => (Stage::IceConnected, "ICE has a pair"),
            (true, Stage::Disconnected) => {
                connection.lacking_since = None;
                (Stage::Connected, "ICE consent is back")
            }
            (false, Stage::Connected) => {
                connection.lacking_since = Some(now);
                self.timers.set(now + PATIENCE, Timer::Patience(key));
                (
                    Stage::Disconnected,
                    "ICE consent was lost: the client sends no checks",
                )
            }
            _ => return,
        };
        self.change(key, now, stage, reason);
        if stage == Stage::Connected {
            self.show_picture(key, now);
        }
    }

    fn connected(&mut self, key: Key, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.lacking_since = None;
        if connection.stage == Stage::New {
            self.change(key, now, Stage::IceConnected, "ICE has a pair");
        }
        self.change(key, now, Stage::Connected, "DTLS is done");
    }

    fn keyed(&mut self, key: Key, now: Instant, keys: &Exported) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let accepted = connection.accepted.take().unwrap_or_default();
        let cname = cname(&connection.stream_id);
        let Ok(subscriber) = Subscriber::new(now, keys, &accepted, cname) else {
            return self.fail(key, now, "the keys of DTLS do not fit the SRTP profile");
        };
        connection.subscriber = Some(subscriber);
        self.timers.set(now + super::REPORTS, Timer::Reports(key));
        self.show_picture(key, now);
    }

    /// Asks the publisher for a keyframe, now or as soon as it may be asked again.
    pub(super) fn request_keyframe(&mut self, stream: Key, now: Instant) {
        let Some(found) = self.streams.get_mut(stream) else {
            return;
        };
        let track = &mut found.tracks[Kind::Video as usize];
        if track.source().is_none() {
            // What sends nothing yet begins with a keyframe anyway.
            return;
        }
        let waits = track.gate.deadline().is_some();
        if track.gate.request(now) {
            self.ask_publisher(stream, now);
        } else if !waits && let Some(at) = track.gate.deadline() {
            self.timers.set(at, Timer::Keyframe(stream));
        }
    }

    pub(super) fn poll_keyframe(&mut self, stream: Key, now: Instant) {
        let Some(found) = self.streams.get_mut(stream) else {
            return;
        };
        if found.tracks[Kind::Video as usize].gate.poll(now) {
            self.ask_publisher(stream, now);
        }
    }

    fn ask_publisher(&mut self, stream: Key, now: Instant) {
        let Some(found) = self.streams.get(stream) else {
            return;
        };
        let source = found.tracks[Kind::Video as usize].source();
        let (Some(publisher), Some(ssrc)) = (found.publisher, source) else {
            return;
        };
        let Some(connection) = self.connections.get_mut(publisher) else {
            return;
        };
        connection.transport.request_keyframe(now, ssrc);
        self.counters.keyframes_sent.add(1);
        self.settle(publisher, now);
    }

    pub(super) fn wake_transport(&mut self, key: Key, at: Instant, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if connection.wake != Some(at) {
            return;
        }
        connection.wake = None;
        connection.transport.elapse(now);
        self.settle(key, now);
    }

    pub(super) fn lose_patience(&mut self, key: Key, now: Instant) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let lacking = connection.lacking_since;
        if lacking.is_none_or(|since| now.duration_since(since) < PATIENCE) {
            return;
        }
        let reason = match connection.stage {
            Stage::New => "ICE did not connect within 30 s",
            Stage::IceConnected => "DTLS was not done within 30 s",
            _ => "ICE consent was lost for 30 s",
        };
        self.fail(key, now, reason);
    }

    /// Time for which the process was stopped, or its machine asleep, is nobody's fault: clients could not be heard.
    pub(super) fn forgive_sleep(&mut self, now: Instant) {
        let away = now.saturating_duration_since(self.looked);
        self.looked = now;
        if away < ASLEEP {
            return;
        }
        for key in self.by_id.values() {
            let Some(connection) = self.connections.get_mut(*key) else {
                continue;
            };
            if let Some(since) = connection.lacking_since {
                let since = now.min(since + away);
                connection.lacking_since = Some(since);
                self.timers.set(since + PATIENCE, Timer::Patience(*key));
            }
        }
    }

    pub(super) fn be_patient(&mut self, key: Key, now: Instant) {
        self.timers.set(now + PATIENCE, Timer::Patience(key));
    }
}
