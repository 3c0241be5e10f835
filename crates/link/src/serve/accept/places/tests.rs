use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

async fn take(places: &Places, from: &str) -> Option<Place> {
    places.free().await.expect("open").take(address(from))
}

#[tokio::test]
async fn nobody_has_more_than_half_of_them() {
    let places = Places::new();
    let mut held = Vec::new();
    for number in 0..FROM_ONE {
        // Its network is one, however many addresses it has.
        let from = format!("2001:db8::{number:x}");
        held.push(take(&places, &from).await.expect("a place"));
    }
    assert!(take(&places, "2001:db8::ffff").await.is_none());
    assert!(take(&places, "2001:db8:0:1::1").await.is_some());
    assert!(take(&places, "192.0.2.1").await.is_some());
    held.pop();
    assert!(take(&places, "2001:db8::ffff").await.is_some());
}

#[tokio::test]
async fn what_is_given_back_is_forgotten() {
    let places = Places::new();
    let place = take(&places, "::ffff:192.0.2.1").await.expect("a place");
    assert_eq!(lock(&places.taken).len(), 1);
    let same = take(&places, "192.0.2.1").await.expect("a place");
    assert_eq!(lock(&places.taken).len(), 1, "the same in IPv6's clothes");
    drop((place, same));
    assert!(lock(&places.taken).is_empty());
    assert_eq!(places.free.available_permits(), UNPROVEN);
}
