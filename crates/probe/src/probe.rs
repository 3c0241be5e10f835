//! The machine: all paths of one probe.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use reachability::{Depth, Protocol, Stage};

use crate::call::{Call, Way};
use crate::output::{Channel, Output, Signalled};
use crate::plan::{MOST_ADDRESSES, MOST_PORTS, MOST_RELAYS, Plan, RELAYED_AT_ONCE};
use crate::relaying::Relaying;
use crate::report::{Outcome, Path, Report};
use crate::stun;
use crate::tries::{Asked, Begun, By, Calling, Knocking, callings, echoes, knocks, relayings};

/// Datagrams taken in by the echoes of one probe; what comes after is not looked at. Twice what all paths could answer.
pub const MOST_DATAGRAMS: u32 = 2 * (MOST_ADDRESSES * (MOST_PORTS + 1)) as u32;

/// One probe of one node. Poll it after everything that it is told, until it waits or is done.
pub struct Probe {
    plan: Plan,
    begun: Instant,
    /// Numbered as their transactions are.
    echoes: Vec<Asked>,
    knocks: Vec<Knocking>,
    relayings: Vec<(Relaying, Begun)>,
    /// Of each address and protocol, then of each relay: whether it was called already.
    calls: Vec<Calling>,
    left_out: usize,
    datagrams: u32,
}

impl Probe {
    /// All requests are due at once.
    pub fn new(now: Instant, mut plan: Plan) -> Self {
        let mut seen = HashSet::new();
        plan.routes.retain(|route| seen.insert(route.ip));
        let announced = plan.routes.len() * (plan.ports.len() + 1);
        plan.routes.truncate(MOST_ADDRESSES);
        plan.ports.truncate(MOST_PORTS);
        plan.relays.truncate(MOST_RELAYS);
        let paths = plan.routes.len() * (plan.ports.len() + 1);
        let calls = match plan.depth {
            Depth::Echo => Vec::new(),
            Depth::Call => callings(&plan),
        };
        Self {
            begun: now,
            echoes: echoes(now, &plan),
            knocks: knocks(now, &plan),
            relayings: relayings(now, &plan),
            left_out: announced - paths,
            calls,
            datagrams: 0,
            plan,
        }
    }

    fn ends(&self) -> Instant {
        self.begun + self.plan.limits.whole
    }

    /// What is to be done now.
    pub fn poll(&mut self, now: Instant) -> Output {
        if now >= self.ends() || self.is_refused() {
            self.give_up(now);
        }
        if let Some(output) = self.poll_echoes(now) {
            return output;
        }
        if let Some(output) = self.poll_knocks(now) {
            return output;
        }
        if let Some(output) = self.poll_relayings(now) {
            return output;
        }
        self.begin_calls(now);
        let mut calls = self.calls.iter_mut();
        let mut calls = calls.by_ref().filter_map(|it| it.call.as_mut());
        if let Some(output) = calls.find_map(|call| call.poll(now)) {
            return output;
        }
        match self.deadline() {
            Some(at) => Output::Wait(at.min(self.ends())),
            None => Output::Done,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let echoes = self.echoes.iter();
        let echoes = echoes.filter_map(|asked| asked.echo.deadline());
        let knocks = self.knocks.iter();
        let knocks = knocks.filter_map(|it| it.knock.deadline());
        let relayings = self.relayings.iter();
        let relayings = relayings.filter_map(|(it, _)| it.deadline());
        let calls = self.calls.iter().filter_map(|it| it.call.as_ref());
        let calls = calls.filter_map(|call| {
            let under_way = call.result().is_none();
            under_way.then(|| call.deadline().unwrap_or(self.ends()))
        });
        echoes.chain(knocks).chain(relayings).chain(calls).min()
    }

    /// A host that refuses every media port is not asked for more, where haste is needed.
    fn is_refused(&self) -> bool {
        let mut media = self.echoes.iter();
        let mut any = false;
        self.plan.limits.insist
            && media
                .by_ref()
                .filter(|asked| matches!(asked.path, Path::Media(_)))
                .all(|asked| {
                    any = true;
                    let result = asked.echo.result();
                    result.is_some_and(|it| it.as_ref().is_err_and(|it| it.stage == Stage::Refused))
                })
            && any
    }

    fn poll_echoes(&mut self, now: Instant) -> Option<Output> {
        for asked in &mut self.echoes {
            let Ok(from) = self.plan.routes[asked.route].local else {
                continue;
            };
            let to = asked.echo.to();
            match asked.echo.elapse(now, &self.plan.limits) {
                Some((data, false)) => return Some(Output::Send { from, to, data }),
                Some((data, true)) => return Some(Output::Insist { from, to, data }),
                None => {}
            }
        }
        None
    }

    fn poll_knocks(&mut self, now: Instant) -> Option<Output> {
        for (number, knocking) in self.knocks.iter_mut().enumerate() {
            knocking.knock.elapse(now);
            if !knocking.begun && knocking.knock.result().is_none() {
                knocking.begun = true;
                return Some(Output::Open {
                    channel: Channel::Knock(number),
                    protocol: Protocol::Tcp,
                    to: knocking.knock.to(),
                });
            }
        }
        None
    }

    fn poll_relayings(&mut self, now: Instant) -> Option<Output> {
        for (number, (relaying, begun)) in self.relayings.iter_mut().enumerate() {
            let channel = Channel::Relay(number);
            if !*begun && relaying.result().is_none() {
                *begun = true;
                return Some(Output::Dial {
                    channel,
                    protocol: relaying.relay.protocol,
                    host: relaying.relay.host.clone(),
                    port: relaying.relay.port,
                });
            }
            if let Some(data) = relaying.poll(now) {
                return Some(Output::Say { channel, data });
            }
        }
        None
    }

    /// Calls where the echo has passed.
    fn begin_calls(&mut self, now: Instant) {
        if now >= self.ends() {
            return;
        }
        for number in 0..self.calls.len() {
            if self.calls[number].call.is_some() {
                continue;
            }
            if let Some(way) = self.way(self.calls[number].by) {
                let (secret, limits) = (self.plan.secret, self.plan.limits);
                let call = Call::new(now, number, way, secret, limits);
                self.calls[number].call = Some(call);
            }
        }
    }

    /// The way of a call that may begin.
    fn way(&self, by: By) -> Option<Way> {
        match by {
            By::Direct(ip, protocol) => self.echoed(ip, protocol).then_some(Way {
                ip,
                protocol,
                relay: None,
            }),
            By::Relay(number) => {
                let under_way = |it: &&Calling| {
                    let call = it.call.as_ref();
                    matches!(it.by, By::Relay(_)) && call.is_some_and(|it| it.result().is_none())
                };
                if self.calls.iter().filter(under_way).count() >= RELAYED_AT_ONCE {
                    return None;
                }
                let (relaying, _) = self.relayings.get(number)?;
                Some(Way {
                    ip: relaying.passed_at()?,
                    protocol: relaying.relay.protocol,
                    relay: Some(relaying.relay.clone()),
                })
            }
        }
    }

    /// Whether every media port at this address has answered.
    fn echoed(&self, ip: IpAddr, protocol: Protocol) -> bool {
        let passed = |result: Option<bool>| result == Some(true);
        let mut any = false;
        let all = if protocol == Protocol::Tcp {
            let mut knocks = self.knocks.iter().map(|it| &it.knock);
            knocks.by_ref().filter(|it| it.to().ip() == ip).all(|it| {
                any = true;
                passed(it.result().map(Result::is_ok))
            })
        } else {
            let mut echoes = self.echoes.iter();
            let here = |path: &Path| matches!(path, Path::Media(at) if at.ip() == ip);
            echoes.by_ref().filter(|it| here(&it.path)).all(|it| {
                any = true;
                passed(it.echo.result().map(Result::is_ok))
            })
        };
        any && all
    }

    /// What came back of the signalling of a call.
    pub fn signalled(&mut self, now: Instant, call: usize, said: Signalled) {
        if let Some(call) = self.calls.get_mut(call).and_then(|it| it.call.as_mut()) {
            call.signalled(now, said, &self.plan.ports);
        }
    }

    /// A channel stands, and our address on it; or it does not.
    pub fn opened(
        &mut self,
        now: Instant,
        channel: Channel,
        opened: Result<SocketAddr, &io::Error>,
    ) -> Option<Output> {
        match channel {
            Channel::Knock(number) => {
                let knock = &mut self.knocks.get_mut(number)?.knock;
                let data = knock.opened(now, opened.map(|_| ()))?;
                Some(Output::Say { channel, data })
            }
            Channel::Relay(number) => {
                let (relaying, _) = self.relayings.get_mut(number)?;
                relaying.opened(now, opened.map(|_| ()));
                None
            }
            Channel::Call(number, leg) => {
                let call = self.calls.get_mut(number)?.call.as_mut()?;
                call.opened(now, leg, opened);
                None
            }
        }
    }

    /// A packet came on a channel.
    pub fn heard(&mut self, now: Instant, channel: Channel, packet: &[u8]) {
        match channel {
            Channel::Knock(number) => {
                if let Some(knocking) = self.knocks.get_mut(number) {
                    knocking.knock.heard(now, packet);
                }
            }
            Channel::Relay(number) => {
                if let Some((relaying, _)) = self.relayings.get_mut(number) {
                    relaying.heard(now, packet);
                }
            }
            Channel::Call(number, leg) => {
                if let Some(call) = self.calls.get_mut(number).and_then(|it| it.call.as_mut()) {
                    call.heard(now, leg, packet);
                }
            }
        }
    }

    /// A channel is over.
    pub fn broke(&mut self, channel: Channel, error: &io::Error) {
        match channel {
            Channel::Knock(number) => {
                if let Some(knocking) = self.knocks.get_mut(number) {
                    knocking.knock.broke(error);
                }
            }
            Channel::Relay(number) => {
                if let Some((relaying, _)) = self.relayings.get_mut(number) {
                    relaying.broke(error);
                }
            }
            Channel::Call(number, _) => {
                if let Some(call) = self.calls.get_mut(number).and_then(|it| it.call.as_mut()) {
                    call.broke(error);
                }
            }
        }
    }

    fn give_up(&mut self, now: Instant) {
        for asked in &mut self.echoes {
            asked.echo.give_up(now);
        }
        for knocking in &mut self.knocks {
            knocking.knock.give_up(now);
        }
        for (relaying, _) in &mut self.relayings {
            if relaying.result().is_none() {
                relaying.give_up(now);
            }
        }
        for calling in &mut self.calls {
            calling.call.take_if(|call| call.has_had_no_time(now));
            if let Some(call) = &mut calling.call {
                call.give_up(now);
            }
        }
    }

    /// Whether [`Probe::receive`] would do anything.
    pub fn listens(&self) -> bool {
        self.datagrams < MOST_DATAGRAMS
    }

    /// Takes a datagram that came from `from` to one of our sockets that are connected to nobody.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        if !self.listens() {
            return;
        }
        self.datagrams += 1;
        let said = stun::read(datagram);
        let number = said.transaction();
        let number = number.and_then(|it| stun::number(&it, &self.plan.secret));
        if let Some(asked) = number.and_then(|number| self.echoes.get_mut(number)) {
            asked.echo.receive(now, from, said);
            return;
        }
        let mut asked = self.echoes.iter_mut();
        if let Some(asked) = asked.find(|asked| asked.echo.to() == from) {
            asked.echo.strange(datagram.len());
        }
    }

    /// Word came back (ICMP) of what was to go to `to`.
    pub fn reported(&mut self, to: SocketAddr, error: &io::Error) {
        let mut asked = self.echoes.iter_mut();
        let Some(asked) = asked.find(|asked| asked.echo.to() == to) else {
            return;
        };
        if error.kind() == io::ErrorKind::ConnectionRefused {
            asked.echo.refused();
        } else {
            asked.echo.reported(error.to_string());
        }
    }

    /// The system would not send what was to go to `to`, and why.
    pub fn unsendable(&mut self, to: SocketAddr, error: &str) {
        let mut asked = self.echoes.iter_mut();
        if let Some(asked) = asked.find(|asked| asked.echo.to() == to) {
            asked.echo.unsendable(error.to_owned());
        }
    }

    /// How it went. What is under way counts as failed.
    pub fn report(mut self, now: Instant) -> Report {
        self.give_up(now);
        let echoes = self.echoes.into_iter().filter_map(|asked| {
            let result = asked.echo.result()?.clone();
            Some(Outcome {
                path: asked.path,
                result,
            })
        });
        let knocks = self.knocks.into_iter().filter_map(|it| {
            Some(Outcome {
                path: Path::Tcp(it.knock.to()),
                result: it.knock.result()?.clone(),
            })
        });
        let relayings = self.relayings.into_iter().filter_map(|(it, _)| {
            Some(Outcome {
                result: it.result()?.clone(),
                path: Path::Relay(it.relay.path),
            })
        });
        let calls = self.calls.into_iter().filter_map(|it| it.call);
        let calls = calls.filter_map(|call| {
            Some(Outcome {
                result: call.result()?.clone(),
                path: Path::Call(call.path),
            })
        });
        Report {
            depth: self.plan.depth,
            outcomes: echoes.chain(knocks).chain(relayings).chain(calls).collect(),
            left_out: self.left_out,
            took: now - self.begun,
        }
    }
}
