//! Days of launched nodes that are lived through again with every change.

use simulation::run;

#[test]
fn committed_seeds_hold() {
    let seeds: Vec<u64> = (1_000..1_040).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for share in seeds.chunks(seeds.len().div_ceil(threads)) {
            scope.spawn(|| share.iter().for_each(|seed| hold(*seed)));
        }
    });
}

fn hold(seed: u64) {
    let ending = run::fleet(seed, false);
    assert_eq!(
        ending.broken, None,
        "seed {seed}; its story: cargo run --release -p simulation -- replay-fleet {seed}"
    );
}
