#![expect(
    unsafe_code,
    reason = "sendmmsg, thread CPU time and pinning have no face in std"
)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// CPU time that the calling thread has used.
pub fn thread_cpu() -> io::Result<Duration> {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: `time` has room for what is written.
    if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, time.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it was written.
    let time = unsafe { time.assume_init() };
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Keeps the calling thread on one core.
pub fn pin(core: usize) -> io::Result<()> {
    // SAFETY: all zeroes is the empty set; `core` is within the set, which has 1024 bits.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core.min(1023), &mut set);
        set
    };
    // SAFETY: `set` lives during the call and its size is given.
    if unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A run of packets of `segment` bytes to one address.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub to: SocketAddrV4,
    pub start: usize,
    pub len: usize,
    pub segment: usize,
}

/// Sends many messages with one call.
pub struct Sender {
    socket: UdpSocket,
    headers: Vec<libc::mmsghdr>,
    parts: Vec<libc::iovec>,
    names: Vec<libc::sockaddr_in>,
    controls: Vec<Control>,
}

/// Room for one control message with two bytes in it. Aligned like the message's header.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; 24]);

impl Sender {
    pub fn new(socket: UdpSocket) -> Self {
        Sender {
            socket,
            headers: Vec::new(),
            parts: Vec::new(),
            names: Vec::new(),
            controls: Vec::new(),
        }
    }

    /// Sends `spans` of `arena`. Returns how many packets the kernel took.
    pub fn send(&mut self, arena: &[u8], spans: &[Span]) -> io::Result<u64> {
        self.fill(arena, spans);
        let mut taken = 0;
        while taken < spans.len() {
            let rest = &mut self.headers[taken..];
            // SAFETY: all that the headers point to is in `self` and `arena`, and is not moved until this returns.
            let sent = unsafe {
                libc::sendmmsg(
                    self.socket.as_raw_fd(),
                    rest.as_mut_ptr(),
                    rest.len() as u32,
                    0,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => taken += sent,
                Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return Err(io::Error::last_os_error()),
            }
        }
        Ok(spans[..taken]
            .iter()
            .map(|span| span.len.div_ceil(span.segment) as u64)
            .sum())
    }

    fn fill(&mut self, arena: &[u8], spans: &[Span]) {
        self.headers.clear();
        self.parts.clear();
        self.names.clear();
        self.controls.clear();
        for span in spans {
            let bytes = &arena[span.start..span.start + span.len];
            self.parts.push(libc::iovec {
                iov_base: bytes.as_ptr().cast_mut().cast(),
                iov_len: bytes.len(),
            });
            self.names.push(name(span.to));
            self.controls.push(segments(span.segment as u16));
        }
        // Only now, because pushing may move what the headers point to.
        for (at, span) in spans.iter().enumerate() {
            // SAFETY: all zeroes is a valid `mmsghdr`: null pointers with lengths of zero.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_name = (&raw mut self.names[at]).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            header.msg_hdr.msg_iov = &raw mut self.parts[at];
            header.msg_hdr.msg_iovlen = 1;
            if span.len > span.segment {
                header.msg_hdr.msg_control = (&raw mut self.controls[at]).cast();
                header.msg_hdr.msg_controllen = size_of::<Control>() as _;
            }
            self.headers.push(header);
        }
    }
}

fn name(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(address.ip().octets()),
        },
        sin_zero: [0; 8],
    }
}

/// A control message that says how long each packet of a message is.
fn segments(len: u16) -> Control {
    // SAFETY: computes a length, touches no memory.
    let header_len = unsafe { libc::CMSG_LEN(2) } as usize;
    let mut control = Control([0; 24]);
    let (word, int) = (size_of::<usize>(), size_of::<libc::c_int>());
    control.0[..word].copy_from_slice(&header_len.to_ne_bytes());
    control.0[word..word + int].copy_from_slice(&libc::SOL_UDP.to_ne_bytes());
    control.0[word + int..word + 2 * int].copy_from_slice(&libc::UDP_SEGMENT.to_ne_bytes());
    control.0[header_len - 2..header_len].copy_from_slice(&len.to_ne_bytes());
    control
}

// The layout written by hand above: `cmsghdr` is a length of one word and two ints.
const _: () =
    assert!(size_of::<libc::cmsghdr>() == size_of::<usize>() + 2 * size_of::<libc::c_int>());
