//! `muster status`

use api::{Health, MasterAddresses, Operation, Status, Traffic, Wanted};

use super::Told;
use super::server::{Refusal, Server, pretty};
use super::table::paragraph;
use crate::exit::Ending;

pub async fn ask(server: &Server, json: bool) -> Result<Told, Refusal> {
    let (status, text) = server.get::<Status>(Operation::Status, "").await?;
    Ok(Told {
        text: if json { pretty(&text) } else { shown(&status) },
        ending: match status.health {
            Health::Up => Ending::Stopped,
            Health::Unstable | Health::Down => Ending::Unhealthy,
        },
    })
}

/// The worst first.
pub fn shown(status: &Status) -> String {
    let headline = match status.health {
        Health::Up => "All is well.",
        Health::Unstable => "UNSTABLE: sessions are served, and something needs attention.",
        Health::Down => "DOWN: no session can be served.",
    };
    let mut out = format!("{headline}\n");
    // Causes before what comes of them.
    for finding in &status.findings {
        out += &paragraph("  - ", finding);
    }
    if !status.findings.is_empty() {
        out += &paragraph("  → ", "muster doctor says what to do");
    }
    for problem in &status.problems {
        out += &paragraph("  - ", problem);
    }
    out.push('\n');
    let nodes = &status.nodes;
    let mut counts = vec![format!("{} serving", nodes.serving)];
    for (count, what) in [
        (nodes.coming, "coming"),
        (nodes.suspect, "suspect"),
        (nodes.going, "going"),
        (nodes.failed, "failed"),
    ] {
        if count > 0 {
            counts.push(format!("{count} {what}"));
        }
    }
    out += &paragraph("nodes     ", &counts.join(", "));
    out += &paragraph("wanted    ", &wanted(&status.wanted));
    let sessions = format!(
        "{}, with {} participants",
        status.sessions, status.participants
    );
    out += &paragraph("sessions  ", &sessions);
    if status.traffic.transports > 0 {
        out += &paragraph("traffic   ", &traffic(&status.traffic));
    }
    out += &paragraph("master    ", &master(&status.master));
    if let Some(webhooks) = &status.webhooks {
        let counts = format!(
            "{} delivered, {} waiting, {} refused, {} dropped",
            webhooks.delivered, webhooks.waiting, webhooks.refused, webhooks.dropped
        );
        out += &paragraph("webhooks  ", &counts);
    }
    let version = format!(
        "Muster {}, cluster {}, speaks OpenVidu {}",
        status.version, status.cluster_id, status.compatible_version
    );
    out += &paragraph("version   ", &version);
    out
}

/// How media goes, and through whom.
fn traffic(traffic: &Traffic) -> String {
    let Traffic {
        transports,
        relayed,
        ..
    } = traffic;
    let mut parts = Vec::new();
    for (count, how) in [
        (traffic.udp, "direct by UDP"),
        (traffic.tcp, "direct by TCP"),
        (traffic.unknown, "by paths not told of yet"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {how}"));
        }
    }
    if *relayed > 0 {
        let carrying = traffic.relays.iter().filter(|it| it.transports > 0);
        let relays: Vec<String> = carrying
            .map(|it| match it.bits_per_second / 1000 {
                0 => format!("{} {}", it.relay, it.transports),
                kilobits => format!("{} {}, {kilobits} kbit/s", it.relay, it.transports),
            })
            .collect();
        let share = relayed.saturating_mul(100) / transports.max(&1);
        parts.push(format!(
            "{relayed} relayed, {share} % ({})",
            relays.join("; ")
        ));
    }
    format!("{transports} transports: {}", parts.join(", "))
}

/// By which addresses the master's machine is reached, and who says so.
fn master(master: &MasterAddresses) -> String {
    let addresses = master.addresses.iter().map(|ip| {
        let entry = master.address_entries.iter().find(|entry| entry.ip == *ip);
        match entry {
            Some(entry) if entry.name.is_empty() => format!("{ip} ({})", entry.source),
            Some(entry) => format!("{ip} ({} {})", entry.source, entry.name),
            None => ip.to_string(),
        }
    });
    let addresses: Vec<String> = addresses.collect();
    match addresses.as_slice() {
        [] => "no address leads to its machine".to_owned(),
        all => format!("at {}", all.join(", ")),
    }
}

/// How many nodes there should be, and who says so.
pub fn wanted(wanted: &Wanted) -> String {
    let count = match (wanted.minimum, wanted.maximum) {
        (Some(minimum), Some(maximum)) if minimum == maximum => format!("{minimum} nodes"),
        (Some(minimum), Some(maximum)) => format!("{minimum} to {maximum} nodes"),
        _ => return "any number of nodes".to_owned(),
    };
    let source = match (wanted.source.as_str(), &wanted.entry) {
        ("schedule", Some(entry)) => format!("by the schedule's entry \"{entry}\""),
        ("operator", _) => "by an operator (muster nodes want auto takes it back)".to_owned(),
        ("count", _) => "by the settings".to_owned(),
        (source, _) => format!("by {source}"),
    };
    let load = match wanted.autoscaling && wanted.source != "autoscaling" {
        true => ", within which the load decides",
        false => "",
    };
    format!("{count}, {source}{load}")
}
