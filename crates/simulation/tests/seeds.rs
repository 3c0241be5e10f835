//! Two hundred days and some that are lived through again with every change. Those that once found something come first.

use simulation::run;

/// Found something once; `README.md` says what.
const FINDERS: [u64; 32] = [
    3, 96, 1396, 2987, 3961, 5726, 34580, 43482, 44056, 49613, 73072, 145135, 538283, 252674,
    300435, 305001, 328647, 334078, 366544, 407477, 447087, 463691, 465527, 472628, 483537, 514610,
    606640, 609830, 648531, 655338, 663038, 849335,
];

#[test]
fn committed_seeds_hold() {
    let seeds: Vec<u64> = FINDERS.into_iter().chain(1_000..1_198).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for share in seeds.chunks(seeds.len().div_ceil(threads)) {
            scope.spawn(|| share.iter().for_each(|seed| hold(*seed)));
        }
    });
}

fn hold(seed: u64) {
    let ending = run::seed(seed, false);
    assert_eq!(
        ending.broken, None,
        "seed {seed}; its story: cargo run --release -p simulation -- replay {seed}"
    );
}
