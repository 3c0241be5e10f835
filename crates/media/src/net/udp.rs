//! The shard's UDP socket: datagrams come in by the batch, each with the local address at which it arrived.
#![expect(
    unsafe_code,
    reason = "recvmmsg, sendmmsg and control messages have no face in std"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::address::{Family, Raw, mapped_ip};

/// Datagrams per system call.
pub const INBOX: usize = 64;
/// Receipts of runs per system call: each may bring a frame.
pub const RUNS: usize = 8;
/// The same of messages to send, where they are few: headers cost time whether or not they are filled.
const FEW: usize = 8;
/// Bytes per datagram. What is longer is cut by the system, counted and dropped: no path carries such packets.
const DATAGRAM: usize = 2048;
/// Bytes per run: what an IP packet may have.
const WHOLE: usize = 1 << 16;
/// Room for control messages: a packet-info (at most 20 bytes) and a segment size, with their headers.
const CONTROL: usize = 12;
/// `UDP_SEGMENT` of linux/udp.h.
const UDP_SEGMENT: i32 = 103;
/// `UDP_GRO` of linux/udp.h.
pub(super) const UDP_GRO: i32 = 104;

/// A bound, non-blocking UDP socket.
#[derive(Debug)]
pub struct Udp {
    socket: UdpSocket,
    family: Family,
}

impl Udp {
    pub(super) fn new(socket: UdpSocket, family: Family) -> Self {
        Self { socket, family }
    }

    /// Another socket on the same port, in place of this one.
    ///
    /// # Errors
    /// What the system says.
    pub fn renewed(&self) -> io::Result<Self> {
        let port = self.socket.local_addr()?.port();
        let socket = super::port::bind_again(&self.socket, self.family, port)?;
        Ok(Self::new(socket, self.family))
    }

    /// Sends `messages`, in order.
    ///
    /// # Errors
    /// When not even the first could be sent. Otherwise the count of those that were.
    pub(super) fn send_batch(&self, messages: &mut [Message]) -> io::Result<usize> {
        match messages.len() {
            0..=FEW => self.send_up_to::<FEW>(messages),
            _ => self.send_up_to::<INBOX>(messages),
        }
    }

    fn send_up_to<const MOST: usize>(&self, messages: &mut [Message]) -> io::Result<usize> {
        let mut headers = [EMPTY_HEADER; MOST];
        let count = messages.len().min(MOST);
        for (header, message) in headers.iter_mut().zip(messages.iter_mut()) {
            header.msg_hdr = message.header();
        }
        let fd = self.socket.as_raw_fd();
        // SAFETY: `count` headers are initialised; what they point to (names, vectors, control buffers inside
        // `messages`, payloads borrowed by them) stays in place through the call.
        let sent = unsafe { libc::sendmmsg(fd, headers.as_mut_ptr(), count as u32, 0) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

impl AsFd for Udp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

const EMPTY_HEADER: libc::mmsghdr = libc::mmsghdr {
    // SAFETY: `msghdr` is plain data; all zeros means no name, no data, no control.
    msg_hdr: unsafe { std::mem::zeroed() },
    msg_len: 0,
};

/// Somewhere for the system to write datagrams.
pub struct Inbox {
    data: Vec<u8>,
    /// Bytes of `data` per receipt.
    room: usize,
    names: Vec<Raw>,
    controls: Vec<[u64; CONTROL]>,
    /// What `headers` points to, which points to all of the above.
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    /// Headers that the system has written to.
    used: usize,
}

// SAFETY: all that its pointers lead to is its own, on the heap, and of one length from first to last: it goes where the
// inbox goes and stays in place meanwhile.
unsafe impl Send for Inbox {}

/// A received datagram.
pub struct Datagram<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// At which of our addresses it arrived.
    pub local: Option<IpAddr>,
    /// Its content, to be worked on in place.
    pub data: &'a mut [u8],
}

/// Datagrams of one sender that the system received together (`UDP_GRO`).
pub struct Run<'a> {
    /// Who sent them.
    pub from: SocketAddr,
    /// One after the other.
    pub data: &'a mut [u8],
    /// Bytes of each but the last, which may be shorter; not 0.
    pub size: usize,
}

impl Default for Inbox {
    /// For up to [`INBOX`] datagrams.
    fn default() -> Self {
        Self::new(INBOX, DATAGRAM)
    }
}

impl Inbox {
    /// For up to [`RUNS`] runs.
    pub fn of_runs() -> Self {
        Self::new(RUNS, WHOLE)
    }

    fn new(count: usize, room: usize) -> Self {
        let mut inbox = Self {
            data: vec![0; count * room],
            room,
            names: vec![Raw::empty(); count],
            controls: vec![[0; CONTROL]; count],
            vectors: Vec::with_capacity(count),
            headers: vec![EMPTY_HEADER; count],
            used: count,
        };
        let data = inbox.data.chunks_mut(room).map(|data| libc::iovec {
            iov_base: data.as_mut_ptr().cast(),
            iov_len: room,
        });
        inbox.vectors.extend(data);
        let parts = inbox.names.iter_mut().zip(&mut inbox.controls);
        let parts = parts.zip(&mut inbox.vectors).zip(&mut inbox.headers);
        for (((name, control), vector), header) in parts {
            let to = &mut header.msg_hdr;
            to.msg_name = (&raw mut name.storage).cast();
            to.msg_iov = vector;
            to.msg_iovlen = 1;
            to.msg_control = control.as_mut_ptr().cast();
        }
        inbox
    }

    /// Receives what waits in `udp`, and returns how many receipts there are; more may wait when it is as many as fit.
    pub fn fill(&mut self, udp: &Udp) -> usize {
        for header in &mut self.headers[..self.used] {
            let to = &mut header.msg_hdr;
            to.msg_namelen = Raw::CAPACITY;
            to.msg_controllen = size_of::<[u64; CONTROL]>() as _;
        }
        let fd = udp.socket.as_raw_fd();
        let (base, flags) = (self.headers.as_mut_ptr(), libc::MSG_DONTWAIT);
        let most = self.headers.len();
        // SAFETY: there are `most` headers; each points to buffers of ours that are as large as it says and stay in place.
        let count = unsafe { libc::recvmmsg(fd, base, most as u32, flags, std::ptr::null_mut()) };
        let count = usize::try_from(count).unwrap_or(0);
        // Of the one that failed the system may have written something too.
        self.used = most.min(count + 1);
        count
    }

    /// A datagram of the last [`Inbox::fill`]. `None` when it was cut short, empty, or from no address.
    pub fn datagram(&mut self, slot: usize) -> Option<Datagram<'_>> {
        let (from, len) = self.receipt(slot)?;
        Some(Datagram {
            from,
            local: local_address(&self.headers[slot].msg_hdr),
            data: &mut self.data[slot * self.room..][..len],
        })
    }

    /// The same of what may have come as several.
    pub fn run(&mut self, slot: usize) -> Option<Run<'_>> {
        let (from, len) = self.receipt(slot)?;
        let size = segment_size(&self.headers[slot].msg_hdr);
        Some(Run {
            from,
            data: &mut self.data[slot * self.room..][..len],
            size: size.unwrap_or(len),
        })
    }

    /// From whom, and how long.
    fn receipt(&self, slot: usize) -> Option<(SocketAddr, usize)> {
        let header = &self.headers[slot];
        let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        let len = header.msg_len as usize;
        let from = self.names[slot].get()?;
        (len > 0 && !cut).then_some((from, len))
    }
}

fn local_address(header: &libc::msghdr) -> Option<IpAddr> {
    if let Some(info) = control::<libc::in6_pktinfo>(header, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO)
    {
        return Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).to_canonical());
    }
    let info = control::<libc::in_pktinfo>(header, libc::IPPROTO_IP, libc::IP_PKTINFO)?;
    Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into())
}

/// Bytes of each datagram of a run; `None` where only one came.
fn segment_size(header: &libc::msghdr) -> Option<usize> {
    let size = control::<i32>(header, libc::SOL_UDP, UDP_GRO)?;
    usize::try_from(size).ok().filter(|size| *size > 0)
}

/// The control message of this kind, which has a `T`, if there is one.
fn control<T: Copy>(header: &libc::msghdr, level: i32, kind: i32) -> Option<T> {
    // SAFETY: `header` was filled by the system: its control buffer holds whole control messages, which the macros
    // walk; the read is unaligned, of the type that the callers know level and kind to promise, and within the message.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(header);
        while !at.is_null() {
            let is_it = ((*at).cmsg_level, (*at).cmsg_type) == (level, kind);
            if is_it && (*at).cmsg_len as usize >= libc::CMSG_LEN(size_of::<T>() as u32) as usize {
                return Some(libc::CMSG_DATA(at).cast::<T>().read_unaligned());
            }
            at = libc::CMSG_NXTHDR(header, at);
        }
    }
    None
}

/// One message to the system: one datagram, or a run of them to be cut into equal segments.
pub struct Message {
    name: Raw,
    vector: libc::iovec,
    control: [u64; CONTROL],
    control_len: usize,
}

// SAFETY: the one pointer in it, to the data, is only followed by the system while `Udp::send_batch` is called with the
// data in place; wherever the message went in between does not matter.
unsafe impl Send for Message {}

impl Message {
    /// `data` to `to` from `local`, cut every `segment` bytes if that is given. `None` when the address cannot be
    /// reached from this socket. The message borrows `data` by address only: send it before `data` moves.
    pub fn new(
        udp: &Udp,
        to: SocketAddr,
        local: Option<IpAddr>,
        data: &[u8],
        segment: Option<u16>,
    ) -> Option<Self> {
        let mut message = Self {
            name: Raw::new(to, udp.family)?,
            vector: libc::iovec {
                iov_base: data.as_ptr().cast_mut().cast(),
                iov_len: data.len(),
            },
            control: [0; CONTROL],
            control_len: 0,
        };
        if let Some(local) = local.filter(|local| local.is_ipv4() == to.is_ipv4()) {
            message.put_source(udp.family, local);
        }
        if let Some(segment) = segment {
            message.put(libc::SOL_UDP, UDP_SEGMENT, segment);
        }
        Some(message)
    }

    fn put_source(&mut self, family: Family, local: IpAddr) {
        match (family, local) {
            (Family::Dual, local) => {
                let info = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr {
                        s6_addr: mapped_ip(local).octets(),
                    },
                    ipi6_ifindex: 0,
                };
                self.put(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
            }
            (Family::V4, IpAddr::V4(local)) => {
                let info = libc::in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: libc::in_addr {
                        s_addr: u32::from_ne_bytes(local.octets()),
                    },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                self.put(libc::IPPROTO_IP, libc::IP_PKTINFO, info);
            }
            (Family::V4, IpAddr::V6(_)) => {}
        }
    }

    /// Appends a control message.
    fn put<T: Copy>(&mut self, level: i32, kind: i32, value: T) {
        let size = size_of::<T>() as u32;
        // SAFETY: CMSG_SPACE and CMSG_LEN only compute. `control` has room for the two messages that are ever put
        // (asserted), is aligned for a header, and the value is written unaligned.
        unsafe {
            let space = libc::CMSG_SPACE(size) as usize;
            assert!(self.control_len + space <= size_of_val(&self.control));
            let at = self.control.as_mut_ptr().cast::<u8>();
            let at = at.add(self.control_len).cast::<libc::cmsghdr>();
            (*at).cmsg_level = level;
            (*at).cmsg_type = kind;
            (*at).cmsg_len = libc::CMSG_LEN(size) as _;
            libc::CMSG_DATA(at).cast::<T>().write_unaligned(value);
            self.control_len += space;
        }
    }

    fn header(&mut self) -> libc::msghdr {
        let mut header = EMPTY_HEADER.msg_hdr;
        header.msg_name = (&raw mut self.name.storage).cast();
        header.msg_namelen = self.name.len;
        header.msg_iov = &raw mut self.vector;
        header.msg_iovlen = 1;
        if self.control_len > 0 {
            header.msg_control = self.control.as_mut_ptr().cast();
            header.msg_controllen = self.control_len as _;
        }
        header
    }
}
