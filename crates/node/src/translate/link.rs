//! The link's words.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use addresses::{Entry, Proof, Source};
use agent::{
    Addresses, Answer, Ask, Cause, Command, Direction, Failure, FailureKind, Hello, Load,
    NodeSettings, RelaySecret, RelaySettings, Running, Stage, ToMaster, Transport, Welcome,
};
use link::proto::{self, from_node, refused};

/// The first message of a connection.
pub(crate) fn hello(hello: Hello) -> proto::Hello {
    proto::Hello {
        node_id: hello.node_id,
        boot_id: hello.boot_id,
        boot_started: hello.boot_started,
        version: hello.version,
        addresses: Some(addresses(&hello.addresses)),
        capacity: Some(proto::Capacity {
            shards: hello.shards,
        }),
        snapshot: Some(proto::Snapshot {
            transports: hello.transports.iter().map(transport).collect(),
        }),
        // The link fills in which version of it is spoken.
        ..proto::Hello::default()
    }
}

/// What is queued for the master; `None` for what goes another way.
pub(crate) fn message(message: ToMaster) -> Option<from_node::Message> {
    use from_node::Message;
    Some(match message {
        ToMaster::Hello(_) | ToMaster::Load(_) | ToMaster::Running(_) => return None,
        ToMaster::Answer { key, result } => Message::Answer(answer(key, result)),
        ToMaster::TransportChanged {
            transport: state,
            reason,
        } => Message::TransportChanged(proto::TransportChanged {
            state: Some(transport(&state)),
            reason,
        }),
        ToMaster::Candidates(told) => Message::CandidatesAdded(proto::CandidatesAdded {
            transport_id: told.transport.to_string(),
            candidates: told.candidates,
            sdp_mid: told.sdp_mid,
            sdp_m_line_index: told.sdp_m_line_index.into(),
            addresses_version: told.addresses,
        }),
        ToMaster::AddressesChanged(changed) => Message::AddressesChanged(proto::AddressesChanged {
            addresses: Some(addresses(&changed)),
        }),
        ToMaster::Fenced { master, term } => Message::Fenced(proto::Fenced {
            master_boot_id: master,
            term,
        }),
        ToMaster::Leaving { reason } => Message::Leaving(proto::Leaving { reason }),
    })
}

/// What goes out with the heartbeats.
pub(crate) fn load(load: Load) -> proto::Load {
    proto::Load {
        transports: load.transports,
        sessions: load.sessions,
        streams: load.streams,
        cpu_percent: load.cpu_percent,
        connections: load.connections,
        memory_percent: load.memory_percent,
    }
}

/// What goes out with the heartbeats.
pub(crate) fn running(running: Running) -> proto::RunningSettings {
    proto::RunningSettings {
        version: running.version,
        relay_fingerprint: running.relay_fingerprint,
    }
}

/// How the master wants the node to work. What cannot be read of the allow list is left out: it allows nothing.
pub(crate) fn settings(settings: proto::NodeSettings) -> NodeSettings {
    NodeSettings {
        version: settings.version,
        relay: settings.relay.map(relay),
        stun_servers: settings.stun_servers,
    }
}

fn relay(relay: proto::RelaySettings) -> RelaySettings {
    let secrets = relay.secrets.into_iter().map(|it| RelaySecret {
        version: it.version,
        secret: it.secret.into(),
    });
    RelaySettings {
        secrets: secrets.collect(),
        peers: relay.peers.iter().flat_map(peers).collect(),
        allocations_per_user: relay.allocations_per_user,
        allocations: relay.allocations,
    }
}

fn peers(peer: &proto::RelayPeer) -> Vec<SocketAddr> {
    let Ok(ip) = peer.ip.parse::<IpAddr>() else {
        return Vec::new();
    };
    let ports = peer
        .ports
        .iter()
        .filter_map(|port| u16::try_from(*port).ok());
    ports.map(|port| SocketAddr::new(ip, port)).collect()
}

/// What goes out with the heartbeats.
pub(crate) fn relay_counters(counts: &media::relay::Counts) -> proto::RelayCounters {
    let requests = counts.requests.iter();
    let requests = requests.map(|((method, code), count)| proto::Answered {
        method: method.name().to_owned(),
        code: code.number().into(),
        count: *count,
    });
    let plain = counts.plain().into_iter();
    proto::RelayCounters {
        requests: requests.collect(),
        counts: plain
            .map(|(name, count)| (name.to_owned(), count))
            .collect(),
    }
}

/// What goes out with the heartbeats.
pub(crate) fn limits(limits: &diagnosis::Limits) -> proto::MachineLimits {
    let (tracked, tracked_most) = limits.conntrack.unwrap_or_default();
    let (descriptors, descriptors_most) = limits.descriptors.unwrap_or_default();
    let (disk_free, disk_most) = limits.disk.unwrap_or_default();
    proto::MachineLimits {
        tracked,
        tracked_most,
        descriptors,
        descriptors_most,
        receive_buffer_errors: limits.receive_buffer_errors,
        network: limits.network.as_ref().map(network),
        disk_free,
        disk_most,
        clock_source: limits.clock_source.clone(),
    }
}

fn network(network: &diagnosis::Network) -> proto::MachineNetwork {
    proto::MachineNetwork {
        interface: network.interface.clone(),
        sent: network.sent,
        received: network.received,
        most: network.most,
        packets: network.packets,
        dropped: network.dropped,
    }
}

pub(crate) fn welcome(welcome: proto::Welcome) -> Welcome {
    Welcome {
        master: welcome.master_boot_id,
        term: welcome.term,
    }
}

pub(crate) fn cause(cause: refused::Cause) -> Cause {
    match cause {
        refused::Cause::Superseded => Cause::Superseded,
        _ => Cause::Other,
    }
}

/// `None` for a kind of command that this version does not know.
pub(crate) fn command(command: proto::Command) -> Option<Command> {
    Some(Command {
        key: command.key,
        term: command.term,
        boot_id: command.boot_id,
        ask: ask(command.command?),
    })
}

fn ask(asked: proto::command::Command) -> Ask {
    use proto::command::Command as Asked;
    match asked {
        Asked::Publish(c) => Ask::Publish {
            session: c.session_id.into(),
            stream: c.stream_id.into(),
            transport: c.transport_id.into(),
            offer: c.offer,
            forced_video_codec: c.forced_video_codec,
        },
        Asked::Subscribe(c) => Ask::Subscribe {
            session: c.session_id.into(),
            stream: c.stream_id.into(),
            transport: c.transport_id.into(),
            audio: c.audio,
            video: c.video,
        },
        Asked::Accept(c) => Ask::Accept {
            transport: c.transport_id.into(),
            answer: c.answer,
        },
        Asked::Candidate(c) => Ask::Candidate {
            transport: c.transport_id.into(),
            candidate: c.candidate,
        },
        Asked::Close(c) => Ask::Close {
            transport: c.transport_id.into(),
        },
    }
}

fn answer(key: u64, result: Result<Answer, Failure>) -> proto::Answer {
    use proto::answer::Result as Brought;
    let result = match result {
        Ok(Answer::Answer(sdp)) => Brought::AnswerSdp(sdp),
        Ok(Answer::Offer(sdp)) => Brought::OfferSdp(sdp),
        Ok(Answer::Accepted) => Brought::Accepted(proto::Accepted {}),
        Err(failure) => Brought::Failure(self::failure(failure)),
    };
    proto::Answer {
        key,
        result: Some(result),
    }
}

fn failure(failure: Failure) -> proto::Failure {
    use proto::failure::Kind;
    let kind = match failure.kind {
        FailureKind::Sdp => Kind::Sdp,
        FailureKind::CodecImpossible => Kind::CodecImpossible,
        FailureKind::Unknown => Kind::Unknown,
        FailureKind::Unavailable => Kind::Unavailable,
        FailureKind::StaleTerm => Kind::StaleTerm,
        FailureKind::OtherBoot => Kind::OtherBoot,
    };
    proto::Failure {
        kind: kind.into(),
        reason: failure.reason,
    }
}

fn addresses(addresses: &Addresses) -> proto::Addresses {
    proto::Addresses {
        version: addresses.version,
        ips: addresses.ips.iter().map(ToString::to_string).collect(),
        ports: addresses.ports.iter().map(|port| (*port).into()).collect(),
        problem: addresses.problem.clone(),
        stun_port: addresses.stun_port.into(),
        relay_tls: addresses.relay_tls.clone(),
        entries: addresses.entries.iter().map(entry).collect(),
        remarks: addresses.remarks.clone(),
    }
}

fn entry(entry: &Entry) -> proto::AddressEntry {
    use proto::{AddressProof, AddressSource};
    let (source, name) = match &entry.source {
        Source::Configuration { name } => (AddressSource::Configuration, name.as_deref()),
        Source::Interface { name } => (AddressSource::Interface, Some(name.as_str())),
        Source::Metadata => (AddressSource::Metadata, None),
        Source::Stun { server } => (AddressSource::Stun, Some(server.as_str())),
        Source::Memory => (AddressSource::Memory, None),
    };
    let proof = match entry.proof {
        Proof::Stated => AddressProof::Stated,
        Proof::Present => AddressProof::Present,
        Proof::Agreed => AddressProof::Agreed,
        Proof::Claimed => AddressProof::Claimed,
        Proof::Disputed => AddressProof::Disputed,
        Proof::Translated => AddressProof::Translated,
        Proof::Superseded => AddressProof::Superseded,
        Proof::Remembered => AddressProof::Remembered,
    };
    let millis = |ago: Duration| u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
    proto::AddressEntry {
        ip: entry.ip.to_string(),
        source: source.into(),
        name: name.unwrap_or_default().to_owned(),
        local: entry.local.map(|ip| ip.to_string()).unwrap_or_default(),
        found_ms_ago: millis(entry.found_ago),
        confirmed_ms_ago: millis(entry.confirmed_ago),
        proof: proof.into(),
        advertised: entry.advertised,
    }
}

fn transport(state: &Transport) -> proto::TransportState {
    let direction = match state.direction {
        Direction::Publish => proto::Direction::Publish,
        Direction::Subscribe => proto::Direction::Subscribe,
    };
    let stage = match state.stage {
        Stage::New => proto::Stage::New,
        Stage::IceConnected => proto::Stage::IceConnected,
        Stage::Connected => proto::Stage::Connected,
        Stage::Disconnected => proto::Stage::Disconnected,
        Stage::Closed => proto::Stage::Closed,
    };
    proto::TransportState {
        transport_id: state.transport.to_string(),
        session_id: state.session.to_string(),
        stream_id: state.stream.to_string(),
        direction: direction.into(),
        stage: stage.into(),
        addresses_version: state.addresses,
    }
}
