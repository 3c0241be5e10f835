//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// The address of the client. A proxy's word for it (`x-real-ip`) counts only when the proxy is on this machine;
/// anybody else could write what he likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientIp(pub(crate) IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientIp {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        Ok(Self(client_ip(
            peer.unwrap_or(IpAddr::from([0, 0, 0, 0])),
            &parts.headers,
        )))
    }
}

fn client_ip(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    let told = || {
        headers
            .get("x-real-ip")?
            .to_str()
            .ok()?
            .trim()
            .parse::<IpAddr>()
            .ok()
    };
    if peer.is_loopback() {
        told().map_or(peer, |ip| ip.to_canonical())
    } else {
        peer
    }
}

#[cfg(test)]
mod tests;
