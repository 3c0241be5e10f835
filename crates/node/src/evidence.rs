//! What the media plane saw of transports, on its way to the master: beside everything else, and behind it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diagnosis::{CandidateType, Direction, Dtls, Evidence, Media, Outcome, Pair, Protocol, Times};
use link::proto::{self, from_node::Message};
use media::Stage;
use media::evidence::{self as seen, EvidenceSink, Occasion, Seen};
use tokio::sync::mpsc;

/// What may wait here. While there is no master the oldest is kept: it tells of how it began.
const WAITING: usize = 256;
/// A transport that was closed so soon before it was connected has not failed: somebody came and went.
const SOON: Duration = Duration::from_secs(5);
/// Transports of probes are the probe's own business.
const PROBE: &str = "probe/";
/// Longest evidence that is sent.
const BYTES: usize = 64 << 10;

/// The shell's end: what was seen, and when.
pub(crate) struct Evidences {
    seen: mpsc::Receiver<(SystemTime, Seen)>,
    lost: Arc<AtomicU64>,
    node: String,
    boot: String,
}

/// The bounded way from the shards to the shell of the node and boot of this name.
pub(crate) fn way(node: &str, boot: &str) -> (EvidenceSink, Evidences) {
    let (sender, seen) = mpsc::channel(WAITING);
    let lost = Arc::new(AtomicU64::new(0));
    let counted = lost.clone();
    let sink: EvidenceSink = Arc::new(move |seen: Seen| {
        if matches!(&seen, Seen::Transport(it) if it.state.session.starts_with(PROBE)) {
            return true;
        }
        let taken = sender.try_send((SystemTime::now(), seen)).is_ok();
        if !taken {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        taken
    });
    let evidences = Evidences {
        seen,
        lost,
        node: node.to_owned(),
        boot: boot.to_owned(),
    };
    (sink, evidences)
}

impl Evidences {
    /// The next that is to be sent. Pending for ever when the plane is gone. Safe to cancel.
    pub(crate) async fn next(&mut self) -> (SystemTime, Seen) {
        match self.seen.recv().await {
            Some(seen) => seen,
            None => std::future::pending().await,
        }
    }

    /// One was lost on the way to the master.
    pub(crate) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// As it is told to the master.
    pub(crate) fn message(&self, at: SystemTime, seen: Seen) -> Message {
        match seen {
            Seen::Strangers(strangers) => Message::Strangers(self::strangers(strangers)),
            Seen::Transport(seen) => {
                let evidence = Evidence {
                    node: self.node.clone(),
                    boot: self.boot.clone(),
                    ..translate(millis(at), &seen)
                };
                let mut bytes = serde_json::to_vec(&evidence).unwrap_or_default();
                bytes.truncate(BYTES);
                Message::Evidence(proto::Evidence {
                    evidence: bytes,
                    lost: was_lost(&seen),
                    ufrag: seen.ufrag,
                    lost_total: self.lost.load(Ordering::Relaxed),
                })
            }
        }
    }
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Somebody closed it while it was without consent. Whether that was because it had failed only the master can know.
fn was_lost(seen: &seen::Evidence) -> bool {
    seen.occasion == Occasion::Closed && seen.state.stage == Stage::Disconnected
}

fn outcome(seen: &seen::Evidence) -> Outcome {
    let reached = |stage| seen.stages.iter().any(|(known, _)| *known == stage);
    match (seen.occasion, seen.state.stage) {
        (Occasion::Failed, _) => Outcome::Failed,
        (Occasion::Closed, _) if !reached(Stage::Connected) && seen.age >= SOON => Outcome::Failed,
        (Occasion::Closed, _) => Outcome::Ended,
        (_, Stage::New | Stage::IceConnected) => Outcome::Pending,
        (_, Stage::Connected) => Outcome::Connected,
        (_, Stage::Disconnected) => Outcome::Disconnected,
        (_, Stage::Closed) => Outcome::Ended,
    }
}

/// What the node knows, seen at `now`, in milliseconds since the Unix epoch.
fn translate(now: u64, seen: &seen::Evidence) -> Evidence {
    let outcome = outcome(seen);
    let reason = match (outcome, seen.occasion) {
        (Outcome::Failed, Occasion::Closed) => {
            format!("closed before it was connected: {}", seen.reason)
        }
        _ => seen.reason.to_owned(),
    };
    Evidence {
        transport: seen.state.transport.to_string(),
        session: seen.state.session.to_string(),
        stream: seen.state.stream.to_string(),
        direction: match seen.state.direction {
            media::Direction::Publish => Direction::Publish,
            media::Direction::Subscribe => Direction::Subscribe,
        },
        address_set: seen.state.addresses,
        outcome,
        reason,
        local: seen.local.iter().map(candidate).collect(),
        remote: seen.remote.iter().map(candidate).collect(),
        remote_unusable: seen.remote_unread,
        pairs: pairs(now, seen),
        pairs_more: u32::from(seen.checks_elsewhere > 0),
        consent_losses: seen.consent_losses,
        dtls: dtls(seen),
        media: media(seen),
        times: times(now, seen),
        load: seen.load,
        ..Evidence::default()
    }
}

fn candidate(candidate: &seen::Candidate) -> diagnosis::Candidate {
    diagnosis::Candidate {
        kind: match candidate.kind.as_str() {
            "host" => CandidateType::Host,
            "srflx" => CandidateType::ServerReflexive,
            "prflx" => CandidateType::PeerReflexive,
            "relay" => CandidateType::Relayed,
            _ => CandidateType::Unknown,
        },
        protocol: match candidate.protocol.as_str() {
            "udp" => Protocol::Udp,
            "tcp" => Protocol::Tcp,
            _ => Protocol::Unknown,
        },
        ip: candidate.address.parse::<IpAddr>().ok(),
        port: candidate.port,
        related: candidate.related,
    }
}

/// RFC 8489 section 9.1.3 has 401 for a request whose MESSAGE-INTEGRITY is wrong. The node does not answer it: an error
/// that is not signed helps nobody but those who try.
const UNSIGNED: u16 = 401;

fn pairs(now: u64, seen: &seen::Evidence) -> Vec<Pair> {
    let at = clock(now, seen);
    let takes = |pair: &seen::Pair| {
        let taken = seen.nominated.map(|it| (it.remote, it.tcp));
        taken == Some((pair.remote, pair.tcp))
    };
    let pair = |pair: &seen::Pair| {
        let mut refused = std::collections::BTreeMap::new();
        if pair.refused > 0 {
            refused.insert(UNSIGNED, pair.refused);
        }
        if pair.errors > 0 {
            *refused.entry(pair.error_code).or_default() += u64::from(pair.errors);
        }
        let protocol = match pair.tcp {
            true => Protocol::Tcp,
            false => Protocol::Udp,
        };
        Pair {
            remote: Some(pair.remote),
            local: pair.local,
            protocol,
            checks: pair.received,
            answered: pair.answered,
            refused,
            nominated: pair.use_candidate && pair.answered > 0,
            selected: takes(pair),
            first: Some(at(pair.first)),
            last: Some(at(pair.last)),
            ..Pair::default()
        }
    };
    seen.pairs.iter().map(pair).collect()
}

/// Turns spans since the transport was described into points in time.
fn clock(now: u64, seen: &seen::Evidence) -> impl Fn(Duration) -> u64 {
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let since = now.saturating_sub(millis(seen.age));
    move |span| since.saturating_add(millis(span))
}

fn dtls(seen: &seen::Evidence) -> Dtls {
    let dtls = &seen.dtls;
    Dtls {
        received: dtls.received,
        sent: dtls.sent,
        client_hellos: dtls.hellos,
        alert: dtls.alert,
        wrong_fingerprint: dtls.wrong_certificate,
        problem: match dtls.failed {
            Some(_) => seen.reason.to_owned(),
            None => String::new(),
        },
    }
}

fn media(seen: &seen::Evidence) -> Media {
    let srtp = &seen.srtp;
    let publishes = seen.state.direction == media::Direction::Publish;
    let (packets_in, packets_out) = match publishes {
        true => (srtp.packets, 0),
        false => (0, srtp.packets),
    };
    let (bytes_in, bytes_out) = match publishes {
        true => (srtp.bytes, 0),
        false => (0, srtp.bytes),
    };
    Media {
        packets_in,
        packets_out,
        bytes_in,
        bytes_out,
        unauthenticated: srtp.unauthenticated,
        source_packets: seen.source_packets,
        ..Media::default()
    }
}

fn times(now: u64, seen: &seen::Evidence) -> Times {
    let at = clock(now, seen);
    let publishes = seen.state.direction == media::Direction::Publish;
    let first = seen.srtp.first.map(&at);
    let over = matches!(seen.occasion, Occasion::Failed | Occasion::Closed);
    Times {
        created: Some(at(Duration::ZERO)),
        described: seen.described.map(&at),
        first_candidate: seen.first_candidate.map(&at),
        first_check: seen.pairs.iter().map(|pair| at(pair.first)).min(),
        nominated: seen.nominated.map(|nominated| at(nominated.at)),
        dtls_started: seen.dtls.hello.map(&at),
        dtls_done: seen.dtls.done.map(&at),
        first_packet_in: first.filter(|_| publishes),
        first_packet_out: first.filter(|_| !publishes),
        last_received: seen.pairs.iter().map(|pair| at(pair.last)).max(),
        consent_lost: seen.consent_lost.map(&at),
        closed: over.then_some(now),
    }
}

fn strangers(strangers: seen::Strangers) -> proto::Strangers {
    let stranger = |stranger: seen::Stranger| proto::Stranger {
        ip: stranger.from.to_string(),
        unknown_user: stranger.unknown_user,
        ufrag: stranger.ufrag,
        malformed: stranger.malformed,
        unproven: stranger.unproven,
    };
    proto::Strangers {
        seen: strangers.seen.into_iter().map(stranger).collect(),
        others: strangers.others,
        span: u64::try_from(strangers.span.as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests;
