//! What a metadata service says: whatever it is, nothing that is no usable address is ever advertised.

#![no_main]

use addresses::{AddressSet, AddressSettings, Family, Finding, Metadata, Moment, read, usable};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for family in [Family::V4, Family::V6] {
        if let Ok(ip) = read(text, family) {
            assert_eq!(usable(ip), Ok(ip));
            assert_eq!(ip.is_ipv4(), family == Family::V4);
            assert_eq!(text.trim().lines().count(), 1);
        }
    }
    let settings = AddressSettings {
        metadata: true,
        ..AddressSettings::default()
    };
    let now = Moment(0);
    let mut set = AddressSet::new(now, &settings);
    let mut parts = text.split('\0').map(str::to_owned);
    let said = Metadata {
        public_ipv4: parts.next(),
        local_ipv4: parts.next(),
        ipv6: parts.next(),
    };
    set.learn(now, Finding::Metadata(Ok(said)));
    set.settle(now);
    assert!(set.ips().iter().all(|ip| usable(*ip).is_ok()));
    assert_eq!(set.ips().is_empty(), !set.problem().is_empty());
});
