//! Which relays probes of a node look through, and which of them clients are therefore not told of.

use cluster::{Node, NodeId, State};
use conference::{IceCredentials, IceServer, SessionId};
use openvidu::ice::views;
use reachability::{Path, Protocol, Relay, Relayer};

use super::{RelayTransport, RelayUrl, Relays};
use crate::control::Control;

/// Other nodes whose relays clients of one node may be told of. Few, because probes look through each of them.
const NEIGHBOURS: usize = 2;

/// An ICE server, and the way through it. `None`: probes do not look through it.
pub(crate) struct Offer {
    pub(super) server: IceServer,
    pub(super) way: Option<(Path, String, u16)>,
}

impl Control {
    /// Everything that clients of this node may be told of, usable or not, with credentials for whoever looks. `label` begins their
    /// user names, which differ, because quotas hold for each.
    pub fn relays_towards(&self, node: &NodeId, label: &str) -> Vec<Relay> {
        let Some(serving) = self.cluster.node(node) else {
            return Vec::new();
        };
        let relays = self.offers_towards(serving).into_iter().enumerate();
        let relays = relays.filter_map(|(number, Offer { server, way })| {
            let (path, host, port) = way?;
            let Path::Relay {
                protocol,
                ref relay,
                ..
            } = path
            else {
                return None;
            };
            if !self.is_ready(relay, node) {
                return None;
            }
            let label = format!("{label}{number}");
            let view = views(&[server], self.now.timestamp, &label).pop()?;
            Some(Relay {
                path,
                host,
                port,
                protocol,
                username: view.username?,
                credential: view.credential?,
            })
        });
        relays.collect()
    }

    /// Whether it says something of a relay that it does not let through to this node.
    fn is_ready(&self, relay: &Relayer, node: &NodeId) -> bool {
        match relay {
            Relayer::Node(by) => self.is_let_through(Some(by), node),
            Relayer::Master => self.is_let_through(None, node),
            Relayer::External => true,
        }
    }

    fn offers_towards(&self, serving: &Node) -> Vec<Offer> {
        if !self.settings.ice_servers.is_empty() {
            return self.configured();
        }
        let neighbours = self.neighbours(serving.id());
        let mut offers: Vec<Offer> = Vec::new();
        let others = neighbours.iter().copied().map(Some).chain([None]);
        for offer in others.flat_map(|other| self.relayed(serving, other)) {
            if !offers.iter().any(|it| it.way == offer.way) {
                offers.push(offer);
            }
        }
        offers
    }

    pub(crate) fn configured(&self) -> Vec<Offer> {
        let servers = self.settings.ice_servers.iter();
        let offers = servers.map(|server| Offer {
            way: configured_way(&server.url),
            server: server.clone(),
        });
        offers.collect()
    }

    /// The relays of a node, of another one, and of the master.
    pub(super) fn relayed(&self, serving: &Node, other: Option<&Node>) -> Vec<Offer> {
        let Some((rules, secrets)) = self.settings.relay.as_ref().zip(self.secrets.as_ref()) else {
            return Vec::new();
        };
        let relays = Relays {
            serving: (serving.id(), serving.addresses()),
            other: other.map(|node| (node.id(), node.addresses())),
            own: &rules.own,
        };
        let secret = &secrets.issuing(self.now.timestamp).drawn.secret;
        let offers = relays.urls(|_| true).into_iter().map(|url| Offer {
            server: IceServer {
                url: url.to_string(),
                credentials: Some(IceCredentials::StaticAuthSecret(secret.clone())),
            },
            way: Some(way(url)),
        });
        offers.collect()
    }

    /// The nodes that serve and come after this one in the order of ids, round and round.
    fn neighbours(&self, node: &NodeId) -> Vec<&Node> {
        let nodes = || {
            self.cluster
                .nodes()
                .filter(|it| it.state() == State::Serving)
        };
        let after = nodes().filter(|it| it.id() > node);
        let before = nodes().filter(|it| it.id() < node);
        after.chain(before).take(NEIGHBOURS).collect()
    }

    /// Another node that serves, and whose relay gets through to this one as far as is known: always the same for a session,
    /// and not the same for all.
    pub(super) fn another(&self, node: &Node, session: &SessionId) -> Option<&Node> {
        let mut others = self.neighbours(node.id());
        let gets_through = |other: &&Node| {
            let mut offers = self.relayed(node, Some(other)).into_iter();
            offers.any(|offer| {
                let of_other = |path: &Path| matches!(path, Path::Relay { relay: Relayer::Node(id), .. } if id == other.id());
                let way = offer.way.as_ref().map(|(path, ..)| path);
                way.is_some_and(of_other) && self.is_usable(node.id(), &offer)
            })
        };
        if others.iter().any(gets_through) {
            others.retain(gets_through);
        }
        let chosen = super::hash(session).checked_rem(others.len() as u64)?;
        others.get(usize::try_from(chosen).unwrap_or(0)).copied()
    }

    /// What is left when those are left out through which nobody gets to the node. Never nothing, or clients would ask
    /// strangers' servers; and never only relays within private networks while there are others: whoever looks may himself be
    /// where their public address does not lead back to, which says nothing of clients. Relays over TLS always stay: for some
    /// clients nothing else is open, and they are never in the way of a faster one.
    pub(crate) fn usable(&self, node: &NodeId, offers: Vec<Offer>) -> Vec<IceServer> {
        let good: Vec<bool> = offers.iter().map(|it| self.is_usable(node, it)).collect();
        let left = |wanted: &dyn Fn(&Offer) -> bool| {
            let mut offers = offers.iter().zip(&good);
            offers.any(|(offer, good)| *good && wanted(offer))
        };
        let none = !left(&|offer| offer.way.is_some());
        let none_public = !left(&Offer::is_public);
        let offers = offers.iter().zip(&good);
        let kept = offers.filter(|(offer, good)| {
            **good || offer.is_by_tls() || none || none_public && offer.is_public()
        });
        kept.map(|(offer, _)| offer.server.clone()).collect()
    }

    /// Whether a relay may be handed out to clients of this node. Where nobody has looked it may.
    fn is_usable(&self, node: &NodeId, offer: &Offer) -> bool {
        let path = offer.way.as_ref().map(|(path, ..)| path);
        path.is_none_or(|path| !self.is_withheld(node, path))
    }
}

impl Offer {
    fn is_by_tls(&self) -> bool {
        let path = self.way.as_ref().map(|(path, ..)| path);
        path.is_some_and(|path| {
            matches!(
                path,
                Path::Relay {
                    protocol: Protocol::Tls,
                    ..
                }
            )
        })
    }

    /// Whether it is a relay that may be reached from anywhere.
    fn is_public(&self) -> bool {
        let host = self.way.as_ref().map(|(_, host, _)| host.parse());
        match host {
            Some(Ok(ip)) => diagnosis::is_public(&ip),
            Some(Err(_)) => true,
            None => false,
        }
    }
}

fn way(url: RelayUrl) -> (Path, String, u16) {
    let protocol = match url.transport {
        RelayTransport::Udp => Protocol::Udp,
        RelayTransport::Tcp => Protocol::Tcp,
        RelayTransport::Tls => Protocol::Tls,
    };
    let relay = url.node.map_or(Relayer::Master, Relayer::Node);
    through(relay, protocol, &url.host, url.port)
}

/// `host` as it stands in a URL.
fn through(relay: Relayer, protocol: Protocol, host: &str, port: u16) -> (Path, String, u16) {
    let path = Path::Relay {
        relay,
        protocol,
        at: format!("{host}:{port}"),
    };
    (path, host.trim_matches(['[', ']']).to_owned(), port)
}

/// Of RFC 7065, as far as it is `turn:` or `turns:`.
fn configured_way(url: &str) -> Option<(Path, String, u16)> {
    let (scheme, rest) = url.split_once(':')?;
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (protocol, port) = match (scheme, query) {
        ("turn", "transport=tcp") => (Protocol::Tcp, 3478),
        ("turn", "" | "transport=udp") => (Protocol::Udp, 3478),
        ("turns", "" | "transport=tcp") => (Protocol::Tls, 5349),
        _ => return None,
    };
    // A colon within brackets is one of IPv6.
    let bracket = address.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match address[bracket..].split_once(':') {
        Some((host, text)) => (&address[..bracket + host.len()], text.parse().ok()?),
        None => (address, port),
    };
    Some(through(Relayer::External, protocol, host, port))
}

#[cfg(test)]
mod tests;
