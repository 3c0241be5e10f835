use super::*;

fn headers(real_ip: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-real-ip", real_ip.parse().expect("a header value"));
    headers
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn a_stranger_cannot_choose_his_address() {
    assert_eq!(
        client_ip(ip("192.0.2.7"), &headers("10.0.0.1")),
        ip("192.0.2.7")
    );
}

#[test]
fn a_proxy_on_this_machine_is_believed() {
    assert_eq!(client_ip(ip("::1"), &headers("192.0.2.7")), ip("192.0.2.7"));
    assert_eq!(
        client_ip(ip("::ffff:127.0.0.1"), &headers("192.0.2.7")),
        ip("192.0.2.7")
    );
}

#[test]
fn nonsense_of_a_proxy_is_ignored() {
    assert_eq!(
        client_ip(ip("127.0.0.1"), &headers("unknown")),
        ip("127.0.0.1")
    );
}

#[test]
fn ipv4_in_ipv6_is_shown_as_ipv4() {
    assert_eq!(
        client_ip(ip("::ffff:192.0.2.7"), &HeaderMap::new()),
        ip("192.0.2.7")
    );
}
