//! The shapes of ids and tokens. The shell draws the random bytes; here they become text.

use std::fmt;
use std::sync::Arc;

use conference::{ConnectionId, SessionId, Token};

/// The server's name for one WebSocket client, kept across reconnects (`sessionId` of every result). Whoever knows it
/// can take the client's place, so it is drawn from 26 random bytes and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RpcSessionId(Arc<str>);

impl RpcSessionId {
    /// A fresh one: 26 alphanumerics.
    pub fn from_random(bytes: &[u8; 26]) -> Self {
        Self(alphanumeric(bytes).into())
    }

    /// What a client claims to be its own.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// As on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RpcSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RpcSessionId(…)")
    }
}

/// `ses_` + an upper-case letter + 9 alphanumerics.
pub fn session_id(random: &[u8; 10]) -> SessionId {
    SessionId::new(format!("ses_{}", capitalised(random)))
}

/// `con_` + an upper-case letter + 9 alphanumerics.
pub fn connection_id(random: &[u8; 10]) -> ConnectionId {
    ConnectionId::new(format!("con_{}", capitalised(random)))
}

/// The connection id that `data` of a connection request asks for: `data` is JSON with a string
/// `openviduCustomConnectionId`, stripped of everything but letters, digits and `_`, and of `con_`. `None` when it
/// asks for none or nothing is left. Undocumented by OpenVidu and used by its tests.
pub fn custom_connection_id(server_data: &str) -> Option<ConnectionId> {
    const KEY: &str = "openviduCustomConnectionId";
    if !server_data.contains(KEY) {
        return None;
    }
    let data: serde_json::Value = serde_json::from_str(server_data).ok()?;
    let word: String = data
        .get(KEY)?
        .as_str()?
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    let word = word.replace("con_", "");
    (!word.is_empty()).then(|| ConnectionId::new(format!("con_{word}")))
}

/// The whole token string: `wss://HOST[:PORT]?sessionId=…&token=tok_…`, the port left out when it is 443. `host` is
/// what clients use (`DOMAIN_OR_PUBLIC_IP`), an IPv6 address in brackets.
pub fn token(host: &str, https_port: u16, session: &SessionId, random: &[u8; 16]) -> Token {
    let id = capitalised(random);
    Token::new(match https_port {
        443 => format!("wss://{host}?sessionId={session}&token=tok_{id}"),
        port => format!("wss://{host}:{port}?sessionId={session}&token=tok_{id}"),
    })
}

/// The four characters that tell apart the streams one connection publishes one after another: a letter and three
/// alphanumerics. They need not be unguessable, since the stream's id also carries the connection's.
pub(crate) fn stream_nonce(count: u32) -> String {
    let digit = |place: u32| {
        let value = count / 36u32.pow(place) % 36;
        char::from_digit(value, 36).map_or('0', |c| c.to_ascii_uppercase())
    };
    let letter = char::from(b'A' + (count / 36u32.pow(3) % 26) as u8);
    [letter, digit(2), digit(1), digit(0)].iter().collect()
}

const ALPHANUMERIC: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One character per byte. 256 is no multiple of 62, which costs less than 0.02 bits per character.
fn alphanumeric(random: &[u8]) -> String {
    random
        .iter()
        .map(|byte| char::from(ALPHANUMERIC[usize::from(*byte) % ALPHANUMERIC.len()]))
        .collect()
}

fn capitalised(random: &[u8]) -> String {
    match random.split_first() {
        Some((first, rest)) => {
            let mut text = String::from(char::from(b'A' + first % 26));
            text.push_str(&alphanumeric(rest));
            text
        }
        None => String::new(),
    }
}
