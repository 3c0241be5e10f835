//! ICE servers as applications configure them and as clients get them.

mod url;

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conference::{IceCredentials, IceServer, Timestamp};
use serde::Serialize;

pub use url::check_url;

/// How long credentials made from a shared secret are good for, milliseconds.
pub const CREDENTIALS_LIFETIME_MS: u64 = 24 * 3600 * 1000;

/// An ICE server that cannot be used. The text says what was expected and what came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidIceServer(pub String);

/// Checks one ICE server as OpenVidu does: `stun:` without credentials, `turn:` with user name and credential or with
/// a shared secret.
pub fn server(
    url: &str,
    username: Option<&str>,
    credential: Option<&str>,
    static_auth_secret: Option<&str>,
) -> Result<IceServer, InvalidIceServer> {
    check_url(url)?;
    let credentials = if url.starts_with("stun") {
        if username.is_some() || credential.is_some() {
            return Err(InvalidIceServer(
                "Credentials can not be defined while using stun.".into(),
            ));
        }
        None
    } else {
        Some(turn_credentials(username, credential, static_auth_secret)?)
    };
    Ok(IceServer {
        url: url.to_owned(),
        credentials,
    })
}

fn turn_credentials(
    username: Option<&str>,
    credential: Option<&str>,
    static_auth_secret: Option<&str>,
) -> Result<IceCredentials, InvalidIceServer> {
    match (username, credential, static_auth_secret) {
        (None, None, Some(secret)) => Ok(IceCredentials::StaticAuthSecret(secret.to_owned())),
        (_, _, Some(_)) => Err(InvalidIceServer(
            "You can't define username or credential if staticAuthSecret is defined".into(),
        )),
        (Some(username), Some(credential), None) => Ok(IceCredentials::Fixed {
            username: username.to_owned(),
            credential: credential.to_owned(),
        }),
        _ => Err(InvalidIceServer(
            "Credentials must be defined while using turn".into(),
        )),
    }
}

/// One entry of `OPENVIDU_WEBRTC_ICE_SERVERS`: `url=turn:…,username=…,credential=…` or `…,staticAuthSecret=…`.
pub fn parse_configured(entry: &str) -> Result<IceServer, InvalidIceServer> {
    let (mut url, mut username, mut credential, mut secret) = (None, None, None, None);
    for part in entry.split(',') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let slot = match key.trim() {
            "url" => &mut url,
            "username" => &mut username,
            "credential" => &mut credential,
            "staticAuthSecret" => &mut secret,
            other => {
                return Err(InvalidIceServer(format!(
                    "'{other}' is no property of an ICE server; expected url, username, credential, staticAuthSecret"
                )));
            }
        };
        *slot = Some(value.trim());
    }
    let url = url.ok_or_else(|| InvalidIceServer(format!("'{entry}' has no 'url='")))?;
    server(url, username, credential, secret)
}

/// An ICE server as it goes to clients and SDKs: a shared secret has become a pair that is good for a day.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct IceServerView {
    #[allow(missing_docs)]
    pub url: String,
    #[allow(missing_docs)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[allow(missing_docs)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl fmt::Debug for IceServerView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServerView")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// What a client gets. `from` is when the day of time-limited credentials starts, `label` names the user in the TURN
/// server's log (its letters and digits are used, at most 8 of its end).
pub fn views(servers: &[IceServer], from: Timestamp, label: &str) -> Vec<IceServerView> {
    servers
        .iter()
        .map(|server| view(server, from, label))
        .collect()
}

fn view(server: &IceServer, from: Timestamp, label: &str) -> IceServerView {
    let (username, credential) = match &server.credentials {
        None => (None, None),
        Some(IceCredentials::Fixed {
            username,
            credential,
        }) => (Some(username.clone()), Some(credential.clone())),
        Some(IceCredentials::StaticAuthSecret(secret)) => {
            let (username, credential) = time_limited(secret, from, label);
            (Some(username), Some(credential))
        }
    };
    IceServerView {
        url: server.url.clone(),
        username,
        credential,
    }
}

/// What names a user within the user name of time-limited credentials: of a connection's id its letters and digits, at most
/// 8 of its end.
pub fn label(of: &str) -> String {
    let letters = of.chars().rev().filter(char::is_ascii_alphanumeric);
    let tail: Vec<char> = letters.take(8).collect();
    tail.into_iter().rev().collect()
}

/// TURN REST credentials: `<expiry, Unix seconds>:<label>` and the base64 of its HMAC-SHA1 under the shared secret.
fn time_limited(secret: &str, from: Timestamp, label: &str) -> (String, String) {
    let expiry = from.0.saturating_add(CREDENTIALS_LIFETIME_MS) / 1000;
    let username = format!("{expiry}:{}", self::label(label));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let credential = STANDARD.encode(hmac::sign(&key, username.as_bytes()));
    (username, credential)
}
