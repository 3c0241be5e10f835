use super::cipher::{Cipher, Place};
use super::kdf::{self, Label};
use super::profile::Master;
use super::*;
use crate::noise::Noise;

mod laws;
mod published;
mod window;

const PROFILES: [Profile; 3] = [
    Profile::Aes128CmHmacSha1_80,
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
];

const SSRC: u32 = 0x1234_5678;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|digit| (digit as char).to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Two ends of one association: the first is the DTLS client.
fn ends(profile: Profile) -> [(Sealer, Opener); 2] {
    let material = Noise::new(7).bytes(profile.keying_material_len());
    [true, false].map(|active| contexts(profile, &material, active).unwrap())
}

fn plain_rtp(ssrc: u32, index: u64, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend((index as u16).to_be_bytes());
    packet.extend(1000_u32.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(body);
    packet
}

fn seal(sealer: &mut Sealer, ssrc: u32, index: u64, body: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut packet = plain_rtp(ssrc, index, body);
    packet.resize(packet.len() + sealer.rtp_overhead(), 0);
    let stream = sealer.stream(ssrc)?;
    let len = sealer.seal_rtp(stream, &mut packet, 12, body.len(), index)?;
    assert_eq!(len, packet.len());
    Ok(packet)
}

fn receiver_report(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0x81, 206, 0, 2]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend([1, 2, 3, 4]);
    packet
}
