//! Streams in one direction each: publishing, subscribing, and repairing what broke.

use serde_json::json;

use super::{ASK_AGAIN, Browser, ECHO, Peer, PeerId, Pending, Phase, Timer, sdp};
use crate::queue::Time;

/// Which direction of which stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegKey {
    /// What this browser sends.
    Own,
    /// What it receives of the stream with this id.
    Of(String),
}

/// One direction of one stream.
#[derive(Clone, Debug, Default)]
pub struct Leg {
    /// Its id; an own stream has none before it is published.
    pub stream: Option<String>,
    #[allow(missing_docs)]
    pub peer: Option<Peer>,
    /// The `reconnectionEventEmitter` of the original: while it is there, no other repair begins.
    pub(super) repairing: bool,
    /// The last offer of `forciblyReconnectSubscriber` that has to wait for that.
    pub(super) forced: Option<String>,
}

impl Leg {
    /// Media can flow, as far as this end knows.
    pub fn is_connected(&self) -> bool {
        self.peer.as_ref().is_some_and(Peer::is_connected)
    }
}

impl Browser {
    fn new_peer(&mut self) -> Peer {
        self.next_peer += 1;
        Peer::new(PeerId(self.next_peer))
    }

    pub(super) fn publish(&mut self, now: Time) {
        if self.phase != Phase::In {
            return self.set(now, ASK_AGAIN, Timer::Publish);
        }
        let peer = self.new_peer();
        let params = json!({
            "sdpOffer": sdp::of_peer(peer.id), "doLoopback": false, "hasAudio": true, "hasVideo": true,
            "audioActive": true, "videoActive": true, "typeOfVideo": "CAMERA", "frameRate": 30,
            "videoDimensions": "{\"width\":640,\"height\":480}",
        });
        let leg = Leg {
            peer: Some(peer),
            ..Leg::default()
        };
        self.legs.insert(LegKey::Own, leg);
        self.request(now, "publishVideo", params, Pending::Publish);
    }

    pub(super) fn subscribe(&mut self, now: Time, stream: &str) {
        if !self.remote.contains_key(stream) {
            return;
        }
        if self.phase != Phase::In {
            return self.set(now, ASK_AGAIN, Timer::Subscribe(stream.to_owned()));
        }
        let leg = Leg {
            stream: Some(stream.to_owned()),
            ..Leg::default()
        };
        self.legs.insert(LegKey::Of(stream.to_owned()), leg);
        self.prepare(now, stream, false);
    }

    pub(super) fn prepare(&mut self, now: Time, stream: &str, reconnect: bool) {
        let params = json!({"sender": stream, "reconnect": reconnect});
        let what = Pending::Prepare(stream.to_owned(), reconnect);
        self.request(now, "prepareReceiveVideoFrom", params, what);
    }

    /// `completeWebRtcPeerReceive`: a new peer connection takes the server's offer.
    pub(super) fn complete(&mut self, now: Time, stream: &str, offer: &str, repair: bool) {
        let key = LegKey::Of(stream.to_owned());
        let mut peer = self.new_peer();
        let answer = sdp::of_peer(peer.id);
        if let Some(remote) = sdp::transport(offer) {
            peer.describe(now, remote);
        }
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.peer = Some(peer);
        if repair {
            let params = json!({"stream": stream, "sdpString": answer, "forciblyReconnect": false});
            self.request(now, "reconnectStream", params, Pending::Reconnect(key));
        } else {
            let params = json!({"sender": stream, "sdpAnswer": answer});
            self.request(
                now,
                "receiveVideoFrom",
                params,
                Pending::Receive(stream.to_owned()),
            );
        }
    }

    /// Four seconds after `disconnected`.
    pub(super) fn still_broken(&mut self, now: Time, key: &LegKey, peer: PeerId) {
        let broken = (self.legs.get(key).and_then(|leg| leg.peer.as_ref()))
            .is_some_and(|now| now.id == peer && !now.is_connected());
        if broken {
            self.broken(now, key);
        }
    }

    /// Whoever repairs first asks whether anybody listens.
    pub(super) fn broken(&mut self, now: Time, key: &LegKey) {
        let Some(peer) = self.legs.get(key).and_then(|leg| leg.peer.as_ref()) else {
            return;
        };
        let id = peer.id;
        if self.socket && self.phase == Phase::In {
            let echo = self.send(now, "echo", json!({}), Pending::Echo(key.clone(), id));
            self.set(now, ECHO, Timer::Echo(echo));
        }
    }

    /// `initWebRtcPeerSend(true)` and `initWebRtcPeerReceive(true)`.
    pub(super) fn repair(&mut self, now: Time, key: &LegKey) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut leg.repairing, true) {
            return;
        }
        match key {
            LegKey::Of(stream) => self.prepare(now, &stream.clone(), true),
            LegKey::Own => {
                let stream = leg.stream.clone();
                let peer = self.new_peer();
                let params = json!({"stream": stream, "sdpString": sdp::of_peer(peer.id)});
                if let Some(leg) = self.legs.get_mut(key) {
                    leg.peer = Some(peer);
                }
                self.request(
                    now,
                    "reconnectStream",
                    params,
                    Pending::Reconnect(key.clone()),
                );
            }
        }
    }

    /// A repair is over. What was asked of the server meanwhile is done now.
    pub(super) fn repaired(&mut self, now: Time, key: &LegKey, well: bool) {
        let count = if well {
            &mut self.tally.repairs
        } else {
            &mut self.tally.repairs_refused
        };
        *count += 1;
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        leg.repairing = false;
        if let (Some(offer), LegKey::Of(stream)) = (leg.forced.take(), key) {
            self.forced(now, &stream.clone(), offer);
        }
    }

    /// `forciblyReconnectSubscriber`.
    pub(super) fn forced(&mut self, now: Time, stream: &str, offer: String) {
        let Some(leg) = self.legs.get_mut(&LegKey::Of(stream.to_owned())) else {
            return;
        };
        if std::mem::replace(&mut leg.repairing, true) {
            leg.forced = Some(offer);
        } else {
            self.complete(now, stream, &offer, true);
        }
    }

    /// `reconnectBrokenStreams`, after a new WebSocket was accepted.
    pub(super) fn repair_all(&mut self, now: Time) {
        let broken: Vec<LegKey> = (self.legs.iter())
            .filter(|(_, leg)| !leg.is_connected())
            .map(|(key, _)| key.clone())
            .collect();
        for key in broken {
            self.repair(now, &key);
        }
    }
}
