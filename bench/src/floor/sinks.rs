use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::system;

/// Sockets on loopback that a thread empties.
pub struct Sinks {
    addresses: Vec<SocketAddrV4>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    arrived: AtomicU64,
    stop: AtomicBool,
}

/// The thread rests this long when all sockets are empty.
const REST: Duration = Duration::from_micros(500);

impl Sinks {
    /// Opens `count` sockets and starts to empty them, on core 1 where there is one.
    pub fn open(count: usize) -> io::Result<Self> {
        let open = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let sockets = (0..count).map(|_| open()).collect::<io::Result<Vec<_>>>()?;
        let address = |socket: &UdpSocket| match socket.local_addr()? {
            SocketAddr::V4(address) => Ok(address),
            SocketAddr::V6(address) => Err(io::Error::other(format!(
                "expected an IPv4 address, got {address}"
            ))),
        };
        let addresses = sockets
            .iter()
            .map(address)
            .collect::<io::Result<Vec<_>>>()?;
        let shared = Arc::<Shared>::default();
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || drain(&sockets, &shared))
        };
        Ok(Sinks {
            addresses,
            shared,
            thread: Some(thread),
        })
    }

    pub fn addresses(&self) -> &[SocketAddrV4] {
        &self.addresses
    }

    /// Packets since the start.
    pub fn arrived(&self) -> u64 {
        self.shared.arrived.load(Ordering::Relaxed)
    }

    /// Waits until nothing more arrives, at most `longest`: so that no socket overflows.
    pub fn settle(&self, longest: Duration) {
        let end = Instant::now() + longest;
        let mut before = self.arrived();
        loop {
            std::thread::sleep(4 * REST);
            let now = self.arrived();
            if now == before || Instant::now() > end {
                return;
            }
            before = now;
        }
    }
}

fn drain(sockets: &[UdpSocket], shared: &Shared) {
    // Without a second core both share the first, which only makes it slower.
    let _ = system::pin(1);
    let mut buffer = [0; 2048];
    while !shared.stop.load(Ordering::Relaxed) {
        let mut taken = 0;
        for socket in sockets {
            while socket.recv(&mut buffer).is_ok() {
                taken += 1;
            }
        }
        shared.arrived.fetch_add(taken, Ordering::Relaxed);
        if taken == 0 {
            std::thread::sleep(REST);
        }
    }
}

impl Drop for Sinks {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; the figures then show that nothing was delivered.
            let _ = thread.join();
        }
    }
}
