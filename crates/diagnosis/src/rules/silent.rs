//! A relay that does not answer.

use std::collections::BTreeSet;

use crate::evidence::{CandidateType, Evidence};
use crate::reach::Reach;
use crate::relay::RelayFacts;
use crate::scene::{Ended, Scene};
use crate::sentence::{count, list, span};

use super::{DIRECT, FAINT, FITTING, STRONG, Suspicion};

/// Where the master alone does not reach it.
const DOUBTFUL: u8 = FAINT + 10;
/// Between two looks of nodes, milliseconds, with some room.
const LATE_MS: u64 = 12_000;

pub(super) fn relay_unreachable(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Unnominated, Ended::Lost]) {
        return None;
    }
    let mut relays = scene.relays().filter(|relay| relay.is_silent());
    relays.find_map(|relay| {
        let rows = scene.around.reach.iter();
        let rows = rows.filter(|row| row.from != "master" && relay.is(&row.relay));
        let (through, vain): (Vec<&Reach>, Vec<&Reach>) = rows.partition(|row| row.ok);
        let through = of_late(scene.around.now, through);
        let weight = match scene.evidence {
            None => DIRECT,
            Some(evidence) => weight(scene, relay, evidence)?,
        };
        let weight = match (through.is_empty(), weight) {
            (true, weight) => weight,
            // Who came through it saw it, too.
            (false, DIRECT) if scene.evidence.is_some() => STRONG,
            (false, weight) => weight.min(DOUBTFUL),
        };
        let proof = proof(scene.around.now, relay, &through, &vain);
        Some(Suspicion::new(weight, &relay.id, proof))
    })
}

/// What others found while the master found nothing: older words may be from before.
fn of_late(now: u64, rows: Vec<&Reach>) -> Vec<&Reach> {
    let young = |row: &&Reach| row.at.is_none_or(|at| at.saturating_add(LATE_MS) >= now);
    rows.into_iter().filter(young).collect()
}

/// `None`: the transport had another path.
fn weight(scene: &Scene, relay: &RelayFacts, evidence: &Evidence) -> Option<u8> {
    if evidence.relays.iter().any(|used| relay.is(&used.relay)) {
        return Some(DIRECT);
    }
    let seen = !evidence.pairs.is_empty() || !evidence.remote.is_empty();
    let lost = scene.ended == Some(Ended::Lost);
    if lost && seen {
        return None;
    }
    let mut remote = evidence.remote.iter();
    let relayed = remote.any(|candidate| candidate.kind == CandidateType::Relayed);
    // Those who need no relay, or had another, failed for another reason.
    let others = scene.node().map_or(0, |node| node.carried.all());
    Some(if relayed || others > 0 && !lost {
        FITTING
    } else {
        STRONG
    })
}

fn proof(now: u64, relay: &RelayFacts, through: &[&Reach], vain: &[&Reach]) -> String {
    let ago = |at: u64| span(now.saturating_sub(at));
    let mut proof = format!("{} does not answer", relay.id);
    if let Some(test) = &relay.self_test {
        let tried = test
            .at
            .map_or_else(String::new, |at| format!(", {} ago", ago(at)));
        proof += &format!(": {} for the master{tried}", test.problem);
    }
    let from =
        |rows: &[&Reach]| -> BTreeSet<String> { rows.iter().map(|row| row.from.clone()).collect() };
    let vain = from(vain);
    if !through.is_empty() {
        proof += &format!("; but {} came through it lately", list(from(through)));
    } else if !vain.is_empty() {
        proof += &format!("; nor to {}", list(vain));
    }
    if let Some(at) = relay.answered {
        proof += &format!("; it last answered {} ago", ago(at));
    }
    if relay.clients > 0 || relay.through > 0 {
        proof += &format!(
            "; {} in calls now, {} came through it of late",
            count(relay.clients, "client"),
            relay.through
        );
    }
    proof += match relay.withheld {
        true => "; newcomers are not told of it",
        false => "; newcomers are told of it still, as there is no other",
    };
    proof
}
