//! Which peer connections a conference wants to exist.

use crate::conference::Conference;
use crate::ids::*;
use crate::legs::Receiving;
use crate::model::Active;

impl Conference {
    /// Every transport that `node` was told to make and not yet told to close. Whatever else a node carries for this
    /// master, after a broken link or a restart, is an orphan and can be closed.
    pub fn transports_on<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = &'a TransportId> {
        self.sessions()
            .filter(move |session| session.node.as_ref() == Some(node))
            .flat_map(|session| session.participants())
            .flat_map(|(connection, active)| running(active).chain(self.coming(&connection.id)))
    }

    /// Those of [`transports_on`](Self::transports_on) that the node has made for sure: their clients were given its
    /// descriptions. One that the node does not carry any more it has given up.
    pub fn described_on<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = &'a TransportId> {
        self.sessions()
            .filter(move |session| session.node.as_ref() == Some(node))
            .flat_map(|session| session.participants())
            .flat_map(|(connection, active)| running(active).chain(self.unanswered(&connection.id)))
    }

    fn unanswered(&self, connection: &ConnectionId) -> impl Iterator<Item = &TransportId> {
        let legs = self.legs.get(connection).into_iter();
        legs.flat_map(|legs| legs.receiving.values())
            .filter(|next| matches!(next, Receiving::Offered { .. }))
            .filter_map(Receiving::transport)
    }

    /// On their way, or overtaken before the node answered.
    fn coming(&self, connection: &ConnectionId) -> impl Iterator<Item = &TransportId> {
        self.legs.get(connection).into_iter().flat_map(|legs| {
            let publishing = legs.publishing.iter().filter_map(|made| made.transport());
            let receiving = legs.receiving.values().filter_map(|next| next.transport());
            publishing.chain(&legs.replaced).chain(receiving)
        })
    }
}

/// An offered transport is among the coming ones already.
fn running(active: &Active) -> impl Iterator<Item = &TransportId> {
    let sending = active
        .publisher
        .iter()
        .filter_map(|publisher| publisher.transport.as_ref());
    let receiving = active.subscribers.values();
    let established = receiving.filter(|subscriber| subscriber.established);
    sending.chain(established.filter_map(|subscriber| subscriber.transport.as_ref()))
}
