use super::*;
use crate::message::{Class, Reply, method};

const REALM: &str = "muster";

fn signed(name: &str, secret: &str) -> Reply {
    let user = User::parse(name.as_bytes()).unwrap();
    let key = user.key(REALM, &Secret::new(secret));
    let mut reply = Reply::default();
    reply.begin(Class::Request, method::ALLOCATE, [1; 16]);
    reply.sign(&key);
    reply.finish();
    reply
}

fn judged(name: &str, by: &str, secrets: &[&str], master_unix_ms: u64) -> Result<Key, Unfit> {
    let reply = signed(name, by);
    let message = Message::parse(reply.bytes()).unwrap();
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(secret)).collect();
    let user = User::parse(name.as_bytes()).unwrap();
    user.judge(&message, REALM, &secrets, master_unix_ms)
}

#[test]
fn current_and_previous_secret_are_accepted_and_no_other() {
    let secrets = ["current", "previous"];
    assert!(judged("1000:abc", "current", &secrets, 0).is_ok());
    assert!(judged("1000:abc", "previous", &secrets, 0).is_ok());
    assert_eq!(judged("1000:abc", "older", &secrets, 0), Err(Unfit::Forged));
}

#[test]
fn expiry_has_ninety_seconds_of_grace_and_not_one_more() {
    let until = 1_000_000 + GRACE_MS;
    assert!(judged("1000:abc", "s", &["s"], until).is_ok());
    assert_eq!(
        judged("1000:abc", "s", &["s"], until + 1),
        Err(Unfit::Expired)
    );
    assert!(judged("18446744073709551615:abc", "s", &["s"], until).is_ok());
}

#[test]
fn names_are_an_expiry_and_a_label_of_bounded_length() {
    assert_eq!(User::parse(b"12:abc").unwrap().label, "abc");
    assert_eq!(User::parse(b"12").unwrap().label, "12");
    assert_eq!(User::parse(b"12:").unwrap().label, "12:");
    let long = format!("12:{}", "x".repeat(126));
    for bad in [
        "",
        ":abc",
        "abc:12",
        "+5:abc",
        "-1:a",
        "99999999999999999999:a",
        &long,
    ] {
        assert_eq!(User::parse(bad.as_bytes()), Err(Unfit::Malformed), "{bad}");
    }
    assert_eq!(User::parse(&[0xff, b':']), Err(Unfit::Malformed));
}

/// The password of this pair was made by `openssl dgst -sha1 -hmac`.
#[test]
fn passwords_are_those_of_other_implementations() {
    let user = User::parse(b"1700000000:abc").unwrap();
    let key = user.key("muster", &Secret::new("secret"));
    let password = "JHgegmW+/B84iarkT5SFAOC1Iqw=";
    let expected: Key = Md5::digest(format!("1700000000:abc:muster:{password}")).into();
    assert_eq!(key, expected);
}
