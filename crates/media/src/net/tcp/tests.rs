//! Connections over loopback.
#![expect(
    unsafe_code,
    reason = "std cannot choose the port that a stream connects from"
)]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::*;

const FIRST: Token = 10;

/// Connects from `port`, 0 for any.
fn connect(port: u16, to: SocketAddrV4) -> io::Result<TcpStream> {
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0);
    // SAFETY: `fd` is open, just made, and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let one = 1_i32;
    // SAFETY: the value is an `i32`, as its length says.
    let set = unsafe {
        let value = (&raw const one).cast();
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_REUSEADDR,
            value,
            4,
        )
    };
    assert_eq!(set, 0);
    let from = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    for (address, call) in [
        (
            from,
            libc::bind as unsafe extern "C" fn(_, *const _, _) -> _,
        ),
        (to, libc::connect),
    ] {
        let address = libc::sockaddr_in {
            sin_family: libc::AF_INET as u16,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr {
                s_addr: u32::from(*address.ip()).to_be(),
            },
            sin_zero: [0; 8],
        };
        let len = size_of::<libc::sockaddr_in>() as u32;
        // SAFETY: `address` is an IPv4 address of `len` bytes.
        if unsafe { call(socket.as_raw_fd(), (&raw const address).cast(), len) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(socket.into())
}

#[test]
fn one_port_of_a_stranger_holds_one_connection() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut streams = Streams::new(listener, FIRST).unwrap();
    let readiness = Readiness::new().unwrap();
    let counters = Counters::default();
    let start = Instant::now();

    let to = |last| SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), port);
    let first = connect(0, to(1)).unwrap();
    let from = first.local_addr().unwrap().port();
    let _second = connect(from, to(2)).unwrap();
    let _third = connect(from, to(3)).unwrap();
    streams.accept(&readiness, start, &counters);

    let mut totals = crate::Totals::default();
    totals.add(&counters);
    assert_eq!((totals.tcp_accepted, totals.tcp_refused), (1, 2));
    assert_eq!(
        streams.sweep(start + 2 * CLAIM_WITHIN, &readiness, FIRST),
        1
    );
    assert!(streams.connections.iter().all(Option::is_none));
    assert_eq!(streams.anonymous, 0);
}

#[test]
fn flood_pushes_out_its_own() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let to = listener.local_addr().unwrap();
    let mut streams = Streams::new(listener, FIRST).unwrap();
    let readiness = Readiness::new().unwrap();
    let counters = Counters::default();
    let mut now = Instant::now();
    let mut kept = Vec::new();
    let client = TcpStream::connect(to).unwrap();
    streams.accept(&readiness, now, &counters);
    streams.claim(client.local_addr().unwrap());
    for _ in 0..ANONYMOUS + 3 {
        now += Duration::from_millis(1);
        kept.push(TcpStream::connect(to).unwrap());
        streams.accept(&readiness, now, &counters);
    }
    assert_eq!(streams.anonymous, ANONYMOUS);
    assert_eq!(counters.totals().tcp_closed, 3);
    let has = |stream: &TcpStream| streams.by_peer.contains_key(&stream.local_addr().unwrap());
    assert!(has(&client) && has(&kept[3]) && !kept[..3].iter().any(has));
}
