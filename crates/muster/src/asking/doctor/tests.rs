//! What the doctor makes of what it sees.
#![allow(clippy::unwrap_used)]

use api::{Diagnosis, Health, Nodes, Status};
use diagnosis::{Cause, Failure, Finding, MissingRule, Protocol};

use super::machine::{certificate, conntrack, descriptors, receive_errors, space};
use super::sockets::{bound, door, listening};
use super::{Check, Examination, State, cluster, judge, shown};

#[test]
fn a_certificate_is_judged_by_its_days() {
    let pem = rcgen::generate_simple_self_signed(vec!["localhost".into()])
        .unwrap()
        .cert
        .pem();
    let der = rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap();
    let der: rustls::pki_types::CertificateDer = der;
    let (begin, end) = link::trust::validity(&der).unwrap();
    let state = |now| certificate(Some(&pem), now).state;
    assert_eq!(state(begin + 1), State::Well);
    assert_eq!(state(end - 86_400), State::Doubtful);
    assert_eq!(state(end + 1), State::Ill);
    assert_eq!(state(begin - 1), State::Ill);
    assert_eq!(certificate(Some("nonsense"), 0).state, State::Ill);
    assert_eq!(certificate(None, 0).state, State::Unknown);
}

#[test]
fn what_is_scarce_is_seen_in_time() {
    let states = [0_u64, 100 << 20, 10 << 30].map(|free| space(free, 20 << 30).state);
    assert_eq!(states, [State::Ill, State::Doubtful, State::Well]);
    assert_eq!(descriptors(Some(1024)).state, State::Doubtful);
    assert_eq!(descriptors(None).state, State::Well);
    let tracked = |count| conntrack(count, "65536\n").map(|check| check.state);
    assert_eq!(tracked("100\n"), Some(State::Well));
    assert_eq!(tracked("65000\n"), Some(State::Ill));
    assert_eq!(tracked(""), None);
    let snmp = |dropped| {
        format!("Ip: A\nIp: 1\nUdp: InDatagrams NoPorts RcvbufErrors\nUdp: 100000 3 {dropped}\n")
    };
    assert_eq!(receive_errors(&snmp(0)).unwrap().state, State::Well);
    assert_eq!(receive_errors(&snmp(500)).unwrap().state, State::Doubtful);
    assert_eq!(receive_errors("Udp: x"), None);
}

#[test]
fn sockets_are_read_from_the_kernels_tables() {
    let tcp = "  sl  local_address rem_address   st tx_queue\n   \
               0: 0100007F:115A 00000000:0000 0A 00000000:00000000\n   \
               1: 0100007F:1F90 0100007F:C350 01 00000000:00000000\n";
    assert_eq!(listening(tcp), ["127.0.0.1:4442".parse().unwrap()]);
    let udp6 = "  sl  local_address                         remote_address                        st\n  \
                1: 00000000000000000000000000000000:9C40 00000000000000000000000000000000:0000 07 0\n";
    assert_eq!(bound(udp6), ["[::]:40000".parse().unwrap()]);
    assert_eq!(bound("head\n 1: nonsense\n 2: 01:02 x y\n"), []);
    let door = |at: &str| door("https", at.parse().unwrap(), &bound(udp6)).state;
    assert_eq!(
        [door("192.0.2.1:40000"), door("[::1]:40001")],
        [State::Well, State::Doubtful]
    );
}

fn diagnosis() -> Diagnosis {
    let finding = Finding {
        cause: Cause::MediaUdpBlocked,
        confidence: 95,
        proof: "no UDP comes through".into(),
        remedy: Cause::MediaUdpBlocked.remedy(),
        missing_rule: Some(MissingRule {
            protocol: Protocol::Udp,
            to: "192.0.2.1:40000".parse().unwrap(),
            from: None,
        }),
        subject: "media_1".into(),
        applied: diagnosis::Applied::Helped,
    };
    let failure = Failure {
        findings: vec![finding.clone()],
        healed: Some(1),
        ..Failure::default()
    };
    let failures = vec![failure.clone(), failure];
    Diagnosis {
        fleet: vec![finding],
        failures,
        ..Diagnosis::default()
    }
}

#[test]
fn what_the_master_knows_is_shown_with_proof_and_remedy() {
    let cluster = ::cluster::Cluster::new();
    let mut status = Status::of(&cluster, ::cluster::Moment(0));
    let checks = cluster::checks(&status, &Nodes { nodes: Vec::new() }, &diagnosis());
    let (verdict, works) = judge(&status, &checks);
    assert!(!works && verdict.contains("no media node serves"));
    (status.health, status.nodes.serving) = (Health::Up, 1);
    let (verdict, works) = judge(&status, &checks);
    assert!(!works && verdict.contains("1 thing is wrong"), "{verdict}");
    assert!(judge(&status, &[Check::well("a", "b")]).1);
    let examination = Examination {
        works,
        verdict,
        checks,
        diagnosis: Some(diagnosis()),
    };
    let text = shown(&examination);
    for part in [
        "media-udp-blocked of media_1: no UDP comes through",
        "let through UDP from anywhere to 192.0.2.1:40000",
        "2 of late, 2 of them over, 2 by what was done",
    ] {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part}: {text}");
    }
}
