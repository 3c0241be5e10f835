//! A relay alone, between clients and a peer that only counts.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use media::relay::{Config, Options as RelayOptions, Quotas, Relay, Secret, Settings};

use super::coturn::Coturn;
use super::{Options, SECRET, Turn, leg, ours, theirs};
use crate::floor::system::{Sender, Span, pin};
use crate::load::client::Channel;

const PAYLOAD: usize = 1100;
/// Packets of one frame.
const BURST: usize = 4;
/// Clients whose frames come together.
const GROUP: usize = 10;
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 30);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Which way the packets go, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a peer that sends each packet by itself to the clients.
    ToClients,
    /// From a peer that sends a frame at once (`UDP_SEGMENT`), as media nodes do.
    OfNodes,
    /// From the clients to the peer.
    ToPeers,
}

impl Way {
    const ALL: [Self; 3] = [Self::OfNodes, Self::ToClients, Self::ToPeers];

    /// What the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ToClients => "peer to client",
            Self::OfNodes => "node to client",
            Self::ToPeers => "client to peer",
        }
    }
}

struct Side {
    legs: Vec<(UdpSocket, Channel)>,
    peer: UdpSocket,
    node: RefCell<Sender>,
}

/// Measures in turns.
pub fn measure(options: &Options) -> Result<Vec<(Way, Vec<Turn>)>> {
    let (here, there) = (peer()?, peer()?);
    pin(options.relay_core)?;
    let relay = media::relay::start(&Config {
        ip: None,
        ports: 0..=0,
        addresses: vec![LOCAL],
        options: RelayOptions::default(),
    })?;
    let coturn = Coturn::start()?;
    pin(options.load_core)?;
    let peers = [here.local_addr()?].into();
    allow(&relay, peers)?;
    let at = SocketAddr::new(LOCAL, relay.port());
    let (mine, their) = (
        Side::new(options, at, here)?,
        Side::new(options, coturn.addr, there)?,
    );
    let mut measured: Vec<_> = Way::ALL.map(|way| (way, Vec::new())).into();
    for _ in 0..options.rounds {
        for (way, turns) in &mut measured {
            turns.push(Turn {
                ours: mine.cost(options, *way, ours)?,
                coturn: their.cost(options, *way, || theirs(&coturn))?,
            });
        }
    }
    Ok(measured)
}

/// Lets a relay know the secret and these peers.
pub fn settings(peers: std::collections::BTreeSet<SocketAddr>) -> Settings {
    Settings {
        secrets: vec![Secret::new(SECRET)],
        peers,
        quotas: Quotas {
            per_label: 4096,
            total: 4096,
        },
        clock_offset_ms: 0,
    }
}

fn allow(relay: &Relay, peers: std::collections::BTreeSet<SocketAddr>) -> Result<()> {
    Ok(relay.set_settings(settings(peers))?)
}

fn peer() -> Result<UdpSocket> {
    let peer = UdpSocket::bind((LOCAL, 0))?;
    peer.set_nonblocking(true)?;
    Ok(peer)
}

impl Side {
    fn new(options: &Options, relay: SocketAddr, peer: UdpSocket) -> Result<Self> {
        let node = peer.local_addr()?;
        let legs = (0..options.clients).map(|index| leg::connect(relay, node, index));
        let legs: Vec<_> = legs.collect::<Result<_>>()?;
        for (socket, _) in &legs {
            socket.set_nonblocking(true)?;
        }
        let node = RefCell::new(Sender::new(peer.try_clone()?));
        Ok(Self { legs, peer, node })
    }

    /// CPU time per packet that arrived.
    fn cost(&self, options: &Options, way: Way, cpu: impl Fn() -> Result<u64>) -> Result<f64> {
        let groups: Vec<&[(UdpSocket, Channel)]> = self.legs.chunks(GROUP).collect();
        let pause = FRAME / groups.len() as u32;
        let until = Instant::now() + Duration::from_secs(options.seconds);
        let (before, mut sent, mut arrived) = (cpu()?, 0_u64, 0_u64);
        let mut next = Instant::now();
        for group in groups.iter().cycle() {
            if Instant::now() >= until {
                break;
            }
            sent += self.send(group, way)?;
            next += pause;
            while Instant::now() < next {
                arrived += self.receive(group, way);
                std::thread::sleep(Duration::from_micros(500));
            }
        }
        std::thread::sleep(Duration::from_millis(50));
        groups
            .iter()
            .for_each(|group| arrived += self.receive(group, way));
        let used = cpu()? - before;
        ensure!(
            arrived * 100 > sent * 95,
            "{arrived} of {sent} packets arrived: too much load"
        );
        Ok(used as f64 / arrived as f64)
    }

    fn send(&self, group: &[(UdpSocket, Channel)], way: Way) -> Result<u64> {
        let data = [0xab; PAYLOAD * BURST];
        if way == Way::OfNodes {
            let spans = group.iter().map(|(_, channel)| span(channel.relayed));
            let spans: Vec<_> = spans.collect::<Result<_>>()?;
            self.node.borrow_mut().send(&data, &spans)?;
        }
        for (socket, channel) in group {
            for data in data.chunks(PAYLOAD) {
                // A full socket buffer is loss, and seen as such.
                let _ = match way {
                    Way::OfNodes => break,
                    Way::ToClients => self.peer.send_to(data, channel.relayed),
                    Way::ToPeers => {
                        let data = turn::client::channel_data(channel.number, data);
                        socket.send_to(&data, channel.relay)
                    }
                };
            }
        }
        Ok((group.len() * BURST) as u64)
    }

    fn receive(&self, group: &[(UdpSocket, Channel)], way: Way) -> u64 {
        let mut buffer = [0; 2048];
        let mut count = |socket: &UdpSocket| {
            std::iter::from_fn(|| socket.recv(&mut buffer).ok())
                .filter(|len| *len >= PAYLOAD)
                .count() as u64
        };
        match way {
            Way::ToPeers => count(&self.peer),
            _ => group.iter().map(|(socket, _)| count(socket)).sum(),
        }
    }
}

/// A frame to one client.
fn span(to: SocketAddr) -> Result<Span> {
    let SocketAddr::V4(to) = to else {
        bail!("expected a relayed address of IPv4, got {to}");
    };
    Ok(Span {
        to,
        start: 0,
        len: PAYLOAD * BURST,
        segment: PAYLOAD,
    })
}
