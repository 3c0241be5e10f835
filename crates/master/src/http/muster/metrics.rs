//! Figures for Prometheus.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::control::{Control, Now, RelayCounters, Working};
use api::NodeCounts;
use api::metrics::{CONTENT_TYPE, Kind, Metrics};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use diagnosis::Surroundings;
use reachability::{Path, Standing};

use super::answer::Answer;
use crate::app::App;
use crate::relay::counters;

/// Names the relay in the master itself, which is no node's id: those have an underscore.
const MASTER: &str = "master";

pub(super) async fn text(State(app): State<Arc<App>>) -> Answer {
    let own = match &app.relay {
        Some(relay) => Some(relay.clone().booked().await),
        None => None,
    };
    let text = app.inspect(move |control, now| {
        let mut metrics = Metrics::default();
        of_the_cluster(&mut metrics, control, now);
        of_paths(&mut metrics, control);
        let around = control.around();
        of_failures(&mut metrics, control, &around);
        of_traffic(&mut metrics, &around);
        let mut relays = of_nodes(control);
        let streams = own.as_ref().map(|own| own.streams);
        relays.extend(own.map(|own| (MASTER.to_owned(), counters(&own.counts))));
        of_relays(&mut metrics, &relays);
        if let Some(streams) = streams {
            let help = "TLS connections of TURN clients at the master's HTTPS port.";
            let mut family = metrics.family("muster_master_relay_streams", Kind::Gauge, help);
            family.sample(&[], streams);
        }
        metrics.into_text()
    });
    let headers = [(header::CONTENT_TYPE, CONTENT_TYPE)];
    Ok((headers, text.await?).into_response())
}

fn of_the_cluster(metrics: &mut Metrics, control: &Control, _now: Now) {
    let counts = NodeCounts::of(control.cluster());
    let mut family = metrics.family("muster_nodes", Kind::Gauge, "Media nodes, by state.");
    for (state, count) in [
        ("serving", counts.serving),
        ("coming", counts.coming),
        ("suspect", counts.suspect),
        ("going", counts.going),
        ("failed", counts.failed),
    ] {
        family.sample(&[("state", state)], count);
    }
    let sessions = || control.conference().sessions();
    let participants: usize = sessions().map(|it| it.participants().count()).sum();
    metrics
        .family("muster_sessions", Kind::Gauge, "Sessions.")
        .sample(&[], sessions().count());
    metrics
        .family(
            "muster_participants",
            Kind::Gauge,
            "Participants who have joined.",
        )
        .sample(&[], participants);
    let help = "Streams that a node carries: each published one, and each subscription.";
    let mut family = metrics.family("muster_node_streams", Kind::Gauge, help);
    for node in control.cluster().nodes() {
        family.sample(&[("node", node.id().as_str())], node.load().streams);
    }
    let help = "By how much the clock of a node is ahead of the master's.";
    let mut family = metrics.family("muster_node_clock_ahead_seconds", Kind::Gauge, help);
    for (node, working) in working(control) {
        if let Some(skew) = working.skew {
            let seconds = format!(
                "{}.{:03}",
                skew.ahead_ms.abs() / 1000,
                skew.ahead_ms.abs() % 1000
            );
            let sign = if skew.ahead_ms < 0 { "-" } else { "" };
            family.sample(&[("node", node)], format_args!("{sign}{seconds}"));
        }
    }
}

/// By node, kind, protocol and standing.
fn of_paths(metrics: &mut Metrics, control: &Control) {
    let mut counts: BTreeMap<(&str, &str, &str, &str), u64> = BTreeMap::new();
    for node in control.cluster().nodes() {
        for row in control.matrix().rows(node.id()) {
            let (kind, protocol) = match row.path {
                Path::Direct { protocol, .. } => ("direct", protocol),
                Path::Relay { protocol, .. } => ("relayed", protocol),
            };
            let standing = match row.cell.standing() {
                Standing::Good => "good",
                Standing::Lost => "lost",
            };
            let key = (node.id().as_str(), kind, protocol.as_str(), standing);
            *counts.entry(key).or_default() += 1;
        }
    }
    let help = "Paths to a node that master and nodes have probed, each with everybody who looks.";
    let mut family = metrics.family("muster_paths", Kind::Gauge, help);
    for ((node, kind, protocol, standing), count) in counts {
        let labels = [
            ("node", node),
            ("kind", kind),
            ("protocol", protocol),
            ("standing", standing),
        ];
        family.sample(&labels, count);
    }
}

fn of_failures(metrics: &mut Metrics, control: &Control, around: &Surroundings) {
    let counts = control.failure_counts();
    let help = "Legs that lost their media or never had any, by the cause that was first found.";
    let mut family = metrics.family("muster_failures_total", Kind::Counter, help);
    for (cause, count) in &counts.failed {
        family.sample(&[("cause", cause.code())], count);
    }
    let help = "Of these, those that have media again, by the step that helped, or itself.";
    let mut family = metrics.family("muster_failures_healed_total", Kind::Counter, help);
    for (by, count) in &counts.healed {
        family.sample(&[("by", by)], count);
    }
    let help = "What the diagnosis finds wrong with the fleet now: how sure it is, 0 to 1.";
    let mut family = metrics.family("muster_fleet_finding", Kind::Gauge, help);
    for finding in ::diagnosis::survey(around) {
        let labels = [
            ("cause", finding.cause.code()),
            ("subject", finding.subject.as_str()),
        ];
        family.sample(&labels, f64::from(finding.confidence) / 100.0);
    }
}

fn of_traffic(metrics: &mut Metrics, around: &Surroundings) {
    let traffic = &around.traffic;
    let help = "Transports that are connected, by the path that they go: straight (udp, tcp), through a relay, or not known.";
    let mut family = metrics.family("muster_transports", Kind::Gauge, help);
    for (path, count) in [
        ("udp", traffic.udp),
        ("tcp", traffic.tcp),
        ("relayed", traffic.through_relays()),
        ("unknown", traffic.unknown),
    ] {
        family.sample(&[("path", path)], count);
    }
    let help = "Transports that are connected through a relay: a node's, the master's, a foreign one, or elsewhere.";
    let mut family = metrics.family("muster_relay_transports", Kind::Gauge, help);
    for (relay, count) in &traffic.relayed {
        family.sample(&[("relay", relay)], count);
    }
    for relay in &around.relays {
        if !traffic.relayed.contains_key(&relay.id) {
            family.sample(&[("relay", &relay.id)], 0);
        }
    }
    of_networks(metrics, around);
}

/// Of the machines of master and nodes.
fn of_networks(metrics: &mut Metrics, around: &Surroundings) {
    let hosts = || {
        let hosts = around.hosts.iter();
        hosts.filter_map(|host| Some((host.id.as_str(), host.limits.network.as_ref()?)))
    };
    let help = "What the interface carries by which a machine speaks to others.";
    let mut family = metrics.family("muster_network_bits_per_second", Kind::Gauge, help);
    for (host, network) in hosts() {
        for (direction, bits) in [("sent", network.sent), ("received", network.received)] {
            family.sample(&[("host", host), ("direction", direction)], bits);
        }
    }
    let help = "What that interface can carry each way, where its driver says.";
    let mut family = metrics.family("muster_network_capacity_bits_per_second", Kind::Gauge, help);
    for (host, network) in hosts().filter(|(_, network)| network.most > 0) {
        family.sample(&[("host", host)], network.most);
    }
    let help = "Packets that were dropped for want of room instead of being sent, of all, over the last seconds.";
    let mut family = metrics.family("muster_network_dropped_ratio", Kind::Gauge, help);
    for (host, network) in hosts() {
        #[allow(clippy::cast_precision_loss)]
        let (dropped, sent) = (network.dropped as f64, network.packets as f64);
        family.sample(&[("host", host)], dropped / (dropped + sent).max(1.0));
    }
}

fn working(control: &Control) -> impl Iterator<Item = (&str, &Working)> {
    let nodes = control.cluster().nodes();
    nodes.filter_map(|node| Some((node.id().as_str(), control.working(node.id())?)))
}

fn of_nodes(control: &Control) -> Vec<(String, RelayCounters)> {
    working(control)
        .filter_map(|(node, working)| Some((node.to_owned(), working.relay.clone()?)))
        .collect()
}

fn of_relays(metrics: &mut Metrics, relays: &[(String, RelayCounters)]) {
    let help = "Allocations of a relay (TURN).";
    let mut family = metrics.family("muster_relay_allocations", Kind::Gauge, help);
    for (relay, counters) in relays {
        let count = counters.counts.get("allocations").copied();
        family.sample(&[("relay", relay)], count.unwrap_or(0));
    }
    for (name, help, suffix) in [
        ("muster_relay_packets_total", "Datagrams relayed.", ""),
        (
            "muster_relay_bytes_total",
            "Bytes relayed, without TURN's framing.",
            "_bytes",
        ),
    ] {
        let mut family = metrics.family(name, Kind::Counter, help);
        for (relay, counters) in relays {
            for direction in ["to_peers", "to_clients"] {
                let count = counters.counts.get(&format!("{direction}{suffix}"));
                let labels = [("relay", relay.as_str()), ("direction", direction)];
                family.sample(&labels, count.copied().unwrap_or(0));
            }
        }
    }
    let help = "Requests to a relay by what was answered; code 0 is success.";
    let mut family = metrics.family("muster_relay_requests_total", Kind::Counter, help);
    for (relay, counters) in relays {
        for (method, code, count) in &counters.requests {
            let code = code.to_string();
            let labels = [
                ("relay", relay.as_str()),
                ("method", method),
                ("code", &code),
            ];
            family.sample(&labels, count);
        }
    }
    of_dropped(metrics, relays);
}

fn of_dropped(metrics: &mut Metrics, relays: &[(String, RelayCounters)]) {
    let help = "What a relay did not relay or answer, and why.";
    let mut family = metrics.family("muster_relay_dropped_total", Kind::Counter, help);
    for (relay, counters) in relays {
        for (reason, count) in &counters.counts {
            let relayed = reason.starts_with("to_peers") || reason.starts_with("to_clients");
            if !relayed && reason != "allocations" {
                family.sample(&[("relay", relay), ("reason", reason)], count);
            }
        }
    }
}
