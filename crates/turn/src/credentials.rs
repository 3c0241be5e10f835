//! Time-limited credentials: the "REST API" of TURN servers, as coturn and OpenVidu speak it.
//!
//! The user name is `expiry:label`, the expiry in Unix seconds; the password is the base64 of the HMAC-SHA1 of the user
//! name under a secret that the server shares with whoever hands credentials out.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::message::Message;

/// How late credentials may come, milliseconds.
pub const GRACE_MS: u64 = 90_000;
/// Bytes of a user name. Ours have about 20; RFC 8489 allows 508.
const NAME: usize = 128;

/// A secret that is shared with whoever hands credentials out. Its debug output does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    #[allow(missing_docs)]
    pub fn new(secret: &str) -> Self {
        Self(secret.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What requests of a user are signed with (RFC 8489 section 9.2.2).
pub type Key = [u8; 16];

/// Why a user is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Not `expiry:label`, or too long.
    Malformed,
    /// The time is over.
    Expired,
    /// Signed with none of the secrets.
    Forged,
}

/// Who a user name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    /// All of it.
    pub name: &'a str,
    /// After the colon; the name itself if nothing is there.
    pub label: &'a str,
    /// Unix seconds.
    expiry: u64,
}

impl<'a> User<'a> {
    /// Takes a USERNAME apart.
    pub fn parse(name: &'a [u8]) -> Result<Self, Unfit> {
        let name = std::str::from_utf8(name).map_err(|_| Unfit::Malformed)?;
        let (expiry, label) = name.split_once(':').unwrap_or((name, name));
        let digits = expiry.bytes().all(|byte| byte.is_ascii_digit());
        let expiry = expiry.parse().ok().filter(|_| digits);
        let expiry = expiry.filter(|_| name.len() <= NAME);
        Ok(Self {
            name,
            label: if label.is_empty() { name } else { label },
            expiry: expiry.ok_or(Unfit::Malformed)?,
        })
    }

    /// The key with which `message` is signed, if it is one of `secrets` that made it and it is not too late.
    pub fn judge(
        &self,
        message: &Message<'_>,
        realm: &str,
        secrets: &[Secret],
        master_unix_ms: u64,
    ) -> Result<Key, Unfit> {
        let keys = secrets.iter().map(|secret| self.key(realm, secret));
        let key = keys.into_iter().find(|key| message.is_signed_with(key));
        let key = key.ok_or(Unfit::Forged)?;
        let until = self.expiry.saturating_mul(1000).saturating_add(GRACE_MS);
        if master_unix_ms > until {
            return Err(Unfit::Expired);
        }
        Ok(key)
    }

    fn key(&self, realm: &str, secret: &Secret) -> Key {
        let made = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.0.as_bytes());
        let password = STANDARD.encode(hmac::sign(&made, self.name.as_bytes()));
        let mut digest = Md5::new();
        for part in [self.name, ":", realm, ":", &password] {
            digest.update(part.as_bytes());
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests;
