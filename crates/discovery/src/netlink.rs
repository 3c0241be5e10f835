//! Hearing of changes of the machine's interfaces (rtnetlink(7)). What has changed is not read from the messages: the
//! interfaces are read anew, so a message that is lost or unknown costs nothing.

use std::io;
use std::time::Duration;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
/// Changes come in groups; those that come so soon after the first are looked at with it.
const TOGETHER: Duration = Duration::from_millis(30);
/// Messages taken at once. More of them are taken in the next round.
const MOST: usize = 256;

/// A socket on which the system tells of changes.
pub(super) struct Watcher {
    /// A netlink socket. Tokio has no type for those, and all that is asked of this one is recv(2).
    socket: UdpSocket,
    /// When what was heard of is to be looked at.
    look: Option<Instant>,
}

impl Watcher {
    /// Hears of everything from now on.
    pub(super) fn new() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // No protocol is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(Self {
            socket: UdpSocket::from_std(socket.into())?,
            look: None,
        })
    }

    /// Waits for a change. One that was heard of is not forgotten when this is given up.
    pub(super) async fn changed(&mut self) {
        if self.look.is_none() {
            self.hear().await;
            self.look = Some(Instant::now() + TOGETHER);
        }
        if let Some(at) = self.look {
            tokio::time::sleep_until(at).await;
        }
        self.drain();
        self.look = None;
    }

    /// That messages were lost is as good as one.
    async fn hear(&self) {
        let lost = rustix::io::Errno::NOBUFS.raw_os_error();
        while let Err(error) = self.socket.recv(&mut [0; 64]).await {
            if error.raw_os_error() == Some(lost) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn drain(&self) {
        for _ in 0..MOST {
            match self.socket.try_recv(&mut [0; 64]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    }
}
