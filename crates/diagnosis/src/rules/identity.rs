//! Who is who, and who may say what.

use crate::host::Host;
use crate::scene::{Ended, Scene};
use crate::sentence::{count, span};

use super::{DIRECT, FITTING, STRONG, Suspicion};

/// A link that is open and silent for so long is suspected.
const SUSPECT_MS: u64 = 1_200;
/// A link that is open and silent for so long should have been closed.
const DEAD_MS: u64 = 3_500;

pub(super) fn node_identity(scene: &Scene) -> Option<Suspicion> {
    candidateless(scene)
        .or_else(|| two_of_one_id(scene))
        .or_else(|| other_boot(scene))
        .or_else(|| strangers(scene))
}

fn candidateless(scene: &Scene) -> Option<Suspicion> {
    let evidence = scene.failure(&[Ended::Candidateless])?;
    let has = scene.node().map(|node| node.advertised.len());
    let proof = format!(
        "{} told the client no candidate at all (it has {} usable addresses now, address set {})",
        evidence.node,
        has.unwrap_or_default(),
        evidence.address_set
    );
    Some(Suspicion::new(DIRECT, &evidence.node, proof))
}

const MISTAKEN: [Ended; 4] = [
    Ended::Undescribed,
    Ended::Unheard,
    Ended::Unauthenticated,
    Ended::Lost,
];

fn two_of_one_id(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&MISTAKEN) {
        return None;
    }
    scene.nodes().find_map(|node| {
        let same = scene
            .around
            .hosts
            .iter()
            .filter(|host| host.id == node.id)
            .count();
        let proof = if same > 1 {
            format!("{same} nodes say that they are {}", node.id)
        } else if node.claims > 0 {
            format!(
                "another process claimed to be {} {}",
                node.id,
                count(u64::from(node.claims), "time")
            )
        } else {
            return None;
        };
        Some(Suspicion::new(STRONG, &node.id, proof))
    })
}

fn other_boot(scene: &Scene) -> Option<Suspicion> {
    let evidence = scene.failure(&MISTAKEN)?;
    let node = scene.node()?;
    let known = !evidence.boot.is_empty() && !node.boot.is_empty();
    (known && evidence.boot != node.boot).then(|| {
        let proof = format!(
            "it was made with boot {} of {}, which is boot {} now; {} of an older boot were dropped",
            evidence.boot,
            node.id,
            node.boot,
            count(node.old_boot_messages, "message"),
        );
        Suspicion::new(STRONG, &node.id, proof)
    })
}

fn strangers(scene: &Scene) -> Option<Suspicion> {
    scene.failure(&[Ended::Unheard, Ended::Unauthenticated])?;
    let node = scene.node().filter(|node| node.strange_checks > 0)?;
    let proof = format!(
        "{} came to {} for a username fragment that it does not know",
        count(node.strange_checks, "check"),
        node.id
    );
    Some(Suspicion::new(FITTING, &node.id, proof))
}

pub(super) fn second_master(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&MISTAKEN) {
        return None;
    }
    let claims = &scene.around.claims;
    let own = claims.iter().find(|claim| claim.own);
    let heard = |at: Option<u64>| at.is_some_and(|at| at >= scene.around.since);
    let other = claims
        .iter()
        .find(|claim| !claim.own && heard(claim.heard))?;
    let proof = format!(
        "master {} acts under term {} beside this one under term {}",
        other.master,
        other.term,
        own.map_or(0, |own| own.term),
    );
    Some(Suspicion::new(STRONG, "master", proof))
}

pub(super) fn control_split(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Undescribed, Ended::Unheard, Ended::Candidateless]) {
        return None;
    }
    scene.nodes().find_map(|node| half_open(scene, node))
}

fn half_open(scene: &Scene, node: &Host) -> Option<Suspicion> {
    let (link, undescribed) = (&node.link, scene.failure(&[Ended::Undescribed]).is_some());
    if !link.open || link.silent_ms < SUSPECT_MS {
        return None;
    }
    let weight = if undescribed || link.silent_ms >= DEAD_MS {
        STRONG
    } else {
        FITTING
    };
    let proof = format!(
        "the link to {} is open, and nothing has been heard on it for {}",
        node.id,
        span(link.silent_ms)
    );
    Some(Suspicion::new(weight, &node.id, proof))
}
