//! Which of a shard's sockets want attention (epoll), and how another thread gets its attention (eventfd).
#![expect(unsafe_code, reason = "epoll and eventfd have no face in std")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// Names a registered descriptor.
pub type Token = u64;

const EVENTS: usize = 64;

/// An epoll instance, level-triggered.
pub struct Readiness {
    epoll: OwnedFd,
    events: [libc::epoll_event; EVENTS],
}

impl Readiness {
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` is open, just made, and nobody else's.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        Ok(Self { epoll, events })
    }

    /// Watches `fd` for reading; dropping the descriptor ends it.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&self, fd: &impl AsFd, token: Token) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, false)
    }

    /// Watches `fd` for writing too, or no longer.
    ///
    /// # Errors
    /// What the system says.
    pub fn want_write(&self, fd: &impl AsFd, token: Token, write: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, token, write)
    }

    /// Watches `fd` no longer.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, fd: &impl AsFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, false)
    }

    fn control(&self, op: i32, fd: &impl AsFd, token: Token, write: bool) -> io::Result<()> {
        let mut flags = libc::EPOLLIN;
        if write {
            flags |= libc::EPOLLOUT;
        }
        let mut event = libc::epoll_event {
            events: flags as u32,
            u64: token,
        };
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open for the call, and `event` is a valid structure that the system copies.
        let done = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), op, fd, &raw mut event) };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Waits at most `timeout` and appends the tokens that are ready to `ready`. An interrupted wait is an empty one.
    pub fn wait(&mut self, timeout: Duration, ready: &mut Vec<Token>) {
        // Rounded up, or the loop would spin through the last millisecond before a deadline.
        let millis = timeout.as_micros().div_ceil(1000).min(1000) as i32;
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: the buffer is ours, lives through the call and holds `EVENTS` entries.
        let count =
            unsafe { libc::epoll_wait(epoll, self.events.as_mut_ptr(), EVENTS as i32, millis) };
        let count = usize::try_from(count).unwrap_or(0);
        ready.extend(self.events[..count].iter().map(|event| event.u64));
    }
}

/// Gets the attention of the thread that watches it. Cheap to clone; never blocks.
#[derive(Clone, Debug)]
pub struct Wake(Arc<OwnedFd>);

impl Wake {
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` is open, just made, and nobody else's.
        Ok(Self(Arc::new(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Rings. A bell that already rings stays so.
    pub fn ring(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: eight readable bytes are passed. The only failure is EAGAIN: it already rings.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Silences it.
    pub fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: eight writable bytes are passed. The only failure is EAGAIN: it did not ring.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}
