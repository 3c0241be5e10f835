//! `ping`: the client's sign of life.

use conference::Timestamp;

use crate::rpc::client::Client;
use crate::rpc::effect::Effect;
use crate::rpc::frame::Id;
use crate::rpc::params::Params;
use crate::rpc::refusal::Refusal;

/// Between pings when the client has not said, milliseconds.
const INTERVAL_MS: u64 = 5_000;

/// What a client may ask for, milliseconds: often enough to notice a dead one, seldom enough to survive a hiccup.
const INTERVALS_MS: std::ops::RangeInclusive<u64> = 1_000..=60_000;

/// Pings that may be missing before the WebSocket counts as dead.
const MISSING: u64 = 3;

/// What is known of the client's pings.
#[derive(Debug, Default)]
pub(in crate::rpc) struct Ping {
    interval_ms: Option<u64>,
}

impl Ping {
    /// Notes a ping, and the interval if it brings one.
    pub fn received(&mut self, interval_ms: Option<i64>) {
        let interval = match interval_ms.and_then(|ms| u64::try_from(ms).ok()) {
            Some(ms) => ms.clamp(*INTERVALS_MS.start(), *INTERVALS_MS.end()),
            None => self.interval_ms.unwrap_or(INTERVAL_MS),
        };
        self.interval_ms = Some(interval);
    }

    /// How long to wait for the next ping, milliseconds. `None` when the client never sent one.
    pub fn patience(&self) -> Option<u64> {
        self.interval_ms.map(|interval| interval * MISSING)
    }
}

pub(super) fn handle(
    client: &mut Client,
    now: Timestamp,
    id: &Id,
    params: &Params<'_>,
) -> Result<Vec<Effect>, Refusal> {
    let interval = params.optional_integer("interval")?;
    Ok(client.pong(now, id, interval))
}
