use super::*;

fn ip(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

#[test]
fn strangers_are_told_of_by_address_and_then_forgotten() {
    let start = Instant::now();
    let mut record = Record::new(start);
    assert_eq!(record.due(start + TELL), None);
    record.unknown_user(ip(1), "abcd\n\u{1}");
    record.unknown_user(ip(1), &"x".repeat(100));
    record.malformed(ip(1));
    record.unproven(ip(2));
    assert_eq!(record.due(start + TELL / 2), None);
    let mut told = record.due(start + TELL).unwrap();
    told.seen.sort_by_key(|stranger| stranger.from);
    assert_eq!(told.seen.len(), 2);
    assert_eq!((told.seen[0].unknown_user, told.seen[0].malformed), (2, 1));
    assert_eq!(told.seen[0].ufrag, "x".repeat(UFRAG));
    assert_eq!(told.seen[1].unproven, 1);
    assert_eq!(told.span, TELL);
    assert_eq!(record.due(start + 2 * TELL), None);
}

#[test]
fn a_flood_of_addresses_is_one_number() {
    let start = Instant::now();
    let mut record = Record::new(start);
    for last in 0..200 {
        record.unproven(ip(last));
    }
    let told = record.due(start + TELL).unwrap();
    assert_eq!(told.seen.len(), MOST);
    assert_eq!(told.others, 200 - MOST as u64);
}
