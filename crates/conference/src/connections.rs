//! Connections as the application's server handles them: made, changed, and ended before anybody used them.

use crate::conference::{Conference, Handled};
use crate::effect::{Notification, Reply};
use crate::error::Error;
use crate::ids::*;
use crate::model::{Connection, ConnectionProperties, Role};
use crate::outbox::Outbox;

impl Conference {
    pub(crate) fn create_connection(
        &mut self,
        now: Timestamp,
        session: &SessionId,
        id: ConnectionId,
        token: Token,
        properties: ConnectionProperties,
    ) -> Handled {
        self.admissible(session, &id, &token)?;
        let connection = Connection {
            id: id.clone(),
            created_at: now,
            token: token.clone(),
            properties,
            active: None,
        };
        let room = self.room_mut(session)?;
        room.connections.insert(id.clone(), connection);
        self.homes.insert(id.clone(), session.clone());
        self.tokens.insert(token, id.clone());
        Ok(Some(Reply::Connection(session.clone(), id)))
    }

    fn admissible(
        &self,
        session: &SessionId,
        id: &ConnectionId,
        token: &Token,
    ) -> Result<(), Error> {
        let limit = self.limits.connections_per_session;
        if self.room(session)?.connections.len() >= limit {
            return Err(Error::Full {
                what: "connections of a session",
                limit,
            });
        }
        if self.homes.contains_key(id) {
            return Err(Error::ConnectionExists(id.clone()));
        }
        if self.tokens.contains_key(token) {
            return Err(Error::InvalidToken {
                session: session.clone(),
                token: token.clone(),
            });
        }
        Ok(())
    }

    /// A pending connection changes silently; an active one is told of each property that really changed. A running
    /// publisher is left alone, whatever its role becomes.
    pub(crate) fn update_connection(
        &mut self,
        session: &SessionId,
        id: &ConnectionId,
        role: Option<Role>,
        record: Option<bool>,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room_mut(session)?;
        let connection = room
            .connections
            .get_mut(id)
            .ok_or_else(|| Error::ConnectionNotFound {
                session: session.clone(),
                connection: id.clone(),
            })?;
        for changed in apply(&mut connection.properties, role, record) {
            if connection.active.is_some() {
                out.notify(id, changed);
            }
        }
        Ok(Some(Reply::Connection(session.clone(), id.clone())))
    }

    /// Takes a connection that nobody uses out of its session: its token dies, and a join on its way with it.
    pub(crate) fn remove_pending(
        &mut self,
        session: &SessionId,
        id: &ConnectionId,
        out: &mut Outbox,
    ) {
        let removed = match self.sessions.get_mut(session) {
            Some(room) => room.connections.remove(id),
            None => None,
        };
        if let Some(connection) = removed {
            self.forget_pending(&connection, out);
        }
    }

    /// The same for a connection that is out of its session already.
    pub(crate) fn forget_pending(&mut self, connection: &Connection, out: &mut Outbox) {
        self.cancel_join(&connection.id, out);
        self.tokens.remove(&connection.token);
        self.homes.remove(&connection.id);
    }
}

fn apply(
    properties: &mut ConnectionProperties,
    role: Option<Role>,
    record: Option<bool>,
) -> Vec<Notification> {
    let mut changed = Vec::new();
    if let Some(role) = role.filter(|role| *role != properties.role) {
        properties.role = role;
        changed.push(Notification::RoleChanged(role));
    }
    if let Some(record) = record.filter(|record| *record != properties.record) {
        properties.record = record;
        changed.push(Notification::RecordChanged(record));
    }
    changed
}
