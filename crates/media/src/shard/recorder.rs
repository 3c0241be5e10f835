//! What was seen of one transport, as it happens. Knows no time but what it is told.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::api::{Stage, TransportState};
use crate::evidence::{Candidates, Dtls, Evidence, Nominated, Occasion, Pair, Srtp};
use crate::net::{Peer, Route, Via};

/// Addresses that checks are counted for, one by one.
const PAIRS: usize = 16;

/// Writes down what happens to a transport.
#[derive(Debug)]
pub struct Recorder {
    since: Instant,
    stages: Vec<(Stage, Duration)>,
    local: Candidates,
    remote: Candidates,
    described: Option<Duration>,
    first_candidate: Option<Duration>,
    pairs: Vec<Pair>,
    elsewhere: u64,
    nominated: Option<Nominated>,
    dtls: Dtls,
    /// Public: counted on the way of packets.
    pub srtp: Srtp,
    consent_losses: u32,
    consent_lost: Option<Duration>,
    reason: &'static str,
    /// It has been told that it is connected.
    told: bool,
}

impl Recorder {
    /// Of a transport whose own description is `sdp`.
    pub fn new(now: Instant, sdp: &str) -> Self {
        let mut local = Candidates::default();
        local.describe(sdp);
        Self {
            since: now,
            stages: Vec::with_capacity(4),
            local,
            remote: Candidates::default(),
            described: None,
            first_candidate: None,
            pairs: Vec::new(),
            elsewhere: 0,
            nominated: None,
            dtls: Dtls::default(),
            srtp: Srtp::default(),
            consent_losses: 0,
            consent_lost: None,
            reason: "",
            told: false,
        }
    }

    /// How old the transport is.
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// How long ago it first came to a stage.
    pub fn since(&self, now: Instant, stage: Stage) -> Option<Duration> {
        let (_, at) = self.stages.iter().find(|(known, _)| *known == stage)?;
        Some(self.age(now).saturating_sub(*at))
    }

    /// Whether it is yet to be told that it is connected; once.
    pub fn tells_connected(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }

    /// A packet of media came.
    pub fn packet(&mut self, now: Instant, bytes: usize) {
        self.srtp.packets += 1;
        self.srtp.bytes += bytes as u64;
        if self.srtp.first.is_none() {
            self.srtp.first = Some(self.age(now));
        }
    }

    /// Packets of media are looked at.
    pub fn media_seen(&mut self, now: Instant) {
        if self.srtp.first.is_none() && self.srtp.packets > 0 {
            self.srtp.first = Some(self.age(now));
        }
    }

    /// The client's description came.
    pub fn describe(&mut self, now: Instant, sdp: &str) {
        self.described = Some(self.age(now));
        self.remote.describe(sdp);
        self.see_candidates(now);
    }

    /// The client is told these, too.
    pub fn advertised(&mut self, candidates: &[String]) {
        for line in candidates {
            self.local.add(line);
        }
    }

    /// A candidate of the client's came.
    pub fn candidate(&mut self, now: Instant, line: &str) {
        self.remote.add(line);
        self.see_candidates(now);
    }

    fn see_candidates(&mut self, now: Instant) {
        if self.first_candidate.is_none() && !self.remote.known().is_empty() {
            self.first_candidate = Some(self.age(now));
        }
    }

    /// It came to a stage.
    pub fn stage(&mut self, now: Instant, stage: Stage, reason: &'static str) {
        let at = self.age(now);
        if !self.stages.iter().any(|(known, _)| *known == stage) {
            self.stages.push((stage, at));
        }
        match stage {
            Stage::Connected => self.dtls.done = self.dtls.done.or(Some(at)),
            Stage::Disconnected => {
                self.consent_losses = self.consent_losses.saturating_add(1);
                self.consent_lost = Some(at);
            }
            _ => {}
        }
        self.reason = reason;
    }

    /// DTLS ended before it was done.
    pub fn dtls_failed(&mut self, now: Instant, wrong_certificate: bool) {
        self.dtls.failed = Some(self.age(now));
        self.dtls.wrong_certificate = wrong_certificate;
    }

    /// A check came.
    pub fn check(&mut self, now: Instant, peer: Peer, local: Option<SocketAddr>, nominates: bool) {
        let at = self.age(now);
        if let Some(pair) = self.pair(peer) {
            pair.received += 1;
            pair.last = at;
            pair.local = local;
            pair.use_candidate |= nominates;
        } else if self.pairs.len() < PAIRS {
            self.pairs.push(Pair {
                tcp: peer.via == Via::Tcp,
                remote: peer.addr,
                local,
                received: 1,
                answered: 0,
                refused: 0,
                early: 0,
                errors: 0,
                error_code: 0,
                use_candidate: nominates,
                first: at,
                last: at,
            });
        } else {
            self.elsewhere += 1;
        }
    }

    /// The check that came last was not answered: it is badly signed, or too early.
    pub fn check_unanswered(&mut self, peer: Peer) {
        let described = self.described.is_some();
        if let Some(pair) = self.pair(peer) {
            match described {
                true => pair.refused += 1,
                false => pair.early += 1,
            }
        }
    }

    /// A check was answered with success.
    pub fn check_answered(&mut self, peer: Peer) {
        if let Some(pair) = self.pair(peer) {
            pair.answered += 1;
        }
    }

    /// A check was answered with an error.
    pub fn check_failed(&mut self, peer: Peer, code: u16) {
        if let Some(pair) = self.pair(peer) {
            pair.errors = pair.errors.saturating_add(1);
            pair.error_code = code;
        }
    }

    /// Media goes this way now.
    pub fn nominate(&mut self, now: Instant, route: Route) {
        let at = self.age(now);
        let before = self.nominated;
        let same = |known: &Nominated| {
            known.remote == route.peer.addr && known.tcp == (route.peer.via == Via::Tcp)
        };
        if before.as_ref().is_some_and(same) {
            return;
        }
        self.nominated = Some(Nominated {
            tcp: route.peer.via == Via::Tcp,
            remote: route.peer.addr,
            local: route.local,
            at: before.map_or(at, |before| before.at),
            changes: before.map_or(0, |before| before.changes.saturating_add(1)),
        });
    }

    /// A datagram of DTLS came.
    pub fn dtls_received(&mut self, now: Instant, datagram: &[u8]) {
        self.dtls.received += 1;
        match record(datagram) {
            Some(Record::ClientHello) => {
                self.dtls.hello = self.dtls.hello.or(Some(self.age(now)));
                self.dtls.hellos += 1;
            }
            Some(Record::Alert(description)) => self.dtls.alert = Some(description),
            _ => {}
        }
    }

    /// A datagram of DTLS was sent.
    pub fn dtls_sent(&mut self) {
        self.dtls.sent += 1;
    }

    /// As it stands.
    pub fn evidence(&self, now: Instant, state: TransportState, occasion: Occasion) -> Evidence {
        Evidence {
            state,
            occasion,
            ufrag: String::new(),
            reason: self.reason,
            age: self.age(now),
            stages: self.stages.clone(),
            local: self.local.known().to_vec(),
            remote: self.remote.known().to_vec(),
            remote_unread: self.remote.unread(),
            described: self.described,
            first_candidate: self.first_candidate,
            pairs: self.pairs.clone(),
            checks_elsewhere: self.elsewhere,
            nominated: self.nominated,
            dtls: self.dtls,
            srtp: self.srtp,
            consent_losses: self.consent_losses,
            consent_lost: self.consent_lost,
            source_packets: None,
            load: 0,
        }
    }

    fn pair(&mut self, peer: Peer) -> Option<&mut Pair> {
        let tcp = peer.via == Via::Tcp;
        self.pairs
            .iter_mut()
            .find(|pair| pair.remote == peer.addr && pair.tcp == tcp)
    }
}

/// What is told in the clear by the first record of a datagram (RFC 9147 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record {
    ClientHello,
    Alert(u8),
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

fn record(datagram: &[u8]) -> Option<Record> {
    // type, version (2), epoch (2), sequence (6), length (2)
    let (header, rest) = datagram.split_first_chunk::<13>()?;
    let clear = header[3..5] == [0, 0];
    match (header[0], rest) {
        (HANDSHAKE, [CLIENT_HELLO, ..]) if clear => Some(Record::ClientHello),
        (ALERT, [_, description]) if clear => Some(Record::Alert(*description)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
