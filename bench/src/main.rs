//! What a forwarded packet costs: the floor under it, and the node beside it.

mod floor;
mod load;
mod relay;

use clap::Parser;

#[derive(Parser)]
#[command(about, version)]
enum Command {
    /// Header, copy, seal and send alone: what no media node can go below.
    Floor(floor::Options),
    /// One publisher to many subscribers through a real node, beside the floor of the same minute.
    Load(load::Options),
    /// Packets through the relay of a node, and through coturn in the same minutes.
    Relay(relay::Options),
    /// The same load with and without the evidence for the ledger, in turns.
    Evidence(load::evidence::Options),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Floor(options) => floor::run(&options),
        Command::Load(options) => load::run(&options),
        Command::Relay(options) => relay::run(&options),
        Command::Evidence(options) => load::evidence::run(&options),
    }
}
