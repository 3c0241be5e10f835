//! The state of all sessions and the one door to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::effect::{Effect, MediaAnswer, Reply};
use crate::error::Error;
use crate::ids::*;
use crate::input::{ClientOperation, Input, MediaError, ServerOperation};
use crate::legs::Legs;
use crate::limits::Limits;
use crate::model::{Connection, Session};
use crate::open::{Joining, Waiting};
use crate::outbox::Outbox;
use crate::rooms::Rooms;

/// All sessions of one master.
#[derive(Debug, Default)]
pub struct Conference {
    pub(crate) limits: Limits,
    pub(crate) sessions: Rooms,
    /// Where each connection is, pending or active.
    pub(crate) homes: BTreeMap<ConnectionId, SessionId>,
    /// Tokens that can be used now.
    pub(crate) tokens: BTreeMap<Token, ConnectionId>,
    /// One entry per active connection.
    pub(crate) legs: BTreeMap<ConnectionId, Legs>,
    /// Requests that wait for a node's answer.
    pub(crate) open: BTreeMap<RequestId, Waiting>,
    /// Joins that wait for a placement.
    pub(crate) joins: BTreeMap<RequestId, Joining>,
    /// The same joins by connection.
    pub(crate) joining: BTreeMap<ConnectionId, RequestId>,
    pub(crate) last_transport: u64,
    pub(crate) dropped_candidates: u64,
    /// Requests that were held because their sessions had no node, and until when; also when to look again.
    pub(crate) held: BTreeSet<(Timestamp, RequestId)>,
    /// Stranded publishers whose sessions have a node again, and since when.
    pub(crate) to_redial: BTreeMap<ConnectionId, Timestamp>,
    /// Publishers that lost their source with their session's node, and when they should have another at the latest.
    pub(crate) sourceless: BTreeSet<(Timestamp, ConnectionId)>,
    /// Clients that have come back, when they are told what they may have missed, and since when that may be.
    pub(crate) reminders: BTreeSet<(Timestamp, ConnectionId, Timestamp)>,
    /// When stranded publishers are looked at next.
    pub(crate) redial_from: Timestamp,
    /// Numbers the conference's own questions to nodes.
    pub(crate) last_own: u32,
}

/// `None`: the request is answered already, or will be when what it waits for comes.
pub(crate) type Handled = Result<Option<Reply>, Error>;

/// A participant who asks, or about whom something is decided.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub connection: ConnectionId,
    pub session: SessionId,
    /// `None` while its session is being placed anew.
    pub node: Option<NodeId>,
}

impl Conference {
    /// A conference without sessions, with the usual limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// A conference without sessions.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Takes one input at time `now` and says what is to be done about it.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let effects = self.dispatch(now, input);
        debug_assert_eq!(self.check(), Ok(()));
        effects
    }

    /// All sessions, in the order of their ids.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter()
    }

    /// One session.
    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id)
    }

    /// One connection, pending or active, and the session it belongs to.
    pub fn connection(&self, id: &ConnectionId) -> Option<(&Session, &Connection)> {
        let session = self.sessions.get(self.homes.get(id)?)?;
        Some((session, session.connections.get(id)?))
    }

    /// Every session that was created, changed or removed since the last call. It may name one that was touched and is
    /// as it was; it never misses one.
    pub fn take_changed(&mut self) -> BTreeSet<SessionId> {
        self.sessions.take_changed()
    }

    /// Client candidates that could not be used or kept, since the start.
    pub fn dropped_candidates(&self) -> u64 {
        self.dropped_candidates
    }

    /// Requests that wait for a node or for a placement.
    pub fn open_requests(&self) -> impl Iterator<Item = RequestId> {
        let open = self.open.keys().chain(self.joins.keys()).copied();
        open.filter(|request| !request.is_own())
    }

    fn dispatch(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        if let Input::NodeLost { node, remedy } = input {
            return self.node_lost(now, node, remedy);
        }
        let mut out = Outbox::at(now);
        match input {
            Input::Server { request, operation } => self.server(now, request, operation, &mut out),
            Input::Client {
                request,
                connection,
                operation,
            } => self.client(now, request, &connection, operation, &mut out),
            Input::Join { request, join } => self.join(request, join, &mut out),
            Input::Placed { request, outcome } => self.placed(now, request, outcome, &mut out),
            Input::Lost { connection } => self.lost(&connection, &mut out),
            Input::Resumed { connection, since } => self.resumed(now, connection, since),
            Input::Media { key, outcome } => self.media(now, key, outcome, &mut out),
            Input::CollectGarbage { older_than_ms } => self.collect_garbage(now, older_than_ms),
            Input::Stopping => self.stop(&mut out),
            Input::Rehoused { session, node } => self.rehoused(now, &session, node, &mut out),
            Input::GiveUp { session } => self.give_up_session(&session, &mut out),
            Input::Move { session } => self.move_away(&session, &mut out),
            Input::Repair { connection, stream } => {
                self.repair(now, &connection, &stream, &mut out);
            }
            Input::NodeBack { node } => self.node_back(now, &node, &mut out),
            Input::NewCandidates {
                transport,
                candidates,
            } => self.new_candidates(&transport, candidates, &mut out),
            Input::SourceUp { transport } => self.source_up(&transport),
            Input::SourceGone { transport } => self.source_gone(now, &transport),
            Input::Elapsed => self.elapse(now, &mut out),
            Input::NodeLost { .. } => {}
        }
        self.redial(now, &mut out);
        out.into_effects()
    }

    fn server(
        &mut self,
        now: Timestamp,
        request: RequestId,
        operation: ServerOperation,
        out: &mut Outbox,
    ) {
        let handled = match operation {
            ServerOperation::CreateSession { fresh, properties } => {
                self.create_session(now, fresh, properties, out)
            }
            ServerOperation::CloseSession { session } => self.close_by_server(&session, out),
            ServerOperation::CreateConnection {
                session,
                fresh,
                token,
                properties,
            } => self.create_connection(now, &session, fresh, token, properties),
            ServerOperation::UpdateConnection {
                session,
                connection,
                role,
                record,
            } => self.update_connection(&session, &connection, role, record, out),
            ServerOperation::ForceDisconnect {
                session,
                connection,
            } => self.disconnect_by_server(request, &session, &connection, out),
            ServerOperation::ForceUnpublish { session, stream } => {
                self.unpublish_by_server(&session, &stream, out)
            }
            ServerOperation::Signal { session, signal } => {
                self.signal_by_server(&session, signal, out)
            }
        };
        settle(request, handled, out);
    }

    fn client(
        &mut self,
        now: Timestamp,
        request: RequestId,
        connection: &ConnectionId,
        operation: ClientOperation,
        out: &mut Outbox,
    ) {
        let handled = match self.member(connection) {
            Some(member) => self.operate(now, request, &member, operation, out),
            None => Err(Error::ConnectionClosed(connection.clone())),
        };
        settle(request, handled, out);
    }

    fn operate(
        &mut self,
        now: Timestamp,
        request: RequestId,
        who: &Member,
        operation: ClientOperation,
        out: &mut Outbox,
    ) -> Handled {
        match operation {
            ClientOperation::Leave => self.leave(request, who, out),
            ClientOperation::Publish {
                offer,
                options,
                nonce,
            } => self.publish(now, request, who, offer, options, &nonce, out),
            ClientOperation::Unpublish => self.unpublish(who, out),
            ClientOperation::PrepareReceive { stream, reconnect } => {
                self.prepare_receive(now, request, who, stream, reconnect, out)
            }
            ClientOperation::Receive { stream, answer } => {
                self.receive(request, who, stream, answer, out)
            }
            ClientOperation::Reconnect { stream, sdp } => {
                self.reconnect(now, request, who, stream, sdp, out)
            }
            ClientOperation::Unsubscribe { sender } => self.unsubscribe(who, &sender, out),
            ClientOperation::Candidate {
                endpoint,
                candidate,
                sdp_mid,
            } => self.candidate(who, endpoint, candidate, sdp_mid, out),
            ClientOperation::Signal(signal) => self.signal_by_client(who, signal, out),
            ClientOperation::ChangeStream {
                stream,
                change,
                reason,
            } => self.change_stream(who, &stream, change, reason, out),
            ClientOperation::ForceDisconnect { connection } => {
                self.disconnect_by_moderator(request, who, &connection, out)
            }
            ClientOperation::ForceUnpublish { stream } => {
                self.unpublish_by_moderator(who, &stream, out)
            }
        }
    }

    /// Answers of requests that were answered otherwise meanwhile find nobody waiting and are ignored.
    fn media(
        &mut self,
        now: Timestamp,
        key: RequestId,
        outcome: Result<MediaAnswer, MediaError>,
        out: &mut Outbox,
    ) {
        let handled = match self.open.remove(&key) {
            Some(Waiting::Publish(connection)) => {
                self.published(now, key, &connection, outcome, out)
            }
            Some(Waiting::Offer(connection, stream)) => {
                self.offered(now, key, &connection, stream, outcome, out)
            }
            Some(Waiting::Accept(connection, stream)) => {
                self.accepted(&connection, &stream, outcome, out)
            }
            None => return,
        };
        settle(key, handled, out);
    }
}

fn settle(request: RequestId, handled: Handled, out: &mut Outbox) {
    match handled {
        Ok(Some(reply)) => out.reply(request, Ok(reply)),
        Ok(None) => {}
        Err(error) => out.reply(request, Err(error)),
    }
}

impl Conference {
    /// `None` for connections that are pending or gone.
    pub(crate) fn member(&self, connection: &ConnectionId) -> Option<Member> {
        let (session, found) = self.connection(connection)?;
        found.active.as_ref()?;
        Some(Member {
            connection: connection.clone(),
            session: session.id.clone(),
            node: session.node.clone(),
        })
    }

    pub(crate) fn room(&self, id: &SessionId) -> Result<&Session, Error> {
        self.sessions
            .get(id)
            .ok_or_else(|| Error::SessionNotFound(id.clone()))
    }

    pub(crate) fn room_mut(&mut self, id: &SessionId) -> Result<&mut Session, Error> {
        self.sessions
            .get_mut(id)
            .ok_or_else(|| Error::SessionNotFound(id.clone()))
    }

    pub(crate) fn legs_of(&mut self, who: &Member) -> Result<&mut Legs, Error> {
        self.legs
            .get_mut(&who.connection)
            .ok_or_else(|| Error::ConnectionClosed(who.connection.clone()))
    }

    /// Answers a request that waits for something that will not come.
    pub(crate) fn give_up(&mut self, request: RequestId, error: Error, out: &mut Outbox) {
        if self.open.remove(&request).is_some() {
            out.reply(request, Err(error));
        }
    }

    /// Connection ids of the application's own choice come again, so the counter never falls behind the clock:
    /// neither a second connection of that name nor a restarted master repeats a transport's id.
    pub(crate) fn fresh_transport(&mut self, now: Timestamp, owner: &ConnectionId) -> TransportId {
        self.last_transport = now.0.max(self.last_transport + 1);
        TransportId::new(format!("{owner}/{}", self.last_transport))
    }
}

/// `metadata` as clients expect it: both parts joined by `%/%`, or the one that is not empty.
pub fn metadata(client_data: &str, server_data: &str) -> String {
    match (client_data, server_data) {
        ("", server) => server.to_owned(),
        (client, "") => client.to_owned(),
        (client, server) => format!("{client}%/%{server}"),
    }
}
