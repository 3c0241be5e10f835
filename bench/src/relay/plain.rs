//! A relay alone, between clients and a peer that only counts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use media::relay::{Config, Options as RelayOptions, Quotas, Relay, Secret, Settings};

use super::coturn::Coturn;
use super::{Options, SECRET, Turn, leg, ours, theirs};
use crate::floor::system::pin;
use crate::load::client::Channel;

const PAYLOAD: usize = 1100;
/// Packets of one frame.
const BURST: usize = 4;
/// Clients whose frames come together.
const GROUP: usize = 10;
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 30);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Both ways.
pub struct Measured {
    /// From the peer to the clients.
    pub to_clients: Vec<Turn>,
    /// From the clients to the peer.
    pub to_peers: Vec<Turn>,
}

struct Side {
    legs: Vec<(UdpSocket, Channel)>,
    peer: UdpSocket,
}

/// Measures in turns.
pub fn measure(options: &Options) -> Result<Measured> {
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
    let mut measured = Measured {
        to_clients: Vec::new(),
        to_peers: Vec::new(),
    };
    for _ in 0..options.rounds {
        for (turns, inward) in [
            (&mut measured.to_clients, true),
            (&mut measured.to_peers, false),
        ] {
            turns.push(Turn {
                ours: mine.cost(options, inward, ours)?,
                coturn: their.cost(options, inward, || theirs(&coturn))?,
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
        Ok(Self { legs, peer })
    }

    /// CPU time per packet that arrived.
    fn cost(&self, options: &Options, inward: bool, cpu: impl Fn() -> Result<u64>) -> Result<f64> {
        let groups: Vec<&[(UdpSocket, Channel)]> = self.legs.chunks(GROUP).collect();
        let pause = FRAME / groups.len() as u32;
        let until = Instant::now() + Duration::from_secs(options.seconds);
        let (before, mut sent, mut arrived) = (cpu()?, 0_u64, 0_u64);
        let mut next = Instant::now();
        for group in groups.iter().cycle() {
            if Instant::now() >= until {
                break;
            }
            sent += self.send(group, inward);
            next += pause;
            while Instant::now() < next {
                arrived += self.receive(group, inward);
                std::thread::sleep(Duration::from_micros(500));
            }
        }
        std::thread::sleep(Duration::from_millis(50));
        groups
            .iter()
            .for_each(|group| arrived += self.receive(group, inward));
        let used = cpu()? - before;
        ensure!(
            arrived * 100 > sent * 95,
            "{arrived} of {sent} packets arrived: too much load"
        );
        Ok(used as f64 / arrived as f64)
    }

    fn send(&self, group: &[(UdpSocket, Channel)], inward: bool) -> u64 {
        let data = [0xab; PAYLOAD];
        for (socket, channel) in group {
            for _ in 0..BURST {
                // A full socket buffer is loss, and seen as such.
                let _ = match inward {
                    true => self.peer.send_to(&data, channel.relayed),
                    false => {
                        let data = turn::client::channel_data(channel.number, &data);
                        socket.send_to(&data, channel.relay)
                    }
                };
            }
        }
        (group.len() * BURST) as u64
    }

    fn receive(&self, group: &[(UdpSocket, Channel)], inward: bool) -> u64 {
        let mut buffer = [0; 2048];
        let mut count = |socket: &UdpSocket| {
            std::iter::from_fn(|| socket.recv(&mut buffer).ok())
                .filter(|len| *len >= PAYLOAD)
                .count() as u64
        };
        match inward {
            true => group.iter().map(|(socket, _)| count(socket)).sum(),
            false => count(&self.peer),
        }
    }
}
