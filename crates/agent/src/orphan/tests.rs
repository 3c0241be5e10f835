use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn after(start: Moment, seconds: u64) -> Moment {
    start + Duration::from_secs(seconds)
}

#[test]
fn a_node_alone_for_a_minute_ends() {
    let start = Moment(7);
    let mut rule = OrphanRule::new(Some(MINUTE));
    assert!(!rule.is_met(start, false, 0));
    assert!(!rule.is_met(after(start, 59), false, 0));
    assert!(rule.is_met(after(start, 60), false, 0));
}

#[test]
fn a_master_or_a_transport_starts_the_minute_anew() {
    let start = Moment(7);
    for (attached, transports) in [(true, 0), (false, 1)] {
        let mut rule = OrphanRule::new(Some(MINUTE));
        assert!(!rule.is_met(start, false, 0));
        assert!(!rule.is_met(after(start, 59), attached, transports));
        assert!(!rule.is_met(after(start, 61), false, 0));
        assert!(!rule.is_met(after(start, 120), false, 0));
        assert!(rule.is_met(after(start, 121), false, 0));
    }
}

#[test]
fn a_node_that_carries_media_never_ends_for_want_of_a_master() {
    let start = Moment(7);
    let mut rule = OrphanRule::new(Some(MINUTE));
    for hour in 0..24 {
        assert!(!rule.is_met(after(start, hour * 3600), false, 2));
    }
}

#[test]
fn without_the_rule_a_node_waits_for_ever() {
    let start = Moment(7);
    let mut rule = OrphanRule::new(None);
    assert!(!rule.is_met(start, false, 0));
    assert!(!rule.is_met(after(start, 1_000_000), false, 0));
}
