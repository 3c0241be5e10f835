//! Session keys from master keys: RFC 3711 section 4.3 with a key derivation rate of 0, as DTLS-SRTP always has it.

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;

use super::profile::Master;

/// What a derived key is for (RFC 3711 section 4.3.1 and 4.3.2).
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Label {
    RtpKey = 0,
    RtpAuth = 1,
    RtpSalt = 2,
    RtcpKey = 3,
    RtcpAuth = 4,
    RtcpSalt = 5,
}

/// A schedule for AES in counter mode.
pub(super) fn counter_key(key: &[u8]) -> Result<EncryptingKey, Unspecified> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key)?)
}

/// Encrypts or decrypts `data`, whose first block has the counter `iv`.
pub(super) fn counter_mode(
    key: &EncryptingKey,
    iv: [u8; 16],
    data: &mut [u8],
) -> Result<(), Unspecified> {
    key.less_safe_encrypt(data, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map(|_| ())
}

/// Fills `out` with the key for `label`. A 96-bit salt is taken as followed by zeroes (RFC 7714 section 11).
pub(super) fn derive(master: Master<'_>, label: Label, out: &mut [u8]) -> Result<(), Unspecified> {
    let mut iv = [0; 16];
    let salt = master.salt.len().min(14);
    iv[..salt].copy_from_slice(&master.salt[..salt]);
    iv[7] ^= label as u8;
    out.fill(0);
    counter_mode(&counter_key(master.key)?, iv, out)
}
