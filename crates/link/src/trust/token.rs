//! The one line that brings a node in.
//!
//! `muster1.` and, in base64url (RFC 4648 section 5, no padding), the terms followed by an HMAC-SHA-256 over them:
//!
//! | octets | what |
//! |---|---|
//! | 16 | id of the token |
//! | 32 | SHA-256 of the authority's certificate (DER) |
//! | 8 | issued, seconds since the Unix epoch |
//! | 8 | expires, likewise |
//! | 2 | how many nodes may use it; 0 for any number |
//! | 1 + n | the only node that may use it; empty for any |
//! | 1 | how many URLs of masters follow |
//! | 1 + n each | `https://HOST:PORT` |
//! | 32 | the seal |

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const PREFIX: &str = "muster1.";
const SEAL: usize = 32;
/// Longest token that is looked at. One with eight URLs of hosts of any length is shorter.
const LONGEST: usize = 4096;
const MASTERS: usize = 8;

/// Names a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub [u8; 16]);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// SHA-256 of an authority's certificate, by which a node knows it before it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaHash(pub [u8; 32]);

impl CaHash {
    /// Of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, der).as_ref());
        Self(hash)
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    #[allow(missing_docs)]
    pub id: TokenId,
    /// The authority of the cluster.
    pub authority: CaHash,
    /// Seconds since the Unix epoch by the master's clock.
    pub issued: u64,
    /// Likewise.
    pub expires: u64,
    /// How many nodes may use it; 0 for any number.
    pub uses: u16,
    /// The only node that may use it.
    pub node: Option<String>,
    /// `https://HOST:PORT` of the masters' links; one at least, eight at most.
    pub masters: Vec<String>,
}

/// Terms under a seal. Whether the seal is right only its [`TokenKey`] can tell.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    terms: Terms,
    sealed: Vec<u8>,
}

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin like one.
    #[error("a join token begins with `{PREFIX}` and is one line, as `muster token` prints it")]
    Prefix,
    /// There are characters in it that no token has, or it is much too long.
    #[error(
        "the join token is damaged: something other than letters, digits, `-` and `_` is in it, or it is too long"
    )]
    Text,
    /// The octets are no terms and seal.
    #[error("the join token is damaged: a part of it is missing or changed; copy the whole line")]
    Terms,
}

impl Token {
    /// What it says, true or not.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The line.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&self.sealed))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The seal is what makes it worth something.
        f.debug_tuple("Token").field(&self.terms.id).finish()
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let text = text.trim().strip_prefix(PREFIX).ok_or(TokenError::Prefix)?;
        if text.len() > LONGEST {
            return Err(TokenError::Text);
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Text)?;
        let (terms, _seal) = sealed.split_last_chunk::<SEAL>().ok_or(TokenError::Terms)?;
        let terms = Terms::read(terms).ok_or(TokenError::Terms)?;
        Ok(Self { terms, sealed })
    }
}

impl Terms {
    fn read(octets: &[u8]) -> Option<Self> {
        let mut rest = Octets(octets);
        let id = TokenId(rest.take()?);
        let authority = CaHash(rest.take()?);
        let (issued, expires) = (u64::from_be_bytes(rest.take()?), rest.take()?);
        let (expires, uses) = (u64::from_be_bytes(expires), rest.take()?);
        let node = Some(rest.text()?).filter(|node| !node.is_empty());
        let [masters] = rest.take()?;
        let masters: Vec<_> = (0..masters).map(|_| rest.text()).collect::<Option<_>>()?;
        let sound = rest.0.is_empty()
            && (1..=MASTERS).contains(&masters.len())
            && masters.iter().all(|url| is_master(url))
            && node.as_deref().is_none_or(is_node_id);
        sound.then_some(Self {
            id,
            authority,
            issued,
            expires,
            uses: u16::from_be_bytes(uses),
            node,
            masters,
        })
    }

    /// `None` when they cannot be read back: a URL or a node id that is none.
    fn write(&self) -> Option<Vec<u8>> {
        let mut octets = [&self.id.0[..], &self.authority.0].concat();
        octets.extend(self.issued.to_be_bytes());
        octets.extend(self.expires.to_be_bytes());
        octets.extend(self.uses.to_be_bytes());
        text(&mut octets, self.node.as_deref().unwrap_or(""))?;
        octets.push(u8::try_from(self.masters.len()).ok()?);
        for url in &self.masters {
            text(&mut octets, url)?;
        }
        (Self::read(&octets)? == *self).then_some(octets)
    }
}

fn text(octets: &mut Vec<u8>, text: &str) -> Option<()> {
    octets.push(u8::try_from(text.len()).ok()?);
    octets.extend(text.as_bytes());
    Some(())
}

/// What is not read yet.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<String> {
        let [length] = self.take()?;
        let (text, rest) = self.0.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }
}

/// Whether the text can be a node's id: 1 to 128 letters, digits, `_` and `-`.
pub(crate) fn is_node_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether the text looks like the URL of a link; what it leads to is seen when it is dialled.
fn is_master(url: &str) -> bool {
    url.strip_prefix("https://")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()))
}

/// Seals tokens. Whoever has it can let nodes in.
pub struct TokenKey(hmac::Key);

impl TokenKey {
    /// From the octets that are kept.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// `None` when a URL or a node id in the terms is none.
    pub fn seal(&self, terms: Terms) -> Option<Token> {
        let mut sealed = terms.write()?;
        let seal = hmac::sign(&self.0, &sealed);
        sealed.extend(seal.as_ref());
        Some(Token { terms, sealed })
    }

    /// Whether this key sealed the token. Takes the same time for every seal.
    pub fn sealed(&self, token: &Token) -> bool {
        token
            .sealed
            .split_last_chunk::<SEAL>()
            .is_some_and(|(terms, seal)| hmac::verify(&self.0, terms, seal).is_ok())
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

#[cfg(test)]
// By its path, for the fuzz target takes this file in as a module of its own.
#[path = "token/tests.rs"]
mod tests;
