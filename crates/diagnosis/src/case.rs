//! Transports and events, as the look at many of them needs them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::evidence::{Evidence, Outcome, Protocol};

/// One transport among many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Case {
    /// When it was made.
    pub at: u64,
    pub failed: bool,
    /// It is no more, whether or not it failed.
    pub ended: bool,
    pub transport: String,
    pub session: String,
    /// OpenVidu's connection id.
    pub connection: String,
    pub node: String,
    pub boot: String,
    pub address_set: u64,
    /// Of the nominated pair, or the last that the client tried; empty for direct ones.
    pub relay: String,
    pub client: Option<IpAddr>,
    /// Of the nominated pair.
    pub protocol: Protocol,
    /// The client's browser, by the family's name.
    pub browser: String,
    /// Transports that the node carried then.
    pub load: u32,
    /// The first cause found.
    pub cause: Option<Cause>,
}

/// Something that may have begun or ended failures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Mark {
    pub at: u64,
    pub kind: MarkKind,
    /// Id of the node, or `master`.
    pub subject: String,
    /// The version of the address set, the code of the cause whose remedy it was ….
    pub detail: String,
}

/// What it was.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum MarkKind {
    Boot,
    AddressChange,
    Remedy,
    #[default]
    #[serde(other)]
    Unknown,
}

impl Case {
    /// The case that this is evidence of. Transports that are still being set up are none.
    pub fn of(evidence: &Evidence, cause: Option<Cause>) -> Option<Self> {
        let failed = match evidence.outcome {
            Outcome::Failed => true,
            Outcome::Connected | Outcome::Disconnected => false,
            Outcome::Ended if evidence.times.dtls_done.is_some() => false,
            Outcome::Ended | Outcome::Pending | Outcome::Unknown => return None,
        };
        Some(Self {
            at: evidence.times.created.unwrap_or_default(),
            failed,
            ended: matches!(evidence.outcome, Outcome::Failed | Outcome::Ended),
            transport: evidence.transport.clone(),
            session: evidence.session.clone(),
            connection: evidence.connection.clone(),
            node: evidence.node.clone(),
            boot: evidence.boot.clone(),
            address_set: evidence.address_set,
            relay: relay(evidence),
            client: evidence.client.address,
            protocol: evidence.protocol(),
            browser: browser(&evidence.client.user_agent).to_owned(),
            load: evidence.load,
            cause,
        })
    }
}

/// Browsers make an allocation at each relay that they are told of, whichever path they take then.
fn relay(evidence: &Evidence) -> String {
    let tried = || evidence.relays.last().map(|used| &used.relay);
    match evidence.path() {
        Some(path) => path.relay.clone(),
        None if evidence.is_nominated() => String::new(),
        None => tried().cloned().unwrap_or_default(),
    }
}

/// Family of a browser by its user agent. The order matters: most claim to be several.
fn browser(user_agent: &str) -> &'static str {
    const FAMILIES: [(&str, &str); 6] = [
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Chromium/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let known = FAMILIES.iter().find(|(sign, _)| user_agent.contains(sign));
    known.map_or("", |(_, family)| family)
}
