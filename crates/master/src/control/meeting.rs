//! Carrying out what the conference wants.

use std::time::Instant;

use conference::{
    ConnectionId, Effect, Error, IceServer, Input, MediaCommand, MediaError, NoNode, NodeId,
    Placement, Reply, RequestId, SessionId,
};
use openvidu::rpc::ClientNumber;

use super::clients::Unreachable;
use super::message::Event;
use super::{Control, translate};

impl Control {
    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Reply { request, result } => self.reply(request, result),
            Effect::Notify { to, notification } => {
                let told = self
                    .clients
                    .tell_connection(&to, Event::Notify(notification));
                self.lose_unreachable(told);
            }
            Effect::Place {
                request,
                session,
                node,
                wanted,
            } => self.place(request, &session, node, wanted),
            Effect::Media { node, command } => self.media(node, command),
            Effect::Disconnected { connection } => {
                tracing::info!(%connection, "participant gone");
                self.clients.unbind(&connection);
            }
            Effect::SessionClosed {
                session,
                node,
                reason,
            } => {
                tracing::info!(%session, ?node, ?reason, "session closed");
                self.session_closed(&session);
            }
            Effect::Event(event) => tracing::debug!(?event, "event"),
        }
    }

    fn reply(&mut self, request: RequestId, result: Result<Reply, Error>) {
        if let Some(respond) = self.responds.remove(&request) {
            return respond(&self.conference, result);
        }
        let client = ClientNumber::of(request);
        let joined = match &result {
            Ok(Reply::Joined(joined)) => {
                tracing::info!(session = %joined.session, connection = %joined.connection, client = client.0,
                    "participant joined");
                self.clients.bind(client, joined.connection.clone());
                Some(joined.connection.clone())
            }
            Ok(Reply::Published { stream, .. }) => {
                tracing::info!(%stream, "stream published");
                None
            }
            _ => None,
        };
        match self.clients.tell(client, Event::Reply { request, result }) {
            Err(Unreachable(None)) => self.lose(joined),
            told => self.lose_unreachable(told),
        }
    }

    /// A client that cannot be told what happens is no participant any more.
    pub(super) fn lose_unreachable(&mut self, told: Result<(), Unreachable>) {
        if let Err(Unreachable(connection)) = told {
            self.lose(connection);
        }
    }

    pub(super) fn lose(&mut self, connection: Option<ConnectionId>) {
        self.inputs
            .extend(connection.map(|connection| Input::Lost { connection }));
    }

    fn place(
        &mut self,
        request: RequestId,
        session: &SessionId,
        node: Option<NodeId>,
        wanted: Option<NodeId>,
    ) {
        let of = |id: &NodeId| cluster::NodeId::new(id.as_str());
        let outcome = self
            .cluster
            .place(
                &cluster::SessionId::new(session.as_str()),
                node.as_ref().map(of).as_ref(),
                wanted.as_ref().map(of).as_ref(),
            )
            .map(|place| Placement {
                ice_servers: self.ice_servers(&place.node),
                node: NodeId::new(place.node.as_str()),
            })
            .map_err(|error| {
                tracing::warn!(%error, "no media node can take a session");
                NoNode(error.to_string())
            });
        self.inputs.push_back(Input::Placed { request, outcome });
    }

    /// The configured ones, or `stun:` of every address of the node. Without any the clients would ask
    /// strangers' servers.
    fn ice_servers(&self, node: &cluster::NodeId) -> Vec<IceServer> {
        if !self.settings.ice_servers.is_empty() {
            return self.settings.ice_servers.clone();
        }
        let servers = self
            .cluster
            .node(node)
            .into_iter()
            .flat_map(|node| node.addresses().stun_servers());
        // `SocketAddr` prints IPv6 in brackets, as RFC 7064 wants it.
        servers
            .map(|server| IceServer {
                url: format!("stun:{server}"),
                credentials: None,
            })
            .collect()
    }

    fn media(&mut self, node: NodeId, command: MediaCommand) {
        match &command {
            MediaCommand::Publish { transport, .. } | MediaCommand::Subscribe { transport, .. } => {
                self.carried.open(&node, transport);
            }
            MediaCommand::Close { transport } => self.carried.close(&node, transport),
            MediaCommand::Accept { .. } | MediaCommand::Candidate { .. } => {}
        }
        let (key, command) = translate::outgoing(command);
        let sent = self.nodes.command(&self.cluster, &node, key, command);
        match (sent, key) {
            (Ok(to), Some(key)) => self.in_flight.sent(Instant::now(), key, to),
            (Ok(_), None) => {}
            (Err(reason), Some(key)) => self.media_failed(key, reason),
            (Err(reason), None) => tracing::debug!(%node, reason, "a command was not sent"),
        }
    }

    pub(super) fn media_failed(&mut self, key: RequestId, reason: String) {
        self.inputs.push_back(Input::Media {
            key,
            outcome: Err(MediaError::Unavailable(reason)),
        });
    }

    pub(super) fn expire_commands(&mut self) {
        for key in self.in_flight.expired(Instant::now()) {
            tracing::warn!(
                key = key.0,
                "a media node did not answer a command within its deadline"
            );
            self.media_failed(
                key,
                "the media node did not answer within its deadline".to_owned(),
            );
        }
    }
}
