//! openvidu-browser, as far as its peer connections go (`Stream.ts`, `Session.ts`, `jsonrpcclient.js` of 2.29): one
//! repair of a stream at a time, of pushed offers only the last one is kept while one is under way, a repair that fails
//! is not repeated, and requests under way are forgotten with the WebSocket.

use std::collections::BTreeMap;

use conference::*;

use crate::dice::Dice;
use crate::node::Node;

#[derive(Debug)]
pub struct Client {
    index: usize,
    pub connection: ConnectionId,
    pub own: Leg,
    received: BTreeMap<StreamId, Leg>,
    pending: BTreeMap<RequestId, Asked>,
    requests: u64,
    descriptions: u64,
}

#[derive(Debug, Default)]
pub struct Leg {
    pub stream: Option<StreamId>,
    pc: Pc,
    /// `reconnectionEventEmitter`.
    repairing: bool,
    /// `onForciblyReconnectSubscriberLastEvent`.
    pushed: Option<String>,
}

/// One RTCPeerConnection.
#[derive(Debug, Default)]
pub struct Pc {
    local: String,
    /// The transport on the other side; `None` before its description is known.
    remote: Option<TransportId>,
    /// The server has agreed to it.
    agreed: bool,
    /// How often its ICE state has told that it is broken: disconnected, failed.
    noticed: u32,
}

#[derive(Debug)]
enum Asked {
    Publish,
    Prepare(StreamId, bool),
    Answer(StreamId),
}

#[derive(Debug)]
pub enum Heard {
    Reply(RequestId, Result<Reply, Error>),
    Push(StreamId, String),
    /// The WebSocket was closed, and is connected again.
    Redial,
}

type Sent = (RequestId, ClientOperation);

impl Pc {
    pub fn works(&self, node: &Node) -> bool {
        let transport = self.remote.as_ref().and_then(|it| node.transports.get(it));
        let remote = transport.and_then(|transport| transport.remote.as_ref());
        remote == Some(&self.local)
    }

    /// Without a description of the other side nothing ever changes.
    fn can_notice(&self, node: &Node, late: bool) -> bool {
        let times = if late { 2 } else { 1 };
        let begun = self.remote.is_some() && (self.agreed || late);
        begun && self.noticed < times && !self.works(node)
    }
}

impl Client {
    pub fn new(index: usize, name: &str) -> Self {
        Self {
            index,
            connection: ConnectionId::new(format!("con_{name}")),
            own: Leg::default(),
            received: BTreeMap::new(),
            pending: BTreeMap::new(),
            requests: 0,
            descriptions: 0,
        }
    }

    /// Whose request it is.
    pub fn of(request: RequestId) -> Option<usize> {
        (request.0 >> 32).checked_sub(1).map(|index| index as usize)
    }

    pub fn peer_connections(&self) -> impl Iterator<Item = &Pc> {
        let received = self.received.values().map(|leg| &leg.pc);
        std::iter::once(&self.own.pc).chain(received)
    }

    pub fn publish(&mut self) -> Sent {
        let offer = self.describe();
        self.own.pc = Pc {
            local: offer.clone(),
            ..Pc::default()
        };
        let operation = ClientOperation::Publish {
            offer,
            options: MediaOptions {
                has_audio: true,
                has_video: true,
                audio_active: true,
                video_active: true,
                type_of_video: Some(TypeOfVideo::Camera),
                frame_rate: None,
                video_dimensions: None,
            },
            nonce: "X123".into(),
        };
        self.ask(Asked::Publish, operation)
    }

    pub fn subscribe(&mut self, stream: StreamId) -> Sent {
        self.received.insert(stream.clone(), Leg::default());
        self.prepare(stream, false)
    }

    pub fn can_notice(&self, node: &Node, late: bool) -> bool {
        let mut all = self.peer_connections();
        all.any(|pc| pc.can_notice(node, late))
    }

    /// The ICE state of one of the broken ones changes.
    pub fn notice(&mut self, node: &Node, late: bool, dice: &mut Dice) -> Vec<Sent> {
        let own = self.own.pc.can_notice(node, late);
        let received = self.received.iter();
        let mut broken: Vec<Option<StreamId>> = received
            .filter(|(_, leg)| leg.pc.can_notice(node, late))
            .map(|(stream, _)| Some(stream.clone()))
            .collect();
        broken.extend(own.then_some(None));
        match dice.pick(&broken).cloned() {
            Some(None) => {
                self.own.pc.noticed += 1;
                self.repair_own()
            }
            Some(Some(stream)) => {
                if let Some(leg) = self.received.get_mut(&stream) {
                    leg.pc.noticed += 1;
                }
                self.repair(stream)
            }
            None => Vec::new(),
        }
    }

    pub fn hear(&mut self, heard: Heard, node: &Node) -> Vec<Sent> {
        match heard {
            Heard::Reply(request, result) => match self.pending.remove(&request) {
                Some(asked) => self.answered(asked, result),
                None => Vec::new(),
            },
            Heard::Push(stream, offer) => self.pushed(stream, offer),
            Heard::Redial => self.redial(node),
        }
    }

    fn answered(&mut self, asked: Asked, result: Result<Reply, Error>) -> Vec<Sent> {
        match (asked, result) {
            (Asked::Publish, Ok(Reply::Published { stream, answer, .. })) => {
                self.own.stream = Some(stream);
                self.own.pc.remote = Some(TransportId::new(answer));
                self.own.pc.agreed = true;
                self.own.repairing = false;
                Vec::new()
            }
            (Asked::Publish, _) => {
                self.own.repairing = false;
                Vec::new()
            }
            (Asked::Prepare(stream, again), Ok(Reply::Offer(offer))) => {
                vec![self.complete(stream, offer, again)]
            }
            (Asked::Answer(stream), Ok(_)) => {
                if let Some(leg) = self.received.get_mut(&stream) {
                    leg.pc.agreed = true;
                }
                self.repaired(stream)
            }
            (Asked::Prepare(stream, _) | Asked::Answer(stream), _) => self.repaired(stream),
        }
    }

    /// All that are broken, once the WebSocket is back (`reconnectBrokenStreams`).
    fn redial(&mut self, node: &Node) -> Vec<Sent> {
        self.pending.clear();
        let received = self.received.iter();
        let broken: Vec<StreamId> = received
            .filter(|(_, leg)| !leg.pc.works(node))
            .map(|(stream, _)| stream.clone())
            .collect();
        let own = !self.own.pc.works(node);
        let mut sent = if own { self.repair_own() } else { Vec::new() };
        sent.extend(broken.into_iter().flat_map(|stream| self.repair(stream)));
        sent
    }

    /// `initWebRtcPeerSend(true)`: the old peer connection goes first.
    fn repair_own(&mut self) -> Vec<Sent> {
        let Some(stream) = self.own.stream.clone().filter(|_| !self.own.repairing) else {
            return Vec::new();
        };
        let sdp = self.describe();
        self.own.repairing = true;
        self.own.pc = Pc {
            local: sdp.clone(),
            ..Pc::default()
        };
        let operation = ClientOperation::Reconnect { stream, sdp };
        vec![self.ask(Asked::Publish, operation)]
    }

    /// `initWebRtcPeerReceive(true)`: the old one stays until there is an offer.
    fn repair(&mut self, stream: StreamId) -> Vec<Sent> {
        let leg = self.received.entry(stream.clone()).or_default();
        if std::mem::replace(&mut leg.repairing, true) {
            return Vec::new();
        }
        vec![self.prepare(stream, true)]
    }

    fn prepare(&mut self, stream: StreamId, reconnect: bool) -> Sent {
        let asked = Asked::Prepare(stream.clone(), reconnect);
        self.ask(asked, ClientOperation::PrepareReceive { stream, reconnect })
    }

    /// `completeWebRtcPeerReceive`.
    fn complete(&mut self, stream: StreamId, offer: String, again: bool) -> Sent {
        let answer = self.describe();
        if let Some(leg) = self.received.get_mut(&stream) {
            leg.pc = Pc {
                local: answer.clone(),
                remote: Some(TransportId::new(offer)),
                ..Pc::default()
            };
        }
        let asked = Asked::Answer(stream.clone());
        let operation = match again {
            true => ClientOperation::Reconnect {
                stream,
                sdp: answer,
            },
            false => ClientOperation::Receive { stream, answer },
        };
        self.ask(asked, operation)
    }

    /// Well or not: what was pushed meanwhile comes next.
    fn repaired(&mut self, stream: StreamId) -> Vec<Sent> {
        let leg = self.received.entry(stream.clone()).or_default();
        leg.repairing = false;
        match leg.pushed.take() {
            Some(offer) => self.pushed(stream, offer),
            None => Vec::new(),
        }
    }

    fn pushed(&mut self, stream: StreamId, offer: String) -> Vec<Sent> {
        let leg = self.received.entry(stream.clone()).or_default();
        if leg.repairing {
            leg.pushed = Some(offer);
            return Vec::new();
        }
        leg.repairing = true;
        vec![self.complete(stream, offer, true)]
    }

    fn describe(&mut self) -> String {
        self.descriptions += 1;
        format!("{} {}", self.connection, self.descriptions)
    }

    fn ask(&mut self, asked: Asked, operation: ClientOperation) -> Sent {
        self.requests += 1;
        let request = RequestId((self.index as u64 + 1) << 32 | self.requests);
        self.pending.insert(request, asked);
        (request, operation)
    }
}
