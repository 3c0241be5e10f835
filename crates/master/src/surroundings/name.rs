//! The name that clients are told, as this machine resolves it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use diagnosis::Name;
use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long a resolver may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Addresses that are kept.
const MOST: usize = 8;

/// Where `host` leads to. Nobody is called there: many gateways do not lead back to their own public address. `None` for
/// what is an address itself.
pub(super) async fn look(host: &str) -> Option<Name> {
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    let mut name = Name {
        name: host.to_owned(),
        ..Name::default()
    };
    match timeout(PATIENCE, lookup_host((host, 0))).await {
        Err(_) => name.problem = format!("no answer within {} s", PATIENCE.as_secs()),
        Ok(Err(error)) => name.problem = error.to_string(),
        Ok(Ok(found)) => {
            let found = found.map(|address: SocketAddr| address.ip());
            name.found = found.take(MOST).collect();
        }
    }
    Some(name)
}
