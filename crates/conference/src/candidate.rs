//! ICE candidates. Those of clients come before, during and after the peer connection they are meant for; those of nodes
//! stand in descriptions, and come only when a node is reached elsewhere than it was.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{MediaCommand, Notification, Reply};
use crate::ids::*;
use crate::input::NewCandidates;
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

    /// Tells the client of a peer connection where else its node is reached. Stock clients find the peer connection by the
    /// stream's owner.
    pub(crate) fn new_candidates(
        &self,
        transport: &TransportId,
        new: NewCandidates,
        out: &mut Outbox,
    ) {
        let Some(leg) = self.leg_of(transport) else {
            return;
        };
        let room = self.session(&leg.session);
        let owner = match (leg.publishes, room.map(|room| room.owner_of(&leg.stream))) {
            (true, _) => leg.connection.clone(),
            (false, Some(Ok((owner, _)))) => owner.clone(),
            (false, _) => return,
        };
        let endpoint = match leg.publishes {
            true => leg.stream.to_string(),
            false => format!("{}_{}", leg.connection, leg.stream),
        };
        for candidate in new.candidates {
            let told = Notification::IceCandidate {
                owner: owner.clone(),
                endpoint: endpoint.clone(),
                candidate,
                sdp_mid: new.sdp_mid.clone(),
                sdp_m_line_index: new.sdp_m_line_index,
            };
            out.notify(&leg.connection, told);
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
