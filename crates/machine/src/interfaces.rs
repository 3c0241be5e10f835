//! The addresses of interfaces.

use std::net::IpAddr;

/// Most that are told.
const MOST: usize = 64;

/// Name and address, in the kernel's order; loopback too.
pub fn addresses() -> Vec<(String, IpAddr)> {
    let found = if_addrs::get_if_addrs().unwrap_or_default();
    let named = found.into_iter().map(|interface| {
        let ip = interface.ip();
        (interface.name, ip)
    });
    named.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_among_them() {
        let found = addresses();
        assert!(found.iter().any(|(_, ip)| ip.is_loopback()), "{found:?}");
    }
}
