//! A node whose addresses change while it carries calls.

use std::time::Duration;

use cluster::addresses::{Entry, Proof, Source};
use cluster::{Addresses, AttachmentId, Moment, NodeId};
use control::{Input, Says, Stage as Step};

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
