//! The relay in the master: TURN over TLS at the HTTPS port (RFC 7065 `turns:`), for clients for whom nothing else is open,
//! and over UDP and TCP at a port of its own. It is that of nodes, standing alone ([`media::relay::start`]): a thread that
//! has the settings that nodes are told too, and the only thing of `media` that the master knows.
//!
//! At the HTTPS port the first octet after the handshake tells the two apart: requests of HTTP begin with a letter, STUN
//! messages with two zero bits (RFC 8489 section 5), and the first message of a TURN client is one. Such a stream is handed
//! over decrypted, and copied to and fro for as long as both ends live.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::control::{NodeSettings, RelayCounters, Visit, Visited};
use addresses::InterfaceAddress;
use media::relay::{Config, Counts, Event, Options, Relay, Via, What};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::whereabouts::Whereabouts;

/// Streams of the HTTPS port at a time. The rest of what it takes is for people.
const STREAMS: usize = 4_000;

/// Own addresses at which it may be.
const ADDRESSES: usize = 16;

/// Until the relay is told again what it had no room for.
const AGAIN: Duration = Duration::from_millis(200);

/// Relays for clients that come to the master.
pub(crate) struct MasterRelay {
    relay: Arc<Relay>,
    streams: AtomicUsize,
    following: [JoinHandle<()>; 2],
}

/// What was done since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Booked {
    /// Streams of the HTTPS port at this moment.
    pub(crate) streams: usize,
    pub(crate) counts: Counts,
}

/// Whether a connection that begins with this octet is TURN: all methods that there are begin so.
pub(crate) fn is_turn(first: u8) -> bool {
    first <= 0x03
}

/// One that runs and has no settings yet.
pub(crate) struct BoundRelay {
    relay: Relay,
    /// Its own port, unless it serves nothing but streams of the HTTPS port.
    pub(crate) listen: Option<SocketAddr>,
}

/// Where a relay that serves streams alone has the port that nobody is told of.
pub(crate) const INSIDE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Binds a relay to a port of its own. An unspecified address is all of both families.
pub(crate) fn listen(at: SocketAddr) -> io::Result<BoundRelay> {
    let relay = begin(at)?;
    let listen = Some(SocketAddr::new(at.ip(), relay.port()));
    Ok(BoundRelay { relay, listen })
}

/// Begins one that serves streams alone.
pub(crate) fn inside() -> io::Result<BoundRelay> {
    let relay = begin(INSIDE)?;
    Ok(BoundRelay {
        relay,
        listen: None,
    })
}

fn begin(at: SocketAddr) -> io::Result<Relay> {
    let relay = media::relay::start(&Config {
        ip: Some(at.ip()).filter(|ip| !ip.is_unspecified()),
        ports: at.port()..=at.port(),
        addresses: Vec::new(),
        options: Options::default(),
    });
    relay.map_err(io::Error::other)
}

impl MasterRelay {
    /// Has it follow the settings of nodes and the addresses of this machine.
    pub(crate) fn new(
        BoundRelay { relay, listen }: BoundRelay,
        settings: watch::Receiver<Option<Arc<NodeSettings>>>,
        whereabouts: watch::Receiver<Arc<Whereabouts>>,
    ) -> Self {
        let relay = Arc::new(relay);
        let bound = listen.map(|at| at.ip()).filter(|ip| !ip.is_unspecified());
        Self {
            following: [
                tokio::spawn(follow_settings(relay.clone(), settings)),
                tokio::spawn(follow_addresses(relay.clone(), bound, whereabouts)),
            ],
            relay,
            streams: AtomicUsize::new(0),
        }
    }

    /// Serves a client until its stream ends or is no TURN.
    pub(crate) async fn serve(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        remote: SocketAddr,
        local: Option<IpAddr>,
    ) {
        if self.streams.fetch_add(1, Ordering::Relaxed) < STREAMS {
            let local = local.map(|local| local.to_canonical());
            let result = match self.hand(remote, local) {
                Ok(mut inside) => copy_bidirectional(&mut stream, &mut inside)
                    .await
                    .map(|_| ()),
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                tracing::debug!(%remote, %error, "a stream of the relay ended");
            }
        } else {
            tracing::debug!(%remote, "the relay has too many streams");
        }
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    fn hand(&self, remote: SocketAddr, local: Option<IpAddr>) -> io::Result<UnixStream> {
        let inside = self.relay.stream(remote, local)?;
        inside.set_nonblocking(true)?;
        UnixStream::from_std(inside)
    }

    /// The same, as nodes tell it.
    pub(crate) async fn counters(self: Arc<Self>) -> RelayCounters {
        counters(&self.booked().await.counts)
    }

    /// What happened to its clients since this was last asked.
    pub(crate) async fn visits(self: Arc<Self>) -> Vec<Visit> {
        let asked = tokio::task::spawn_blocking(move || self.relay.take_events());
        let events = asked.await.ok().and_then(Result::ok).unwrap_or_default();
        events.into_iter().map(visit).collect()
    }

    /// What was done since the start. Asks the relay's thread, which answers within a turn of its loop.
    pub(crate) async fn booked(self: Arc<Self>) -> Booked {
        let asked = tokio::task::spawn_blocking(move || {
            let counts = self.relay.counts().unwrap_or_default();
            let streams = self.streams.load(Ordering::Relaxed);
            Booked { streams, counts }
        });
        asked.await.unwrap_or_default()
    }
}

impl Drop for MasterRelay {
    fn drop(&mut self) {
        self.following.iter().for_each(JoinHandle::abort);
    }
}

async fn follow_settings(
    relay: Arc<Relay>,
    mut settings: watch::Receiver<Option<Arc<NodeSettings>>>,
) {
    loop {
        let told = settings.borrow_and_update().clone();
        if let Some(told) = told.and_then(|told| translated(&told)) {
            while relay.set_settings(told.clone()).is_err() {
                sleep(AGAIN).await;
            }
        }
        if settings.changed().await.is_err() {
            return;
        }
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

/// As nodes tell it.
fn visit(event: Event) -> Visit {
    Visit {
        client: event.client,
        protocol: match event.via {
            Via::Udp => diagnosis::Protocol::Udp,
            Via::Tcp => diagnosis::Protocol::Tcp,
            Via::Tls => diagnosis::Protocol::Tls,
        },
        label: event.label.into(),
        what: match event.what {
            What::Allocated { relayed } => Visited::Allocated(relayed),
            What::Permitted { peer } => Visited::Permitted(peer),
            What::Bound { peer } => Visited::Permitted(peer.ip()),
            What::Refused { code, peer, .. } => {
                Visited::Refused(code.number(), peer.map(|peer| peer.ip()))
            }
            What::Ended {
                to_peers,
                to_client,
                ..
            } => Visited::Ended {
                sent: to_peers,
                returned: to_client,
            },
        },
    }
}

/// What the settings of nodes mean for a relay in this process, whose clock is the master's.
fn translated(told: &NodeSettings) -> Option<turn::Settings> {
    let relay = told.relay.as_ref()?;
    let peers = relay.peers.iter();
    let peers = peers.flat_map(|(ip, ports)| ports.iter().map(|port| SocketAddr::new(*ip, *port)));
    let unlimited = |limit: u32| if limit == 0 { u32::MAX } else { limit };
    Some(turn::Settings {
        secrets: (relay.secrets.iter())
            .map(|secret| turn::Secret::new(&secret.drawn.secret))
            .collect(),
        peers: peers.collect::<BTreeSet<_>>(),
        quotas: turn::Quotas {
            per_label: unlimited(relay.allocations_per_user),
            total: unlimited(relay.allocations),
        },
        clock_offset_ms: 0,
    })
}

async fn follow_addresses(
    relay: Arc<Relay>,
    bound: Option<IpAddr>,
    mut whereabouts: watch::Receiver<Arc<Whereabouts>>,
) {
    loop {
        let interfaces = whereabouts.borrow_and_update().interfaces.clone();
        let own = own(bound, &interfaces);
        while relay.set_addresses(own.clone()).is_err() {
            sleep(AGAIN).await;
        }
        if whereabouts.changed().await.is_err() {
            return;
        }
    }
}

/// Where nodes reach what the relay allocates: where it is bound, or else by which addresses this machine speaks to
/// others, then by any that it has.
fn own(bound: Option<IpAddr>, interfaces: &[InterfaceAddress]) -> Vec<IpAddr> {
    if let Some(bound) = bound {
        return vec![bound];
    }
    // For documentation (RFC 5737, RFC 3849), so that they are on the default route.
    let others: [IpAddr; 2] = [
        Ipv4Addr::new(192, 0, 2, 1).into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    ];
    let mut own: Vec<IpAddr> = others
        .into_iter()
        .filter_map(|it| towards(it).ok())
        .collect();
    let mut rest: Vec<&InterfaceAddress> = interfaces.iter().collect();
    rest.sort_by_key(|it| (it.ip.is_loopback(), addresses::is_internal(&it.interface)));
    for InterfaceAddress { ip, .. } in rest {
        if !own.contains(ip) && !is_link_local(*ip) {
            own.push(*ip);
        }
    }
    own.truncate(ADDRESSES);
    own
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// By which address this machine speaks to another. Nothing is sent.
fn towards(other: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match other {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((other, 9))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests;
