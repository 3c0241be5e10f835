//! What a placement and a tick cost with a thousand nodes: `cargo bench -p cluster`. The target is 10 µs a placement.
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock; the crate itself does not"
)]

use std::hint::black_box;
use std::time::Instant;

use cluster::{
    Addresses, AttachmentId, Boot, BootId, Capacity, Cluster, Hello, Input, Load, Moment, NodeId,
    SessionId, Settings, Strategy,
};

const NODES: u64 = 1_000;
const ROUNDS: u32 = 20_000;

fn main() {
    let strategies = [
        Strategy::Streams,
        Strategy::Connections,
        Strategy::Sessions,
        Strategy::Cpu,
        Strategy::Memory,
    ];
    for strategy in strategies {
        let mut cluster = full(strategy);
        let sessions: Vec<SessionId> = (0..ROUNDS)
            .map(|number| SessionId::new(number.to_string()))
            .collect();
        let begun = Instant::now();
        for session in &sessions {
            let place = cluster.place(session, None, None);
            black_box(place.is_ok());
        }
        report(&format!("placement by {strategy:?}"), begun);
    }
    heartbeats();
    deadlines();
}

fn heartbeats() {
    let mut cluster = full(Strategy::Streams);
    let begun = Instant::now();
    for round in 0..u64::from(ROUNDS) {
        let attachment = AttachmentId(round % NODES);
        let load = Load::default();
        black_box(cluster.handle(Moment(0), Input::Load { attachment, load }));
    }
    report("heartbeat", begun);
}

fn deadlines() {
    let cluster = full(Strategy::Streams);
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        black_box(cluster.next_deadline());
    }
    report("next deadline", begun);
}

fn report(what: &str, begun: Instant) {
    let each = begun.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!("{what:<26} {each:8.2} µs with {NODES} nodes");
}

fn full(strategy: Strategy) -> Cluster {
    let mut cluster = Cluster::with(Settings {
        strategy,
        ..Settings::default()
    });
    for number in 0..NODES {
        let hello = Hello {
            node: NodeId::new(format!("media_{number:04}")),
            boot: Boot {
                id: BootId::new("boot"),
                started: 1,
            },
            version: "bench".to_owned(),
            addresses: Addresses {
                version: 1,
                ips: vec!["192.0.2.1".parse().expect("an address")],
                ports: vec![40_000],
                ..Addresses::default()
            },
            capacity: Capacity { shards: 4 },
            load: Load::default(),
        };
        let attachment = AttachmentId(number);
        cluster.handle(Moment(0), Input::Hello { attachment, hello });
    }
    cluster
}
