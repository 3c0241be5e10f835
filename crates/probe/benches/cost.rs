//! What a probe costs master and node together, in time of the processor, against a real media plane of two shards with
//! two addresses: `cargo bench -p probe`.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on must stop"
)]

#[path = "../tests/probe/node.rs"]
mod node;

use std::time::{Duration, Instant};

use node::{Node, V4, V6};
use probe::Depth;

const ROUNDS: u32 = 300;

fn main() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let node = Node::new(&[V4, V6], 2);
    for depth in [Depth::Echo, Depth::Call] {
        let (cpu, begun) = (cpu(), Instant::now());
        for _ in 0..ROUNDS {
            let report = runtime.block_on(node.probe(&node.target(&[V4, V6]), depth));
            assert_eq!(report.verdict(), Ok(()), "{report:#?}");
        }
        runtime.block_on(node.is_empty());
        let (cpu, took) = (self::cpu() - cpu, begun.elapsed());
        println!(
            "{depth:?}: {:?} of processor time, {:?} from begin to end",
            cpu / ROUNDS,
            took / ROUNDS
        );
    }
}

/// Of this process: the prober's and the node's.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = tasks.filter_map(|task| {
        let stat = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
