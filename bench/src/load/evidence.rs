//! What the ledger costs where packets go: the same load on a node that records what happens to transports and on one
//! that does not. A machine is never twice the same for seconds, so both run at once on one core and are loaded in turns of
//! a few frames; and no two processes are the same, so several pairs are started.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Load;
use super::node::Node;
use super::usage::Usage;
use crate::floor;

/// How often, and on what.
#[derive(clap::Args)]
pub struct Options {
    /// Receivers.
    #[arg(long, default_value_t = 100)]
    pub subscribers: usize,
    /// Pairs of nodes.
    #[arg(long, default_value_t = 8)]
    pub rounds: usize,
    /// Turns of each node.
    #[arg(long, default_value_t = 40)]
    pub turns: usize,
    /// Milliseconds of each turn.
    #[arg(long, default_value_t = 250)]
    pub turn_ms: u64,
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

/// Measures in turns and prints the mean ratio with its standard error.
pub fn run(options: &Options) -> Result<()> {
    floor::system::pin(options.load_core)?;
    let mut pairs = Vec::new();
    for round in 0..options.rounds {
        // Whoever was started second may have the better memory: they change places.
        let first = round % 2 == 0;
        let mut loads = [Side::start(options, first)?, Side::start(options, !first)?];
        for _ in 0..options.turns {
            loads[0].turn(options)?;
            loads[1].turn(options)?;
            loads.reverse();
        }
        let [one, other] = &loads;
        let (with, without) = if one.evidence {
            (one, other)
        } else {
            (other, one)
        };
        pairs.push((with.ns_per_packet(), without.ns_per_packet()));
    }
    let ratios: Vec<f64> = pairs.iter().map(|(with, without)| with / without).collect();
    let (ratio, error) = mean(&ratios);
    println!(
        "evidence: {:.0} ns/packet with, {:.0} without, {ratio:.4}x +- {error:.4} in the mean of {} pairs of nodes",
        mean(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>()).0,
        mean(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>()).0,
        options.rounds,
    );
    Ok(())
}

/// One of two nodes that share a core and are loaded in turns.
struct Side {
    evidence: bool,
    load: Load,
    cpu_ns: u64,
    packets: u64,
}

impl Side {
    fn start(options: &Options, evidence: bool) -> Result<Self> {
        let node = Node::start(&options.program, options.node_core, evidence)?;
        let mut load = Load::connect(node, options.subscribers)?;
        load.until(Instant::now() + SETTLED)?;
        load.rest(REST)?;
        Ok(Self {
            evidence,
            load,
            cpu_ns: 0,
            packets: 0,
        })
    }

    fn turn(&mut self, options: &Options) -> Result<()> {
        self.load.resume();
        // What its timers did while the other had its turn is not of this one.
        let (received, used) = (self.load.received(), Usage::of(self.load.node.pid())?);
        self.load
            .until(Instant::now() + Duration::from_millis(options.turn_ms))?;
        self.load.rest(REST)?;
        self.cpu_ns += Usage::of(self.load.node.pid())?.since(used).cpu_ns;
        self.packets += self.load.received() - received;
        Ok(())
    }

    fn ns_per_packet(&self) -> f64 {
        self.cpu_ns as f64 / self.packets.max(1) as f64
    }
}

/// Evidence is told some seconds after a transport is connected; what that costs is not on the path of packets.
const SETTLED: Duration = Duration::from_secs(8);
/// Until what is on its way has come.
const REST: Duration = Duration::from_millis(5);

/// And the standard error of that.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>();
    (mean, (squares / (count - 1.0) / count).sqrt())
}
