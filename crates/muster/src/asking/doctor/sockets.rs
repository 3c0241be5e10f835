//! Who listens on this machine, and where, beside what clients are told.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use api::{Node, Nodes};

use super::{Check, State};
use crate::config::Settings;

/// Addresses of this machine's interfaces.
pub(super) fn own_addresses() -> Vec<IpAddr> {
    let interfaces = discovery::interfaces().unwrap_or_default();
    interfaces.into_iter().map(|it| it.ip).collect()
}

/// Where the master of this machine is to listen, if it does not answer. One that does listens, wherever flags of its own
/// have put it, and however little its certificate is worth.
pub(super) fn doors(settings: &Settings) -> Vec<Check> {
    let tcp: Vec<SocketAddr> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|path| listening(&read(path)))
        .collect();
    vec![
        door("https", settings.https_listen, &tcp),
        door("link", settings.link.listen, &tcp),
    ]
}

/// The nodes of this machine, which has these addresses.
pub(super) fn checks(own: &[IpAddr], nodes: &Nodes) -> Vec<Check> {
    let udp: Vec<SocketAddr> = ["/proc/net/udp", "/proc/net/udp6"]
        .iter()
        .flat_map(|path| bound(&read(path)))
        .collect();
    let here = nodes.nodes.iter();
    here.filter_map(|node| media(node, own, &udp)).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Whether anybody listens where the settings say.
pub(super) fn door(name: &str, at: SocketAddr, listening: &[SocketAddr]) -> Check {
    match listening.iter().any(|it| covers(*it, at)) {
        true => Check::well(name, format!("somebody listens at {at}")),
        false => Check::of(
            name,
            State::Doubtful,
            format!("nobody on this machine listens at {at}, where the settings say"),
            "if a master is to run here, start it",
        ),
    }
}

/// Whether the media sockets of a node on this machine are where clients are told.
pub(super) fn media(node: &Node, own: &[IpAddr], bound: &[SocketAddr]) -> Option<Check> {
    let told = node.addresses.iter().filter(|ip| own.contains(ip));
    let told: Vec<SocketAddr> = told
        .flat_map(|ip| {
            node.media_ports
                .iter()
                .map(|port| SocketAddr::new(*ip, *port))
        })
        .collect();
    let deaf: Vec<String> = told
        .iter()
        .filter(|at| !bound.iter().any(|it| covers(*it, **at)))
        .map(SocketAddr::to_string)
        .collect();
    let name = format!("sockets of {}", node.id);
    if told.is_empty() || node.state != "serving" {
        return None;
    }
    Some(match deaf.is_empty() {
        true => Check::well(
            &name,
            format!("bound wherever clients are told, {} places", told.len()),
        ),
        false => Check::of(
            &name,
            State::Ill,
            format!(
                "no UDP socket of this machine is bound for {}, where clients are told",
                deaf.join(", ")
            ),
            diagnosis::Cause::DeafListener.remedy().text,
        ),
    })
}

/// A socket bound to all addresses covers each of its family, and one of IPv6 those of IPv4, too.
fn covers(bound: SocketAddr, at: SocketAddr) -> bool {
    let all = bound.ip().is_unspecified() && (bound.is_ipv6() || at.is_ipv4());
    bound.port() == at.port() && (bound.ip() == at.ip() || all)
}

/// Local addresses of `/proc/net/udp` or `udp6`.
pub(super) fn bound(table: &str) -> Vec<SocketAddr> {
    rows(table).map(|(local, _)| local).collect()
}

/// Local addresses of `/proc/net/tcp` or `tcp6` that take connections.
pub(super) fn listening(table: &str) -> Vec<SocketAddr> {
    const LISTEN: &str = "0A";
    rows(table)
        .filter(|(_, state)| *state == LISTEN)
        .map(|(local, _)| local)
        .collect()
}

fn rows(table: &str) -> impl Iterator<Item = (SocketAddr, &str)> {
    table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let local = columns.next()?;
        let state = columns.nth(1)?;
        Some((local_address(local)?, state))
    })
}

/// `0100007F:1F90`: words of 32 bits in the machine's order, each in hexadecimal, and the port.
fn local_address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        Some(
            u32::from_str_radix(ip.get(at..at + 8)?, 16)
                .ok()?
                .to_ne_bytes(),
        )
    };
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (index, part) in octets.chunks_mut(4).enumerate() {
                part.copy_from_slice(&word(index * 8)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}
