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
