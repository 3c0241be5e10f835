//! One session key: how bytes are sealed and opened, not which index they get.

use aws_lc_rs::cipher::EncryptingKey;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use ring::aead;

use super::kdf::{self, Label};
use super::profile::{KeyError, Master, Profile};

/// Which of the two protocols a key is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Rtp,
    Rtcp,
}

/// The library refused, or the tag was wrong.
#[derive(Debug)]
pub(super) struct Failed;

/// The index and the source that make a nonce.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) ssrc: [u8; 4],
    /// 48 bits for RTP, 31 for RTCP.
    pub(super) index: u64,
}

/// A session key with its salt.
///
/// The cached schedules make the variants differ in size; there are two per transport, so that costs nothing.
#[allow(clippy::large_enum_variant)]
pub(super) enum Cipher {
    /// RFC 7714.
    Gcm {
        key: aead::LessSafeKey,
        salt: [u8; 12],
    },
    /// RFC 3711 sections 4.1.1 and 4.2.1.
    CounterMac {
        key: EncryptingKey,
        salt: [u8; 14],
        mac: hmac::Key,
    },
}

const GCM_TAG: usize = 16;
const MAC_TAG: usize = 10;
const MAC_KEY: usize = 20;
/// E bit and SRTCP index.
pub(super) const RTCP_INDEX: usize = 4;

impl Cipher {
    pub(super) fn derive(
        profile: Profile,
        master: Master<'_>,
        purpose: Purpose,
    ) -> Result<Cipher, KeyError> {
        let (key_label, auth_label, salt_label) = match purpose {
            Purpose::Rtp => (Label::RtpKey, Label::RtpAuth, Label::RtpSalt),
            Purpose::Rtcp => (Label::RtcpKey, Label::RtcpAuth, Label::RtcpSalt),
        };
        let (mut key, mut salt, mut auth) = ([0; 32], [0; 14], [0; MAC_KEY]);
        let (key, salt) = (
            &mut key[..profile.key_len()],
            &mut salt[..profile.salt_len()],
        );
        let refused = |_| KeyError::Refused(profile);
        kdf::derive(master, key_label, key).map_err(refused)?;
        kdf::derive(master, auth_label, &mut auth).map_err(refused)?;
        kdf::derive(master, salt_label, salt).map_err(refused)?;
        Cipher::new(profile, key, salt, &auth)
    }

    /// From session keys. `auth` is only used where the profile has no AEAD.
    pub(super) fn new(
        profile: Profile,
        key: &[u8],
        salt: &[u8],
        auth: &[u8],
    ) -> Result<Cipher, KeyError> {
        let refused = KeyError::Refused(profile);
        let algorithm = match profile {
            Profile::Aes128CmHmacSha1_80 => {
                return Ok(Cipher::CounterMac {
                    key: kdf::counter_key(key).map_err(|_| refused)?,
                    salt: salt.try_into().map_err(|_| refused)?,
                    mac: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth),
                });
            }
            Profile::AeadAes128Gcm => &aead::AES_128_GCM,
            Profile::AeadAes256Gcm => &aead::AES_256_GCM,
        };
        let key = aead::UnboundKey::new(algorithm, key).map_err(|_| refused)?;
        Ok(Cipher::Gcm {
            key: aead::LessSafeKey::new(key),
            salt: salt.try_into().map_err(|_| refused)?,
        })
    }

    #[inline]
    pub(super) fn tag_len(&self) -> usize {
        match self {
            Cipher::Gcm { .. } => GCM_TAG,
            Cipher::CounterMac { .. } => MAC_TAG,
        }
    }

    /// Seals `body` in place and writes the tag. `tag` is exactly [`Cipher::tag_len`] long.
    #[inline]
    pub(super) fn seal_rtp(
        &self,
        place: Place,
        header: &[u8],
        body: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Failed> {
        match self {
            Cipher::Gcm { key, salt } => gcm_seal(key, rtp_nonce(salt, place), header, body, tag),
            Cipher::CounterMac { key, salt, mac } => {
                kdf::counter_mode(key, counter_start(salt, place), body).map_err(|_| Failed)?;
                tag.copy_from_slice(&rtp_mac(mac, place, header, body).as_ref()[..MAC_TAG]);
                Ok(())
            }
        }
    }

    /// Opens `sealed`, body and tag, in place. The plaintext is what comes before the tag.
    #[inline]
    pub(super) fn open_rtp(
        &self,
        place: Place,
        header: &[u8],
        sealed: &mut [u8],
    ) -> Result<(), Failed> {
        match self {
            Cipher::Gcm { key, salt } => gcm_open(key, rtp_nonce(salt, place), header, sealed),
            Cipher::CounterMac { key, salt, mac } => {
                let at = sealed.len().checked_sub(MAC_TAG).ok_or(Failed)?;
                let (body, tag) = sealed.split_at_mut(at);
                let expected = rtp_mac(mac, place, header, body);
                verify_slices_are_equal(&expected.as_ref()[..MAC_TAG], tag).map_err(|_| Failed)?;
                kdf::counter_mode(key, counter_start(salt, place), body).map_err(|_| Failed)
            }
        }
    }

    /// Seals all behind the first eight bytes and appends tag and index.
    pub(super) fn seal_rtcp(&self, place: Place, packet: &mut Vec<u8>) -> Result<(), Failed> {
        let trailer = rtcp_trailer(place.index);
        let len = packet.len();
        if len < 8 {
            return Err(Failed);
        }
        match self {
            Cipher::Gcm { key, salt } => {
                packet.resize(len + GCM_TAG, 0);
                let (plain, tag) = packet.split_at_mut(len);
                let (header, body) = plain.split_at_mut(8);
                gcm_seal(
                    key,
                    rtcp_nonce(salt, place),
                    &rtcp_associated(header, trailer),
                    body,
                    tag,
                )?;
                packet.extend_from_slice(&trailer);
            }
            Cipher::CounterMac { key, salt, mac } => {
                kdf::counter_mode(key, counter_start(salt, place), &mut packet[8..])
                    .map_err(|_| Failed)?;
                packet.extend_from_slice(&trailer);
                let tag = hmac::sign(mac, packet);
                packet.extend_from_slice(&tag.as_ref()[..MAC_TAG]);
            }
        }
        Ok(())
    }

    /// Where the four bytes of E bit and index lie in an SRTCP packet of this length.
    pub(super) fn rtcp_index_at(&self, len: usize) -> Option<usize> {
        let behind = match self {
            Cipher::Gcm { .. } => RTCP_INDEX,
            Cipher::CounterMac { .. } => RTCP_INDEX + MAC_TAG,
        };
        let before = match self {
            Cipher::Gcm { .. } => 8 + GCM_TAG,
            Cipher::CounterMac { .. } => 8,
        };
        len.checked_sub(behind).filter(|at| *at >= before)
    }

    /// Opens an encrypted SRTCP packet in place. Returns how long the plain packet is.
    pub(super) fn open_rtcp(&self, place: Place, packet: &mut [u8]) -> Result<usize, Failed> {
        let at = self.rtcp_index_at(packet.len()).ok_or(Failed)?;
        match self {
            Cipher::Gcm { key, salt } => {
                let (sealed, trailer) = packet.split_at_mut(at);
                let (header, sealed) = sealed.split_at_mut(8);
                let trailer = [trailer[0], trailer[1], trailer[2], trailer[3]];
                gcm_open(
                    key,
                    rtcp_nonce(salt, place),
                    &rtcp_associated(header, trailer),
                    sealed,
                )?;
                Ok(at - GCM_TAG)
            }
            Cipher::CounterMac { key, salt, mac } => {
                let (signed, tag) = packet.split_at_mut(at + RTCP_INDEX);
                let expected = hmac::sign(mac, signed);
                verify_slices_are_equal(&expected.as_ref()[..MAC_TAG], tag).map_err(|_| Failed)?;
                kdf::counter_mode(key, counter_start(salt, place), &mut signed[8..at])
                    .map_err(|_| Failed)?;
                Ok(at)
            }
        }
    }
}

#[inline]
fn gcm_seal(
    key: &aead::LessSafeKey,
    nonce: aead::Nonce,
    associated: &[u8],
    body: &mut [u8],
    tag: &mut [u8],
) -> Result<(), Failed> {
    let made = key
        .seal_in_place_separate_tag(nonce, aead::Aad::from(associated), body)
        .map_err(|_| Failed)?;
    tag.copy_from_slice(made.as_ref());
    Ok(())
}

#[inline]
fn gcm_open(
    key: &aead::LessSafeKey,
    nonce: aead::Nonce,
    associated: &[u8],
    sealed: &mut [u8],
) -> Result<(), Failed> {
    key.open_in_place(nonce, aead::Aad::from(associated), sealed)
        .map(|_| ())
        .map_err(|_| Failed)
}

/// RFC 7714 section 8.1: two zeroes, SSRC, roll-over counter, sequence number, all under the salt.
#[inline]
fn rtp_nonce(salt: &[u8; 12], place: Place) -> aead::Nonce {
    let mut nonce = *salt;
    mix(&mut nonce[2..6], &place.ssrc);
    mix(&mut nonce[6..12], &place.index.to_be_bytes()[2..]);
    aead::Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714 section 9.1: two zeroes, SSRC, two zeroes, SRTCP index, all under the salt.
fn rtcp_nonce(salt: &[u8; 12], place: Place) -> aead::Nonce {
    let mut nonce = *salt;
    mix(&mut nonce[2..6], &place.ssrc);
    mix(&mut nonce[8..12], &place.index.to_be_bytes()[4..]);
    aead::Nonce::assume_unique_for_key(nonce)
}

/// RFC 3711 section 4.1.1: salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16.
#[inline]
fn counter_start(salt: &[u8; 14], place: Place) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(salt);
    mix(&mut iv[4..8], &place.ssrc);
    mix(&mut iv[8..14], &place.index.to_be_bytes()[2..]);
    iv
}

#[inline]
fn mix(into: &mut [u8], with: &[u8]) {
    for (into, with) in into.iter_mut().zip(with) {
        *into ^= with;
    }
}

/// The tag of RFC 3711 section 4.2: over the packet and the roll-over counter, which is not in it.
fn rtp_mac(key: &hmac::Key, place: Place, header: &[u8], body: &[u8]) -> hmac::Tag {
    let roll_over = ((place.index >> 16) as u32).to_be_bytes();
    let mut context = hmac::Context::with_key(key);
    context.update(header);
    context.update(body);
    context.update(&roll_over);
    context.sign()
}

fn rtcp_trailer(index: u64) -> [u8; RTCP_INDEX] {
    (index as u32 | 1 << 31).to_be_bytes()
}

/// What RFC 7714 section 9.2 authenticates besides the body: the header, and E bit with index.
fn rtcp_associated(header: &[u8], trailer: [u8; RTCP_INDEX]) -> [u8; 12] {
    let mut associated = [0; 12];
    associated[..8].copy_from_slice(&header[..8]);
    associated[8..].copy_from_slice(&trailer);
    associated
}

#[cfg(test)]
impl Cipher {
    /// Key stream from block `start` of this place, to compare with published ones.
    pub(super) fn key_stream(&self, place: Place, skip: u16, out: &mut [u8]) {
        let Cipher::CounterMac { key, salt, .. } = self else {
            panic!("only counter mode has a key stream")
        };
        let mut iv = counter_start(salt, place);
        iv[14..].copy_from_slice(&skip.to_be_bytes());
        out.fill(0);
        kdf::counter_mode(key, iv, out).expect("key of the right length");
    }
}
