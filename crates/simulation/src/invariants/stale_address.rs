//! Invariant 4: No stale address: every address that a client is handed is one that its node has now, as far as the
//! master knows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Invariant;
use crate::queue::Time;
use crate::seen::Seen;
use crate::world::World;

/// An answer that was made just before a change may arrive just after it.
const CROSSING: Time = 2_000;

#[derive(Default)]
pub(super) struct StaleAddress {
    /// When the master last took an address for a node's.
    current: BTreeMap<IpAddr, Time>,
}

impl Invariant for StaleAddress {
    fn name(&self) -> &'static str {
        "4 no stale address"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        let Some(master) = &world.master else {
            return Ok(());
        };
        let now = world.now();
        if matches!(
            seen,
            Seen::Ticked | Seen::Handed { .. } | Seen::Admitted { .. }
        ) {
            for node in master.control.cluster().nodes() {
                for ip in &node.addresses().ips {
                    self.current.insert(*ip, now);
                }
            }
        }
        let Seen::Handed { ips } = seen else {
            return Ok(());
        };
        for ip in ips {
            let last = self.current.get(ip);
            if last.is_none_or(|last| now > last + CROSSING) {
                return Err(format!(
                    "a client was handed {ip}, which is no node's any more"
                ));
            }
        }
        Ok(())
    }
}
