//! Vectors of RFC 3711 appendix B and RFC 7714 sections 16 and 17.

use super::*;

const KEY: &str = "000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f";
const SALT: &str = "51756964 2070726f 2071756f";
const RTP: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
    69736120 696e2070 61727465 73207472 6573";
const RTCP: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
    deadbeef deadbeef deadbeef deadbeef deadbeef";
const RTCP_INDEX: u32 = 0x5d4;

struct Vector {
    profile: Profile,
    rtp: &'static str,
    rtcp: &'static str,
}

const VECTORS: [Vector; 2] = [
    Vector {
        profile: Profile::AeadAes128Gcm,
        rtp: "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
            42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
        rtcp: "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
            730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
    },
    Vector {
        profile: Profile::AeadAes256Gcm,
        rtp: "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3
            b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
        rtcp: "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1
            110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
    },
];

fn session(profile: Profile) -> Cipher {
    Cipher::new(profile, &hex(KEY)[..profile.key_len()], &hex(SALT), &[]).unwrap()
}

#[test]
fn rfc7714_section_16_rtp() {
    for vector in VECTORS {
        let mut sealer = Sealer::new(session(vector.profile), session(vector.profile));
        let mut packet = hex(RTP);
        let body = packet.len() - 12;
        packet.resize(packet.len() + 16, 0);
        let stream = sealer.stream(0x5501_a0b2).unwrap();
        let len = sealer
            .seal_rtp(stream, &mut packet, 12, body, 0xf17b)
            .unwrap();
        assert_eq!(packet[..len], hex(vector.rtp));

        let mut opener = Opener::new(session(vector.profile), session(vector.profile));
        let opened = opener.open_rtp(&mut packet).unwrap();
        assert_eq!(
            opened,
            OpenedRtp {
                index: 0xf17b,
                body: 12..12 + body
            }
        );
        assert_eq!(packet[..12 + body], hex(RTP));
    }
}

#[test]
fn rfc7714_section_17_rtcp() {
    for vector in VECTORS {
        let mut sealer = Sealer::new(session(vector.profile), session(vector.profile));
        sealer.set_rtcp_index(RTCP_INDEX);
        let mut packet = hex(RTCP);
        sealer.seal_rtcp(&mut packet).unwrap();
        assert_eq!(packet, hex(vector.rtcp));

        let mut opener = Opener::new(session(vector.profile), session(vector.profile));
        assert_eq!(opener.open_rtcp(&mut packet).unwrap(), hex(RTCP));
    }
}

/// RFC 3711 appendix B.2.
#[test]
fn rfc3711_counter_mode() {
    let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
    let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
    let cipher = Cipher::new(Profile::Aes128CmHmacSha1_80, &key, &salt, &[]).unwrap();
    let place = Place {
        ssrc: [0; 4],
        index: 0,
    };
    let mut stream = [0; 48];
    cipher.key_stream(place, 0, &mut stream);
    let expected = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB
        41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream[..], hex(expected));
    cipher.key_stream(place, 0xfeff, &mut stream);
    let expected = "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE
        6A2CC3787889374FBEB4C81B17BA6C44";
    assert_eq!(stream[..], hex(expected));
}

/// RFC 3711 appendix B.3.
#[test]
fn rfc3711_key_derivation() {
    let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
    let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
    let derive = |label, len| {
        let mut out = vec![0xff; len];
        kdf::derive(
            Master {
                key: &key,
                salt: &salt,
            },
            label,
            &mut out,
        )
        .unwrap();
        out
    };
    assert_eq!(
        derive(Label::RtpKey, 16),
        hex("C61E7A93744F39EE10734AFE3FF7A087")
    );
    assert_eq!(
        derive(Label::RtpSalt, 14),
        hex("30CBBC08863D8C85D49DB34A9AE1")
    );
    let auth = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE
        E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25
        6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2";
    assert_eq!(derive(Label::RtpAuth, 94), hex(auth));
}

/// The packets with which libsrtp checks itself: the only published ones with this profile's tags.
#[test]
fn counter_mode_with_hmac_agrees_with_libsrtp() {
    let profile = Profile::Aes128CmHmacSha1_80;
    let [key, salt] = [
        "E1F97A0D3E018BE0D64FA32C06DE4139",
        "0EC675AD498AFEEBB6960B3AABE6",
    ]
    .map(hex);
    // The keys are the client's; what the client seals, the server opens.
    let material = [&key[..], &[1; 16], &salt, &[2; 14]].concat();
    let (mut sealer, _) = contexts(profile, &material, true).unwrap();
    let (_, mut opener) = contexts(profile, &material, false).unwrap();

    let plain = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
    let mut packet = plain.clone();
    packet.resize(packet.len() + 10, 0);
    let stream = sealer.stream(0xcafe_babe).unwrap();
    sealer
        .seal_rtp(stream, &mut packet, 12, 16, 0x1234)
        .unwrap();
    let sealed =
        "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb";
    assert_eq!(packet, hex(sealed));
    opener.open_rtp(&mut packet).unwrap();
    assert_eq!(packet[..28], plain);

    let plain = hex("81c8000b cafebabe abababab abababab abababab abababab");
    let mut packet = plain.clone();
    sealer.seal_rtcp(&mut packet).unwrap();
    let sealed =
        "81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 993e08cd 54d6c123 0798";
    assert_eq!(packet, hex(sealed));
    assert_eq!(opener.open_rtcp(&mut packet).unwrap(), plain);
}
