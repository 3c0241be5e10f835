//! Nodes that cannot be reached, and what the operator is told.

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use probe::{Depth, Failed, Limits, MOST_ADDRESSES, Name, Report, Signalling, Stage, Target};

use super::front::{Front, Way};
use super::node::{Node, V4};

/// Probes a node of one shard behind a front that treats media so.
async fn behind(way: Way) -> (Node, Report, u16) {
    let mut node = Node::new(&[V4], 1);
    let behind = node.plane.ports()[0];
    let front = Front::new(&[(V4, way)], behind).await;
    let port = front.port;
    node.edit = Box::new(move |sdp| sdp.replace(&behind.to_string(), &port.to_string()));
    let mut target = node.target(&[V4]);
    target.ports = vec![port];
    let report = node.probe(&target, Depth::Call).await;
    node.is_empty().await;
    (node, report, port)
}

fn failed(report: &Report) -> &Failed {
    report.outcomes[0].result.as_ref().unwrap_err()
}

fn call(report: &Report) -> &Failed {
    report.call().unwrap().as_ref().unwrap_err()
}

#[tokio::test]
async fn closed_port() {
    let node = Node::new(&[V4], 1);
    let mut target = node.target(&[V4]);
    let closed = UdpSocket::bind((V4, 0)).unwrap().local_addr().unwrap();
    target.ports.push(closed.port());
    let report = node.probe(&target, Depth::Call).await;
    let said = report.verdict().unwrap_err();
    let wanted = format!("UDP {closed}: refused (nobody listens there: ");
    assert!(said.starts_with(&wanted), "{said}");
    // One shard answers, but a session could be put on the other.
    assert_eq!(report.call(), None);
    assert_eq!(node.asked(), [""; 0]);
}

#[tokio::test]
async fn black_hole() {
    let (node, report, port) = behind(Way::BlackHole).await;
    assert_eq!(failed(&report).stage, Stage::Echo);
    let said = report.verdict().unwrap_err();
    let wanted = format!(
        "UDP 127.0.0.1:{port}: no answer to 5 STUN requests in 1.5 s (a firewall drops it, or the address is not this \
         node's)"
    );
    assert!(said.starts_with(&wanted), "{said}");
    assert_eq!(node.asked(), [""; 0]);
}

#[tokio::test]
async fn garbage() {
    let (_, report, _) = behind(Way::Garbage).await;
    let said = &failed(&report).reason;
    assert_eq!(
        said,
        "what came back (333 bytes) answers none of 5 STUN requests"
    );
}

#[tokio::test]
async fn answer_of_another_transaction() {
    let (_, report, _) = behind(Way::OtherTransaction).await;
    let said = &failed(&report).reason;
    assert_eq!(
        said,
        "what came back (32 bytes) answers none of 5 STUN requests"
    );
}

#[tokio::test]
async fn answer_of_a_path_that_there_is_not() {
    let (_, report, _) = behind(Way::OtherPath).await;
    let said = &failed(&report).reason;
    assert_eq!(
        said,
        "what came back (32 bytes) answers none of 5 STUN requests"
    );
}

#[tokio::test]
async fn answer_from_another_address() {
    let (_, report, _) = behind(Way::FromElsewhere).await;
    let failed = failed(&report);
    assert_eq!(failed.stage, Stage::Echo);
    let said = &failed.reason;
    assert!(
        said.starts_with("the answers to 5 STUN requests came from 127.0.0.1:"),
        "{said}"
    );
}

#[tokio::test]
async fn stun_error() {
    let (_, report, _) = behind(Way::StunError).await;
    assert_eq!(failed(&report).reason, "STUN was refused with error 500");
}

#[tokio::test]
async fn checks_for_the_transport_are_not_answered() {
    let (node, report, port) = behind(Way::WithoutChecks).await;
    assert!(report.outcomes[0].result.is_ok());
    assert_eq!(call(&report).stage, Stage::Ice);
    let said = report.verdict().unwrap_err();
    let wanted = format!("ICE did not connect with UDP 127.0.0.1:{port}: it was not done after ");
    assert!(said.starts_with(&wanted), "{said}");
    let wanted = ["publish", "subscribe", "accept", "close"];
    assert_eq!(
        node.asked(),
        wanted.map(|it| format!("{it} probe/test/0/0"))
    );
}

#[tokio::test]
async fn dtls_stalls() {
    let (node, report, port) = behind(Way::WithoutDtls).await;
    assert_eq!(call(&report).stage, Stage::Dtls);
    let said = report.verdict().unwrap_err();
    let wanted = format!("ICE connected, but DTLS did not with UDP 127.0.0.1:{port}: ");
    assert!(said.starts_with(&wanted), "{said}");
    let wanted = ["publish", "subscribe", "accept", "close"];
    assert_eq!(
        node.asked(),
        wanted.map(|it| format!("{it} probe/test/0/0"))
    );
}

#[tokio::test]
async fn media_that_does_not_come_back() {
    let (_, report, _) = behind(Way::WithoutMedia).await;
    let failed = call(&report);
    assert_eq!(failed.stage, Stage::Srtp);
    let said = &failed.reason;
    assert!(
        said.starts_with("of ") && said.ends_with(" media packets none came back"),
        "{said}"
    );
}

#[tokio::test]
async fn media_of_which_little_comes_back() {
    let (_, report, _) = behind(Way::LossyMedia).await;
    let failed = call(&report);
    assert_eq!(failed.stage, Stage::Srtp);
    assert!(
        failed.reason.starts_with("of 10 media packets "),
        "{failed}"
    );
}

#[tokio::test]
async fn udp_that_is_blocked_leaves_tcp() {
    let mut node = Node::new(&[V4], 1);
    let behind = node.plane.ports()[0];
    let port = super::front::tcp((V4, behind).into()).await;
    node.edit = Box::new(move |sdp| sdp.replace(&behind.to_string(), &port.to_string()));
    let mut target = node.target(&[V4]);
    target.ports = vec![port];
    let report = node.probe(&target, Depth::Call).await;
    assert_eq!(report.verdict(), Ok(()), "{report:#?}");
    let good: Vec<bool> = report.paths().iter().map(|it| it.result.is_ok()).collect();
    assert_eq!(good, [false, true]);
    assert!(report.complaint().unwrap().starts_with("UDP 127.0.0.1:"));
    node.is_empty().await;
}

#[tokio::test]
async fn stun_port_that_is_closed_is_complained_of_but_no_obstacle() {
    let node = Node::new(&[V4], 1);
    let mut target = node.target(&[V4]);
    let closed = UdpSocket::bind((V4, 0)).unwrap().local_addr().unwrap();
    target.stun_port = closed.port();
    let report = node.probe(&target, Depth::Call).await;
    assert_eq!(report.verdict(), Ok(()));
    let said = report.complaint().unwrap();
    assert!(
        said.starts_with(&format!("UDP {closed}: refused (")),
        "{said}"
    );
}

/// What a node may answer an offer with.
struct Says(Result<String, String>);

impl Signalling for Says {
    async fn publish(&self, _: &Name, _: String) -> Result<String, String> {
        self.0.clone()
    }

    async fn subscribe(&self, _: &Name) -> Result<String, String> {
        self.0.clone()
    }

    async fn accept(&self, _: &Name, _: String) -> Result<(), String> {
        Ok(())
    }

    fn close(&self, _: &Name) {}
}

/// One that never answers.
struct Silent;

impl Signalling for Silent {
    async fn publish(&self, _: &Name, _: String) -> Result<String, String> {
        std::future::pending().await
    }

    async fn subscribe(&self, _: &Name) -> Result<String, String> {
        std::future::pending().await
    }

    async fn accept(&self, _: &Name, _: String) -> Result<(), String> {
        std::future::pending().await
    }

    fn close(&self, _: &Name) {}
}

async fn told(signalling: &impl Signalling) -> Failed {
    let node = Node::new(&[V4], 1);
    let name = Name::new("test", 1);
    let (target, limits) = (node.target(&[V4]), Limits::default());
    let report = probe::run(&target, Depth::Call, limits, &name, signalling).await;
    assert!(report.took < limits.whole + Duration::from_secs(2));
    let failed = call(&report).clone();
    assert!(
        report
            .verdict()
            .unwrap_err()
            .starts_with(&failed.to_string()[..40])
    );
    failed
}

#[tokio::test]
async fn node_that_refuses_to_publish() {
    let failed = told(&Says(Err("unavailable: full".into()))).await;
    assert_eq!(failed.stage, Stage::Publish);
    let wanted = "the node did not publish for the probe: unavailable: full";
    assert_eq!(failed.reason, wanted);
}

#[tokio::test]
async fn node_that_never_answers_the_offer() {
    let failed = told(&Silent).await;
    assert_eq!(failed.stage, Stage::Publish);
    let said = &failed.reason;
    assert!(
        said.starts_with("the node did not answer the probe's offer within 2."),
        "{said}"
    );
}

#[tokio::test]
async fn answers_that_are_no_sdp_or_too_long() {
    for answer in [
        String::new(),
        "v=0".into(),
        "{\"sdp\":1}".into(),
        "v=0\r\n".repeat(20_000),
    ] {
        let failed = told(&Says(Ok(answer))).await;
        assert_eq!(failed.stage, Stage::Description, "{failed}");
    }
}

#[tokio::test]
async fn answer_that_names_other_addresses_than_announced() {
    let mut node = Node::new(&[V4], 1);
    let behind = node.plane.ports()[0];
    node.edit = Box::new(move |sdp| sdp.replace(&format!(" {behind} "), " 9 "));
    let report = node.probe(&node.target(&[V4]), Depth::Call).await;
    let failed = call(&report);
    assert_eq!(failed.stage, Stage::Description);
    assert!(failed.reason.ends_with("got [127.0.0.1:9]"), "{failed}");
    node.is_empty().await;
}

#[tokio::test]
async fn nothing_to_try() {
    let node = Node::new(&[V4], 1);
    let mut target = node.target(&[]);
    let report = node.probe(&target, Depth::Call).await;
    let said = report.verdict().unwrap_err();
    assert_eq!(said, "there is no address with a media port to be tried");
    target = node.target(&[V4]);
    target.ports.clear();
    let report = node.probe(&target, Depth::Call).await;
    assert_eq!(report.verdict(), Err(said));
}

#[tokio::test]
async fn more_addresses_than_anybody_needs_are_left_out() {
    let node = Node::new(&[V4], 1);
    let ips = (1..=200).map(|last| IpAddr::from([127, 0, 0, last]));
    let target = Target {
        ips: ips.collect(),
        ..node.target(&[])
    };
    let report = node.probe(&target, Depth::Echo).await;
    let udp = |it: &&probe::Outcome| !matches!(it.path, probe::Path::Tcp(_));
    assert_eq!(
        report.outcomes.iter().filter(udp).count(),
        2 * MOST_ADDRESSES
    );
    assert_eq!(report.left_out, 2 * (200 - MOST_ADDRESSES));
    assert_eq!(report.verdict(), Ok(()));
}
