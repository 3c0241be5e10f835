//! The relay in the master: TURN over TLS at the HTTPS port (RFC 7065 `turns:`), for clients for whom nothing else is open,
//! and over UDP and TCP at a port of its own. Who may relay where is decided by the crate `turn`, by the settings that
//! nodes are told too.
//!
//! At the HTTPS port the first octet after the handshake tells the two apart: requests of HTTP begin with a letter, STUN
//! messages with two zero bits (RFC 8489 section 5), and the first message of a TURN client is one.
//!
//! A stream is a client, and has one allocation at most: each has a task, a [`turn::Server`] and a UDP socket of its own.
//! Limits of one user name therefore hold for each stream alone; the number of streams is bounded. All clients that
//! come by UDP have one task and one server.

mod books;
mod datagrams;
mod session;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ::control::{NodeSettings, RelayCounters};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UdpSocket;
use tokio::sync::{Semaphore, watch};
use turn::{Tuple, Via};

use crate::random;
use books::Books;
use datagrams::Datagrams;
use session::Session;

pub(crate) use books::Booked;

/// Streams at a time. The rest of what HTTPS takes is for people.
const STREAMS: usize = 4_000;

/// What credentials are for (RFC 8489 section 9.2).
const REALM: &str = "muster";

/// In the books: no stream has this number.
const UDP: u32 = 0;

/// Relays for clients that come to the master.
pub(crate) struct MasterRelay {
    settings: watch::Receiver<Option<Arc<NodeSettings>>>,
    nonce_key: [u8; 32],
    /// One for all streams and datagrams, so that quotas hold for a participant whichever way he comes.
    usage: turn::Usage,
    next: AtomicU32,
    room: Semaphore,
    books: Books,
}

/// Whether a connection that begins with this octet is TURN: all methods that there are begin so.
pub(crate) fn is_turn(first: u8) -> bool {
    first <= 0x03
}

impl MasterRelay {
    pub(crate) fn new(settings: watch::Receiver<Option<Arc<NodeSettings>>>) -> Self {
        Self {
            settings,
            nonce_key: random::draw(),
            usage: turn::Usage::default(),
            next: AtomicU32::new(1),
            room: Semaphore::new(STREAMS),
            books: Books::default(),
        }
    }

    /// Serves a client until its stream ends or is no TURN.
    pub(crate) async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        remote: SocketAddr,
        local: Option<IpAddr>,
        via: Via,
    ) {
        let Ok(_permit) = self.room.try_acquire() else {
            return tracing::debug!(%remote, "the relay has too many streams");
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed).max(1);
        let local = local.unwrap_or(Ipv4Addr::UNSPECIFIED.into()).to_canonical();
        let client = Tuple {
            remote: SocketAddr::new(remote.ip().to_canonical(), remote.port()),
            local: Some(local),
            via,
            stream: number,
        };
        let mut server = turn::Server::new(REALM, &self.nonce_key, self.usage.clone());
        server.set_addresses(vec![local]);
        let session = Session::new(server, client, self.settings.clone());
        let entry = self.books.open(number);
        session.run(stream, &entry).await;
    }

    /// Serves clients that come by UDP, until it is dropped.
    pub(crate) async fn serve_datagrams(&self, socket: UdpSocket) {
        let server = turn::Server::new(REALM, &self.nonce_key, self.usage.clone());
        let entry = self.books.open(UDP);
        Datagrams::run(server, socket, self.settings.clone(), &entry).await;
    }

    /// What was done since the start, as nodes tell it.
    pub(crate) fn counters(&self) -> RelayCounters {
        counters(&self.booked().counts)
    }

    /// What was done since the start.
    pub(crate) fn booked(&self) -> Booked {
        self.books.all()
    }
}

/// As nodes tell it.
pub(crate) fn counters(counts: &turn::Counts) -> RelayCounters {
    let requests = counts.requests.iter();
    let plain = counts.plain().into_iter();
    RelayCounters {
        requests: requests
            .map(|((method, code), count)| (method.name().to_owned(), code.number().into(), *count))
            .collect(),
        counts: plain
            .map(|(name, count)| (name.to_owned(), count))
            .collect(),
        unasked_from: counts.unasked_from.clone(),
    }
}

/// What the settings of nodes mean for a relay in this process, whose clock is the master's.
fn settings(told: &NodeSettings) -> Option<turn::Settings> {
    let relay = told.relay.as_ref()?;
    let peers = relay.peers.iter();
    let peers = peers.flat_map(|(ip, ports)| ports.iter().map(|port| SocketAddr::new(*ip, *port)));
    let unlimited = |limit: u32| if limit == 0 { u32::MAX } else { limit };
    Some(turn::Settings {
        secrets: (relay.secrets.iter())
            .map(|secret| turn::Secret::new(&secret.drawn.secret))
            .collect(),
        peers: peers.collect(),
        quotas: turn::Quotas {
            per_label: unlimited(relay.allocations_per_user),
            total: unlimited(relay.allocations),
        },
        clock_offset_ms: 0,
    })
}

#[cfg(test)]
mod tests;
