use diagnosis::is_public;

use super::*;

#[test]
fn configured_relays_are_looked_through_where_they_are() {
    let looked = |url: &str| {
        let (path, host, port) = configured_way(url)?;
        Some((path.to_string(), host, port))
    };
    let expected = |path: &str, host: &str, port| Some((path.to_owned(), host.to_owned(), port));
    let udp = expected(
        "the relay at turn.example.org:3478 by UDP",
        "turn.example.org",
        3478,
    );
    assert_eq!(looked("turn:turn.example.org"), udp);
    assert_eq!(looked("turn:turn.example.org:3478?transport=udp"), udp);
    let tcp = expected("the relay at 192.0.2.1:80 by TCP", "192.0.2.1", 80);
    assert_eq!(looked("turn:192.0.2.1:80?transport=tcp"), tcp);
    let tls = expected(
        "the relay at [2001:db8::1]:5349 by TLS",
        "2001:db8::1",
        5349,
    );
    assert_eq!(looked("turns:[2001:db8::1]"), tls);
    assert_eq!(looked("turns:[2001:db8::1]:5349?transport=tcp"), tls);
    for url in [
        "stun:192.0.2.1:3478",
        "turn:host:port",
        "turns:host?transport=udp",
        "turn",
    ] {
        assert_eq!(looked(url), None, "{url}");
    }
}

#[test]
fn names_and_global_addresses_are_public() {
    for host in ["192.0.2.1", "2001:db8::1", "203.0.113.9"] {
        assert!(is_public(&host.parse().expect("address")), "{host}");
    }
    for host in [
        "10.0.0.1",
        "172.16.9.9",
        "192.168.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "fd00::1",
        "fe80::1",
        "::1",
    ] {
        assert!(!is_public(&host.parse().expect("address")), "{host}");
    }
}
