//! What relays of nodes tell of their clients.

use ::control::{Visit, Visited};
use link::proto;

/// More come at once only from a node that wants to be heard too much.
const VISITS: usize = 512;
/// Longest label of a client, and longer than those that are given out.
const LABEL: usize = 32;

pub fn visits(told: proto::RelayVisits) -> Vec<Visit> {
    let visits = told.visits.into_iter().take(VISITS);
    visits.filter_map(visit).collect()
}

fn visit(told: proto::RelayVisit) -> Option<Visit> {
    use proto::relay_visit::What;
    let what = match told.what? {
        What::Allocated(relayed) => Visited::Allocated(relayed.parse().ok()?),
        What::Permitted(peer) => Visited::Permitted(peer.parse().ok()?),
        What::Refused(refused) => {
            let code = u16::try_from(refused.code).ok()?;
            Visited::Refused(code, refused.peer.parse().ok())
        }
        What::Ended(ended) => Visited::Ended {
            sent: ended.sent,
            returned: ended.returned,
        },
    };
    Some(Visit {
        client: told.client.parse().ok()?,
        protocol: match told.protocol.as_str() {
            "udp" => diagnosis::Protocol::Udp,
            "tcp" => diagnosis::Protocol::Tcp,
            "tls" => diagnosis::Protocol::Tls,
            _ => diagnosis::Protocol::Unknown,
        },
        label: Some(told.label).filter(|it| it.len() <= LABEL)?,
        what,
    })
}
