//! Addresses and names that clients are told.

use std::net::IpAddr;

use crate::evidence::Evidence;
use crate::host::{AddressSource, Host, Role};
use crate::scene::{Ended, Scene};
use crate::sentence::{count, list};
use crate::surroundings::Name;

use super::{DIRECT, FAINT, FITTING, STRONG, Suspicion};

pub(super) fn frozen_public_address(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Unnominated, Ended::Lost]) {
        return None;
    }
    moved_away(scene)
        .or_else(|| scene.hosts().find_map(|host| told_elsewhere(scene, host)))
        .or_else(|| unheard_of(scene))
}

/// The transport was told addresses that the node has given up since.
fn moved_away(scene: &Scene) -> Option<Suspicion> {
    let (evidence, node) = (scene.evidence?, scene.node()?);
    let told = told(evidence);
    let stale = evidence.address_set < node.address_set
        && !told.is_empty()
        && !node.advertised.is_empty()
        && told.iter().all(|ip| !node.is_at(*ip));
    stale.then(|| {
        let proof = format!(
            "the client was told {} (address set {}), and {} is reached at {} since address set {}",
            list(&told),
            evidence.address_set,
            node.id,
            list(&node.advertised),
            node.address_set,
        );
        Suspicion::new(DIRECT, &node.id, proof)
    })
}

/// Public addresses are told, and those outside see another.
pub(super) fn told_elsewhere(scene: &Scene, host: &Host) -> Option<Suspicion> {
    let public: Vec<IpAddr> = host.advertised.iter().copied().filter(is_public).collect();
    let seen = &host.seen_from_outside;
    // Where packets come in elsewhere than they go out, somebody gets through.
    let proven = scene.around.reach.iter().any(|row| {
        row.ok && row.leads_to(host) && row.address.is_some_and(|at| public.contains(&at.ip()))
    });
    // What a name leads to is the name's fault.
    let mut names = scene.around.names.iter();
    let named = host.role == Role::Master
        && names
            .any(|name| leads_elsewhere(name) && public.iter().all(|ip| name.found.contains(ip)));
    if proven
        || named
        || public.is_empty()
        || seen.is_empty()
        || public.iter().any(|ip| seen.contains(ip))
    {
        return None;
    }
    let weight = if seen.len() > 1 { DIRECT } else { STRONG };
    let proof = format!(
        "{} tells clients {}, and outside it is seen at {}",
        host.id,
        list(&public),
        list(seen),
    );
    Some(Suspicion::new(weight, &host.id, proof))
}

/// Clients join and none of them is heard by any relay.
fn unheard_of(scene: &Scene) -> Option<Suspicion> {
    let (evidence, around) = (scene.evidence?, scene.around);
    let deaf = scene.fits(&[Ended::Unheard])
        && evidence.relays.is_empty()
        && !around.relays.is_empty()
        // Nobody tells what comes to foreign ones.
        && around.relays.iter().all(|relay| around.host(&relay.id).is_some())
        && around.joins > 0
        && around.relays.iter().all(|relay| relay.requests == 0);
    deaf.then(|| {
        let told = around.relays.iter().flat_map(|relay| &relay.advertised);
        let proof = format!(
            "{} joined, and not one STUN request came from outside to {}",
            count(around.joins, "client"),
            list(told),
        );
        Suspicion::new(FITTING, &around.relays[0].id, proof)
    })
}

pub(super) fn name_resolution(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Undescribed]) {
        return None;
    }
    scene
        .around
        .names
        .iter()
        .find_map(|name| misled(scene, name))
}

fn leads_elsewhere(name: &Name) -> bool {
    let right = |ip| name.expected.contains(ip);
    !name.found.is_empty() && !name.expected.is_empty() && !name.found.iter().any(right)
}

fn misled(scene: &Scene, name: &Name) -> Option<Suspicion> {
    let elsewhere = leads_elsewhere(name);
    let proof = if elsewhere {
        format!(
            "{} leads to {}, and should to {}",
            name.name,
            list(&name.found),
            list(&name.expected)
        )
    } else if !name.dead.is_empty() {
        format!(
            "{} leads to {}, where nobody answers",
            name.name,
            list(&name.dead)
        )
    } else if !name.problem.is_empty() {
        format!("{} does not resolve: {}", name.name, name.problem)
    } else {
        return None;
    };
    let mut weight = if elsewhere { STRONG } else { FITTING };
    let told = scene
        .evidence
        .and_then(|evidence| evidence.browser.as_ref());
    let failed = told.map(|told| {
        told.errors
            .iter()
            .filter(|error| error.url.contains(&name.name))
            .count()
    });
    let proof = match failed {
        Some(failed) if failed > 0 => {
            weight = DIRECT;
            format!(
                "{proof}; the browser could not reach it {}",
                count(failed as u64, "time")
            )
        }
        _ => proof,
    };
    Some(Suspicion::new(weight, "", proof))
}

pub(super) fn bridge_candidates(scene: &Scene) -> Option<Suspicion> {
    match scene.evidence {
        Some(evidence) => bridges_told(scene, evidence),
        None => scene.nodes().find_map(|node| {
            let bridges: Vec<IpAddr> = node
                .advertised
                .iter()
                .copied()
                .filter(|ip| is_bridge(node, *ip))
                .collect();
            weigh_bridges(node, &bridges, node.advertised.len())
        }),
    }
}

fn bridges_told(scene: &Scene, evidence: &Evidence) -> Option<Suspicion> {
    scene.failure(&[Ended::Unheard, Ended::Unauthenticated])?;
    let node = scene.node()?;
    let told = told(evidence);
    let bridges: Vec<IpAddr> = told
        .iter()
        .copied()
        .filter(|ip| is_bridge(node, *ip))
        .collect();
    weigh_bridges(node, &bridges, told.len())
}

fn weigh_bridges(node: &Host, bridges: &[IpAddr], told: usize) -> Option<Suspicion> {
    if bridges.is_empty() {
        return None;
    }
    let weight = if bridges.len() == told { DIRECT } else { FAINT };
    let mut proof = format!(
        "of {told} that {} tells, {} of a bridge that only its own machine knows: {}",
        node.id,
        bridges.len(),
        list(bridges),
    );
    if node.strange_checks > 0 {
        proof += &format!(
            "; {} meant for others came to it",
            count(node.strange_checks, "check")
        );
    }
    Some(Suspicion::new(weight, &node.id, proof))
}

pub(super) fn is_bridge(node: &Host, ip: IpAddr) -> bool {
    // Who configured it may not know whose it is.
    let mut known = node
        .addresses
        .iter()
        .filter(|address| address.ip == Some(ip));
    match known.find(|address| address.source != AddressSource::Configuration) {
        Some(address) => address.bridge,
        // What Docker gives its bridge unless told otherwise.
        None => matches!(ip, IpAddr::V4(ip) if ip.octets()[..2] == [172, 17]),
    }
}

/// Who is given STUN servers to ask is expected behind a translation, and knows nothing of it without their answers.
/// That our own servers leave a classic request (RFC 3489) unanswered cannot be: they answer both dialects.
pub(super) fn classic_stun(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Candidateless]) {
        return None;
    }
    let blind = |node: &&Host| {
        let problems = !node.stun_problems.is_empty();
        problems && node.seen_from_outside.is_empty() && !node.advertised.iter().any(is_public)
    };
    let node = scene.nodes().find(blind)?;
    let proof = format!(
        "{} tells clients {} alone, and is not told where it is seen outside: {}",
        node.id,
        list(&node.advertised),
        node.stun_problems.join("; "),
    );
    Some(Suspicion::new(FITTING, &node.id, proof))
}

/// The node's addresses that the client was told, each once.
pub(super) fn told(evidence: &Evidence) -> Vec<IpAddr> {
    let mut told = Vec::new();
    for ip in evidence.local.iter().filter_map(|candidate| candidate.ip) {
        if !told.contains(&ip) {
            told.push(ip);
        }
    }
    told
}

/// Whether an address could be reached over the Internet.
pub fn is_public(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_unique_local()
                || ip.is_loopback()
                || ip.is_unicast_link_local()
                || ip.is_unspecified())
        }
    }
}
