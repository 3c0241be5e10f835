use super::*;

/// RFC 5769 section 2.4: a request with long-term authentication.
const RFC_5769: &str = "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382af\
    e382b90000 0015001c662f2f3439396b3935346436 4f4c33346f4c394653547679 3634734100140 00b6578616d706c652e6f726700\
    00080014f67024656dd64a3e02b8e0712e85c9a28ca89666";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

#[test]
fn test_vector_of_the_rfc_is_read_and_verified() {
    use md5::{Digest, Md5};
    let bytes = bytes(RFC_5769);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.method, method::BINDING);
    assert_eq!(message.class, Class::Request);
    assert_eq!(message.get(attribute::REALM), Some(&b"example.org"[..]));
    let name = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}";
    assert_eq!(message.get(attribute::USERNAME), Some(name.as_bytes()));
    let key: [u8; 16] = Md5::digest(format!("{name}:example.org:TheMatrIX")).into();
    assert!(message.is_signed_with(&key));
    assert!(!message.is_signed_with(b"another key"));
}

#[test]
fn what_follows_the_signature_is_not_believed() {
    let mut reply = Reply::default();
    let transaction = [7; 16];
    reply.begin(Class::Request, method::REFRESH, transaction);
    reply.sign(b"key");
    reply.put(attribute::LIFETIME, &[0; 4]);
    reply.finish();
    let message = Message::parse(reply.bytes()).unwrap();
    assert!(message.is_signed_with(b"key"));
    assert_eq!(message.get(attribute::LIFETIME), None);
}

#[test]
fn methods_and_classes_survive_the_way_through_the_header() {
    for method in [1, 3, 4, 6, 7, 8, 9, 0xfff] {
        for class in [
            Class::Request,
            Class::Indication,
            Class::Success,
            Class::Error,
        ] {
            let mut reply = Reply::default();
            reply.begin(class, method, [1; 16]);
            reply.finish();
            let message = Message::parse(reply.bytes()).unwrap();
            assert_eq!((message.class, message.method), (class, method));
        }
    }
}

#[test]
fn addresses_survive_masking_and_mapped_ones_are_ipv4() {
    for (addr, read) in [
        ("192.0.2.1:5", "192.0.2.1:5"),
        ("[2001:db8::1]:65535", "[2001:db8::1]:65535"),
        ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
    ] {
        let mut reply = Reply::default();
        let mut transaction = [9; 16];
        transaction[..4].copy_from_slice(&COOKIE);
        reply.begin(Class::Request, method::CHANNEL_BIND, transaction);
        reply.put_address(attribute::XOR_PEER_ADDRESS, addr.parse().unwrap());
        reply.finish();
        let message = Message::parse(reply.bytes()).unwrap();
        let value = message.get(attribute::XOR_PEER_ADDRESS).unwrap();
        assert_eq!(message.address(value), Some(read.parse().unwrap()));
    }
}

#[test]
fn a_data_indication_is_a_message_with_the_peer_and_the_data() {
    for peer in ["192.0.2.1:5", "[2001:db8::1]:6"] {
        let peer = peer.parse().unwrap();
        let mut transaction = [3; 16];
        transaction[..4].copy_from_slice(&COOKIE);
        for len in 0..9 {
            let (head, head_len) = data_indication(transaction, peer, len);
            let mut whole = head[..head_len].to_vec();
            whole.extend(vec![0xaa; len]);
            whole.resize(whole.len().next_multiple_of(4), 0);
            let message = Message::parse(&whole).unwrap();
            assert_eq!(
                (message.class, message.method),
                (Class::Indication, method::DATA)
            );
            let value = message.get(attribute::XOR_PEER_ADDRESS).unwrap();
            assert_eq!(message.address(value), Some(peer));
            assert_eq!(message.get(attribute::DATA), Some(&vec![0xaa; len][..]));
        }
    }
}
