//! SRTP and SRTCP (RFC 3711, RFC 7714) with keys from DTLS (RFC 5764).
//!
//! [`contexts`] splits what DTLS exported into a [`Sealer`] for what we send and an [`Opener`] for what we receive.
//! Both work in place and never allocate per packet.
//!
//! The invariant of this module: a [`Sealer`] never seals two RTP packets with the same (SSRC, index), nor two RTCP
//! packets with the same index. Doing so once would give away the plaintext of both packets and, with GCM, the key
//! of the authentication.

mod cipher;
mod kdf;
mod open;
mod profile;
mod seal;
mod window;

pub use open::{MAX_SOURCES, OpenError, OpenedRtp, Opener};
pub use profile::{KeyError, Profile};
pub use seal::{MAX_STREAMS, SealError, Sealer, Stream};
pub use window::{Unfit, Window};

use cipher::{Cipher, Purpose};

/// First value that a packet index can not have: 32 bits of roll-over counter, 16 of sequence number.
pub const INDEX_END: u64 = 1 << 48;

/// Both directions of one DTLS-SRTP association.
///
/// `keying_material` is what RFC 5764 section 4.2 exports: client key, server key, client salt, server salt;
/// [`Profile::keying_material_len`] bytes. `active` tells that we were the DTLS client.
pub fn contexts(
    profile: Profile,
    keying_material: &[u8],
    active: bool,
) -> Result<(Sealer, Opener), KeyError> {
    let [client, server] = profile.split(keying_material)?;
    let (ours, theirs) = if active {
        (client, server)
    } else {
        (server, client)
    };
    let sealer = Sealer::new(
        Cipher::derive(profile, ours, Purpose::Rtp)?,
        Cipher::derive(profile, ours, Purpose::Rtcp)?,
    );
    let opener = Opener::new(
        Cipher::derive(profile, theirs, Purpose::Rtp)?,
        Cipher::derive(profile, theirs, Purpose::Rtcp)?,
    );
    Ok((sealer, opener))
}

#[cfg(test)]
mod tests;
