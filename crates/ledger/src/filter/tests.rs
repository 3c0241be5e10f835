use super::*;

fn network(text: &str) -> Network {
    text.parse().expect("a network")
}

#[test]
fn networks_hold_their_addresses_and_no_others() {
    for (text, inside, outside) in [
        ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
        ("203.0.113.9/24", "203.0.113.1", "203.0.112.255"),
        ("203.0.113.9", "203.0.113.9", "203.0.113.10"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("::/0", "ffff::", ""),
    ] {
        let (first, last) = network(text).bounds();
        let holds = |ip: &str| {
            let octets = octets(ip.parse().expect("an address"));
            first <= octets && octets <= last
        };
        assert!(holds(inside), "{text}");
        assert!(outside.is_empty() || !holds(outside), "{text}");
    }
    assert_eq!(
        Network::of([198, 51, 100, 7].into()).to_string(),
        "198.51.100.0/24"
    );
}

#[test]
fn nonsense_is_refused_with_what_was_expected() {
    for text in [
        "",
        "/24",
        "1.2.3.4/33",
        "1.2.3/24",
        "::1/129",
        "1.2.3.4/-1",
        "1.2.3.4/",
    ] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
    let bad = "BROKEN".parse::<State>().expect_err("no state");
    assert!(bad.to_string().contains("FAILED"));
    assert_eq!("failed".parse(), Ok(State::Failed));
}
