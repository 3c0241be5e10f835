//! `POST /signal`.

use conference::{ConnectionId, Signal};
use openvidu::rest::parse_signal;

#[test]
fn signals_get_the_prefix_that_makes_them_heard() {
    for (given, heard) in [
        ("MY_TYPE", "signal:MY_TYPE"),
        ("signal:MY_TYPE", "signal:MY_TYPE"),
        ("signalling", "signal:signalling"),
        ("", "signal:"),
    ] {
        let body = format!(r#"{{"session":"S","to":["con_A"],"type":"{given}","data":"DATA"}}"#);
        let request = parse_signal(body.as_bytes()).unwrap();
        assert_eq!(request.session.as_str(), "S");
        assert_eq!(
            request.signal,
            Signal {
                to: vec![ConnectionId::new("con_A")],
                kind: Some(heard.into()),
                data: Some("DATA".into())
            }
        );
    }
}

#[test]
fn only_the_session_is_mandatory() {
    for body in [
        r#"{"session":"S"}"#,
        r#"{"session":"S","to":null,"type":null,"data":null}"#,
        r#"{"session":"S","to":[]}"#,
    ] {
        let request = parse_signal(body.as_bytes()).unwrap();
        assert_eq!(
            request.signal,
            Signal {
                to: vec![],
                kind: None,
                data: None
            }
        );
    }
}

#[test]
fn wrong_bodies_are_refused() {
    for body in [
        "",
        "{}",
        r#"{"session":true}"#,
        r#"{"session":"S","to":12}"#,
        r#"{"session":"S","to":[1]}"#,
        r#"{"session":"S","to":[null]}"#,
        r#"{"session":"S","to":[],"data":false}"#,
        r#"{"session":"S","to":[],"data":"SERVERMESSAGE","type":true}"#,
    ] {
        assert_eq!(
            parse_signal(body.as_bytes()).unwrap_err().status,
            400,
            "{body}"
        );
    }
}
