//! What a node carries, counted.

use std::collections::BTreeSet;

use crate::input::Usage;
use crate::message::{Load, Stage, Transport};

/// Sessions whose id begins so are the master's own probes.
const PROBE: &str = "probe/";

/// Counts what a snapshot holds.
pub(crate) fn count(transports: &[Transport], usage: Usage) -> Load {
    let carried = || {
        transports
            .iter()
            .filter(|t| t.stage != Stage::Closed && !t.session.starts_with(PROBE))
    };
    let sessions: BTreeSet<_> = carried().map(|t| &t.session).collect();
    let connections: BTreeSet<_> = carried().map(|t| connection(&t.transport)).collect();
    // One published stream has one publishing transport, each subscription one of its own.
    let streams = saturated(carried().count());
    Load {
        transports: streams,
        sessions: saturated(sessions.len()),
        connections: saturated(connections.len()),
        streams,
        cpu_percent: usage.cpu_percent,
        memory_percent: usage.memory_percent,
    }
}

/// Masters name transports `<connection>/<counter>`.
fn connection(transport: &str) -> &str {
    transport.rsplit_once('/').map_or(transport, |(of, _)| of)
}

fn saturated(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
