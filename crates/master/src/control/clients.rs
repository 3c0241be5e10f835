//! The clients' tasks, by number, by RPC session, and by the connection they have become.

use std::collections::HashMap;

use conference::ConnectionId;
use openvidu::id::RpcSessionId;
use openvidu::rpc::{ClientNumber, Resume};
use tokio::sync::mpsc;

use super::message::Event;
use crate::socket::{Frame, Socket};

/// The client cannot be told: its task has ended, or takes nothing any more. Carries the connection that it still was.
#[derive(Debug)]
pub(super) struct Unreachable(pub(super) Option<ConnectionId>);

#[derive(Debug, Default)]
pub(super) struct Clients {
    by_number: HashMap<ClientNumber, Entry>,
    by_session: HashMap<RpcSessionId, ClientNumber>,
    by_connection: HashMap<ConnectionId, ClientNumber>,
}

/// The ways to a client's task.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) frames: mpsc::Sender<Frame>,
}

#[derive(Debug)]
struct Entry {
    session: RpcSessionId,
    doors: Doors,
    /// What its client has joined as.
    connection: Option<ConnectionId>,
}

impl Clients {
    pub(super) fn opened(&mut self, client: ClientNumber, session: RpcSessionId, doors: Doors) {
        self.by_session.insert(session.clone(), client);
        self.by_number.insert(
            client,
            Entry {
                session,
                doors,
                connection: None,
            },
        );
    }

    /// Forgets the client; says which connection it still was.
    pub(super) fn ended(&mut self, client: ClientNumber) -> Option<ConnectionId> {
        let entry = self.by_number.remove(&client)?;
        self.by_session.remove(&entry.session);
        let connection = entry.connection?;
        self.by_connection.remove(&connection);
        Some(connection)
    }

    pub(super) fn bind(&mut self, client: ClientNumber, connection: ConnectionId) {
        if let Some(entry) = self.by_number.get_mut(&client) {
            entry.connection = Some(connection.clone());
            self.by_connection.insert(connection, client);
        }
    }

    /// The connection is over.
    pub(super) fn unbind(&mut self, connection: &ConnectionId) {
        let Some(client) = self.by_connection.remove(connection) else {
            return;
        };
        if let Some(entry) = self.by_number.get_mut(&client) {
            entry.connection = None;
        }
        // Without the event the client's task ends with its socket, a little later.
        let _ = self.tell(client, Event::Disconnected);
    }

    pub(super) fn tell(&mut self, client: ClientNumber, event: Event) -> Result<(), Unreachable> {
        let entry = self.by_number.get(&client).ok_or(Unreachable(None))?;
        entry.doors.events.try_send(event).map_err(|error| {
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                tracing::warn!(
                    client = client.0,
                    "a client's task does not take its events; the client is put out"
                );
            }
            // The task ends when nobody can reach it any more.
            Unreachable(self.ended(client))
        })
    }

    pub(super) fn tell_connection(
        &mut self,
        connection: &ConnectionId,
        event: Event,
    ) -> Result<(), Unreachable> {
        let client = *self
            .by_connection
            .get(connection)
            .ok_or(Unreachable(None))?;
        self.tell(client, event)
    }

    /// Passes a socket from the client on which it came to the one that it asks for.
    pub(super) fn resume(
        &mut self,
        from: ClientNumber,
        resume: Resume,
        socket: Socket,
    ) -> Result<(), Unreachable> {
        let found = self
            .by_session
            .get(&resume.session)
            .copied()
            .filter(|client| *client != from);
        let Some((client, entry)) =
            found.and_then(|client| Some((client, self.by_number.get(&client)?)))
        else {
            return self.tell(from, Event::ResumeRefused { resume, socket });
        };
        let frames = entry.doors.frames.clone();
        // Before the other client closes its own door, so that no frame finds both closed.
        socket.redirect(frames.clone());
        let resumed = self.tell(client, Event::Resumed { resume, socket });
        let handed_over = self.tell(from, Event::HandedOver { frames });
        resumed.and(handed_over)
    }

    /// Tells everybody that this is the end.
    pub(super) fn stop(&mut self) {
        for entry in self.by_number.values() {
            // A task that takes nothing ends with its socket.
            let _ = entry.doors.events.try_send(Event::Stop);
        }
    }
}
