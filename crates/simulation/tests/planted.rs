//! Every checker is seen to notice: one thing in the surroundings is broken on purpose, and the invariant that is there for
//! it says so. The same worlds without it are well.

use simulation::clock::Clock;
use simulation::plan::{Fault, Plan};
use simulation::run;
use simulation::sabotage::Sabotage;

/// The invariant of this number is broken in this world by that, and nothing is without it.
#[track_caller]
fn caught(number: u32, sabotage: Sabotage, plan: &Plan) {
    let sound = run::plan(1, plan, Sabotage::None, false);
    assert_eq!(sound.broken, None, "nothing was broken yet");
    let ending = run::plan(1, plan, sabotage, false);
    let broken = ending
        .broken
        .unwrap_or_else(|| panic!("{sabotage:?} was not noticed"));
    let noticed = broken.invariant.split(' ').next();
    assert_eq!(noticed, Some(number.to_string().as_str()), "{broken:?}");
}

const OFF: [(u64, Fault); 1] = [(20_000, Fault::KillMaster)];

fn restarted() -> Plan {
    Plan::quiet(1, 2)
        .with(OFF)
        .with([(26_000, Fault::StartMaster)])
}

#[test]
fn admission_is_missed() {
    caught(1, Sabotage::MuteProber, &Plan::quiet(1, 2));
}

#[test]
fn two_boots_are_seen() {
    let plan = Plan::quiet(1, 2).with([(60_000, Fault::Mute(0, false))]);
    caught(2, Sabotage::KindMaster, &plan.with_twin(10_000));
}

#[test]
fn use_without_proof_is_seen() {
    let blocked = [
        (0, Fault::BlockMedia(0, true)),
        (20_000, Fault::BlockMedia(0, false)),
    ];
    caught(
        3,
        Sabotage::BelievingProber,
        &Plan::quiet(1, 2).with(blocked),
    );
}

#[test]
fn a_stale_address_is_seen() {
    let moved = Plan::quiet(1, 2).with([(20_000, Fault::ReaddressNode(0))]);
    caught(4, Sabotage::FrozenPlane, &moved);
}

#[test]
fn a_zombie_is_seen() {
    let plan = restarted().with([(35_000, Fault::Zombie(0))]);
    caught(5, Sabotage::LaxNode, &plan);
}

#[test]
fn two_owners_of_one_term_are_seen() {
    caught(6, Sabotage::SameTerm, &restarted());
}

#[test]
fn a_session_that_is_gone_is_missed() {
    caught(7, Sabotage::ForgetfulStore, &restarted());
}

#[test]
fn a_drain_without_end_is_seen() {
    let drained = [
        (20_000, Fault::Drain(0, 5_000)),
        (130_000, Fault::Mute(0, false)),
    ];
    caught(8, Sabotage::DeafProvider, &Plan::quiet(2, 2).with(drained));
}

#[test]
fn a_hasty_death_is_seen() {
    let cut = |at, on| [(at, Fault::Cut(0, 1, on)), (at, Fault::Cut(1, 0, on))];
    let mut plan = Plan::quiet(1, 2)
        .with(cut(20_000, true))
        .with(cut(27_000, false));
    assert_eq!(run::plan(1, &plan, Sabotage::None, false).broken, None);
    // A master whose seconds are five times too short.
    plan.master.clock = Clock::new(4_000_000, 0);
    let broken = run::plan(1, &plan, Sabotage::None, false).broken;
    assert!(broken.is_some_and(|it| it.invariant.starts_with("9 ")));
}

#[test]
fn a_crash_that_was_none_is_seen() {
    let cut = |at, on| [(at, Fault::Cut(0, 1, on)), (at, Fault::Cut(1, 0, on))];
    let plan = Plan::quiet(1, 2)
        .with(cut(20_000, true))
        .with(cut(30_000, false));
    caught(9, Sabotage::HastyProber, &plan);
}

#[test]
fn an_unnoticed_death_is_seen() {
    let dead = [
        (20_000, Fault::KillNode(0)),
        (100_000, Fault::Mute(0, false)),
    ];
    caught(10, Sabotage::DeafLink, &Plan::quiet(2, 2).with(dead));
}

#[test]
fn media_that_ends_with_the_master_is_missed() {
    caught(11, Sabotage::ClingyNode, &restarted());
}

#[test]
fn a_record_too_many_is_seen() {
    caught(12, Sabotage::KeepingStore, &Plan::quiet(1, 2));
}

#[test]
fn a_session_made_twice_is_seen() {
    caught(13, Sabotage::Recreating, &restarted());
}

#[test]
fn a_leg_too_many_is_seen() {
    let moved = Plan::quiet(1, 2).with([(20_000, Fault::ReaddressNode(0))]);
    caught(14, Sabotage::HoardingNode, &moved);
}

#[test]
fn somebody_who_is_shown_and_has_left_is_seen() {
    let left = Plan::quiet(1, 3).with([(20_000, Fault::ClosePage(2))]);
    caught(14, Sabotage::SilentLeaving, &left);
}

/// One node more for a while.
fn grown() -> Plan {
    Plan::quiet_fleet(2, 2).with([(60_000, Fault::Count(3))])
}

#[test]
fn a_machine_that_stays_is_seen() {
    caught(16, Sabotage::DeafProvider, &grown());
}

#[test]
fn a_machine_that_does_not_come_is_missed() {
    caught(16, Sabotage::IdleProvider, &grown());
}

#[test]
fn what_is_left_behind_is_seen() {
    caught(15, Sabotage::HoardingNode, &Plan::quiet(1, 2));
}

#[test]
fn a_relay_that_does_not_listen_is_seen() {
    let moved = Plan::quiet(1, 2).with([(20_000, Fault::ReaddressNode(0))]);
    caught(14, Sabotage::DeafRelay, &moved);
}
