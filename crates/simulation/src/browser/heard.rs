//! What the server says of its own accord.

use serde_json::Value;

use super::Browser;
use super::answers::text;
use crate::queue::Time;

impl Browser {
    /// A text frame arrived.
    pub fn frame(&mut self, now: Time, frame: &str) {
        if !self.socket {
            return;
        }
        let Ok(frame) = serde_json::from_str::<Value>(frame) else {
            return self.note("a frame that is not JSON");
        };
        match (frame["id"].as_u64(), frame["method"].as_str()) {
            (Some(id), _) if frame.get("error").is_some() => self.refused(now, id, &frame["error"]),
            (Some(id), _) => self.answered(now, id, &frame["result"]),
            (None, Some(method)) => self.told(now, method, &frame["params"]),
            (None, None) => self.note("a frame that is neither answer nor notification"),
        }
    }

    fn told(&mut self, now: Time, method: &str, params: &Value) {
        match method {
            "participantJoined" => self.others.extend(text(params, "id")),
            "participantLeft" => self.someone_left(params),
            "participantPublished" => {
                if let Some(owner) = text(params, "id") {
                    self.others.insert(owner.clone());
                    self.learn_streams(now, &owner, &params["streams"]);
                }
            }
            "participantUnpublished" => {
                if let Some(owner) = text(params, "connectionId") {
                    self.forget_streams_of(&owner);
                }
            }
            "participantEvicted" if text(params, "connectionId") == self.connection => {
                self.tally.evicted += 1;
                let reason = format!("evicted, {}", params["reason"]);
                self.put_out(now, &reason);
            }
            "forciblyReconnectSubscriber" => {
                let (stream, offer) = (text(params, "streamId"), text(params, "sdpOffer"));
                if let (Some(stream), Some(offer)) = (stream, offer) {
                    self.forced(now, &stream, offer);
                }
            }
            _ => {}
        }
    }

    fn someone_left(&mut self, params: &Value) {
        if let Some(id) = text(params, "connectionId") {
            self.others.remove(&id);
            self.forget_streams_of(&id);
        }
    }

    fn forget_streams_of(&mut self, owner: &str) {
        let streams: Vec<String> = (self.remote.iter())
            .filter(|(_, of)| *of == owner)
            .map(|(stream, _)| stream.clone())
            .collect();
        for stream in streams {
            self.forget_stream(&stream);
        }
    }
}
