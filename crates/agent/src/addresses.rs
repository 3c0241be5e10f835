//! Where media reaches this node.

use std::net::IpAddr;

use crate::message::Addresses;

/// More than this helps no client and makes every description longer.
const MOST: usize = 8;

/// Interfaces that lead to containers and virtual machines of this host, not to clients.
const INTERNAL: [&str; 10] = [
    "docker", "br-", "veth", "virbr", "vnet", "lxcbr", "lxdbr", "cni", "flannel", "cali",
];

/// An address of one of the machine's interfaces that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// Such as `eth0`.
    pub interface: String,
    #[allow(missing_docs)]
    pub ip: IpAddr,
}

/// Which addresses clients are told: the configured ones, else those of the interfaces, IPv4 first, else loopback where
/// that is allowed. The error is a sentence for the operator.
pub(crate) fn choose(
    configured: &[IpAddr],
    interfaces: &[InterfaceAddress],
    allow_loopback: bool,
) -> Result<Vec<IpAddr>, String> {
    if !configured.is_empty() {
        return Ok(configured.to_vec());
    }
    let outward = sorted(interfaces.iter().filter(|a| is_outward(a)));
    if !outward.is_empty() {
        return Ok(outward);
    }
    let loopback = sorted(interfaces.iter().filter(|a| a.ip.is_loopback()));
    if allow_loopback && !loopback.is_empty() {
        return Ok(loopback);
    }
    Err(problem(interfaces))
}

fn problem(interfaces: &[InterfaceAddress]) -> String {
    let seen: Vec<_> = interfaces
        .iter()
        .map(|a| format!("{} on {}", a.ip, a.interface))
        .collect();
    let seen = if seen.is_empty() {
        "no address at all".to_owned()
    } else {
        format!("only {}", seen.join(", "))
    };
    format!(
        "no interface has an address that clients could reach ({seen}); connect the machine to a network or configure \
         node.public_addresses"
    )
}

fn sorted<'a>(addresses: impl Iterator<Item = &'a InterfaceAddress>) -> Vec<IpAddr> {
    let mut ips: Vec<_> = addresses.map(|a| a.ip).collect();
    ips.sort_by_key(IpAddr::is_ipv6);
    let mut seen = std::collections::BTreeSet::new();
    ips.retain(|ip| seen.insert(*ip));
    ips.truncate(MOST);
    ips
}

fn is_outward(address: &InterfaceAddress) -> bool {
    let internal = INTERNAL
        .iter()
        .any(|prefix| address.interface.starts_with(prefix));
    let unusable = match address.ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let ip = address.ip;
    !(internal || unusable || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
}

/// The address set as it was last announced, with its version.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    version: u64,
    chosen: Option<Result<Vec<IpAddr>, String>>,
}

impl Announced {
    /// Takes a new choice. True when it differs from the last, which raises the version.
    pub(crate) fn update(&mut self, chosen: Result<Vec<IpAddr>, String>) -> bool {
        let changed = self.chosen.as_ref() != Some(&chosen);
        if changed {
            self.version += 1;
            self.chosen = Some(chosen);
        }
        changed
    }

    /// The addresses; none when there is a problem.
    pub(crate) fn ips(&self) -> &[IpAddr] {
        match &self.chosen {
            Some(Ok(ips)) => ips,
            _ => &[],
        }
    }

    /// Why there are none.
    pub(crate) fn problem(&self) -> Option<&str> {
        match &self.chosen {
            Some(Err(problem)) => Some(problem),
            _ => None,
        }
    }

    /// As the master is told.
    pub(crate) fn message(&self, ports: &[u16], stun_port: u16) -> Addresses {
        Addresses {
            version: self.version,
            ips: self.ips().to_vec(),
            ports: ports.to_vec(),
            stun_port,
            problem: self.problem().unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
