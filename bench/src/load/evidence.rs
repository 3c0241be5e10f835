//! What the ledger costs where packets go: the same load on a node that records what happens to transports and on one
//! that does not, in turns, because a machine is never twice the same.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::measure;
use super::node::Node;
use crate::floor;

/// How often, and on what.
#[derive(clap::Args)]
pub struct Options {
    /// Receivers.
    #[arg(long, default_value_t = 100)]
    pub subscribers: usize,
    /// Pairs of runs.
    #[arg(long, default_value_t = 7)]
    pub rounds: usize,
    /// Seconds of each run.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
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

/// Measures in turns and prints the medians and their ratio.
pub fn run(options: &Options) -> Result<()> {
    floor::system::pin(options.load_core)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        // Whoever is second finds a warmer machine: they change places.
        for evidence in [round % 2 == 0, round % 2 == 1] {
            let node = Node::start(&options.program, options.node_core, evidence)?;
            let span = Duration::from_secs(options.seconds);
            let measured = measure(node, options.subscribers, span)?;
            match evidence {
                true => with.push(measured.ns_per_packet),
                false => without.push(measured.ns_per_packet),
            }
        }
    }
    let ratios = with
        .iter()
        .zip(&without)
        .map(|(with, without)| with / without);
    let mut ratios: Vec<f64> = ratios.collect();
    println!(
        "evidence: {:.0} ns/packet with, {:.0} without, {:.3}x in the median of {} pairs ({:.3} to {:.3})",
        median(&mut with),
        median(&mut without),
        median(&mut ratios),
        options.rounds,
        ratios.first().copied().unwrap_or(f64::NAN),
        ratios.last().copied().unwrap_or(f64::NAN),
    );
    Ok(())
}

/// Sorts, too.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
