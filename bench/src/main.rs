//! What a forwarded packet costs: the floor under it, and the node beside it.

mod floor;

use clap::Parser;

#[derive(Parser)]
#[command(about, version)]
enum Command {
    /// Header, copy, seal and send alone: what no media node can go below.
    Floor(floor::Options),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Floor(options) => floor::run(&options),
    }
}
