//! One publisher to many subscribers through a real node, over loopback: CPU per forwarded packet.
//!
//! The publisher sends 30 frames per second of four packets back to back, 1100 bytes of payload each (1.06 Mbit/s).
//! Every packet a subscriber receives is decrypted; only those count.

pub mod client;
pub mod evidence;
mod node;
pub mod usage;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::{Events, Interest, Poll, Token};

use crate::floor;
use client::Client;
use node::Node;
use usage::Usage;

/// Which load, and on what.
#[derive(clap::Args)]
pub struct Options {
    /// Receivers, one run for each number.
    #[arg(long, value_delimiter = ',', default_value = "100,200")]
    pub subscribers: Vec<usize>,
    /// The program under load.
    #[arg(long, default_value = "target/release/muster")]
    pub program: PathBuf,
    /// Core of the node; the load itself takes the other one.
    #[arg(long, default_value_t = 0)]
    pub node_core: usize,
    /// Core of the load.
    #[arg(long, default_value_t = 1)]
    pub load_core: usize,
}

/// Measures the floor and then every load, and prints one table.
pub fn run(options: &Options) -> Result<()> {
    let floor = floor::measure(&floor::Options {
        subscribers: 200,
        packets: 50_000,
        rounds: 5,
        payload: PAYLOAD,
    })?;
    print!("{}", floor::table(&floor));
    println!();
    floor::system::pin(options.load_core)?;
    println!(
        "{:>11} {:>10} {:>9} {:>9} {:>13} {:>13} {:>5} {:>8} {:>8} {:>8}",
        "subscribers",
        "packets",
        "delivered",
        "ns/packet",
        "floor GSO x4",
        "floor single",
        "user",
        "p50 ms",
        "p99 ms",
        "MiB"
    );
    for &subscribers in &options.subscribers {
        let node = Node::start(&options.program, options.node_core, true)?;
        let measured = measure(node, subscribers)?;
        println!("{}", row(&measured, &floor));
    }
    Ok(())
}

fn row(measured: &Measured, floor: &floor::Floor) -> String {
    format!(
        "{:>11} {:>10} {:>8.2}% {:>9.0} {:>12.2}x {:>12.2}x {:>4.0}% {:>8.2} {:>8.2} {:>8.1}",
        measured.subscribers,
        measured.forwarded,
        measured.delivered * 100.0,
        measured.ns_per_packet,
        measured.ns_per_packet / floor.segmented(),
        measured.ns_per_packet / floor.sent(),
        measured.user_share * 100.0,
        measured.latency_p50_ms,
        measured.latency_p99_ms,
        measured.resident_mib,
    )
}

const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 30);
const PACKETS_PER_FRAME: u64 = 4;
const PAYLOAD: usize = 1100;
const CLOCK_RATE_PER_FRAME: u32 = 90_000 / 30;
const CONNECT: Duration = Duration::from_secs(60);
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURE: Duration = Duration::from_secs(10);

/// One measured run.
struct Measured {
    /// Receivers.
    subscribers: usize,
    /// Packets that subscribers decrypted while it was measured.
    forwarded: u64,
    /// Of those that should have arrived.
    delivered: f64,
    /// CPU time of the node per forwarded packet, nanoseconds.
    ns_per_packet: f64,
    /// The share of it in user mode, 0 to 1.
    user_share: f64,
    /// Publisher to subscriber, milliseconds, the load's own queue included.
    latency_p50_ms: f64,
    /// Likewise.
    latency_p99_ms: f64,
    /// Resident memory of the node, MiB.
    resident_mib: f64,
}

/// Puts a node under a load of `subscribers`.
fn measure(node: Node, subscribers: usize) -> Result<Measured> {
    let mut load = Load::connect(node, subscribers)?;
    load.until(Instant::now() + WARM_UP)?;
    let sent_before = load.sent;
    let received_before = load.received();
    let usage_before = Usage::of(load.node.pid())?;
    load.latencies.clear();
    load.until(Instant::now() + MEASURE)?;
    let usage = Usage::of(load.node.pid())?.since(usage_before);
    let forwarded = load.received() - received_before;
    let expected = (load.sent - sent_before) * subscribers as u64;
    ensure!(forwarded > 0, "nothing was forwarded");
    load.latencies.sort_unstable();
    Ok(Measured {
        subscribers,
        forwarded,
        delivered: forwarded as f64 / expected as f64,
        ns_per_packet: usage.cpu_ns as f64 / forwarded as f64,
        user_share: usage.user_ticks as f64 / (usage.user_ticks + usage.system_ticks).max(1) as f64,
        latency_p50_ms: quantile(&load.latencies, 0.50),
        latency_p99_ms: quantile(&load.latencies, 0.99),
        resident_mib: usage.resident_kib as f64 / 1024.0,
    })
}

fn quantile(sorted_ns: &[u64], q: f64) -> f64 {
    let Some(last) = sorted_ns.len().checked_sub(1) else {
        return f64::NAN;
    };
    sorted_ns[(last as f64 * q).round() as usize] as f64 / 1e6
}

/// Client 0 publishes, all others receive.
struct Load {
    node: Node,
    clients: Vec<Client>,
    poll: Poll,
    epoch: Instant,
    next_frame: Option<Instant>,
    sequence: u64,
    time: u32,
    sent: u64,
    latencies: Vec<u64>,
}

impl Load {
    fn connect(mut node: Node, subscribers: usize) -> Result<Self> {
        let now = Instant::now();
        let poll = Poll::new()?;
        let mut publisher = Client::new(now)?;
        let (offer, pending) = publisher.offer_video()?;
        let answer = node.publish(offer)?;
        publisher.accept_answer(pending, &answer)?;
        let mut clients = vec![publisher];
        for index in 0..subscribers {
            let mut client = Client::new(now)?;
            let offer = node.subscribe(index)?;
            let answer = client.answer(&offer)?;
            node.accept(index, answer)?;
            clients.push(client);
        }
        for (index, client) in clients.iter_mut().enumerate() {
            poll.registry()
                .register(client.socket(), Token(index), Interest::READABLE)?;
        }
        let mut load = Self {
            node,
            clients,
            poll,
            epoch: now,
            next_frame: None,
            sequence: 1,
            time: 0,
            sent: 0,
            latencies: Vec::new(),
        };
        load.wait_connected()?;
        load.next_frame = Some(Instant::now());
        Ok(load)
    }

    fn wait_connected(&mut self) -> Result<()> {
        let deadline = Instant::now() + CONNECT;
        while !self.clients.iter().all(Client::is_connected) {
            let missing = self
                .clients
                .iter()
                .filter(|client| !client.is_connected())
                .count();
            ensure!(
                Instant::now() < deadline,
                "{missing} of {} clients did not connect",
                self.clients.len()
            );
            self.turn(deadline)?;
        }
        Ok(())
    }

    fn until(&mut self, deadline: Instant) -> Result<()> {
        while Instant::now() < deadline {
            self.turn(deadline)?;
        }
        Ok(())
    }

    /// Sends nothing for a while.
    fn rest(&mut self, time: Duration) -> Result<()> {
        self.next_frame = None;
        self.until(Instant::now() + time)
    }

    /// Sends on from now.
    fn resume(&mut self) {
        self.next_frame = Some(Instant::now());
    }

    fn received(&self) -> u64 {
        self.clients
            .iter()
            .map(|client| client.received().packets)
            .sum()
    }

    fn turn(&mut self, deadline: Instant) -> Result<()> {
        self.node.drain()?;
        let wake = self.tick()?.min(deadline);
        let mut events = Events::with_capacity(1024);
        let wait = wake.saturating_duration_since(Instant::now());
        match self.poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            polled => polled.context("waiting for packets")?,
        }
        for event in &events {
            self.clients[event.token().0].readable(Instant::now())?;
            self.note_latency(event.token().0);
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<Instant> {
        let now = Instant::now();
        let mut wake = now + Duration::from_millis(100);
        for client in &mut self.clients {
            wake = wake.min(client.tick(now)?);
        }
        if let Some(due) = self.next_frame {
            if due <= now {
                self.send_frame(now)?;
                self.next_frame = Some(due + FRAME);
            }
            wake = wake.min(due + FRAME);
        }
        Ok(wake)
    }

    fn send_frame(&mut self, now: Instant) -> Result<()> {
        let mut payload = [0xab; PAYLOAD];
        // VP8 payload descriptor (RFC 7741 section 4.2): the first packet starts partition 0.
        for packet in 0..PACKETS_PER_FRAME {
            payload[0] = if packet == 0 { 0x10 } else { 0 };
            let since_epoch = Instant::now().duration_since(self.epoch).as_nanos() as u64;
            payload[PAYLOAD - 8..].copy_from_slice(&since_epoch.to_be_bytes());
            let marker = packet + 1 == PACKETS_PER_FRAME;
            self.clients[0].write(now, self.sequence, self.time, marker, &payload)?;
            self.sequence += 1;
            self.sent += 1;
        }
        self.time = self.time.wrapping_add(CLOCK_RATE_PER_FRAME);
        Ok(())
    }

    fn note_latency(&mut self, index: usize) {
        let Some(payload) = self.clients[index].take_payload() else {
            return;
        };
        let Some(stamp) = payload.last_chunk::<8>() else {
            return;
        };
        let arrived = Instant::now().duration_since(self.epoch).as_nanos() as u64;
        self.latencies
            .push(arrived.saturating_sub(u64::from_be_bytes(*stamp)));
    }
}
