//! A seed means one world: every line of its story is the same the next time.

use simulation::run;

#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in 5_000..5_020 {
        let (once, again) = (run::seed(seed, false), run::seed(seed, false));
        assert_eq!(once, again, "seed {seed}");
        assert!(once.steps > 100, "seed {seed} hardly lived");
    }
}

#[test]
fn seeds_tell_different_stories() {
    let stories: std::collections::BTreeSet<u64> = (5_000..5_020)
        .map(|seed| run::seed(seed, false).hash)
        .collect();
    assert_eq!(stories.len(), 20);
}
