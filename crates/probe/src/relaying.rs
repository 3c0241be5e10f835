//! Plain STUN through a relay: whether it gives an address, and lets us through to the node from there.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use reachability::{Failed, Relay, Stage};

use crate::knock::unopened;
use crate::plan::{Limits, Plan};
use crate::report::Passed;
use crate::stun::{self, Said, Transaction};
use crate::tunnel::{Told, Tunnel};

/// Addresses of the node that are tried through one relay.
const MOST_PEERS: usize = 4;

/// Above these are the seeds of allocations for calls.
const ECHO_SEEDS: u8 = 0;

/// An echo through one relay. Passes when any of the node's addresses answers, as a client tries them all.
pub struct Relaying {
    pub relay: Relay,
    tunnel: Tunnel,
    peers: Vec<SocketAddr>,
    transaction: Transaction,
    limits: Limits,
    begun: Instant,
    /// The relay lets us through since.
    open: Option<Instant>,
    sent: u32,
    next: Option<Instant>,
    pause: Duration,
    /// At which address of the node's it passed.
    passed_at: Option<IpAddr>,
    result: Option<Result<Passed, Failed>>,
    farewell: Option<Vec<u8>>,
}

impl Relaying {
    /// Begun when the relay is connected. `None` where the node has no address or no port. `number` tells it from others.
    pub fn new(now: Instant, relay: Relay, number: usize, plan: &Plan) -> Option<Self> {
        let port = plan
            .ports
            .get(usize::from(plan.secret[0]) % plan.ports.len().max(1))?;
        let ips = || plan.routes.iter().map(|route| route.ip);
        let v6 = ips().all(|ip| ip.is_ipv6());
        let ips = ips().filter(|ip| ip.is_ipv6() == v6).take(MOST_PEERS);
        let peers: Vec<_> = ips.map(|ip| SocketAddr::new(ip, *port)).collect();
        peers.first()?;
        let seed = seed(plan.secret, number, ECHO_SEEDS);
        Some(Self {
            tunnel: Tunnel::new(now, &relay, peers.clone(), seed, plan.limits),
            relay,
            peers,
            transaction: stun::transaction(usize::from(u16::MAX / 2) - number, &plan.secret),
            limits: plan.limits,
            begun: now,
            open: None,
            sent: 0,
            next: None,
            pause: plan.limits.first_pause,
            passed_at: None,
            result: None,
            farewell: None,
        })
    }

    /// `None` while it is under way.
    pub fn result(&self) -> Option<&Result<Passed, Failed>> {
        self.result.as_ref()
    }

    /// Where the node is to be reached through the relay.
    pub fn passed_at(&self) -> Option<IpAddr> {
        self.passed_at
    }

    /// When [`Relaying::poll`] has something to do. `None` also while the relay is being connected to.
    pub fn deadline(&self) -> Option<Instant> {
        if self.farewell.is_some() {
            return Some(self.begun);
        }
        if self.result.is_some() {
            return None;
        }
        let tunnel = self.tunnel.deadline();
        let all = tunnel.into_iter().chain(self.next).chain([self.until()]);
        all.min()
    }

    fn until(&self) -> Instant {
        self.begun + self.limits.knock * 5 / 4
    }

    /// What is to be sent to the relay.
    pub fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        if let Some(farewell) = self.farewell.take() {
            return Some(farewell);
        }
        if self.result.is_some() {
            return None;
        }
        match self.tunnel.poll(now) {
            Ok(Some(data)) => return Some(data),
            Ok(None) => {}
            Err(failed) => self.end(Err(failed)),
        }
        if now >= self.until() {
            self.give_up(now);
        }
        match self.result {
            Some(_) => self.farewell.take(),
            None => self.ask(now),
        }
    }

    /// The requests that are due go one after the other to all of the node's addresses.
    fn ask(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.open.is_none() || self.next.is_none_or(|at| now < at) {
            return None;
        }
        let all = self.peers.len();
        let turn = self.sent as usize % all;
        self.sent += 1;
        if turn + 1 == all {
            self.next = Some(now + self.pause);
            self.pause = (self.pause * 2).min(self.limits.longest_pause);
        }
        self.tunnel
            .wrap(turn, &stun::request(&self.transaction))
            .or_else(|| self.ask(now))
    }

    /// The relay is connected, or is not.
    pub fn opened(&mut self, now: Instant, opened: Result<(), &io::Error>) {
        match opened {
            Ok(()) if self.result.is_none() => self.tunnel.begin(now),
            Ok(()) => {}
            Err(error) => self.end(Err(unopened(error))),
        }
    }

    /// The relay sent this.
    pub fn heard(&mut self, now: Instant, packet: &[u8]) {
        if self.result.is_some() {
            return;
        }
        match self.tunnel.hear(now, packet) {
            Told::Nothing => {}
            Told::Open(_) => (self.open, self.next) = (Some(now), Some(now)),
            Told::Failed(failed) => self.end(Err(failed)),
            Told::Data(peer, data) => {
                if let Said::Seen(transaction, seen_as) = stun::read(data)
                    && transaction == self.transaction
                {
                    self.passed_at = self.peers.get(peer).map(SocketAddr::ip);
                    let rounds = self
                        .sent
                        .div_ceil(u32::try_from(self.peers.len()).unwrap_or(1));
                    self.end(Ok(Passed::Echo {
                        after: now - self.open.unwrap_or(self.begun),
                        requests: rounds.max(1),
                        seen_as,
                    }));
                }
            }
        }
    }

    /// The connection to the relay is over.
    pub fn broke(&mut self, error: &io::Error) {
        self.end(Err(Failed {
            stage: Stage::Relay,
            reason: format!("the connection to the relay ended: {error}"),
            hint: "something else listens there, or something on the way ends connections"
                .to_owned(),
        }));
    }

    /// Ends it unanswered.
    pub fn give_up(&mut self, now: Instant) {
        let span = (now - self.begun).as_secs_f64();
        let (reason, hint) = match self.open {
            Some(_) => (
                format!(
                    "the relay gave an address, but nothing came back from the node through it in {span:.1} s"
                ),
                "a firewall between relay and node drops it: the relay's ports of allocations have to reach the node's \
                 media ports, and back",
            ),
            None => (
                format!("the relay gave no address in {span:.1} s"),
                "a firewall drops it, no relay listens there, or its name is not resolved in time",
            ),
        };
        self.end(Err(Failed {
            stage: Stage::Relay,
            reason,
            hint: hint.to_owned(),
        }));
    }

    fn end(&mut self, result: Result<Passed, Failed>) {
        if self.result.is_none() {
            self.result = Some(result);
            self.farewell = self.tunnel.leave();
        }
    }
}

/// Tells allocations of one probe, and transactions of different probes, apart.
pub fn seed(secret: [u8; 10], number: usize, leg: u8) -> [u8; 4] {
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    [secret[1], secret[2], number, leg]
}
