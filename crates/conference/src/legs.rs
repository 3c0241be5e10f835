//! The peer connections of one participant as far as they are still under way. What has come about is in the
//! public model ([`Publisher`](crate::Publisher), [`Subscriber`](crate::Subscriber)).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::ids::*;
use crate::limits::EARLY_CANDIDATES;
use crate::model::MediaOptions;

/// Exists exactly as long as the participant is active.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    pub publishing: Option<Publishing>,
    /// Transports that a newer one of the same stream overtook before the node answered. One of them may be the
    /// stream's current one on the node, so they are closed only when a newer one is known to have taken over.
    pub replaced: Vec<TransportId>,
    /// The client has given up its source for one that did not come about. Stock clients do not try again by themselves.
    pub stranded: bool,
    /// How often the client may still be made to dial again because its source is gone. Zero until media has flowed:
    /// a client that cannot send at all is left in peace.
    pub redials: u8,
    pub receiving: BTreeMap<StreamId, Receiving>,
    /// What the client has asked a repair of and not got yet. Stock clients do not ask again when it is refused.
    pub repairing: BTreeSet<StreamId>,
    early: VecDeque<EarlyCandidate>,
}

/// A `Publish` that the node has not answered.
#[derive(Debug)]
pub(crate) struct Publishing {
    pub request: RequestId,
    pub stream: StreamId,
    pub purpose: Purpose,
    pub sent: Sent,
}

/// How far a `Publish` has come.
#[derive(Debug)]
pub(crate) enum Sent {
    /// Held until the session has a node.
    Held { offer: String },
    /// On the session's node.
    On(TransportId),
}

impl Publishing {
    pub fn is_held(&self) -> bool {
        matches!(self.sent, Sent::Held { .. })
    }

    pub fn transport(&self) -> Option<&TransportId> {
        match &self.sent {
            Sent::On(transport) => Some(transport),
            Sent::Held { .. } => None,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Purpose {
    /// A stream that nobody knows of yet.
    New { options: MediaOptions },
    /// A new source for the stream that the participant publishes already.
    Again,
}

/// A subscriber's transport on its way from `Subscribe` to `Accepted`.
#[derive(Debug)]
pub(crate) enum Receiving {
    /// Not asked for yet: the session has no node.
    Held { request: RequestId },
    Offering {
        request: RequestId,
        transport: TransportId,
    },
    /// The client has the offer.
    Offered { transport: TransportId },
    Accepting {
        request: RequestId,
        transport: TransportId,
    },
}

impl Receiving {
    pub fn transport(&self) -> Option<&TransportId> {
        match self {
            Self::Offering { transport, .. }
            | Self::Offered { transport }
            | Self::Accepting { transport, .. } => Some(transport),
            Self::Held { .. } => None,
        }
    }

    pub fn request(&self) -> Option<RequestId> {
        match self {
            Self::Held { request }
            | Self::Offering { request, .. }
            | Self::Accepting { request, .. } => Some(*request),
            Self::Offered { .. } => None,
        }
    }
}

/// A candidate that came before its peer connection.
#[derive(Debug)]
pub(crate) struct EarlyCandidate {
    pub endpoint: ConnectionId,
    pub candidate: String,
    pub sdp_mid: Option<String>,
}

impl Legs {
    /// Keeps a candidate for later. False if another had to be dropped for it.
    pub fn keep(&mut self, candidate: EarlyCandidate) -> bool {
        let fits = self.early.len() < EARLY_CANDIDATES;
        if !fits {
            self.early.pop_front();
        }
        self.early.push_back(candidate);
        fits
    }

    /// Whether a request of the client's is open, or one that will make it answer.
    pub fn is_asking(&self) -> bool {
        let mut receiving = self.receiving.values();
        self.publishing.is_some() || receiving.any(|next| next.request().is_some())
    }

    /// Repairs that were asked for and are not under way.
    pub fn refused(&self) -> impl Iterator<Item = &StreamId> {
        let repairing = self.repairing.iter();
        repairing.filter(|stream| !self.receiving.contains_key(*stream))
    }

    /// Requests that wait for the session's node.
    pub fn held(&self) -> impl Iterator<Item = RequestId> {
        let publishing = self.publishing.iter().filter(|made| made.is_held());
        let receiving = self.receiving.values().filter_map(|next| match next {
            Receiving::Held { request } => Some(*request),
            _ => None,
        });
        publishing.map(|made| made.request).chain(receiving)
    }

    /// How many candidates are kept.
    pub fn early(&self) -> usize {
        self.early.len()
    }

    /// Takes out what was kept for `endpoint`, in the order of arrival.
    pub fn take_early(&mut self, endpoint: &ConnectionId) -> Vec<EarlyCandidate> {
        let (taken, kept) = self
            .early
            .drain(..)
            .partition(|early| early.endpoint == *endpoint);
        self.early = kept;
        Vec::from(taken)
    }
}
