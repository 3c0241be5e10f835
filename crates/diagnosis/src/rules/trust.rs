//! Secrets, clocks and certificates.

use std::collections::BTreeSet;

use crate::host::Host;
use crate::relay::RelayFacts;
use crate::scene::{Ended, Scene};
use crate::sentence::{count, percent, span};
use crate::surroundings::Certificate;

use super::{DIRECT, FITTING, STRONG, Suspicion};

/// Clocks this far apart cannot be told from each other's by credentials.
const TOLERATED_MS: u64 = 2_000;
/// Beyond this no grace helps.
const HOPELESS_MS: u64 = 90_000;

/// Ends at which the relay let nothing through.
const BARRED: [Ended; 2] = [Ended::Unheard, Ended::Lost];

pub(super) fn clock_skew(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&BARRED) {
        return None;
    }
    let mut relays = scene.relays();
    relays
        .find_map(|relay| expired_early(scene, relay))
        .or_else(|| hopeless(scene))
}

fn expired_early(scene: &Scene, relay: &RelayFacts) -> Option<Suspicion> {
    let skew = scene.host_of(&relay.id).and_then(offset);
    let refused = unauthorized(scene, relay);
    if relay.expired_by_skew == 0
        && (refused == 0 || skew.is_none_or(|ms| ms.unsigned_abs() < TOLERATED_MS))
    {
        return None;
    }
    let clock = skew.map_or_else(String::new, |ms| {
        format!(", whose clock is {} the master's", apart(ms))
    });
    let proof = if relay.expired_by_skew > 0 {
        format!(
            "{} refused credentials {} (401) that are good by the issuer's clock{clock}",
            relay.id,
            count(relay.expired_by_skew, "time")
        )
    } else {
        format!(
            "{} refused {} (401){clock}",
            relay.id,
            count(refused, "credential")
        )
    };
    let weight = if relay.expired_by_skew > 0 {
        DIRECT
    } else {
        STRONG
    };
    Some(Suspicion::new(weight, &relay.id, proof))
}

fn hopeless(scene: &Scene) -> Option<Suspicion> {
    scene.hosts().find_map(|host| {
        let ms = offset(host).filter(|ms| ms.unsigned_abs() >= HOPELESS_MS)?;
        let source = match host.clock.synchronised {
            Some(false) => ", and its kernel says that it is not synchronised",
            _ => "",
        };
        let proof = format!(
            "the clock of {} is {} the master's{source}",
            host.id,
            apart(ms)
        );
        Some(Suspicion::new(FITTING, &host.id, proof))
    })
}

fn offset(host: &Host) -> Option<i64> {
    host.clock.offset_ms
}

fn apart(ms: i64) -> String {
    let direction = if ms < 0 { "behind" } else { "ahead of" };
    format!("{} {direction}", span(ms.unsigned_abs()))
}

/// 401s that the client, or else everybody, got from the relay.
fn unauthorized(scene: &Scene, relay: &RelayFacts) -> u64 {
    let used = scene
        .evidence
        .and_then(|it| it.relays.iter().find(|used| used.relay == relay.id));
    let own = used.and_then(|used| used.errors.get(&401)).copied();
    let tested = relay
        .self_test
        .as_ref()
        .is_some_and(|test| !test.passed && test.code == Some(401));
    own.unwrap_or_else(|| relay.fresh_unauthorized.max(u64::from(tested)))
}

pub(super) fn relay_secret(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&BARRED) {
        return None;
    }
    refused_client(scene)
        .or_else(|| scene.relays().find_map(refuses_all))
        .or_else(|| other_fingerprint(scene))
}

fn refused_client(scene: &Scene) -> Option<Suspicion> {
    let used = scene.evidence?.relays.iter();
    let mut barred = used.filter(|used| used.allocations == 0 && used.errors.contains_key(&401));
    let barred = barred.next()?;
    let refused = barred.errors[&401];
    let relay = scene
        .around
        .relays
        .iter()
        .find(|relay| relay.id == barred.relay);
    if relay.is_some_and(|relay| relay.expired_by_skew > 0) {
        return None;
    }
    let all = relay.and_then(refuses_all);
    let mut proof = format!(
        "{} answered 401 to the client {} and made no allocation",
        barred.relay,
        count(refused, "time")
    );
    if let Some(all) = &all {
        proof += &format!("; {}", all.proof);
    }
    let weight = if all.is_some() { DIRECT } else { STRONG };
    Some(Suspicion::new(weight, &barred.relay, proof))
}

/// Nearly all credentials that were just made are refused, its issuer's own among them.
fn refuses_all(relay: &RelayFacts) -> Option<Suspicion> {
    if relay.expired_by_skew > 0 {
        return None;
    }
    let test = relay.self_test.as_ref();
    if test.is_some_and(|test| !test.passed && test.code == Some(401)) {
        let proof = format!(
            "the issuer's own credential is refused by {} (401)",
            relay.id
        );
        return Some(Suspicion::new(DIRECT, &relay.id, proof));
    }
    let (refused, presented) = (relay.fresh_unauthorized, relay.fresh_presented);
    let most = refused > 0 && percent(refused, presented.max(refused)) >= 90;
    most.then(|| {
        let proof = format!(
            "{} refused {refused} of {presented} credentials that were less than a minute old (401)",
            relay.id
        );
        Suspicion::new(STRONG, &relay.id, proof)
    })
}

fn other_fingerprint(scene: &Scene) -> Option<Suspicion> {
    let master = scene.around.master()?;
    let known: BTreeSet<&str> = scene
        .hosts()
        .map(|host| host.secret_fingerprint.as_str())
        .collect();
    if master.secret_fingerprint.is_empty()
        || known.iter().filter(|print| !print.is_empty()).count() < 2
    {
        return None;
    }
    let other = scene.hosts().find(|host| {
        !host.secret_fingerprint.is_empty() && host.secret_fingerprint != master.secret_fingerprint
    })?;
    let proof = format!(
        "the relay's secret of {} has the fingerprint {}, the master's {}",
        other.id, other.secret_fingerprint, master.secret_fingerprint
    );
    Some(Suspicion::new(STRONG, &other.id, proof))
}

pub(super) fn tls_certificate(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&BARRED) {
        return None;
    }
    let now = scene.around.now;
    let certificates = scene.around.certificates.iter();
    let mut bad =
        certificates.filter_map(|certificate| Some((certificate, spoilt(now, certificate)?)));
    let (certificate, proof) = bad.next()?;
    let Some(evidence) = scene.evidence else {
        return Some(Suspicion::new(DIRECT, "", proof));
    };
    let told = evidence.browser.as_ref().map(|told| &told.errors);
    let failed = told.map_or(0, |errors| {
        errors
            .iter()
            .filter(|it| it.url.starts_with("turns:"))
            .count()
    });
    if failed > 0 {
        let proof = format!(
            "{proof}; the browser could not use turns: {}",
            count(failed as u64, "time")
        );
        return Some(Suspicion::new(DIRECT, "", proof));
    }
    // Whoever came to a relay by UDP or TCP was not hindered by a certificate.
    let hindered = evidence.relays.is_empty() && certificate.purpose == "relay";
    hindered.then(|| Suspicion::new(FITTING, "", proof))
}

fn spoilt(now: u64, certificate: &Certificate) -> Option<String> {
    let what = format!(
        "the {} certificate {}",
        certificate.purpose, certificate.name
    );
    match (certificate.not_before, certificate.not_after) {
        (_, Some(end)) if end <= now => Some(format!("{what} expired {} ago", span(now - end))),
        (Some(begin), _) if begin > now => {
            Some(format!("{what} is good only in {}", span(begin - now)))
        }
        _ if !certificate.problem.is_empty() => {
            Some(format!("{what} cannot be used: {}", certificate.problem))
        }
        _ => None,
    }
}
