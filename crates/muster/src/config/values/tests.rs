use super::*;

#[test]
fn lists_are_read_as_people_and_openvidu_write_them() {
    let turn = "url=turn:b:2,username=u,credential=p";
    for text in [
        "a,b",
        "a, b",
        "[a,b]",
        "[\"a\",\"b\"]",
        "[\"a\", \"b\"]",
        "a,,b,",
    ] {
        assert_eq!(split_list(text), ["a", "b"], "{text}");
    }
    assert_eq!(split_list(&format!("[\"{turn}\"]")), [turn]);
    assert_eq!(
        split_list(&format!("[{turn},url=stun:c:3]")),
        [turn, "url=stun:c:3"]
    );
    assert!(split_list("[]").is_empty());
    assert!(split_list("").is_empty());
}

#[test]
fn hosts_are_names_or_addresses_and_nothing_around_them() {
    for good in [
        "localhost",
        "call.example.com",
        "203.0.113.5",
        "2001:db8::1",
        "xn--bcher-kva.ch",
    ] {
        assert_eq!(host(good).as_deref(), Ok(good));
    }
    assert_eq!(host("[2001:db8::1]").as_deref(), Ok("2001:db8::1"));
    assert_eq!(host("Call.Example.COM").as_deref(), Ok("call.example.com"));
    for bad in [
        "https://a",
        "a:1",
        "a/b",
        "",
        "-a",
        "a..b",
        "1.2.3",
        "a b",
        "a_b",
    ] {
        assert!(host(bad).is_err(), "{bad}");
    }
}

#[test]
fn master_urls_get_the_links_port() {
    let url = |text: &str| master_url(text).ok();
    assert_eq!(url("https://m").as_deref(), Some("https://m:4442"));
    assert_eq!(url("https://m:1/").as_deref(), Some("https://m:1"));
    assert_eq!(url("https://[::1]").as_deref(), Some("https://[::1]:4442"));
    assert_eq!(url("https://[::1]:7").as_deref(), Some("https://[::1]:7"));
    for bad in [
        "http://m",
        "m:1",
        "https://",
        "https://m:0",
        "https://m:x",
        "https://m/a",
        "https://::1",
    ] {
        assert_eq!(url(bad), None, "{bad}");
    }
}

#[test]
fn ports_are_a_range_or_the_systems_choice() {
    assert_eq!(ports("40000-40010"), Ok(40000..=40010));
    assert_eq!(ports("7-7"), Ok(7..=7));
    assert_eq!(ports("0"), Ok(0..=0));
    for bad in ["0-5", "5-4", "5", "a-b", "1-70000", "-"] {
        assert!(ports(bad).is_err(), "{bad}");
    }
}

#[test]
fn ice_servers_are_told_what_is_expected() {
    assert!(ice_server("stun:stun.example.com:3478").is_ok());
    assert!(ice_server("url=turn:t:3478,staticAuthSecret=s").is_ok());
    let expected = ice_server("turn:t:3478").expect_err("no credentials");
    assert!(
        expected.contains("url=turn:HOST:PORT,username"),
        "{expected}"
    );
}

#[test]
fn unusable_public_addresses_are_refused() {
    assert!(public_address("203.0.113.5").is_ok());
    assert!(public_address("::1").is_ok());
    let name = PublicAddress::Name("media.example.org".into());
    assert_eq!(public_address("Media.example.org"), Ok(name));
    for bad in [
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "1.2.3",
        "",
        "a b",
        "1.2.3.4:5",
        "https://a.b",
    ] {
        assert!(public_address(bad).is_err(), "{bad}");
    }
}

#[test]
fn stun_servers_get_their_port() {
    let fine = [
        ("stun.example.org", "stun.example.org:3478"),
        ("stun:stun.example.org:19302", "stun.example.org:19302"),
        ("203.0.113.5:3479", "203.0.113.5:3479"),
        ("2001:db8::5", "[2001:db8::5]:3478"),
        ("[2001:db8::5]:3479", "[2001:db8::5]:3479"),
    ];
    for (text, server) in fine {
        assert_eq!(stun_server(text), Ok(server.to_owned()));
    }
    for bad in ["", "a:0", "a:b", "turn:a:1:2", "a b"] {
        assert!(stun_server(bad).is_err(), "{bad}");
    }
}

#[test]
fn metadata_is_asked_by_itself_or_where_one_says() {
    assert_eq!(metadata("auto"), Ok(MetadataService::Auto));
    assert_eq!(metadata("off"), Ok(MetadataService::Off));
    let at = |it: &Judged<MetadataService>| matches!(it, Ok(MetadataService::At(_)));
    assert!(at(&metadata("http://127.0.0.1:8111/")));
    assert!(metadata("yes").is_err());
}
