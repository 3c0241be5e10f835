//! What a host name resolves to.

use std::net::IpAddr;
use std::time::Duration;

/// The system's resolver may take much longer, in a thread of its own.
const WITHIN: Duration = Duration::from_secs(5);

/// Asks the system what `name` leads to, each address once.
///
/// # Errors
/// Why there is no answer.
pub async fn resolve(name: &str) -> Result<Vec<IpAddr>, String> {
    let found = tokio::time::timeout(WITHIN, tokio::net::lookup_host((name, 0))).await;
    let found = found.map_err(|_| format!("no name server answered within {WITHIN:?}"))?;
    let found = found.map_err(|error| error.to_string())?;
    let mut ips: Vec<IpAddr> = found.map(|at| at.ip()).collect();
    // Name servers give their answers in turn; that is no change.
    ips.sort();
    ips.dedup();
    Ok(ips)
}
