//! How much of what is scarce this process and its machine have used.

use std::fs;
use std::str::FromStr;

use diagnosis::Limits;

use crate::clock::clock_source;

/// Of this process and the network that it stands in. `receive_buffer_errors` counts from the machine's boot.
pub fn limits() -> Limits {
    Limits {
        conntrack: conntrack(),
        descriptors: descriptors(),
        receive_buffer_errors: fs::read_to_string("/proc/net/snmp")
            .ok()
            .and_then(|text| receive_buffer_errors(&text))
            .unwrap_or_default(),
        clock_source: clock_source(),
        ..Limits::default()
    }
}

fn conntrack() -> Option<(u64, u64)> {
    let read = |name: &str| number(&format!("/proc/sys/net/netfilter/nf_conntrack_{name}"));
    Some((read("count")?, read("max")?))
}

fn descriptors() -> Option<(u64, u64)> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    let most = line.split_whitespace().nth(3)?.parse().ok()?;
    Some((open, most))
}

fn number<T: FromStr>(file: &str) -> Option<T> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// `RcvbufErrors` of UDP: a line of names, then a line of values.
fn receive_buffer_errors(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Udp:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let at = names
        .split_whitespace()
        .position(|name| name == "RcvbufErrors")?;
    values.split_whitespace().nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_found_by_their_name() {
        let text =
            "Ip: A B\nIp: 1 2\nUdp: InDatagrams InErrors RcvbufErrors SndbufErrors\nUdp: 9 8 7 6\n";
        assert_eq!(receive_buffer_errors(text), Some(7));
        assert_eq!(receive_buffer_errors("Udp: InDatagrams\nUdp: 9\n"), None);
        assert_eq!(receive_buffer_errors(""), None);
    }

    #[test]
    fn this_process_has_files_open() {
        let (open, most) = limits().descriptors.expect("Linux tells it");
        assert!(open > 2 && open <= most, "{open} of {most}");
    }
}
