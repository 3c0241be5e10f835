//! Nonces that need no memory: a time until which they are good, signed together with the client they are for.

use aws_lc_rs::hmac;

use crate::tuple::Tuple;

/// How long one is good for, seconds. RFC 8489 section 9.2 wants an hour at least.
const LIFETIME: u64 = 3600;
const TIME: usize = 8;
const SIGNATURE: usize = 16;

/// Makes nonces and knows its own.
pub struct Nonces(hmac::Key);

impl Nonces {
    /// With a key that nobody can guess.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// For a client: printable, as long for all.
    pub fn make(&self, unix_ms: u64, client: &Tuple) -> String {
        let until = (unix_ms / 1000 + LIFETIME) as u32;
        format!("{until:08x}{:016x}", self.sign(until, client))
    }

    /// Whether it was made for this client and is still good.
    pub fn is_good(&self, unix_ms: u64, client: &Tuple, nonce: &[u8]) -> bool {
        let Some(nonce) = std::str::from_utf8(nonce)
            .ok()
            .filter(|nonce| nonce.len() == TIME + SIGNATURE && nonce.is_ascii())
        else {
            return false;
        };
        let (until, signature) = nonce.split_at(TIME);
        let until = u32::from_str_radix(until, 16);
        let signature = u64::from_str_radix(signature, 16);
        let (Ok(until), Ok(signature)) = (until, signature) else {
            return false;
        };
        self.sign(until, client) == signature && u64::from(until) >= unix_ms / 1000
    }

    fn sign(&self, until: u32, client: &Tuple) -> u64 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&until.to_be_bytes());
        match client.remote.ip() {
            std::net::IpAddr::V4(ip) => context.update(&ip.octets()),
            std::net::IpAddr::V6(ip) => context.update(&ip.octets()),
        }
        context.update(&client.remote.port().to_be_bytes());
        context.update(&client.stream.to_be_bytes());
        let signed = context.sign();
        let first = signed.as_ref().first_chunk::<8>();
        u64::from_be_bytes(*first.expect("SHA-256 gives 32 bytes"))
    }
}
