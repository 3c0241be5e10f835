//! What is used up.

use std::collections::BTreeSet;

use crate::evidence::Protocol;
use crate::host::{Host, Network};
use crate::reach::{PathKind, Reach};
use crate::relay::RelayFacts;
use crate::scene::{Ended, Scene};
use crate::sentence::{bits, count, percent, span};

use super::{DIRECT, FAINT, FITTING, STRONG, Suspicion};

/// Of what there is: from here on people should know.
const ALARM_PERCENT: u64 = 60;
/// Of what there is: from here on it hurts.
const FULL_PERCENT: u64 = 90;
/// Of files and sockets: what comes now needs one.
const EXHAUSTED_PERCENT: u64 = 95;
/// Datagrams in minutes that pictures show.
const MANY_DROPS: u64 = 1_000;
/// Of a machine that does not keep up.
const BUSY_PERCENT: f64 = 85.0;
/// Fewer allocations that were refused may be of one who asked for too many.
const MANY_REFUSED: u64 = 20;
/// Nobody needs so many allocations.
const ALLOCATIONS_PER_USER: u64 = 3;
/// Fewer transports say nothing of how traffic goes.
const CROWD: u64 = 4;
/// Of these, through one relay.
const MOST_PERCENT: u64 = 50;
/// After so long without a packet, NATs and connection trackers forget a flow.
const FORGETFUL_MS: [u64; 3] = [30_000, 120_000, 350_000];

pub(super) fn relay_capacity(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&[Ended::Unheard, Ended::Unnominated, Ended::Lost]) {
        return None;
    }
    turned_away(scene)
        .or_else(|| scene.relays().find_map(|relay| full(scene, relay)))
        .or_else(|| scene.hosts().find_map(exhausted))
}

fn turned_away(scene: &Scene) -> Option<Suspicion> {
    scene.evidence?.relays.iter().find_map(|used| {
        let refused = full_codes(&used.errors);
        (refused > 0 && used.allocations == 0).then(|| {
            let proof = format!(
                "{} had no room for the client {} (486, 508)",
                used.relay,
                count(refused, "time")
            );
            Suspicion::new(DIRECT, &used.relay, proof)
        })
    })
}

fn full_codes(errors: &std::collections::BTreeMap<u16, u64>) -> u64 {
    let counts = [486, 508].iter().filter_map(|code| errors.get(code));
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}

/// One user name's quota (486) says nothing of all others: its own test was turned away, or many were.
fn turns_away(relay: &RelayFacts, refused: u64) -> bool {
    let test = relay.self_test.as_ref().and_then(|test| test.code);
    let tested = test.is_some_and(|code| matches!(code, 486 | 508));
    tested || refused >= MANY_REFUSED && percent(refused, relay.allocations) >= 10
}

fn full(scene: &Scene, relay: &RelayFacts) -> Option<Suspicion> {
    let refused = full_codes(&relay.errors);
    let used = percent(relay.in_use, relay.capacity);
    let leaks = relay.users > 0
        && relay.in_use > relay.users.saturating_mul(ALLOCATIONS_PER_USER)
        && used >= 10;
    let starved = scene
        .host_of(&relay.id)
        .map_or(0, |host| host.limits.receive_buffer_errors);
    let surveyed = scene.evidence.is_none();
    let weight = match () {
        () if surveyed && turns_away(relay, refused) => STRONG,
        () if used >= FULL_PERCENT => FITTING + 10,
        () if surveyed && (used >= ALARM_PERCENT || leaks) => FITTING,
        () => return None,
    };
    let proof = format!(
        "{} has {} of {} allocations in use for {}, refused {refused} (486, 508); {} dropped for want of buffer",
        relay.id,
        relay.in_use,
        relay.capacity,
        count(relay.users, "peer connection"),
        count(starved, "datagram"),
    );
    Some(Suspicion::new(weight, &relay.id, proof))
}

/// Relayed addresses, connections and packets need a file each, or room in a buffer.
fn exhausted(host: &Host) -> Option<Suspicion> {
    let limits = &host.limits;
    let files = limits.descriptors.unwrap_or_default();
    if percent(files.0, files.1) >= EXHAUSTED_PERCENT {
        let proof = format!(
            "{} has {} of {} files and sockets open that it may",
            host.id, files.0, files.1
        );
        return Some(Suspicion::new(STRONG - 10, &host.id, proof));
    }
    let cpu = limits.cpu_percent.unwrap_or_default();
    let drops = limits.receive_buffer_errors;
    (drops >= MANY_DROPS && cpu >= BUSY_PERCENT).then(|| {
        let proof = format!(
            "{} dropped {} for want of buffer within minutes, and is busy to {cpu:.0} %",
            host.id,
            count(drops, "datagram")
        );
        Suspicion::new(FITTING, &host.id, proof)
    })
}

pub(super) fn all_relayed(scene: &Scene) -> Option<Suspicion> {
    let ends = [
        Ended::Unheard,
        Ended::Unnominated,
        Ended::Unsecured,
        Ended::Silent,
        Ended::Lost,
    ];
    let (around, traffic) = (scene.around, &scene.around.traffic);
    let (id, through) = traffic.relayed.iter().max_by_key(|(_, count)| **count)?;
    let many = traffic.known() >= CROWD && percent(*through, traffic.known()) >= MOST_PERCENT;
    let path = scene.evidence.and_then(|evidence| evidence.path());
    let elsewhere = path.is_some_and(|path| path.relay != *id);
    if !scene.fits(&ends) || !many || elsewhere {
        return None;
    }
    let network = around.host(id)?.limits.network.as_ref()?;
    let forwarded = around.relays.iter().find(|relay| relay.id == *id)?;
    let forwarded = forwarded.bits_per_second;
    // Else something beside the relay fills it.
    if !network.is_full() || forwarded.saturating_mul(2) < network.sent {
        return None;
    }
    let proof = format!(
        "{through} of {} transports go through the relay of {id}, which forwards {}; {}; {}",
        traffic.known(),
        bits(forwarded),
        fullness(network),
        reached_directly(scene),
    );
    // Whatever else is measured through it suffers from it.
    Some(Suspicion::new(DIRECT + 3, id, proof))
}

/// `eth0 there sends 940 Mbit/s of 1000 Mbit/s`, or what it drops, which tells of a limit that is set elsewhere.
fn fullness(network: &Network) -> String {
    let Network {
        interface,
        dropped,
        most,
        ..
    } = network;
    if network.drops() {
        let all = network.packets.saturating_add(*dropped);
        let sent = bits(network.sent);
        return format!(
            "{interface} there sends {sent} and dropped {dropped} packets of {all} for want of room"
        );
    }
    let (verb, carried) = if network.sent >= network.received {
        ("sends", network.sent)
    } else {
        ("receives", network.received)
    };
    format!(
        "{interface} there {verb} {} of {}",
        bits(carried),
        bits(*most)
    )
}

/// By probes, whatever clients' networks let through.
fn reached_directly(scene: &Scene) -> String {
    let direct = |reach: &&Reach| reach.path == PathKind::Direct && reach.protocol == Protocol::Udp;
    let probed = || scene.around.reach.iter().filter(direct);
    let nodes: BTreeSet<&str> = probed().map(|it| it.to.as_str()).collect();
    let reached = probed().filter(|it| it.ok).map(|it| it.to.as_str());
    let reached: BTreeSet<&str> = reached.collect();
    match (reached.len(), nodes.len()) {
        (_, 0) => "no probe tried the nodes' UDP ports directly".to_owned(),
        (0, all) => format!("probes reach the UDP ports of none of {all} nodes directly"),
        (1, 1) => "probes reach the node's UDP ports directly".to_owned(),
        (some, all) => format!("probes reach the UDP ports of {some} of {all} nodes directly"),
    }
}

pub(super) fn conntrack(scene: &Scene) -> Option<Suspicion> {
    let ends = [Ended::Unheard, Ended::Unnominated, Ended::Lost];
    if !scene.fits(&ends) {
        return None;
    }
    scene.hosts().find_map(tracker).or_else(|| forgotten(scene))
}

fn tracker(host: &Host) -> Option<Suspicion> {
    let limits = &host.limits;
    if let Some((tracked, most)) = limits.conntrack
        && percent(tracked, most) >= FULL_PERCENT
    {
        let proof = format!(
            "{} tracks {tracked} connections of {most} that fit",
            host.id
        );
        let weight = if percent(tracked, most) >= 98 {
            DIRECT
        } else {
            STRONG - 10
        };
        return Some(Suspicion::new(weight, &host.id, proof));
    }
    (limits.flows_gone_one_way > 0).then(|| {
        let proof = format!(
            "{} at {} became one-way after a silence as long as NATs remember",
            count(limits.flows_gone_one_way, "flow"),
            host.id
        );
        Suspicion::new(FITTING, &host.id, proof)
    })
}

/// Consent was lost when a tracker would have forgotten a flow.
fn forgotten(scene: &Scene) -> Option<Suspicion> {
    let evidence = scene.failure(&[Ended::Lost])?;
    let begun = evidence.times.first_check?;
    let lived = evidence.times.last_received?.saturating_sub(begun);
    let typical = FORGETFUL_MS
        .iter()
        .find(|ms| lived.abs_diff(**ms) <= **ms / 20)?;
    let proof = format!(
        "packets of the client ended {} after its first, as if something forgot the flow after {}",
        span(lived),
        span(*typical)
    );
    Some(Suspicion::new(FAINT + 5, &evidence.node, proof))
}
