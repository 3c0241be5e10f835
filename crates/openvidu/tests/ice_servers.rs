//! ICE servers: the vectors of OpenVidu's own `IceServerPropertiesTest`, and credentials from a shared secret.

#![allow(clippy::unwrap_used)]

use conference::{IceCredentials, IceServer, Timestamp};
use openvidu::ice;

fn check(url: &str, username: Option<&str>, credential: Option<&str>) -> Result<IceServer, String> {
    ice::server(url, username, credential, None).map_err(|error| error.to_string())
}

#[test]
fn invalid_urls_are_refused_in_the_words_of_the_original() {
    const HOST: &str = "Is not a valid Internet Address (IP or Domain Name):";
    const PROTOCOLS: &str = "is invalid. Only valid values are: [turn, turns] [stuns, stun]";
    let cases = [
        (
            "wrongurl",
            "Not a valid TURN/STUN uri provided. No colons found in: 'wrongurl'".to_owned(),
        ),
        (
            "turnss:wrongurl",
            format!("The protocol 'turnss' {PROTOCOLS}"),
        ),
        (
            "stunss:wrongurl",
            format!("The protocol 'stunss' {PROTOCOLS}"),
        ),
        (
            "anything:wrongurl",
            format!("The protocol 'anything' {PROTOCOLS}"),
        ),
        (":", format!("The protocol '' {PROTOCOLS}")),
        (
            "",
            "Not a valid TURN/STUN uri provided. No colons found in: ''".into(),
        ),
        (
            "?",
            "Not a valid TURN/STUN uri provided. No colons found in: '?'".into(),
        ),
        (
            "stun:hostname.com:99a99",
            "The port defined in 'stun:hostname.com:99a99' is not a number (0-65535)".into(),
        ),
        (
            "stun:hostname.com:-1",
            "The port defined in 'stun:hostname.com:-1' is not a valid port number (0-65535)"
                .into(),
        ),
        (
            "stun:hostname.com:0",
            "The port defined in 'stun:hostname.com:0' is not a valid port number (0-65535)".into(),
        ),
        (
            "stun:hostname.com:65536",
            "The port defined in 'stun:hostname.com:65536' is not a valid port number (0-65535)"
                .into(),
        ),
        (
            "stun:hostname:port:more",
            "Host or port are not correctly defined in STUN/TURN uri: 'stun:hostname:port:more'"
                .into(),
        ),
        (
            "stun:hostname.com:port more",
            "The port defined in 'stun:hostname.com:port more' is not a number (0-65535)".into(),
        ),
        (
            "stun:hostname.com:",
            "Host or port are not correctly defined in STUN/TURN uri: 'stun:hostname.com:'".into(),
        ),
        (
            "stun:[1:2:3:4:5:6:7:8]junk:1000",
            "Port is not specified correctly after IPv6 in uri: 'stun:[1:2:3:4:5:6:7:8]junk:1000'"
                .into(),
        ),
        ("stun:[notvalid:]:1000", format!("{HOST} 'notvalid:'")),
        (
            "stun:[1:2:3:4:5:6:7:8]:",
            "Host or port are not correctly defined in STUN/TURN uri: stun:[1:2:3:4:5:6:7:8]:"
                .into(),
        ),
        (
            "stun:[1:2:3:4:5:6:7:8",
            "Not closed bracket '[' or ']' in uri: stun:[1:2:3:4:5:6:7:8".into(),
        ),
        (
            "stun:1:2]",
            "Not closed bracket '[' or ']' in uri: stun:1:2]".into(),
        ),
        (
            "stun::5555",
            "Host defined in 'stun::5555' is empty or null".into(),
        ),
        ("stun:", "Host defined in 'stun:' is empty or null".into()),
        ("stun:/hostname.com", format!("{HOST} '/hostname.com'")),
        (
            "stun:?hostname.com",
            "STUN uri can't have any '?' query param".into(),
        ),
        ("stun:#hostname.com", format!("{HOST} '#hostname.com'")),
        ("stun:300.1.1.1", format!("{HOST} '300.1.1.1'")),
        ("stun:a..b", format!("{HOST} 'a..b'")),
        ("stun:-a.b", format!("{HOST} '-a.b'")),
        (
            "stun:hostname.com?transport=tcp",
            "STUN uri can't have any '?' query param".into(),
        ),
        (
            "stun:hostname.com?transport=udp",
            "STUN uri can't have any '?' query param".into(),
        ),
    ];
    for (url, message) in cases {
        for (username, credential) in [
            (None, None),
            (Some("anyuser"), None),
            (None, Some("anypassword")),
        ] {
            assert_eq!(
                check(url, username, credential),
                Err(message.clone()),
                "{url}"
            );
        }
    }
}

#[test]
fn only_udp_and_tcp_are_transports() {
    for query in [
        "?transport=invalid",
        "?transport=",
        "?=",
        "?",
        "?transport=udp&x=1",
        "?transport=UDP",
    ] {
        let url = format!("turn:hostname.com{query}");
        let expected = format!(
            "Wrong value specified in STUN/TURN uri: '{url}'. Unique valid arguments after '?' are '?transport=tcp' or '?transport=udp"
        );
        assert_eq!(
            check(&url, Some("anyuser"), Some("anypassword")),
            Err(expected)
        );
    }
}

#[test]
fn stun_has_no_credentials_and_turn_has_both() {
    for (username, credential) in [
        (Some("username"), Some("credential")),
        (Some("username"), None),
        (None, Some("credential")),
    ] {
        let expected = Err("Credentials can not be defined while using stun.".to_owned());
        assert_eq!(check("stun:hostname.com", username, credential), expected);
    }
    for (username, credential) in [
        (None, None),
        (Some("username"), None),
        (None, Some("credential")),
    ] {
        let expected = Err("Credentials must be defined while using turn".to_owned());
        assert_eq!(check("turn:hostname.com", username, credential), expected);
    }
}

#[test]
fn valid_servers_are_taken_as_they_are() {
    let hosts = [
        "hostname.com",
        "hostname.com:9999",
        "1.2.3.4",
        "1.2.3.4:1234",
        "[1:2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:7:8]:4321",
        "localhost",
        "a-1.example.",
    ];
    for host in hosts {
        for scheme in ["stun", "stuns"] {
            let url = format!("{scheme}:{host}");
            assert_eq!(
                check(&url, None, None),
                Ok(IceServer {
                    url: url.clone(),
                    credentials: None
                })
            );
        }
        for scheme in ["turn", "turns"] {
            for query in ["", "?transport=tcp", "?transport=udp"] {
                let url = format!("{scheme}:{host}{query}");
                let server = check(&url, Some("anyuser"), Some("credential")).unwrap();
                assert_eq!(server.url, url);
                assert!(
                    matches!(server.credentials, Some(IceCredentials::Fixed { username, .. }) if username == "anyuser")
                );
            }
        }
    }
}

#[test]
fn a_shared_secret_stands_alone() {
    let server = ice::server("turn:hostname.com", None, None, Some("secret")).unwrap();
    assert_eq!(
        server.credentials,
        Some(IceCredentials::StaticAuthSecret("secret".into()))
    );
    for (username, credential) in [(Some("u"), None), (None, Some("c")), (Some("u"), Some("c"))] {
        assert!(ice::server("turn:hostname.com", username, credential, Some("secret")).is_err());
    }
}

#[test]
fn configured_servers() {
    assert_eq!(
        ice::parse_configured("url=turn:t.example.com:443?transport=tcp,username=u,credential=a=b")
            .unwrap(),
        IceServer {
            url: "turn:t.example.com:443?transport=tcp".into(),
            credentials: Some(IceCredentials::Fixed {
                username: "u".into(),
                credential: "a=b".into()
            }),
        }
    );
    assert_eq!(
        ice::parse_configured("url=turn:t.example.com,staticAuthSecret=s")
            .unwrap()
            .credentials,
        Some(IceCredentials::StaticAuthSecret("s".into()))
    );
    assert!(ice::parse_configured("url=stun:t.example.com").is_ok());
    for wrong in [
        "",
        "stun:t.example.com",
        "username=u",
        "url=stun:t.example.com,colour=blue",
        "url=turn:t.example.com",
    ] {
        assert!(ice::parse_configured(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn credentials_from_a_shared_secret_match_a_turn_server() {
    let server = ice::server("turn:t.example.com", None, None, Some("turnsecret")).unwrap();
    let views = ice::views(&[server], Timestamp(1_700_000_000_000), "con_XXKabc1234");
    assert_eq!(views[0].username.as_deref(), Some("1700086400:Kabc1234"));
    assert_eq!(
        views[0].credential.as_deref(),
        Some("Ufk3JTiABv0ritFvwWxBw2D2Y54=")
    );
    assert!(
        !format!("{views:?}").contains("Ufk3"),
        "logs must not give it away"
    );
}
