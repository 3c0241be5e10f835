//! What becomes of requests.

use serde_json::{Value, json};

use super::{ASK_AGAIN, Browser, Leg, LegKey, Pending, Phase, Timer, sdp};
use crate::queue::Time;

/// `publishVideo` of somebody who publishes already.
const ALREADY_PUBLISHING: i64 = 106;

impl Browser {
    pub(super) fn answered(&mut self, now: Time, id: u64, result: &Value) {
        let Some(what) = self.pending.remove(&id) else {
            return;
        };
        self.unset(|timer| {
            matches!(timer, Timer::Pong(of) | Timer::Request(of) | Timer::Echo(of) if *of == id)
        });
        match what {
            Pending::Ping | Pending::Other => {}
            Pending::Unpublish => self.publish(now),
            Pending::Join => self.joined(now, result),
            Pending::Connect => self.resumed(now),
            Pending::Echo(key, peer) => {
                let same = (self.legs.get(&key).and_then(|leg| leg.peer.as_ref()))
                    .is_some_and(|now| now.id == peer);
                if same {
                    self.repair(now, &key);
                }
            }
            Pending::Publish => {
                self.described(now, result);
                if let (Some(leg), Some(id)) = (self.legs.get_mut(&LegKey::Own), text(result, "id"))
                {
                    leg.stream = Some(id);
                }
            }
            Pending::Prepare(stream, reconnect) => {
                if let Some(offer) = text(result, "sdpOffer") {
                    self.complete(now, &stream, &offer, reconnect);
                }
            }
            Pending::Receive(_) => {}
            Pending::Reconnect(key) => {
                if key == LegKey::Own {
                    self.described(now, result);
                }
                self.repaired(now, &key, true);
            }
            Pending::Mute(muted) => {
                self.muted = muted;
                self.mute_unsure = false;
            }
        }
    }

    pub(super) fn refused(&mut self, now: Time, id: u64, error: &Value) {
        if let Some(what) = self.pending.remove(&id) {
            self.unset(|timer| {
                matches!(timer, Timer::Pong(of) | Timer::Request(of) | Timer::Echo(of) if *of == id)
            });
            self.failed(now, what, error);
        }
    }

    pub(super) fn failed(&mut self, now: Time, what: Pending, error: &Value) {
        self.note(format!("{what:?} failed: {}", error["message"]));
        match what {
            Pending::Join => self.put_out(now, "could not join"),
            Pending::Connect => {
                self.tally.refused += 1;
                self.put_out(now, "connect was refused");
            }
            Pending::Publish if error["code"] == ALREADY_PUBLISHING => {
                self.request(now, "unpublishVideo", json!({}), Pending::Unpublish);
            }
            Pending::Publish | Pending::Unpublish => self.set(now, ASK_AGAIN, Timer::Publish),
            Pending::Prepare(stream, false) | Pending::Receive(stream) => {
                self.set(now, ASK_AGAIN, Timer::Subscribe(stream));
            }
            Pending::Prepare(stream, true) => self.repaired(now, &LegKey::Of(stream), false),
            Pending::Reconnect(key) => self.repaired(now, &key, false),
            Pending::Mute(_) => self.mute_unsure = true,
            Pending::Ping | Pending::Echo(..) | Pending::Other => {}
        }
    }

    /// The answer to the publisher's offer.
    fn described(&mut self, now: Time, result: &Value) {
        let remote = text(result, "sdpAnswer").and_then(|answer| sdp::transport(&answer));
        let peer = (self.legs.get_mut(&LegKey::Own)).and_then(|leg| leg.peer.as_mut());
        if let (Some(peer), Some(remote)) = (peer, remote) {
            peer.describe(now, remote);
        }
    }

    fn joined(&mut self, now: Time, result: &Value) {
        self.tally.joined += 1;
        self.ask_failures = 0;
        self.phase = Phase::In;
        self.connection = text(result, "id");
        self.rpc_session = text(result, "sessionId");
        self.publish(now);
        for other in result["value"].as_array().into_iter().flatten() {
            let Some(id) = text(other, "id") else {
                continue;
            };
            self.others.insert(id.clone());
            self.learn_streams(now, &id, &other["streams"]);
        }
    }

    pub(super) fn learn_streams(&mut self, now: Time, owner: &str, streams: &Value) {
        for stream in streams.as_array().into_iter().flatten() {
            let Some(id) = text(stream, "id") else {
                continue;
            };
            if self.remote.insert(id.clone(), owner.to_owned()).is_none() {
                self.subscribe(now, &id);
            }
        }
    }

    fn resumed(&mut self, now: Time) {
        self.tally.resumed += 1;
        self.phase = Phase::In;
        self.interval_told = false;
        self.ping(now);
        self.repair_all(now);
    }

    /// A stream is over.
    pub(super) fn forget_stream(&mut self, stream: &str) -> Option<Leg> {
        self.remote.remove(stream);
        self.unset(|timer| matches!(timer, Timer::Subscribe(of) if of == stream));
        self.legs.remove(&LegKey::Of(stream.to_owned()))
    }
}

pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}
