//! What the queues of interfaces dropped instead of sending it (rtnetlink(7), RTM_GETQDISC).

use std::collections::BTreeMap;
use std::io;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netdevice, recv, send,
    socket_with,
};

/// `linux/rtnetlink.h`, `linux/netlink.h`, `linux/pkt_sched.h`.
const RTM_GETQDISC: u16 = 38;
const RTM_NEWQDISC: u16 = 36;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const TCA_STATS: u16 = 3;
const TC_H_ROOT: u32 = 0xffff_ffff;
/// Of `nlmsghdr` and of `tcmsg`.
const HEADER: usize = 16;
const TCMSG: usize = 20;
/// Of `drops` in `tc_stats`.
const DROPS: usize = 12;
/// Messages of the system that are read for one answer.
const MOST: usize = 64;

/// Of these interfaces, since their queues were made. Those without a queue are left out.
pub fn dropped<'a>(
    interfaces: impl Iterator<Item = &'a String>,
) -> io::Result<BTreeMap<String, u64>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // No protocol is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut found = BTreeMap::new();
    let mut buffer = vec![0; 64 << 10];
    for _ in 0..MOST {
        let (len, _) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        if !read(&buffer[..len], &mut found) {
            break;
        }
    }
    let index = |name: &String| netdevice::name_to_index(&socket, name).ok();
    let known = interfaces.filter_map(|name| {
        let drops = found.get(&index(name)?)?;
        Some((name.clone(), drops.all()))
    });
    Ok(known.collect())
}

/// What the queue at the root of an interface dropped, and what those within it did. Some count for those within them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Drops {
    root: u64,
    within: u64,
}

impl Drops {
    /// At least.
    fn all(self) -> u64 {
        self.root.max(self.within)
    }
}

/// All queues of all interfaces.
fn request() -> [u8; HEADER + TCMSG] {
    let mut bytes = [0; HEADER + TCMSG];
    bytes[0] = (HEADER + TCMSG) as u8;
    bytes[4..6].copy_from_slice(&RTM_GETQDISC.to_ne_bytes());
    bytes[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes
}

/// False after the last message.
fn read(mut bytes: &[u8], found: &mut BTreeMap<u32, Drops>) -> bool {
    while let (Some(len), Some(kind)) = (u32_at(bytes, 0), u16_at(bytes, 4)) {
        let len = len as usize;
        let Some(message) = bytes.get(HEADER..len) else {
            return false;
        };
        match kind {
            RTM_NEWQDISC => {
                if let Some((index, parent, drops)) = queue(message) {
                    let known = found.entry(index).or_default();
                    match parent {
                        TC_H_ROOT => known.root += drops,
                        _ => known.within += drops,
                    }
                }
            }
            NLMSG_DONE => return false,
            _ => {}
        }
        bytes = bytes.get(aligned(len)..).unwrap_or_default();
    }
    true
}

/// Index of the interface, parent of the queue, what it dropped.
fn queue(message: &[u8]) -> Option<(u32, u32, u64)> {
    let (index, parent) = (u32_at(message, 4)?, u32_at(message, 12)?);
    let mut rest = message.get(TCMSG..)?;
    loop {
        let (len, kind) = (usize::from(u16_at(rest, 0)?), u16_at(rest, 2)?);
        let value = rest.get(4..len)?;
        if kind == TCA_STATS {
            return Some((index, parent, u32_at(value, DROPS)?.into()));
        }
        rest = rest.get(aligned(len)..)?;
    }
}

/// Messages and attributes begin at multiples of four.
fn aligned(len: usize) -> usize {
    len.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn message(index: u32, parent: u32, drops: u32) -> Vec<u8> {
        let mut stats = vec![0; 36];
        stats[DROPS..DROPS + 4].copy_from_slice(&drops.to_ne_bytes());
        let mut body = vec![0; TCMSG];
        body[4..8].copy_from_slice(&index.to_ne_bytes());
        body[12..16].copy_from_slice(&parent.to_ne_bytes());
        body.extend(attribute(1, b"tbf\0"));
        body.extend(attribute(TCA_STATS, &stats));
        let mut bytes = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(RTM_NEWQDISC.to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_root_may_count_for_those_within() {
        let mut bytes = message(2, TC_H_ROOT, 7);
        bytes.extend(message(2, 0x0001_0001, 4));
        bytes.extend(message(2, 0x0001_0002, 3));
        bytes.extend(message(3, TC_H_ROOT, 1));
        bytes.extend(message(3, 0x0001_0001, 9));
        let mut found = BTreeMap::new();
        assert!(read(&bytes, &mut found));
        let found: Vec<_> = found
            .iter()
            .map(|(index, drops)| (*index, drops.all()))
            .collect();
        assert_eq!(found, [(2, 7), (3, 9)]);
    }

    #[test]
    fn nothing_that_is_cut_short_is_read_beyond_its_end() {
        let whole = message(2, TC_H_ROOT, 7);
        for len in 0..whole.len() {
            let mut found = BTreeMap::new();
            read(&whole[..len], &mut found);
            assert!(found.is_empty(), "{len}");
        }
        // Lengths of nothing end it.
        let zeros = [0; 64];
        assert!(!read(&zeros, &mut BTreeMap::new()));
        assert_eq!(queue(&zeros), None);
    }

    #[test]
    fn the_system_answers() {
        let interfaces = ["lo".to_owned(), "no such".to_owned()];
        let found = dropped(interfaces.iter()).expect("Linux lists queues to everybody");
        assert!(!found.contains_key("no such"));
    }
}
