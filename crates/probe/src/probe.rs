//! The machine: all paths of one probe.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::echo::Echo;
use crate::handshake::{Handshake, Turn};
use crate::plan::{Depth, MOST_ADDRESSES, MOST_PORTS, Plan};
use crate::report::{Failed, Outcome, Passed, Path, Report, Stage};
use crate::stun;

/// Datagrams taken in by one probe; what comes after is not looked at. Twice what all paths could answer.
pub const MOST_DATAGRAMS: u32 = 2 * (MOST_ADDRESSES * (MOST_PORTS + 1)) as u32;

/// One probe of one node. Poll it after everything that it is told, until it waits or is done.
pub struct Probe {
    plan: Plan,
    begun: Instant,
    /// Numbered as their transactions are.
    echoes: Vec<Asked>,
    /// Per route, how many media ports have not passed.
    missing: Vec<usize>,
    left_out: usize,
    call: Call,
    datagrams: u32,
}

/// What a [`Probe`] wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To be sent from our socket at `from`.
    Send {
        #[allow(missing_docs)]
        from: SocketAddr,
        #[allow(missing_docs)]
        to: SocketAddr,
        #[allow(missing_docs)]
        data: Vec<u8>,
    },
    /// To be sent from a socket of its own that is connected to `to`, so that the system hears of a refusal
    /// ([`Probe::reported`]). Where there is no room for one more socket it goes like the others.
    Insist {
        #[allow(missing_docs)]
        from: SocketAddr,
        #[allow(missing_docs)]
        to: SocketAddr,
        #[allow(missing_docs)]
        data: Vec<u8>,
    },
    /// To have this offer answered ([`Probe::answered`]). At most once.
    Publish(String),
    /// To be polled again then, if nothing comes before.
    Wait(Instant),
    /// [`Probe::report`] has everything.
    Done,
}

/// An echo, and what for.
struct Asked {
    path: Path,
    /// Number of its route.
    route: usize,
    echo: Echo,
}

enum Call {
    /// Not wanted by this depth.
    Off,
    /// Waits for an address that is good.
    Due,
    /// Its offer is at the node.
    Publishing {
        since: Instant,
        handshake: Box<Handshake>,
    },
    Shaking {
        published: Duration,
        handshake: Box<Handshake>,
    },
    Over(Result<Passed, Failed>),
}

impl Probe {
    /// All requests are due at once.
    pub fn new(now: Instant, mut plan: Plan) -> Self {
        let mut seen = HashSet::new();
        plan.routes.retain(|route| seen.insert(route.ip));
        let announced = plan.routes.len() * (plan.ports.len() + 1);
        plan.routes.truncate(MOST_ADDRESSES);
        plan.ports.truncate(MOST_PORTS);
        let paths = plan.routes.len() * (plan.ports.len() + 1);
        let call = match plan.depth {
            Depth::Echo => Call::Off,
            Depth::Call => Call::Due,
        };
        Self {
            begun: now,
            echoes: echoes(now, &plan),
            missing: vec![plan.ports.len(); plan.routes.len()],
            left_out: announced - paths,
            call,
            datagrams: 0,
            plan,
        }
    }

    fn ends(&self) -> Instant {
        self.begun + self.plan.limits.whole
    }

    /// What is to be done now.
    pub fn poll(&mut self, now: Instant) -> Output {
        if now >= self.ends() {
            self.give_up(now);
        }
        if let Some(send) = self.poll_echoes(now) {
            return send;
        }
        if let Some(output) = self.poll_call(now) {
            return output;
        }
        let echoes = self.echoes.iter();
        let echoes = echoes.filter_map(|asked| asked.echo.deadline()).min();
        let call = match &self.call {
            Call::Publishing { .. } => Some(self.ends()),
            Call::Shaking { handshake, .. } => Some(handshake.wake()),
            Call::Off | Call::Due | Call::Over(_) => None,
        };
        match echoes.into_iter().chain(call).min() {
            Some(at) => Output::Wait(at.min(self.ends())),
            None => Output::Done,
        }
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

    fn poll_call(&mut self, now: Instant) -> Option<Output> {
        match &mut self.call {
            Call::Off | Call::Over(_) | Call::Publishing { .. } => None,
            Call::Due => self.begin_call(now),
            Call::Shaking { .. } => self.shake(now),
        }
    }

    /// As soon as there is an address to call at, or none left that could become one.
    fn begin_call(&mut self, now: Instant) -> Option<Output> {
        if self.good().next().is_none() {
            let mut echoes = self.echoes.iter();
            let under_way = echoes.any(|asked| asked.echo.result().is_none());
            if !under_way {
                self.end_call(Err(Failed {
                    stage: Stage::Echo,
                    reason:
                        "the call was not tried, for no address has answered at all its media ports"
                            .to_owned(),
                    hint: "",
                }));
            }
            return None;
        }
        let mut locals: Vec<SocketAddr> = Vec::new();
        for route in &self.plan.routes {
            if let Ok(local) = &route.local
                && !locals.contains(local)
            {
                locals.push(*local);
            }
        }
        let Some((handshake, offer)) = Handshake::new(now, &locals) else {
            self.end_call(Err(Failed {
                stage: Stage::Publish,
                reason: "this machine could not make an offer".to_owned(),
                hint: "its ICE and DTLS library failed",
            }));
            return None;
        };
        self.call = Call::Publishing {
            since: now,
            handshake: Box::new(handshake),
        };
        Some(Output::Publish(offer))
    }

    /// The node's answer to [`Output::Publish`].
    pub fn answered(&mut self, now: Instant, answer: Result<String, String>) {
        let call = std::mem::replace(&mut self.call, Call::Off);
        let Call::Publishing {
            since,
            mut handshake,
        } = call
        else {
            self.call = call;
            return;
        };
        let taken = match &answer {
            Ok(sdp) => handshake.answered(now, sdp),
            Err(reason) => Err(Failed {
                stage: Stage::Publish,
                reason: format!("the node did not publish for the probe: {reason}"),
                hint: "",
            }),
        };
        let taken = taken.and_then(|()| self.announced(&handshake));
        self.call = match taken {
            Ok(()) => Call::Shaking {
                published: now - since,
                handshake,
            },
            Err(failed) => Call::Over(Err(failed)),
        };
    }

    /// Whether the answer names a place that was announced.
    fn announced(&self, handshake: &Handshake) -> Result<(), Failed> {
        let known = |at: &SocketAddr| {
            let path = Path::Media(*at);
            self.echoes.iter().any(|asked| asked.path == path)
        };
        let named = handshake.candidates();
        if named.iter().any(known) {
            return Ok(());
        }
        let named: Vec<String> = named.iter().take(4).map(SocketAddr::to_string).collect();
        Err(Failed {
            stage: Stage::Description,
            reason: format!(
                "expected a UDP candidate in the node's answer at an address and port that it announced, got [{}]",
                named.join(", ")
            ),
            hint: "its addresses have just changed, or its configuration contradicts itself",
        })
    }

    fn shake(&mut self, now: Instant) -> Option<Output> {
        let good: Vec<IpAddr> = self.good().collect();
        let Call::Shaking {
            published,
            handshake,
        } = &mut self.call
        else {
            return None;
        };
        for ip in good {
            handshake.admit(now, ip);
        }
        let publish = *published;
        let result = match handshake.poll(now) {
            Turn::Send(from, to, data) => return Some(Output::Send { from, to, data }),
            Turn::Wait => return None,
            Turn::Connected { at, ice, dtls } => Ok(Passed::Call {
                at,
                publish,
                ice,
                dtls,
            }),
            Turn::Failed(failed) => Err(failed),
        };
        self.end_call(result);
        None
    }

    fn end_call(&mut self, result: Result<Passed, Failed>) {
        self.call = Call::Over(result);
    }

    fn give_up(&mut self, now: Instant) {
        for asked in &mut self.echoes {
            asked.echo.give_up(now);
        }
        let failed = match &self.call {
            Call::Off | Call::Due | Call::Over(_) => return,
            Call::Publishing { since, .. } => Failed {
                stage: Stage::Publish,
                reason: format!(
                    "the node did not answer the probe's offer within {:.1} s",
                    (now - *since).as_secs_f64()
                ),
                hint: "it has more to do than it can, or its link is slow",
            },
            Call::Shaking { handshake, .. } => handshake.given_up(now),
        };
        self.end_call(Err(failed));
    }

    /// Addresses at which every media port has answered.
    fn good(&self) -> impl Iterator<Item = IpAddr> {
        let any = !self.plan.ports.is_empty();
        let routes = self.plan.routes.iter().zip(&self.missing);
        let good = routes.filter(move |(_, missing)| any && **missing == 0);
        good.map(|(route, _)| route.ip)
    }

    /// Whether [`Probe::receive`] would do anything.
    pub fn listens(&self) -> bool {
        self.datagrams < MOST_DATAGRAMS
    }

    /// Takes a datagram that came from `from` to our socket at `at`.
    pub fn receive(&mut self, now: Instant, at: SocketAddr, from: SocketAddr, datagram: &[u8]) {
        if !self.listens() {
            return;
        }
        self.datagrams += 1;
        let said = stun::read(datagram);
        let number = said.transaction();
        let number = number.and_then(|it| stun::number(&it, &self.plan.secret));
        if let Some(asked) = number.and_then(|number| self.echoes.get_mut(number)) {
            let passed = asked.echo.receive(now, from, said);
            if passed && matches!(asked.path, Path::Media(_)) {
                self.missing[asked.route] -= 1;
            }
            return;
        }
        if let Call::Shaking { handshake, .. } = &mut self.call {
            handshake.receive(now, at, from, datagram);
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
            let path = asked.path;
            Some(Outcome { path, result })
        });
        let mut outcomes: Vec<Outcome> = echoes.collect();
        if let Call::Over(result) = self.call {
            outcomes.push(Outcome {
                path: Path::Call,
                result,
            });
        }
        Report {
            depth: self.plan.depth,
            outcomes,
            left_out: self.left_out,
            took: now - self.begun,
        }
    }
}

/// The requests of all paths, due at once but for those that there is no way to.
fn echoes(now: Instant, plan: &Plan) -> Vec<Asked> {
    let mut echoes = Vec::new();
    for (number, route) in plan.routes.iter().enumerate() {
        let media = plan.ports.iter();
        let media = media.map(|port| Path::Media(SocketAddr::new(route.ip, *port)));
        let stun = SocketAddr::new(route.ip, plan.stun_port);
        for path in media.chain([Path::Stun(stun)]) {
            let (Path::Media(to) | Path::Stun(to)) = path else {
                continue;
            };
            let transaction = stun::transaction(echoes.len(), &plan.secret);
            let echo = match &route.local {
                Ok(_) => Echo::new(now, to, transaction, &plan.limits),
                Err(error) => Echo::without_route(now, to, error),
            };
            echoes.push(Asked {
                path,
                route: number,
                echo,
            });
        }
    }
    echoes
}
