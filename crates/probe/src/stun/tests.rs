use super::*;

/// The answers of RFC 5769 sections 2.2 and 2.3, cut to XOR-MAPPED-ADDRESS, with the length set to fit.
const TRANSACTION: Transaction = [
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
];
const V4: [u8; 12] = [
    0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
];
const V6: [u8; 24] = [
    0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79,
    0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
];

fn response(kind: [u8; 2], attributes: &[u8]) -> Vec<u8> {
    let mut response = kind.to_vec();
    response.extend((attributes.len() as u16).to_be_bytes());
    response.extend(COOKIE);
    response.extend(TRANSACTION);
    response.extend(attributes);
    response
}

#[test]
fn a_request_is_a_header_alone() {
    let request = request(&TRANSACTION);
    assert_eq!(request[..8], [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    assert_eq!(request[8..], TRANSACTION);
}

#[test]
fn the_addresses_of_rfc_5769_are_read() {
    let v4 = "192.0.2.1:32853".parse().unwrap();
    assert_eq!(
        read(&response(BINDING_SUCCESS, &V4)),
        Said::Seen(TRANSACTION, v4)
    );
    let v6 = "[2001:db8:1234:5678:11:2233:4455:6677]:32853"
        .parse()
        .unwrap();
    assert_eq!(
        read(&response(BINDING_SUCCESS, &V6)),
        Said::Seen(TRANSACTION, v6)
    );
}

#[test]
fn attributes_before_the_address_are_passed_over() {
    let mut attributes = vec![0x80, 0x22, 0, 3, b'a', b'b', b'c', 0];
    attributes.extend(V4);
    let said = read(&response(BINDING_SUCCESS, &attributes));
    assert!(matches!(said, Said::Seen(..)), "{said:?}");
}

#[test]
fn a_refusal_has_its_code() {
    let attributes = [0x00, 0x09, 0x00, 0x04, 0, 0, 4, 20];
    let said = read(&response(BINDING_ERROR, &attributes));
    assert_eq!(said, Said::Refused(TRANSACTION, 420));
    let bare = read(&response(BINDING_ERROR, &[]));
    assert_eq!(bare, Said::Refused(TRANSACTION, 0));
}

#[test]
fn what_is_cut_or_changed_says_nothing() {
    let whole = response(BINDING_SUCCESS, &V6);
    for len in 0..whole.len() {
        assert_eq!(read(&whole[..len]), Said::Nothing, "{len} bytes");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert_eq!(read(&longer), Said::Nothing);
    assert_eq!(read(&request(&TRANSACTION)), Said::Nothing);
    assert_eq!(read(&response(BINDING_SUCCESS, &[])), Said::Nothing);
    for (at, value) in [(4, 0), (20, 0xff), (23, 0xff), (25, 3)] {
        let mut odd = whole.clone();
        odd[at] = value;
        assert_eq!(read(&odd), Said::Nothing, "byte {at} as {value}");
    }
}
