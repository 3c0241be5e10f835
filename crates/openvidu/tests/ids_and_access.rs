//! Shapes of ids and tokens, and the API's password.

#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conference::SessionId;
use openvidu::auth::Gate;
use openvidu::id;

fn has_shape(id: &str, prefix: &str, length: usize) -> bool {
    let Some(rest) = id.strip_prefix(prefix) else {
        return false;
    };
    rest.len() == length
        && rest.starts_with(|c: char| c.is_ascii_uppercase())
        && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

#[test]
fn ids_have_their_shape_whatever_the_random_bytes() {
    for byte in 0..=255 {
        assert!(has_shape(id::session_id(&[byte; 10]).as_str(), "ses_", 10));
        assert!(has_shape(
            id::connection_id(&[byte; 10]).as_str(),
            "con_",
            10
        ));
        let token = id::token("h", 443, &SessionId::new("S"), &[byte; 16]);
        assert!(has_shape(
            token.as_str(),
            "wss://h?sessionId=S&token=tok_",
            16
        ));
        let session = id::RpcSessionId::from_random(&[byte; 26]);
        assert_eq!(session.as_str().len(), 26);
        assert!(
            !format!("{session:?}").contains(session.as_str()),
            "logs must not give it away"
        );
    }
}

#[test]
fn different_bytes_make_different_ids() {
    let mut bytes = [0; 10];
    let first = id::connection_id(&bytes);
    bytes[9] = 1;
    assert_ne!(first, id::connection_id(&bytes));
}

#[test]
fn tokens_name_the_port_unless_it_is_443() {
    let token = |host, port| id::token(host, port, &SessionId::new("TestSession"), &[0; 16]);
    assert_eq!(
        token("localhost", 4443).as_str(),
        "wss://localhost:4443?sessionId=TestSession&token=tok_Aaaaaaaaaaaaaaaa"
    );
    assert_eq!(
        token("[2001:db8::1]", 443).as_str(),
        "wss://[2001:db8::1]?sessionId=TestSession&token=tok_Aaaaaaaaaaaaaaaa"
    );
}

#[test]
fn applications_may_choose_a_connection_id() {
    for (data, chosen) in [
        (
            r#"{"openviduCustomConnectionId":"alice_1"}"#,
            Some("con_alice_1"),
        ),
        (
            r#"{"openviduCustomConnectionId":"con_a-l i.c/é"}"#,
            Some("con_alic"),
        ),
        (r#"{"openviduCustomConnectionId":"---"}"#, None),
        (r#"{"openviduCustomConnectionId":7}"#, None),
        (r#"{"name":"openviduCustomConnectionId"}"#, None),
        (r#"["openviduCustomConnectionId"]"#, None),
        ("openviduCustomConnectionId", None),
        ("", None),
    ] {
        let id = id::custom_connection_id(data);
        assert_eq!(id.as_ref().map(|id| id.as_str()), chosen, "{data}");
    }
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[test]
fn the_gate_opens_for_the_one_pair() {
    let gate = Gate::new("MY_SECRET");
    assert!(gate.allows(Some(&basic("OPENVIDUAPP:MY_SECRET"))));
    assert!(gate.allows(Some(
        &basic("OPENVIDUAPP:MY_SECRET").replace("Basic", "basic")
    )));
}

#[test]
fn the_gate_stays_shut_for_everything_else() {
    let gate = Gate::new("MY_SECRET");
    let right = basic("OPENVIDUAPP:MY_SECRET");
    assert!(!gate.allows(None));
    for header in [
        basic("OPENVIDUAPP:WRONG_SECRET"),
        basic("OPENVIDUAPP:MY_SECRET2"),
        basic("OPENVIDUAPP:MY_SECRE"),
        basic("OPENVIDUAPP:"),
        basic("OPENVIDUAPP"),
        basic("openviduapp:MY_SECRET"),
        basic("OTHER:MY_SECRET"),
        basic(""),
        "".into(),
        "Basic".into(),
        "Basic !!!".into(),
        "Bearer MY_SECRET".into(),
        right.replace("Basic", "Digest"),
        right.replace(' ', ""),
    ] {
        assert!(!gate.allows(Some(&header)), "{header}");
    }
}
