//! What relays tell and refuse.

use std::net::IpAddr;

use crate::evidence::RelayUse;
use crate::host::Host;
use crate::relay::RelayFacts;
use crate::scene::{Ended, Scene};
use crate::sentence::{count, list};

use super::{DIRECT, FITTING, STRONG, Suspicion};

const BARRED: [Ended; 3] = [Ended::Unheard, Ended::Unnominated, Ended::Lost];

pub(super) fn wrong_relay_address(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&BARRED) {
        return None;
    }
    let around = scene.around;
    let used = scene
        .evidence
        .map(|evidence| evidence.relays.as_slice())
        .unwrap_or_default();
    let told_client = used.iter().find_map(|used| {
        let relay = around.relays.iter().find(|relay| relay.id == used.relay);
        wrong(&used.relay, relay, used.relayed?.ip(), "told the client")
    });
    told_client.or_else(|| {
        scene.relays().find_map(|relay| {
            let relayed = relay.self_test.as_ref()?.relayed?;
            wrong(&relay.id, Some(relay), relayed.ip(), "told its own test")
        })
    })
}

fn wrong(id: &str, relay: Option<&RelayFacts>, relayed: IpAddr, to: &str) -> Option<Suspicion> {
    let own = relay
        .map(|relay| relay.own_addresses.as_slice())
        .unwrap_or_default();
    let null = relayed.is_unspecified() || relayed.is_loopback();
    if !null && (own.is_empty() || own.contains(&relayed)) || own.contains(&relayed) {
        return None;
    }
    let should = match own.is_empty() {
        true => "which nobody can reach".to_owned(),
        false => format!("and its addresses are {}", list(own)),
    };
    let proof = format!("{id} {to} the relayed address {relayed}, {should}");
    Some(Suspicion::new(
        if null { DIRECT } else { STRONG },
        id,
        proof,
    ))
}

pub(super) fn relay_peer_denied(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&BARRED) {
        return None;
    }
    match scene.evidence {
        Some(evidence) => evidence.relays.iter().find_map(|used| denied(scene, used)),
        None => scene.relays().find_map(|relay| {
            let denied = relay
                .denied
                .iter()
                .find(|denied| scene.node_at(denied.address).is_some())?;
            let node = scene.node_at(denied.address)?;
            let proof = format!(
                "{} refused permissions for {}, an address of {}, {} (403)",
                relay.id,
                denied.address,
                node.id,
                count(denied.count, "time")
            );
            Some(Suspicion::new(DIRECT, &relay.id, proof))
        }),
    }
}

fn denied(scene: &Scene, used: &RelayUse) -> Option<Suspicion> {
    let evidence = scene.evidence?;
    let told = |ip: &IpAddr| {
        evidence
            .local
            .iter()
            .any(|candidate| candidate.ip == Some(*ip))
    };
    let ours = used
        .denied_peers
        .iter()
        .find(|ip| told(ip) || scene.node_at(**ip).is_some());
    let refused = used.errors.get(&403).copied().unwrap_or_default();
    if let Some(ip) = ours {
        let proof = format!(
            "{} refused the client a permission for {ip}, an address of {} ({} 403)",
            used.relay,
            scene
                .node_at(*ip)
                .map_or(evidence.node.as_str(), |node| node.id.as_str()),
            refused.max(1),
        );
        return Some(Suspicion::new(DIRECT, &used.relay, proof));
    }
    let unnamed = refused > 0 && used.permissions == 0 && used.denied_peers.is_empty();
    unnamed.then(|| {
        let proof = format!(
            "{} refused all permissions that the client asked for ({refused} 403)",
            used.relay
        );
        Suspicion::new(STRONG, &used.relay, proof)
    })
}

pub(super) fn relay_permission_mismatch(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Unnominated]) {
        return None;
    }
    let used = scene.evidence.into_iter().flat_map(|it| &it.relays);
    let mut by_client = used.filter_map(|used| dropped(scene, used));
    let by_client = by_client.next();
    by_client.or_else(|| {
        scene
            .relays()
            .find_map(|relay| dropped_of_all(scene, relay))
    })
}

/// Of what nodes send to the relay, much comes from an address without a permission, and nothing from another.
fn dropped_of_all(scene: &Scene, relay: &RelayFacts) -> Option<Suspicion> {
    // Single ones come when a client leaves while its node still sends.
    let mut dropped = relay.dropped.iter().filter(|dropped| dropped.count >= 10);
    let (node, dropped) = dropped.find_map(|it| {
        let node = scene.node_at(it.address)?;
        let cut = relay.returned == 0 || is_cut(scene, relay, node);
        cut.then_some((node, it))
    })?;
    let now = match relay.returned {
        0 => "returned none",
        _ => "no probe gets through it any more",
    };
    let proof = format!(
        "{} dropped {} from {}, an address of {}, for want of a permission, and {now}",
        relay.id,
        count(dropped.count, "datagram"),
        dropped.address,
        node.id
    );
    Some(Suspicion::new(DIRECT, &relay.id, proof))
}

/// What it returned may be from before.
fn is_cut(scene: &Scene, relay: &RelayFacts, node: &Host) -> bool {
    let rows = scene.around.reach.iter().filter(|row| row.leads_to(node));
    let mut through = rows.filter(|row| row.relay == relay.id).peekable();
    through.peek().is_some() && through.all(|row| !row.ok)
}

fn dropped(scene: &Scene, used: &RelayUse) -> Option<Suspicion> {
    let evidence = scene.evidence?;
    let (from, dropped) = used.dropped.iter().max_by_key(|(_, dropped)| **dropped)?;
    if *dropped == 0 || used.returned > 0 {
        return None;
    }
    let node = scene.node_at(*from);
    let proof = format!(
        "{} of the client came to {} and were answered; {} dropped {} from {from}{} for want of a permission",
        count(evidence.checks(), "check"),
        evidence.node,
        used.relay,
        count(*dropped, "datagram"),
        node.map_or_else(String::new, |node| format!(", an address of {},", node.id)),
    );
    let weight = match (node.is_some(), evidence.answered() > 0) {
        (true, true) => DIRECT,
        (true, false) | (false, true) => STRONG,
        (false, false) => FITTING,
    };
    Some(Suspicion::new(weight, &used.relay, proof))
}
