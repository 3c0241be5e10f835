//! Nodes that can be reached.

use std::net::IpAddr;
use std::time::Duration;

use probe::{Depth, Limits, Name, Passed, Path, Report};

use super::front::{Front, Way};
use super::node::{Node, V4, V6};

fn called_at(report: &Report) -> std::net::SocketAddr {
    match report.call() {
        Some(Ok(Passed::Call { at, .. })) => *at,
        other => panic!("expected a call that passed, got {other:?}"),
    }
}

#[tokio::test]
async fn node_with_two_shards_and_both_families_passes() {
    let node = Node::new(&[V4, V6], 2);
    let target = node.target(&[V4, V6]);
    let report = node.probe(&target, Depth::Call).await;
    assert_eq!(report.verdict(), Ok(()), "{report:#?}");
    assert_eq!(report.complaint(), None);
    // Two shards and the STUN port at two addresses, both shards by TCP, and a call for each address and protocol.
    assert_eq!(report.outcomes.len(), 6 + 4 + 4);
    let paths = report.paths();
    assert_eq!(paths.len(), 4);
    for path in paths {
        let passed = path.result.unwrap();
        assert_eq!((passed.sent, passed.lost), (10, 0));
        assert!(passed.round_trip < Duration::from_millis(500), "{passed:?}");
    }
    assert!(report.outcomes.iter().all(|it| it.result.is_ok()));
    assert!(target.ports.contains(&called_at(&report).port()));
    let seen = report.outcomes.iter().filter_map(|it| match it.result {
        Ok(Passed::Echo { seen_as, .. }) => Some(seen_as.ip()),
        _ => None,
    });
    let seen: Vec<IpAddr> = seen.collect();
    assert_eq!(seen, [V4, V4, V4, V6, V6, V6, V4, V4, V6, V6]);
    let mut asked = node.asked();
    asked.sort_unstable();
    let each = ["accept", "close", "publish", "subscribe"].into_iter();
    let wanted =
        each.flat_map(|what| (0..4).map(move |call| format!("{what} probe/test/0/{call}")));
    assert_eq!(asked, wanted.collect::<Vec<_>>());
    node.is_empty().await;
    assert_eq!(node.plane.counters().library_panics, 0);
}

#[tokio::test]
async fn node_with_ipv6_alone_passes() {
    let node = Node::new(&[V6], 1);
    let report = node.probe(&node.target(&[V6]), Depth::Call).await;
    assert_eq!(report.verdict(), Ok(()), "{report:#?}");
    assert!(called_at(&report).is_ipv6());
}

#[tokio::test]
async fn echo_asks_nothing_of_the_control_side() {
    let node = Node::new(&[V4], 3);
    let report = node.probe(&node.target(&[V4]), Depth::Echo).await;
    assert_eq!(report.verdict(), Ok(()), "{report:#?}");
    assert_eq!(report.call(), None);
    assert_eq!(node.asked(), [""; 0]);
    // Three shards by UDP and by TCP; what the STUN port answers is counted by the relay.
    assert_eq!(node.plane.counters().stun_plain, 6);
}

#[tokio::test]
async fn one_good_address_of_several_is_enough_and_is_the_one_called() {
    let [dead, alive] = ["127.0.0.2", "127.0.0.1"].map(|ip| ip.parse::<IpAddr>().unwrap());
    let mut node = Node::new(&[dead, alive], 1);
    let behind = node.plane.ports()[0];
    let ways = [(alive, Way::Through), (dead, Way::BlackHole)];
    let front = Front::new(&ways, behind).await;
    let port = front.port;
    node.edit = Box::new(move |sdp| sdp.replace(&behind.to_string(), &port.to_string()));
    let mut target = node.target(&[dead, alive]);
    target.ports = vec![port];
    let report = node.probe(&target, Depth::Call).await;
    assert_eq!(report.verdict(), Ok(()), "{report:#?}");
    assert_eq!(called_at(&report), (alive, port).into());
    let complaint = report.complaint().unwrap();
    let said = format!("UDP 127.0.0.2:{port}: no answer to 5 STUN requests in 1.");
    assert!(complaint.starts_with(&said), "{complaint}");
    let good: Vec<bool> = report.paths().iter().map(|it| it.result.is_ok()).collect();
    // UDP and TCP of each; the front forwards UDP alone.
    assert_eq!(good, [false, false, true, false]);
    node.is_empty().await;
}

#[tokio::test]
async fn lost_requests_are_sent_again() {
    let node = Node::new(&[V4], 1);
    let front = Front::new(&[(V4, Way::Lossy)], node.plane.ports()[0]).await;
    let mut target = node.target(&[V4]);
    target.ports = vec![front.port];
    let report = node.probe(&target, Depth::Echo).await;
    assert_eq!(report.verdict(), Ok(()), "{report:#?}");
    let media = &report.outcomes[0];
    assert_eq!(media.path, Path::Media((V4, front.port).into()));
    let Ok(Passed::Echo {
        after, requests, ..
    }) = media.result
    else {
        panic!("{media:?}");
    };
    assert_eq!(requests, 3);
    assert!(after >= Duration::from_millis(300), "{after:?}");
}

#[tokio::test]
async fn a_probe_that_is_dropped_halfway_closes_what_it_published() {
    let node = Node::new(&[V4], 1);
    let front = Front::new(&[(V4, Way::WithoutChecks)], node.plane.ports()[0]).await;
    let (behind, port) = (node.plane.ports()[0], front.port);
    let mut node = node;
    node.edit = Box::new(move |sdp| sdp.replace(&behind.to_string(), &port.to_string()));
    let mut target = node.target(&[V4]);
    target.ports = vec![port];
    let name = Name::new("test", 7);
    {
        let probing = probe::run(&target, Depth::Call, Limits::default(), &name, &node);
        let published = async {
            while node.asked().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            report = probing => panic!("expected a probe that goes on, got {report:?}"),
            () = published => {}
        }
    }
    assert_eq!(node.asked().first().unwrap(), "publish probe/test/7/0");
    assert_eq!(node.asked().last().unwrap(), "close probe/test/7/0");
    node.is_empty().await;
}
