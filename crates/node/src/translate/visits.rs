//! What happened to clients of the relay.

use link::proto::{self, from_node::Message, relay_visit::What};
use media::relay::{self, Event};

/// In one message.
const MOST: usize = 512;

/// `None`: nothing happened. Of too much the newest is told.
pub(crate) fn visits(events: Vec<Event>) -> Option<Message> {
    let more = events.len().saturating_sub(MOST);
    let visits: Vec<proto::RelayVisit> = events.into_iter().skip(more).map(visit).collect();
    let some = !visits.is_empty();
    some.then_some(Message::RelayVisits(proto::RelayVisits { visits }))
}

fn visit(event: Event) -> proto::RelayVisit {
    let what = match event.what {
        relay::What::Allocated { relayed } => What::Allocated(relayed.to_string()),
        relay::What::Permitted { peer } => What::Permitted(peer.to_string()),
        relay::What::Bound { peer } => What::Permitted(peer.ip().to_string()),
        relay::What::Refused { code, peer, .. } => What::Refused(proto::RelayRefusal {
            code: code.number().into(),
            peer: peer.map_or_else(String::new, |peer| peer.ip().to_string()),
        }),
        relay::What::Ended {
            to_peers,
            to_client,
            ..
        } => What::Ended(proto::RelayEnd {
            sent: to_peers,
            returned: to_client,
        }),
    };
    proto::RelayVisit {
        client: event.client.to_string(),
        protocol: match event.via {
            relay::Via::Udp => "udp",
            relay::Via::Tcp => "tcp",
            relay::Via::Tls => "tls",
        }
        .to_owned(),
        label: event.label.into(),
        what: Some(what),
    }
}
