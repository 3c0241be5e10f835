use super::*;

fn on(interface: &str, ip: &str) -> InterfaceAddress {
    InterfaceAddress {
        interface: interface.into(),
        ip: ip.parse().expect("address"),
    }
}

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|ip| ip.parse().expect("address")).collect()
}

#[test]
fn configured_addresses_are_taken_as_they_are() {
    let configured = ips(&["2001:db8::1", "203.0.113.5"]);
    let chosen = choose(&configured, &[on("eth0", "10.0.0.5")], false);
    assert_eq!(chosen, Ok(configured));
}

#[test]
fn interfaces_give_outward_addresses_ipv4_first() {
    let interfaces = [
        on("lo", "127.0.0.1"),
        on("lo", "::1"),
        on("eth0", "fe80::1"),
        on("eth0", "2001:db8::7"),
        on("eth0", "10.0.0.5"),
        on("wlan0", "169.254.3.4"),
        on("docker0", "172.17.0.1"),
        on("br-5af1", "172.18.0.1"),
        on("veth12", "172.19.0.1"),
        on("virbr0", "192.168.122.1"),
        on("eth1", "10.0.0.5"),
        on("eth1", "192.0.2.9"),
    ];
    assert_eq!(
        choose(&[], &interfaces, true),
        Ok(ips(&["10.0.0.5", "192.0.2.9", "2001:db8::7"]))
    );
}

#[test]
fn loopback_is_used_only_where_allowed() {
    let interfaces = [
        on("lo", "::1"),
        on("lo", "127.0.0.1"),
        on("docker0", "172.17.0.1"),
    ];
    assert_eq!(
        choose(&[], &interfaces, true),
        Ok(ips(&["127.0.0.1", "::1"]))
    );
    let problem = choose(&[], &interfaces, false).expect_err("nothing usable");
    assert!(problem.contains("127.0.0.1 on lo"), "{problem}");
    assert!(problem.contains("node.public_addresses"), "{problem}");
}

#[test]
fn a_machine_without_any_address_says_so() {
    let problem = choose(&[], &[], true).expect_err("nothing usable");
    assert!(problem.contains("no address at all"), "{problem}");
}

#[test]
fn each_change_raises_the_version_and_nothing_else_does() {
    let mut announced = Announced::default();
    assert!(announced.update(Err("none".into())));
    let message = announced.message(&[40000], 40001);
    assert_eq!((message.version, message.problem.as_str()), (1, "none"));
    assert!(message.ips.is_empty());

    assert!(announced.update(Ok(ips(&["10.0.0.5"]))));
    assert!(!announced.update(Ok(ips(&["10.0.0.5"]))));
    let message = announced.message(&[40000, 40001], 40002);
    assert_eq!(message.version, 2);
    assert_eq!(message.ips, ips(&["10.0.0.5"]));
    assert_eq!(message.ports, [40000, 40001]);
    assert_eq!(message.stun_port, 40002);
    assert_eq!(message.problem, "");
}
