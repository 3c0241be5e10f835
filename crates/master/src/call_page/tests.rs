use super::*;

#[test]
fn plain_names_are_rooms() {
    assert_eq!(
        room(br#"{"room":"Blue-room_7","nickname":"Ann"}"#).expect("a room"),
        "Blue-room_7"
    );
}

#[test]
fn anything_else_is_refused_with_what_was_expected() {
    let long = format!(r#"{{"room":"{}"}}"#, "a".repeat(65));
    for body in [
        "",
        "[]",
        "{}",
        r#"{"room":7}"#,
        r#"{"room":""}"#,
        r#"{"room":"a b"}"#,
        r#"{"room":"../x"}"#,
        &long,
    ] {
        let refusal = room(body.as_bytes()).expect_err(body).to_string();
        assert!(
            refusal.starts_with("expected JSON with a `room`"),
            "{refusal}"
        );
    }
}

#[test]
fn tokens_lead_where_the_page_was_opened() {
    let reached = |host: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header value"));
        reached_by(&headers)
    };
    assert_eq!(
        reached("192.0.2.1:4443"),
        Some(("192.0.2.1".to_owned(), 4443))
    );
    assert_eq!(
        reached("[2001:db8::1]:4443"),
        Some(("[2001:db8::1]".to_owned(), 4443))
    );
    assert_eq!(
        reached("call.example.com"),
        Some(("call.example.com".to_owned(), 443))
    );
    for nonsense in ["", "a b", "a/b", "a?token=x", ":4443", "a&b"] {
        assert_eq!(reached(nonsense), None, "{nonsense}");
    }
    assert_eq!(reached_by(&HeaderMap::new()), None);
}
