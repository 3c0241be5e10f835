//! A conference after its master was away: from the sessions as they were written down.

use crate::conference::Conference;
use crate::ids::*;
use crate::legs::{Legs, Receiving};
use crate::limits::SOURCE_REDIALS;
use crate::model::{Active, Session};

/// A session that cannot be one of this conference, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("session {session} is not restored: {reason}")]
pub struct NotRestored {
    #[allow(missing_docs)]
    pub session: SessionId,
    #[allow(missing_docs)]
    pub reason: &'static str,
}

impl Conference {
    /// Takes in sessions as [`sessions`](Self::sessions) showed them in an earlier life. Nobody is told of it, and they
    /// do not count as changed. Tokens of those who have not joined are good again; who was answering an offer can
    /// still answer it. Requests that were under way are forgotten, as their clients' sockets are: peer connections
    /// that were only on their way are not among [`transports_on`](Self::transports_on) any more.
    ///
    /// # Errors
    /// Those that contradict themselves or others are left out, each with its reason; all others are restored.
    pub fn restore(&mut self, sessions: Vec<Session>) -> Result<(), Vec<NotRestored>> {
        let mut left_out = Vec::new();
        for session in sessions {
            let id = session.id.clone();
            if let Err(reason) = self.restore_session(session) {
                left_out.push(NotRestored {
                    session: id,
                    reason,
                });
            }
        }
        debug_assert_eq!(self.check(), Ok(()));
        match left_out.is_empty() {
            true => Ok(()),
            false => Err(left_out),
        }
    }

    fn restore_session(&mut self, session: Session) -> Result<(), &'static str> {
        self.can_be_restored(&session)?;
        self.enter_in_tables(&session);
        if let Err(broken) = self.check_session(&session) {
            self.strike_from_tables(&session);
            return Err(broken);
        }
        self.outrun(&session);
        self.sessions.restore(session);
        Ok(())
    }

    fn can_be_restored(&self, session: &Session) -> Result<(), &'static str> {
        if self.sessions.contains(&session.id) {
            return Err("another session has its id");
        }
        let mut tokens = std::collections::BTreeSet::new();
        for (id, connection) in &session.connections {
            if *id != connection.id {
                return Err("a connection is filed under the id of another");
            }
            if self.homes.contains_key(id) {
                return Err("another session has a connection of the same id");
            }
            let pending = connection.active.is_none();
            let token = &connection.token;
            if pending && (self.tokens.contains_key(token) || !tokens.insert(token)) {
                return Err("two connections wait for the same token");
            }
        }
        Ok(())
    }

    fn enter_in_tables(&mut self, session: &Session) {
        for (id, connection) in &session.connections {
            self.homes.insert(id.clone(), session.id.clone());
            match &connection.active {
                Some(active) => {
                    self.legs.insert(id.clone(), legs(active));
                }
                None => {
                    self.tokens.insert(connection.token.clone(), id.clone());
                }
            }
        }
    }

    fn strike_from_tables(&mut self, session: &Session) {
        for (id, connection) in &session.connections {
            self.homes.remove(id);
            self.legs.remove(id);
            if connection.active.is_none() {
                self.tokens.remove(&connection.token);
            }
        }
    }

    /// The counter may have been ahead of the clock; see [`Conference::fresh_transport`].
    fn outrun(&mut self, session: &Session) {
        for (_, active) in session.participants() {
            let sent = active.publisher.iter().map(|it| &it.transport);
            let received = active.subscribers.values().map(|it| &it.transport);
            for transport in sent.chain(received).flatten() {
                self.last_transport = self.last_transport.max(number(transport));
            }
        }
    }
}

/// What is still under way: the offers that a client has and has not answered.
fn legs(active: &Active) -> Legs {
    let offered = active
        .subscribers
        .iter()
        .filter(|(_, subscriber)| !subscriber.established)
        .filter_map(|(stream, subscriber)| {
            let transport = subscriber.transport.clone()?;
            Some((stream.clone(), Receiving::Offered { transport }))
        });
    let mut legs = Legs::default();
    legs.receiving.extend(offered);
    let source = active.publisher.iter().find_map(|it| it.transport.as_ref());
    if source.is_some() {
        // Whether media flowed is not written down.
        legs.redials = SOURCE_REDIALS;
    }
    legs
}

fn number(transport: &TransportId) -> u64 {
    let (_, number) = transport.as_str().rsplit_once('/').unwrap_or_default();
    number.parse().unwrap_or_default()
}
