//! STUN requests that nobody has authenticated yet. The ICE agent keeps those that come before it knows the client's
//! description and answers them later, when others have come from elsewhere.

use std::net::IpAddr;

use crate::net::Peer;

/// Newest 5-tuples whose requests are remembered.
const MOST: usize = 16;

/// A STUN request that was not authenticated yet: its answer proves the 5-tuple.
#[derive(Clone, Copy)]
pub struct Claim {
    /// From where.
    pub peer: Peer,
    /// At which of our addresses.
    pub local: Option<IpAddr>,
    /// It nominates the pair.
    pub use_candidate: bool,
}

/// The claims on one transport, at most one for each 5-tuple.
#[derive(Default)]
pub struct Claims {
    oldest_first: Vec<Claim>,
}

impl Claims {
    /// A request came. One that nominated the same pair and has no answer yet still does.
    pub fn add(&mut self, mut claim: Claim) {
        let earlier = self.take(claim.peer);
        claim.use_candidate |= earlier.is_some_and(|earlier| earlier.use_candidate);
        if self.oldest_first.len() == MOST {
            self.oldest_first.remove(0);
        }
        self.oldest_first.push(claim);
    }

    /// The claim of `peer`, which is authenticated or refused now.
    pub fn take(&mut self, peer: Peer) -> Option<Claim> {
        let at = self
            .oldest_first
            .iter()
            .position(|claim| claim.peer == peer)?;
        Some(self.oldest_first.remove(at))
    }

    /// Where a request of `peer` arrived.
    pub fn local(&self, peer: Peer) -> Option<IpAddr> {
        let claim = self.oldest_first.iter().find(|claim| claim.peer == peer);
        claim.and_then(|claim| claim.local)
    }
}
