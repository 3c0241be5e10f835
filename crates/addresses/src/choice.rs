//! Which addresses are advertised, in which order, and what speaks for each.

use std::net::IpAddr;

use super::answer::is_private;
use super::entry::{InterfaceAddress, Proof, Source};
use super::held::Held;

/// More than this helps no client and makes every description longer.
const MOST: usize = 8;

/// Interfaces that lead to containers and virtual machines of this host, not to clients.
const INTERNAL: [&str; 10] = [
    "docker", "br-", "veth", "virbr", "vnet", "lxcbr", "lxdbr", "cni", "flannel", "cali",
];

/// Whether an interface is a bridge of containers or virtual machines, or leads to one, by its name.
pub fn is_internal(interface: &str) -> bool {
    INTERNAL.iter().any(|prefix| interface.starts_with(prefix))
}

/// The addresses that clients are told. What is configured counts alone. Else IPv4 comes before IPv6, within a family
/// addresses that everybody reaches come first, by how far they can be trusted, and what was superseded comes last.
/// Loopback is told where that is allowed and there is nothing else.
pub(crate) fn advertised(held: &[Held], allow_loopback: bool) -> Vec<IpAddr> {
    let configured = held.iter().filter(|it| is_configured(it));
    let configured = distinct(configured.map(|it| (it.superseded.is_some(), it.ip)));
    if !configured.is_empty() {
        return configured;
    }
    let outward = held.iter().filter(|it| is_outward(it));
    let outward = distinct(outward.map(|it| ((it.ip.is_ipv6(), rank(it, held)), it.ip)));
    if !outward.is_empty() || !allow_loopback {
        return outward;
    }
    let is_interface = |it: &Held| matches!(it.source, Source::Interface { .. });
    let loopback = (held.iter()).filter(|it| it.ip.is_loopback() && is_interface(it));
    distinct(loopback.map(|it| (it.ip.is_ipv6(), it.ip)))
}

/// In the order of their keys, and otherwise as they came.
fn distinct<K: Ord + Copy>(keyed: impl Iterator<Item = (K, IpAddr)>) -> Vec<IpAddr> {
    let mut keyed: Vec<_> = keyed.collect();
    keyed.sort_by_key(|(key, _)| *key);
    let mut seen = std::collections::BTreeSet::new();
    let ips = keyed.into_iter().map(|(_, ip)| ip);
    ips.filter(|ip| seen.insert(*ip)).take(MOST).collect()
}

fn is_configured(held: &Held) -> bool {
    matches!(held.source, Source::Configuration { .. })
}

/// Whether clients could be told it, were nothing configured.
fn is_outward(held: &Held) -> bool {
    match &held.source {
        Source::Interface { name } => !is_internal(name) && super::answer::usable(held.ip).is_ok(),
        Source::Metadata => true,
        Source::Stun { .. } => held.port_kept && !is_here(held),
        Source::Configuration { .. } | Source::Memory => false,
    }
}

/// Seen by a STUN server at the address that the machine itself has: no translation.
fn is_here(held: &Held) -> bool {
    held.local == Some(held.ip)
}

/// What of one family comes first.
fn rank(held: &Held, all: &[Held]) -> u8 {
    if held.superseded.is_some() {
        return 5;
    }
    match (&held.source, proof(held, all)) {
        (Source::Interface { .. }, _) if is_private(held.ip) => 4,
        (Source::Interface { .. }, _) => 0,
        (_, Proof::Agreed) => 1,
        (Source::Metadata, _) => 2,
        _ => 3,
    }
}

/// What speaks for an address, and against it.
pub(crate) fn proof(held: &Held, all: &[Held]) -> Proof {
    if held.superseded.is_some() {
        return Proof::Superseded;
    }
    match held.source {
        Source::Configuration { .. } => return Proof::Stated,
        Source::Interface { .. } => return Proof::Present,
        Source::Memory => return Proof::Remembered,
        Source::Stun { .. } if !held.port_kept => return Proof::Translated,
        Source::Metadata | Source::Stun { .. } => {}
    }
    let others = all.iter().filter(|other| is_witness(other, held));
    let mut disputed = false;
    for other in others {
        if other.ip == held.ip {
            return Proof::Agreed;
        }
        disputed |= has_view(other);
    }
    if disputed {
        Proof::Disputed
    } else {
        Proof::Claimed
    }
}

/// Whether `other` can speak for or against `held`: another source, of today, of the same family, and of the same
/// address behind the translation as far as that is known.
fn is_witness(other: &Held, held: &Held) -> bool {
    let speaks = matches!(
        other.source,
        Source::Interface { .. } | Source::Metadata | Source::Stun { .. }
    );
    let same_local = match (other.local, held.local) {
        (Some(one), Some(another)) => one == another,
        _ => true,
    };
    speaks
        && other.source != held.source
        && other.superseded.is_none()
        && other.ip.is_ipv4() == held.ip.is_ipv4()
        && same_local
}

/// Whether an address is worth telling people of: not those of loopback, link-local and container networks.
pub(crate) fn is_shown(held: &Held) -> bool {
    !matches!(held.source, Source::Interface { .. }) || is_outward(held)
}

/// Sources that contradict each other, in a sentence for each family.
pub(crate) fn disagreements(held: &[Held]) -> Vec<String> {
    let sentences = [false, true].into_iter().filter_map(|v6| {
        let views = held
            .iter()
            .filter(|it| it.ip.is_ipv6() == v6 && has_view(it));
        let disputed = |it: &&Held| {
            let mut others = held.iter().filter(|other| has_view(other));
            others.any(|other| other.ip != it.ip && is_witness(other, it))
        };
        let says = views.filter(disputed);
        let says: Vec<_> = says
            .map(|it| format!("{} says {}", teller(&it.source), it.ip))
            .collect();
        (!says.is_empty()).then(|| {
            format!(
                "sources disagree on the public address: {}",
                says.join(", ")
            )
        })
    });
    sentences.collect()
}

/// It says by which single address the machine is seen from outside.
fn has_view(held: &Held) -> bool {
    let view = matches!(held.source, Source::Metadata | Source::Stun { .. });
    view && held.superseded.is_none() && !is_here(held)
}

fn teller(source: &Source) -> String {
    match source {
        Source::Configuration { name: None } => "the configuration".to_owned(),
        Source::Configuration { name: Some(name) } => name.clone(),
        Source::Interface { name } => name.clone(),
        Source::Metadata => "metadata".to_owned(),
        Source::Stun { server } => format!("STUN server {server}"),
        Source::Memory => "an earlier boot".to_owned(),
    }
}

/// Why no address can be told, in a sentence for the operator.
pub(crate) fn problem(interfaces: &[InterfaceAddress]) -> String {
    let seen: Vec<_> = interfaces
        .iter()
        .take(MOST)
        .map(|a| format!("{} on {}", a.ip, a.interface))
        .collect();
    let seen = if seen.is_empty() {
        "no address at all".to_owned()
    } else {
        format!("only {}", seen.join(", "))
    };
    format!(
        "no interface has an address that clients could reach ({seen}); connect the machine to a network or configure \
         node.public_addresses"
    )
}
