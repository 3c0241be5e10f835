//! How it went, path by path, and whether that is enough.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::plan::Depth;

/// Addresses, and ports of one address, that a sentence names. What is beyond is counted.
const NAMED: usize = 4;

/// A way to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Path {
    /// Plain STUN over UDP to a media port.
    Media(SocketAddr),
    /// Plain STUN over UDP to the node's STUN port.
    Stun(SocketAddr),
    /// ICE and DTLS over UDP, at whichever address ICE chooses.
    Call,
}

/// How far a path came before it failed, in the order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// This machine has no route there.
    Route,
    /// Its system would not send.
    Send,
    /// The host says (ICMP port unreachable) that nobody listens there.
    Refused,
    /// Plain STUN was not answered as it should.
    Echo,
    /// The node would not publish, or did not say.
    Publish,
    /// Its answer cannot be used.
    Description,
    /// No connectivity check was answered.
    Ice,
    /// The handshake did not come to its end.
    Dtls,
}

/// Where and why a path failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    #[allow(missing_docs)]
    pub stage: Stage,
    /// What happened.
    pub reason: String,
    /// What it may come from, or what to do. May be empty.
    pub hint: &'static str,
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
    /// The handshake was completed.
    Call {
        /// With this address of the node's.
        at: SocketAddr,
        /// For the node to answer the offer.
        publish: Duration,
        /// Then for ICE to connect.
        ice: Duration,
        /// Then for DTLS.
        dtls: Duration,
    },
}

/// One path, and how it went.
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
    /// In the order in which the node announced its addresses, the call last.
    pub outcomes: Vec<Outcome>,
    /// Paths that were not tried because they were too many.
    pub left_out: usize,
    /// The whole probe.
    pub took: Duration,
}

impl Report {
    /// Whether clients could be sent there: all media ports have answered at one address at least, and where a call was
    /// to be tried, it has passed at such an address.
    ///
    /// # Errors
    /// A sentence for the operator: what was tried, and what failed where and why.
    pub fn verdict(&self) -> Result<(), String> {
        if self.good_addresses().next().is_none() {
            let problem = self.echo_problems(|path| matches!(path, Path::Media(_)));
            return Err(match problem {
                Some(problem) => problem,
                None => "there is no address with a media port to be tried".to_owned(),
            });
        }
        match (self.depth, self.call()) {
            (Depth::Echo, _) | (Depth::Call, Some(Ok(_))) => Ok(()),
            (Depth::Call, Some(Err(failed))) => Err(failed.to_string()),
            (Depth::Call, None) => Err("the call was not tried".to_owned()),
        }
    }

    /// What failed although the node can be used; `None` when nothing did, or when the verdict says it already.
    pub fn complaint(&self) -> Option<String> {
        self.verdict().ok()?;
        self.echo_problems(|path| matches!(path, Path::Media(_) | Path::Stun(_)))
    }

    /// Addresses at which every media port has answered.
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

    /// Which paths failed at which stage; the same for as long as the same is wrong.
    pub fn failures(&self) -> Vec<(Path, Stage)> {
        let outcomes = self.outcomes.iter();
        let failed = outcomes.filter_map(|it| Some((it.path, it.result.as_ref().err()?.stage)));
        failed.collect()
    }

    /// How the call went, if one was to be tried.
    pub fn call(&self) -> Option<&Result<Passed, Failed>> {
        let call = self.outcomes.iter().find(|it| it.path == Path::Call);
        call.map(|it| &it.result)
    }

    /// One sentence about the failed paths that are `wanted`, those alike together.
    fn echo_problems(&self, wanted: impl Fn(&Path) -> bool) -> Option<String> {
        // Alike: one address, one stage, one hint. Lengths of time in the reasons may differ by a little.
        type Alike<'a> = (IpAddr, Stage, &'a str);
        let mut groups: BTreeMap<Alike<'_>, (&Failed, Vec<u16>)> = BTreeMap::new();
        let failed = self.outcomes.iter().filter(|it| wanted(&it.path));
        for outcome in failed {
            let (Path::Media(at) | Path::Stun(at), Err(failed)) = (outcome.path, &outcome.result)
            else {
                continue;
            };
            let alike = (at.ip(), failed.stage, failed.hint);
            let group = groups.entry(alike).or_insert((failed, Vec::new()));
            group.1.push(at.port());
        }
        let mut sentence = String::new();
        for ((ip, ..), (failed, ports)) in groups.iter().take(NAMED) {
            if !sentence.is_empty() {
                sentence.push_str("; ");
            }
            let at = SocketAddr::new(*ip, *ports.first()?);
            let others = ports[1..].iter().take(NAMED - 1);
            let others: String = others.map(|port| format!(", {port}")).collect();
            // Writing to a string cannot fail.
            let _ = write!(sentence, "UDP {at}{others}");
            if ports.len() > NAMED {
                let _ = write!(sentence, " and {} ports more", ports.len() - NAMED);
            }
            let _ = write!(sentence, ": {failed}");
        }
        if groups.len() > NAMED {
            let _ = write!(sentence, "; {} more like this", groups.len() - NAMED);
        }
        (!sentence.is_empty()).then_some(sentence)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.hint.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.hint)
    }
}
