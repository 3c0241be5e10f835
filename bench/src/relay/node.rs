//! A node whose subscribers come through its own relay, and through coturn.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use media::{Answer, Command, Event, Plane};

use super::coturn::Coturn;
use super::{Options, Turn, leg, ours, plain, theirs};
use crate::floor::system::pin;
use crate::load::client::Client;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(60);
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 30);
const BURST: usize = 4;
const PAYLOAD: usize = 1100;

/// Measures in turns.
pub fn measure(options: &Options) -> Result<Vec<Turn>> {
    let mut turns = Vec::new();
    for _ in 0..options.rounds {
        let own = Room::open(options, false)?.cost(options)?;
        let coturn = Room::open(options, true)?.cost(options)?;
        turns.push(Turn { ours: own, coturn });
    }
    Ok(turns)
}

/// A node, one publisher, and subscribers behind a relay.
struct Room {
    plane: Plane,
    events: Receiver<Event>,
    coturn: Option<Coturn>,
    /// The first publishes.
    clients: Vec<Client>,
    next_key: u64,
    sequence: u64,
    time: u32,
}

impl Room {
    fn open(options: &Options, foreign: bool) -> Result<Self> {
        pin(options.relay_core)?;
        let (tx, events) = channel();
        let config = media::Config {
            evidence: None,
            shards: NonZeroUsize::MIN,
            ports: 0..=0,
            addresses: vec![LOCAL],
            relay: media::relay::Options::default(),
            relay_port: None,
        };
        let plane = media::start(config, Arc::new(move |event| tx.send(event).is_ok()))?;
        let coturn = foreign.then(Coturn::start).transpose()?;
        pin(options.load_core)?;
        plane.set_relay(plain::settings([].into()))?;
        let mut room = Self {
            plane,
            events,
            coturn,
            clients: Vec::new(),
            next_key: 0,
            sequence: 1,
            time: 0,
        };
        room.fill(options)?;
        Ok(room)
    }

    fn fill(&mut self, options: &Options) -> Result<()> {
        let now = Instant::now();
        let media = SocketAddr::new(LOCAL, self.plane.ports()[0]);
        let own = SocketAddr::new(LOCAL, self.plane.stun_port());
        let relay = self.coturn.as_ref().map_or(own, |coturn| coturn.addr);
        let mut publisher = Client::new(now)?;
        let (offer, pending) = publisher.offer_video()?;
        let (stream, session) = ("stream".into(), "session".into());
        let answer = self.ask(|key| Command::Publish {
            key,
            session,
            stream,
            transport: "publisher".into(),
            offer,
            forced_video_codec: Some(media::VideoCodec::Vp8),
        })?;
        let Answer::Answer(answer) = answer else {
            bail!("expected an SDP answer, got {answer:?}");
        };
        publisher.accept_answer(pending, &answer)?;
        self.clients.push(publisher);
        for index in 0..options.clients {
            let (socket, channel) = leg::connect(relay, media, index)?;
            let mut client = Client::relayed(now, socket, channel)?;
            let transport: media::Id = format!("subscriber {index}").into();
            let made = transport.clone();
            let offer = self.ask(|key| Command::Subscribe {
                key,
                session: "session".into(),
                stream: "stream".into(),
                transport: made,
                audio: false,
                video: true,
            })?;
            let Answer::Offer(offer) = offer else {
                bail!("expected an SDP offer, got {offer:?}");
            };
            let answer = client.answer(&offer)?;
            self.ask(|key| Command::Accept {
                key,
                transport,
                answer,
            })?;
            self.clients.push(client);
        }
        let until = Instant::now() + PATIENCE;
        while !self.clients.iter().all(Client::is_connected) {
            ensure!(Instant::now() < until, "not all clients connect");
            self.turn()?;
        }
        Ok(())
    }

    fn ask(&mut self, command: impl FnOnce(u64) -> Command) -> Result<Answer> {
        self.next_key += 1;
        self.plane.submit(command(self.next_key))?;
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            match event.context("the plane does not answer")? {
                Event::Answered { key, result } if key == self.next_key => return Ok(result?),
                _ => {}
            }
        }
    }

    fn turn(&mut self) -> Result<()> {
        let now = Instant::now();
        for client in &mut self.clients {
            client.readable(now)?;
            client.tick(now)?;
        }
        std::thread::sleep(Duration::from_micros(500));
        Ok(())
    }

    /// CPU time of the node, and of the relay beside it, per packet that a subscriber decrypted.
    fn cost(mut self, options: &Options) -> Result<f64> {
        self.send_for(Duration::from_secs(1))?;
        let (before, used, sent) = (self.received(), self.cpu()?, self.sequence);
        self.send_for(Duration::from_secs(options.seconds))?;
        let arrived = self.received() - before;
        let expected = (self.sequence - sent) * (self.clients.len() as u64 - 1);
        ensure!(
            arrived * 100 > expected * 95,
            "{arrived} of {expected} packets arrived"
        );
        Ok((self.cpu()? - used) as f64 / arrived as f64)
    }

    fn cpu(&self) -> Result<u64> {
        let beside = self.coturn.as_ref().map(theirs).transpose()?;
        Ok(ours()? + beside.unwrap_or(0))
    }

    fn received(&self) -> u64 {
        self.clients
            .iter()
            .map(|client| client.received().packets)
            .sum()
    }

    fn send_for(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        let mut next = Instant::now();
        while Instant::now() < until {
            for packet in 0..BURST {
                let mut payload = [0xab; PAYLOAD];
                // VP8 payload descriptor (RFC 7741 section 4.2): the first packet starts partition 0.
                payload[0] = if packet == 0 { 0x10 } else { 0 };
                let (now, last) = (Instant::now(), packet + 1 == BURST);
                self.clients[0].write(now, self.sequence, self.time, last, &payload)?;
                self.sequence += 1;
            }
            self.time = self.time.wrapping_add(3000);
            next += FRAME;
            while Instant::now() < next {
                self.turn()?;
            }
        }
        Ok(())
    }
}
