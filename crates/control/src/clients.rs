//! The clients, by number, by RPC session, and by the connection they have become.

use std::collections::{BTreeMap, BTreeSet};

use conference::{ConnectionId, Notification, StreamId, TransportId};
use openvidu::id::RpcSessionId;
use openvidu::rpc::ClientNumber;

#[derive(Debug, Default)]
pub(crate) struct Clients {
    by_number: BTreeMap<ClientNumber, Entry>,
    by_session: BTreeMap<RpcSessionId, ClientNumber>,
    by_connection: BTreeMap<ConnectionId, ClientNumber>,
    /// Participants of an earlier run of the master whose clients have not come back.
    awaited: BTreeMap<ConnectionId, Awaited>,
    /// The same by RPC session.
    awaited_sessions: BTreeMap<RpcSessionId, ConnectionId>,
}

#[derive(Debug)]
struct Awaited {
    session: RpcSessionId,
    /// What its client will be told.
    missed: Vec<Notification>,
    /// Its peer connections that are in touch with a node: whoever has one is there, without a WebSocket as yet.
    in_touch: BTreeSet<TransportId>,
}

/// More was missed than is kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MissedTooMuch;

/// Notifications kept for a participant that is awaited: as many as for one without a WebSocket.
const MISSED: usize = openvidu::rpc::QUEUE_FRAMES;

#[derive(Debug)]
struct Entry {
    session: RpcSessionId,
    /// What its client has joined as.
    connection: Option<ConnectionId>,
    /// Where it came from when it came back last.
    ip: Option<String>,
}

impl Clients {
    pub(crate) fn opened(&mut self, client: ClientNumber, session: RpcSessionId) {
        self.by_session.insert(session.clone(), client);
        self.by_number.insert(
            client,
            Entry {
                session,
                connection: None,
                ip: None,
            },
        );
    }

    /// The client has come back, from this address; says where it came from before, if it had come back before.
    pub(crate) fn came_from(&mut self, client: ClientNumber, ip: &str) -> Option<String> {
        self.by_number.get_mut(&client)?.ip.replace(ip.to_owned())
    }

    /// Forgets the client; says which connection it still was.
    pub(crate) fn ended(&mut self, client: ClientNumber) -> Option<ConnectionId> {
        let entry = self.by_number.remove(&client)?;
        self.by_session.remove(&entry.session);
        let connection = entry.connection?;
        self.by_connection.remove(&connection);
        Some(connection)
    }

    /// Whether the client is still there to become this connection.
    pub(crate) fn bind(&mut self, client: ClientNumber, connection: ConnectionId) -> bool {
        let Some(entry) = self.by_number.get_mut(&client) else {
            return false;
        };
        entry.connection = Some(connection.clone());
        self.by_connection.insert(connection, client);
        true
    }

    /// The connection is over. Says whose it was.
    pub(crate) fn unbind(&mut self, connection: &ConnectionId) -> Option<ClientNumber> {
        if let Some(awaited) = self.awaited.remove(connection) {
            self.awaited_sessions.remove(&awaited.session);
        }
        let client = self.by_connection.remove(connection)?;
        if let Some(entry) = self.by_number.get_mut(&client) {
            entry.connection = None;
        }
        Some(client)
    }

    /// The RPC session of a connection's client.
    pub(crate) fn session_of(&self, connection: &ConnectionId) -> Option<&RpcSessionId> {
        if let Some(awaited) = self.awaited.get(connection) {
            return Some(&awaited.session);
        }
        let entry = self.by_number.get(self.by_connection.get(connection)?)?;
        Some(&entry.session)
    }

    /// This participant's client may come back as this RPC session.
    pub(crate) fn awaited(&mut self, session: RpcSessionId, connection: ConnectionId) {
        self.awaited_sessions
            .insert(session.clone(), connection.clone());
        let awaited = Awaited {
            session,
            missed: Vec::new(),
            in_touch: BTreeSet::new(),
        };
        self.awaited.insert(connection, awaited);
    }

    /// A node says whether a peer connection is in touch with its client. Nothing happens unless that is awaited.
    pub(crate) fn touch(&mut self, transport: &TransportId, in_touch: bool) {
        if self.awaited.is_empty() {
            return;
        }
        let owner = transport.as_str().rsplit_once('/').map(|(owner, _)| owner);
        let awaited = owner.and_then(|owner| self.awaited.get_mut(&ConnectionId::new(owner)));
        match awaited {
            Some(awaited) if in_touch => drop(awaited.in_touch.insert(transport.clone())),
            Some(awaited) => drop(awaited.in_touch.remove(transport)),
            None => {}
        }
    }

    /// Keeps what the client of an awaited participant has to be told.
    pub(crate) fn missed(
        &mut self,
        connection: &ConnectionId,
        notification: Notification,
    ) -> Result<(), MissedTooMuch> {
        let Some(awaited) = self.awaited.get_mut(connection) else {
            return Ok(());
        };
        if let Notification::OfferWithdrawn { stream } = &notification {
            awaited.missed.retain(|missed| !offers(missed, stream));
            return Ok(());
        }
        // By the time it is there it has repaired what it lost.
        if matches!(notification, Notification::IceCandidate { .. }) {
            return Ok(());
        }
        if awaited.missed.len() >= MISSED {
            return Err(MissedTooMuch);
        }
        awaited.missed.push(notification);
        Ok(())
    }

    /// A fresh client is the awaited one of this RPC session. Returns whom it has become, and what it has missed.
    pub(crate) fn adopt(
        &mut self,
        client: ClientNumber,
        session: &RpcSessionId,
    ) -> Option<(ConnectionId, Vec<Notification>)> {
        let entry = self.by_number.get_mut(&client)?;
        let connection = self.awaited_sessions.remove(session)?;
        let awaited = self.awaited.remove(&connection)?;
        self.by_session.remove(&entry.session);
        entry.session = session.clone();
        self.by_session.insert(session.clone(), client);
        self.bind(client, connection.clone());
        Some((connection, awaited.missed))
    }

    /// Returns those who did not come: all of them, or those whose media does not flow either. They are not awaited any
    /// more.
    pub(crate) fn give_up_awaited(&mut self, all: bool) -> Vec<ConnectionId> {
        let given_up = |awaited: &Awaited| all || awaited.in_touch.is_empty();
        let missing: Vec<ConnectionId> = (self.awaited.iter())
            .filter(|(_, awaited)| given_up(awaited))
            .map(|(connection, _)| connection.clone())
            .collect();
        for connection in &missing {
            self.unbind(connection);
        }
        missing
    }

    /// Whether anybody of an earlier run of the master may still come back.
    pub(crate) fn awaits(&self) -> bool {
        !self.awaited.is_empty()
    }

    pub(crate) fn knows(&self, client: ClientNumber) -> bool {
        self.by_number.contains_key(&client)
    }

    pub(crate) fn of(&self, connection: &ConnectionId) -> Option<ClientNumber> {
        self.by_connection.get(connection).copied()
    }

    /// What a client has joined as.
    pub(crate) fn connection_of(&self, client: ClientNumber) -> Option<&ConnectionId> {
        self.by_number.get(&client)?.connection.as_ref()
    }

    pub(crate) fn by_session(&self, session: &RpcSessionId) -> Option<ClientNumber> {
        self.by_session.get(session).copied()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = ClientNumber> {
        self.by_number.keys().copied()
    }
}

fn offers(notification: &Notification, of: &StreamId) -> bool {
    match notification {
        Notification::ForciblyReconnectSubscriber { stream, .. } => stream == of,
        _ => false,
    }
}
