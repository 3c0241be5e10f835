//! From a token to a participant.

use crate::conference::Conference;
use crate::effect::{Effect, Joined, Notification, Participant, Reply};
use crate::error::Error;
use crate::event::{Happening, Presence};
use crate::ids::*;
use crate::input::{Join, NoNode, Placement};
use crate::lately::News;
use crate::legs::Legs;
use crate::model::{Active, Session};
use crate::open::Joining;
use crate::outbox::Outbox;
use crate::recover::is_homeless;

impl Conference {
    /// Reserves the token and asks where the session is to be carried.
    pub(crate) fn join(&mut self, request: RequestId, join: Join, out: &mut Outbox) {
        let connection = match self.bearer(&join) {
            Ok(connection) => connection,
            Err(error) => return out.reply(request, Err(error)),
        };
        self.tokens.remove(&join.token);
        self.joining.insert(connection.clone(), request);
        let joining = Joining {
            connection,
            join,
            asked_for: None,
            waits: None,
        };
        self.ask_for_place(request, joining, out);
    }

    /// Whose token it is.
    fn bearer(&self, join: &Join) -> Result<ConnectionId, Error> {
        self.room(&join.session)?;
        self.tokens
            .get(&join.token)
            .filter(|connection| self.homes.get(connection) == Some(&join.session))
            .cloned()
            .ok_or_else(|| Error::InvalidToken {
                session: join.session.clone(),
                token: join.token.clone(),
            })
    }

    fn ask_for_place(&mut self, request: RequestId, mut joining: Joining, out: &mut Outbox) {
        let Some(session) = self.sessions.get(&joining.join.session) else {
            return;
        };
        joining.asked_for = session.node.clone();
        joining.waits = None;
        let homeless = is_homeless(session);
        out.push(Effect::Place {
            request,
            session: session.id.clone(),
            node: session.node.clone(),
            // Who has lost its node may go anywhere.
            wanted: session.properties.media_node.clone().filter(|_| !homeless),
        });
        self.joins.insert(request, joining);
    }

    /// An answer for a join that was cancelled meanwhile finds nobody and is ignored.
    pub(crate) fn placed(
        &mut self,
        now: Timestamp,
        request: RequestId,
        outcome: Result<Placement, NoNode>,
        out: &mut Outbox,
    ) {
        let Some(joining) = self.joins.remove(&request) else {
            return;
        };
        let carried_by = self
            .sessions
            .get(&joining.join.session)
            .and_then(|session| session.node.clone());
        match (outcome, carried_by) {
            (Err(reason), None) if self.is_homeless(&joining.join.session) => {
                self.hold_join(now, request, joining, reason);
            }
            (Err(reason), _) => self.refuse_join(request, joining, reason, out),
            (Ok(placement), Some(node)) if node != placement.node => {
                self.elsewhere(request, joining, &node, placement, out);
            }
            (Ok(placement), _) => self.admit(now, request, joining, placement, out),
        }
    }

    /// Somebody else's join fixed the node while this one was being placed: ask again, with the node.
    fn elsewhere(
        &mut self,
        request: RequestId,
        joining: Joining,
        carried_by: &NodeId,
        placement: Placement,
        out: &mut Outbox,
    ) {
        if joining.asked_for.as_ref() != Some(carried_by) {
            return self.ask_for_place(request, joining, out);
        }
        let reason = NoNode(format!(
            "it is carried by node {carried_by} and cannot be joined on node {}",
            placement.node
        ));
        self.refuse_join(request, joining, reason, out);
    }

    /// The token can be used again.
    fn refuse_join(
        &mut self,
        request: RequestId,
        joining: Joining,
        reason: NoNode,
        out: &mut Outbox,
    ) {
        let session = joining.join.session.clone();
        self.release(joining);
        out.reply(request, Err(Error::NoNode { session, reason }));
    }

    /// The others are waiting for a place too.
    fn hold_join(
        &mut self,
        now: Timestamp,
        request: RequestId,
        mut joining: Joining,
        reason: NoNode,
    ) {
        joining.waits = Some(reason);
        self.joins.insert(request, joining);
        self.hold(now, request);
    }

    /// The session has got its place.
    pub(crate) fn resume_joins(&mut self, session: &SessionId, out: &mut Outbox) {
        let waiting = |joining: &Joining| joining.waits.is_some();
        let held: Vec<RequestId> = self
            .joins
            .iter()
            .filter(|(_, joining)| joining.join.session == *session && waiting(joining))
            .map(|(request, _)| *request)
            .collect();
        for request in held {
            if let Some(joining) = self.joins.remove(&request) {
                self.ask_for_place(request, joining, out);
            }
        }
    }

    pub(crate) fn stop_holding_join(&mut self, request: RequestId, out: &mut Outbox) {
        let joining = self.joins.get(&request);
        let Some(reason) = joining.and_then(|joining| joining.waits.clone()) else {
            return;
        };
        if let Some(joining) = self.joins.remove(&request) {
            self.refuse_join(request, joining, reason, out);
        }
    }

    /// Ends a join on its way. The token can be used again, unless the connection goes next.
    pub(crate) fn cancel_join(&mut self, connection: &ConnectionId, out: &mut Outbox) {
        let Some(request) = self.joining.get(connection).copied() else {
            return;
        };
        let Some(joining) = self.joins.remove(&request) else {
            return;
        };
        self.release(joining);
        out.reply(request, Err(Error::ConnectionClosed(connection.clone())));
    }

    fn release(&mut self, joining: Joining) {
        self.joining.remove(&joining.connection);
        self.tokens.insert(joining.join.token, joining.connection);
    }

    fn admit(
        &mut self,
        now: Timestamp,
        request: RequestId,
        joining: Joining,
        placement: Placement,
        out: &mut Outbox,
    ) {
        let Joining {
            connection, join, ..
        } = joining;
        self.joining.remove(&connection);
        let homeless = self.is_homeless(&join.session);
        let session = join.session.clone();
        let seated = match self.sessions.get_mut(&join.session) {
            Some(session) => seat(session, now, &connection, join, placement),
            None => None,
        };
        let Some(joined) = seated else {
            return out.reply(request, Err(Error::ConnectionClosed(connection)));
        };
        self.legs.insert(connection.clone(), Legs::default());
        if let Some((session, connection)) = self.connection(&connection)
            && let Some(active) = &connection.active
        {
            let presence = Presence::of(connection, active);
            out.event(session, Happening::ParticipantJoined(presence));
        }
        self.announce(request, joined, out);
        if homeless {
            self.take_up(now, &session, out);
        }
    }

    fn announce(&self, request: RequestId, joined: Joined, out: &mut Outbox) {
        let news = Notification::ParticipantJoined {
            connection: joined.connection.clone(),
            created_at: joined.created_at,
            metadata: joined.metadata.clone(),
        };
        let others: Vec<ConnectionId> = joined
            .others
            .iter()
            .map(|other| other.connection.clone())
            .collect();
        out.reply(request, Ok(Reply::Joined(Box::new(joined))));
        for other in &others {
            out.notify(other, news.clone());
        }
    }
}

/// Makes the connection a participant; the first one fixes the session's node.
fn seat(
    session: &mut Session,
    now: Timestamp,
    id: &ConnectionId,
    join: Join,
    placement: Placement,
) -> Option<Joined> {
    let others = in_order_of_arrival(session);
    let connection = session.connections.get_mut(id)?;
    let active = Active {
        since: now,
        client_data: join.client_data,
        platform: join.platform,
        ip: join.ip,
        publisher: None,
        subscribers: Default::default(),
    };
    let own = &connection.properties.ice_servers;
    let joined = Joined {
        connection: id.clone(),
        session: session.id.clone(),
        created_at: now,
        metadata: connection.metadata(&active),
        role: connection.properties.role,
        record: connection.properties.record,
        ice_servers: if own.is_empty() {
            placement.ice_servers
        } else {
            own.clone()
        },
        others,
    };
    connection.active = Some(active);
    session.node = Some(placement.node);
    session.remember(now, id, News::Joined);
    Some(joined)
}

fn in_order_of_arrival(session: &Session) -> Vec<Participant> {
    let mut present: Vec<Participant> = session
        .connections
        .values()
        .filter_map(|connection| connection.as_seen())
        .collect();
    present.sort_by_key(|participant| participant.created_at);
    present
}
