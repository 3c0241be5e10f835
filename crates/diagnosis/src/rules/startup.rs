//! What begins too early, twice, or with yesterday's settings.

use std::net::IpAddr;

use crate::host::{AddressSource, Host, Listener};
use crate::reach::{PathKind, Reach};
use crate::scene::{Ended, Scene};
use crate::sentence::{count, list, span};

use super::addresses::{is_bridge, is_public, told};
use super::{DIRECT, FAINT, FITTING, STRONG, Suspicion};

/// Two starts within this are one start too many.
const TWICE_MS: u64 = 30_000;
/// A start is to blame for what fails within this.
const AFTERMATH_MS: u64 = 120_000;
/// For so long settings may be on their way.
const SETTING_MS: u64 = 10_000;
/// A link that has been silent for so long is another matter.
const UNHEARD_MS: u64 = 1_000;

pub(super) fn deaf_listener(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Lost]) {
        return None;
    }
    scene.hosts().find_map(|host| {
        let media = ["media", "stun", "relay"];
        let mut listeners = host.listeners.iter();
        listeners.find_map(|listener| {
            deaf(host, listener).filter(|_| media.contains(&listener.purpose.as_str()))
        })
    })
}

fn deaf(host: &Host, listener: &Listener) -> Option<Suspicion> {
    let bound = listener.bound?;
    let purpose = &listener.purpose;
    let known = !host.addresses.is_empty();
    let gone = known
        && !bound.ip().is_unspecified()
        && !host.addresses.iter().any(|it| it.ip == Some(bound.ip()));
    let proof = if gone {
        let has = host.addresses.iter().filter_map(|address| address.ip);
        format!(
            "the {purpose} socket of {} is bound to {bound}, and its addresses are {}",
            host.id,
            list(has)
        )
    } else {
        let deaf = listener.deaf_at.iter().filter(|ip| host.is_at(**ip));
        let deaf: Vec<_> = deaf.collect();
        if deaf.is_empty() {
            return None;
        }
        format!(
            "the {purpose} socket of {} at {bound} answers its own test at {} and not at {}; {} came from others",
            host.id,
            list(&listener.answers_at),
            list(deaf),
            count(listener.received, "packet"),
        )
    };
    Some(Suspicion::new(DIRECT, &host.id, proof))
}

pub(super) fn node_not_ready(scene: &Scene) -> Option<Suspicion> {
    let ends = [
        Ended::Undescribed,
        Ended::Unheard,
        Ended::Unnominated,
        Ended::Unsecured,
    ];
    if !scene.fits(&ends) {
        return None;
    }
    let mut nodes = scene.nodes();
    nodes.find_map(|node| too_early(scene, node).or_else(|| nobody_listens(scene, node)))
}

fn too_early(scene: &Scene, node: &Host) -> Option<Suspicion> {
    let created = scene.evidence.and_then(|evidence| evidence.times.created);
    let proof = match (created, node.serving_since) {
        (Some(created), Some(since)) if created < since => format!(
            "it was placed on {} {} before the node first passed its probe in this boot",
            node.id,
            span(since - created)
        ),
        _ if node.served_unproven && scene.evidence.is_some() => {
            format!(
                "{} was given sessions before it had passed a probe in boot {}",
                node.id, node.boot
            )
        }
        (Some(_), _) if !node.serving && !node.problem.is_empty() => {
            let proof = format!("{} may not serve: {}", node.id, node.problem);
            return Some(Suspicion::new(FITTING, &node.id, proof));
        }
        _ => return None,
    };
    Some(Suspicion::new(STRONG, &node.id, proof))
}

fn nobody_listens(scene: &Scene, node: &Host) -> Option<Suspicion> {
    let rows = scene.around.reach.iter();
    let direct: Vec<&Reach> = rows
        .filter(|row| row.leads_to(node) && row.path == PathKind::Direct)
        .collect();
    let all = !direct.is_empty() && direct.iter().all(|row| !row.ok && row.refused);
    all.then(|| {
        let at = direct.iter().filter_map(|row| row.address);
        let proof = format!(
            "nobody listens at {} of {}: {}",
            list(at),
            node.id,
            count(direct.len() as u64, "refusal")
        );
        Suspicion::new(STRONG, &node.id, proof)
    })
}

pub(super) fn stale_node_settings(scene: &Scene) -> Option<Suspicion> {
    if scene
        .failure(&[Ended::Silent, Ended::Undescribed])
        .is_some()
    {
        return None;
    }
    let mut hosts = scene.hosts();
    hosts.find_map(behind).or_else(|| told_of_others(scene))
}

fn behind(host: &Host) -> Option<Suspicion> {
    let (applied, wanted) = (host.settings_applied?, host.settings_wanted?);
    let stale = applied != wanted && host.settings_differ_ms >= SETTING_MS;
    stale.then(|| {
        let proof = format!(
            "{} has run version {applied} of its settings for {} instead of version {wanted}",
            host.id,
            span(host.settings_differ_ms)
        );
        Suspicion::new(STRONG, &host.id, proof)
    })
}

/// What is told, in the node's own present version, are addresses that it does not have and that nobody outside knows.
fn told_of_others(scene: &Scene) -> Option<Suspicion> {
    let Some(evidence) = scene.evidence else {
        let mut nodes = scene.nodes();
        return nodes.find_map(|node| foreign(scene, node, &node.advertised));
    };
    scene.failure(&[Ended::Unheard])?;
    let node = scene.node()?;
    let told = told(evidence);
    let present = evidence.address_set == node.address_set;
    present.then(|| foreign(scene, node, &told)).flatten()
}

pub(super) fn foreign(scene: &Scene, node: &Host, told: &[IpAddr]) -> Option<Suspicion> {
    let known = |ip: &IpAddr| {
        let mut entries = node.addresses.iter().filter(|it| it.ip == Some(*ip));
        entries.any(|it| it.source != AddressSource::Configuration)
    };
    let proven = |ip: &IpAddr| {
        let mut rows = scene.around.reach.iter();
        rows.any(|row| row.ok && row.leads_to(node) && row.address.is_some_and(|at| at.ip() == *ip))
    };
    let present = |ip: &IpAddr| known(ip) || node.seen_from_outside.contains(ip) || proven(ip);
    let own: Vec<IpAddr> = interfaces(node).collect();
    if told.is_empty()
        || own.is_empty()
        || told
            .iter()
            .any(|ip| present(ip) || is_public(ip) || is_bridge(node, *ip))
    {
        return None;
    }
    let tried = scene.around.reach.iter().any(|row| row.leads_to(node));
    let proof = format!(
        "clients are told {}, and {} has {}",
        list(told),
        node.id,
        list(&own)
    );
    let weight = if tried { DIRECT } else { FITTING };
    Some(Suspicion::new(weight, &node.id, proof))
}

/// Addresses that its interfaces have.
fn interfaces(node: &Host) -> impl Iterator<Item = IpAddr> {
    let own = node
        .addresses
        .iter()
        .filter(|it| it.source != AddressSource::Configuration);
    own.filter(|it| !it.bridge).filter_map(|it| it.ip)
}

pub(super) fn half_start(scene: &Scene) -> Option<Suspicion> {
    let ends = [
        Ended::Undescribed,
        Ended::Unheard,
        Ended::Unnominated,
        Ended::Lost,
    ];
    if !scene.fits(&ends) {
        return None;
    }
    let created = scene.evidence.and_then(|evidence| evidence.times.created);
    scene.hosts().find_map(|host| {
        let hurt = match created {
            Some(created) => host
                .boot_started
                .is_some_and(|at| created.abs_diff(at) <= AFTERMATH_MS),
            None => host.role == crate::host::Role::Node,
        };
        let suspicion = hurt
            .then(|| started_twice(host).or_else(|| started_early(host, created)))
            .flatten()?;
        // What serves in spite of it is worth a word, and hurts nobody.
        let faint = scene.evidence.is_none() && host.serving;
        Some(Suspicion {
            weight: if faint { FAINT } else { suspicion.weight },
            ..suspicion
        })
    })
}

fn started_twice(host: &Host) -> Option<Suspicion> {
    let mut starts = host.starts.clone();
    starts.sort_unstable();
    let gap = starts.windows(2).map(|two| two[1] - two[0]).min()?;
    (gap <= TWICE_MS).then(|| {
        let proof = format!(
            "{} was started {}, two of the starts {} apart",
            host.id,
            count(starts.len() as u64, "time"),
            span(gap)
        );
        Suspicion::new(FITTING, &host.id, proof)
    })
}

fn started_early(host: &Host, created: Option<u64>) -> Option<Suspicion> {
    let (started, online) = (host.boot_started?, host.online_at?);
    let early = started < online && created?.abs_diff(online) <= AFTERMATH_MS;
    early.then(|| {
        let proof = format!(
            "{} was started {} before its machine had a network",
            host.id,
            span(online - started)
        );
        Suspicion::new(FITTING - 10, &host.id, proof)
    })
}

pub(super) fn node_left_out(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Candidateless]) {
        return None;
    }
    let ways = |node: &Host| {
        let rows = scene.around.reach.iter();
        rows.filter(|row| row.ok && row.leads_to(node)).count() as u64
    };
    let idle = |node: &&Host| {
        !node.serving && !node.excused && node.link.open && node.link.silent_ms < UNHEARD_MS
    };
    let mut nodes = scene.around.nodes().filter(idle);
    let node = nodes.find(|node| ways(node) > 0)?;
    let proof = format!(
        "probes get through to {} by {} and it is not used: {}",
        node.id,
        count(ways(node), "path"),
        node.problem
    );
    let weight = if scene.evidence.is_some() {
        FITTING - 10
    } else {
        STRONG
    };
    Some(Suspicion::new(weight, &node.id, proof))
}

impl Reach {
    /// To this node as it is now.
    pub(super) fn leads_to(&self, node: &Host) -> bool {
        let same = self.boot.is_empty() || node.boot.is_empty() || self.boot == node.boot;
        self.to == node.id && same && self.address_set >= node.address_set
    }
}
