use std::time::Duration;

use super::*;
use crate::noise::Noise;

const INFO: SenderInfo = SenderInfo {
    ssrc: 0x0102_0304,
    ntp: NtpTime(0x1122_3344_5566_7788),
    rtp_timestamp: 90_000,
    packets: 17,
    octets: 17_000,
};

fn read(bytes: &[u8]) -> Vec<Packet<'_>> {
    Compound::new(bytes).collect::<Result<_, _>>().unwrap()
}

fn built(build: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    build(&mut out);
    assert_eq!(out.len() % 4, 0);
    out
}

#[test]
fn a_sender_report_is_as_published() {
    let bytes = built(|out| sender_report(out, &INFO, "ab"));
    let expected = [
        0x80, 200, 0, 6, 1, 2, 3, 4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0, 1, 0x5f,
        0x90, 0, 0, 0, 17, 0, 0, 0x42, 0x68, 0x81, 202, 0, 3, 1, 2, 3, 4, 1, 2, b'a', b'b', 0, 0,
        0, 0,
    ];
    assert_eq!(bytes, expected);
    let [Packet::SenderReport(report), Packet::Sdes] = &read(&bytes)[..] else {
        panic!("not a report")
    };
    assert_eq!(
        (report.ssrc, report.ntp, report.rtp_timestamp),
        (INFO.ssrc, INFO.ntp, INFO.rtp_timestamp)
    );
    assert_eq!((report.packets, report.octets), (INFO.packets, INFO.octets));
    assert_eq!(report.blocks.clone().count(), 0);
}

#[test]
fn cnames_of_any_length_end_with_a_zero() {
    for len in 0..300 {
        let bytes = built(|out| sender_report(out, &INFO, &"é".repeat(len)));
        let sdes = &bytes[28..];
        let cname = usize::from(sdes[9]);
        assert_eq!(cname, (len * 2).min(254));
        assert!(sdes.len() > 10 + cname && sdes[10 + cname..].iter().all(|byte| *byte == 0));
        assert_eq!(read(&bytes).len(), 2);
    }
}

#[test]
fn reports_of_receivers_are_read() {
    let mut bytes = vec![0x82, 201, 0, 13, 0, 0, 0, 9];
    for ssrc in [7_u8, 8] {
        bytes.extend([
            0, 0, 0, ssrc, 128, 0xff, 0xff, 0xfe, 0, 2, 0xff, 0xff, 0, 0, 0, 5,
        ]);
        bytes.extend([0x33, 0x44, 0x55, 0x66, 0, 1, 0, 0]);
    }
    let [Packet::ReceiverReport(report)] = &read(&bytes)[..] else {
        panic!("not a report")
    };
    assert_eq!(report.ssrc, 9);
    let blocks: Vec<_> = report.blocks.clone().collect();
    let expected = Block {
        ssrc: 7,
        fraction_lost: 128,
        lost: -2,
        highest: 0x2_ffff,
        jitter: 5,
        last_report: 0x3344_5566,
        delay: 0x1_0000,
    };
    assert_eq!(
        blocks,
        [
            expected,
            Block {
                ssrc: 8,
                ..expected
            }
        ]
    );
    // Sent at .5566, held for a second, came back 1.5 s after it was sent.
    let now = NtpTime((0x3344_5566 + 0x1_8000_u64) << 16);
    assert_eq!(expected.round_trip(now), Some(0x8000));
    assert_eq!(
        expected.round_trip(NtpTime(0x3344_5566 << 16)),
        None,
        "held longer than it was away"
    );
    assert_eq!(
        Block {
            last_report: 0,
            ..expected
        }
        .round_trip(now),
        None
    );
}

#[test]
fn ntp_time_counts_from_1900() {
    let time = NtpTime::from_unix(Duration::from_millis(1_500));
    assert_eq!(time, NtpTime((2_208_988_801 << 32) | 0x8000_0000));
    assert_eq!(time.middle(), ((2_208_988_801_u64 << 16) | 0x8000) as u32);
}

#[test]
fn nacks_round_trip() {
    let bytes = built(|out| nack(out, 1, 2, [10, 11, 26, 27, 65_535, 3]));
    let entries = [0, 10, 0x80, 1, 0, 27, 0, 0, 0xff, 0xff, 0, 8];
    assert_eq!(
        bytes,
        [&[0x81, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2][..], &entries].concat()
    );
    let mut noise = Noise::new(5);
    for _ in 0..500 {
        let mut next = noise.next() as u16;
        let lost: Vec<u16> = (0..1 + noise.below(200))
            .map(|_| {
                next = next.wrapping_add(1 + noise.below(30) as u16);
                next
            })
            .collect();
        let bytes = built(|out| nack(out, 1, 2, lost.iter().copied()));
        let [Packet::Nack(found)] = &read(&bytes)[..] else {
            panic!("not a nack")
        };
        assert_eq!((found.sender, found.media), (1, 2));
        assert_eq!(found.lost.clone().collect::<Vec<_>>(), lost);
    }
    assert_eq!(built(|out| nack(out, 1, 2, [])), []);
    let many = built(|out| nack(out, 1, 2, (0..=65_535).step_by(20)));
    assert_eq!(many.len(), 12 + 4 * NACK_MAX);
    assert_eq!(read(&many).len(), 1);
}

#[test]
fn keyframe_requests_and_goodbyes_round_trip() {
    let bytes = built(|out| {
        pli(out, 1, 2);
        fir(out, 3, 4, 5);
        bye(out, &[6, 7]);
    });
    let packets = read(&bytes);
    let [Packet::Pli(pli), Packet::Fir(fir), Packet::Bye(bye)] = &packets[..] else {
        panic!("{packets:?}")
    };
    assert_eq!(
        *pli,
        Pli {
            sender: 1,
            media: 2
        }
    );
    assert_eq!(fir.sender, 3);
    assert_eq!(
        fir.entries.clone().collect::<Vec<_>>(),
        [FirEntry { ssrc: 4, number: 5 }]
    );
    assert_eq!(bye.clone().collect::<Vec<_>>(), [6, 7]);
    let many = built(|out| super::bye(out, &[9; 40]));
    assert_eq!(many.len(), 4 + 31 * 4);
}

#[test]
fn bandwidth_estimates_are_read() {
    let remb = |exponent: u8, high: u8, count: u8| {
        let mut bytes = vec![0x8f, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0];
        bytes.extend(b"REMB");
        bytes.extend([
            count,
            exponent << 2 | high,
            0x01,
            0x02,
            0,
            0,
            0,
            7,
            0,
            0,
            0,
            8,
        ]);
        bytes
    };
    let bytes = remb(3, 2, 2);
    let [Packet::Remb(found)] = &read(&bytes)[..] else {
        panic!("not a remb")
    };
    assert_eq!((found.sender, found.bitrate), (1, 0x2_0102 << 3));
    assert_eq!(found.ssrcs.clone().collect::<Vec<_>>(), [7, 8]);
    let bytes = remb(46, 2, 2);
    let [Packet::Remb(most)] = &read(&bytes)[..] else {
        panic!("not a remb")
    };
    assert_eq!(most.bitrate, 0x2_0102 << 46);
    let bytes = remb(47, 2, 2);
    let [Packet::Remb(huge)] = &read(&bytes)[..] else {
        panic!("not a remb")
    };
    assert_eq!(huge.bitrate, u64::MAX);
    assert!(
        Compound::new(&remb(0, 0, 3)).next().unwrap().is_err(),
        "counts more SSRCs than it has"
    );
    let mut other = remb(0, 0, 2);
    other[12] = b'X';
    assert_eq!(
        read(&other),
        [Packet::Other {
            kind: 206,
            count: 15
        }]
    );
}

#[test]
fn transport_feedback_is_handed_out_raw() {
    let bytes = [0x8f, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 7, 6];
    let expected = TransportCc {
        sender: 1,
        media: 2,
        fci: &[9, 8, 7, 6],
    };
    assert_eq!(read(&bytes), [Packet::TransportCc(expected)]);
}

#[test]
fn unknown_kinds_are_passed_over() {
    let bytes = [
        0x80, 204, 0, 0, 0x83, 207, 0, 1, 1, 1, 1, 1, 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2,
    ];
    let pli = Packet::Pli(Pli {
        sender: 1,
        media: 2,
    });
    assert_eq!(
        read(&bytes),
        [
            Packet::App,
            Packet::Other {
                kind: 207,
                count: 3
            },
            pli
        ]
    );
}

#[test]
fn padding_is_taken_off() {
    let mut bytes = vec![0xa1, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4];
    let [Packet::Bye(who)] = &read(&bytes)[..] else {
        panic!("not a bye")
    };
    assert_eq!(who.clone().collect::<Vec<_>>(), [7]);
    for claimed in [0, 3, 12, 255] {
        bytes[11] = claimed;
        let error = Malformed::Padding {
            len: 12,
            claimed: claimed.into(),
        };
        assert_eq!(Compound::new(&bytes).next(), Some(Err(error)));
    }
    bytes[11] = 8;
    let short = Malformed::Short {
        kind: 203,
        needed: 4,
        got: 0,
    };
    assert_eq!(Compound::new(&bytes).next(), Some(Err(short)));
}

#[test]
fn a_lie_ends_the_compound() {
    let good = built(|out| pli(out, 1, 2));
    let cases: [(&[u8], Malformed); 5] = [
        (
            &[0x80, 201, 0, 2, 0, 0, 0, 1],
            Malformed::Truncated { needed: 12, got: 8 },
        ),
        (&[0x80, 201, 0], Malformed::Truncated { needed: 4, got: 3 }),
        (
            &[0x81, 201, 0, 1, 0, 0, 0, 1],
            Malformed::Short {
                kind: 201,
                needed: 28,
                got: 4,
            },
        ),
        (
            &[0x81, 206, 0, 1, 0, 0, 0, 1],
            Malformed::Short {
                kind: 206,
                needed: 8,
                got: 4,
            },
        ),
        (&[0x01, 201, 0, 1, 0, 0, 0, 1], Malformed::Version(0)),
    ];
    for (bad, error) in cases {
        let bytes = [&good, bad].concat();
        let mut compound = Compound::new(&bytes);
        assert!(matches!(compound.next(), Some(Ok(Packet::Pli(_)))));
        assert_eq!(compound.next(), Some(Err(error)));
        assert_eq!(compound.next(), None);
    }
}

#[test]
fn hostile_bytes_do_not_panic_and_end() {
    let mut noise = Noise::new(9);
    for _ in 0..30_000 {
        let mut bytes = built(|out| {
            sender_report(out, &INFO, "cname");
            nack(out, 1, 2, [1, 2, 40]);
            fir(out, 1, 2, 3);
            out.extend([0x81, 201, 0, 7, 0, 0, 0, 9]);
            out.extend([0; 24]);
            out.extend([
                0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 3, 4, 5, 0, 0,
                0, 7,
            ]);
        });
        noise.damage(&mut bytes);
        let mut yielded = 0;
        for packet in Compound::new(&bytes).flatten() {
            yielded += 1 + walk(&packet);
        }
        assert!(
            yielded <= bytes.len() * 5,
            "{} bytes yield {yielded} items",
            bytes.len()
        );
    }
}

fn walk(packet: &Packet<'_>) -> usize {
    match packet {
        Packet::SenderReport(report) => report.blocks.clone().count(),
        Packet::ReceiverReport(report) => report.blocks.clone().count(),
        Packet::Nack(nack) => nack.lost.clone().count(),
        Packet::Fir(fir) => fir.entries.clone().count(),
        Packet::Remb(remb) => remb.ssrcs.clone().count(),
        Packet::Bye(ssrcs) => ssrcs.clone().count(),
        _ => 0,
    }
}
