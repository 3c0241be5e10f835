//! A plane, its events, and waiting for things to be so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use media::evidence::{Evidence, Occasion, Seen};
use media::{
    Answer, Command, Config, Event, Id, NewCandidates, Plane, Refusal, Stage, Totals,
    TransportState, VideoCodec, start,
};
use str0m::media::MediaKind;

use super::client::Client;

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// IPv4 loopback.
pub const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// IPv6 loopback.
pub const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A plane with one shard, and what it said.
pub struct World {
    pub plane: Plane,
    events: Receiver<Event>,
    stages: Vec<(TransportState, &'static str)>,
    /// What clients are to be told of changed addresses.
    pub told: Vec<NewCandidates>,
    answers: Vec<(u64, Result<Answer, Refusal>)>,
    seen: Receiver<Seen>,
    next_key: u64,
    /// Of what is published and subscribed from now on.
    pub session: String,
}

impl World {
    /// Advertising `addresses`.
    pub fn new(addresses: &[IpAddr]) -> Self {
        Self::with_shards(addresses, 1)
    }

    /// With several shards.
    pub fn with_shards(addresses: &[IpAddr], shards: usize) -> Self {
        let shards = NonZeroUsize::new(shards).unwrap();
        Self::of(Config {
            shards,
            ports: 0..=0,
            addresses: addresses.to_vec(),
            relay: media::relay::Options::default(),
            relay_port: None,
            evidence: None,
        })
    }

    /// With a relay that is set up in this way.
    pub fn with_relay(shards: usize, relay: media::relay::Options) -> Self {
        let shards = NonZeroUsize::new(shards).unwrap();
        Self::of(Config {
            shards,
            ports: 0..=0,
            addresses: vec![V4],
            relay,
            relay_port: None,
            evidence: None,
        })
    }

    /// Its evidence is heard.
    fn of(config: Config) -> Self {
        let (tx, events) = channel();
        let (witness, seen) = channel();
        let config = Config {
            evidence: Some(Arc::new(move |it| witness.send(it).is_ok())),
            ..config
        };
        let plane = start(config, Arc::new(move |event| tx.send(event).is_ok())).unwrap();
        Self {
            plane,
            events,
            stages: Vec::new(),
            told: Vec::new(),
            answers: Vec::new(),
            seen,
            next_key: 1,
            session: "session".into(),
        }
    }

    /// Where the shard listens, at `ip`.
    pub fn at(&self, ip: IpAddr) -> SocketAddr {
        SocketAddr::new(ip, self.plane.ports()[0])
    }

    pub fn counters(&self) -> Totals {
        self.plane.counters()
    }

    /// Publishes and returns the answer.
    pub fn publish(
        &mut self,
        stream: &str,
        transport: &str,
        offer: &str,
    ) -> Result<String, Refusal> {
        self.publish_as(stream, transport, offer, None)
    }

    /// Publishes with a forced codec.
    pub fn publish_as(
        &mut self,
        stream: &str,
        transport: &str,
        offer: &str,
        forced: Option<VideoCodec>,
    ) -> Result<String, Refusal> {
        let key = self.key();
        let answer = self.ask(
            key,
            Command::Publish {
                key,
                session: id(&self.session),
                stream: id(stream),
                transport: id(transport),
                offer: offer.into(),
                forced_video_codec: forced,
            },
        )?;
        match answer {
            Answer::Answer(sdp) => Ok(sdp),
            other => panic!("expected an answer, got {other:?}"),
        }
    }

    /// Subscribes and returns the offer.
    pub fn subscribe(
        &mut self,
        stream: &str,
        transport: &str,
        audio: bool,
        video: bool,
    ) -> Result<String, Refusal> {
        let key = self.key();
        let answer = self.ask(
            key,
            Command::Subscribe {
                key,
                session: id(&self.session),
                stream: id(stream),
                transport: id(transport),
                audio,
                video,
            },
        )?;
        match answer {
            Answer::Offer(sdp) => Ok(sdp),
            other => panic!("expected an offer, got {other:?}"),
        }
    }

    /// Hands over a subscriber's answer.
    pub fn accept(&mut self, transport: &str, answer: &str) -> Result<Answer, Refusal> {
        let key = self.key();
        let command = Command::Accept {
            key,
            transport: id(transport),
            answer: answer.into(),
        };
        self.ask(key, command)
    }

    pub fn close(&self, transport: &str) {
        let transport = id(transport);
        self.plane.submit(Command::Close { transport }).unwrap();
    }

    fn key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    fn ask(&mut self, key: u64, command: Command) -> Result<Answer, Refusal> {
        self.plane.submit(command).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            self.listen();
            if let Some(at) = self.answers.iter().position(|(known, _)| *known == key) {
                return self.answers.remove(at).1;
            }
            assert!(Instant::now() < until, "no answer");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn listen(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Answered { key, result } => self.answers.push((key, result)),
                Event::Transport { state, reason } => self.stages.push((state, reason)),
                Event::Candidates(told) => self.told.push(told),
            }
        }
    }

    /// Waits for evidence that was given for this reason, and returns it. Clients are not turned meanwhile.
    pub fn evidence(&mut self, transport: &str, occasion: Occasion) -> Evidence {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let seen = self.seen.recv_timeout(left).expect("no evidence");
            if let Seen::Transport(evidence) = seen
                && &*evidence.state.transport == transport
                && evidence.occasion == occasion
            {
                return *evidence;
            }
        }
    }

    /// All evidence that was given so far and not looked at.
    pub fn all_evidence(&mut self) -> Vec<Seen> {
        self.seen.try_iter().collect()
    }

    /// The newest stage of a transport, and why.
    pub fn stage(&mut self, transport: &str) -> Option<(Stage, &'static str)> {
        self.listen();
        let stages = self.stages.iter().rev();
        let mut stages = stages.filter(|(state, _)| &*state.transport == transport);
        stages.next().map(|(state, reason)| (state.stage, *reason))
    }

    /// All stages of a transport so far.
    pub fn stages(&mut self, transport: &str) -> Vec<Stage> {
        self.listen();
        let stages = self.stages.iter();
        let stages = stages.filter(|(state, _)| &*state.transport == transport);
        stages.map(|(state, _)| state.stage).collect()
    }

    /// Turns the clients until `done`, at most [`PATIENCE`].
    pub fn until(
        &mut self,
        what: &str,
        clients: &mut [&mut Client],
        mut done: impl FnMut(&mut Self, &mut [&mut Client]) -> bool,
    ) {
        let until = Instant::now() + PATIENCE;
        while !done(self, clients) {
            let received: Vec<usize> = clients.iter().map(|c| c.received.len()).collect();
            assert!(
                Instant::now() < until,
                "{what}: {received:?} {:?}",
                self.counters()
            );
            let mut came = false;
            clients.iter_mut().for_each(|client| came |= client.turn());
            if !came {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// A connected publisher of audio and video.
    pub fn publisher(&mut self, stream: &str, transport: &str, mut client: Client) -> Client {
        let offer = client.offer(&[MediaKind::Audio, MediaKind::Video]);
        let answer = self.publish(stream, transport, &offer).unwrap();
        client.answered(&answer);
        self.until("publisher connects", &mut [&mut client], |_, clients| {
            clients[0].connected
        });
        client
    }

    /// A connected subscriber of audio and video.
    pub fn subscriber(&mut self, stream: &str, transport: &str, mut client: Client) -> Client {
        let offer = self.subscribe(stream, transport, true, true).unwrap();
        let answer = client.answer(&offer);
        assert_eq!(self.accept(transport, &answer), Ok(Answer::Accepted));
        self.until(
            "subscriber connects",
            &mut [&mut client],
            |world, clients| {
                let stage = world.stage(transport).map(|(stage, _)| stage);
                clients[0].connected && stage == Some(Stage::Connected)
            },
        );
        client
    }
}

pub fn id(text: &str) -> Id {
    text.into()
}
