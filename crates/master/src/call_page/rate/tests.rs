use super::*;

fn ip(last: u32) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::from(0x0a00_0000 + last))
}

#[test]
fn a_burst_is_allowed_and_then_one_per_refill() {
    let (rate, now) = (Rate::default(), Instant::now());
    assert_eq!(
        (0..2 * BURST).filter(|_| rate.allows(ip(1), now)).count() as u32,
        BURST
    );
    assert!(rate.allows(ip(1), now + REFILL));
    assert!(!rate.allows(ip(1), now + REFILL));
}

#[test]
fn one_address_does_not_use_up_anothers() {
    let (rate, now) = (Rate::default(), Instant::now());
    while rate.allows(ip(1), now) {}
    assert!(rate.allows(ip(2), now));
}

#[test]
fn memory_is_bounded_and_freed_by_time() {
    let (rate, now) = (Rate::default(), Instant::now());
    for n in 0..ADDRESSES as u32 {
        assert!(rate.allows(ip(n), now));
    }
    assert!(!rate.allows(ip(ADDRESSES as u32), now));
    assert!(rate.allows(ip(ADDRESSES as u32), now + REFILL));
    assert_eq!(rate.whole_at.lock().expect("not poisoned").len(), 1);
}
