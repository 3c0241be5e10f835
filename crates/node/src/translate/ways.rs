//! The ways to nodes: what the link says of them, in the words of the mind and of probes.

use agent::{Protocol, Withheld};
use link::proto;
use probe::{Depth, Relay, Target};

/// What must not be told to clients. What this version cannot read is left out.
pub(crate) fn withheld(withhold: proto::Withhold) -> Vec<Withheld> {
    let paths = withhold.paths.into_iter().filter_map(|path| {
        let protocol = match path.protocol.as_str() {
            "udp" => Protocol::Udp,
            "tcp" => Protocol::Tcp,
            _ => return None,
        };
        let ip = path.ip.parse().ok()?;
        Some(Withheld { ip, protocol })
    });
    paths.collect()
}

/// The same for the media plane.
pub(crate) fn candidates(withheld: &[Withheld]) -> Vec<media::Withheld> {
    let all = withheld.iter().map(|it| media::Withheld {
        ip: it.ip,
        protocol: match it.protocol {
            Protocol::Udp => media::Protocol::Udp,
            Protocol::Tcp => media::Protocol::Tcp,
        },
    });
    all.collect()
}

/// Another node.
pub(crate) fn target(addresses: proto::Addresses, relays: Vec<proto::LookRelay>) -> Target {
    let port = |port: u32| u16::try_from(port).ok();
    Target {
        ips: addresses
            .ips
            .iter()
            .filter_map(|ip| ip.parse().ok())
            .collect(),
        ports: addresses.ports.into_iter().filter_map(port).collect(),
        stun_port: port(addresses.stun_port).unwrap_or_default(),
        relays: relays.into_iter().enumerate().filter_map(relay).collect(),
    }
}

/// Whose it is the master knows; here its number tells it from the others.
fn relay((number, told): (usize, proto::LookRelay)) -> Option<Relay> {
    let protocol = reachability::Protocol::from_text(&told.protocol)?;
    let path = reachability::Path::Relay {
        relay: reachability::Relayer::External,
        protocol,
        at: (number + 1).to_string(),
    };
    Some(Relay {
        path,
        host: told.host,
        port: u16::try_from(told.port).ok()?,
        protocol,
        username: told.username,
        credential: told.credential,
    })
}

/// One path to it.
pub(crate) fn outcome(depth: Depth, outcome: reachability::Outcome) -> proto::PathOutcome {
    let (ip, relay, protocol) = match outcome.path {
        reachability::Path::Direct { ip, protocol } => (ip.to_string(), 0, protocol),
        reachability::Path::Relay { protocol, at, .. } => {
            (String::new(), at.parse().unwrap_or_default(), protocol)
        }
    };
    let mut told = proto::PathOutcome {
        ip,
        relay,
        protocol: protocol.as_str().to_owned(),
        echo_alone: outcome.depth < depth,
        ..proto::PathOutcome::default()
    };
    match outcome.result {
        Ok(passed) => {
            told.round_trip_us = u64::try_from(passed.round_trip.as_micros()).unwrap_or(u64::MAX);
            told.sent = passed.sent;
            told.lost = passed.lost;
        }
        Err(failed) => {
            told.stage = failed.stage.as_str().to_owned();
            told.reason = failed.reason;
            told.hint = failed.hint;
        }
    }
    told
}
