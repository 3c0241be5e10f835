//! What nodes hear of relays.

use std::time::Duration;

use link::proto::{NodeSettings, RelaySecret};
use master::Relay;

use crate::http::basic;
use crate::node::Node;
use crate::stage::{SECRET, Stage};

fn secrets(settings: &NodeSettings) -> Vec<RelaySecret> {
    settings
        .relay
        .as_ref()
        .map_or_else(Vec::new, |relay| relay.secrets.clone())
}

async fn rotate(stage: &Stage) -> u16 {
    let secret = basic("OPENVIDUAPP", SECRET);
    let asked = stage.client();
    let answer = asked.request("POST", "/muster/api/relay/rotate", &secret, b"");
    answer.await.status
}

#[tokio::test]
async fn nodes_are_told_of_each_other_and_of_every_new_secret() {
    let stage = Stage::with(|config| {
        config.relay = Some(Relay {
            rotate_every: Duration::ZERO,
            allocations_per_user: 3,
            allocations: 9,
        });
        config.stun_servers = vec!["192.0.2.9:3478".into()];
    })
    .await;
    let one = Node::start(&stage, "media_1", 1).await;
    let first = one.settings(|told| told.relay.is_some()).await;
    let relay = first.relay.clone().expect("a relay");
    assert_eq!((relay.allocations_per_user, relay.allocations), (3, 9));
    let ips: Vec<_> = relay.peers.iter().map(|peer| peer.ip.as_str()).collect();
    assert_eq!(ips, ["192.0.2.10", "2001:db8::10"]);
    assert!(relay.peers.iter().all(|peer| peer.ports == [40_000]));
    assert_eq!(first.stun_servers, ["192.0.2.9:3478"]);
    let [drawn] = &secrets(&first)[..] else {
        panic!("expected one secret");
    };
    assert!(drawn.secret.len() >= 32, "nobody can guess it");

    assert_eq!(rotate(&stage).await, 204);
    let rotated = one.settings(|told| secrets(told).len() == 2).await;
    let both = secrets(&rotated);
    assert_eq!(both[1], *drawn);
    assert_ne!(both[0].secret, drawn.secret);
    assert_eq!(both[0].version, drawn.version + 1);

    let two = Node::start(&stage, "media_2", 1).await;
    let late = two.settings(|told| told.relay.is_some()).await;
    assert_eq!(secrets(&late), both);
}
