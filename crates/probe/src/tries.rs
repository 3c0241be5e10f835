//! All that one probe tries.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use reachability::Protocol;

use crate::call::Call;
use crate::echo::Echo;
use crate::knock::Knock;
use crate::plan::{MOST_CALLS, MOST_KNOCKS, MOST_RELAYS, Plan};
use crate::relaying::Relaying;
use crate::report::Path;
use crate::stun;

/// An echo, and what for.
pub struct Asked {
    pub path: Path,
    /// Number of its route.
    pub route: usize,
    pub echo: Echo,
}

/// An echo over TCP.
pub struct Knocking {
    pub knock: Knock,
    /// It was asked for.
    pub begun: bool,
}

/// Whether the relay is being connected to.
pub type Begun = bool;

/// A call that may be.
pub struct Calling {
    pub by: By,
    /// `None` until the echo has passed.
    pub call: Option<Call>,
}

/// By what there may be a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    Direct(IpAddr, Protocol),
    /// The relay of this number.
    Relay(usize),
}

/// The requests of all paths, due at once but for those that there is no way to.
pub fn echoes(now: Instant, plan: &Plan) -> Vec<Asked> {
    let mut echoes = Vec::new();
    for (number, route) in plan.routes.iter().enumerate() {
        let media = plan.ports.iter();
        let media = media.map(|port| Path::Media(SocketAddr::new(route.ip, *port)));
        let stun = SocketAddr::new(route.ip, plan.stun_port);
        for path in media.chain([Path::Stun(stun)]) {
            let (Path::Media(to) | Path::Stun(to)) = path else {
                continue;
            };
            let transaction = stun::transaction(echoes.len(), &plan.secret);
            let echo = match &route.local {
                Ok(_) => Echo::new(now, to, transaction, &plan.limits),
                Err(error) => Echo::without_route(now, to, error),
            };
            echoes.push(Asked {
                path,
                route: number,
                echo,
            });
        }
    }
    echoes
}

/// Connections to the media ports of addresses that there is a way to: all of them, or as many as are allowed, beginning
/// anywhere.
pub fn knocks(now: Instant, plan: &Plan) -> Vec<Knocking> {
    let routes = plan.routes.iter();
    let routed: Vec<_> = routes.filter(|route| route.local.is_ok()).collect();
    let each = (MOST_KNOCKS / routed.len().max(1)).clamp(1, plan.ports.len().max(1));
    let first = usize::from(plan.secret[0]);
    let mut knocks = Vec::new();
    for route in routed {
        for turn in 0..each.min(plan.ports.len()) {
            let port = plan.ports[(first + turn) % plan.ports.len()];
            let to = SocketAddr::new(route.ip, port);
            let transaction = stun::transaction(usize::from(u16::MAX) - knocks.len(), &plan.secret);
            knocks.push(Knocking {
                knock: Knock::new(now, to, transaction, plan.limits.knock),
                begun: false,
            });
        }
    }
    knocks
}

pub fn callings(plan: &Plan) -> Vec<Calling> {
    let routed = plan.routes.iter().filter(|route| route.local.is_ok());
    let both = routed.flat_map(|route| {
        [Protocol::Udp, Protocol::Tcp].map(|protocol| By::Direct(route.ip, protocol))
    });
    let relayed = (0..plan.relays.len()).map(By::Relay);
    let all = both.take(MOST_CALLS - MOST_RELAYS).chain(relayed);
    all.map(|by| Calling { by, call: None }).collect()
}

/// An echo through each relay.
pub fn relayings(now: Instant, plan: &Plan) -> Vec<(Relaying, Begun)> {
    let relays = plan.relays.iter().cloned().enumerate();
    let relayings = relays.filter_map(|(number, relay)| {
        let relaying = Relaying::new(now, relay, number, plan)?;
        Some((relaying, false))
    });
    relayings.collect()
}
