//! Carrying out what the conference wants.

use conference::{
    Effect, Error, Input, MediaAnswer, MediaCommand, MediaError, NoNode, NodeId, Placement, Reply,
    RequestId, SessionId,
};
use openvidu::rpc::ClientNumber;

use crate::control::Control;
use crate::effect::{self, Event, Told};
use crate::in_flight::{Waited, makes};
use crate::notice::Notice;

impl Control {
    pub(crate) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Reply { request, result } => self.reply(request, result),
            Effect::Notify { to, notification } => {
                if let Some(client) = self.clients.of(&to) {
                    self.tell(client, Told::Notify(notification));
                } else if self.clients.missed(&to, notification).is_err() {
                    self.lose(Some(to));
                }
            }
            Effect::Place {
                request,
                session,
                node,
                wanted,
            } => self.place(request, &session, node, wanted),
            Effect::Rehouse { session, .. } => self.rehouse(session),
            Effect::Redial { connection } => {
                if let Some(client) = self.clients.of(&connection) {
                    self.tell(client, Told::Redial);
                }
            }
            Effect::Media { node, command } => self.send(&node, command),
            Effect::Disconnected { connection } => {
                if let Some(client) = self.clients.unbind(&connection) {
                    self.tell(client, Told::Disconnected);
                }
                self.log(Notice::Left(connection));
            }
            Effect::SessionClosed {
                session, reason, ..
            } => {
                self.session_closed(&session);
                self.log(Notice::SessionClosed { session, reason });
            }
            Effect::Event(event) => {
                self.event(effect::Event::Meeting(event));
            }
        }
    }

    fn reply(&mut self, request: RequestId, result: Result<Reply, Error>) {
        if let Some(question) = self.questions.remove(&request) {
            return self.out(effect::Effect::Answer { question, result });
        }
        let client = ClientNumber::of(request);
        match &result {
            Ok(Reply::Joined(joined)) => {
                if !self.clients.bind(client, joined.connection.clone()) {
                    return self.lose(Some(joined.connection.clone()));
                }
                self.log(Notice::Joined {
                    session: joined.session.clone(),
                    connection: joined.connection.clone(),
                    client,
                });
            }
            Ok(Reply::Published { stream, .. }) => self.log(Notice::Published(stream.clone())),
            _ => {}
        }
        if self.clients.knows(client) {
            self.tell(client, Told::Reply { request, result });
        }
    }

    fn place(
        &mut self,
        request: RequestId,
        session: &SessionId,
        node: Option<NodeId>,
        wanted: Option<NodeId>,
    ) {
        let of = |id: &NodeId| cluster::NodeId::new(id.as_str());
        let placed = self.cluster.place(
            &cluster::SessionId::new(session.as_str()),
            node.as_ref().map(of).as_ref(),
            wanted.as_ref().map(of).as_ref(),
        );
        let outcome = match placed {
            Ok(place) => Ok(Placement {
                ice_servers: self.ice_servers(&place.node, session),
                node: NodeId::new(place.node.as_str()),
            }),
            Err(error) => {
                self.log(Notice::NoPlace(error.to_string()));
                Err(NoNode(error.to_string()))
            }
        };
        self.tell_conference(Input::Placed { request, outcome });
    }

    /// Sends a command on the node's present stream, or as soon as there is one again.
    pub(crate) fn send(&mut self, node: &NodeId, command: MediaCommand) {
        let key = key(&command);
        let known = self.cluster.node(&cluster::NodeId::new(node.as_str()));
        match known.map(cluster::Node::attachment) {
            Some(Some(attachment)) => {
                if let Some(key) = key {
                    let makes = makes(&command);
                    self.in_flight.sent(self.now.moment, key, attachment, makes);
                }
                self.out(effect::Effect::Command {
                    attachment,
                    key,
                    command,
                });
            }
            Some(None) => {
                if self.wait_for_link(node, command).is_err() {
                    let many = "too much waits for it already";
                    self.unsent(
                        key,
                        format!("the link to media node {node} is down, and {many}"),
                    );
                }
            }
            None => self.unsent(key, format!("media node {node} is gone")),
        }
    }

    fn unsent(&mut self, key: Option<RequestId>, reason: String) {
        match key {
            // Nothing was begun: no record of it waits for an end.
            Some(key) => self.media_failed(Waited { key, makes: None }, reason),
            None => self.log(Notice::NotSent(reason)),
        }
    }

    /// The shell could not hand it over.
    pub(crate) fn taken_back(&mut self, key: Option<RequestId>, reason: String) {
        match key.map(|key| self.in_flight.unsent(key)) {
            None => self.unsent(None, reason),
            Some(Some(waited)) => self.media_failed(waited, reason),
            Some(None) => {}
        }
    }

    pub(crate) fn media_failed(&mut self, waited: Waited, reason: String) {
        self.media_answered(waited, Err(MediaError::Unavailable(reason)));
    }

    pub(crate) fn media_answered(
        &mut self,
        waited: Waited,
        outcome: Result<MediaAnswer, MediaError>,
    ) {
        if let (Err(error), Some(transport)) = (&outcome, waited.makes) {
            let reason = error.reason().to_owned();
            self.event(Event::Unmade { transport, reason });
        }
        let key = waited.key;
        self.tell_conference(Input::Media { key, outcome });
    }

    pub(crate) fn expire_commands(&mut self) {
        for waited in self.in_flight.expired(self.now.moment) {
            self.log(Notice::Unanswered(waited.key));
            self.media_failed(
                waited,
                "the media node did not answer within its deadline".to_owned(),
            );
        }
    }
}

pub(crate) fn key(command: &MediaCommand) -> Option<RequestId> {
    match command {
        MediaCommand::Publish { key, .. }
        | MediaCommand::Subscribe { key, .. }
        | MediaCommand::Accept { key, .. } => Some(*key),
        MediaCommand::Candidate { .. } | MediaCommand::Close { .. } => None,
    }
}
