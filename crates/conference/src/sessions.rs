//! Beginning and end of sessions.

use crate::conference::{Conference, Handled};
use crate::effect::{Effect, EndReason, Reply};
use crate::error::Error;
use crate::event::Happening;
use crate::ids::*;
use crate::model::{Session, SessionProperties};
use crate::outbox::Outbox;

impl Conference {
    pub(crate) fn create_session(
        &mut self,
        now: Timestamp,
        fresh: SessionId,
        properties: SessionProperties,
        out: &mut Outbox,
    ) -> Handled {
        let id = match &properties.custom_session_id {
            Some(custom) => SessionId::new(custom.as_str()),
            None => fresh,
        };
        if self.sessions.contains(&id) {
            return Err(Error::SessionExists(id));
        }
        if self.sessions.len() >= self.limits.sessions {
            return Err(Error::Full {
                what: "sessions",
                limit: self.limits.sessions,
            });
        }
        let session = Session {
            id: id.clone(),
            created_at: now,
            properties,
            node: None,
            connections: Default::default(),
            lately: Vec::new(),
        };
        out.event(&session, Happening::SessionCreated);
        self.sessions.insert(session);
        Ok(Some(Reply::Session(id)))
    }

    pub(crate) fn close_by_server(&mut self, session: &SessionId, out: &mut Outbox) -> Handled {
        self.room(session)?;
        self.close(session, EndReason::SessionClosedByServer, out);
        Ok(Some(Reply::Done))
    }

    /// Evicts everybody one by one, so that the last hears of all the others, and closes the session.
    pub(crate) fn close(&mut self, session: &SessionId, reason: EndReason, out: &mut Outbox) {
        for connection in self.present(session) {
            if let Some(member) = self.member(&connection) {
                self.evict(&member, reason, None, out);
            }
        }
        // The last departure closes a session by itself; one that nobody joined is still there.
        self.remove_session(session, reason, out);
    }

    /// Ends a session that has no participants (any more), with its pending connections.
    pub(crate) fn remove_session(
        &mut self,
        session: &SessionId,
        reason: EndReason,
        out: &mut Outbox,
    ) {
        let Some(session) = self.sessions.remove(session) else {
            return;
        };
        for connection in session.connections.values() {
            self.forget_pending(connection, out);
        }
        out.event(&session, Happening::SessionDestroyed(reason));
        out.push(Effect::SessionClosed {
            session: session.id,
            node: session.node,
            reason,
        });
    }

    pub(crate) fn stop(&mut self, out: &mut Outbox) {
        let all: Vec<SessionId> = self.sessions().map(|session| session.id.clone()).collect();
        for session in all {
            self.close(&session, EndReason::OpenviduServerStopped, out);
        }
    }

    /// Sessions that nobody ever joined vanish without a word. One that somebody is joining right now stays.
    pub(crate) fn collect_garbage(&mut self, now: Timestamp, older_than_ms: u64) {
        let joining = &self.joining;
        let stale: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|session| {
                session.participants().next().is_none()
                    && now.0.saturating_sub(session.created_at.0) > older_than_ms
                    && !session
                        .connections
                        .keys()
                        .any(|id| joining.contains_key(id))
            })
            .map(|session| session.id.clone())
            .collect();
        let mut unheard = Outbox::at(now);
        for session in stale {
            self.remove_session(&session, EndReason::AutomaticStop, &mut unheard);
        }
    }

    pub(crate) fn present(&self, session: &SessionId) -> Vec<ConnectionId> {
        let Some(session) = self.sessions.get(session) else {
            return Vec::new();
        };
        session
            .participants()
            .map(|(connection, _)| connection.id.clone())
            .collect()
    }
}
