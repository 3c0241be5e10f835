//! The machine by itself: no socket, no clock.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use probe::{Channel, Depth, Limits, MOST_DATAGRAMS, Output, Plan, Probe, Route, Signalled, Stage};
use reachability::Protocol;

const TO: &str = "192.0.2.7:40000";
const LOCAL: &str = "192.0.2.1:50000";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn plan(depth: Depth) -> Plan {
    Plan {
        routes: vec![Route {
            ip: at(TO).ip(),
            local: Ok(at(LOCAL)),
        }],
        ports: vec![at(TO).port()],
        stun_port: 3478,
        relays: Vec::new(),
        depth,
        limits: Limits::default(),
        secret: [7; 10],
    }
}

/// The answer to a request that was sent.
fn answer(request: &[u8]) -> Vec<u8> {
    let mut answer = vec![1, 1, 0, 12];
    answer.extend(&request[4..20]);
    answer.extend([0, 0x20, 0, 8, 0, 1, 0x31, 0x13, 0x5e, 0x12, 0xa4, 0x43]);
    answer
}

#[test]
fn requests_follow_each_other_at_growing_pauses_and_end() {
    let begun = Instant::now();
    let mut probe = Probe::new(begun, plan(Depth::Echo));
    let (mut now, mut sent) = (begun, Vec::new());
    loop {
        match probe.poll(now) {
            Output::Send { from, to, data } | Output::Insist { from, to, data } => {
                assert_eq!((from, data.len()), (at(LOCAL), 20));
                if to == at(TO) {
                    sent.push((now - begun).as_millis());
                }
            }
            Output::Wait(until) => {
                assert!(until > now, "it waits for what has been");
                now = until;
            }
            Output::Publish { .. } => panic!("expected no publishing for an echo"),
            Output::Done => break,
            _ => {}
        }
    }
    assert_eq!(sent, [0, 100, 300, 700, 1100]);
    assert_eq!(now - begun, Duration::from_millis(1500));
    assert!(probe.report(now).verdict().is_err());
}

#[test]
fn retransmissions_are_of_one_transaction_and_paths_of_several() {
    let now = Instant::now();
    let mut probe = Probe::new(now, plan(Depth::Echo));
    let mut requests = Vec::new();
    for later in [0, 100, 300] {
        while let Output::Send { to, data, .. } | Output::Insist { to, data, .. } =
            probe.poll(now + Duration::from_millis(later))
        {
            requests.push((to, data));
        }
    }
    let of = |to: SocketAddr| {
        let all = requests.iter().filter(move |(at, _)| *at == to);
        all.map(|(_, data)| data.clone()).collect::<Vec<_>>()
    };
    let (media, stun) = (of(at(TO)), of(at("192.0.2.7:3478")));
    assert_eq!((media.len(), stun.len()), (3, 3));
    assert!(media.iter().all(|data| *data == media[0]));
    assert_ne!(media[0], stun[0]);
}

#[test]
fn a_flood_is_not_listened_to_for_ever() {
    let now = Instant::now();
    let mut probe = Probe::new(now, plan(Depth::Echo));
    let Output::Send { data, .. } = probe.poll(now) else {
        panic!("expected a request at once");
    };
    for _ in 0..MOST_DATAGRAMS {
        assert!(probe.listens());
        probe.receive(now, at("203.0.113.1:1"), &[0; 1200]);
    }
    assert!(!probe.listens());
    probe.receive(now, at(TO), &answer(&data));
    let report = probe.report(now);
    assert!(report.outcomes[0].result.is_err());
}

#[test]
fn what_our_own_system_will_not_send_is_said() {
    let mut now = Instant::now();
    let mut probe = Probe::new(now, plan(Depth::Call));
    loop {
        match probe.poll(now) {
            Output::Send { to, .. } | Output::Insist { to, .. } => {
                probe.unsendable(to, "Operation not permitted")
            }
            Output::Wait(until) => now = until,
            Output::Publish { .. } => panic!("expected no publishing without an address"),
            Output::Done => break,
            _ => {}
        }
    }
    let report = probe.report(now);
    let failed = report.outcomes[0].result.as_ref().unwrap_err();
    assert_eq!(failed.stage, Stage::Send);
    let said = report.verdict().unwrap_err();
    let wanted = "UDP 192.0.2.7:40000: this machine could not send: Operation not permitted (";
    assert!(said.starts_with(wanted), "{said}");
}

#[test]
fn an_address_that_there_is_no_way_to_costs_no_time() {
    let now = Instant::now();
    let mut plan = plan(Depth::Call);
    plan.routes[0].local = Err("Network is unreachable".to_owned());
    let mut probe = Probe::new(now, plan);
    assert_eq!(probe.poll(now), Output::Done, "it waits for nothing");
    let report = probe.report(now);
    let failed = report.outcomes[0].result.as_ref().unwrap_err();
    assert_eq!(failed.stage, Stage::Route);
    let said = report.verdict().unwrap_err();
    assert!(
        said.contains("no way there: Network is unreachable"),
        "{said}"
    );
}

#[test]
fn an_answer_to_the_offer_that_nobody_waits_for_changes_nothing() {
    let now = Instant::now();
    let mut probe = Probe::new(now, plan(Depth::Echo));
    probe.signalled(now, 0, Signalled::Published(Ok("v=0".to_owned())));
    assert_eq!(probe.report(now).call(), None);
}

#[test]
fn a_call_begins_as_soon_as_an_address_is_good() {
    let now = Instant::now();
    let mut probe = Probe::new(now, plan(Depth::Call));
    let mut requests = Vec::new();
    let knock = loop {
        match probe.poll(now) {
            Output::Send { to, data, .. } => requests.push((to, data)),
            other => break other,
        }
    };
    let channel = Channel::Knock(0);
    let open = Output::Open {
        channel,
        protocol: Protocol::Tcp,
        to: at(TO),
    };
    assert_eq!(knock, open);
    let (_, media) = requests.iter().find(|(to, _)| *to == at(TO)).unwrap();
    // The STUN port is still unanswered.
    probe.receive(now, at(TO), &answer(media));
    let Output::Publish { call: 0, offer } = probe.poll(now) else {
        panic!("expected an offer");
    };
    assert!(
        offer.contains("m=audio") && offer.contains("a=fingerprint:"),
        "{offer}"
    );
    assert!(matches!(probe.poll(now), Output::Wait(_)));
}

#[test]
fn what_the_network_reports_is_said() {
    let mut now = Instant::now();
    let mut probe = Probe::new(now, plan(Depth::Echo));
    loop {
        match probe.poll(now) {
            Output::Send { .. } => {}
            Output::Insist { to, .. } => {
                probe.reported(to, &Error::from(ErrorKind::HostUnreachable));
            }
            Output::Wait(until) => now = until,
            Output::Publish { .. } => panic!("expected no publishing for an echo"),
            Output::Done => break,
            _ => {}
        }
    }
    let said = probe.report(now).verdict().unwrap_err();
    let wanted = "UDP 192.0.2.7:40000: 5 STUN requests did not get there: host unreachable (";
    assert!(said.starts_with(wanted), "{said}");
}

#[test]
fn a_refusal_ends_a_path_at_once() {
    let now = Instant::now();
    let mut probe = Probe::new(now, plan(Depth::Echo));
    while let Output::Send { .. } = probe.poll(now) {}
    probe.reported(at(TO), &Error::from(ErrorKind::ConnectionRefused));
    let report = probe.report(now);
    assert_eq!(
        report.failures()[0],
        (probe::Path::Media(at(TO)), Stage::Refused)
    );
    let said = report.verdict().unwrap_err();
    let wanted = "UDP 192.0.2.7:40000: refused (nobody listens there: ";
    assert!(said.starts_with(wanted), "{said}");
}
