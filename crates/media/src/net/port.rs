//! Finding a port that is free for UDP and TCP alike, and opening both sockets on it.
#![expect(
    unsafe_code,
    reason = "socket options must be set between socket() and bind(), which std does in one step"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::address::{Family, Raw};
use super::udp::{UDP_GRO, Udp};

/// Times that the system is asked for a port that happens to be free for both protocols.
const SYSTEM_ATTEMPTS: usize = 64;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 128;
/// Asked for, in bytes. The system may grant less; a keyframe to some hundred subscribers must fit.
const BUFFER: i32 = 4 << 20;

/// Why no port could be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Every port of the range is taken, for UDP or for TCP.
    #[error(
        "no port of {first}..={last} is free for UDP and TCP: widen the range or stop what occupies it"
    )]
    NoFreePort {
        /// First of the range.
        first: u16,
        /// Last of the range.
        last: u16,
    },
    /// The system refuses sockets altogether.
    #[error("sockets cannot be opened: {0}")]
    Io(#[from] io::Error),
}

/// At which addresses of this machine.
#[derive(Clone, Copy)]
struct At {
    ip: IpAddr,
    family: Family,
}

impl At {
    fn all(family: Family) -> Self {
        let ip = match family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::Dual => Ipv6Addr::UNSPECIFIED.into(),
        };
        Self { ip, family }
    }

    fn one(ip: IpAddr) -> Self {
        let family = match ip {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::Dual,
        };
        Self { ip, family }
    }
}

/// Opens UDP and TCP on the first port of `ports` that is free for both, on all addresses of both families (of IPv4
/// alone where the system has no IPv6). `0..=0` lets the system choose.
///
/// # Errors
/// When no port is free or sockets cannot be had at all.
pub fn bind(ports: &RangeInclusive<u16>) -> Result<(Udp, TcpListener, u16), BindError> {
    let family = family()?;
    if *ports.end() == 0 {
        return bind_any(family);
    }
    for port in ports.clone().filter(|port| *port != 0) {
        match bind_both(family, port) {
            Ok(bound) => return Ok(bound),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(BindError::NoFreePort {
        first: *ports.start(),
        last: *ports.end(),
    })
}

/// Opens TCP once and UDP `count` times on the first port of `ports` that is free for both: the system gives each client's
/// datagrams to one and the same of the UDP sockets. On all addresses as [`bind`], or on `ip` alone.
///
/// # Errors
/// When no port is free or sockets cannot be had at all.
pub fn bind_shared(
    ip: Option<IpAddr>,
    ports: &RangeInclusive<u16>,
    count: usize,
) -> Result<(Vec<Udp>, TcpListener, u16), BindError> {
    let at = match ip {
        Some(ip) => At::one(ip),
        None => At::all(family()?),
    };
    let candidates: Vec<u16> = match *ports.end() {
        0 => vec![0; SYSTEM_ATTEMPTS],
        _ => ports.clone().filter(|port| *port != 0).collect(),
    };
    for port in candidates {
        match bind_group(at, port, count) {
            Ok((udp, tcp)) => {
                let port = tcp.local_addr()?.port();
                return Ok((udp, tcp, port));
            }
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(BindError::NoFreePort {
        first: *ports.start(),
        last: *ports.end(),
    })
}

/// Opens UDP alone, of the family of `ip`, on `port` or, if that is 0, on one that the system chooses. What arrives does not
/// say at which of our addresses, and may come as runs: [`super::Inbox::of_runs`] takes it.
///
/// # Errors
/// What the system says.
pub fn bind_udp(ip: IpAddr, port: u16) -> io::Result<(Udp, u16)> {
    let at = match ip {
        IpAddr::V4(_) => At::all(Family::V4),
        IpAddr::V6(_) => At::all(Family::Dual),
    };
    let udp = socket(domain(at.family), libc::SOCK_DGRAM)?;
    // An old system hands them over one by one.
    let _ = set(&udp, libc::SOL_UDP, UDP_GRO, 1);
    finish_datagrams(udp, at, port)
}

/// Opens UDP on the port of `old`, which may be closed then.
///
/// # Errors
/// What the system says.
pub fn bind_again(old: &impl AsRawFd, family: Family, port: u16) -> io::Result<UdpSocket> {
    let udp = socket(domain(family), libc::SOCK_DGRAM)?;
    tell_destination(&udp, family)?;
    enlarge(&udp);
    // The system lets two sockets have one port when both say so; nobody else may while they do not.
    set(old, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    set(&udp, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    let bound = bind_to(&udp, At::all(family), port);
    set(&udp, libc::SOL_SOCKET, libc::SO_REUSEADDR, 0)?;
    set(old, libc::SOL_SOCKET, libc::SO_REUSEADDR, 0)?;
    bound.map(|()| UdpSocket::from(udp))
}

fn bind_any(family: Family) -> Result<(Udp, TcpListener, u16), BindError> {
    for _ in 0..SYSTEM_ATTEMPTS {
        match bind_both(family, 0) {
            Ok(bound) => return Ok(bound),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(BindError::NoFreePort { first: 0, last: 0 })
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

fn family() -> io::Result<Family> {
    match socket(libc::AF_INET6, libc::SOCK_DGRAM)
        .and_then(|fd| bind_to(&fd, At::all(Family::Dual), 0))
    {
        Ok(()) => Ok(Family::Dual),
        Err(_) => socket(libc::AF_INET, libc::SOCK_DGRAM).map(|_| Family::V4),
    }
}

fn bind_both(family: Family, port: u16) -> io::Result<(Udp, TcpListener, u16)> {
    let at = At::all(family);
    let (udp, port) = bind_datagrams(at, port, false)?;
    let tcp = bind_listener(at, port)?;
    Ok((udp, tcp, port))
}

fn bind_group(at: At, port: u16, count: usize) -> io::Result<(Vec<Udp>, TcpListener)> {
    // The listener comes first and keeps others of the same user out of the group, which the system would let in.
    let tcp = bind_listener(at, port)?;
    let port = tcp.local_addr()?.port();
    let group = (0..count).map(|_| Ok(bind_datagrams(at, port, true)?.0));
    Ok((group.collect::<io::Result<_>>()?, tcp))
}

fn bind_datagrams(at: At, port: u16, shared: bool) -> io::Result<(Udp, u16)> {
    let udp = socket(domain(at.family), libc::SOCK_DGRAM)?;
    if shared {
        set(&udp, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
    }
    tell_destination(&udp, at.family)?;
    finish_datagrams(udp, at, port)
}

fn finish_datagrams(udp: OwnedFd, at: At, port: u16) -> io::Result<(Udp, u16)> {
    enlarge(&udp);
    bind_to(&udp, at, port)?;
    let udp = UdpSocket::from(udp);
    let port = udp.local_addr()?.port();
    Ok((Udp::new(udp, at.family), port))
}

fn bind_listener(at: At, port: u16) -> io::Result<TcpListener> {
    let tcp = socket(domain(at.family), libc::SOCK_STREAM)?;
    set(&tcp, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    bind_to(&tcp, at, port)?;
    // SAFETY: no pointers are passed; the descriptor is open.
    if unsafe { libc::listen(tcp.as_raw_fd(), BACKLOG) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(TcpListener::from(tcp))
}

fn domain(family: Family) -> i32 {
    match family {
        Family::V4 => libc::AF_INET,
        Family::Dual => libc::AF_INET6,
    }
}

fn socket(domain: i32, kind: i32) -> io::Result<OwnedFd> {
    let kind = kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::socket(domain, kind, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `fd` is open, just made, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn bind_to(fd: &OwnedFd, At { ip, family }: At, port: u16) -> io::Result<()> {
    if family == Family::Dual {
        set(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
    }
    let raw = Raw::new(SocketAddr::new(ip, port), family).ok_or(io::ErrorKind::AddrNotAvailable)?;
    // SAFETY: `raw` holds an address of `raw.len` bytes and lives through the call.
    let done = unsafe { libc::bind(fd.as_raw_fd(), (&raw const raw.storage).cast(), raw.len) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Asks for the local address of every datagram: replies must leave from where the client reached us.
fn tell_destination(fd: &OwnedFd, family: Family) -> io::Result<()> {
    match family {
        Family::V4 => set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1),
        Family::Dual => set(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1),
    }
}

/// Large buffers as far as the system lets us: beyond its limit only with CAP_NET_ADMIN.
fn enlarge(fd: &OwnedFd) {
    for (force, plain) in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
    ] {
        if set(fd, libc::SOL_SOCKET, force, BUFFER).is_err() {
            let _ = set(fd, libc::SOL_SOCKET, plain, BUFFER);
        }
    }
}

fn set(fd: &impl AsRawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: `value` is an int that lives through the call, and `len` is its size.
    let done =
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, (&raw const value).cast(), len) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
