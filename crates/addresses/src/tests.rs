use std::time::Duration;

use super::*;

const NOW: Moment = Moment(1_000_000);
const STUN: &str = "stun.example.org:3478";
const OTHER: &str = "stun.example.net:3478";

fn ip(text: &str) -> IpAddr {
    text.parse().expect("address")
}

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|text| ip(text)).collect()
}

fn on(interface: &str, text: &str) -> InterfaceAddress {
    InterfaceAddress {
        interface: interface.into(),
        ip: ip(text),
    }
}

fn later(seconds: u64) -> Moment {
    NOW + Duration::from_secs(seconds)
}

/// Asks two STUN servers and metadata.
fn settings() -> AddressSettings {
    AddressSettings {
        metadata: true,
        stun_servers: vec![STUN.into(), OTHER.into()],
        ..AddressSettings::default()
    }
}

fn set(settings: &AddressSettings, interfaces: &[InterfaceAddress]) -> AddressSet {
    let mut set = AddressSet::new(NOW, settings);
    set.learn(NOW, Finding::Interfaces(Ok(interfaces.to_vec())));
    set.settle(NOW);
    set
}

fn private() -> AddressSet {
    set(&settings(), &[on("eth0", "10.0.0.5")])
}

fn stun(server: &str, mapped: &str, local: &str) -> Finding {
    Finding::Stun {
        server: server.into(),
        result: Ok(vec![Mapping {
            mapped: mapped.parse().expect("address"),
            local: local.parse().expect("address"),
        }]),
    }
}

fn cloud(public_ipv4: &str) -> Finding {
    Finding::Metadata(Ok(Metadata {
        public_ipv4: Some(public_ipv4.into()),
        local_ipv4: Some("10.0.0.5".into()),
        ipv6: None,
    }))
}

fn proof_of(set: &AddressSet, text: &str, source: &Source) -> Proof {
    let entries = set.entries(NOW);
    let entry = entries
        .iter()
        .find(|it| it.ip == ip(text) && it.source == *source);
    entry.expect("an entry").proof
}

fn server(name: &str) -> Source {
    Source::Stun {
        server: name.into(),
    }
}

#[test]
fn configured_addresses_count_alone_and_the_rest_is_shown() {
    let settings = AddressSettings {
        public_addresses: vec![
            PublicAddress::Ip(ip("2001:db8::1")),
            PublicAddress::Ip(ip("203.0.113.5")),
        ],
        ..settings()
    };
    let mut set = set(&settings, &[on("eth0", "10.0.0.5")]);
    set.learn(NOW, stun(STUN, "198.51.100.9:700", "10.0.0.5:700"));
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["2001:db8::1", "203.0.113.5"]));
    let told: Vec<_> = set
        .entries(NOW)
        .iter()
        .map(|it| (it.ip, it.advertised))
        .collect();
    assert!(told.contains(&(ip("198.51.100.9"), false)), "{told:?}");
    assert!(told.contains(&(ip("10.0.0.5"), false)), "{told:?}");
}

#[test]
fn interfaces_give_outward_addresses_ipv4_first_and_public_before_private() {
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
    let set = set(&AddressSettings::default(), &interfaces);
    assert_eq!(set.ips(), ips(&["192.0.2.9", "10.0.0.5", "2001:db8::7"]));
    let shown: Vec<_> = set.entries(NOW).iter().map(|it| it.ip).collect();
    assert!(!shown.contains(&ip("172.17.0.1")) && !shown.contains(&ip("127.0.0.1")));
}

#[test]
fn loopback_is_used_only_where_allowed() {
    let interfaces = [
        on("lo", "::1"),
        on("lo", "127.0.0.1"),
        on("docker0", "172.17.0.1"),
    ];
    let allowed = AddressSettings {
        allow_loopback: true,
        ..AddressSettings::default()
    };
    assert_eq!(set(&allowed, &interfaces).ips(), ips(&["127.0.0.1", "::1"]));
    let none = set(&AddressSettings::default(), &interfaces);
    assert!(none.ips().is_empty());
    assert!(
        none.problem().contains("127.0.0.1 on lo"),
        "{}",
        none.problem()
    );
    assert!(
        none.problem().contains("node.public_addresses"),
        "{}",
        none.problem()
    );
}

#[test]
fn a_machine_without_any_address_says_so_and_works_when_one_comes() {
    let mut set = set(&AddressSettings::default(), &[]);
    assert_eq!((set.version(), set.ips()), (1, &[][..]));
    assert!(
        set.problem().contains("no address at all"),
        "{}",
        set.problem()
    );
    set.learn(
        later(9),
        Finding::Interfaces(Ok(vec![on("eth0", "10.0.0.5")])),
    );
    assert_eq!(set.settle(later(9)), Change::Version);
    assert_eq!((set.version(), set.ips()), (2, &ips(&["10.0.0.5"])[..]));
    assert_eq!(set.problem(), "");
}

#[test]
fn a_private_machine_is_a_normal_case() {
    let mut set = private();
    set.learn(NOW, Finding::Metadata(Ok(Metadata::default())));
    assert_eq!(set.settle(NOW), Change::None);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]));
    assert_eq!((set.problem(), set.remarks()), ("", &[][..]));
}

#[test]
fn an_address_is_gone_with_its_interface_at_once() {
    let mut set = set(
        &settings(),
        &[on("eth0", "10.0.0.5"), on("eth1", "10.1.0.5")],
    );
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "10.0.0.5:700"));
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["203.0.113.7", "10.0.0.5", "10.1.0.5"]));
    set.learn(
        later(1),
        Finding::Interfaces(Ok(vec![on("eth1", "10.1.0.5")])),
    );
    assert_eq!(set.settle(later(1)), Change::Version);
    assert_eq!(
        set.ips(),
        ips(&["10.1.0.5"]),
        "what was translated to it is gone too"
    );
}

#[test]
fn interfaces_that_cannot_be_read_once_change_nothing_and_for_long_do() {
    let mut set = private();
    let unread = || Finding::Interfaces(Err("no descriptors".into()));
    set.learn(later(5), unread());
    assert_eq!(set.settle(later(5)), Change::Entries);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]));
    set.learn(later(30), unread());
    assert_eq!(set.settle(later(30)), Change::Version);
    assert_eq!((set.ips(), set.problem()), (&[][..], "no descriptors"));
}

#[test]
fn a_translation_that_keeps_ports_is_advertised_before_private_addresses() {
    let mut set = private();
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "10.0.0.5:700"));
    assert_eq!(set.settle(NOW), Change::Version);
    assert_eq!(set.ips(), ips(&["203.0.113.7", "10.0.0.5"]));
    assert_eq!(proof_of(&set, "203.0.113.7", &server(STUN)), Proof::Claimed);
    assert_eq!(set.entries(NOW)[0].local, Some(ip("10.0.0.5")));
    set.learn(NOW, stun(OTHER, "203.0.113.7:701", "10.0.0.5:701"));
    assert_eq!(set.settle(NOW), Change::Entries);
    assert_eq!(proof_of(&set, "203.0.113.7", &server(STUN)), Proof::Agreed);
}

#[test]
fn a_translation_that_changes_ports_is_shown_and_not_advertised() {
    let mut set = private();
    set.learn(NOW, stun(STUN, "203.0.113.7:31337", "10.0.0.5:700"));
    assert_eq!(set.settle(NOW), Change::Entries);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]));
    assert_eq!(
        proof_of(&set, "203.0.113.7", &server(STUN)),
        Proof::Translated
    );
}

#[test]
fn no_translation_is_nothing_new() {
    let mut set = set(&settings(), &[on("eth0", "203.0.113.7")]);
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "203.0.113.7:700"));
    assert_eq!(set.settle(NOW), Change::Entries);
    assert_eq!(
        (set.ips(), set.remarks()),
        (&ips(&["203.0.113.7"])[..], &[][..])
    );
}

#[test]
fn sources_that_disagree_are_both_advertised_in_the_order_of_trust_and_it_is_told() {
    let mut set = private();
    set.learn(NOW, stun(STUN, "198.51.100.9:700", "10.0.0.5:700"));
    set.learn(NOW, cloud("203.0.113.7"));
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["203.0.113.7", "198.51.100.9", "10.0.0.5"]));
    assert_eq!(
        proof_of(&set, "198.51.100.9", &server(STUN)),
        Proof::Disputed
    );
    assert_eq!(
        proof_of(&set, "203.0.113.7", &Source::Metadata),
        Proof::Disputed
    );
    let [remark] = set.remarks() else {
        panic!("expected one remark, got {:?}", set.remarks());
    };
    assert!(remark.contains("metadata says 203.0.113.7"), "{remark}");
    assert!(
        remark.contains("stun.example.org:3478 says 198.51.100.9"),
        "{remark}"
    );

    set.learn(NOW, stun(OTHER, "198.51.100.9:701", "10.0.0.5:701"));
    set.settle(NOW);
    assert_eq!(
        set.ips(),
        ips(&["198.51.100.9", "203.0.113.7", "10.0.0.5"]),
        "two against one"
    );
}

#[test]
fn a_lost_answer_changes_nothing_and_a_silent_source_is_dropped_after_minutes() {
    let mut set = private();
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "10.0.0.5:700"));
    set.settle(NOW);
    let before = set.version();
    for at in [15, 30, 60, 119] {
        let lost = Finding::Stun {
            server: STUN.into(),
            result: Err("no answer within 3 s".into()),
        };
        set.learn(
            later(at),
            Finding::Interfaces(Ok(vec![on("eth0", "10.0.0.5")])),
        );
        set.learn(later(at), lost);
        set.settle(later(at));
        assert_eq!(set.version(), before, "after {at} s");
        assert!(
            set.remarks()[0].contains("no answer within 3 s"),
            "{:?}",
            set.remarks()
        );
    }
    set.due(later(121));
    assert_eq!(set.settle(later(121)), Change::Version);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]));
}

#[test]
fn the_old_address_is_kept_beside_the_new_one_for_a_minute() {
    let mut set = private();
    set.learn(NOW, cloud("203.0.113.7"));
    set.settle(NOW);
    set.learn(later(5), cloud("203.0.113.8"));
    set.settle(later(5));
    assert_eq!(set.ips(), ips(&["203.0.113.8", "10.0.0.5", "203.0.113.7"]));
    assert_eq!(
        proof_of(&set, "203.0.113.7", &Source::Metadata),
        Proof::Superseded
    );
    assert!(set.next() <= later(65), "nobody wakes it");
    set.learn(
        later(64),
        Finding::Interfaces(Ok(vec![on("eth0", "10.0.0.5")])),
    );
    set.learn(later(64), cloud("203.0.113.8"));
    assert_ne!(set.settle(later(64)), Change::Version);
    assert_eq!(set.settle(later(65)), Change::Version);
    assert_eq!(set.ips(), ips(&["203.0.113.8", "10.0.0.5"]));
}

#[test]
fn the_last_boots_address_is_a_hint_and_never_advertised() {
    let mut set = private();
    set.remember(NOW, &ips(&["203.0.113.7", "127.0.0.1"]));
    assert_eq!(set.settle(NOW), Change::Entries);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]));
    assert_eq!(
        proof_of(&set, "203.0.113.7", &Source::Memory),
        Proof::Remembered
    );
    assert!(set.memorable().is_empty());
    set.learn(NOW, cloud("203.0.113.8"));
    set.settle(NOW);
    assert_eq!(set.memorable(), ips(&["203.0.113.8"]));
}

#[test]
fn answers_that_are_no_addresses_are_named_problems() {
    let bad = [
        ("", "empty"),
        ("  \n ", "empty"),
        ("203.0.113.7\n203.0.113.8", "several lines"),
        (
            ";; communications error to 127.0.0.1#53: timed out\n203.0.113.7",
            "several lines",
        ),
        ("<html>not found</html>", "<html>not found</html>"),
        ("203.0.113.7/24", "203.0.113.7/24"),
        ("203.0.113", "203.0.113"),
        ("2001:db8::1", "other family"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "reserved"),
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
    ];
    for (text, problem) in bad {
        let mut set = private();
        set.learn(NOW, cloud(text));
        set.settle(NOW);
        assert_eq!(set.ips(), ips(&["10.0.0.5"]), "{text:?}");
        let remarks = set.remarks();
        assert!(
            remarks.len() == 1 && remarks[0].contains(problem),
            "{text:?}: {remarks:?}"
        );
        assert!(
            remarks[0].starts_with("metadata: public-ipv4: "),
            "{remarks:?}"
        );
    }
    assert_eq!(read(" 203.0.113.7\n", Family::V4), Ok(ip("203.0.113.7")));
    assert_eq!(usable(ip("::ffff:203.0.113.7")), Ok(ip("203.0.113.7")));
    assert!(
        read("::ffff:203.0.113.7", Family::V6).is_err(),
        "IPv4 in disguise"
    );
    assert!(usable(ip("::ffff:127.0.0.1")).is_err());
}

#[test]
fn a_bad_answer_does_not_unseat_a_good_one() {
    let mut set = private();
    set.learn(NOW, cloud("203.0.113.7"));
    set.settle(NOW);
    set.learn(later(5), cloud("null"));
    set.settle(later(5));
    assert_eq!(set.ips(), ips(&["203.0.113.7", "10.0.0.5"]));
}

#[test]
fn a_translation_to_an_address_that_is_gone_is_not_believed() {
    let mut set = private();
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "10.9.9.9:700"));
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]));
    assert!(set.remarks()[0].contains("10.9.9.9"), "{:?}", set.remarks());
}

#[test]
fn a_name_is_followed_and_outlives_its_name_server() {
    let settings = AddressSettings {
        public_addresses: vec![PublicAddress::Name("media.example.org".into())],
        ..AddressSettings::default()
    };
    let said = |list: &[&str]| Finding::Name {
        name: "media.example.org".into(),
        result: Ok(ips(list)),
    };
    let mut set = set(&settings, &[on("eth0", "10.0.0.5")]);
    assert_eq!(
        set.ips(),
        ips(&["10.0.0.5"]),
        "what is found, until the name resolves"
    );
    set.learn(NOW, said(&["203.0.113.7"]));
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["203.0.113.7"]));
    set.learn(later(30), said(&["203.0.113.8", "127.0.0.1"]));
    set.settle(later(30));
    assert_eq!(
        set.ips(),
        ips(&["203.0.113.8", "203.0.113.7"]),
        "the old one for a while"
    );
    assert!(set.remarks()[0].contains("loopback"), "{:?}", set.remarks());
    set.learn(
        later(900),
        Finding::Name {
            name: "media.example.org".into(),
            result: Err("no name server answers".into()),
        },
    );
    set.settle(later(900));
    assert_eq!(set.ips(), ips(&["203.0.113.8"]));
}

#[test]
fn everything_is_asked_at_once_and_again_soon_when_the_network_changes() {
    let mut set = AddressSet::new(NOW, &settings());
    let all = [
        Query::Interfaces,
        Query::Metadata,
        Query::Stun {
            server: STUN.into(),
        },
        Query::Stun {
            server: OTHER.into(),
        },
    ];
    assert_eq!(set.due(NOW), all);
    assert_eq!(set.due(NOW), [], "while nothing is answered");
    set.learn(NOW, Finding::Interfaces(Ok(vec![on("eth0", "10.0.0.5")])));
    set.learn(NOW, cloud("203.0.113.7"));
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "10.0.0.5:700"));
    set.learn(NOW, stun(OTHER, "203.0.113.7:700", "10.0.0.5:700"));
    set.due(later(2));
    assert_eq!(set.due(later(5)), [Query::Interfaces, Query::Metadata]);
    set.learn(
        later(5),
        Finding::Interfaces(Ok(vec![on("eth0", "10.0.0.6")])),
    );
    set.learn(later(5), cloud("203.0.113.7"));
    assert!(set.due(later(6)).len() >= 2, "the servers are asked again");
}

#[test]
fn what_fails_is_asked_again_slower_and_slower() {
    let mut set = private();
    set.due(NOW);
    let mut gaps = Vec::new();
    let mut now = NOW;
    for _ in 0..8 {
        set.learn(now, Finding::Metadata(Err("refused".into())));
        let asked = now;
        while !set.due(now).contains(&Query::Metadata) {
            now = now + Duration::from_secs(1);
        }
        gaps.push(now.since(asked).as_secs());
    }
    assert_eq!(gaps, [1, 2, 4, 8, 10, 10, 10, 10]);
}

#[test]
fn servers_that_are_not_asked_any_more_are_not_believed_either() {
    let mut set = set(&AddressSettings::default(), &[on("eth0", "10.0.0.5")]);
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "10.0.0.5:700"));
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]), "a server that nobody asked");
    set.set_stun_servers(NOW, &[STUN.into()]);
    assert!(set.due(NOW).contains(&Query::Stun {
        server: STUN.into()
    }));
    set.learn(NOW, stun(STUN, "203.0.113.7:700", "10.0.0.5:700"));
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["203.0.113.7", "10.0.0.5"]));
    set.set_stun_servers(NOW, &[]);
    set.settle(NOW);
    assert_eq!(set.ips(), ips(&["10.0.0.5"]));
}

#[test]
fn each_change_of_what_is_advertised_raises_the_version_and_nothing_else_does() {
    let mut set = private();
    assert_eq!(set.version(), 1);
    set.learn(
        later(5),
        Finding::Interfaces(Ok(vec![on("eth0", "10.0.0.5")])),
    );
    assert_eq!((set.settle(later(5)), set.version()), (Change::None, 1));
    set.learn(
        later(10),
        Finding::Interfaces(Ok(vec![on("eth0", "10.0.0.7")])),
    );
    assert_eq!((set.settle(later(10)), set.version()), (Change::Version, 2));
    set.learn(later(15), Finding::Interfaces(Ok(Vec::new())));
    assert_eq!((set.settle(later(15)), set.version()), (Change::Version, 3));
}
