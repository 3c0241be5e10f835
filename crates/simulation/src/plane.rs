//! The media plane of a node, as far as one sees it from outside: transports that are described, connect to a peer of a
//! browser, lose it, and are closed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use agent::{Answer, Ask, Direction, Failure, FailureKind, Id, Stage, Transport};

use crate::browser::{PeerId, Remote, sdp};
use crate::queue::Time;

/// How long a transport may take to connect, and how long it may be without consent.
const PATIENCE: Time = 30_000;
/// Of consent, RFC 7675.
const CONSENT: Time = 7_000;

/// One transport.
#[derive(Clone, Debug)]
pub struct Carried {
    #[allow(missing_docs)]
    pub state: Transport,
    /// Whose description it has.
    pub peer: Option<PeerId>,
    answer: Answer,
    /// When it was last in touch with its peer, or was made.
    touched: Time,
}

/// What the plane says.
#[derive(Clone, Debug)]
pub enum Says {
    /// To a command.
    Answered(u64, Result<Answer, Failure>),
    /// A transport came to another stage, and why.
    Changed(Transport, &'static str),
}

/// The transports of one process.
#[derive(Debug, Default)]
pub struct Plane {
    ips: Vec<IpAddr>,
    /// Of `ips`.
    version: u64,
    transports: BTreeMap<Id, Carried>,
    publishers: BTreeMap<Id, Id>,
    /// Broken on purpose: it closes nothing.
    hoards: bool,
}

impl Plane {
    /// For descriptions from now on.
    pub fn set_addresses(&mut self, version: u64, ips: Vec<IpAddr>) {
        self.version = version;
        self.ips = ips;
    }

    pub(crate) fn hoard(&mut self, hoards: bool) {
        self.hoards = hoards;
    }

    #[allow(missing_docs)]
    pub fn transports(&self) -> impl Iterator<Item = &Carried> {
        self.transports.values()
    }

    #[allow(missing_docs)]
    pub fn transport(&self, id: &str) -> Option<&Carried> {
        self.transports.get(id)
    }

    /// All that is carried.
    pub fn snapshot(&self) -> Vec<Transport> {
        self.transports
            .values()
            .map(|carried| carried.state.clone())
            .collect()
    }

    /// Obeys.
    pub fn submit(&mut self, now: Time, key: u64, ask: Ask) -> Vec<Says> {
        let mut says = Vec::new();
        match ask {
            Ask::Publish {
                session,
                stream,
                transport,
                offer,
                ..
            } => {
                let ids = [session, stream, transport];
                let answer = self.make(now, ids, Direction::Publish, &offer, &mut says);
                says.push(Says::Answered(key, answer));
            }
            Ask::Subscribe {
                session,
                stream,
                transport,
                ..
            } => {
                let ids = [session, stream, transport];
                let answer = self.make(now, ids, Direction::Subscribe, "", &mut says);
                says.push(Says::Answered(key, answer));
            }
            Ask::Accept { transport, answer } => {
                says.push(Says::Answered(key, self.accept(&transport, &answer)));
            }
            Ask::Candidate { .. } => {}
            Ask::Close { transport } => self.close_by_id(transport, &mut says),
        }
        says
    }

    fn make(
        &mut self,
        now: Time,
        [session, stream, transport]: [Id; 3],
        direction: Direction,
        offer: &str,
        says: &mut Vec<Says>,
    ) -> Result<Answer, Failure> {
        if let Some(known) = self.transports.get(&transport) {
            return Ok(known.answer.clone());
        }
        if self.ips.is_empty() {
            let reason = "expected an address of this node, got none";
            return Err(Failure::new(FailureKind::Unavailable, reason));
        }
        let remote = Remote {
            transport: transport.to_string(),
            ips: self.ips.clone(),
        };
        let sdp = sdp::of_transport(&remote);
        let (answer, peer) = match direction {
            Direction::Publish => (Answer::Answer(sdp), sdp::peer(offer)),
            Direction::Subscribe => (Answer::Offer(sdp), None),
        };
        let state = Transport {
            transport: transport.clone(),
            session,
            stream: stream.clone(),
            direction,
            stage: Stage::New,
            addresses: self.version,
        };
        says.push(Says::Changed(state.clone(), "described"));
        let carried = Carried {
            state,
            peer,
            answer: answer.clone(),
            touched: now,
        };
        self.transports.insert(transport.clone(), carried);
        if direction == Direction::Publish
            && let Some(before) = self.publishers.insert(stream, transport)
        {
            self.close(&before, "replaced by another publisher of the stream", says);
        }
        Ok(answer)
    }

    fn accept(&mut self, transport: &Id, answer: &str) -> Result<Answer, Failure> {
        let Some(carried) = self.transports.get_mut(transport) else {
            let reason = format!("expected a transport of this node, got {transport}");
            return Err(Failure::new(FailureKind::Unknown, reason));
        };
        if carried.peer.is_none() {
            carried.peer = sdp::peer(answer);
        }
        Ok(Answer::Accepted)
    }

    fn close_by_id(&mut self, transport: Id, says: &mut Vec<Says>) {
        let Some(carried) = self.transports.get(&transport) else {
            let state = Transport {
                transport,
                session: "".into(),
                stream: "".into(),
                direction: Direction::Publish,
                stage: Stage::Closed,
                addresses: 0,
            };
            return says.push(Says::Changed(state, "unknown"));
        };
        let stream = carried.state.stream.clone();
        let publishes = self.publishers.get(&stream) == Some(&transport);
        self.close(&transport, "asked for", says);
        if publishes {
            self.publishers.remove(&stream);
            let subscribers: Vec<Id> = (self.transports.values())
                .filter(|carried| carried.state.stream == stream)
                .map(|carried| carried.state.transport.clone())
                .collect();
            for subscriber in subscribers {
                self.close(&subscriber, "the stream ended", says);
            }
        }
    }

    fn close(&mut self, transport: &Id, reason: &'static str, says: &mut Vec<Says>) {
        if self.hoards {
            return;
        }
        if let Some(mut carried) = self.transports.remove(transport) {
            carried.state.stage = Stage::Closed;
            says.push(Says::Changed(carried.state, reason));
        }
    }

    /// The shard of this transport, which has all of its session, begins anew, if hardly any of it is connected.
    pub fn restart_shard(&mut self, of: &str) -> Vec<Says> {
        let mut says = Vec::new();
        let Some(session) = self.transports.get(of).map(|it| it.state.session.clone()) else {
            return says;
        };
        let all = self.transports.iter();
        let shard: Vec<_> = all.filter(|(_, it)| it.state.session == session).collect();
        let well = |it: &&(&Id, &Carried)| it.1.state.stage == Stage::Connected;
        if shard.iter().filter(well).count() * 10 > shard.len() {
            return says;
        }
        let ids: Vec<Id> = shard.into_iter().map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.close(&id, "the media shard began anew", &mut says);
        }
        let transports = &self.transports;
        self.publishers.retain(|_, id| transports.contains_key(id));
        says
    }

    /// Whether this browser's checks are answered here, as that transport.
    pub fn answers(&self, transport: &str, peer: PeerId) -> bool {
        self.transports
            .get(transport)
            .is_some_and(|carried| carried.peer == Some(peer))
    }

    /// Whether the media of a stream is received from a client now.
    pub fn receives(&self, stream: &str) -> bool {
        let publisher = self.publishers.get(stream);
        publisher
            .and_then(|id| self.transports.get(id))
            .is_some_and(|carried| carried.state.stage == Stage::Connected)
    }

    /// Checks of peers were answered, or not; `touching` says of which.
    pub fn tick(&mut self, now: Time, touching: &dyn Fn(PeerId, &str) -> bool) -> Vec<Says> {
        let mut says = Vec::new();
        let mut late = Vec::new();
        for (id, carried) in &mut self.transports {
            let touched = carried.peer.is_some_and(|peer| touching(peer, id));
            if touched {
                carried.touched = now;
            }
            let stage = match (carried.state.stage, touched) {
                (_, true) => Stage::Connected,
                (Stage::Connected, false) if now >= carried.touched + CONSENT => {
                    Stage::Disconnected
                }
                (stage, false) => stage,
            };
            if !touched && now >= carried.touched + PATIENCE {
                late.push(id.clone());
            } else if stage != carried.state.stage {
                carried.state.stage = stage;
                says.push(Says::Changed(carried.state.clone(), "checks"));
            }
        }
        for id in late {
            self.close(&id, "nobody was there for too long", &mut says);
        }
        let transports = &self.transports;
        self.publishers.retain(|_, id| transports.contains_key(id));
        says
    }
}
