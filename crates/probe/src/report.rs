//! How it went, path by path, and whether that is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reachability::{Depth, Failed, Protocol, Stage};

/// Addresses, and ports of one address, that a sentence names. What is beyond is counted.
const NAMED: usize = 4;

/// A thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Path {
    /// Plain STUN over UDP to a media port.
    Media(SocketAddr),
    /// Plain STUN over UDP to the node's STUN port.
    Stun(SocketAddr),
    /// Plain STUN over TCP to a media port.
    Tcp(SocketAddr),
    /// Plain STUN through a relay, to a media port.
    Relay(reachability::Path),
    /// A call: ICE, DTLS and an SRTP echo.
    Call(reachability::Path),
}

/// What passed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Passed {
    /// A STUN request was answered.
    Echo {
        /// From the first request to the answer: the round trip, unless there were several requests.
        after: Duration,
        /// How many were sent until then.
        requests: u32,
        /// Whom the node saw.
        seen_as: SocketAddr,
    },
    /// Media came back.
    Call {
        /// From this address of the node's.
        at: SocketAddr,
        /// For the node to answer the offer.
        publish: Duration,
        /// Then for ICE to connect.
        ice: Duration,
        /// Then for DTLS.
        dtls: Duration,
        /// Of media through the node, mean.
        round_trip: Duration,
        /// Media packets that were counted.
        sent: u32,
        /// Of these, those that did not come back.
        lost: u32,
    },
}

/// One thing that was tried, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Outcome {
    pub path: Path,
    pub result: Result<Passed, Failed>,
}

/// How a probe went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    #[allow(missing_docs)]
    pub depth: Depth,
    /// Echoes over UDP in the order in which the node announced its addresses, then those over TCP and through relays, then
    /// calls.
    pub outcomes: Vec<Outcome>,
    /// Echoes that were not tried because they were too many.
    pub left_out: usize,
    /// The whole probe.
    pub took: Duration,
}

impl Report {
    /// Whether clients could be sent there: one path at least has passed, at the depth that was to be looked at.
    ///
    /// # Errors
    /// A sentence for the operator: what was tried, and what failed where and why.
    pub fn verdict(&self) -> Result<(), String> {
        let mut paths = self.paths().into_iter();
        if paths.any(|path| path.depth == self.depth && path.result.is_ok()) {
            return Ok(());
        }
        let problem = self.problems(|path| !matches!(path, Path::Stun(_)));
        Err(problem
            .unwrap_or_else(|| "there is no address with a media port to be tried".to_owned()))
    }

    /// What failed although the node can be used; `None` when nothing did, or when the verdict says it already.
    pub fn complaint(&self) -> Option<String> {
        self.verdict().ok()?;
        self.problems(|_| true)
    }

    /// Path by path. One has passed when all media ports have answered, as far as they were tried, and a call has passed
    /// where calls were to be made.
    pub fn paths(&self) -> Vec<reachability::Outcome> {
        let mut paths = Vec::new();
        for ip in self.ips() {
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                let path = reachability::Path::Direct { ip, protocol };
                let result = self.path(ip, protocol, &path);
                let depth = self.depth;
                paths.extend(result.map(|result| reachability::Outcome {
                    path,
                    depth,
                    result,
                }));
            }
        }
        paths.extend(self.outcomes.iter().filter_map(|it| self.through(it)));
        paths
    }

    /// Of an echo through a relay: what became of the path. Where there was no time for a call, only the echo counts.
    fn through(&self, echo: &Outcome) -> Option<reachability::Outcome> {
        let Path::Relay(path) = &echo.path else {
            return None;
        };
        let call = Path::Call(path.clone());
        let mut calls = self.outcomes.iter().filter(|it| it.path == call);
        // That a node does not answer an offer says nothing of the relay.
        let asked =
            |it: &&Outcome| !matches!(&it.result, Err(failed) if failed.stage == Stage::Publish);
        let call = calls.find(asked);
        let (result, depth) = match (&echo.result, call) {
            (Ok(_), Some(call)) => (&call.result, Depth::Call),
            (Ok(_), None) => (&echo.result, Depth::Echo),
            (Err(_), _) => (&echo.result, self.depth),
        };
        Some(reachability::Outcome {
            path: path.clone(),
            depth,
            result: result.clone().map(|it| it.measured()),
        })
    }

    /// Every address once, in the order in which it was announced.
    fn ips(&self) -> Vec<IpAddr> {
        let mut ips: Vec<IpAddr> = Vec::new();
        for outcome in &self.outcomes {
            if let Path::Media(at) | Path::Tcp(at) = outcome.path
                && !ips.contains(&at.ip())
            {
                ips.push(at.ip());
            }
        }
        ips
    }

    fn path(
        &self,
        ip: IpAddr,
        protocol: Protocol,
        path: &reachability::Path,
    ) -> Option<Result<reachability::Passed, Failed>> {
        let here = |it: &&Outcome| match &it.path {
            Path::Media(at) => protocol == Protocol::Udp && at.ip() == ip,
            Path::Tcp(at) => protocol == Protocol::Tcp && at.ip() == ip,
            Path::Stun(_) | Path::Relay(_) | Path::Call(_) => false,
        };
        let echoes: Vec<&Outcome> = self.outcomes.iter().filter(here).collect();
        let failed = echoes.iter().filter_map(|it| it.result.as_ref().err());
        let (first, count) = (failed.clone().next(), failed.count());
        if let Some(first) = first {
            return Some(Err(some_of(first, count, echoes.len())));
        }
        let call = self
            .outcomes
            .iter()
            .find(|it| it.path == Path::Call(path.clone()));
        match (self.depth, call) {
            (Depth::Call, Some(call)) => Some(call.result.clone().map(|it| it.measured())),
            // There were too many to call them all.
            (Depth::Call, None) => None,
            (Depth::Echo, _) => summed(&echoes).map(Ok),
        }
    }

    /// Addresses at which every media port has answered over UDP.
    pub fn good_addresses(&self) -> impl Iterator<Item = IpAddr> {
        let mut addresses: Vec<(IpAddr, bool)> = Vec::new();
        for outcome in &self.outcomes {
            let Path::Media(at) = outcome.path else {
                continue;
            };
            let passed = outcome.result.is_ok();
            match addresses.iter_mut().find(|(ip, _)| *ip == at.ip()) {
                Some((_, all)) => *all &= passed,
                None => addresses.push((at.ip(), passed)),
            }
        }
        let good = addresses.into_iter().filter(|(_, all)| *all);
        good.map(|(ip, _)| ip)
    }

    /// Whether nobody listens at any media port of this address, by the word of its host.
    pub fn refused_at(&self, ip: IpAddr) -> bool {
        let mut tried = false;
        let mut media = self
            .outcomes
            .iter()
            .filter(|it| matches!(it.path, Path::Media(at) if at.ip() == ip));
        let refused = media.all(|it| {
            tried = true;
            matches!(&it.result, Err(failed) if failed.stage == Stage::Refused)
        });
        tried && refused && self.left_out == 0
    }

    /// What failed at which stage; the same for as long as the same is wrong.
    pub fn failures(&self) -> Vec<(Path, Stage)> {
        let outcomes = self.outcomes.iter();
        let failed =
            outcomes.filter_map(|it| Some((it.path.clone(), it.result.as_ref().err()?.stage)));
        failed.collect()
    }

    /// Of the calls, the first that passed; the first of all when none did.
    pub fn call(&self) -> Option<&Result<Passed, Failed>> {
        let calls = || {
            let outcomes = self.outcomes.iter();
            outcomes.filter(|it| matches!(it.path, Path::Call(_)))
        };
        let passed = calls().find(|it| it.result.is_ok());
        passed.or_else(|| calls().next()).map(|it| &it.result)
    }

    /// One sentence about what failed and is `wanted`, those alike together.
    fn problems(&self, wanted: impl Fn(&Path) -> bool) -> Option<String> {
        // Alike: one address or relays, one stage, one hint. Lengths of time in the reasons may differ by a little.
        type Alike<'a> = (Tried, Option<IpAddr>, bool, Stage, &'a str);
        type Which = (Vec<u16>, Vec<String>);
        let mut groups: BTreeMap<Alike<'_>, (&Failed, Which)> = BTreeMap::new();
        let failed = self.outcomes.iter().filter(|it| wanted(&it.path));
        for outcome in failed {
            let Err(failed) = &outcome.result else {
                continue;
            };
            let (protocol, at, relay) = match &outcome.path {
                Path::Media(at) | Path::Stun(at) => (Tried::Udp, Some(at), None),
                Path::Tcp(at) => (Tried::Tcp, Some(at), None),
                Path::Relay(path) => (Tried::Relay, None, Some(path)),
                Path::Call(path) if path.is_relayed() => (Tried::Call, None, Some(path)),
                // Its reason names where.
                Path::Call(_) => (Tried::Call, None, None),
            };
            let alike = (
                protocol,
                at.map(SocketAddr::ip),
                relay.is_some(),
                failed.stage,
                failed.hint.as_str(),
            );
            let (_, (ports, relays)) = groups.entry(alike).or_insert((failed, Which::default()));
            ports.extend(at.map(SocketAddr::port));
            relays.extend(relay.map(ToString::to_string));
        }
        let mut sentence = String::new();
        let mut hints = BTreeSet::new();
        for ((protocol, ip, _, _, hint), (failed, (ports, relays))) in groups.iter().take(NAMED) {
            if !sentence.is_empty() {
                sentence.push_str("; ");
            }
            let at = ip
                .zip(ports.first())
                .map(|(ip, port)| SocketAddr::new(ip, *port));
            // What it may come from is said once.
            let why = match hints.insert(*hint) {
                true => failed.to_string(),
                false => failed.reason.clone(),
            };
            // Writing to a string cannot fail.
            let _ = match (at, relays.is_empty()) {
                (Some(at), _) => {
                    write!(sentence, "{} {at}{}: {why}", protocol.name(), others(ports))
                }
                (None, false) => write!(sentence, "{}: {why}", relays.join(", ")),
                (None, true) => write!(sentence, "{why}"),
            };
        }
        if groups.len() > NAMED {
            let _ = write!(sentence, "; {} more like this", groups.len() - NAMED);
        }
        (!sentence.is_empty()).then_some(sentence)
    }
}

/// What was tried by, in the order in which it is told: what came farthest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tried {
    Call,
    Udp,
    Tcp,
    Relay,
}

impl Tried {
    fn name(self) -> &'static str {
        match self {
            Self::Call | Self::Relay => "",
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

fn others(ports: &[u16]) -> String {
    let rest = ports.get(1..).unwrap_or_default();
    let mut named: String = rest
        .iter()
        .take(NAMED - 1)
        .map(|port| format!(", {port}"))
        .collect();
    if ports.len() > NAMED {
        let _ = write!(named, " and {} ports more", ports.len() - NAMED);
    }
    named
}

fn some_of(failed: &Failed, count: usize, all: usize) -> Failed {
    let mut failed = failed.clone();
    if count < all {
        failed.reason = format!("at {count} of {all} media ports: {}", failed.reason);
    }
    failed
}

/// Of echoes that have all passed. `None` of none.
fn summed(echoes: &[&Outcome]) -> Option<reachability::Passed> {
    let passed = echoes.iter().filter_map(|it| it.result.as_ref().ok());
    let passed = passed.map(Passed::measured);
    passed.reduce(|one, other| reachability::Passed {
        round_trip: one.round_trip.max(other.round_trip),
        sent: one.sent + other.sent,
        lost: one.lost + other.lost,
    })
}

impl Passed {
    /// In the words of the matrix.
    fn measured(&self) -> reachability::Passed {
        match *self {
            Self::Echo {
                after, requests, ..
            } => reachability::Passed {
                round_trip: after,
                sent: requests,
                lost: requests.saturating_sub(1),
            },
            Self::Call {
                round_trip,
                sent,
                lost,
                ..
            } => reachability::Passed {
                round_trip,
                sent,
                lost,
            },
        }
    }
}
