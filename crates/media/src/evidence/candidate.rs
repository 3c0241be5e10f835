//! Candidates as they stand in descriptions and in what is trickled (RFC 8839 section 5.1), as far as people ask of them.

use std::net::{IpAddr, SocketAddr};

/// Longest line that is read.
const LONGEST: usize = 1024;
/// Longest address: an mDNS name has 42 characters, an IPv6 address 45.
const ADDRESS: usize = 64;
/// Candidates kept of one side.
const MOST: usize = 32;

/// A way to somebody, as he tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// `host`, `srflx`, `prflx` or `relay`.
    pub kind: String,
    /// `udp` or `tcp`.
    pub protocol: String,
    /// An IP address, or an mDNS name that hides one.
    pub address: String,
    #[allow(missing_docs)]
    pub port: u16,
    /// `raddr` and `rport`.
    pub related: Option<SocketAddr>,
}

/// The line is no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a candidate as in RFC 8839 section 5.1")]
pub struct BadCandidate;

impl Candidate {
    /// With or without `a=` and `candidate:`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(line: &str) -> Result<Self, BadCandidate> {
        let line = line.trim();
        if line.len() > LONGEST {
            return Err(BadCandidate);
        }
        let line = line.strip_prefix("a=").unwrap_or(line);
        let line = line.strip_prefix("candidate:").unwrap_or(line);
        // foundation component transport priority address port "typ" type …
        let mut words = line.split_ascii_whitespace();
        let protocol = words.nth(2).ok_or(BadCandidate)?.to_ascii_lowercase();
        let address = words.nth(1).ok_or(BadCandidate)?;
        let port = words.next().and_then(|word| word.parse().ok());
        let port = port.ok_or(BadCandidate)?;
        let kind = words.next().filter(|word| *word == "typ");
        let kind = kind.and(words.next()).ok_or(BadCandidate)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || ".:-%_".contains(c);
        if !matches!(protocol.as_str(), "udp" | "tcp")
            || !matches!(kind, "host" | "srflx" | "prflx" | "relay")
            || address.len() > ADDRESS
            || !address.chars().all(plain)
        {
            return Err(BadCandidate);
        }
        Ok(Self {
            kind: kind.to_owned(),
            protocol,
            address: address.to_owned(),
            port,
            related: related(words),
        })
    }
}

/// Browsers that hide addresses say `0.0.0.0` and port 0 or 9, which is none.
fn related<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<SocketAddr> {
    let (mut ip, mut port) = (None, None);
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        match key {
            "raddr" => ip = value.parse::<IpAddr>().ok(),
            "rport" => port = value.parse::<u16>().ok(),
            _ => {}
        }
    }
    let ip = ip.filter(|ip| !ip.is_unspecified())?;
    Some(SocketAddr::new(ip, port?))
}

/// The candidates of one side, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    known: Vec<Candidate>,
    unread: u32,
}

impl Candidates {
    /// Those of a description.
    pub fn describe(&mut self, sdp: &str) {
        for line in sdp.lines().filter(|line| line.starts_with("a=candidate:")) {
            self.add(line);
        }
    }

    /// One more. An empty one says that there are no more (RFC 8838 section 8.2).
    pub fn add(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        match Candidate::parse(line) {
            Ok(candidate) if self.known.contains(&candidate) => {}
            Ok(candidate) if self.known.len() < MOST => self.known.push(candidate),
            _ => self.unread = self.unread.saturating_add(1),
        }
    }

    /// In the order in which they came.
    pub fn known(&self) -> &[Candidate] {
        &self.known
    }

    /// How many could not be read or found no room.
    pub fn unread(&self) -> u32 {
        self.unread
    }
}

#[cfg(test)]
mod tests;
