//! What goes wrong between the client and the node once addresses are right.

use std::collections::BTreeSet;

use crate::evidence::{Direction, Evidence, Protocol};
use crate::reach::{PathKind, Reach};
use crate::scene::{Ended, Scene};
use crate::sentence::{count, list, span};

use super::{DIRECT, FITTING, STRONG, Suspicion};

pub(super) fn signalling_order(scene: &Scene) -> Option<Suspicion> {
    let evidence = scene.evidence?;
    match scene.ended? {
        Ended::Undescribed => {
            let asked = evidence.times.created.unwrap_or_default();
            let waited = evidence
                .times
                .closed
                .unwrap_or(scene.around.now)
                .saturating_sub(asked);
            let proof = format!(
                "{} was asked to make it, and the client's description did not come within {}",
                evidence.node,
                span(waited)
            );
            Some(Suspicion::new(STRONG - 5, &evidence.node, proof))
        }
        Ended::Unheard if evidence.remote_untimely > 0 => {
            let proof = format!(
                "{} of the client came while the node had no such transport, {} came in time, no check came",
                count(u64::from(evidence.remote_untimely), "candidate"),
                evidence.remote.len(),
            );
            Some(Suspicion::new(STRONG - 5, &evidence.node, proof))
        }
        Ended::Unheard
            if evidence.remote.is_empty()
                && evidence.relays.is_empty()
                && evidence.times.described.is_some() =>
        {
            let proof = "the client told no candidate and sent no check".to_owned();
            Some(Suspicion::new(FITTING - 15, &evidence.node, proof))
        }
        Ended::Silent => sourceless(evidence),
        _ => None,
    }
}

/// There is nobody whose media it could get.
fn sourceless(evidence: &Evidence) -> Option<Suspicion> {
    let waits =
        evidence.direction == Direction::Subscribe && evidence.media.source_packets == Some(0);
    waits.then(|| {
        let proof = "it was ready, and the publisher of its stream had sent no packet to the node"
            .to_owned();
        Suspicion::new(STRONG, &evidence.node, proof)
    })
}

pub(super) fn dtls_or_srtp(scene: &Scene) -> Option<Suspicion> {
    if scene.evidence.is_none() {
        return probed(scene);
    }
    let evidence = scene.failure(&[Ended::Unsecured, Ended::Silent])?;
    let (weight, proof) = match scene.ended? {
        Ended::Unsecured => handshake(evidence, scene.around.now),
        _ => srtp(evidence)?,
    };
    Some(Suspicion::new(weight, &evidence.node, proof))
}

/// Probes have a pair with a node, and get no further by any UDP.
fn probed(scene: &Scene) -> Option<Suspicion> {
    scene.nodes().find_map(|node| {
        let rows = scene.around.reach.iter().filter(|row| row.leads_to(node));
        let direct =
            rows.filter(|row| row.path == PathKind::Direct && row.protocol == Protocol::Udp);
        let direct: Vec<&Reach> = direct.collect();
        let last = direct.last()?;
        direct.iter().all(|row| row.is_secured_in_vain()).then(|| {
            let proof = format!(
                "probes have a pair with {} of {} and get no further: {}",
                list(
                    direct
                        .iter()
                        .filter_map(|row| row.address)
                        .collect::<BTreeSet<_>>()
                ),
                node.id,
                last.problem
            );
            Suspicion::new(STRONG, &node.id, proof)
        })
    })
}

impl Reach {
    /// ICE came through, and what it is for did not.
    pub(super) fn is_secured_in_vain(&self) -> bool {
        !self.ok && matches!(self.stage.as_str(), "dtls" | "srtp")
    }
}

fn handshake(evidence: &Evidence, now: u64) -> (u8, String) {
    let dtls = &evidence.dtls;
    let pair = evidence.times.nominated.map_or(0, |at| {
        evidence.times.closed.unwrap_or(now).saturating_sub(at)
    });
    let what = if dtls.wrong_fingerprint {
        "the client's certificate is not the one of its description".to_owned()
    } else if let Some(alert) = dtls.alert {
        format!("the client sent alert {alert}")
    } else if dtls.received == 0 {
        format!(
            "no DTLS record came, {} went out",
            count(dtls.sent, "record")
        )
    } else {
        format!(
            "{} came ({} of them ClientHellos), {} went out{}",
            count(dtls.received, "DTLS record"),
            dtls.client_hellos,
            count(dtls.sent, "record"),
            if dtls.problem.is_empty() {
                String::new()
            } else {
                format!(": {}", dtls.problem)
            },
        )
    };
    (
        DIRECT,
        format!(
            "ICE had a pair for {}, and DTLS was not done: {what}",
            span(pair)
        ),
    )
}

fn srtp(evidence: &Evidence) -> Option<(u8, String)> {
    let media = &evidence.media;
    // A few are left over from the keys before.
    if media.unauthenticated > media.packets_in.saturating_add(media.packets_out) {
        let proof = format!(
            "DTLS was done, and {} failed authentication, {} came through",
            count(media.unauthenticated, "SRTP packet"),
            media.packets_in,
        );
        return Some((DIRECT, proof));
    }
    match evidence.direction {
        Direction::Subscribe => {
            let given = media.source_packets.filter(|given| *given > 0)?;
            (media.packets_out == 0).then(|| {
                let proof = format!(
                    "DTLS was done, the publisher gave {} and none was forwarded; {} asked for",
                    count(given, "packet"),
                    count(media.keyframes_asked, "keyframe"),
                );
                (STRONG, proof)
            })
        }
        _ => (media.packets_in == 0).then(|| {
            let proof = "DTLS was done, and the client sent no RTP packet".to_owned();
            (FITTING, proof)
        }),
    }
}
