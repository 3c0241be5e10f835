use super::*;

fn request(attributes: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    bytes.extend((attributes.len() as u16).to_be_bytes());
    bytes.extend(COOKIE);
    bytes.extend([7; 12]);
    bytes.extend(attributes);
    bytes
}

#[test]
fn user_and_nomination_are_read() {
    let bytes = request(&[
        0, 6, 0, 5, b'a', b'b', b':', b'c', b'd', 0, 0, 0, 0, 0x25, 0, 0,
    ]);
    let parsed = Request::parse(&bytes).expect("well-formed");
    assert_eq!(parsed.user, Some("ab"));
    assert!(parsed.use_candidate);
}

#[test]
fn every_cut_is_refused() {
    let bytes = request(&[0, 6, 0, 4, b'a', b'b', b':', b'c']);
    assert!(Request::parse(&bytes).is_some());
    for len in 0..bytes.len() {
        assert_eq!(Request::parse(&bytes[..len]), None, "{len} bytes");
    }
}

#[test]
fn attribute_beyond_the_end_is_refused() {
    assert_eq!(
        Request::parse(&request(&[0, 6, 0, 9, b'a', b'b', b':', b'c'])),
        None
    );
}

/// RFC 5769 section 2.2 has 192.0.2.1 port 32853 as a1 47 e1 12 a6 43 under the cookie.
#[test]
fn address_is_masked_as_in_the_test_vector() {
    let bytes = request(&[]);
    let parsed = Request::parse(&bytes).expect("well-formed");
    let answer = parsed.answer("192.0.2.1:32853".parse().expect("address"));
    assert_eq!(answer[..2], [1, 1]);
    assert_eq!(
        answer[20..],
        [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]
    );
}

#[test]
fn client_without_cookie_gets_a_plain_address() {
    let mut bytes = request(&[]);
    bytes[4..8].fill(9);
    let parsed = Request::parse(&bytes).expect("well-formed");
    let answer = parsed.answer("192.0.2.1:258".parse().expect("address"));
    assert_eq!(answer[20..], [0, 1, 0, 8, 0, 1, 1, 2, 192, 0, 2, 1]);
}
