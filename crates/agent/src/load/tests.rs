use super::*;
use crate::message::Direction;

fn transport(session: &str, id: &str, stage: Stage) -> Transport {
    Transport {
        transport: id.into(),
        session: session.into(),
        stream: "stream".into(),
        direction: Direction::Publish,
        stage,
        addresses: 1,
    }
}

#[test]
fn counts_each_transport_each_participant_and_each_session_once() {
    let transports = [
        transport("a", "con_1/1", Stage::Connected),
        transport("a", "con_1/2", Stage::New),
        transport("a", "con_2/1", Stage::Disconnected),
        transport("b", "con_3/1", Stage::IceConnected),
        transport("c", "con_4/1", Stage::Closed),
    ];
    let usage = Usage {
        cpu_percent: 12.5,
        memory_percent: 40.0,
    };
    let expected = Load {
        transports: 4,
        sessions: 2,
        connections: 3,
        streams: 4,
        cpu_percent: 12.5,
        memory_percent: 40.0,
    };
    assert_eq!(count(&transports, usage), expected);
}

#[test]
fn probes_count_nowhere() {
    let transports = [
        transport("probe/media_1", "probe/1", Stage::Connected),
        transport("probed", "con/1", Stage::Connected),
    ];
    let load = count(&transports, Usage::default());
    assert_eq!(
        (
            load.transports,
            load.sessions,
            load.connections,
            load.streams
        ),
        (1, 1, 1, 1)
    );
}
