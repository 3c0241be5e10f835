//! The floor: write a header, copy a payload, seal it, hand it to the kernel. Nothing that decides anything.
//!
//! Goes to sockets on loopback, so "send" includes the kernel's way up to the receiving socket. CPU time is that of
//! the sending thread, taken around the work only, and the rounds of all kinds of work are interleaved: what disturbs
//! the machine disturbs all of them.

mod sinks;
mod subscriber;
pub(crate) mod system;

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use media::srtp::Profile;

use sinks::Sinks;
use subscriber::Subscriber;
use system::{Sender, Span};

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Receiving sockets, each with keys of its own.
    #[arg(long, default_value_t = 200)]
    pub subscribers: usize,
    /// Packets per round.
    #[arg(long, default_value_t = 50_000)]
    pub packets: usize,
    /// Rounds per kind of work; the median counts.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Bytes of payload in a packet.
    #[arg(long, default_value_t = 1100)]
    pub payload: usize,
}

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    name: &'static str,
    seal: Option<Profile>,
    send: Option<Send>,
}

/// How packets are handed to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Send {
    /// 64 messages with one packet each per `sendmmsg`.
    Each,
    /// 16 messages with four packets to one subscriber each (`UDP_SEGMENT`) per `sendmmsg`.
    Fours,
}

const ALL: [Work; 7] = [
    Work {
        name: "seal AES-128-GCM",
        seal: Some(Profile::AeadAes128Gcm),
        send: None,
    },
    Work {
        name: "seal AES-256-GCM",
        seal: Some(Profile::AeadAes256Gcm),
        send: None,
    },
    Work {
        name: "seal AES-128-CM/SHA1-80",
        seal: Some(Profile::Aes128CmHmacSha1_80),
        send: None,
    },
    Work {
        name: "sendmmsg x64",
        seal: None,
        send: Some(Send::Each),
    },
    Work {
        name: "UDP_SEGMENT x4",
        seal: None,
        send: Some(Send::Fours),
    },
    Work {
        name: SEAL_AND_SEND,
        seal: Some(Profile::AeadAes256Gcm),
        send: Some(Send::Each),
    },
    Work {
        name: SEAL_AND_SEGMENT,
        seal: Some(Profile::AeadAes256Gcm),
        send: Some(Send::Fours),
    },
];
const SEAL_AND_SEND: &str = "seal AES-256-GCM + sendmmsg x64";
const SEAL_AND_SEGMENT: &str = "seal AES-256-GCM + UDP_SEGMENT x4";

/// Packets per `sendmmsg`, in both ways of sending.
const BATCH: usize = 64;
/// Packets between two looks at the clock and the sinks.
const CHUNK: usize = 50 * BATCH;

/// What one kind of work cost.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Of the work.
    pub name: &'static str,
    /// CPU nanoseconds of the sending thread per packet.
    pub nanos: f64,
    /// Part of the packets sent that reached a sink. None where nothing was sent.
    pub delivered: Option<f64>,
}

/// The floors that a node is held against.
#[derive(Clone, Debug)]
pub struct Floor {
    /// In the order of measuring.
    pub figures: Vec<Figure>,
}

impl Floor {
    /// Sealed with AES-256-GCM, sent one by one: nanoseconds per packet.
    pub fn sent(&self) -> f64 {
        self.named(SEAL_AND_SEND)
    }

    /// Sealed with AES-256-GCM, sent in segments of four: nanoseconds per packet.
    pub fn segmented(&self) -> f64 {
        self.named(SEAL_AND_SEGMENT)
    }

    fn named(&self, name: &str) -> f64 {
        let figure = self.figures.iter().find(|figure| figure.name == name);
        figure.expect("all kinds of work are always measured").nanos
    }
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<()> {
    print!("{}", table(&measure(options)?));
    Ok(())
}

/// The figures beside their ratio to the two whole floors.
pub fn table(floor: &Floor) -> String {
    let mut text = format!(
        "{:<36}{:>10}{:>12}{:>12}{:>11}\n",
        "", "ns/packet", "/ sendmmsg", "/ segment", "delivered"
    );
    for Figure {
        name,
        nanos,
        delivered,
    } in &floor.figures
    {
        let delivered = delivered.map_or("-".to_owned(), |part| format!("{:.1} %", part * 100.0));
        let (sent, segmented) = (nanos / floor.sent(), nanos / floor.segmented());
        text += &format!("{name:<36}{nanos:>10.0}{sent:>12.2}{segmented:>12.2}{delivered:>11}\n");
    }
    text
}

/// Measures all kinds of work, on one core with the sinks drained on another where there is one.
pub fn measure(options: &Options) -> Result<Floor> {
    ensure!(options.subscribers > 0, "expected at least one subscriber");
    ensure!(
        (1..=1400).contains(&options.payload),
        "expected a payload of 1 to 1400 bytes, got {}",
        options.payload
    );
    ensure!(
        options.rounds > 0 && options.packets >= CHUNK,
        "expected at least one round of {CHUNK} packets"
    );
    let options = options.clone();
    // A thread of its own: pinning it to a core must not outlive the measurement.
    std::thread::spawn(move || Bench::new(&options)?.measure(&options))
        .join()
        .map_err(|_| anyhow::anyhow!("the measuring thread panicked"))?
}

struct Bench {
    sinks: Sinks,
    sender: Sender,
    /// One set for each profile, each packet index sealed once.
    subscribers: Vec<(Profile, Vec<Subscriber>)>,
    payload: Vec<u8>,
    arena: Vec<u8>,
}

impl Bench {
    fn new(options: &Options) -> Result<Self> {
        let sinks = Sinks::open(options.subscribers).context("opening the receiving sockets")?;
        system::pin(0).context("pinning the sender to core 0")?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let profiles = [
            Profile::AeadAes128Gcm,
            Profile::AeadAes256Gcm,
            Profile::Aes128CmHmacSha1_80,
        ];
        let subscribers =
            profiles.map(|profile| (profile, Subscriber::all(profile, sinks.addresses())));
        Ok(Bench {
            sinks,
            sender: Sender::new(socket),
            subscribers: subscribers.into(),
            payload: vec![0xab; options.payload],
            arena: vec![0; BATCH * subscriber::LARGEST],
        })
    }

    fn measure(mut self, options: &Options) -> Result<Floor> {
        let mut rounds = ALL.map(|_| Vec::new());
        // The first round warms caches and is thrown away.
        for round in 0..=options.rounds {
            for (work, results) in ALL.iter().zip(&mut rounds) {
                let result = self.round(*work, options.packets)?;
                if round > 0 {
                    results.push(result);
                }
            }
        }
        let figures = ALL
            .iter()
            .zip(rounds)
            .map(|(work, results)| figure(*work, results));
        Ok(Floor {
            figures: figures.collect(),
        })
    }

    fn round(&mut self, work: Work, packets: usize) -> Result<Round> {
        let chunks = packets / CHUNK;
        let arrived = self.sinks.arrived();
        let (mut nanos, mut sent) = (0, 0);
        for chunk in 0..chunks {
            let before = system::thread_cpu()?;
            for batch in 0..CHUNK / BATCH {
                let spans = self.batch(work, chunk * CHUNK / BATCH + batch)?;
                if work.send.is_some() {
                    sent += self.sender.send(&self.arena, &spans).context("sending")?;
                }
            }
            nanos += (system::thread_cpu()? - before).as_nanos();
            self.sinks.settle(Duration::from_millis(200));
        }
        let delivered = work
            .send
            .map(|_| (self.sinks.arrived() - arrived) as f64 / sent.max(1) as f64);
        Ok(Round {
            nanos: nanos as f64 / (chunks * CHUNK) as f64,
            delivered,
        })
    }

    /// Fills the arena with one batch. Number `batch` decides whose turn it is.
    fn batch(&mut self, work: Work, batch: usize) -> Result<Vec<Span>> {
        let run = if work.send == Some(Send::Fours) { 4 } else { 1 };
        let profile = work.seal.unwrap_or(Profile::AeadAes256Gcm);
        let of_profile = self
            .subscribers
            .iter_mut()
            .find(|(known, _)| *known == profile);
        let (_, subscribers) = of_profile.context("no subscribers with this profile")?;
        let count = subscribers.len();
        let len = subscriber::packet_len(profile, self.payload.len());
        let mut spans = Vec::with_capacity(BATCH / run);
        for message in 0..BATCH / run {
            let subscriber = &mut subscribers[(batch * BATCH / run + message) % count];
            let start = message * run * len;
            if work.seal.is_some() {
                for packet in 0..run {
                    let at = start + packet * len;
                    subscriber.seal(&mut self.arena[at..], &self.payload)?;
                }
            }
            spans.push(Span {
                to: subscriber.address,
                start,
                len: run * len,
                segment: len,
            });
        }
        Ok(spans)
    }
}

struct Round {
    nanos: f64,
    delivered: Option<f64>,
}

fn figure(work: Work, mut rounds: Vec<Round>) -> Figure {
    rounds.sort_by(|a, b| a.nanos.total_cmp(&b.nanos));
    let least = rounds
        .iter()
        .filter_map(|round| round.delivered)
        .reduce(f64::min);
    Figure {
        name: work.name,
        nanos: rounds[rounds.len() / 2].nanos,
        delivered: least,
    }
}
