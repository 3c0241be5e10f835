/// An SRTP protection profile (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`: what every old client knows. About three times the cost of GCM.
    Aes128CmHmacSha1_80,
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    AeadAes256Gcm,
}

/// Why no context could be made of some keying material.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The DTLS exporter was asked for another length or another profile.
    #[error(
        "expected {expected} bytes of keying material for {profile:?}, got {got}: export exactly that many"
    )]
    Length {
        #[allow(missing_docs)]
        profile: Profile,
        #[allow(missing_docs)]
        expected: usize,
        #[allow(missing_docs)]
        got: usize,
    },
    /// The crypto library refused a key of the right length.
    #[error("the crypto library refused the key of {0:?}: renegotiate")]
    Refused(Profile),
}

/// Key and salt of one direction, before derivation.
#[derive(Clone, Copy)]
pub(super) struct Master<'a> {
    pub(super) key: &'a [u8],
    pub(super) salt: &'a [u8],
}

impl Profile {
    /// Bytes of a master key and of a session key.
    pub const fn key_len(self) -> usize {
        match self {
            Profile::Aes128CmHmacSha1_80 | Profile::AeadAes128Gcm => 16,
            Profile::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of a master salt.
    pub const fn salt_len(self) -> usize {
        match self {
            Profile::Aes128CmHmacSha1_80 => 14,
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => 12,
        }
    }

    /// Bytes of an authentication tag.
    pub const fn tag_len(self) -> usize {
        match self {
            Profile::Aes128CmHmacSha1_80 => 10,
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => 16,
        }
    }

    /// Bytes to ask of the DTLS exporter.
    pub const fn keying_material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    /// The client's and the server's master.
    pub(super) fn split(self, material: &[u8]) -> Result<[Master<'_>; 2], KeyError> {
        let expected = self.keying_material_len();
        if material.len() != expected {
            return Err(KeyError::Length {
                profile: self,
                expected,
                got: material.len(),
            });
        }
        let (client_key, rest) = material.split_at(self.key_len());
        let (server_key, rest) = rest.split_at(self.key_len());
        let (client_salt, server_salt) = rest.split_at(self.salt_len());
        Ok([
            Master {
                key: client_key,
                salt: client_salt,
            },
            Master {
                key: server_key,
                salt: server_salt,
            },
        ])
    }
}
