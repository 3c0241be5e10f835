//! What was seen of transports, and what browsers tell of theirs.

use std::net::IpAddr;

use diagnosis::{Browser, Evidence, Finding};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Longest report of a browser, bytes.
pub const REPORT_BYTES: usize = 16 << 10;
/// Longest text in a report.
const TEXT: usize = 256;
/// `icecandidateerror`s of a report that are kept.
const ERRORS: usize = 32;

/// Which transports are asked for; all that is given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct IceQuery {
    /// `PENDING`, `CONNECTED`, `DISCONNECTED`, `FAILED` or `ENDED`.
    pub state: Option<String>,
    /// Something happened to it then or later: `today` (UTC), a span such as `90s`, `15m`, `2h` or `1d`, or milliseconds
    /// since the Unix epoch.
    pub since: Option<String>,
    /// It was made before then; as `since`.
    pub until: Option<String>,
    pub session: Option<String>,
    /// Connection id.
    pub participant: Option<String>,
    pub node: Option<String>,
    pub boot: Option<String>,
    /// Code of a cause.
    pub cause: Option<String>,
    /// An address or a network of clients, as in `203.0.113.0/24`.
    pub network: Option<String>,
    /// Words, each of which stands somewhere in it, or begins a word there.
    pub q: Option<String>,
    /// Only those with a lower id: the next page.
    pub before: Option<i64>,
    /// At most so many; 100 when it is left out, never more than 1000.
    pub limit: Option<u32>,
}

/// Transports that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceTransports {
    /// The newest first.
    pub transports: Vec<IceTransport>,
    /// There are more, with lower ids.
    pub more: bool,
    /// What the ledger could not keep since the server's start.
    pub lost: u64,
    /// Why nothing can be written at the moment.
    pub problem: Option<String>,
}

/// Those who sent nodes what belongs to no transport of theirs: they reach the wrong node, or one that has forgotten them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Strangers {
    /// The latest first; 200 at most.
    pub strangers: Vec<Stranger>,
}

/// What came from one address to one node within one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Stranger {
    pub node: String,
    /// `None`: of all for whom the node had no room.
    pub address: Option<IpAddr>,
    /// Milliseconds since the Unix epoch.
    pub first: u64,
    pub last: u64,
    /// STUN requests with a username fragment that no transport of the node has.
    pub unknown_user: u64,
    /// The last of these fragments.
    pub ufrag: String,
    /// STUN that cannot be read.
    pub malformed: u64,
    /// DTLS and media from where nobody has proven himself.
    pub unproven: u64,
}

/// One transport: one peer connection of a participant with a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct IceTransport {
    /// Names it in the ledger.
    pub id: i64,
    /// See [`IceQuery::state`].
    pub state: String,
    /// Milliseconds since the Unix epoch.
    pub opened: u64,
    /// When something was last heard of it.
    pub updated: u64,
    pub session: String,
    /// Connection id.
    pub participant: String,
    pub stream: String,
    /// `publish` or `subscribe`, seen from the participant.
    pub direction: String,
    pub node: String,
    pub boot: String,
    /// As node and server call it.
    pub transport: String,
    /// Where the participant's signalling comes from.
    pub client: Option<IpAddr>,
    /// The network of that address: /24 or /48.
    pub network: Option<String>,
    /// Browser and system, as the client says.
    pub platform: String,
    /// By which media goes, or went: `udp` or `tcp`.
    pub protocol: Option<String>,
    /// Code of the likeliest cause.
    pub cause: Option<String>,
    /// The node's word for how it is.
    pub reason: String,
}

/// All that is known of one transport.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceStory {
    #[allow(missing_docs)]
    pub transport: IceTransport,
    /// URLs of the ICE servers that the participant was given.
    pub ice_servers: Vec<String>,
    /// What was seen and counted.
    pub evidence: Evidence,
    /// Why it failed, the likeliest first.
    pub findings: Vec<Finding>,
}

/// What a browser tells of one of its peer connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceReport {
    /// The token that the participant joined with. It proves who reports.
    pub token: String,
    /// `ice-ufrag` of the remote description: says which transport it is.
    pub ufrag: String,
    #[allow(missing_docs)]
    pub browser: Browser,
}

impl IceReport {
    /// Reads what a browser sent. Text that is too long is cut, lists too.
    ///
    /// # Errors
    /// 400 or 413, with what was expected.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.len() > REPORT_BYTES {
            let message = format!("Expected at most {REPORT_BYTES} bytes, got {}", body.len());
            return Err(Problem::new(413, message));
        }
        let report: Self = serde_json::from_slice(body)
            .map_err(|error| Problem::new(400, format!("The body: {error}")))?;
        let ice_char = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
        let sound = (4..=TEXT).contains(&report.ufrag.len()) && report.ufrag.chars().all(ice_char);
        if !sound {
            let message = "Expected `ufrag` of 4 to 256 ice-chars (RFC 8839 section 5.4)";
            return Err(Problem::new(400, message));
        }
        Ok(Self {
            browser: bounded(report.browser),
            ..report
        })
    }

    /// The session that the token names (`…?sessionId=ID&token=…`).
    pub fn session(&self) -> Option<&str> {
        let (_, query) = self.token.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == "sessionId").then_some(value))
    }
}

fn bounded(mut browser: Browser) -> Browser {
    browser.errors.truncate(ERRORS);
    for error in &mut browser.errors {
        cut(&mut error.url);
        cut(&mut error.text);
    }
    cut(&mut browser.ice_state);
    cut(&mut browser.connection_state);
    cut(&mut browser.network);
    browser
}

fn cut(text: &mut String) {
    if text.len() > TEXT || text.contains(char::is_control) {
        let kept = text.chars().filter(|c| !c.is_control()).take(TEXT / 4);
        *text = kept.collect();
    }
}
