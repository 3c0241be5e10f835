//! A node whose addresses change while it carries calls.

use std::time::Duration;

use cluster::addresses::{Entry, Proof, Source};
use cluster::{Addresses, AttachmentId, Moment, NodeId};
use conference::{ConnectionId, Notification};
use control::{Input, NewCandidates, Says, Stage as Step, Told};

use crate::stage::{Stage, publish};

const NODE: &str = "media_1";

fn addresses(version: u64, ip: &str) -> Addresses {
    let ip = ip.parse().expect("address");
    Addresses {
        version,
        ips: vec![ip],
        ports: vec![40000],
        stun_port: 40100,
        relay_tls: String::new(),
        entries: vec![Entry {
            ip,
            source: Source::Metadata,
            name: String::new(),
            local: None,
            found_ago: Duration::from_secs(7),
            confirmed_ago: Duration::from_secs(2),
            proof: Proof::Claimed,
            advertised: true,
        }],
        ..Addresses::default()
    }
}

fn says(stage: &mut Stage, says: Says) {
    let attachment = AttachmentId(1);
    stage.handle(Input::Says { attachment, says });
}

/// What the node carries comes to this stage.
fn transports_are(stage: &mut Stage, step: Step) {
    let carried: Vec<_> = stage.carried.values().cloned().collect();
    for mut transport in carried {
        transport.stage = step;
        let reason = "told".to_owned();
        says(stage, Says::Transport { transport, reason });
    }
}

#[test]
fn what_was_described_with_other_addresses_is_known_until_it_is_gone() {
    let mut stage = Stage::new();
    stage.attach(1, NODE, 1);
    stage.create("room");
    stage.connection("room", "ann");
    let ann = stage.join("room", "ann");
    stage.operate(ann, 2, "ann", publish());
    transports_are(&mut stage, Step::Connected);
    let node = NodeId::new(NODE);
    assert_eq!(stage.control.outdated(&node), []);

    says(&mut stage, Says::Addresses(addresses(2, "192.0.2.7")));
    let carried: Vec<_> = stage
        .carried
        .values()
        .map(|it| it.transport.clone())
        .collect();
    assert_eq!(carried.len(), 1);
    assert_eq!(stage.control.outdated(&node), carried);
    assert!(stage.logged("1 of its peer connections were described with others"));

    // The link breaks and is dialled anew: the snapshot says the same.
    stage.detach(1);
    stage.attach(2, NODE, 1);
    let attachment = AttachmentId(2);
    let again = Says::Addresses(addresses(2, "192.0.2.7"));
    stage.handle(Input::Says {
        attachment,
        says: again,
    });
    assert_eq!(stage.control.outdated(&node), carried);

    let mut transport = stage.carried.values().next().expect("one").clone();
    transport.stage = Step::Closed;
    let reason = "closed".to_owned();
    let closed = Says::Transport { transport, reason };
    stage.handle(Input::Says {
        attachment,
        says: closed,
    });
    assert_eq!(stage.control.outdated(&node), []);
}

/// The node says that clients of all it carries are to be told this.
fn candidates_are(stage: &mut Stage, attachment: u64, version: u64, candidates: &[&str]) {
    let carried: Vec<_> = stage.carried.values().cloned().collect();
    for transport in carried {
        let new = NewCandidates {
            transport: transport.transport,
            addresses: version,
            told: conference::NewCandidates {
                sdp_mid: "0".into(),
                sdp_m_line_index: 0,
                candidates: candidates.iter().map(ToString::to_string).collect(),
            },
        };
        let attachment = AttachmentId(attachment);
        let says = Says::Candidates(new);
        stage.handle(Input::Says { attachment, says });
    }
}

/// The candidates that a client was told, and of whose streams.
fn heard(stage: &Stage, client: openvidu::rpc::ClientNumber) -> Vec<(ConnectionId, String)> {
    let told = stage.told(client).into_iter();
    let told = told.filter_map(|told| match told {
        Told::Notify(Notification::IceCandidate {
            owner, candidate, ..
        }) => Some((owner.clone(), candidate.clone())),
        _ => None,
    });
    told.collect()
}

#[test]
fn clients_are_told_where_their_node_is_reached_now() {
    let mut stage = Stage::new();
    stage.attach(1, NODE, 1);
    stage.attach(2, "media_2", 1);
    stage.create("room");
    stage.connection("room", "ann");
    let ann = stage.join("room", "ann");
    stage.operate(ann, 2, "ann", publish());
    transports_are(&mut stage, Step::Connected);
    let session = stage.sessions().remove(0);
    let own = session.node.expect("housed");
    let (at, other) = match own.as_str() == NODE {
        true => (1, 2),
        false => (2, 1),
    };
    let node = NodeId::new(own.as_str());
    stage.handle(Input::Says {
        attachment: AttachmentId(at),
        says: Says::Addresses(addresses(2, "192.0.2.7")),
    });
    assert_eq!(stage.control.outdated(&node).len(), 1);

    candidates_are(&mut stage, other, 2, &["candidate:x"]);
    assert_eq!(heard(&stage, ann), [], "another node has no say in it");
    candidates_are(&mut stage, 77, 2, &["candidate:x"]);
    assert_eq!(heard(&stage, ann), []);

    candidates_are(&mut stage, at, 2, &["candidate:1", "candidate:2"]);
    let con = || ConnectionId::new("con_ann");
    let expected = [
        (con(), "candidate:1".to_owned()),
        (con(), "candidate:2".to_owned()),
    ];
    assert_eq!(heard(&stage, ann), expected);
    assert_eq!(stage.control.outdated(&node), [], "they have been told");
}

#[test]
fn who_did_not_go_to_the_new_address_is_helped_at_once() {
    let mut stage = Stage::new();
    stage.attach(1, NODE, 1);
    stage.call("room", &["ann", "bob"]);
    stage.media_is(1, "ann", Step::Connected);
    stage.media_is(1, "bob", Step::Connected);
    candidates_are(&mut stage, 1, 2, &["candidate:1"]);
    stage.pass(3_000);
    let failures = |stage: &Stage| stage.control.failures().count();
    stage.media_is(1, "bob", Step::Disconnected);
    stage.pass(100);
    assert_eq!(failures(&stage), 2, "without the grace of others");
}

#[test]
fn who_went_there_is_left_alone() {
    let mut stage = Stage::new();
    stage.attach(1, NODE, 1);
    stage.call("room", &["ann", "bob"]);
    stage.media_is(1, "ann", Step::Connected);
    stage.media_is(1, "bob", Step::Connected);
    candidates_are(&mut stage, 1, 2, &["candidate:1"]);
    stage.pass(60_000);
    assert_eq!(stage.control.failures().count(), 0);
    // Another loss of consent, much later, has its grace.
    stage.media_is(1, "bob", Step::Disconnected);
    stage.pass(1_000);
    stage.media_is(1, "bob", Step::Connected);
    stage.pass(5_000);
    assert_eq!(stage.control.failures().count(), 0);
}

#[test]
fn what_is_known_of_addresses_outlives_the_master() {
    let mut stage = Stage::new();
    stage.attach(1, NODE, 1);
    says(&mut stage, Says::Addresses(addresses(2, "192.0.2.7")));
    stage.pass(5_000);
    let entries = |stage: &Stage| {
        let cluster = stage.control.cluster();
        let node = cluster.node(&NodeId::new(NODE)).expect("known");
        let entries: Vec<_> = node.address_entries(Moment(stage.now)).collect();
        entries
    };
    let before = entries(&stage);
    assert_eq!(before[0].confirmed_ago, Duration::from_secs(7));
    let stage = stage.restarted();
    let after = entries(&stage);
    assert_eq!(
        (after[0].ip, after[0].source),
        (before[0].ip, Source::Metadata)
    );
    assert!(
        after[0].confirmed_ago >= before[0].confirmed_ago,
        "{after:?}"
    );
}
