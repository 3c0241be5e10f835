//! One transport on its shard: what it is to the outside, how it is reached, and what it is waiting for.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::claims::Claims;
use super::recorder::Recorder;
use super::slots::Key;
use crate::api::{Direction, Id, Stage, TransportState};
use crate::egress::Subscriber;
use crate::net::{Peer, Route, Via};
use crate::transport::{Outgoing, Transport};

/// 5-tuples that a transport is known by. A client has a few, while it looks for the best.
const PATHS: usize = 16;
/// New 5-tuples that a transport may prove in its life: each costs the ICE agent memory for as long.
const PATHS_EVER: u32 = 4096;
/// A UDP route that proved itself so recently is not left for TCP. Clients check their route every 2 to 5 s.
const RECENT: Duration = Duration::from_secs(6);

/// A transport and all that the shard keeps for it.
pub struct Connection {
    #[allow(missing_docs)]
    pub id: Id,
    #[allow(missing_docs)]
    pub session: Id,
    #[allow(missing_docs)]
    pub stream_id: Id,
    /// Of the stream that it feeds or gets.
    pub stream: Key,
    #[allow(missing_docs)]
    pub direction: Direction,
    #[allow(missing_docs)]
    pub stage: Stage,
    /// The protocols.
    pub transport: Transport,
    /// By which clients address it.
    pub ufrag: String,
    /// The answer or offer that was given, to be given again.
    pub sdp: String,
    /// What a subscriber accepted, until its keys come.
    pub accepted: Option<Vec<Outgoing>>,
    /// A subscriber's way out, once its keys came.
    pub subscriber: Option<Subscriber>,
    /// When the earliest [`super::timers::Timer::Transport`] rings.
    pub wake: Option<Instant>,
    /// Since when it is not connected.
    pub lacking_since: Option<Instant>,
    /// STUN requests that the ICE agent has not answered.
    pub claims: Claims,
    /// What was seen of it.
    pub recorder: Option<Box<Recorder>>,
    paths: Vec<Path>,
    paths_ever: u32,
    route: Option<Route>,
}

struct Path {
    peer: Peer,
    local: Option<IpAddr>,
    proven: Instant,
}

/// What a new connection is made of.
pub struct Parts {
    #[allow(missing_docs)]
    pub id: Id,
    #[allow(missing_docs)]
    pub session: Id,
    #[allow(missing_docs)]
    pub stream_id: Id,
    #[allow(missing_docs)]
    pub stream: Key,
    #[allow(missing_docs)]
    pub direction: Direction,
    #[allow(missing_docs)]
    pub transport: Transport,
    #[allow(missing_docs)]
    pub sdp: String,
}

impl Connection {
    /// New at `now`.
    pub fn new(now: Instant, parts: Parts) -> Self {
        let mut transport = parts.transport;
        Self {
            id: parts.id,
            session: parts.session,
            stream_id: parts.stream_id,
            stream: parts.stream,
            direction: parts.direction,
            stage: Stage::New,
            ufrag: transport.ufrag(),
            transport,
            sdp: parts.sdp,
            accepted: None,
            subscriber: None,
            wake: None,
            lacking_since: Some(now),
            claims: Claims::default(),
            recorder: None,
            paths: Vec::new(),
            paths_ever: 0,
            route: None,
        }
    }

    /// As the outside sees it.
    pub fn state(&self) -> TransportState {
        TransportState {
            transport: self.id.clone(),
            session: self.session.clone(),
            stream: self.stream_id.clone(),
            direction: self.direction,
            stage: self.stage,
            addresses: self.transport.addresses_version(),
        }
    }

    /// Where media goes: once the client nominated a pair, and while it consents (RFC 7675 section 5.1).
    pub fn consented_route(&self) -> Option<Route> {
        self.route.filter(|_| self.stage != Stage::Disconnected)
    }

    /// What a subscriber was sent so far, for the record.
    pub fn count_media(&mut self) {
        if let (Some(recorder), Some(subscriber)) = (&mut self.recorder, &self.subscriber) {
            (recorder.srtp.packets, recorder.srtp.bytes) = subscriber.sent();
        }
    }

    /// A look at what a subscriber was sent, for the record.
    pub fn see_media(&mut self, now: Instant) {
        self.count_media();
        if let Some(recorder) = &mut self.recorder {
            recorder.media_seen(now);
        }
    }

    /// The way to `peer`, from the address where it reached us.
    pub fn way_to(&self, peer: Peer) -> Route {
        let path = self.paths.iter().find(|path| path.peer == peer);
        let local = match path {
            Some(path) => path.local,
            None => self.claims.local(peer),
        };
        Route { peer, local }
    }

    /// Whether `peer` may be tried: it is known, or there is room for new ones.
    pub fn admits(&self, peer: Peer) -> bool {
        self.paths_ever < PATHS_EVER || self.paths.iter().any(|path| path.peer == peer)
    }

    /// `peer` has been authenticated. Returns one that is forgotten for it, if it is one too many.
    pub fn prove(&mut self, now: Instant, peer: Peer) -> Option<Peer> {
        let claim = self.claims.take(peer);
        let mut forgotten = None;
        match self.paths.iter_mut().find(|path| path.peer == peer) {
            Some(path) => {
                path.proven = now;
                path.local = claim.map_or(path.local, |claim| claim.local);
            }
            None => {
                forgotten = self.make_room();
                self.paths_ever += 1;
                self.paths.push(Path {
                    peer,
                    local: claim.and_then(|claim| claim.local),
                    proven: now,
                });
            }
        }
        if claim.is_some_and(|claim| claim.use_candidate) && self.prefers(now, peer) {
            self.route = Some(self.way_to(peer));
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.check_answered(peer);
            if let Some(route) = self.route {
                recorder.nominate(now, route);
            }
        }
        forgotten
    }

    fn make_room(&mut self) -> Option<Peer> {
        if self.paths.len() < PATHS {
            return None;
        }
        let in_use = self.route.map(|route| route.peer);
        let spare = self.paths.iter().filter(|path| Some(path.peer) != in_use);
        let oldest = spare.min_by_key(|path| path.proven)?.peer;
        self.paths.retain(|path| path.peer != oldest);
        Some(oldest)
    }

    /// The newest nomination wins, but TCP does not take over from UDP that works.
    fn prefers(&self, now: Instant, peer: Peer) -> bool {
        let Some(route) = self.route else {
            return true;
        };
        let path = self.paths.iter().find(|path| path.peer == route.peer);
        let alive = path.is_some_and(|path| now.duration_since(path.proven) < RECENT);
        !(alive && route.peer.via == Via::Udp && peer.via == Via::Tcp)
    }

    /// `peer` is gone, or belongs to another transport now.
    pub fn forget(&mut self, peer: Peer) {
        self.paths.retain(|path| path.peer != peer);
        if self.route.is_some_and(|route| route.peer == peer) {
            let newest = self.paths.iter().max_by_key(|path| path.proven);
            self.route = newest.map(|path| Route {
                peer: path.peer,
                local: path.local,
            });
        }
    }

    /// All 5-tuples that it is known by.
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        self.paths.iter().map(|path| path.peer)
    }
}
