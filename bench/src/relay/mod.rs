//! What a relayed packet costs: the node's relay beside coturn, turn by turn in one run, so that both see the same
//! machine.
//!
//! Two comparisons. *Relay*: a relay that stands alone, between clients and a peer that only counts; both ways, and from a
//! peer that sends frames at once as media nodes do, which are nearly all that peers of a relay send. *Node*:
//! subscribers who get a publisher's video from a node through its own relay, where nothing goes through a second
//! socket, and through coturn beside the node; the cost is that of the node and the relay together.

mod coturn;
mod leg;
mod node;
mod plain;

use anyhow::Result;

use crate::load::usage::Usage;
use coturn::Coturn;

/// Which load.
#[derive(clap::Args)]
pub struct Options {
    /// Clients of the relay: enough that it works more than it falls asleep and is woken. Each has 120 packets a second.
    #[arg(long, default_value_t = 200)]
    pub clients: usize,
    /// Turns; the median counts.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3)]
    pub seconds: u64,
    /// Core of the relays; the load itself takes the other one.
    #[arg(long, default_value_t = 0)]
    pub relay_core: usize,
    /// Core of the load.
    #[arg(long, default_value_t = 1)]
    pub load_core: usize,
}

/// What credentials are made of.
const SECRET: &str = "bench";

/// Measures all of it and prints one table.
pub fn run(options: &Options) -> Result<()> {
    println!(
        "{:<24} {:>14} {:>14} {:>8} {:>9}",
        "relayed packets", "ours ns", "coturn ns", "ratio", "target"
    );
    for (way, turns) in plain::measure(options)? {
        row(way.name(), &turns, 0.7);
    }
    row("node to its subscribers", &node::measure(options)?, 0.5);
    Ok(())
}

/// One turn: CPU time per packet that arrived, nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Turn {
    ours: f64,
    coturn: f64,
}

fn row(name: &str, turns: &[Turn], target: f64) {
    let ours = median(turns.iter().map(|turn| turn.ours));
    let coturn = median(turns.iter().map(|turn| turn.coturn));
    let ratio = median(turns.iter().map(|turn| turn.ours / turn.coturn));
    println!("{name:<24} {ours:>14.0} {coturn:>14.0} {ratio:>7.2}x {target:>8.2}x");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// CPU time of our own relay and media, nanoseconds: of the threads of this process with their names.
fn ours() -> Result<u64> {
    let mut total = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let path = task?.path();
        let (Ok(name), Ok(times)) = (
            std::fs::read_to_string(path.join("comm")),
            std::fs::read_to_string(path.join("schedstat")),
        ) else {
            continue;
        };
        if name.starts_with("relay") || name.starts_with("media-") {
            let on_cpu = times.split_whitespace().next().unwrap_or("0");
            total += on_cpu.parse::<u64>()?;
        }
    }
    Ok(total)
}

/// CPU time of coturn, nanoseconds.
fn theirs(coturn: &Coturn) -> Result<u64> {
    Ok(Usage::of(coturn.pid())?.cpu_ns)
}
