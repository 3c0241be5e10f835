//! ICE candidates of clients. They come before, during and after the peer connection they are meant for.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{MediaCommand, Reply};
use crate::ids::*;
use crate::legs::EarlyCandidate;
use crate::outbox::Outbox;

impl Conference {
    /// Never fails: a candidate that is of no use any more is no fault of the client's.
    pub(crate) fn candidate(
        &mut self,
        who: &Member,
        endpoint: ConnectionId,
        candidate: String,
        sdp_mid: Option<String>,
        out: &mut Outbox,
    ) -> Handled {
        match self.transport_towards(who, &endpoint) {
            Some(transport) => {
                let command = MediaCommand::Candidate {
                    transport,
                    candidate,
                    sdp_mid,
                };
                out.command(who, command);
            }
            None => self.keep_for_later(
                who,
                EarlyCandidate {
                    endpoint,
                    candidate,
                    sdp_mid,
                },
            ),
        }
        Ok(Some(Reply::Done))
    }

    /// The newest transport that `who` has for its own stream, or for the stream of `endpoint`.
    fn transport_towards(&self, who: &Member, endpoint: &ConnectionId) -> Option<TransportId> {
        let room = self.sessions.get(&who.session)?;
        let legs = self.legs.get(&who.connection)?;
        let (_, own) = room.participant(&who.connection)?;
        if *endpoint == who.connection {
            let coming = legs.publishing.as_ref().and_then(|made| made.transport());
            let current = own.publisher.as_ref().and_then(|it| it.transport.as_ref());
            return coming.or(current).cloned();
        }
        let (_, sender) = room.participant(endpoint)?;
        let stream = &sender.publisher.as_ref()?.stream;
        let coming = legs.receiving.get(stream).and_then(|next| next.transport());
        let current = own
            .subscribers
            .get(stream)
            .and_then(|current| current.transport.as_ref());
        coming.or(current).cloned()
    }

    fn keep_for_later(&mut self, who: &Member, early: EarlyCandidate) {
        let known = match self.sessions.get(&who.session) {
            Some(session) => session.participant(&early.endpoint).is_some(),
            None => false,
        };
        let kept = match self.legs.get_mut(&who.connection) {
            Some(legs) if known => legs.keep(early),
            _ => false,
        };
        if !kept {
            self.dropped_candidates += 1;
        }
    }

    /// Hands on what came too early for `transport`.
    pub(crate) fn send_early(
        &mut self,
        who: &Member,
        endpoint: &ConnectionId,
        transport: &TransportId,
        out: &mut Outbox,
    ) {
        let Some(legs) = self.legs.get_mut(&who.connection) else {
            return;
        };
        for early in legs.take_early(endpoint) {
            let command = MediaCommand::Candidate {
                transport: transport.clone(),
                candidate: early.candidate,
                sdp_mid: early.sdp_mid,
            };
            out.command(who, command);
        }
    }
}
