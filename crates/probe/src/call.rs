//! A call over one path: publish, subscribe to what was published, and have media come back.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use reachability::{Failed, Path, Protocol, Relay, Stage};

use crate::knock::unopened;
use crate::media::MediaEcho;
use crate::output::{Channel, Output, Signalled};
use crate::peer::{Peer, Turn};
use crate::plan::Limits;
use crate::relaying::seed;
use crate::report::Passed;
use crate::tunnel::{Told, Tunnel};

/// Packets taken in by one call; what comes after is not looked at.
const MOST_PACKETS: u32 = 1_000;

/// A call through a relay takes less, or something is wrong on its way.
const ENOUGH: Duration = Duration::from_secs(2);

/// Turns in one poll.
const TURNS: u32 = 4;

/// One call.
pub struct Call {
    number: usize,
    pub path: Path,
    way: Way,
    secret: [u8; 10],
    limits: Limits,
    begun: Instant,
    /// When the node had answered the offer.
    published: Option<Instant>,
    legs: [Leg; 2],
    echo: Option<MediaEcho>,
    packets: u32,
    out: VecDeque<Output>,
    result: Option<Result<Passed, Failed>>,
}

/// By which a call goes.
#[derive(Clone, Debug)]
pub struct Way {
    /// The node's.
    pub ip: IpAddr,
    /// Of the call's own channels.
    pub protocol: Protocol,
    #[allow(missing_docs)]
    pub relay: Option<Relay>,
}

/// One end of it.
#[derive(Default)]
struct Leg {
    peer: Option<Peer>,
    /// Where a relay is between.
    tunnel: Option<Box<Tunnel>>,
    /// Where the node's end is.
    remote: Option<SocketAddr>,
}

/// Index of the leg that publishes; the other has it sent back.
const PUBLISHER: usize = 0;
const SUBSCRIBER: usize = 1;

impl Call {
    /// Begins by an offer. `number` tells it from the probe's other calls.
    pub fn new(now: Instant, number: usize, way: Way, secret: [u8; 10], limits: Limits) -> Self {
        let mut call = Self {
            number,
            path: way.path(),
            way,
            secret,
            limits,
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
        for index in [PUBLISHER, SUBSCRIBER] {
            let channel = self.channel(index);
            let leave = self.legs[index].tunnel.as_mut().and_then(|it| it.leave());
            let leave = leave.map(|data| Output::Say { channel, data });
            self.out.extend(leave);
        }
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
        let tunnels = self.legs.iter().filter_map(|leg| leg.tunnel.as_ref());
        let tunnels = tunnels.filter_map(|tunnel| tunnel.deadline());
        peers.chain(echo).chain(tunnels).min()
    }

    fn turn(&mut self, now: Instant) {
        for index in [PUBLISHER, SUBSCRIBER] {
            if let Err(failed) = self.poll_tunnel(now, index) {
                return self.end(Err(failed));
            }
            while let Some(peer) = &mut self.legs[index].peer {
                match peer.poll(now) {
                    Turn::Wait => break,
                    Turn::Send(data) => {
                        let channel = self.channel(index);
                        let data = match &self.legs[index].tunnel {
                            Some(tunnel) => tunnel.wrap(0, &data),
                            None => Some(data),
                        };
                        let said = data.map(|data| Output::Say { channel, data });
                        self.out.extend(said);
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

    fn poll_tunnel(&mut self, now: Instant, index: usize) -> Result<(), Failed> {
        let channel = self.channel(index);
        if let Some(tunnel) = &mut self.legs[index].tunnel
            && let Some(data) = tunnel.poll(now)?
        {
            self.out.push_back(Output::Say { channel, data });
        }
        Ok(())
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
        let remote = remote.unwrap_or_else(|| SocketAddr::new(self.way.ip, 0));
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
        let here = named.iter().find(|at| at.ip() == self.way.ip);
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
        let to = SocketAddr::new(self.way.ip, port);
        self.legs[leg].remote = Some(to);
        let channel = self.channel(leg);
        let protocol = self.way.protocol;
        let opening = match &self.way.relay {
            None => Output::Open {
                channel,
                protocol,
                to,
            },
            Some(relay) => {
                let (host, port) = (relay.host.clone(), relay.port);
                Output::Dial {
                    channel,
                    protocol,
                    host,
                    port,
                }
            }
        };
        self.out.push_back(opening);
        Ok(())
    }

    /// The channel of a leg stands, or does not.
    pub fn opened(&mut self, now: Instant, leg: usize, opened: Result<SocketAddr, &io::Error>) {
        let number = self.number;
        let (leg, end) = match self.legs.get_mut(leg) {
            Some(it) => (it, leg),
            None => return,
        };
        match (opened, leg.peer.as_mut(), leg.remote) {
            (Ok(local), Some(peer), Some(remote)) => match &self.way.relay {
                None => peer.route(now, self.way.protocol, local, remote),
                Some(relay) => {
                    let seed = seed(self.secret, number, end as u8 + 1);
                    let mut tunnel = Tunnel::new(now, relay, vec![remote], seed, self.limits);
                    tunnel.begin(now);
                    leg.tunnel = Some(Box::new(tunnel));
                }
            },
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
        let Some(leg) = self.legs.get_mut(leg) else {
            return;
        };
        let (Some(peer), remote) = (leg.peer.as_mut(), leg.remote) else {
            return;
        };
        let Some(tunnel) = &mut leg.tunnel else {
            return peer.receive(now, packet);
        };
        match (tunnel.hear(now, packet), remote) {
            (Told::Data(_, data), _) => peer.receive(now, data),
            // To the node the relayed address is a peer like any other.
            (Told::Open(relayed), Some(remote)) => peer.route(now, Protocol::Udp, relayed, remote),
            (Told::Failed(failed), _) => self.end(Err(failed)),
            _ => {}
        }
    }

    /// A channel is over. A refusal on UDP decides nothing: what is wrong shows by itself.
    pub fn broke(&mut self, error: &io::Error) {
        if self.way.protocol != Protocol::Udp {
            self.end(Err(Failed {
                stage: Stage::Ice,
                reason: format!("the connection ended: {error}"),
                hint: "something on the way, or the node, ends connections".to_owned(),
            }));
        }
    }

    /// Whether it goes through a relay and began so late that its end says nothing of that. Those begin after all others.
    pub fn has_had_no_time(&self, now: Instant) -> bool {
        self.way.relay.is_some() && self.result.is_none() && now < self.begun + ENOUGH
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

impl Way {
    /// In the words of the matrix.
    pub fn path(&self) -> Path {
        let (ip, protocol) = (self.ip, self.protocol);
        let relayed = self.relay.as_ref().map(|relay| relay.path.clone());
        relayed.unwrap_or(Path::Direct { ip, protocol })
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
