//! The matrix of probes, in the words of the diagnosis.

use std::net::SocketAddr;

use cluster::{Node, NodeId};
use diagnosis::{PathKind, Protocol, Reach};
use reachability::{Party, Path, Relayer, Row, Stage, Standing};

use crate::control::Control;

use super::relays::MASTER;

/// Paths that are told of.
const MOST: usize = 4096;

impl Control {
    /// How the paths to this node are, or all.
    pub(super) fn reach(&self, to: Option<&NodeId>) -> Vec<Reach> {
        let wanted = |node: &&Node| to.is_none_or(|to| node.id() == to);
        let nodes = self.cluster.nodes().filter(wanted);
        let rows = nodes.flat_map(|node| {
            let rows = self.matrix().rows(node.id());
            rows.map(move |row| self.reach_of(node, row))
        });
        rows.take(MOST).collect()
    }

    /// A path that has not been lost yet is there, however its last probe went: single packets are lost everywhere.
    fn reach_of(&self, node: &Node, row: Row<'_>) -> Reach {
        let cell = row.cell;
        let last = cell.last().as_ref();
        let (passed, failed) = (last.ok(), last.err());
        let place = self.matrix().place(node.id());
        let ok = passed.is_some() || cell.standing() == Standing::Good;
        let (path, protocol, ip, relay) = match row.path {
            Path::Direct { ip, protocol } => (PathKind::Direct, protocol, Some(*ip), String::new()),
            Path::Relay {
                relay,
                protocol,
                at,
            } => (PathKind::Relayed, protocol, None, relayer(relay, at)),
        };
        let port = node.addresses().ports.first().copied().unwrap_or_default();
        let ago = self.now.moment.0.saturating_sub(cell.at().0);
        Reach {
            from: name(row.from),
            to: node.id().as_str().to_owned(),
            boot: place.map_or_else(String::new, |place| place.boot.to_string()),
            address_set: place.map_or(0, |place| place.version),
            path,
            protocol: match protocol {
                reachability::Protocol::Udp => Protocol::Udp,
                reachability::Protocol::Tcp => Protocol::Tcp,
                reachability::Protocol::Tls => Protocol::Tls,
            },
            address: ip.map(|ip| SocketAddr::new(ip, port)),
            relay,
            ok,
            round_trip_ms: passed.map(|it| it.round_trip.as_secs_f64() * 1000.0),
            loss_percent: passed
                .filter(|it| it.sent > 0)
                .map(|it| f64::from(it.lost) * 100.0 / f64::from(it.sent)),
            stage: failed
                .filter(|_| !ok)
                .map_or_else(String::new, |it| it.stage.as_str().to_owned()),
            problem: failed
                .filter(|_| !ok)
                .map_or_else(String::new, ToString::to_string),
            refused: !ok && failed.is_some_and(|it| it.stage == Stage::Refused),
            astray: !ok && failed.is_some_and(reachability::Failed::is_astray),
            prohibited: false,
            code: None,
            at: Some(self.now.timestamp.0.saturating_sub(ago)),
        }
    }
}

/// A foreign relay goes by where it is.
fn relayer(relay: &Relayer, at: &str) -> String {
    match relay {
        Relayer::Master => MASTER.to_owned(),
        Relayer::Node(node) => node.as_str().to_owned(),
        Relayer::External => at.to_owned(),
    }
}

fn name(party: &Party) -> String {
    match party {
        Party::Master => MASTER.to_owned(),
        Party::Node(node) => node.as_str().to_owned(),
    }
}
