use super::*;

#[test]
fn the_first_octet_tells_turn_from_http() {
    // Requests and indications, answers.
    for first in [0x00, 0x01] {
        assert!(is_turn(first), "{first:#x}");
    }
    for method in [
        "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get",
    ] {
        assert!(!is_turn(method.as_bytes()[0]), "{method}");
    }
    // A new TLS handshake, a blank line, what is no protocol at all.
    for first in [0x16, b'\r', b'\n', 0x80, 0xff] {
        assert!(!is_turn(first), "{first:#x}");
    }
}
