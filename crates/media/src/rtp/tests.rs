use super::*;
use crate::noise::Noise;

const IDS: ExtensionIds = ExtensionIds {
    audio_level: Some(1),
    orientation: Some(13),
    playout_delay: Some(6),
    abs_send_time: Some(2),
    transport_cc: Some(3),
    mid: Some(4),
};
const FIELDS: Fields = Fields {
    payload_type: 111,
    marker: true,
    sequence: 0xfffe,
    timestamp: 0xdead_beef,
};

fn all_values() -> Values {
    Values {
        audio_level: Some(0x85),
        orientation: Some(3),
        playout_delay: Some([1, 2, 3]),
        abs_send_time: Some(0x0a_0b0c),
        transport_cc: Some(0x1234),
        mid: true,
    }
}

fn write(template: &Template, values: &Values) -> Vec<u8> {
    let mut out = [0xff; MAX_HEADER_LEN];
    let len = template.write(&mut out, FIELDS, values).unwrap();
    out[..len].to_vec()
}

#[test]
fn a_plain_header_is_twelve_bytes() {
    let template = Template::new(0x0102_0304, IDS, None);
    let expected = [0x80, 0xef, 0xff, 0xfe, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4];
    assert_eq!(write(&template, &Values::default()), expected);
    // Values for which nothing was negotiated leave no empty block behind.
    let bare = Template::new(0x0102_0304, ExtensionIds::default(), None);
    assert_eq!(write(&bare, &all_values()), expected);
}

#[test]
fn the_one_byte_form_is_as_published() {
    let template = Template::new(9, IDS, None);
    let level = Values {
        audio_level: Some(0x85),
        ..Values::default()
    };
    assert_eq!(
        write(&template, &level)[12..],
        [0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0]
    );
    assert_eq!(write(&template, &level)[0], 0x90);
}

#[test]
fn what_is_written_is_read() {
    let mid = Mid::new("0123456789abcdef").unwrap();
    let high = ExtensionIds {
        orientation: Some(200),
        ..IDS
    };
    for ids in [IDS, high] {
        let template = Template::new(77, ids, Some(mid));
        assert_eq!((template.ssrc(), template.ids()), (77, &ids));
        let mut bytes = write(&template, &all_values());
        assert!(bytes.len() <= MAX_HEADER_LEN);
        bytes.extend(b"payload");
        let packet = Packet::parse(&bytes).unwrap();
        let header = packet.header;
        assert_eq!((header.payload_type, header.marker), (111, true));
        assert_eq!(
            (header.sequence, header.timestamp, header.ssrc),
            (0xfffe, 0xdead_beef, 77)
        );
        assert_eq!(packet.payload, b"payload");
        assert_eq!(header.extensions.get(4), Some(mid.as_bytes()));
        let read = Values::read(&header.extensions, &ids);
        assert_eq!(
            read,
            Values {
                mid: false,
                ..all_values()
            }
        );
    }
}

#[test]
fn the_longest_header_fits() {
    let ids = ExtensionIds {
        mid: Some(15),
        ..IDS
    };
    let template = Template::new(1, ids, Some(Mid::new("0123456789abcdef").unwrap()));
    assert_eq!(write(&template, &all_values()).len(), MAX_HEADER_LEN);
    let mut short = [0; MAX_HEADER_LEN - 1];
    assert_eq!(
        template.write(&mut short, FIELDS, &Values::default()),
        Err(NoRoom(MAX_HEADER_LEN - 1))
    );
}

#[test]
fn id_zero_is_not_an_extension() {
    let ids = ExtensionIds {
        audio_level: Some(0),
        ..ExtensionIds::default()
    };
    assert_eq!(write(&Template::new(1, ids, None), &all_values()).len(), 12);
}

#[test]
fn mids_are_bounded() {
    assert_eq!(Mid::new(""), Err(MidError(0)));
    assert_eq!(Mid::new("0123456789abcdefg"), Err(MidError(17)));
    assert_eq!(Mid::new("v0").unwrap().as_bytes(), b"v0");
}

fn elements(profile: u16, data: &[u8]) -> Vec<(u8, Vec<u8>)> {
    Extensions::new(profile, data)
        .iter()
        .map(|(id, value)| (id, value.to_vec()))
        .collect()
}

#[test]
fn extension_blocks_are_read_as_rfc_8285_says() {
    let one = [0x10, 0xaa, 0, 0, 0x31, 1, 2, 0xf0, 9, 0x10];
    assert_eq!(
        elements(0xbede, &one),
        [(1, vec![0xaa]), (3, vec![1, 2])],
        "stops at id 15"
    );
    let two = [1, 0, 0, 20, 3, 7, 8, 9];
    assert_eq!(elements(0x1005, &two), [(1, vec![]), (20, vec![7, 8, 9])]);
    assert_eq!(elements(0xbede, &[0x13, 1, 2]), [], "claims four bytes");
    assert_eq!(elements(0x1000, &[1, 3, 1, 2]), [], "claims three bytes");
    assert_eq!(elements(0x1000, &[1]), [], "has no length");
    assert_eq!(elements(0x0000, &[0x10, 0xaa]), [], "another profile");
    // Id 0 with a length in the one-byte form is padding of one byte only if it is zero; otherwise it is skipped.
    assert_eq!(elements(0xbede, &[0x01, 5, 5, 0x10, 1]), [(1, vec![1])]);
}

#[test]
fn csrcs_padding_and_extensions_are_found() {
    let mut bytes = vec![0xb2, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    bytes.extend([1, 1, 1, 1, 2, 2, 2, 2]);
    bytes.extend([0xbe, 0xde, 0, 1, 0x10, 0x42, 0, 0]);
    bytes.extend(b"abc");
    bytes.extend([0, 0, 3]);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.header.csrcs, [1, 1, 1, 1, 2, 2, 2, 2]);
    assert_eq!(packet.header.len, 28);
    assert_eq!(packet.header.extensions.get(1), Some(&[0x42][..]));
    assert_eq!((packet.payload, packet.padding), (&b"abc"[..], 3));
    assert_eq!(header_len(&bytes), Ok(28));
    assert_eq!(
        header_len(&bytes[..27]),
        Err(ParseError::Truncated {
            needed: 28,
            got: 27
        })
    );
    assert_eq!(
        header_len(&bytes[..23]),
        Err(ParseError::Truncated {
            needed: 24,
            got: 23
        })
    );
    assert_eq!(
        header_len(&bytes[..19]),
        Err(ParseError::Truncated {
            needed: 20,
            got: 19
        })
    );
    assert_eq!(
        header_len(&[]),
        Err(ParseError::Truncated { needed: 12, got: 0 })
    );
    bytes[0] = 0x40;
    assert_eq!(Packet::parse(&bytes), Err(ParseError::Version(1)));
}

#[test]
fn lying_padding_is_refused() {
    let packet = |body: &[u8]| [&[0xa0, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3], body].concat();
    for (body, claimed) in [(&[1, 2, 0][..], 0), (&[1, 2, 4], 4), (&[], 0)] {
        let error = ParseError::Padding {
            payload: body.len(),
            claimed,
        };
        assert_eq!(Packet::parse(&packet(body)), Err(error));
    }
    let all_padding = packet(&[0, 0, 3]);
    assert_eq!(Packet::parse(&all_padding).unwrap().payload, []);
}

#[test]
fn hostile_bytes_do_not_panic_and_lengths_add_up() {
    let template = Template::new(5, IDS, Some(Mid::new("audio").unwrap()));
    let mut noise = Noise::new(1);
    let mut parsed = 0;
    for _ in 0..50_000 {
        let mut bytes = write(&template, &all_values());
        let len = noise.below(30) as usize;
        bytes.extend(noise.bytes(len));
        noise.damage(&mut bytes);
        let Ok(packet) = Packet::parse(&bytes) else {
            continue;
        };
        parsed += 1;
        assert_eq!(
            packet.header.len + packet.payload.len() + packet.padding,
            bytes.len()
        );
        let total: usize = packet
            .header
            .extensions
            .iter()
            .map(|(_, value)| value.len())
            .sum();
        assert!(total <= packet.header.len);
        let _ = Values::read(&packet.header.extensions, &IDS);
    }
    assert!(
        parsed > 10_000,
        "only {parsed} parsed: the damage is too great to test anything"
    );
}

#[test]
fn payload_types_map_only_what_was_negotiated() {
    let mut types: PayloadTypes = [(96, 120), (111, 109)].into_iter().collect();
    types.insert(97, 200);
    types.insert(200, 97);
    assert_eq!([96, 111].map(|pt| types.get(pt)), [Some(120), Some(109)]);
    assert_eq!(
        [0, 97, 127, 128, 200, 255].map(|pt| types.get(pt)),
        [None; 6]
    );
}

#[test]
fn extended_numbers_are_the_nearest() {
    assert_eq!(extend(5, 3), Some(5));
    assert_eq!(extend(0, 0xffff), Some(0x1_0000));
    assert_eq!(extend(0xffff, 0x1_0000), Some(0xffff));
    assert_eq!(extend(0xffff, 0), None);
    assert_eq!(extend(0xffff, u64::MAX - 0xffff), Some(u64::MAX - 0x1_0000));
    let mut noise = Noise::new(2);
    for _ in 0..10_000 {
        let reference = noise.below(1 << 40) + (1 << 16);
        let wanted = reference - 32_000 + noise.below(64_000);
        assert_eq!(extend(wanted as u16, reference), Some(wanted));
    }
}

#[test]
fn rtx_wraps_and_unwraps() {
    let mut out = [0; 10];
    assert_eq!(encapsulate(&mut out, 0x1234, b"payload!"), Some(10));
    assert_eq!(decapsulate(&out), Some((0x1234, &b"payload!"[..])));
    assert_eq!(encapsulate(&mut out, 1, b"too long."), None);
    assert_eq!(decapsulate(&[1]), None);
    assert_eq!(decapsulate(&[0, 1]), Some((1, &[][..])));
}

#[test]
fn rtx_numbers_follow_each_other_and_end() {
    let mut sequence = RtxSequence::new(0xffff);
    assert_eq!(
        [(); 3].map(|()| sequence.take()),
        [Some(0x7fff), Some(0x8000), Some(0x8001)]
    );
    let mut last = RtxSequence::ending();
    assert_eq!(
        [last.take(), last.take(), last.take()],
        [Some((1 << 48) - 1), None, None]
    );
}

#[test]
fn rtp_and_rtcp_are_told_apart() {
    let first_bytes = [0, 96, 191, 192, 200, 206, 223, 224, 255];
    let rtcp = first_bytes.map(|kind| is_rtcp(&[0x80, kind]));
    assert_eq!(
        rtcp,
        [false, false, false, true, true, true, true, false, false]
    );
    assert!(!is_rtcp(&[0x80]));
}
