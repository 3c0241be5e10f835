use super::*;

fn millis(d: Duration) -> u128 {
    d.as_millis()
}

#[test]
fn waits_double_from_a_fifth_of_a_second_to_five_seconds() {
    let mut least = Backoff::default();
    let mut most = Backoff::default();
    let least: Vec<_> = (0..7).map(|_| millis(least.failed(0.0))).collect();
    let most: Vec<_> = (0..7).map(|_| millis(most.failed(1.0))).collect();
    assert_eq!(least, [200, 400, 800, 1600, 2500, 2500, 2500]);
    assert_eq!(most, [400, 800, 1600, 3200, 5000, 5000, 5000]);
}

#[test]
fn never_overflows() {
    let mut backoff = Backoff {
        failures: u32::MAX - 1,
    };
    for _ in 0..4 {
        assert_eq!(millis(backoff.failed(1.0)), 5000);
    }
}

#[test]
fn a_steady_attachment_starts_the_count_anew() {
    let mut backoff = Backoff::default();
    for _ in 0..6 {
        backoff.failed(0.0);
    }
    assert_eq!(millis(backoff.ended(Duration::from_secs(5), 0.0)), 200);
    assert_eq!(millis(backoff.ended(Duration::from_secs(4), 0.0)), 400);
}

#[test]
fn a_refusal_waits_long_and_leaves_the_count_alone() {
    let mut backoff = Backoff::default();
    backoff.failed(0.0);
    assert_eq!(millis(backoff.refused(0.0)), 5000);
    assert_eq!(millis(backoff.refused(1.0)), 10000);
    assert_eq!(millis(backoff.failed(0.0)), 400);
}

#[test]
fn jitter_outside_its_range_does_no_harm() {
    for jitter in [-1.0, 2.0, f64::INFINITY, f64::NAN] {
        let wait = Backoff::default().failed(jitter);
        assert!((200..=400).contains(&millis(wait)), "{wait:?}");
    }
}
