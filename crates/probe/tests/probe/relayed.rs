//! Nodes behind relays.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use media::relay::{Config, Options, Quotas, Relay as Running, Secret, Settings};
use probe::{Depth, Failed, Passed, Path, Relay, Report, Stage, Target};
use reachability::{Protocol, Relayer};
use turn::client::Client;

use super::node::{Node, V4};

const SECRET: &str = "secret";

/// A relay that stands alone and relays to these.
fn relay(peers: &[SocketAddr]) -> Running {
    let relay = media::relay::start(&Config {
        ip: None,
        ports: 0..=0,
        addresses: vec![V4],
        options: Options {
            tls: Some(certificate()),
            ..Options::default()
        },
    });
    let relay = relay.unwrap();
    relay.set_settings(settings(peers)).unwrap();
    relay
}

fn settings(peers: &[SocketAddr]) -> Settings {
    Settings {
        secrets: vec![Secret::new(SECRET)],
        peers: peers.iter().copied().collect(),
        quotas: Quotas {
            per_label: 3,
            total: 100,
        },
        clock_offset_ms: 0,
    }
}

fn certificate() -> Arc<rustls::ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key);
    Arc::new(config.unwrap())
}

/// The way through the relay at this port, under this secret.
fn through(port: u16, protocol: Protocol, secret: &str) -> Relay {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let label = format!("probe{protocol}");
    let client = Client::of_secret(secret, now.as_secs() + 600, &label, [0; 4]);
    Relay {
        path: reachability::Path::Relay {
            relay: Relayer::Master,
            protocol,
            at: format!("127.0.0.1:{port}"),
        },
        host: V4.to_string(),
        port,
        protocol,
        username: client.username().to_owned(),
        credential: client.password().to_owned(),
    }
}

fn target(node: &Node, relays: Vec<Relay>) -> Target {
    Target {
        relays,
        ..node.target(&[V4])
    }
}

fn media(node: &Node) -> Vec<SocketAddr> {
    let ports = node.plane.ports().into_iter();
    ports.map(|port| (V4, port).into()).collect()
}

fn relayed(report: &Report) -> Vec<Result<reachability::Passed, Failed>> {
    let paths = report.paths().into_iter();
    let relayed = paths.filter(|it| it.path.is_relayed());
    relayed.map(|it| it.result).collect()
}

/// Nothing of a probe stays in a relay.
async fn is_left(relay: &Running) {
    for _ in 0..400 {
        if relay.counts().unwrap().allocations == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("an allocation of a probe stays");
}

#[tokio::test]
async fn media_comes_back_through_a_relay_by_udp_tcp_and_tls() {
    let node = Node::new(&[V4], 2);
    let relay = relay(&media(&node));
    let relays = Protocol::ALL.map(|protocol| through(relay.port(), protocol, SECRET));
    let report = node.probe(&target(&node, relays.into()), Depth::Call).await;
    assert_eq!(report.complaint(), None, "{report:#?}");
    let found = relayed(&report);
    assert_eq!(found.len(), 3);
    for passed in found {
        assert_eq!(passed.unwrap().sent, 10);
    }
    assert!(report.paths().iter().all(|it| it.depth == Depth::Call));
    node.is_empty().await;
    is_left(&relay).await;
}

#[tokio::test]
async fn an_echo_through_a_relay_costs_the_node_nothing() {
    let node = Node::new(&[V4], 2);
    let relay = relay(&media(&node));
    let relays = Protocol::ALL.map(|protocol| through(relay.port(), protocol, SECRET));
    let report = node.probe(&target(&node, relays.into()), Depth::Echo).await;
    assert_eq!(report.complaint(), None, "{report:#?}");
    assert!(relayed(&report).iter().all(Result::is_ok));
    assert_eq!(node.asked(), [""; 0]);
    is_left(&relay).await;
}

#[tokio::test]
async fn the_relay_of_the_node_itself_hands_over_inside() {
    let node = Node::new(&[V4], 2);
    node.plane.set_relay(settings(&[])).unwrap();
    let stun = node.plane.stun_port();
    let relays = [Protocol::Udp, Protocol::Tcp].map(|it| through(stun, it, SECRET));
    let report = node.probe(&target(&node, relays.into()), Depth::Call).await;
    assert_eq!(report.complaint(), None, "{report:#?}");
    assert!(relayed(&report).iter().all(Result::is_ok));
    node.is_empty().await;
}

fn refusal(report: &Report) -> Failed {
    let found = relayed(report).pop().unwrap();
    // The node serves all the same, by its direct paths.
    assert_eq!(report.verdict(), Ok(()));
    assert!(
        report
            .complaint()
            .unwrap()
            .contains("the master's relay at")
    );
    found.unwrap_err()
}

#[tokio::test]
async fn a_wrong_secret_is_said() {
    let node = Node::new(&[V4], 1);
    let relay = relay(&media(&node));
    let relays = vec![through(relay.port(), Protocol::Udp, "another")];
    let report = node.probe(&target(&node, relays), Depth::Call).await;
    let failed = refusal(&report);
    assert_eq!(failed.stage, Stage::Relay);
    assert!(
        failed.reason.ends_with("gave no address: error 401"),
        "{failed}"
    );
}

#[tokio::test]
async fn a_relay_that_does_not_know_the_node_is_said() {
    let node = Node::new(&[V4], 1);
    let relay = relay(&[]);
    let relays = vec![through(relay.port(), Protocol::Tcp, SECRET)];
    let report = node.probe(&target(&node, relays), Depth::Call).await;
    let failed = refusal(&report);
    assert_eq!(failed.stage, Stage::Relay);
    assert!(
        failed.reason.contains("does not relay to 127.0.0.1:"),
        "{failed}"
    );
    assert!(failed.reason.ends_with("error 403"), "{failed}");
    is_left(&relay).await;
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_said() {
    let node = Node::new(&[V4], 1);
    let silent = std::net::UdpSocket::bind((V4, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let relays = vec![through(port, Protocol::Udp, SECRET)];
    let report = node.probe(&target(&node, relays), Depth::Call).await;
    let failed = refusal(&report);
    assert_eq!(failed.stage, Stage::Relay);
    assert!(
        failed
            .reason
            .contains("did not answer 5 requests for an address"),
        "{failed}"
    );
    let relays = vec![through(port, Protocol::Tls, SECRET)];
    let report = node.probe(&target(&node, relays), Depth::Call).await;
    assert_eq!(refusal(&report).stage, Stage::Refused);
    assert!(
        report
            .outcomes
            .iter()
            .any(|it| matches!(it.path, Path::Relay(_)))
    );
    let called = |it: &probe::Outcome| matches!(it.result, Ok(Passed::Call { .. }));
    assert!(report.outcomes.iter().any(called));
}
