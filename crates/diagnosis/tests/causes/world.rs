//! A cluster that is well, and a transport in it that failed without a reason.

use std::net::{IpAddr, SocketAddr};

use diagnosis::*;

pub const NOW: u64 = 1_700_000_000_000;
pub const CREATED: u64 = NOW - 60_000;

/// A master with a public address and a relay, and two private nodes with relays of their own.
pub fn around() -> Surroundings {
    Surroundings {
        now: NOW,
        since: NOW - 600_000,
        joins: 12,
        hosts: vec![
            master(),
            node("media_1", "10.0.0.11"),
            node("media_2", "10.0.0.12"),
        ],
        relays: ["master", "media_1", "media_2"].map(relay).into(),
        reach: ["media_1", "media_2"].into_iter().flat_map(paths).collect(),
        names: vec![Name {
            name: "meet.example.org".into(),
            expected: vec![ip("203.0.113.5")],
            found: vec![ip("203.0.113.5")],
            ..Name::default()
        }],
        certificates: vec![Certificate {
            purpose: "relay".into(),
            name: "cert.pem".into(),
            not_before: Some(NOW - 1_000_000),
            not_after: Some(NOW + 90 * 86_400_000),
            ..Certificate::default()
        }],
        claims: vec![Claim {
            master: "m1".into(),
            term: 4,
            heard: Some(NOW),
            own: true,
        }],
        traffic: Traffic {
            udp: 20,
            relayed: [("master".into(), 10)].into(),
            ..Traffic::default()
        },
    }
}

fn master() -> Host {
    Host {
        id: "master".into(),
        role: Role::Master,
        boot: "m1".into(),
        boot_started: Some(NOW - 36_000_000),
        starts: vec![NOW - 36_000_000],
        serving: true,
        address_set: 1,
        addresses: vec![Address {
            ip: Some(ip("203.0.113.5")),
            source: AddressSource::Metadata,
            local: Some(ip("10.0.0.1")),
            ..Address::default()
        }],
        seen_from_outside: vec![ip("203.0.113.5")],
        advertised: vec![ip("203.0.113.5")],
        secret_fingerprint: "aa11".into(),
        ..Host::default()
    }
}

fn node(id: &str, at: &str) -> Host {
    let at = ip(at);
    Host {
        id: id.into(),
        role: Role::Node,
        boot: format!("{id}-boot"),
        boot_started: Some(NOW - 36_000_000),
        starts: vec![NOW - 36_000_000],
        serving: true,
        serving_since: Some(NOW - 35_990_000),
        address_set: 3,
        addresses: vec![
            Address {
                ip: Some(at),
                source: AddressSource::Interface,
                interface: "eth0".into(),
                ..Address::default()
            },
            Address {
                ip: Some(ip("172.17.0.1")),
                source: AddressSource::Interface,
                interface: "docker0".into(),
                bridge: true,
                ..Address::default()
            },
        ],
        advertised: vec![at],
        listeners: vec![Listener {
            purpose: "media".into(),
            protocol: Protocol::Udp,
            bound: Some(address("0.0.0.0:40000")),
            received: 9000,
            answers_at: vec![at],
            deaf_at: Vec::new(),
        }],
        clock: Clock {
            offset_ms: Some(12),
            synchronised: Some(true),
            stepped: None,
        },
        link: Link {
            open: true,
            silent_ms: 200,
            down_since: None,
        },
        settings_applied: Some(7),
        settings_wanted: Some(7),
        secret_fingerprint: "aa11".into(),
        stun_requests: 400,
        limits: Limits {
            conntrack: Some((900, 65_536)),
            ..Limits::default()
        },
        ..Host::default()
    }
}

fn relay(id: &str) -> RelayFacts {
    let own = around_address(id);
    RelayFacts {
        id: id.into(),
        advertised: vec![SocketAddr::new(own, 3478)],
        own_addresses: vec![own],
        requests: 500,
        allocations: 20,
        in_use: 8,
        capacity: 1000,
        users: 12,
        fresh_presented: 20,
        sent: 100_000,
        returned: 90_000,
        self_test: Some(SelfTest {
            at: Some(NOW - 5_000),
            passed: true,
            relayed: Some(SocketAddr::new(own, 50_000)),
            ..SelfTest::default()
        }),
        ..RelayFacts::default()
    }
}

fn around_address(id: &str) -> IpAddr {
    match id {
        "media_1" => ip("10.0.0.11"),
        "media_2" => ip("10.0.0.12"),
        _ => ip("203.0.113.5"),
    }
}

fn paths(to: &str) -> Vec<Reach> {
    let direct = |protocol| Reach {
        from: "master".into(),
        to: to.into(),
        boot: format!("{to}-boot"),
        address_set: 3,
        path: PathKind::Direct,
        protocol,
        address: Some(SocketAddr::new(around_address(to), 40_000)),
        ok: true,
        round_trip_ms: Some(0.4),
        loss_percent: Some(0.0),
        at: Some(NOW - 4_000),
        ..Reach::default()
    };
    vec![direct(Protocol::Udp), direct(Protocol::Tcp)]
}

/// It failed: no check came. Nothing explains it.
pub fn unheard() -> Evidence {
    let candidate = |protocol, port| Candidate {
        kind: CandidateType::Host,
        protocol,
        ip: Some(ip("10.0.0.11")),
        port,
        related: None,
    };
    Evidence {
        transport: "t1".into(),
        session: "s1".into(),
        connection: "con_1".into(),
        stream: "str_1".into(),
        node: "media_1".into(),
        boot: "media_1-boot".into(),
        address_set: 3,
        direction: Direction::Subscribe,
        outcome: Outcome::Failed,
        reason: "ICE did not connect within 30 s".into(),
        client: Client {
            address: Some(ip("198.51.100.7")),
            ..Client::default()
        },
        local: vec![
            candidate(Protocol::Udp, 40_000),
            candidate(Protocol::Tcp, 40_000),
        ],
        remote: vec![Candidate {
            kind: CandidateType::Host,
            protocol: Protocol::Udp,
            ip: Some(ip("192.168.1.20")),
            port: 51_000,
            related: None,
        }],
        times: Times {
            created: Some(CREATED),
            described: Some(CREATED + 100),
            first_candidate: Some(CREATED + 110),
            closed: Some(CREATED + 30_000),
            ..Times::default()
        },
        ..Evidence::default()
    }
}

/// The same, and the client had used the master's relay in vain.
pub fn through_relay() -> Evidence {
    let mut evidence = unheard();
    evidence.relays = vec![RelayUse {
        relay: "master".into(),
        protocol: Protocol::Udp,
        client: Some(address("198.51.100.7:51000")),
        issued: Some(CREATED - 500),
        bindings: 2,
        allocations: 1,
        relayed: Some(address("203.0.113.5:50001")),
        permissions: 1,
        ..RelayUse::default()
    }];
    evidence
}

/// It failed further on: checks came and were answered.
pub fn answered() -> Evidence {
    let mut evidence = unheard();
    evidence.times.first_check = Some(CREATED + 200);
    evidence.pairs = vec![Pair {
        remote: Some(address("198.51.100.7:51000")),
        local: Some(address("10.0.0.11:40000")),
        protocol: Protocol::Udp,
        checks: 40,
        answered: 40,
        first: Some(CREATED + 200),
        last: Some(CREATED + 29_000),
        ..Pair::default()
    }];
    evidence
}

/// A pair was nominated.
pub fn nominated() -> Evidence {
    let mut evidence = answered();
    evidence.pairs[0].nominated = true;
    evidence.times.nominated = Some(CREATED + 300);
    evidence
}

/// DTLS was done.
pub fn secured() -> Evidence {
    let mut evidence = nominated();
    evidence.times.dtls_started = Some(CREATED + 310);
    evidence.times.dtls_done = Some(CREATED + 350);
    evidence.dtls = Dtls {
        received: 4,
        sent: 4,
        client_hellos: 1,
        ..Dtls::default()
    };
    evidence
}

/// It was connected, and lost consent for good.
pub fn lost() -> Evidence {
    let mut evidence = secured();
    evidence.reason = "ICE consent was lost for 30 s".into();
    evidence.consent_losses = 1;
    evidence.media.packets_out = 4000;
    evidence.times.first_packet_out = Some(CREATED + 400);
    evidence.times.last_received = Some(CREATED + 9_000);
    evidence.times.consent_lost = Some(CREATED + 16_000);
    evidence
}

/// Id of [`silent_relay`].
pub const FOREIGN: &str = "turn:192.0.2.9:3478";

/// One that settings name.
pub fn silent_relay() -> RelayFacts {
    RelayFacts {
        id: FOREIGN.into(),
        advertised: vec![address("192.0.2.9:3478")],
        own_addresses: vec![ip("192.0.2.9")],
        clients: 4,
        through: 2,
        self_test: Some(SelfTest {
            at: Some(NOW - 3_000),
            stage: "binding".into(),
            problem: "no answer to 3 requests at 192.0.2.9:3478".into(),
            ..SelfTest::default()
        }),
        ..RelayFacts::default()
    }
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
