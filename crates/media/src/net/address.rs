//! Socket addresses between `std` and the system. A dual-stack socket speaks of IPv4 as `::ffff:a.b.c.d`; above this
//! module nobody does.
#![expect(
    unsafe_code,
    reason = "sockaddr structures are plain bytes that the system fills"
)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Family of a bound socket: what addresses look like on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6` that also carries v4-mapped addresses.
    Dual,
}

/// Room for either kind of address, and how much of it is used.
#[derive(Clone, Copy)]
pub struct Raw {
    /// The system's view: the larger of the two that IP has.
    pub storage: libc::sockaddr_in6,
    /// Bytes used.
    pub len: libc::socklen_t,
}

impl Raw {
    /// Room for an address.
    pub const CAPACITY: libc::socklen_t = size_of::<libc::sockaddr_in6>() as libc::socklen_t;

    /// Nothing yet: to be filled by the system.
    pub fn empty() -> Self {
        // SAFETY: `sockaddr_in6` is plain data, for which all zeros is a value.
        let storage = unsafe { std::mem::zeroed() };
        Self {
            storage,
            len: Self::CAPACITY,
        }
    }

    /// `addr` as a socket of `family` wants it. `None` when it cannot be expressed (IPv6 on an IPv4 socket).
    pub fn new(addr: SocketAddr, family: Family) -> Option<Self> {
        match (family, addr) {
            (Family::V4, SocketAddr::V4(addr)) => Some(Self::v4(addr)),
            (Family::V4, SocketAddr::V6(_)) => None,
            (Family::Dual, addr) => Some(Self::v6(mapped(addr))),
        }
    }

    fn v4(addr: SocketAddrV4) -> Self {
        let mut raw = Self::empty();
        let at = (&raw mut raw.storage).cast::<libc::sockaddr_in>();
        // SAFETY: `sockaddr_in6` is at least as large and as aligned as `sockaddr_in`, and exclusively ours.
        unsafe {
            (*at).sin_family = libc::AF_INET as libc::sa_family_t;
            (*at).sin_port = addr.port().to_be();
            (*at).sin_addr.s_addr = u32::from_ne_bytes(addr.ip().octets());
        }
        raw.len = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        raw
    }

    fn v6(addr: SocketAddrV6) -> Self {
        let mut raw = Self::empty();
        let at = &mut raw.storage;
        at.sin6_family = libc::AF_INET6 as libc::sa_family_t;
        at.sin6_port = addr.port().to_be();
        at.sin6_addr.s6_addr = addr.ip().octets();
        at.sin6_scope_id = addr.scope_id();
        raw.len = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
        raw
    }

    /// What the system wrote. `None` for a family that is not IP.
    pub fn get(&self) -> Option<SocketAddr> {
        match i32::from(self.storage.sin6_family) {
            libc::AF_INET => {
                let at = (&raw const self.storage).cast::<libc::sockaddr_in>();
                // SAFETY: the family says that these bytes are a `sockaddr_in`; size and alignment suffice.
                let (ip, port) = unsafe { ((*at).sin_addr.s_addr, (*at).sin_port) };
                let ip = Ipv4Addr::from(ip.to_ne_bytes());
                Some(SocketAddr::new(ip.into(), u16::from_be(port)))
            }
            libc::AF_INET6 => {
                let at = &self.storage;
                let (ip, port) = (at.sin6_addr.s6_addr, u16::from_be(at.sin6_port));
                let ip = Ipv6Addr::from(ip);
                Some(match ip.to_ipv4_mapped() {
                    Some(v4) => SocketAddr::new(v4.into(), port),
                    None => SocketAddrV6::new(ip, port, 0, at.sin6_scope_id).into(),
                })
            }
            _ => None,
        }
    }
}

/// `addr` as seen on a dual-stack socket.
pub fn mapped(addr: SocketAddr) -> SocketAddrV6 {
    match addr {
        SocketAddr::V4(v4) => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0),
        SocketAddr::V6(v6) => v6,
    }
}

/// `ip` as seen on a dual-stack socket.
pub fn mapped_ip(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
