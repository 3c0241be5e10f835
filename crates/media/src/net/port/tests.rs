use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::*;
use crate::counters::Counters;
use crate::net::{Batch, Inbox};

/// Sends from a client at `client` to our address `local`, and returns what we saw and where the reply came from.
fn echo(family: Family, client: &str, local: &str) -> (SocketAddr, Option<IpAddr>, SocketAddr) {
    let (udp, _tcp, port) = bind_both(family, 0).expect("a port is free");
    let socket = UdpSocket::bind(client).expect("a port is free");
    let local: IpAddr = local.parse().expect("an address");
    socket.send_to(b"ping", (local, port)).expect("sent");
    let mut inbox = Inbox::default();
    let until = Instant::now() + Duration::from_secs(10);
    while inbox.fill(&udp) == 0 {
        assert!(Instant::now() < until, "nothing came");
        std::thread::yield_now();
    }
    let datagram = inbox.datagram(0).expect("whole");
    assert_eq!(datagram.data, b"ping");
    let (from, at) = (datagram.from, datagram.local);
    assert_eq!(from, socket.local_addr().expect("bound"));

    let (mut batch, counters) = (Batch::default(), Counters::default());
    for _ in 0..3 {
        batch.slot(&udp, &counters)[..4].copy_from_slice(b"pong");
        batch.commit(from, at, 4);
    }
    batch.flush(&udp, &counters);
    let totals = counters.totals();
    assert_eq!((totals.udp_messages, totals.udp_out), (1, 3));
    let mut buffer = [0; 10];
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("not zero");
    let (len, source) = socket.recv_from(&mut buffer).expect("a reply");
    assert_eq!(&buffer[..len], b"pong");
    assert_eq!(source.port(), port);
    (from, at, source)
}

/// Any address of 127.0.0.0/8 is ours: the reply must leave from the one that was asked, not from the first.
#[test]
fn replies_leave_from_where_the_client_reached_us() {
    for family in [Family::V4, Family::Dual] {
        let (from, at, source) = echo(family, "127.0.0.1:0", "127.0.0.77");
        assert!(from.is_ipv4());
        assert_eq!(at, Some(IpAddr::from([127, 0, 0, 77])));
        assert_eq!(source.ip(), IpAddr::from([127, 0, 0, 77]));
    }
}

#[test]
fn ipv6_is_seen_as_such() {
    let (from, at, source) = echo(Family::Dual, "[::1]:0", "::1");
    assert!(from.is_ipv6() && source.is_ipv6());
    assert_eq!(at, Some(Ipv6Addr::LOCALHOST.into()));
}

#[test]
fn first_port_that_is_free_for_both_is_taken() {
    // Somebody's TCP port makes the first one unusable, though UDP would be free.
    let (_udp, taken, port) = bind_any(Family::Dual).expect("a port is free");
    let range = port..=port.saturating_add(20);
    let (.., next) = bind(&range).expect("one of twenty is free");
    assert!(next > port);
    let only = bind(&(port..=port));
    assert!(matches!(only, Err(BindError::NoFreePort { .. })));
    drop(taken);
}
