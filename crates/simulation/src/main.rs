//! `simulation replay SEED` tells a world's story; `simulation mornings N [FROM]` lives through N of them, on all cores,
//! and stops at the first that goes wrong; `simulation hunt N [FROM]` goes on and names them all, and `simulation fleets
//! N [FROM]` does so in worlds whose nodes are launched; `simulation scale` measures a large cluster.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use simulation::run::{self, Ending};
use simulation::scale;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    let (from, by_hand) = (number(2).unwrap_or(0), Kind::ByHand);
    match (arguments.first().map(String::as_str), number(1)) {
        (Some("replay"), Some(seed)) => tell(&run::seed(seed, true)),
        (Some("replay-fleet"), Some(seed)) => tell(&run::fleet(seed, true)),
        (Some("mornings"), Some(count)) => live_through(Tally::of(by_hand, false), from, count),
        (Some("hunt"), Some(count)) => live_through(Tally::of(by_hand, true), from, count),
        (Some("fleets"), Some(count)) => live_through(Tally::of(Kind::Launched, true), from, count),
        (Some("scale"), nodes) => {
            let nodes = nodes.unwrap_or(1_000);
            scale::print(nodes as usize, number(2).unwrap_or(1_000_000) as usize);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!(
                "usage: simulation replay SEED | replay-fleet SEED | mornings N [FROM] | hunt N [FROM] | fleets N [FROM] \
                 | scale [NODES [PARTICIPANTS]]"
            );
            ExitCode::from(2)
        }
    }
}

fn tell(ending: &Ending) -> ExitCode {
    println!("{ending:#?}");
    match ending.broken {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    }
}

/// How the nodes of a world come about.
#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    ByHand,
    Launched,
}

/// What all threads count together.
#[derive(Default)]
struct Tally {
    next: AtomicU64,
    done: AtomicU64,
    steps: AtomicU64,
    seconds: AtomicU64,
    reloads: AtomicU64,
    slowest: AtomicU64,
    missed: AtomicU64,
    /// Worlds that went wrong.
    bad: AtomicU64,
    /// Does not stop at one.
    goes_on: bool,
    kind: Kind,
}

impl Tally {
    fn of(kind: Kind, goes_on: bool) -> Self {
        Self {
            goes_on,
            kind,
            ..Self::default()
        }
    }

    fn run(&self, seed: u64) -> Ending {
        match self.kind {
            Kind::ByHand => run::seed(seed, false),
            Kind::Launched => run::fleet(seed, false),
        }
    }

    fn replay(&self) -> &'static str {
        match self.kind {
            Kind::ByHand => "replay",
            Kind::Launched => "replay-fleet",
        }
    }

    fn is_over(&self) -> bool {
        self.bad.load(Ordering::Relaxed) > 0 && !self.goes_on
    }
}

fn live_through(tally: Tally, from: u64, count: u64) -> ExitCode {
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| live(&tally, from, count));
        }
        watch(&tally, begun, count);
    });
    report(&tally, begun);
    match tally.bad.load(Ordering::Relaxed) {
        0 => ExitCode::SUCCESS,
        bad => {
            eprintln!("{bad} went wrong");
            ExitCode::FAILURE
        }
    }
}

/// One thread: worlds until there are no more, or one has gone wrong.
fn live(tally: &Tally, from: u64, count: u64) {
    loop {
        let index = tally.next.fetch_add(1, Ordering::Relaxed);
        if index >= count || tally.is_over() {
            return;
        }
        let ending = tally.run(from + index);
        tally.steps.fetch_add(ending.steps, Ordering::Relaxed);
        tally
            .seconds
            .fetch_add(ending.lived / 1000, Ordering::Relaxed);
        tally
            .reloads
            .fetch_add(u64::from(ending.reloads), Ordering::Relaxed);
        tally
            .slowest
            .fetch_max(ending.healed.unwrap_or(0), Ordering::Relaxed);
        tally
            .missed
            .fetch_add(u64::from(ending.missed), Ordering::Relaxed);
        tally.done.fetch_add(1, Ordering::Relaxed);
        if let Some(broken) = ending.broken {
            tally.bad.fetch_add(1, Ordering::Relaxed);
            let seed = from + index;
            eprintln!("seed {seed}: {broken:?}");
            let replay = tally.replay();
            eprintln!("cargo run --release -p simulation -- {replay} {seed}");
        }
    }
}

/// A line every few seconds, until all threads are through.
fn watch(tally: &Tally, begun: Instant, count: u64) {
    let mut told = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(100));
        if tally.is_over() || tally.done.load(Ordering::Relaxed) >= count {
            return;
        }
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            report(tally, begun);
        }
    }
}

fn report(tally: &Tally, begun: Instant) {
    let done = tally.done.load(Ordering::Relaxed);
    let span = begun.elapsed().as_secs_f64();
    println!(
        "{done} mornings in {span:.0} s, {:.0}/s; {} events, {:.0} days; healed within {} s at most; {} pages reloaded, {} times a browser was not told something",
        done as f64 / span.max(0.001),
        tally.steps.load(Ordering::Relaxed),
        tally.seconds.load(Ordering::Relaxed) as f64 / 86_400.0,
        tally.slowest.load(Ordering::Relaxed) / 1000,
        tally.reloads.load(Ordering::Relaxed),
        tally.missed.load(Ordering::Relaxed),
    );
}
