//! Host candidates: those of a description, and those that its client is told later, when the node's addresses have
//! changed (RFC 8838: candidates may be trickled for as long as the generation lasts).
//!
//! Nothing can be taken back, so order is all there is to say. A browser that controls keeps to its pair while another has
//! no higher priority, and does not take a higher one for a candidate that it has already. So what merely comes beside
//! what the client knows is not told; when an address is gone, or a better one has come, all that is advertised is told,
//! above all that was told before: the browser moves as soon as a check succeeds, and not only when it has given the old
//! pair up.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::net::{Protocol, TcpType};
use str0m::{Candidate, CandidateKind};

use super::description::told;
use super::{Factory, Transport};

/// Candidates that a client may be told in the life of its transport, besides those of its description.
const MOST_TOLD: usize = 64;
/// Addresses that a client is told at once, the preferred ones.
const MOST_ADDRESSES: usize = 8;
/// A client that was told so lately, by a master that has gone since, may not have heard of it.
const LATELY: Duration = Duration::from_secs(60);

/// Type preferences, as the ICE library and browsers have them: UDP comes before TCP.
const UDP: u32 = 126;
const TCP: u32 = 90;
/// Local preferences of descriptions begin here. They are above those of browsers, whose own order then counts first.
const FIRST: u32 = 0xc000;
/// Local preferences between one telling and the next.
const SPAN: u32 = 0x80;

/// What a client was told of where it reaches us, last.
pub(super) struct Told {
    /// In order of preference.
    known: Vec<SocketAddr>,
    /// How often all of it was told anew.
    round: u32,
    /// Candidates, after the description.
    count: usize,
    newest: Vec<String>,
    at: Option<Instant>,
}

impl Told {
    /// In a description.
    pub fn described(addresses: &[SocketAddr]) -> Self {
        Self {
            known: addresses.to_vec(),
            round: 0,
            count: 0,
            newest: Vec::new(),
            at: None,
        }
    }

    /// What is to be told now that these are advertised, in order of preference. `None`: too much has been told already.
    fn change(&mut self, advertised: &[SocketAddr], ufrag: &str) -> Option<Vec<String>> {
        let gone = self.known.iter().any(|known| !advertised.contains(known));
        let first = advertised.first();
        let better = first.is_some_and(|first| !self.known.contains(first));
        if !gone && !better {
            return Some(Vec::new());
        }
        let told = &advertised[..advertised.len().min(MOST_ADDRESSES)];
        let lines: Vec<String> = preferred(told, self.round + 1)
            .flat_map(|(address, preference)| candidates(address, preference))
            .map(|mut candidate| {
                candidate.set_ufrag(ufrag);
                candidate.to_sdp_string()
            })
            .collect();
        if self.count + lines.len() > MOST_TOLD {
            return None;
        }
        self.known = told.to_vec();
        self.round += 1;
        self.count += lines.len();
        Some(lines)
    }
}

impl Transport {
    /// The node is advertised as the factory has it now. Returns what the client is to be told of that (RFC 8839
    /// candidate-attributes), nothing if it knows enough; `None` when it is described with that, or cannot be told any
    /// more.
    pub fn advertise(
        &mut self,
        now: Instant,
        factory: &Factory,
        ufrag: &str,
    ) -> Option<Vec<String>> {
        // Without an address nothing is better than what was told.
        if self.version == factory.version || factory.addresses.is_empty() {
            return None;
        }
        let lines = self.told.change(&factory.addresses, ufrag)?;
        self.version = factory.version;
        let lines = told(lines, &factory.withheld);
        if !lines.is_empty() {
            (self.told.newest, self.told.at) = (lines.clone(), Some(now));
        }
        Some(lines)
    }

    /// What its client was told lately, after its description.
    pub fn told_lately(&self, now: Instant) -> &[String] {
        let lately = |at| now.saturating_duration_since(at) < LATELY;
        match self.told.at.is_some_and(lately) {
            true => &self.told.newest,
            false => &[],
        }
    }
}

/// The m-section whose transport all of a `description` use (RFC 8843), where its candidates belong: its mid and its index.
pub fn section(description: &str) -> (String, u16) {
    let mut lines = description.lines();
    let bundle = lines.find_map(|line| line.strip_prefix("a=group:BUNDLE "));
    let tag = bundle.and_then(|mids| mids.split(' ').next());
    let mut mids = description
        .lines()
        .filter_map(|line| line.strip_prefix("a=mid:"))
        .zip(0..);
    let found = mids.find(|(mid, _)| tag.is_none_or(|tag| tag == *mid));
    found.map_or_else(
        || ("0".to_owned(), 0),
        |(mid, index)| (mid.to_owned(), index),
    )
}

/// The candidates of a description, for these addresses in order of preference.
pub(super) fn first(addresses: &[SocketAddr]) -> impl Iterator<Item = Candidate> {
    preferred(addresses, 0).flat_map(|(address, preference)| candidates(address, preference))
}

/// Each address with its local preference (RFC 8445 section 5.1.2.1), unique within its protocol. The families alternate,
/// IPv6 first (RFC 8421).
fn preferred(addresses: &[SocketAddr], round: u32) -> impl Iterator<Item = (SocketAddr, u32)> {
    let (mut v4, mut v6) = (1, 0);
    let top = FIRST + (round + 1) * SPAN - 1;
    addresses.iter().map(move |address| {
        let place = if address.is_ipv4() { &mut v4 } else { &mut v6 };
        let preference = top - (*place).min(SPAN - 1);
        *place += 2;
        (*address, preference)
    })
}

/// UDP, and TCP passive (RFC 6544). None for what is no address of a host.
fn candidates(address: SocketAddr, local_preference: u32) -> impl Iterator<Item = Candidate> {
    let is_host = Candidate::host(address, Protocol::Udp).is_ok();
    let of = move |protocol, kind: u32, tcptype| {
        Candidate::from_parts(
            foundation(address, protocol == Protocol::Udp),
            1,
            protocol,
            kind << 24 | local_preference << 8 | 255,
            address,
            CandidateKind::Host,
            None,
            tcptype,
            None,
        )
    };
    let both = [
        of(Protocol::Udp, UDP, None),
        of(Protocol::Tcp, TCP, Some(TcpType::Passive)),
    ];
    both.into_iter().filter(move |_| is_host)
}

/// The same for the same base address and protocol (RFC 8445 section 5.1.1.3).
fn foundation(address: SocketAddr, udp: bool) -> String {
    let mut hasher = DefaultHasher::new();
    (address.ip(), udp).hash(&mut hasher);
    hasher.finish().to_string()
}

#[cfg(test)]
mod tests;
