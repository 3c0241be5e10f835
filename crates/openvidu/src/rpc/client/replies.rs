//! Replies to the client's requests.

use conference::{ConnectionId, Error, Join, Joined, Reply, RequestId, Timestamp};
use serde_json::{Map, Value};

use super::{Client, Kind, Membership, Open, UNJOINED_MS};
use crate::id::RpcSessionId;
use crate::rpc::code;
use crate::rpc::deadlines::Deadline;
use crate::rpc::effect::{Effect, Resume};
use crate::rpc::frame::{self, Id};
use crate::rpc::joined;
use crate::rpc::refusal::Refusal;

impl Client {
    /// The conference's answer to a request that came out as [`Effect::Join`] or [`Effect::Operation`].
    pub fn reply(
        &mut self,
        now: Timestamp,
        request: RequestId,
        result: Result<Reply, Error>,
    ) -> Vec<Effect> {
        let Some(Open { id, kind }) = self.requests.remove(&request) else {
            self.counters.stale += 1;
            return Vec::new();
        };
        match (kind, result) {
            (Kind::Join { version }, Ok(Reply::Joined(joined))) => {
                self.admit(now, &id, &joined, &version)
            }
            (Kind::Join { .. }, other) => self.turn_away(now, &id, &unexpected(other)),
            (Kind::Operation, Ok(reply)) => match operation_result(reply) {
                Some(result) => self.deliver_result(&id, result),
                None => self.deliver(frame::error(Some(&id), &out_of_place())),
            },
            (Kind::Operation, Err(error)) => {
                self.deliver(frame::error(Some(&id), &Refusal::from(&error)))
            }
        }
    }

    fn admit(&mut self, now: Timestamp, id: &Id, joined: &Joined, version: &str) -> Vec<Effect> {
        match self.membership {
            Membership::Joining => {
                self.membership = Membership::Joined(joined.connection.clone());
                self.deliver_result(id, joined::render(joined, version, now))
            }
            _ => self.lose(joined.connection.clone()),
        }
    }

    /// The connection exists, but nobody is there to use it.
    fn lose(&mut self, connection: ConnectionId) -> Vec<Effect> {
        let mut effects = vec![Effect::Lost { connection }];
        effects.extend(self.end());
        effects
    }

    fn turn_away(&mut self, now: Timestamp, id: &Id, refusal: &Refusal) -> Vec<Effect> {
        let mut effects = self.deliver(frame::error(Some(id), refusal));
        match self.membership {
            Membership::Joining if self.line.socket().is_some() => {
                self.membership = Membership::Outside;
                self.deadlines.set(Deadline::Unjoined, now, UNJOINED_MS);
            }
            Membership::Joining | Membership::Abandoned => effects.extend(self.end()),
            Membership::Outside | Membership::Joined(_) | Membership::Over => {}
        }
        effects
    }

    /// Asks the conference to let the client in.
    pub(in crate::rpc) fn begin_join(
        &mut self,
        id: &Id,
        mut join: Join,
        sdk_version: Option<String>,
    ) -> Result<Vec<Effect>, Refusal> {
        match self.membership {
            Membership::Outside => {}
            Membership::Over => {
                let text = "The connection of this WebSocket is over; open a new one to join again";
                return Err(Refusal::new(code::USER_CLOSED, text));
            }
            _ => {
                return Err(Refusal::new(
                    code::EXISTING_USER,
                    "This client has already joined a session",
                ));
            }
        }
        let version = sdk_version
            .filter(|version| joined::is_semver(version))
            .unwrap_or_else(|| self.settings.compatible_version.clone());
        let request = self.open(id, Kind::Join { version })?;
        join.ip = self.line.ip().to_owned();
        self.membership = Membership::Joining;
        self.deadlines.clear(Deadline::Unjoined);
        Ok(vec![Effect::Join { request, join }])
    }

    /// Goes on as the RPC session that the client names, if it is this one; asks the shell otherwise.
    pub(in crate::rpc) fn resume_as(&mut self, id: &Id, session: &str) -> Vec<Effect> {
        if session == self.identity.session.as_str() {
            return self.deliver_value(id, "reconnection successful");
        }
        match (&self.membership, self.line.socket()) {
            (Membership::Outside, Some(socket)) => vec![Effect::Resume(Resume {
                socket,
                ip: self.line.ip().to_owned(),
                session: RpcSessionId::new(session),
                id: id.clone(),
            })],
            _ => {
                let refusal = Refusal {
                    code: code::RECONNECTION,
                    message: "reconnection error".into(),
                };
                self.deliver(frame::error(Some(id), &refusal))
            }
        }
    }

    /// Answers a ping, and expects the next one in time.
    pub(in crate::rpc) fn pong(
        &mut self,
        now: Timestamp,
        id: &Id,
        interval_ms: Option<i64>,
    ) -> Vec<Effect> {
        self.ping.received(interval_ms);
        self.expect_ping(now);
        self.deliver(frame::pong(id))
    }

    pub(in crate::rpc) fn deliver_result(
        &mut self,
        id: &Id,
        result: Map<String, Value>,
    ) -> Vec<Effect> {
        let text = frame::result(id, &self.identity.session, result);
        self.deliver(text)
    }

    /// A result whose only member is `value`.
    pub(in crate::rpc) fn deliver_value(&mut self, id: &Id, value: &str) -> Vec<Effect> {
        self.deliver_result(id, Map::from_iter([("value".to_owned(), value.into())]))
    }
}

/// The result object of an operation; `None` for a reply that only REST gets.
fn operation_result(reply: Reply) -> Option<Map<String, Value>> {
    let fields: Vec<(&str, Value)> = match reply {
        Reply::Done => Vec::new(),
        Reply::Offer(offer) => vec![("sdpOffer", offer.into())],
        Reply::Published {
            stream,
            created_at,
            answer,
        } => vec![
            ("sdpAnswer", answer.into()),
            ("id", stream.as_str().into()),
            ("createdAt", created_at.0.into()),
        ],
        Reply::Session(_) | Reply::Connection(..) | Reply::Joined(_) => return None,
    };
    Some(
        fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

fn unexpected(result: Result<Reply, Error>) -> Refusal {
    match result {
        Err(error) => Refusal::from(&error),
        Ok(_) => out_of_place(),
    }
}

fn out_of_place() -> Refusal {
    Refusal::new(
        code::GENERIC,
        "The server answered with something else than was asked for",
    )
}
