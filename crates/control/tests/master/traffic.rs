//! By which paths media goes, and through whom.

use std::net::SocketAddr;

use cluster::AttachmentId;
use control::{Effect, Input, RelayCounters, Says, Stage as Step};
use diagnosis::{
    Address, Candidate, CandidateType, Cause, Evidence, Host, Limits, Network, Outcome, Pair,
    Protocol, Role, STRANGE_RELAY, Surroundings,
};

use crate::node_settings::with_relay;
use crate::stage::Stage;

const MASTERS: &str = "203.0.113.5";

/// Ann and Bob see each other through media_1; all four transports are connected.
fn call() -> Stage {
    let mut stage = Stage::with(with_relay("first"));
    stage.attach_at(1, "media_1", 1, "10.0.0.11");
    stage.attach_at(2, "media_2", 2, "10.0.0.12");
    stage.handle(Input::Surroundings(Box::new(surroundings(None))));
    stage.call("room", &["ann", "bob"]);
    for transport in stage.carried.values().cloned().collect::<Vec<_>>() {
        let transport = control::TransportState {
            stage: Step::Connected,
            ..transport
        };
        let reason = "DTLS is done".to_owned();
        let says = Says::Transport { transport, reason };
        let attachment = attachment(&stage);
        stage.handle(Input::Says { attachment, says });
    }
    stage
}

/// Of the node that carries the call.
fn attachment(stage: &Stage) -> AttachmentId {
    let session = stage.sessions().remove(0);
    let node = cluster::NodeId::new(session.node.expect("placed").as_str());
    let node = stage.control.cluster().node(&node).expect("known");
    node.attachment().expect("attached")
}

fn surroundings(network: Option<Network>) -> Surroundings {
    Surroundings {
        hosts: vec![Host {
            id: "master".into(),
            role: Role::Master,
            addresses: vec![Address {
                ip: Some(MASTERS.parse().expect("an address")),
                local: Some("10.0.0.1".parse().expect("an address")),
                ..Address::default()
            }],
            limits: Limits {
                network,
                ..Limits::default()
            },
            ..Host::default()
        }],
        ..Surroundings::default()
    }
}

/// The client told these relayed addresses, and media comes from `from`.
fn evidence(told: &[&str], from: &str) -> Evidence {
    let candidate = |at: &&str| {
        let at: SocketAddr = at.parse().expect("an address");
        Candidate {
            kind: CandidateType::Relayed,
            protocol: Protocol::Udp,
            ip: Some(at.ip()),
            port: at.port(),
            related: None,
        }
    };
    Evidence {
        outcome: Outcome::Connected,
        remote: told.iter().map(candidate).collect(),
        pairs: vec![Pair {
            remote: Some(from.parse().expect("an address")),
            protocol: Protocol::Udp,
            nominated: true,
            ..Pair::default()
        }],
        ..Evidence::default()
    }
}

fn relay_of(stage: &Stage, mut evidence: Evidence) -> String {
    stage.control.tell_relays(&mut evidence);
    evidence.path().expect("nominated").relay.clone()
}

#[test]
fn whose_relay_a_pair_leads_through_is_seen_by_its_address() {
    let stage = call();
    let told = ["203.0.113.5:50000", "10.0.0.12:50001", "192.0.2.9:50002"];
    for (from, relay) in [
        ("203.0.113.5:50000", "master"),
        // The node sees the master by another address than the client.
        ("10.0.0.1:50000", "master"),
        ("10.0.0.12:50001", "media_2"),
        ("192.0.2.9:50002", STRANGE_RELAY),
        ("198.51.100.7:4000", ""),
        ("10.0.0.11:4000", ""),
    ] {
        assert_eq!(relay_of(&stage, evidence(&told, from)), relay, "{from}");
    }
    // Somebody who is where the master is, and has no relayed candidate of it.
    assert_eq!(relay_of(&stage, evidence(&[], "203.0.113.5:50000")), "");
    let mut client = evidence(&told, "203.0.113.5:4000");
    client.client.address = Some(MASTERS.parse().expect("an address"));
    assert_eq!(relay_of(&stage, client), "", "the client's own address");
}

/// All transports are told of, each going through the master's relay.
fn relayed(stage: &mut Stage) {
    let transports: Vec<String> = stage.carried.keys().map(ToString::to_string).collect();
    let attachment = attachment(stage);
    for transport in transports {
        let mut evidence = Evidence {
            transport,
            ..evidence(&["203.0.113.5:50000"], "10.0.0.1:50000")
        };
        stage.control.tell_relays(&mut evidence);
        let says = Says::Evidence(Box::new(evidence));
        stage.handle(Input::Says { attachment, says });
    }
}

#[test]
fn connected_transports_are_counted_by_their_paths() {
    let mut stage = call();
    let traffic = stage.control.traffic();
    assert_eq!((traffic.unknown, traffic.known()), (4, 0));
    relayed(&mut stage);
    let traffic = stage.control.traffic();
    assert_eq!((traffic.unknown, traffic.known()), (0, 4));
    assert_eq!(traffic.relayed, [("master".to_owned(), 4)].into());
}

#[test]
fn paths_that_are_not_known_are_asked_for_and_old_ones_again() {
    let mut stage = call();
    let asked = |stage: &mut Stage| {
        let known = surroundings(None);
        stage.seen.clear();
        stage.handle(Input::Surroundings(Box::new(known)));
        let wanted = |it: &&Effect| matches!(it, Effect::WantEvidence { .. });
        stage.seen.iter().filter(wanted).count()
    };
    assert_eq!(asked(&mut stage), 0, "nodes tell by themselves");
    stage.pass(5_000);
    assert_eq!(asked(&mut stage), 4);
    relayed(&mut stage);
    assert_eq!(asked(&mut stage), 0);
    stage.pass(60_000);
    assert_eq!(asked(&mut stage), 4);
}

#[test]
fn a_full_relay_that_carries_all_is_found_and_one_that_is_not_to_blame_is_not() {
    let full = Network {
        interface: "eth0".into(),
        sent: 940_000_000,
        most: 1_000_000_000,
        ..Network::default()
    };
    for (bytes, found) in [(500_000_000, true), (1_000_000, false)] {
        let mut stage = call();
        relayed(&mut stage);
        for count in [0, bytes] {
            let counts = [("to_clients_bytes".to_owned(), count)].into();
            stage.handle(Input::OwnRelay(RelayCounters {
                counts,
                ..RelayCounters::default()
            }));
            stage.pass(5_000);
        }
        stage.handle(Input::Surroundings(Box::new(surroundings(Some(
            full.clone(),
        )))));
        let findings = diagnosis::survey(&stage.control.around());
        let named = findings.iter().any(|it| it.cause == Cause::AllRelayed);
        assert_eq!(named, found, "{bytes}: {findings:?}");
    }
}
