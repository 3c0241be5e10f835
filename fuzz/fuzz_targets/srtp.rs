//! SRTP and SRTCP: bytes of a stranger's, packets changed on the way, packets sent twice.
//!
//! The first byte chooses the profile, the second what is changed. What follows are RFC 4571 frames: each is opened
//! as it is, and sealed, opened, replayed and opened with one bit changed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp;
use media::srtp::{OpenError, Opener, Profile, Sealer, contexts};

fuzz_target!(|data: &[u8]| {
    let [profile, change, frames @ ..] = data else {
        return;
    };
    let profile = match profile % 3 {
        0 => Profile::Aes128CmHmacSha1_80,
        1 => Profile::AeadAes128Gcm,
        _ => Profile::AeadAes256Gcm,
    };
    let material: Vec<u8> = (0..profile.keying_material_len() as u8).collect();
    let ours = contexts(profile, &material, true);
    let theirs = contexts(profile, &material, false);
    let (Ok((mut sealer, _)), Ok((_, mut opener))) = (ours, theirs) else {
        panic!("the material has the profile's length");
    };
    for frame in media_frames(frames) {
        stranger(&mut opener, frame);
        if rtp::is_rtcp(frame) {
            rtcp(&mut sealer, &mut opener, frame, *change);
        } else {
            rtp(&mut sealer, &mut opener, frame, *change);
        }
    }
});

fn media_frames(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = bytes.split_first_chunk::<2>()?;
        let (frame, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        bytes = rest;
        Some(frame)
    })
}

fn stranger(opener: &mut Opener, frame: &[u8]) {
    if rtp::is_rtcp(frame) {
        let _ = opener.open_rtcp(&mut frame.to_vec());
    } else if let Ok(opened) = opener.open_rtp(&mut frame.to_vec()) {
        assert!(opened.body.start <= opened.body.end && opened.body.end <= frame.len());
    }
}

fn rtp(sealer: &mut Sealer, opener: &mut Opener, plain: &[u8], change: u8) {
    let Ok(header) = rtp::Header::parse(plain) else {
        return;
    };
    let Ok(stream) = sealer.stream(header.ssrc) else {
        return;
    };
    let body = plain.len() - header.len;
    let mut packet = plain.to_vec();
    packet.resize(plain.len() + sealer.rtp_overhead(), 0);
    let index = header.sequence.into();
    let Ok(len) = sealer.seal_rtp(stream, &mut packet, header.len, body, index) else {
        return;
    };
    assert_eq!(len, packet.len());
    // Before the true one, so that it is the tag that refuses it and not the replay window.
    assert!(opener.open_rtp(&mut changed(&packet, change)).is_err());
    let mut first = packet.clone();
    match opener.open_rtp(&mut first) {
        Ok(opened) => assert_eq!(first[opened.body], plain[header.len..]),
        // The opener guesses another roll-over counter when it has seen far later packets.
        Err(error) => {
            let expected = matches!(
                error,
                OpenError::Forged
                    | OpenError::TooOld
                    | OpenError::TooManySources
                    | OpenError::Replayed(_)
            );
            assert!(expected, "{error}");
            return;
        }
    }
    let twice = opener.open_rtp(&mut packet.clone());
    assert_eq!(twice, Err(OpenError::Replayed(index)));
    let again = sealer.seal_rtp(stream, &mut packet, header.len, body, index);
    assert!(again.is_err(), "the same index was sealed twice");
}

fn rtcp(sealer: &mut Sealer, opener: &mut Opener, plain: &[u8], change: u8) {
    let mut packet = plain.to_vec();
    if sealer.seal_rtcp(&mut packet).is_err() {
        return;
    }
    assert_eq!(packet.len(), plain.len() + sealer.rtcp_overhead());
    assert!(opener.open_rtcp(&mut changed(&packet, change)).is_err());
    let mut first = packet.clone();
    match opener.open_rtcp(&mut first) {
        Ok(opened) => assert_eq!(opened, plain),
        Err(error) => {
            let expected = matches!(
                error,
                OpenError::NotRtcp
                    | OpenError::TooManySources
                    | OpenError::Replayed(_)
                    | OpenError::TooOld
            );
            assert!(expected, "{error}");
            return;
        }
    }
    assert!(matches!(
        opener.open_rtcp(&mut packet),
        Err(OpenError::Replayed(_))
    ));
}

/// One bit flipped somewhere.
fn changed(packet: &[u8], change: u8) -> Vec<u8> {
    let mut changed = packet.to_vec();
    let at = usize::from(change) * packet.len() / 256;
    changed[at] ^= 1 << (change % 8);
    changed
}
