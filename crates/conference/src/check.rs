//! What must hold between any two inputs.

use std::collections::BTreeSet;

use crate::conference::Conference;
use crate::ids::*;
use crate::legs::{Legs, Publishing, Receiving};
use crate::limits::{EARLY_CANDIDATES, REPLACED_TRANSPORTS};
use crate::model::{Active, Connection, Session};
use crate::open::Waiting;

/// The rule that is broken.
type Verdict = Result<(), &'static str>;

impl Conference {
    /// Says which rule of its own the conference breaks, if any. Debug builds ask after every input; it costs as much
    /// as the conference holds.
    pub fn check(&self) -> Result<(), &'static str> {
        self.sessions()
            .try_for_each(|session| self.check_session(session))?;
        self.check_tables()?;
        self.check_open_requests()
    }

    pub(crate) fn check_session(&self, session: &Session) -> Verdict {
        let active = session.participants().count() > 0;
        rule(
            active || session.node.is_none(),
            "a session has a node only while it has participants",
        )?;
        for connection in session.connections.values() {
            rule(
                self.homes.get(&connection.id) == Some(&session.id),
                "every connection can be found by its id",
            )?;
            match &connection.active {
                Some(active) => self.check_participant(session, connection, active)?,
                None => self.check_pending(connection)?,
            }
        }
        Ok(())
    }

    fn check_pending(&self, connection: &Connection) -> Verdict {
        let joining = self.joining.contains_key(&connection.id);
        let usable = self.tokens.get(&connection.token) == Some(&connection.id);
        rule(
            joining != usable,
            "a pending connection's token is either usable or being used",
        )
    }

    fn check_participant(
        &self,
        session: &Session,
        connection: &Connection,
        active: &Active,
    ) -> Verdict {
        rule(
            !self.tokens.contains_key(&connection.token),
            "the token of a participant cannot be used again",
        )?;
        let Some(legs) = self.legs.get(&connection.id) else {
            return Err("every participant has legs");
        };
        rule(
            legs.replaced.len() <= REPLACED_TRANSPORTS,
            "replaced transports are bounded",
        )?;
        rule(
            active.publisher.is_some() || legs.replaced.is_empty(),
            "only a publisher has replaced transports",
        )?;
        self.check_place(session, active, legs)?;
        let received = active.subscribers.keys().chain(legs.receiving.keys());
        let received = received.chain(&legs.repairing);
        for stream in received {
            let owner = session.owner_of(stream);
            rule(
                owner.is_ok_and(|(owner, _)| *owner != connection.id),
                "only streams of others that exist are received",
            )?;
        }
        active
            .subscribers
            .iter()
            .try_for_each(|(stream, subscriber)| {
                let coming = legs.receiving.get(stream).and_then(Receiving::transport);
                let current = subscriber.transport.as_ref();
                rule(
                    current.is_none() || subscriber.established == (coming != current),
                    "a subscriber is established unless its transport is on its way",
                )
            })
    }

    /// Without a node there are no transports; with one nothing is held back.
    fn check_place(&self, session: &Session, active: &Active, legs: &Legs) -> Verdict {
        let held = legs.publishing.as_ref().map(Publishing::is_held);
        let next = legs.receiving.values();
        let next = next.map(|next| matches!(next, Receiving::Held { .. }));
        let homeless = session.node.is_none();
        rule(
            held.into_iter().chain(next).all(|held| held == homeless),
            "requests are held exactly while there is no node",
        )?;
        let sent = active.publisher.iter().map(|it| &it.transport);
        let received = active.subscribers.values().map(|it| &it.transport);
        let any = sent.chain(received).flatten().next().is_some();
        rule(
            !homeless || (!any && legs.replaced.is_empty()),
            "a session without a node has no transports",
        )
    }

    fn check_tables(&self) -> Verdict {
        let connections: usize = self.sessions().map(|s| s.connections.len()).sum();
        let active: usize = self.sessions().map(|s| s.participants().count()).sum();
        rule(
            self.homes.len() == connections,
            "no home of a connection that is gone",
        )?;
        rule(
            self.legs.len() == active,
            "no legs of a participant that is gone",
        )?;
        rule(
            self.tokens.len() + self.joins.len() == connections - active,
            "one token or one join per pending connection",
        )?;
        rule(
            self.joins.len() == self.joining.len(),
            "one join per joining connection",
        )?;
        rule(
            self.legs
                .values()
                .all(|legs| legs.early() <= EARLY_CANDIDATES),
            "early candidates are bounded",
        )
    }

    fn check_open_requests(&self) -> Verdict {
        let mut known = BTreeSet::new();
        for (connection, legs) in &self.legs {
            if let Some(made) = &legs.publishing {
                known.insert(made.request);
                rule(
                    self.waits_for_publish(made.request, connection),
                    "a publish on its way has an open request",
                )?;
            }
            known.extend(legs.receiving.values().filter_map(Receiving::request));
        }
        rule(
            known.iter().eq(self.open.keys()),
            "the open requests are those that something is on its way for",
        )?;
        self.check_held()
    }

    fn check_held(&self) -> Verdict {
        let waiting = self.joins.iter().filter(|(_, it)| it.waits.is_some());
        let (waiting, sessions): (Vec<RequestId>, Vec<&SessionId>) =
            waiting.map(|(id, it)| (*id, &it.join.session)).unzip();
        rule(
            sessions.iter().all(|session| self.is_homeless(session)),
            "joins wait for a place only with their session",
        )?;
        let deadlines: BTreeSet<RequestId> = self.held.iter().map(|(_, it)| *it).collect();
        let mut held = self.legs.values().flat_map(Legs::held).chain(waiting);
        rule(
            held.all(|request| deadlines.contains(&request)),
            "a request that is held has a deadline",
        )
    }

    fn waits_for_publish(&self, request: RequestId, connection: &ConnectionId) -> bool {
        matches!(self.open.get(&request), Some(Waiting::Publish(who)) if who == connection)
    }
}

fn rule(holds: bool, text: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(text) }
}
