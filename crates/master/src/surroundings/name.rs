//! The name that clients are told, as this machine resolves it.

use std::net::IpAddr;

use diagnosis::Name;

/// Addresses that are kept.
const MOST: usize = 8;

/// Where `host` leads to, and where it should: to `own`, the machine's addresses, or to where it is `seen` from outside.
/// Nobody is called there: many gateways do not lead back to their own public address. `None` for what is an address
/// itself.
pub(super) async fn look(host: &str, own: &[IpAddr], seen: &[IpAddr]) -> Option<Name> {
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return None;
    }
    let mut name = Name {
        name: host.to_owned(),
        ..Name::default()
    };
    match discovery::resolve(host).await {
        Err(problem) => name.problem = problem,
        Ok(found) => name.found = found.into_iter().take(MOST).collect(),
    }
    name.expected = expected(&name.found, own, seen);
    Some(name)
}

/// Empty when it cannot be said: a name that leads to a public address is no mistake of a machine that knows of no public
/// address of its own. Something in front of it may pass on what comes there.
fn expected(found: &[IpAddr], own: &[IpAddr], seen: &[IpAddr]) -> Vec<IpAddr> {
    let known: Vec<IpAddr> = own.iter().chain(seen).copied().collect();
    let public = |ips: &[IpAddr]| ips.iter().any(diagnosis::is_public);
    if public(found) && !public(&known) {
        return Vec::new();
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts
            .iter()
            .map(|it| it.parse().expect("address"))
            .collect()
    }

    #[test]
    fn only_what_can_be_known_is_expected() {
        let own = ips(&["127.0.0.1", "10.0.0.5"]);
        let told = |found: &[&str], seen: &[&str]| expected(&ips(found), &own, &ips(seen));
        // Something in front of a private machine.
        assert_eq!(told(&["203.0.113.9"], &[]), ips(&[]));
        assert_eq!(told(&["10.0.0.6"], &[]), own);
        let both = ips(&["127.0.0.1", "10.0.0.5", "198.51.100.7"]);
        assert_eq!(told(&["203.0.113.9"], &["198.51.100.7"]), both);
    }

    #[tokio::test]
    async fn names_are_resolved_and_addresses_are_not() {
        assert_eq!(look("[::1]", &[], &[]).await, None);
        let name = look("localhost", &ips(&["127.0.0.1", "::1"]), &[]).await;
        let name = name.expect("a name");
        assert!(
            name.found.iter().all(|ip| name.expected.contains(ip)),
            "{name:?}"
        );
        assert!(!name.found.is_empty() && name.problem.is_empty());
    }
}
