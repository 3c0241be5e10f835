//! What tells failures from the rest.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::case::Case;
use crate::evidence::Protocol;

use super::{Dimension, Likeness};

/// Fewer failures have nothing in common yet.
const FEW: u64 = 2;

type Reader = fn(&Case) -> String;

const DIMENSIONS: [(Dimension, Reader); 8] = [
    (Dimension::Node, |case| case.node.clone()),
    (Dimension::Relay, |case| case.relay.clone()),
    (Dimension::Network, network),
    (Dimension::Family, family),
    (Dimension::Browser, |case| case.browser.clone()),
    (Dimension::Protocol, protocol),
    (Dimension::Connection, |case| case.connection.clone()),
    (Dimension::Session, |case| case.session.clone()),
];

/// One value per dimension at most.
pub(super) fn of(cases: &[&Case]) -> Vec<Likeness> {
    let mut alike: Vec<Likeness> = DIMENSIONS
        .iter()
        .filter_map(|(dimension, read)| along(cases, *dimension, *read))
        .collect();
    alike.sort_by_key(|it| {
        (
            it.others_failed > 0,
            std::cmp::Reverse(it.failed * 100 / it.of.max(1)),
        )
    });
    alike
}

fn along(cases: &[&Case], dimension: Dimension, read: Reader) -> Option<Likeness> {
    let mut counted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let (mut failed, mut all) = (0, 0);
    for case in cases {
        let value = read(case);
        if value.is_empty() {
            continue;
        }
        let (of_failed, of) = counted.entry(value).or_default();
        *of += 1;
        all += 1;
        *of_failed += u64::from(case.failed);
        failed += u64::from(case.failed);
    }
    let (value, (with, of)) = counted.into_iter().max_by_key(|(_, (with, _))| *with)?;
    let found = Likeness {
        dimension,
        value,
        failed: with,
        of,
        others_failed: failed - with,
        others: all - of,
    };
    telling(&found).then_some(found)
}

/// Most failures have it, and it fails more than twice as often as the rest.
fn telling(it: &Likeness) -> bool {
    let most = it.failed * 5 >= (it.failed + it.others_failed) * 4;
    let often = it.failed * it.others > 2 * it.others_failed * it.of;
    it.failed >= FEW && it.others >= FEW && most && often
}

fn network(case: &Case) -> String {
    match case.client {
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, ..] = ip.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        None => String::new(),
    }
}

fn family(case: &Case) -> String {
    let family = case
        .client
        .map(|ip| if ip.is_ipv4() { "IPv4" } else { "IPv6" });
    family.unwrap_or_default().to_owned()
}

fn protocol(case: &Case) -> String {
    let protocol = match case.protocol {
        Protocol::Udp => "UDP",
        Protocol::Tcp => "TCP",
        Protocol::Tls => "TLS",
        Protocol::Unknown => "",
    };
    protocol.to_owned()
}
