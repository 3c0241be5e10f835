//! How much of the network that the machine speaks to others by is used.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use diagnosis::Network;

use crate::queues;

/// Between two looks; whoever asks sooner hears the same again.
const SPAN: Duration = Duration::from_secs(4);
/// Interfaces that are looked at.
const MOST: usize = 64;

/// Watches the interfaces by which the machine speaks to others: those of its default routes, or all but the loopback
/// where it has none.
#[derive(Debug)]
pub struct Interfaces {
    last: Option<(Instant, BTreeMap<String, Counts>)>,
    seen: Option<Network>,
}

/// What an interface has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    received_bytes: u64,
    sent_bytes: u64,
    sent_packets: u64,
    /// By its queue or its driver, instead of sending them.
    dropped: u64,
}

impl Interfaces {
    /// Takes the first look.
    pub fn new(now: Instant) -> Self {
        let mut interfaces = Self {
            last: None,
            seen: None,
        };
        interfaces.look(now);
        interfaces
    }

    /// What the fullest of them carried since the last look; `None` before the second look, or where nothing can be read.
    pub fn look(&mut self, now: Instant) -> Option<Network> {
        let span = (self.last.as_ref()).map(|(then, _)| now.saturating_duration_since(*then));
        if span.is_some_and(|span| span < SPAN) {
            return self.seen.clone();
        }
        let counts = read();
        self.seen = match (span, &self.last) {
            (Some(span), Some((_, before))) => fullest(span, before, &counts),
            _ => None,
        };
        self.last = Some((now, counts));
        self.seen.clone()
    }
}

fn fullest(
    span: Duration,
    before: &BTreeMap<String, Counts>,
    after: &BTreeMap<String, Counts>,
) -> Option<Network> {
    let both = after.iter().filter_map(|(name, after)| {
        let before = before.get(name)?;
        Some(grown(span, name, *before, *after))
    });
    both.max_by_key(|network| (network.is_full(), network.sent.max(network.received)))
}

fn grown(span: Duration, name: &str, before: Counts, after: Counts) -> Network {
    // One that has fallen belongs to an interface of the same name that is new.
    let more = |of: fn(&Counts) -> u64| of(&after).saturating_sub(of(&before));
    let millis = span.as_millis().max(1);
    let rate = |bytes: u64| u64::try_from(u128::from(bytes) * 8000 / millis).unwrap_or(u64::MAX);
    Network {
        interface: name.to_owned(),
        sent: rate(more(|it| it.sent_bytes)),
        received: rate(more(|it| it.received_bytes)),
        most: speed(name).unwrap_or(0),
        packets: more(|it| it.sent_packets),
        dropped: more(|it| it.dropped),
    }
}

/// Bits per second, where the driver says; those of virtual machines often say nothing.
fn speed(name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/sys/class/net/{name}/speed")).ok()?;
    let megabits: u64 = text.trim().parse().ok()?;
    Some(megabits * 1_000_000)
}

fn read() -> BTreeMap<String, Counts> {
    let text = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let mut all = interfaces(&text);
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let wide = outward(&routes);
    if wide.iter().any(|name| all.contains_key(name)) {
        all.retain(|name, _| wide.contains(name));
    }
    let dropped = queues::dropped(all.keys()).unwrap_or_default();
    for (name, dropped) in dropped {
        if let Some(counts) = all.get_mut(&name) {
            counts.dropped += dropped;
        }
    }
    all
}

/// Of `/proc/net/dev`: two lines of names, then a line for each.
fn interfaces(text: &str) -> BTreeMap<String, Counts> {
    let lines = text.lines().skip(2).filter_map(|line| {
        let (name, counts) = line.split_once(':')?;
        let counts: Vec<u64> = counts
            .split_whitespace()
            .map_while(|it| it.parse().ok())
            .collect();
        let counts = Counts {
            received_bytes: *counts.first()?,
            sent_bytes: *counts.get(8)?,
            sent_packets: *counts.get(9)?,
            dropped: *counts.get(11)?,
        };
        Some((name.trim().to_owned(), counts))
    });
    lines.filter(|(name, _)| name != "lo").take(MOST).collect()
}

/// Interfaces of default routes, in `/proc/net/route`.
fn outward(text: &str) -> Vec<String> {
    let lines = text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (destination, mask) = (fields.get(1)?, fields.get(7)?);
        (*destination == "00000000" && *mask == "00000000").then(|| fields[0].to_owned())
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "Inter-|   Receive                                                |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
        lo:    9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0: 1000 10 0 0 0 0 0 0 2000 20 0 7 0 0 0 0\n  bad0: 1 2\n";

    #[test]
    fn counters_are_found_in_their_columns() {
        let found = interfaces(DEV);
        let eth0 = Counts {
            received_bytes: 1000,
            sent_bytes: 2000,
            sent_packets: 20,
            dropped: 7,
        };
        assert_eq!(found, BTreeMap::from([("eth0".to_owned(), eth0)]));
        assert!(interfaces("").is_empty());
    }

    #[test]
    fn the_interface_of_the_default_route_leads_outward() {
        let routes = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            eth1\t0014000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
            eth0\t00000000\t0100140A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(outward(routes), ["eth0"]);
        assert!(outward("").is_empty());
    }

    #[test]
    fn rates_are_of_the_span() {
        let before = Counts::default();
        let after = Counts {
            received_bytes: 500_000,
            sent_bytes: 1_000_000,
            sent_packets: 1_000,
            dropped: 30,
        };
        let seen = grown(Duration::from_secs(4), "no such", before, after);
        assert_eq!((seen.sent, seen.received), (2_000_000, 1_000_000));
        assert_eq!((seen.packets, seen.dropped, seen.most), (1_000, 30, 0));
        let fallen = grown(Duration::from_secs(4), "no such", after, before);
        assert_eq!((fallen.sent, fallen.dropped), (0, 0));
    }

    #[test]
    fn the_first_look_says_nothing() {
        let start = Instant::now();
        let mut interfaces = Interfaces::new(start);
        assert_eq!(interfaces.look(start + SPAN / 2), None);
        // In a sandbox without interfaces there is nothing to be seen.
        let seen = interfaces.look(start + SPAN);
        assert!(seen.is_none_or(|it| !it.interface.is_empty()));
    }
}
