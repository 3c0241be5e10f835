//! A call over one path: publish, subscribe to what was published, and have media come back.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use reachability::{Failed, Path, Protocol, Stage};

use crate::knock::unopened;
use crate::media::MediaEcho;
use crate::peer::{Peer, Turn};
use crate::probe::{Channel, Output, Signalled};
use crate::report::Passed;

/// Packets taken in by one call; what comes after is not looked at.
const MOST_PACKETS: u32 = 1_000;

/// Turns in one poll.
const TURNS: u32 = 4;

/// One call.
pub struct Call {
    number: usize,
    pub path: Path,
    ip: IpAddr,
    protocol: Protocol,
    secret: [u8; 10],
    begun: Instant,
    /// When the node had answered the offer.
    published: Option<Instant>,
    legs: [Leg; 2],
    echo: Option<MediaEcho>,
    packets: u32,
    out: VecDeque<Output>,
    result: Option<Result<Passed, Failed>>,
}

/// One end of it.
#[derive(Default)]
struct Leg {
    peer: Option<Peer>,
    /// Where the node's end is.
    remote: Option<SocketAddr>,
}

/// Index of the leg that publishes; the other has it sent back.
const PUBLISHER: usize = 0;
const SUBSCRIBER: usize = 1;

impl Call {
    /// Begins by an offer. `number` tells it from the probe's other calls.
    pub fn new(
        now: Instant,
        number: usize,
        ip: IpAddr,
        protocol: Protocol,
        secret: [u8; 10],
    ) -> Self {
        let mut call = Self {
            number,
            path: Path::Direct { ip, protocol },
            ip,
            protocol,
            secret,
            begun: now,
            published: None,
            legs: Default::default(),
            echo: None,
            packets: 0,
            out: VecDeque::new(),
            result: None,
        };
        match Peer::publisher(now) {
            Some((peer, offer)) => {
                call.legs[PUBLISHER].peer = Some(peer);
                call.out.push_back(Output::Publish {
                    call: number,
                    offer,
                });
            }
            None => call.end(Err(Failed {
                stage: Stage::Publish,
                reason: "this machine could not make an offer".to_owned(),
                hint: "its ICE and DTLS library failed".to_owned(),
            })),
        }
        call
    }

    /// `None` while it is under way.
    pub fn result(&self) -> Option<&Result<Passed, Failed>> {
        self.result.as_ref()
    }

    fn end(&mut self, result: Result<Passed, Failed>) {
        self.result.get_or_insert(result);
        self.legs = Default::default();
    }

    /// What is to be done now.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        // What one turn queues is had with the next.
        for _ in 0..TURNS {
            let due = self.deadline().is_some_and(|at| at <= now);
            if !due || !self.out.is_empty() {
                break;
            }
            self.turn(now);
        }
        self.out.pop_front()
    }

    /// When [`Call::poll`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        if self.result.is_some() {
            return None;
        }
        let peers = self.legs.iter().filter_map(|leg| leg.peer.as_ref());
        let peers = peers.map(Peer::wake);
        let echo = self.echo.as_ref().map(MediaEcho::deadline);
        peers.chain(echo).min()
    }

    fn turn(&mut self, now: Instant) {
        for index in [PUBLISHER, SUBSCRIBER] {
            while let Some(peer) = &mut self.legs[index].peer {
                match peer.poll(now) {
                    Turn::Wait => break,
                    Turn::Send(data) => {
                        let channel = self.channel(index);
                        self.out.push_back(Output::Say { channel, data });
                    }
                    Turn::Packet(payload) => {
                        if let Some(echo) = &mut self.echo {
                            echo.heard(now, &payload);
                        }
                    }
                    Turn::Failed(failed) => return self.end(Err(failed)),
                }
            }
        }
        self.echo(now);
    }

    fn echo(&mut self, now: Instant) {
        let [Some(publisher), Some(subscriber)] = self.legs.each_mut().map(|leg| leg.peer.as_mut())
        else {
            return;
        };
        if publisher.connected().is_none() || subscriber.connected().is_none() {
            return;
        }
        let echo = self
            .echo
            .get_or_insert_with(|| MediaEcho::new(now, self.secret));
        if let Some((number, payload)) = echo.elapse(now) {
            publisher.send(now, number, payload);
        }
        let took = publisher.took();
        let Some(result) = echo.result(now) else {
            return;
        };
        let remote = self.legs[PUBLISHER].remote;
        let remote = remote.unwrap_or_else(|| SocketAddr::new(self.ip, 0));
        let published = self.published.unwrap_or(now) - self.begun;
        self.end(result.map(|echoed| Passed::Call {
            at: remote,
            publish: published,
            ice: took.0,
            dtls: took.1,
            round_trip: echoed.round_trip,
            sent: echoed.sent,
            lost: echoed.lost,
        }));
    }

    fn channel(&self, leg: usize) -> Channel {
        Channel::Call(self.number, leg)
    }

    /// What the node said. `ports` are those that it announced.
    pub fn signalled(&mut self, now: Instant, said: Signalled, ports: &[u16]) {
        if self.result.is_some() {
            return;
        }
        let taken = match said {
            Signalled::Published(Ok(sdp)) => self.published(now, &sdp, ports),
            Signalled::Offered(Ok(sdp)) => self.offered(now, &sdp, ports),
            Signalled::Accepted(Ok(())) => Ok(()),
            Signalled::Published(Err(reason)) => Err(refused("publish for the probe", &reason)),
            Signalled::Offered(Err(reason)) => {
                Err(refused("send back what was published", &reason))
            }
            Signalled::Accepted(Err(reason)) => Err(refused("take the probe's answer", &reason)),
        };
        if let Err(failed) = taken {
            self.end(Err(failed));
        }
    }

    fn published(&mut self, now: Instant, sdp: &str, ports: &[u16]) -> Result<(), Failed> {
        let Some(peer) = self.legs[PUBLISHER].peer.as_mut() else {
            return Ok(());
        };
        let candidates = peer.answered(now, sdp)?;
        self.published = Some(now);
        self.open(PUBLISHER, &candidates, ports)?;
        self.out.push_back(Output::Subscribe { call: self.number });
        Ok(())
    }

    fn offered(&mut self, now: Instant, sdp: &str, ports: &[u16]) -> Result<(), Failed> {
        let (peer, answer, candidates) = Peer::subscriber(now, sdp)?;
        self.legs[SUBSCRIBER].peer = Some(peer);
        self.out.push_back(Output::Accept {
            call: self.number,
            answer,
        });
        self.open(SUBSCRIBER, &candidates, ports)
    }

    /// Which port a transport has follows from any candidate; whether clients are told of this path does not matter.
    fn open(&mut self, leg: usize, named: &[SocketAddr], ports: &[u16]) -> Result<(), Failed> {
        let here = named.iter().find(|at| at.ip() == self.ip);
        let port = here.or(named.first()).map(SocketAddr::port);
        let Some(port) = port.filter(|port| ports.contains(port)) else {
            let named: Vec<String> = named.iter().take(4).map(SocketAddr::to_string).collect();
            return Err(Failed {
                stage: Stage::Description,
                reason: format!(
                    "expected a candidate in what the node described at a port that it announced, got [{}]",
                    named.join(", ")
                ),
                hint: "its addresses have just changed, or its configuration contradicts itself"
                    .to_owned(),
            });
        };
        let to = SocketAddr::new(self.ip, port);
        self.legs[leg].remote = Some(to);
        self.out.push_back(Output::Open {
            channel: self.channel(leg),
            protocol: self.protocol,
            to,
        });
        Ok(())
    }

    /// The channel of a leg stands, or does not.
    pub fn opened(&mut self, now: Instant, leg: usize, opened: Result<SocketAddr, &io::Error>) {
        let Some(leg) = self.legs.get_mut(leg) else {
            return;
        };
        match (opened, leg.peer.as_mut(), leg.remote) {
            (Ok(local), Some(peer), Some(remote)) => {
                peer.route(now, self.protocol, local, remote);
            }
            (Err(error), ..) => {
                let failed = unopened(error);
                self.end(Err(failed));
            }
            _ => {}
        }
    }

    /// A packet came on the channel of a leg.
    pub fn heard(&mut self, now: Instant, leg: usize, packet: &[u8]) {
        self.packets += 1;
        if self.packets > MOST_PACKETS {
            return;
        }
        if let Some(peer) = self.legs.get_mut(leg).and_then(|leg| leg.peer.as_mut()) {
            peer.receive(now, packet);
        }
    }

    /// A channel is over. A refusal on UDP decides nothing: what is wrong shows by itself.
    pub fn broke(&mut self, error: &io::Error) {
        if self.protocol == Protocol::Tcp {
            self.end(Err(Failed {
                stage: Stage::Ice,
                reason: format!("the connection ended: {error}"),
                hint: "something on the way, or the node, ends connections".to_owned(),
            }));
        }
    }

    /// Ends it. `whole` is how long the probe took.
    pub fn give_up(&mut self, now: Instant) {
        if self.result.is_some() {
            return;
        }
        let failed = match (self.published, &self.legs[SUBSCRIBER].peer) {
            (None, _) => late("answer the probe's offer", now, self.begun),
            (Some(at), None) => late("offer what was published", now, at),
            (Some(_), Some(_)) => self.unconnected(now),
        };
        self.end(Err(failed));
    }

    fn unconnected(&self, now: Instant) -> Failed {
        let peers = self.legs.iter().filter_map(|leg| leg.peer.as_ref());
        let mut open = peers.filter(|peer| peer.connected().is_none());
        match (open.next(), &self.echo) {
            (Some(peer), _) => peer.given_up(now),
            (None, Some(echo)) => echo.given_up(),
            (None, None) => late("go on", now, self.begun),
        }
    }
}

fn refused(what: &str, reason: &str) -> Failed {
    Failed {
        stage: Stage::Publish,
        reason: format!("the node did not {what}: {reason}"),
        hint: String::new(),
    }
}

fn late(what: &str, now: Instant, since: Instant) -> Failed {
    Failed {
        stage: Stage::Publish,
        reason: format!(
            "the node did not {what} within {:.1} s",
            (now - since).as_secs_f64()
        ),
        hint: "it has more to do than it can, or its link is slow".to_owned(),
    }
}
