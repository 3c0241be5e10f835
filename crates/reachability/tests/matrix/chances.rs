//! What must hold whatever happens, tried with outcomes drawn from seeds.

use std::collections::BTreeSet;

use cluster::Moment;
use reachability::{Depth, Party, Path, Protocol, Stage, Standing, Verdict};

use super::world::{World, failed, node, other, passed, path, place};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

const STEPS: usize = 300;
const SEEDS: u64 = 300;

#[test]
fn whatever_happens_the_promises_hold() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let mut world = World::new();
        for step in 0..STEPS {
            let passed_here = turn(&mut world, &mut dice);
            hold(&world, passed_here, &format!("seed {seed}, step {step}"));
        }
        recover(&mut world, &format!("seed {seed}"));
    }
}

/// Something happens. Returns the party and the paths that passed a call just now.
fn turn(world: &mut World, dice: &mut Dice) -> Option<(Party, Vec<Path>)> {
    match dice.roll(20) {
        0 => {
            world.place = place(&format!("boot{}", dice.roll(3)), dice.roll(4));
            world.matrix.moved(&node(), &world.place);
            return None;
        }
        1 => {
            let boot = world.place.boot.clone();
            world.matrix.witness(world.now, &node(), &boot);
            return None;
        }
        2 => {
            let gone = cluster::NodeId::new(format!("by{}", dice.roll(3)));
            world.matrix.forget(&gone);
            return None;
        }
        3 => {
            world.now.0 += dice.roll(300_000);
            return None;
        }
        _ => {}
    }
    let from = match dice.roll(4) {
        0 | 1 => Party::Master,
        number => other(&format!("by{number}")),
    };
    let depth = world.depth(&from);
    let mut drawn = || match dice.roll(4) {
        0 => failed(Stage::ALL[dice.roll(Stage::ALL.len() as u64) as usize]),
        _ => passed(),
    };
    let (udp, tcp) = (drawn(), drawn());
    let mut through = Vec::new();
    if depth == Depth::Call {
        through.extend(udp.is_ok().then(|| path(Protocol::Udp)));
        through.extend(tcp.is_ok().then(|| path(Protocol::Tcp)));
    }
    world.look(&from, depth, udp, tcp);
    Some((from, through))
}

fn hold(world: &World, news: Option<(Party, Vec<Path>)>, at: &str) {
    let judgement = world.matrix.judge(world.now, &node());
    let rows: Vec<_> = world.matrix.rows(&node()).collect();
    let paths: BTreeSet<&Path> = rows.iter().map(|row| row.path).collect();
    // Never all of them.
    assert!(
        judgement.withheld.is_empty() || judgement.withheld.len() < paths.len(),
        "{at}: {judgement:?}"
    );
    // Nothing that its latest visitor has good.
    let latest = rows
        .iter()
        .map(|row| row.cell.at())
        .max()
        .unwrap_or(Moment(0));
    for row in &rows {
        let good = row.cell.standing() == Standing::Good;
        assert!(
            !(good && row.cell.at() == latest && judgement.withheld.contains(row.path)),
            "{at}: {} from {} is good and withheld",
            row.path,
            row.from
        );
    }
    // A good path of the latest word is enough to serve.
    let reached = rows
        .iter()
        .any(|row| row.cell.standing() == Standing::Good && row.cell.at() == latest);
    let served = matches!(judgement.verdict, Verdict::Serves | Verdict::ServesPartly);
    assert!(!reached || served, "{at}: {judgement:?}");
    // What has just passed a call and is not good is being watched.
    if let Some((from, through)) = news {
        let lost = rows.iter().any(|row| {
            let here = *row.from == from && through.contains(row.path);
            here && row.cell.standing() == Standing::Lost
        });
        assert!(!lost || world.matrix.is_in_doubt(&from, &node()), "{at}");
    }
    assert_eq!(judgement.withheld, world.matrix.withheld(&node()), "{at}");
}

/// When everything works again, everything is good again: nothing is lost for ever.
fn recover(world: &mut World, at: &str) {
    for _ in 0..60 {
        let parties: BTreeSet<Party> = world
            .matrix
            .rows(&node())
            .map(|row| row.from.clone())
            .collect();
        for from in parties.into_iter().chain([Party::Master]) {
            let depth = world.depth(&from);
            world.look(&from, depth, passed(), passed());
        }
    }
    let judgement = world.matrix.judge(world.now, &node());
    assert_eq!(judgement.verdict, Verdict::Serves, "{at}: {judgement:?}");
}
