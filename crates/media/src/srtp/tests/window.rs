use std::collections::BTreeSet;

use super::*;

/// What [`Window`] is a fast form of.
#[derive(Default)]
struct Model(BTreeSet<u64>);

impl Model {
    fn check(&self, index: u64) -> Result<(), Unfit> {
        match self.0.last() {
            Some(last) if index + Window::SIZE <= *last => Err(Unfit::Old),
            _ if self.0.contains(&index) => Err(Unfit::Used),
            _ => Ok(()),
        }
    }
}

#[test]
fn window_agrees_with_a_set() {
    for seed in 0..20 {
        let mut noise = Noise::new(seed);
        let (mut window, mut model) = (Window::default(), Model::default());
        let mut near = noise.below(1 << 40);
        for _ in 0..5000 {
            near = match noise.below(100) {
                0 => near + noise.below(5000),
                1..=9 => near + noise.below(100),
                _ => near + noise.below(3),
            };
            let index = near.saturating_sub(noise.below(1100));
            assert_eq!(
                window.check(index),
                model.check(index),
                "seed {seed}, index {index}"
            );
            window.mark(index);
            if model.check(index).is_ok() {
                model.0.insert(index);
            }
            assert_eq!(window.highest(), model.0.last().copied());
        }
    }
}

#[test]
fn window_holds_what_it_says() {
    let mut window = Window::default();
    window.mark(10_000);
    assert_eq!(window.check(10_000), Err(Unfit::Used));
    assert_eq!(window.check(10_001 - Window::SIZE), Ok(()));
    assert_eq!(window.check(10_000 - Window::SIZE), Err(Unfit::Old));
    window.mark(u64::MAX);
    assert_eq!(window.check(u64::MAX), Err(Unfit::Used));
}
