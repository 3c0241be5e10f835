//! What the master adds to the evidence of nodes, and the way of both into the ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use ::control::{Control, Event, Input, Told};
use cluster::{AttachmentId, Node};
use conference::{ConnectionId, MediaCommand, Reply, SessionId, TransportId};
use diagnosis::{Client, Direction, Evidence, Outcome, Times};
use ledger::{Filter, Ledger, Opening, Stranger};
use link::proto;

use super::message::Message;
use super::{Shell, tell};

/// Longest evidence of a node that is read.
const BYTES: usize = 64 << 10;
/// Participants whose ICE servers are remembered; those who have left go first.
const MOST: usize = 32_768;

/// Rows of a session that are looked through for a transport.
const MOST_ROWS: u32 = 1000;

/// Strangers of one telling that are read, and the longest fragment of theirs.
const STRANGERS: usize = 64;
const UFRAG: usize = 32;

/// What a participant was given, and what he came with.
#[derive(Clone, Debug, Default)]
struct Guest {
    ice_servers: Vec<String>,
    user_agent: String,
}

/// Writes into the ledger, if there is one. Never waits.
pub(super) struct Witness {
    ledger: Option<Arc<Ledger>>,
    guests: HashMap<ConnectionId, Guest>,
    /// Lost by nodes on the way, by the last that they told.
    lost_on_the_way: HashMap<AttachmentId, u64>,
}

impl Witness {
    /// `control` as it begins.
    pub(super) fn new(ledger: Option<Arc<Ledger>>, control: &Control) -> Self {
        if let Some(ledger) = &ledger {
            let nodes = control.cluster().nodes();
            ledger.remaining(nodes.map(|node| node.id().to_string()).collect());
        }
        Self {
            ledger,
            guests: HashMap::new(),
            lost_on_the_way: HashMap::new(),
        }
    }

    /// A client is told something; somebody who joined is remembered with what he was given.
    pub(super) fn told(
        &mut self,
        control: &Control,
        told: &Told,
        user_agent: impl FnOnce() -> String,
    ) {
        let Told::Reply {
            result: Ok(Reply::Joined(joined)),
            ..
        } = told
        else {
            return;
        };
        if self.ledger.is_none() {
            return;
        }
        if self.guests.len() >= MOST {
            let sessions = control.conference().sessions();
            let here: std::collections::HashSet<&ConnectionId> = sessions
                .flat_map(|session| session.connections.keys())
                .collect();
            self.guests.retain(|guest, _| here.contains(guest));
        }
        let servers = joined.ice_servers.iter().map(|server| server.url.clone());
        let guest = Guest {
            ice_servers: servers.collect(),
            user_agent: user_agent(),
        };
        self.guests.insert(joined.connection.clone(), guest);
    }

    /// A node is told to make a transport.
    pub(super) fn commanded(
        &self,
        control: &Control,
        now: u64,
        attachment: AttachmentId,
        command: &MediaCommand,
    ) {
        let (session, stream, transport, direction) = match command {
            MediaCommand::Publish {
                session,
                stream,
                transport,
                ..
            } => (session, stream, transport, Direction::Publish),
            MediaCommand::Subscribe {
                session,
                stream,
                transport,
                ..
            } => (session, stream, transport, Direction::Subscribe),
            _ => return,
        };
        let (Some(ledger), Some(node)) = (&self.ledger, node_on(control, attachment)) else {
            return;
        };
        let connection = owner(transport.as_str());
        let guest = self.guests.get(&connection).cloned().unwrap_or_default();
        let evidence = Evidence {
            transport: transport.to_string(),
            session: session.to_string(),
            stream: stream.to_string(),
            client: client(control, session, &connection, guest.user_agent),
            connection: connection.to_string(),
            node: node.id().to_string(),
            boot: node
                .boot()
                .map(|boot| boot.id.to_string())
                .unwrap_or_default(),
            address_set: node.addresses().version,
            direction,
            outcome: Outcome::Pending,
            times: Times {
                created: Some(now),
                ..Times::default()
            },
            ..Evidence::default()
        };
        ledger.opened(Opening {
            evidence,
            ice_servers: guest.ice_servers,
        });
    }

    /// A node is welcome: what its earlier boots carried is over.
    pub(super) fn welcome(&self, node: &str, boot: &str) {
        if let Some(ledger) = &self.ledger {
            ledger.began(node.to_owned(), boot.to_owned());
        }
    }

    /// A node told what it saw of a transport. Its word counts for its own transports only.
    pub(super) fn saw(
        &mut self,
        control: &Control,
        attachment: AttachmentId,
        told: proto::Evidence,
    ) -> Option<Box<Evidence>> {
        let node = node_on(control, attachment)?;
        let mut evidence = match read(&told.evidence) {
            Ok(evidence) => evidence,
            Err(reason) => {
                tracing::warn!(node = %node.id(), reason, "malformed evidence of a node is ignored");
                return None;
            }
        };
        evidence.node = node.id().to_string();
        evidence.boot = node.boot()?.id.to_string();
        let connection = owner(&evidence.transport);
        let session = SessionId::new(evidence.session.as_str());
        let guest = self.guests.get(&connection);
        let user_agent = guest.map(|guest| guest.user_agent.clone());
        evidence.client = client(
            control,
            &session,
            &connection,
            user_agent.unwrap_or_default(),
        );
        evidence.connection = connection.to_string();
        control.tell_relays(&mut evidence);
        let stays = control
            .conference()
            .session(&session)
            .is_some_and(|session| session.connections.contains_key(&connection));
        if told.lost && stays {
            // Its participant is there and was given another one instead.
            evidence.outcome = Outcome::Failed;
            evidence.reason = format!("it was without consent, and replaced: {}", evidence.reason);
        }
        self.count_lost(attachment, told.lost_total, node.id().as_str());
        if let Some(ledger) = &self.ledger {
            ledger.seen(evidence.clone(), told.ufrag);
        }
        Some(Box::new(evidence))
    }

    /// Something happened: of a failure that was diagnosed, or of what became of it, the ledger hears, of what
    /// never came to be, and of nodes whose time is over.
    pub(super) fn happened(&self, event: &Event) {
        let Some(ledger) = &self.ledger else {
            return;
        };
        match event {
            Event::Diagnosed(failure) => {
                ledger.found(failure.transport.clone(), failure.findings.clone());
            }
            Event::Over { node } => ledger.over(node.to_string()),
            Event::Unmade { transport, reason } => {
                ledger.unmade(transport.to_string(), reason.clone());
            }
            Event::Meeting(_) | Event::Node(_) | Event::Reach(_) => {}
        }
    }

    /// A node told of those who belong to no transport.
    pub(super) fn strangers(
        &self,
        control: &Control,
        attachment: AttachmentId,
        told: &proto::Strangers,
    ) {
        let Some(node) = node_on(control, attachment) else {
            return;
        };
        let mut seen = Vec::new();
        for stranger in told.seen.iter().take(STRANGERS) {
            let Ok(ip) = stranger.ip.parse::<IpAddr>() else {
                continue;
            };
            seen.push(Stranger {
                address: Some(ip),
                unknown_user: stranger.unknown_user,
                ufrag: stranger.ufrag.chars().take(UFRAG).collect(),
                malformed: stranger.malformed,
                unproven: stranger.unproven,
                ..Stranger::default()
            });
            if stranger.unknown_user > 0 {
                tracing::debug!(node = %node.id(), %ip, checks = stranger.unknown_user, ufrag = %stranger.ufrag.escape_debug(),
                    "checks for a transport that the node does not have");
            }
        }
        if told.others > 0 {
            // Of what kind theirs were nobody counted.
            seen.push(Stranger {
                unproven: told.others,
                ..Stranger::default()
            });
        }
        if let Some(ledger) = &self.ledger {
            ledger.strangers_seen(node.id().to_string(), seen);
        }
    }

    /// A stream of the link is over.
    pub(super) fn detached(&mut self, attachment: AttachmentId) {
        self.lost_on_the_way.remove(&attachment);
    }

    fn count_lost(&mut self, attachment: AttachmentId, total: u64, node: &str) {
        let before = self.lost_on_the_way.insert(attachment, total).unwrap_or(0);
        if total > before {
            tracing::warn!(
                node,
                lost = total - before,
                "evidence of transports was lost on the way from a busy node"
            );
        }
    }
}

/// Reads the disk.
fn recalled(ledger: &Ledger, transports: Vec<(SessionId, TransportId)>) -> Vec<Evidence> {
    let mut wanted: BTreeMap<SessionId, BTreeSet<String>> = BTreeMap::new();
    for (session, transport) in transports {
        let of_session = wanted.entry(session).or_default();
        of_session.insert(transport.to_string());
    }
    let rows = wanted.into_iter().flat_map(|(session, transports)| {
        let filter = Filter {
            session: Some(session.to_string()),
            limit: MOST_ROWS,
            ..Filter::default()
        };
        let page = ledger.search(&filter).unwrap_or_default();
        // Without its fragment the node has told nothing of it.
        let told = |row: &ledger::Row| {
            !row.ufrag.is_empty() && transports.contains(&row.evidence.transport)
        };
        page.rows.into_iter().filter(told).collect::<Vec<_>>()
    });
    rows.map(|row| row.evidence).collect()
}

impl Shell {
    /// Beside everything else: it is one thread's work, however many transports there are.
    pub(super) fn recall(&self, transports: Vec<(SessionId, TransportId)>) {
        let Some(ledger) = self.witness.ledger.clone() else {
            return;
        };
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let read = tokio::task::spawn_blocking(move || recalled(&ledger, transports)).await;
            let evidence = read.unwrap_or_default();
            tell(&messages, Message::Input(Input::Remembered(evidence))).await;
        });
    }
}

fn node_on(control: &Control, attachment: AttachmentId) -> Option<&Node> {
    let mut nodes = control.cluster().nodes();
    nodes.find(|node| node.attachment() == Some(attachment))
}

/// Whose transport it is (`conference::TransportId`).
fn owner(transport: &str) -> ConnectionId {
    let owner = transport.rsplit_once('/').map_or("", |(owner, _)| owner);
    ConnectionId::new(owner)
}

fn client(
    control: &Control,
    session: &SessionId,
    connection: &ConnectionId,
    user_agent: String,
) -> Client {
    let session = control.conference().session(session);
    let found = session.and_then(|session| session.connections.get(connection)?.active.as_ref());
    Client {
        address: found.and_then(|active| active.ip.parse().ok()),
        user_agent,
        platform: found
            .map(|active| active.platform.clone())
            .unwrap_or_default(),
    }
}

fn read(bytes: &[u8]) -> Result<Evidence, String> {
    if bytes.len() > BYTES {
        return Err(format!(
            "expected at most {BYTES} bytes, got {}",
            bytes.len()
        ));
    }
    let mut evidence: Evidence =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if evidence.transport.is_empty() || evidence.transport.len() > 256 {
        return Err("expected the id of a transport of 1 to 256 bytes".to_owned());
    }
    evidence.local.truncate(diagnosis::MOST_CANDIDATES);
    evidence.remote.truncate(diagnosis::MOST_CANDIDATES);
    evidence.pairs.truncate(diagnosis::MOST_PAIRS);
    evidence.relays.truncate(diagnosis::MOST_RELAYS);
    // Nobody but the browser knows that.
    evidence.browser = None;
    Ok(evidence)
}
