//! What holds for every profile.

use super::*;

#[test]
fn both_directions_round_trip() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        for index in 0..50 {
            let body = Noise::new(index).bytes(index as usize * 20);
            for (from, to) in [
                (&mut client.0, &mut server.1),
                (&mut server.0, &mut client.1),
            ] {
                let mut packet = seal(from, SSRC, index, &body).unwrap();
                assert_eq!(packet.len(), 12 + body.len() + profile.tag_len());
                if body.len() > 8 {
                    assert_ne!(
                        packet[12..12 + body.len()],
                        body,
                        "{profile:?} sealed nothing"
                    );
                }
                let opened = to.open_rtp(&mut packet).unwrap();
                assert_eq!(opened.index, index);
                assert_eq!(packet[opened.body], body);

                let mut report = receiver_report(SSRC);
                from.seal_rtcp(&mut report).unwrap();
                assert_eq!(
                    report.len(),
                    receiver_report(SSRC).len() + from.rtcp_overhead()
                );
                assert_eq!(to.open_rtcp(&mut report).unwrap(), receiver_report(SSRC));
            }
        }
    }
}

#[test]
fn own_packets_do_not_open() {
    for profile in PROFILES {
        let [mut client, _] = ends(profile);
        let mut packet = seal(&mut client.0, SSRC, 1, b"hello").unwrap();
        assert_eq!(client.1.open_rtp(&mut packet), Err(OpenError::Forged));
        let mut report = receiver_report(SSRC);
        client.0.seal_rtcp(&mut report).unwrap();
        assert_eq!(client.1.open_rtcp(&mut report), Err(OpenError::Forged));
    }
}

#[test]
fn header_with_extension_and_csrc_is_authenticated_but_readable() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        let mut packet = plain_rtp(SSRC, 5, &[]);
        packet[0] |= 0x11;
        packet.extend([9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x10, 0x42, 0, 0]);
        let header = packet.clone();
        packet.extend(b"body");
        packet.resize(packet.len() + profile.tag_len(), 0);
        let stream = client.0.stream(SSRC).unwrap();
        client
            .0
            .seal_rtp(stream, &mut packet, header.len(), 4, 5)
            .unwrap();
        assert_eq!(packet[..header.len()], header);
        let mut changed = packet.clone();
        changed[header.len() - 3] ^= 1;
        assert_eq!(server.1.open_rtp(&mut changed), Err(OpenError::Forged));
        let opened = server.1.open_rtp(&mut packet).unwrap();
        assert_eq!(&packet[opened.body], b"body");
    }
}

#[test]
fn no_index_is_sealed_twice() {
    for profile in PROFILES {
        let [mut client, _] = ends(profile);
        let sealer = &mut client.0;
        seal(sealer, SSRC, 5000, b"a").unwrap();
        assert_eq!(seal(sealer, SSRC, 5000, b"b"), Err(SealError::Reused(5000)));
        seal(sealer, SSRC, 5002, b"c").unwrap();
        seal(sealer, SSRC, 5001, b"late, but new").unwrap();
        assert_eq!(seal(sealer, SSRC, 5001, b"d"), Err(SealError::Reused(5001)));
        assert_eq!(seal(sealer, SSRC, 5002, b"d"), Err(SealError::Reused(5002)));
        let old = 5002 - Window::SIZE;
        assert_eq!(seal(sealer, SSRC, old, b"e"), Err(SealError::TooOld(old)));
        seal(sealer, SSRC + 1, 5000, b"another SSRC has its own").unwrap();
        seal(
            sealer,
            SSRC,
            5002 + (1 << 16),
            b"same sequence number, later roll-over",
        )
        .unwrap();
    }
}

#[test]
fn sealed_indices_are_unique_under_random_order() {
    let [mut client, _] = ends(Profile::AeadAes128Gcm);
    let mut noise = Noise::new(3);
    let (mut near, mut sealed) = (70_000, std::collections::HashSet::new());
    for _ in 0..20_000 {
        near += noise.below(3);
        let index = near - noise.below(2000);
        if seal(&mut client.0, SSRC, index, b"x").is_ok() {
            assert!(sealed.insert(index), "{index} twice");
        }
    }
    assert!(sealed.len() > 5_000, "only {}", sealed.len());
}

#[test]
fn a_stream_seals_only_its_own_packets() {
    let [mut client, mut server] = ends(Profile::AeadAes256Gcm);
    let mine = client.0.stream(SSRC).unwrap();
    let other = client.0.stream(SSRC + 1).unwrap();
    assert_eq!(client.0.stream(SSRC), Ok(mine));
    let mut packet = plain_rtp(SSRC, 7, &[0; 32]);
    let untouched = packet.clone();
    assert_eq!(
        client.0.seal_rtp(other, &mut packet, 12, 16, 7),
        Err(SealError::WrongStream)
    );
    assert_eq!(
        server.0.seal_rtp(mine, &mut packet, 12, 16, 7),
        Err(SealError::WrongStream)
    );
    let wrong = SealError::WrongIndex {
        header: 7,
        index: 8,
    };
    assert_eq!(client.0.seal_rtp(mine, &mut packet, 12, 16, 8), Err(wrong));
    let no_room = SealError::NoRoom {
        needed: 45,
        got: 44,
    };
    assert_eq!(
        client.0.seal_rtp(mine, &mut packet, 12, 17, 7),
        Err(no_room)
    );
    assert!(
        client
            .0
            .seal_rtp(mine, &mut packet, 12, usize::MAX, 7)
            .is_err()
    );
    assert!(client.0.seal_rtp(mine, &mut packet, 11, 16, 7).is_err());
    assert_eq!(packet, untouched);
    assert_eq!(client.0.seal_rtp(mine, &mut packet, 12, 16, 7), Ok(44));
}

#[test]
fn index_spaces_end() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        seal(&mut client.0, SSRC, INDEX_END - 1, b"last").unwrap();
        assert_eq!(
            seal(&mut client.0, SSRC, INDEX_END, b"over"),
            Err(SealError::Exhausted)
        );

        client.0.set_rtcp_index((1 << 31) - 1);
        let mut report = receiver_report(SSRC);
        client.0.seal_rtcp(&mut report).unwrap();
        server.1.open_rtcp(&mut report).unwrap();
        let mut report = receiver_report(SSRC);
        assert_eq!(client.0.seal_rtcp(&mut report), Err(SealError::Exhausted));
        assert_eq!(report, receiver_report(SSRC));
    }
}

#[test]
fn replays_are_refused() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        let packets: Vec<_> = (1000..1200)
            .map(|i| seal(&mut client.0, SSRC, i, b"x").unwrap())
            .collect();
        for at in [150, 0, 149, 151, 199] {
            server.1.open_rtp(&mut packets[at].clone()).unwrap();
            let index = 1000 + at as u64;
            assert_eq!(
                server.1.open_rtp(&mut packets[at].clone()),
                Err(OpenError::Replayed(index))
            );
        }
        let mut far = seal(&mut client.0, SSRC, 1000 + Window::SIZE, b"x").unwrap();
        server.1.open_rtp(&mut far).unwrap();
        assert_eq!(
            server.1.open_rtp(&mut packets[0].clone()),
            Err(OpenError::TooOld)
        );

        let mut report = receiver_report(SSRC);
        client.0.seal_rtcp(&mut report).unwrap();
        server.1.open_rtcp(&mut report.clone()).unwrap();
        assert_eq!(server.1.open_rtcp(&mut report), Err(OpenError::Replayed(1)));
    }
}

#[test]
fn roll_over_is_followed_both_ways() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        for index in [
            65_530, 65_535, 65_537, 65_536, 65_534, 65_540, 98_000, 130_000, 131_073, 131_070,
        ] {
            let mut packet = seal(&mut client.0, SSRC, index, b"x").unwrap();
            let opened = server.1.open_rtp(&mut packet);
            assert_eq!(opened.map(|opened| opened.index), Ok(index), "{profile:?}");
        }
    }
}

#[test]
fn a_packet_from_before_the_first_roll_over_is_old() {
    let [mut client, mut server] = ends(Profile::AeadAes128Gcm);
    server
        .1
        .open_rtp(&mut seal(&mut client.0, SSRC, 3, b"x").unwrap())
        .unwrap();
    let mut stray = plain_rtp(SSRC, 65_535, &[0; 32]);
    assert_eq!(server.1.open_rtp(&mut stray), Err(OpenError::TooOld));
}

#[test]
fn tampering_is_noticed_and_changes_nothing() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        let packet = seal(&mut client.0, SSRC, 40_000, &[7; 60]).unwrap();
        for bit in 0..packet.len() * 8 {
            let mut changed = packet.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                server.1.open_rtp(&mut changed).is_err(),
                "{profile:?}: bit {bit}"
            );
        }
        server
            .1
            .open_rtp(&mut packet.clone())
            .expect("forgeries moved the window");

        let mut report = receiver_report(SSRC);
        client.0.seal_rtcp(&mut report).unwrap();
        for bit in 0..report.len() * 8 {
            let mut changed = report.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                server.1.open_rtcp(&mut changed).is_err(),
                "{profile:?}: bit {bit}"
            );
        }
        server
            .1
            .open_rtcp(&mut report)
            .expect("forgeries moved the window");
    }
}

#[test]
fn unencrypted_rtcp_is_refused() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        let mut report = receiver_report(SSRC);
        client.0.seal_rtcp(&mut report).unwrap();
        let at = if profile == Profile::Aes128CmHmacSha1_80 {
            14
        } else {
            4
        };
        let at = report.len() - at;
        report[at] &= 0x7f;
        assert_eq!(
            server.1.open_rtcp(&mut report),
            Err(OpenError::NotEncrypted)
        );
    }
}

#[test]
fn what_is_no_packet_is_called_so() {
    for profile in PROFILES {
        let [_, mut server] = ends(profile);
        let len = 11 + profile.tag_len();
        let mut short = plain_rtp(SSRC, 1, &vec![0; len - 12]);
        assert_eq!(server.1.open_rtp(&mut short), Err(OpenError::TooShort(len)));
        let mut wrong = vec![0; 40];
        wrong[40 - 14] = 0x80;
        wrong[40 - 4] = 0x80;
        assert_eq!(server.1.open_rtcp(&mut wrong), Err(OpenError::NotRtcp));
        let len = 7 + 4 + profile.tag_len();
        assert_eq!(
            server.1.open_rtcp(&mut vec![0x80; len]),
            Err(OpenError::TooShort(len))
        );
        let version = OpenError::NotRtp(crate::rtp::ParseError::Version(0));
        assert_eq!(server.1.open_rtp(&mut [0; 40]), Err(version));
    }
}

#[test]
fn tables_are_bounded() {
    let [mut client, mut server] = ends(Profile::AeadAes128Gcm);
    for ssrc in 0..MAX_STREAMS as u32 {
        let mut packet = seal(&mut client.0, ssrc, 1, b"x").unwrap();
        let mut report = receiver_report(ssrc);
        client.0.seal_rtcp(&mut report).unwrap();
        let expected = if ssrc < MAX_SOURCES as u32 {
            Ok(())
        } else {
            Err(OpenError::TooManySources)
        };
        assert_eq!(server.1.open_rtp(&mut packet).map(|_| ()), expected);
        assert_eq!(server.1.open_rtcp(&mut report).map(|_| ()), expected);
    }
    assert_eq!(client.0.stream(u32::MAX), Err(SealError::TooManyStreams));
    let mut known = seal(&mut client.0, 0, 2, b"x").unwrap();
    server.1.open_rtp(&mut known).unwrap();
}

#[test]
fn hostile_bytes_do_not_panic() {
    for profile in PROFILES {
        let [mut client, mut server] = ends(profile);
        let mut noise = Noise::new(11);
        for index in 0..3000 {
            let body = noise.bytes(40);
            let mut packet = seal(&mut client.0, SSRC, index, &body).unwrap();
            noise.damage(&mut packet);
            let _ = server.1.open_rtp(&mut packet);
            let mut report = receiver_report(SSRC);
            client.0.seal_rtcp(&mut report).unwrap();
            noise.damage(&mut report);
            let _ = server.1.open_rtcp(&mut report);
            let len = noise.below(40) as usize;
            assert!(server.1.open_rtp(&mut noise.bytes(len)).is_err());
            assert!(server.1.open_rtcp(&mut noise.bytes(len)).is_err());
        }
    }
    let [mut client, _] = ends(Profile::AeadAes128Gcm);
    assert_eq!(
        client.0.seal_rtcp(&mut vec![0; 7]),
        Err(SealError::NotRtcp(7))
    );
}

#[test]
fn keying_material_of_the_wrong_length_is_refused() {
    for profile in PROFILES {
        let expected = profile.keying_material_len();
        for got in [0, expected - 1, expected + 1] {
            let error = contexts(profile, &vec![1; got], true).err();
            assert_eq!(
                error,
                Some(KeyError::Length {
                    profile,
                    expected,
                    got
                })
            );
        }
    }
}
