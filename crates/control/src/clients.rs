//! The clients, by number, by RPC session, and by the connection they have become.

use std::collections::BTreeMap;

use conference::ConnectionId;
use openvidu::id::RpcSessionId;
use openvidu::rpc::ClientNumber;

#[derive(Debug, Default)]
pub(crate) struct Clients {
    by_number: BTreeMap<ClientNumber, Entry>,
    by_session: BTreeMap<RpcSessionId, ClientNumber>,
    by_connection: BTreeMap<ConnectionId, ClientNumber>,
}

#[derive(Debug)]
struct Entry {
    session: RpcSessionId,
    /// What its client has joined as.
    connection: Option<ConnectionId>,
}

impl Clients {
    pub(crate) fn opened(&mut self, client: ClientNumber, session: RpcSessionId) {
        self.by_session.insert(session.clone(), client);
        self.by_number.insert(
            client,
            Entry {
                session,
                connection: None,
            },
        );
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
        let client = self.by_connection.remove(connection)?;
        if let Some(entry) = self.by_number.get_mut(&client) {
            entry.connection = None;
        }
        Some(client)
    }

    pub(crate) fn knows(&self, client: ClientNumber) -> bool {
        self.by_number.contains_key(&client)
    }

    pub(crate) fn of(&self, connection: &ConnectionId) -> Option<ClientNumber> {
        self.by_connection.get(connection).copied()
    }

    pub(crate) fn by_session(&self, session: &RpcSessionId) -> Option<ClientNumber> {
        self.by_session.get(session).copied()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = ClientNumber> {
        self.by_number.keys().copied()
    }
}
