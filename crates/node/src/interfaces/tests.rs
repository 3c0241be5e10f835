use super::*;

#[test]
fn this_machine_has_a_loopback_interface() {
    let addresses = read().expect("getifaddrs");
    assert!(
        addresses.iter().any(|a| a.ip.is_loopback()),
        "{addresses:?}"
    );
}
