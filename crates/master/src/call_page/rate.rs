//! How often one address may ask for tokens, since each makes something that stays for a while.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Requests that one address may make at once: an office behind one address enters a room together.
const BURST: u32 = 100;

/// How long until one more may be made.
const REFILL: Duration = Duration::from_millis(200);

/// Addresses that are remembered at one time. When all have asked lately, a further one is refused.
const ADDRESSES: usize = 16_384;

/// Remembers, by address, the moment at which its allowance will be whole again.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    whole_at: Mutex<HashMap<IpAddr, Instant>>,
}

impl Rate {
    /// Whether this address may make one more request now; counts it if so.
    pub(crate) fn allows(&self, ip: IpAddr, now: Instant) -> bool {
        // Nothing panics while it is held, and what is in it is whole at every step.
        let mut whole_at = self
            .whole_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if whole_at.len() >= ADDRESSES && !whole_at.contains_key(&ip) {
            whole_at.retain(|_, at| *at > now);
            if whole_at.len() >= ADDRESSES {
                return false;
            }
        }
        let at = whole_at
            .get(&ip)
            .copied()
            .filter(|at| *at > now)
            .unwrap_or(now)
            + REFILL;
        if at > now + REFILL * BURST {
            return false;
        }
        whole_at.insert(ip, at);
        true
    }
}

#[cfg(test)]
mod tests;
