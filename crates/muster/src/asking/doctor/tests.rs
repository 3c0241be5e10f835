//! What the doctor makes of what it sees.
#![allow(clippy::unwrap_used)]

use api::{Diagnosis, Health, Node, NodeReach, Nodes, PathReach, Reachability, Status, Way, Why};
use diagnosis::{Cause, Failure, Finding, Likewise, MissingRule, Protocol};

use super::machine::{
    SHOWN, certificate, conntrack, descriptors, receive_errors, space, told_once,
};
use super::paths::OfNow;
use super::sockets::{bound, door, listening};
use super::{Asked, Check, Examination, State, judge, of_cluster, shown};

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
fn an_expired_certificate_is_told_once() {
    let ill = |name: &str, seen: &str| Check::of(name, State::Ill, seen, "renew it");
    let here = ill("certificate", "it expired 3 days ago");
    let names = |others: Vec<Check>| {
        let told = told_once(others.into_iter().chain([here.clone()]).collect());
        let told: Vec<String> = told.iter().map(|it| it.name.clone()).collect();
        told.join(", ")
    };
    let refused = ill(SHOWN, "invalid peer certificate: Expired");
    let found = ill(
        "tls-certificate",
        "the https certificate of https.listen expired 3 days ago",
    );
    let relays = ill(
        "tls-certificate",
        "the relay certificate of node1 expired 3 days ago",
    );
    assert_eq!(names(vec![refused]), SHOWN);
    assert_eq!(names(vec![found]), "tls-certificate");
    assert_eq!(names(vec![relays]), "tls-certificate, certificate");
    assert_eq!(names(vec![]), "certificate");
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
        proof: "no UDP comes through; missing rule: UDP from anywhere to 192.0.2.1:40000".into(),
        remedy: Cause::MediaUdpBlocked.remedy(),
        missing_rule: Some(MissingRule {
            protocol: Protocol::Udp,
            to: "192.0.2.1:40000".parse().unwrap(),
            from: None,
        }),
        subject: "node1".into(),
        likewise: vec![Likewise {
            subject: "node2".into(),
            missing_rule: Some(MissingRule {
                protocol: Protocol::Udp,
                to: "192.0.2.2:40000".parse().unwrap(),
                from: None,
            }),
        }],
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

fn asked(nodes: Vec<NodeReach>, fleet: Vec<Finding>) -> Asked {
    let cluster = ::cluster::Cluster::new();
    let mut status = Status::of(&cluster, ::cluster::Moment(0));
    (status.health, status.nodes.serving) = (Health::Up, nodes.len());
    status.problems.clear();
    let list = nodes.iter().map(|it| node(&it.id, &it.state)).collect();
    Asked {
        status,
        nodes: Nodes { nodes: list },
        diagnosis: Diagnosis {
            fleet,
            ..Diagnosis::default()
        },
        reach: (Reachability { ready: true, nodes }, OfNow::All),
        here: Vec::new(),
        strangers: None,
    }
}

/// As a terminal shows it, and in one line.
fn told(asked: Asked) -> (String, String) {
    let checks = of_cluster(&asked);
    let (verdict, works) = judge(&asked.status, &checks);
    let text = shown(&Examination {
        works,
        verdict,
        checks,
        diagnosis: Some(asked.diagnosis),
    });
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (text, flat)
}

#[test]
fn a_cause_is_told_once_with_its_rule_and_with_what_follows() {
    let mut asked = asked(
        ["node1", "node2"]
            .map(|id| {
                let mut node = reach(id, "partly");
                node.paths = vec![
                    straight("master", "udp", Some("no answer")),
                    straight("master", "tcp", None),
                    relayed(
                        "master",
                        "node2",
                        "10.0.0.2:3478",
                        Some("nothing came back"),
                    ),
                ];
                node
            })
            .into(),
        diagnosis().fleet,
    );
    let failures = diagnosis().failures;
    asked.diagnosis.failures = failures;
    let (text, flat) = told(asked);
    for part in [
        "not work for everybody: 1 thing is wrong.",
        "media-udp-blocked of node1: no UDP comes through → let through UDP from anywhere to \
         192.0.2.1:40000 and UDP from anywhere to 192.0.2.2:40000; clients go",
        "· the same is true of node2",
        "· 4 of 6 paths that are probed fail by it",
        "· 2 streams failed by it of late, all are back, 2 by what was done",
    ] {
        assert!(flat.contains(part), "{part}: {text}");
    }
    assert!(!flat.contains("attention"), "{text}");
    assert!(!flat.contains("missing rule"), "{text}");
}

#[test]
fn a_relay_that_fails_for_many_is_told_once_by_its_url() {
    let nodes = ["node1", "node2", "node3"].map(|id| {
        let mut node = reach(id, "partly");
        let failed = Some("it gave no address: error 508");
        node.paths = vec![
            straight("master", "udp", None),
            relayed("master", "external", "relay.example:3478", failed),
            relayed("node2", "external", "relay.example:3478", failed),
        ];
        node
    });
    let (text, flat) = told(asked(nodes.into(), Vec::new()));
    for part in [
        "A call would work; look at 1 thing.",
        "attention relay turn:relay.example:3478: lets nothing through to node1, node2 and node3, as seen by master \
         and node2: it gave no address: error 508",
        "see that it answers at relay.example:3478 by UDP",
        "· clients are told of it still, as there is no other",
    ] {
        assert!(flat.contains(part), "{part}: {text}");
    }
    for wrong in ["external", "media ports through", "others get through"] {
        assert!(!flat.contains(wrong), "{wrong}: {text}");
    }
}

#[test]
fn a_relay_that_is_the_cause_is_wrong_only_where_there_is_no_other() {
    let finding = Finding {
        cause: Cause::RelayUnreachable,
        remedy: Cause::RelayUnreachable.remedy(),
        missing_rule: None,
        subject: "turn:relay.example:3478".into(),
        likewise: Vec::new(),
        ..diagnosis().fleet[0].clone()
    };
    let node = |more: Vec<PathReach>| {
        let mut node = reach("node1", "partly");
        let failed = Some("no answer");
        node.paths = vec![relayed("master", "external", "relay.example:3478", failed)];
        node.paths.extend(more);
        vec![node]
    };
    let alone = told(asked(node(Vec::new()), vec![finding.clone()])).1;
    assert!(
        alone.contains("WRONG relay-unreachable of turn:relay.example:3478:"),
        "{alone}"
    );
    assert_eq!(alone.matches("relay.example").count(), 1, "{alone}");
    let other = relayed("master", "external", "other.example:3478", None);
    let two = told(asked(node(vec![other]), vec![finding])).1;
    assert!(two.contains("A call would work; look at 1 thing."), "{two}");
}

#[test]
fn ports_that_no_udp_reaches_explain_the_relays_too() {
    let mut lost = reach("node1", "unusable");
    lost.state = "probing".into();
    lost.paths = vec![
        straight("master", "udp", Some("no answer to 5 STUN requests")),
        relayed(
            "master",
            "master",
            "call.example:3478",
            Some("nothing came back"),
        ),
    ];
    let (text, flat) = told(asked(vec![lost], Vec::new()));
    for part in [
        "WRONG UDP: fails to node1 (192.0.2.1), as seen by master: no answer to 5 STUN requests; nor does a relay get",
        "→ let UDP from anywhere through to port 40000 of node1",
        "· nothing is placed there until something gets through",
    ] {
        assert!(flat.contains(part), "{part}: {text}");
    }
    assert!(!flat.contains("attention"), "it is said once: {text}");
}

#[test]
fn a_drained_node_can_be_taken_back() {
    let mut drained = reach("node1", "serves");
    drained.state = "draining".into();
    let flat = told(asked(vec![drained, reach("node2", "serves")], Vec::new())).1;
    assert!(
        flat.contains("`muster nodes undrain node1` takes it back"),
        "{flat}"
    );
    assert!(flat.contains("nodes: node2 serves"), "{flat}");
}

#[test]
fn what_the_master_says_is_to_be_done_of_a_node_is_the_remedy() {
    let mut gone = reach("node1", "unknown");
    gone.state = "suspect".into();
    let mut asked = asked(vec![gone, reach("node2", "serves")], Vec::new());
    asked.nodes.nodes[0].why.remedy = "it needs a new token".into();
    let flat = told(asked).1;
    assert!(
        flat.contains("node1 is suspect → it needs a new token"),
        "{flat}"
    );
    assert!(!flat.contains("look whether"), "{flat}");
}

#[test]
fn a_certificate_that_is_not_accepted_is_not_taken_for_a_master_that_is_gone() {
    let hint = "\nIs the master running? --certificate FILE says which certificate it shows.";
    let expired =
        format!("no secure connection to https://m: invalid peer certificate: Expired{hint}");
    let check = super::cluster::unreached(&expired);
    assert!(
        check.remedy.starts_with("renew the certificate"),
        "{check:?}"
    );
    assert!(!check.seen.contains("Is the master running"), "{check:?}");
    let gone = super::cluster::unreached(&format!("https://m cannot be reached{hint}"));
    assert_eq!(
        (gone.name.as_str(), gone.seen.as_str()),
        ("master", "https://m cannot be reached")
    );
}

#[test]
fn a_node_that_is_drained_alone_is_told_of_once() {
    let mut drained = reach("node1", "serves");
    drained.state = "draining".into();
    let finding = Finding {
        cause: Cause::NodeLeftOut,
        proof: "probes get through to node1 by 8 paths and it is not used".into(),
        remedy: Cause::NodeLeftOut.remedy(),
        missing_rule: None,
        likewise: Vec::new(),
        ..diagnosis().fleet[0].clone()
    };
    let flat = told(asked(vec![drained], vec![finding])).1;
    assert_eq!(flat.matches("undrain node1").count(), 1, "{flat}");
    assert!(!flat.contains("attention"), "{flat}");
}

#[test]
fn of_calls_only_what_is_known_is_told() {
    let mut asked = asked(vec![reach("node1", "serves")], Vec::new());
    asked.diagnosis.correlation = diagnosis::correlate(
        &(0..4)
            .map(|at| diagnosis::Case {
                at,
                failed: at > 1,
                ..diagnosis::Case::default()
            })
            .collect::<Vec<_>>(),
        &[],
    );
    let text = told(asked).0;
    let calls: Vec<&str> = text.lines().filter(|it| it.starts_with("calls")).collect();
    assert_eq!(
        calls,
        ["calls     Permanent: all transports since the first failure failed, 2 of 4."]
    );
}

fn node(id: &str, state: &str) -> Node {
    Node {
        id: id.into(),
        state: state.into(),
        why: Why {
            sentence: format!("{id} is {state}"),
            evidence: Vec::new(),
            remedy: String::new(),
        },
        media_ports: vec![40000],
        ..serde_json::from_value(serde_json::json!({
            "id": "", "state": "", "status": "running", "why": {"sentence": "", "evidence": []}, "connected": true,
            "addresses": [], "addressesVersion": 1, "addressEntries": [], "addressRemarks": [], "mediaPorts": [],
            "environmentId": null, "version": "", "boot": null, "shards": 1, "sessions": 0,
            "load": {"connections": 0, "streams": 0, "cpuPercent": 0.0, "memoryPercent": 0.0},
        }))
        .unwrap()
    }
}

fn reach(id: &str, verdict: &str) -> NodeReach {
    NodeReach {
        id: id.into(),
        state: "serving".into(),
        boot: None,
        addresses_version: None,
        verdict: verdict.into(),
        sentence: String::new(),
        evidence: Vec::new(),
        withheld: Vec::new(),
        paths: Vec::new(),
    }
}

fn straight(from: &str, protocol: &str, failed: Option<&str>) -> PathReach {
    let way = Way {
        address: Some([192, 0, 2, 1].into()),
        relay: None,
        at: None,
        protocol: protocol.into(),
    };
    path(from, way, failed)
}

fn relayed(from: &str, relay: &str, at: &str, failed: Option<&str>) -> PathReach {
    let way = Way {
        address: None,
        relay: Some(relay.into()),
        at: Some(at.into()),
        protocol: "udp".into(),
    };
    path(from, way, failed)
}

fn path(from: &str, path: Way, failed: Option<&str>) -> PathReach {
    PathReach {
        from: from.into(),
        path,
        good: failed.is_none(),
        ok: failed.is_none(),
        call: true,
        round_trip_ms: failed.is_none().then_some(1.5),
        sent: 0,
        lost: 0,
        stage: None,
        reason: failed.map(Into::into),
        age_ms: 0,
        since_ms: 9,
    }
}
