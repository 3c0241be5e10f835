//! Between the words of the mind, of the agent and of the media plane.

use cluster::{Addresses, Boot, BootId, Capacity, Hello, Load, NodeId};
use conference::{
    MediaAnswer, MediaCommand, MediaError, RequestId, SessionId, StreamId, TransportId,
};
use control::{Direction, Says, Stage, TransportState};

pub(super) fn ask(command: MediaCommand) -> agent::Ask {
    match command {
        MediaCommand::Publish {
            session,
            stream,
            transport,
            offer,
            ..
        } => agent::Ask::Publish {
            session: session.as_str().into(),
            stream: stream.as_str().into(),
            transport: transport.as_str().into(),
            offer,
            forced_video_codec: String::new(),
        },
        MediaCommand::Subscribe {
            session,
            stream,
            transport,
            audio,
            video,
            ..
        } => agent::Ask::Subscribe {
            session: session.as_str().into(),
            stream: stream.as_str().into(),
            transport: transport.as_str().into(),
            audio,
            video,
        },
        MediaCommand::Accept {
            transport, answer, ..
        } => agent::Ask::Accept {
            transport: transport.as_str().into(),
            answer,
        },
        MediaCommand::Candidate {
            transport,
            candidate,
            ..
        } => agent::Ask::Candidate {
            transport: transport.as_str().into(),
            candidate,
        },
        MediaCommand::Close { transport } => agent::Ask::Close {
            transport: transport.as_str().into(),
        },
    }
}

pub(super) fn hello(hello: agent::Hello) -> (Hello, Vec<TransportState>) {
    let carries: Vec<TransportState> = hello.transports.iter().map(transport).collect();
    let known = Hello {
        node: NodeId::new(hello.node_id),
        boot: Boot {
            id: BootId::new(hello.boot_id),
            started: hello.boot_started,
        },
        version: hello.version,
        addresses: addresses(hello.addresses),
        capacity: Capacity {
            shards: hello.shards,
        },
        load: Load {
            connections: carries.len() as u32,
            ..Load::default()
        },
    };
    (known, carries)
}

fn addresses(addresses: agent::Addresses) -> Addresses {
    Addresses {
        version: addresses.version,
        ips: addresses.ips,
        ports: addresses.ports,
        stun_port: addresses.stun_port,
        relay_tls: addresses.relay_tls.clone(),
        problem: addresses.problem,
        entries: Vec::new(),
        remarks: addresses.remarks,
    }
}

fn transport(state: &agent::Transport) -> TransportState {
    TransportState {
        transport: TransportId::new(&*state.transport),
        session: SessionId::new(&*state.session),
        stream: StreamId::new(&*state.stream),
        direction: match state.direction {
            agent::Direction::Publish => Direction::Publish,
            agent::Direction::Subscribe => Direction::Subscribe,
        },
        stage: match state.stage {
            agent::Stage::New => Stage::New,
            agent::Stage::IceConnected => Stage::IceConnected,
            agent::Stage::Connected => Stage::Connected,
            agent::Stage::Disconnected => Stage::Disconnected,
            agent::Stage::Closed => Stage::Closed,
        },
        addresses: state.addresses,
    }
}

pub(super) fn says(message: agent::ToMaster) -> Option<Says> {
    use agent::ToMaster;
    Some(match message {
        ToMaster::Hello(_) => return None,
        ToMaster::Answer { key, result } => Says::Answer {
            key: RequestId(key),
            outcome: result.map(answer).map_err(failure),
        },
        ToMaster::TransportChanged {
            transport: state,
            reason,
        } => Says::Transport {
            transport: transport(&state),
            reason,
        },
        // Its plane tells of none.
        ToMaster::Candidates(_) => return None,
        ToMaster::AddressesChanged(changed) => Says::Addresses(addresses(changed)),
        ToMaster::Load(load) => Says::Load(Load {
            sessions: load.sessions,
            connections: load.connections,
            streams: load.streams,
            cpu_percent: load.cpu_percent,
            memory_percent: load.memory_percent,
        }),
        ToMaster::Running(running) => Says::Running(control::Running {
            version: running.version,
            relay_fingerprint: running.relay_fingerprint,
        }),
        ToMaster::Fenced { master, term } => Says::Fenced { master, term },
        ToMaster::Leaving { reason } => Says::Leaving { reason },
    })
}

pub(super) fn settings(settings: &control::NodeSettings) -> agent::NodeSettings {
    agent::NodeSettings {
        version: settings.version,
        relay: settings.relay.as_ref().map(relay),
        stun_servers: settings.stun_servers.clone(),
    }
}

fn relay(relay: &control::RelaySettings) -> agent::RelaySettings {
    let secrets = relay.secrets.iter().map(|it| agent::RelaySecret {
        version: it.version,
        secret: it.drawn.secret.as_str().into(),
    });
    let peers = relay.peers.iter();
    let peers = peers.flat_map(|(ip, ports)| ports.iter().map(|port| (*ip, *port).into()));
    agent::RelaySettings {
        secrets: secrets.collect(),
        peers: peers.collect(),
        allocations_per_user: relay.allocations_per_user,
        allocations: relay.allocations,
    }
}

fn answer(answer: agent::Answer) -> MediaAnswer {
    match answer {
        agent::Answer::Answer(sdp) => MediaAnswer::Answer(sdp),
        agent::Answer::Offer(sdp) => MediaAnswer::Offer(sdp),
        agent::Answer::Accepted => MediaAnswer::Accepted,
    }
}

fn failure(failure: agent::Failure) -> MediaError {
    use agent::FailureKind as Kind;
    match failure.kind {
        Kind::Sdp => MediaError::Sdp(failure.reason),
        Kind::CodecImpossible => MediaError::CodecImpossible(failure.reason),
        Kind::Unknown => MediaError::Unknown(failure.reason),
        Kind::Unavailable | Kind::StaleTerm | Kind::OtherBoot => {
            MediaError::Unavailable(failure.reason)
        }
    }
}
