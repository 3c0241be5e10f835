//! Between what a conference says and what the link carries. Nothing else knows both.

use std::net::IpAddr;
use std::time::Duration;

use ::control::{
    Direction, NodeSettings, RelayCounters, RelaySettings, Running, Says, Skew, Stage,
    TransportState,
};
use cluster::addresses::{Entry, Proof, Source};
use cluster::{Addresses, Boot, BootId, Capacity, Hello, Load};
use conference::{
    ForcedVideoCodec, MediaAnswer, MediaCommand, MediaError, SessionId, StreamId, TransportId,
};
use link::proto;
use link::proto::command::Command;
use probe::Name;
use reachability::{Depth, Failed, MOST_PATHS, Outcome, Passed, Path, Protocol, Relay};

use super::looks::Look;

mod candidates;
mod visits;

pub(super) use candidates::new_candidates;
pub(super) use visits::visits;

/// Longest text taken as a node's or boot's id.
const ID_BYTES: usize = 64;
/// Characters of a text for people that are kept.
const TEXT: usize = 300;
/// Of a host name (RFC 1035 section 2.3.4).
const LONGEST_HOST: usize = 253;
/// Entries and remarks of one set of addresses that are kept.
const ENTRIES: usize = 32;
const REMARKS: usize = 16;
/// A year, in milliseconds: nothing that is told is older.
const LONGEST_AGE: u64 = 365 * 86_400_000;

/// Longest sentence taken from a node, in characters.
const SENTENCE: usize = 400;

/// A command for the link.
pub(super) fn outgoing(command: MediaCommand) -> Command {
    match command {
        MediaCommand::Publish {
            key: _,
            session,
            stream,
            transport,
            offer,
            forced_video_codec,
        } => {
            let publish = proto::Publish {
                session_id: session.as_str().to_owned(),
                stream_id: stream.as_str().to_owned(),
                transport_id: transport.as_str().to_owned(),
                offer,
                forced_video_codec: codec(forced_video_codec).to_owned(),
            };
            Command::Publish(publish)
        }
        MediaCommand::Subscribe {
            key: _,
            session,
            stream,
            transport,
            audio,
            video,
        } => {
            let subscribe = proto::Subscribe {
                session_id: session.as_str().to_owned(),
                stream_id: stream.as_str().to_owned(),
                transport_id: transport.as_str().to_owned(),
                audio,
                video,
            };
            Command::Subscribe(subscribe)
        }
        MediaCommand::Accept {
            transport, answer, ..
        } => Command::Accept(proto::Accept {
            transport_id: transport.as_str().to_owned(),
            answer,
        }),
        MediaCommand::Candidate {
            transport,
            candidate,
            sdp_mid,
        } => self::candidate(&transport, candidate, sdp_mid),
        MediaCommand::Close { transport } => close(&transport),
    }
}

fn candidate(transport: &TransportId, candidate: String, sdp_mid: Option<String>) -> Command {
    Command::Candidate(proto::Candidate {
        transport_id: transport.as_str().to_owned(),
        candidate,
        sdp_mid: sdp_mid.unwrap_or_default(),
    })
}

fn close(transport: &TransportId) -> Command {
    Command::Close(proto::Close {
        transport_id: transport.as_str().to_owned(),
    })
}

fn codec(forced: ForcedVideoCodec) -> &'static str {
    match forced {
        ForcedVideoCodec::MediaServerPreferred | ForcedVideoCodec::None => "",
        ForcedVideoCodec::Vp8 => "VP8",
        ForcedVideoCodec::Vp9 => "VP9",
        ForcedVideoCodec::H264 => "H264",
    }
}

pub(super) fn answer(result: Option<proto::answer::Result>) -> Result<MediaAnswer, MediaError> {
    use proto::answer::Result as Answer;
    match result {
        Some(Answer::AnswerSdp(sdp)) => Ok(MediaAnswer::Answer(sdp)),
        Some(Answer::OfferSdp(sdp)) => Ok(MediaAnswer::Offer(sdp)),
        Some(Answer::Accepted(_)) => Ok(MediaAnswer::Accepted),
        Some(Answer::Failure(failure)) => Err(self::failure(failure)),
        None => Err(MediaError::Unavailable(
            "expected an answer of the node with a result, got one without: are node and master of one version?".into(),
        )),
    }
}

fn failure(failure: proto::Failure) -> MediaError {
    use proto::failure::Kind;
    let kind = failure.kind();
    let reason = failure.reason;
    match kind {
        Kind::Sdp => MediaError::Sdp(reason),
        Kind::CodecImpossible => MediaError::CodecImpossible(reason),
        Kind::Unknown => MediaError::Unknown(reason),
        Kind::Unspecified | Kind::Unavailable | Kind::StaleTerm | Kind::OtherBoot => {
            MediaError::Unavailable(reason)
        }
    }
}

/// A node's hello as the cluster understands it, or what is wrong with it.
pub(super) fn hello(hello: &proto::Hello) -> Result<Hello, String> {
    let addresses = hello
        .addresses
        .as_ref()
        .ok_or("expected `addresses` in the hello, got none")?;
    let snapshot = hello.snapshot.iter();
    let carried = snapshot.flat_map(|snapshot| &snapshot.transports);
    let carried = carried
        .filter(|transport| !transport.session_id.starts_with(Name::PREFIX))
        .count();
    Ok(Hello {
        node: cluster::NodeId::new(id("node_id", &hello.node_id)?),
        boot: Boot {
            id: BootId::new(id("boot_id", &hello.boot_id)?),
            started: hello.boot_started,
        },
        version: hello.version.chars().take(ID_BYTES).collect(),
        addresses: self::addresses(addresses)?,
        capacity: Capacity {
            shards: hello.capacity.map_or(1, |capacity| capacity.shards),
        },
        load: Load {
            streams: u32::try_from(carried).unwrap_or(u32::MAX),
            ..Load::default()
        },
    })
}

/// All that the node carries.
pub(super) fn carries(hello: &proto::Hello) -> Vec<TransportState> {
    let transports = hello
        .snapshot
        .iter()
        .flat_map(|snapshot| &snapshot.transports);
    transports.map(transport).collect()
}

pub(super) fn transport(state: &proto::TransportState) -> TransportState {
    TransportState {
        transport: TransportId::new(state.transport_id.as_str()),
        session: SessionId::new(state.session_id.as_str()),
        stream: StreamId::new(state.stream_id.as_str()),
        direction: match state.direction() {
            proto::Direction::Publish => Direction::Publish,
            proto::Direction::Subscribe => Direction::Subscribe,
            proto::Direction::Unspecified => Direction::Unknown,
        },
        stage: match state.stage() {
            proto::Stage::New => Stage::New,
            proto::Stage::IceConnected => Stage::IceConnected,
            proto::Stage::Connected => Stage::Connected,
            proto::Stage::Disconnected => Stage::Disconnected,
            proto::Stage::Closed => Stage::Closed,
            proto::Stage::Unspecified => Stage::Unknown,
        },
        addresses: state.addresses_version,
    }
}

fn id<'a>(field: &str, text: &'a str) -> Result<&'a str, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    if !text.is_empty() && text.len() <= ID_BYTES && text.chars().all(plain) {
        return Ok(text);
    }
    Err(format!(
        "expected `{field}` of 1 to {ID_BYTES} letters, digits and `_-.:`, got {} bytes: {text:.80?}",
        text.len()
    ))
}

pub(super) fn addresses(addresses: &proto::Addresses) -> Result<Addresses, String> {
    let ips = addresses
        .ips
        .iter()
        .map(|ip| {
            ip.parse::<IpAddr>()
                .map_err(|_| format!("expected an IPv4 or IPv6 address in `ips`, got {ip:.80?}"))
        })
        .collect::<Result<_, _>>()?;
    let ports = addresses
        .ports
        .iter()
        .map(|number| port("ports", *number))
        .collect::<Result<_, _>>()?;
    Ok(Addresses {
        version: addresses.version,
        ips,
        ports,
        stun_port: port("stun_port", addresses.stun_port)?,
        relay_tls: host("relay_tls", &addresses.relay_tls)?,
        problem: addresses.problem.chars().take(TEXT).collect(),
        entries: addresses
            .entries
            .iter()
            .take(ENTRIES)
            .filter_map(entry)
            .collect(),
        remarks: (addresses.remarks.iter().take(REMARKS))
            .map(|remark| remark.chars().take(TEXT).collect())
            .collect(),
    })
}

/// A host name as it may stand in a URL, or nothing.
fn host(what: &str, text: &str) -> Result<String, String> {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.');
    if text.len() <= LONGEST_HOST && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err(format!("expected a host name in `{what}`, got {text:.80?}"))
}

/// `None` for one whose address cannot be read: it is for people only.
fn entry(entry: &proto::AddressEntry) -> Option<Entry> {
    use proto::{AddressProof, AddressSource};
    let ago = |millis: u64| Duration::from_millis(millis.min(LONGEST_AGE));
    Some(Entry {
        ip: entry.ip.parse().ok()?,
        source: match entry.source() {
            AddressSource::Configuration => Source::Configuration,
            AddressSource::Interface => Source::Interface,
            AddressSource::Metadata => Source::Metadata,
            AddressSource::Stun => Source::Stun,
            AddressSource::Memory => Source::Memory,
            AddressSource::Unspecified => Source::Unknown,
        },
        name: entry.name.chars().take(TEXT).collect(),
        local: entry.local.parse().ok(),
        found_ago: ago(entry.found_ms_ago),
        confirmed_ago: ago(entry.confirmed_ms_ago),
        proof: match entry.proof() {
            AddressProof::Stated => Proof::Stated,
            AddressProof::Present => Proof::Present,
            AddressProof::Agreed => Proof::Agreed,
            AddressProof::Claimed => Proof::Claimed,
            AddressProof::Disputed => Proof::Disputed,
            AddressProof::Translated => Proof::Translated,
            AddressProof::Superseded => Proof::Superseded,
            AddressProof::Remembered => Proof::Remembered,
            AddressProof::Unspecified => Proof::Unknown,
        },
        advertised: entry.advertised,
    })
}

/// The addresses of a node for another one.
pub(super) fn told_addresses(addresses: &Addresses) -> proto::Addresses {
    proto::Addresses {
        version: addresses.version,
        ips: addresses.ips.iter().map(ToString::to_string).collect(),
        ports: addresses.ports.iter().map(|port| (*port).into()).collect(),
        problem: String::new(),
        stun_port: addresses.stun_port.into(),
        relay_tls: String::new(),
        // Whoever looks needs no more.
        entries: Vec::new(),
        remarks: Vec::new(),
    }
}

/// A relay for a node that looks through it.
pub(super) fn told_relay(relay: &Relay) -> proto::LookRelay {
    proto::LookRelay {
        host: relay.host.clone(),
        port: relay.port.into(),
        protocol: relay.protocol.as_str().to_owned(),
        username: relay.username.clone(),
        credential: relay.credential.clone(),
    }
}

/// What a node must not tell its clients.
pub(super) fn withhold(paths: Vec<Path>) -> proto::Withhold {
    let direct = paths.into_iter().filter_map(|path| match path {
        Path::Direct { ip, protocol } => Some(proto::WithheldPath {
            ip: ip.to_string(),
            protocol: protocol.as_str().to_owned(),
        }),
        Path::Relay { .. } => None,
    });
    proto::Withhold {
        paths: direct.collect(),
    }
}

/// What a node found. `None`: it did not look. What cannot be read is left out.
pub(super) fn outcomes(outcomes: Vec<proto::PathOutcome>, look: &Look) -> Option<Vec<Outcome>> {
    let known = outcomes.into_iter().take(MOST_PATHS);
    let known = known.filter_map(|told| outcome(told, look));
    let known: Vec<Outcome> = known.collect();
    (!known.is_empty()).then_some(known)
}

fn outcome(told: proto::PathOutcome, look: &Look) -> Option<Outcome> {
    let path = match (told.relay as usize).checked_sub(1) {
        Some(relay) => look.relays.get(relay)?.path.clone(),
        None => Path::Direct {
            ip: told.ip.parse().ok()?,
            protocol: Protocol::from_text(&told.protocol)?,
        },
    };
    let depth = if told.echo_alone {
        Depth::Echo
    } else {
        look.depth
    };
    let short = |text: String| text.chars().take(SENTENCE).collect();
    let result = if told.stage.is_empty() {
        Ok(Passed {
            round_trip: Duration::from_micros(told.round_trip_us),
            sent: told.sent,
            lost: told.lost,
        })
    } else {
        Err(Failed {
            stage: reachability::Stage::from_text(&told.stage)?,
            reason: short(told.reason),
            hint: short(told.hint),
        })
    };
    Some(Outcome {
        path,
        depth,
        result,
    })
}

fn port(field: &str, number: u32) -> Result<u16, String> {
    u16::try_from(number)
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(|| format!("expected a port from 1 to 65535 in `{field}`, got {number}"))
}

fn load(load: proto::Load) -> Load {
    Load {
        sessions: load.sessions,
        connections: load.connections,
        streams: load.streams,
        cpu_percent: load.cpu_percent,
        memory_percent: load.memory_percent,
    }
}

/// What a heartbeat with a load tells.
pub(super) fn heartbeat(heartbeat: proto::Heartbeat) -> Vec<Says> {
    let load = heartbeat.load.map(|load| Says::Load(self::load(load)));
    let running = heartbeat.running.map(|running| {
        Says::Running(Running {
            version: running.version,
            relay_fingerprint: running.relay_fingerprint,
        })
    });
    let relay = heartbeat.relay.map(|relay| Says::Relay(counters(relay)));
    let limits = heartbeat.limits.map(|told| Says::Limits(limits(&told)));
    let says = load.into_iter().chain(running).chain(relay);
    says.chain(limits).collect()
}

fn limits(told: &proto::MachineLimits) -> diagnosis::Limits {
    let of = |used: u64, most: u64| (most > 0).then_some((used, most));
    diagnosis::Limits {
        conntrack: of(told.tracked, told.tracked_most),
        descriptors: of(told.descriptors, told.descriptors_most),
        receive_buffer_errors: told.receive_buffer_errors,
        network: told.network.as_ref().map(network),
        disk: of(told.disk_free, told.disk_most),
        clock_source: plain(&told.clock_source, CLOCK_SOURCE),
        ..diagnosis::Limits::default()
    }
}

/// Longest names of interfaces, and of what a kernel reads the time from.
const INTERFACE: usize = 15;
const CLOCK_SOURCE: usize = 32;

fn plain(name: &str, longest: usize) -> String {
    let name = name.chars().filter(char::is_ascii_graphic);
    name.take(longest).collect()
}

fn network(told: &proto::MachineNetwork) -> diagnosis::Network {
    diagnosis::Network {
        interface: plain(&told.interface, INTERFACE),
        sent: told.sent,
        received: told.received,
        most: told.most,
        packets: told.packets,
        dropped: told.dropped,
    }
}

/// More than there are methods, codes and counts.
const COUNTERS: usize = 128;

fn counters(relay: proto::RelayCounters) -> RelayCounters {
    let plain =
        |name: &str| name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let requests = relay.requests.into_iter().filter(|it| plain(&it.method));
    let counts = relay.counts.into_iter().filter(|(name, _)| plain(name));
    RelayCounters {
        requests: requests
            .take(COUNTERS)
            .map(|it| (it.method, it.code, it.count))
            .collect(),
        counts: counts.take(COUNTERS).collect(),
        ..RelayCounters::default()
    }
}

pub(super) fn skew(skew: link::Skew) -> Skew {
    Skew {
        ahead_ms: skew.ahead_ms,
        uncertainty_ms: skew.uncertainty_ms,
    }
}

/// Settings for the link.
pub(super) fn settings(settings: &NodeSettings) -> proto::NodeSettings {
    proto::NodeSettings {
        version: settings.version,
        relay: settings.relay.as_ref().map(relay),
        stun_servers: settings.stun_servers.clone(),
    }
}

fn relay(relay: &RelaySettings) -> proto::RelaySettings {
    let secrets = relay.secrets.iter().map(|it| proto::RelaySecret {
        version: it.version,
        secret: it.drawn.secret.to_string(),
    });
    let peers = relay.peers.iter().map(|(ip, ports)| proto::RelayPeer {
        ip: ip.to_string(),
        ports: ports.iter().map(|port| u32::from(*port)).collect(),
    });
    proto::RelaySettings {
        secrets: secrets.collect(),
        peers: peers.collect(),
        allocations_per_user: relay.allocations_per_user,
        allocations: relay.allocations,
    }
}
