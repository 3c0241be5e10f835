//! What nodes say of the machines that they run on.

use std::collections::BTreeMap;
use std::net::IpAddr;

use api::{Machine, Node, Nodes};

use super::machine::{QUICK_CLOCK, fullness, room, slowness};
use super::words::list;
use super::{Check, State};

const ROOM: &str = "make room there on the file system of the node's `data_dir` (`df -h`; logs are often the most: `journalctl \
     --vacuum-size=200M`). What it cannot write down, its renewed certificate above all, it does not have after its next \
     start, and then it does not join";

/// Nodes of one finding in one check. Those on this machine, which has these addresses, are looked at here.
pub(super) fn checks(nodes: &Nodes, own: &[IpAddr]) -> Vec<Check> {
    let elsewhere = |node: &&Node| !node.addresses.iter().any(|ip| own.contains(ip));
    let mut found: BTreeMap<(&str, String, &str), Vec<&str>> = BTreeMap::new();
    for node in nodes.nodes.iter().filter(elsewhere) {
        for (name, seen, remedy) in wrong(&node.machine) {
            let ids = found.entry((name, seen, remedy)).or_default();
            ids.push(&node.id);
        }
    }
    let check = |((name, seen, remedy), ids): ((&str, String, &str), Vec<&str>)| {
        let name = format!("{name} of {}", list(ids));
        Check::of(&name, State::Doubtful, seen, remedy)
    };
    found.into_iter().map(check).collect()
}

/// Calls go on with either.
fn wrong(machine: &Machine) -> impl Iterator<Item = (&'static str, String, &'static str)> {
    let disk = machine.disk_free.zip(machine.disk_size);
    let full = disk.filter(|(free, _)| fullness(*free) != State::Well);
    let full = full.map(|(free, all)| ("disk", room(free, all), ROOM));
    let source = machine.clock_source.as_str();
    let slow = ::machine::is_slow_clock(source);
    let slow = slow.then(|| ("clock source", slowness(source), QUICK_CLOCK));
    full.into_iter().chain(slow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asking::tests::node;

    fn on(id: &str, free: u64, source: &str, ip: &str) -> Node {
        Node {
            addresses: vec![ip.parse().expect("an address")],
            machine: Machine {
                disk_free: Some(free << 20),
                disk_size: Some(40_000 << 20),
                clock_source: source.into(),
            },
            ..node(id, "serving", "")
        }
    }

    #[test]
    fn full_disks_and_slow_clocks_of_other_machines_are_told() {
        let nodes = Nodes {
            nodes: vec![
                on("media_1", 12, "tsc", "192.0.2.1"),
                on("media_2", 12, "hpet", "192.0.2.2"),
                on("media_3", 9_000, "kvm-clock", "192.0.2.3"),
                on("media_4", 0, "hpet", "192.0.2.4"),
                // Of an older version, or not heard of yet.
                node("media_5", "serving", ""),
            ],
        };
        let own = ["192.0.2.4".parse().expect("an address")];
        let told = checks(&nodes, &own);
        let brief: Vec<(&str, &str)> = told
            .iter()
            .map(|check| (check.name.as_str(), check.seen.as_str()))
            .collect();
        let [(clock, reads), (disk, free)] = brief[..] else {
            panic!("{brief:?}")
        };
        assert_eq!(clock, "clock source of media_2");
        assert!(reads.contains("hpet"), "{reads}");
        assert_eq!(disk, "disk of media_1 and media_2");
        assert_eq!(free, "12 MiB of 40000 MiB free");
        assert!(told.iter().all(|check| check.state == State::Doubtful));
        assert!(checks(&Nodes { nodes: vec![] }, &own).is_empty());
    }
}
