//! Questions to a session about who is in it.

use crate::effect::{Participant, Stream};
use crate::error::Error;
use crate::ids::*;
use crate::model::*;

impl Session {
    /// Those who have joined, in the order of their ids.
    pub fn participants(&self) -> impl Iterator<Item = (&Connection, &Active)> {
        self.connections
            .values()
            .filter_map(|connection| Some((connection, connection.active.as_ref()?)))
    }

    /// A participant; `None` for pending connections as for unknown ones.
    pub fn participant(&self, id: &ConnectionId) -> Option<(&Connection, &Active)> {
        let connection = self.connections.get(id)?;
        Some((connection, connection.active.as_ref()?))
    }

    /// Everybody who has joined, but `except`.
    pub(crate) fn others<'a>(
        &'a self,
        except: &'a ConnectionId,
    ) -> impl Iterator<Item = &'a ConnectionId> {
        self.participants()
            .map(|(connection, _)| &connection.id)
            .filter(move |id| *id != except)
    }

    pub(crate) fn role_of(&self, id: &ConnectionId) -> Option<Role> {
        Some(self.connections.get(id)?.properties.role)
    }

    pub(crate) fn active_mut(&mut self, id: &ConnectionId) -> Option<&mut Active> {
        self.connections.get_mut(id)?.active.as_mut()
    }

    /// Who publishes `stream`. The errors tell an owner who left from one who is there but silent; clients see
    /// different codes.
    pub(crate) fn owner_of(&self, stream: &StreamId) -> Result<(&ConnectionId, &Publisher), Error> {
        let named = owner_in_name(stream).ok_or_else(|| Error::StreamNotFound(stream.clone()))?;
        let (connection, active) = self
            .participant(&named)
            .ok_or_else(|| Error::UserNotFound(named.clone()))?;
        match &active.publisher {
            Some(publisher) if publisher.stream == *stream => Ok((&connection.id, publisher)),
            _ => Err(Error::NotPublishing(named)),
        }
    }
}

/// A stream's id ends with its owner's, which begins at the last `con_`.
fn owner_in_name(stream: &StreamId) -> Option<ConnectionId> {
    let text = stream.as_str();
    Some(ConnectionId::new(&text[text.rfind("con_")?..]))
}

impl Connection {
    /// What others see of it, once it is active.
    pub(crate) fn as_seen(&self) -> Option<Participant> {
        let active = self.active.as_ref()?;
        Some(Participant {
            connection: self.id.clone(),
            created_at: active.since,
            metadata: self.metadata(active),
            stream: active.publisher.as_ref().map(Publisher::as_seen),
        })
    }

    pub(crate) fn metadata(&self, active: &Active) -> String {
        crate::metadata(&active.client_data, &self.properties.server_data)
    }
}

impl Publisher {
    pub(crate) fn as_seen(&self) -> Stream {
        Stream {
            id: self.stream.clone(),
            created_at: self.created_at,
            options: self.options.clone(),
        }
    }
}
