//! Ways that are closed.

use std::net::{IpAddr, SocketAddr};

use crate::evidence::{CandidateType, Evidence, Protocol, RelayUse};
use crate::finding::MissingRule;
use crate::host::Host;
use crate::reach::{PathKind, Reach};
use crate::scene::{Ended, Scene};
use crate::sentence::{count, list};

use super::{DIRECT, FAINT, FITTING, STRONG, Suspicion, addresses, startup};

const CLOSED: [Ended; 3] = [Ended::Unheard, Ended::Unnominated, Ended::Lost];

pub(super) fn media_udp_blocked(scene: &Scene) -> Option<Suspicion> {
    if !scene.fits(&CLOSED) {
        return None;
    }
    let probed = || scene.nodes().find_map(|node| probed(scene, node));
    swallowed(scene).or_else(probed).or_else(|| deserted(scene))
}

/// The relay sent what the client gave it, and the node saw nothing of it.
fn swallowed(scene: &Scene) -> Option<Suspicion> {
    let evidence = scene.failure(&[Ended::Unheard])?;
    let used = evidence.relays.iter().find(|used| lost(used))?;
    let to = told_by(evidence, Protocol::Udp);
    let icmp = match used.unreachable {
        0 => String::new(),
        some => format!(", and got {}", count(some, "ICMP error")),
    };
    let proof = format!(
        "{} sent {} of the client to {}{icmp}; no check came to {}",
        used.relay,
        count(used.sent, "datagram"),
        to.map_or_else(|| "the node".to_owned(), |to| to.to_string()),
        evidence.node,
    );
    let weight = if used.unreachable > 0 { DIRECT } else { STRONG };
    let from = scene
        .host_of(&used.relay)
        .and_then(|host| address_for(host, to?));
    Some(blocked(weight, &evidence.node, proof, to, from))
}

fn lost(used: &RelayUse) -> bool {
    used.sent > 0
        && used.returned == 0
        && used.dropped.is_empty()
        && !used.errors.contains_key(&403)
}

/// Probes by UDP do not come through, while the node lives.
fn probed(scene: &Scene, node: &Host) -> Option<Suspicion> {
    let rows: Vec<&Reach> = scene
        .around
        .reach
        .iter()
        .filter(|row| row.leads_to(node))
        .collect();
    let direct = |protocol: Protocol| {
        rows.iter()
            .filter(move |row| row.path == PathKind::Direct && row.protocol == protocol)
    };
    let from = direct(Protocol::Udp)
        .map(|row| row.from.as_str())
        .find(|from| {
            let mut own = direct(Protocol::Udp).filter(|row| row.from == **from);
            own.all(|row| !(row.ok || row.refused || row.astray || row.is_secured_in_vain()))
        })?;
    let failed: Vec<&&Reach> = direct(Protocol::Udp)
        .filter(|row| row.from == from)
        .collect();
    let sources = direct(Protocol::Udp)
        .filter(|row| !row.ok && row.from != from)
        .count();
    let by_tcp = direct(Protocol::Tcp).any(|row| row.from == from && row.ok);
    let prohibited = failed.iter().any(|row| row.prohibited);
    let at: Vec<SocketAddr> = failed.iter().filter_map(|row| row.address).collect();
    if !(by_tcp || prohibited || node.link.open) || went_elsewhere(scene, node, &at) {
        return None;
    }
    let signs = [
        (prohibited, "a firewall said that it is prohibited"),
        (by_tcp, "TCP to the same node works"),
        (node.link.open, "its link is up"),
    ];
    let signs = signs
        .iter()
        .filter(|(true_of_it, _)| *true_of_it)
        .map(|(_, sign)| sign);
    let proof = format!(
        "no UDP of {} comes through to {} of {}, while {}",
        if from == "master" { "the master" } else { from },
        list(&at),
        node.id,
        list(signs)
    );
    let weight = weight(scene, node, from, by_tcp || prohibited);
    let to = at.first().copied();
    // Where nobody comes through, everybody is to be let in.
    let source = scene
        .host_of(from)
        .filter(|_| sources == 0 && !reached_by_udp(node));
    Some(blocked(
        weight,
        &node.id,
        proof,
        to,
        source.and_then(|host| address_for(host, to?)),
    ))
}

/// Of probes by `from`: where clients get through by UDP they say nothing, unless the client's way leads over `from`.
fn weight(scene: &Scene, node: &Host, from: &str, surely: bool) -> u8 {
    let mut ways = scene
        .evidence
        .into_iter()
        .flat_map(Evidence::ways)
        .peekable();
    // Who could have come another way is not cut off by this one.
    let concerned = ways.peek().is_some() && ways.all(|used| used.relay == from);
    match () {
        () if reached_by_udp(node) && !concerned => FAINT,
        () if surely => DIRECT,
        () => STRONG,
    }
}

fn reached_by_udp(node: &Host) -> bool {
    node.carried.udp > 0
}

/// Everybody who came by UDP is gone, and who came since came by TCP or not at all.
fn deserted(scene: &Scene) -> Option<Suspicion> {
    scene.fits(&[Ended::Lost, Ended::Unheard]).then_some(())?;
    let node = scene.nodes().find(|node| {
        let carried = &node.carried;
        let others = carried.tcp > 0 || carried.relayed > 0;
        carried.udp == 0
            && (carried.udp_lost > 0 && others || carried.udp_lost_clients > 1)
            && alive(node)
            && !is_stuck_in_dtls(scene, node)
    })?;
    let carried = &node.carried;
    let proof = format!(
        "{} of {} lost {} with {}, none is connected by UDP now, {} by TCP and {} through a relay",
        count(carried.udp_lost_clients, "client"),
        node.id,
        count(carried.udp_lost, "transport"),
        "consent over UDP",
        carried.tcp,
        carried.relayed,
    );
    let to = scene
        .evidence
        .and_then(|evidence| told_by(evidence, Protocol::Udp))
        .or_else(|| media_port(node));
    let weight = if carried.tcp > 0 && carried.udp_lost_clients > 1 {
        STRONG
    } else {
        FITTING + 10
    };
    Some(blocked(weight, &node.id, proof, to, None))
}

/// What went to addresses that are not the node's, because it tells them by mistake, was not kept from it.
fn went_elsewhere(scene: &Scene, node: &Host, to: &[SocketAddr]) -> bool {
    let mistaken = addresses::told_elsewhere(scene, node).is_some()
        || startup::foreign(scene, node, &node.advertised).is_some();
    let bridges = to.iter().all(|at| addresses::is_bridge(node, at.ip()));
    bridges || mistaken && !to.iter().any(|at| node.has(at.ip()))
}

/// Probes come there by UDP, and no further.
fn is_stuck_in_dtls(scene: &Scene, node: &Host) -> bool {
    let rows = scene.around.reach.iter().filter(|row| row.leads_to(node));
    let mut rows = rows.filter(|row| row.protocol == Protocol::Udp);
    rows.any(Reach::is_secured_in_vain)
}

fn alive(node: &Host) -> bool {
    node.link.open
}

fn media_port(node: &Host) -> Option<SocketAddr> {
    let media = node
        .listeners
        .iter()
        .find(|it| it.purpose == "media" && it.protocol == Protocol::Udp)?;
    Some(SocketAddr::new(
        *node.advertised.first()?,
        media.bound?.port(),
    ))
}

fn blocked(
    weight: u8,
    node: &str,
    proof: String,
    to: Option<SocketAddr>,
    from: Option<IpAddr>,
) -> Suspicion {
    let rule = to.map(|to| MissingRule {
        protocol: Protocol::Udp,
        to,
        from,
    });
    let proof = match &rule {
        Some(rule) => format!("{proof}; missing rule: {rule}"),
        None => proof,
    };
    Suspicion {
        rule,
        ..Suspicion::new(weight, node, proof)
    }
}

fn told_by(evidence: &Evidence, protocol: Protocol) -> Option<SocketAddr> {
    let told = evidence
        .local
        .iter()
        .find(|it| it.protocol == protocol && it.ip.is_some())?;
    Some(SocketAddr::new(told.ip?, told.port))
}

/// By which the host comes to `to`, as far as its family says.
fn address_for(host: &Host, to: SocketAddr) -> Option<IpAddr> {
    let mut addresses = host.addresses.iter().filter(|address| !address.bridge);
    let fits = |ip: &IpAddr| ip.is_ipv4() == to.is_ipv4() && !ip.is_loopback();
    let ip = addresses.find_map(|it| it.local.or(it.ip).filter(fits));
    ip.or_else(|| {
        host.advertised
            .iter()
            .copied()
            .find(|ip| ip.is_ipv4() == to.is_ipv4())
    })
}

pub(super) fn client_network(scene: &Scene) -> Option<Suspicion> {
    let evidence = scene.failure(&CLOSED)?;
    let others = scene.node().map_or(0, |node| node.carried.all());
    let told = evidence.browser.as_ref();
    let unreached = told.map_or(0, |told| {
        told.errors.iter().filter(|error| error.code == 701).count()
    });
    let gathered = told
        .map(|told| &told.gathered)
        .filter(|gathered| !gathered.is_empty());
    let alone = gathered.is_some_and(|gathered| {
        let far = [CandidateType::ServerReflexive, CandidateType::Relayed];
        far.iter()
            .all(|kind| gathered.get(kind).is_none_or(|number| *number == 0))
    });
    if others == 0 && unreached == 0 && !alone {
        return None;
    }
    let mut proof = format!(
        "{} came from {} to {}, while {} connected there now",
        count(evidence.checks(), "check"),
        evidence
            .client
            .address
            .map_or_else(|| "the client".to_owned(), |ip| ip.to_string()),
        evidence.node,
        match others {
            1 => "1 other transport is".to_owned(),
            others => format!("{others} other transports are"),
        }
    );
    if unreached > 0 {
        proof += &format!(
            "; its browser reached no ICE server {} (701)",
            count(unreached as u64, "time")
        );
    }
    if alone {
        proof += "; it gathered host candidates only";
    }
    let weight = FITTING - 15
        + if others > 0 && (unreached > 0 || alone) {
            15
        } else {
            0
        };
    Some(Suspicion::new(weight, "", proof))
}
