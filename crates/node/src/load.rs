//! What the node reports of its load.

use std::collections::HashSet;
use std::time::Instant;

use link::proto;
use media::{Stage, TransportState};

/// `CLK_TCK` of every Linux: the unit of the times in `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Sessions whose id begins so are the master's own probes.
const PROBE: &str = "probe/";

/// Counts what a snapshot holds.
pub(crate) fn count(transports: &[TransportState], cpu_percent: f64) -> proto::Load {
    let carried = || {
        let open = transports.iter().filter(|t| t.stage != Stage::Closed);
        open.filter(|t| !t.session.starts_with(PROBE))
    };
    let sessions: HashSet<_> = carried().map(|t| &t.session).collect();
    // One published stream has one publishing transport, each subscription one of its own.
    let streams = carried().count();
    proto::Load {
        transports: saturated(streams),
        sessions: saturated(sessions.len()),
        streams: saturated(streams),
        cpu_percent,
    }
}

fn saturated(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Measures the CPU used by this process between two looks.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    cores: f64,
    last: Option<(Instant, u64)>,
}

impl CpuMeter {
    /// For a machine with so many cores.
    pub(crate) fn new(cores: usize) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let cores = cores.max(1) as f64;
        Self { cores, last: None }
    }

    /// Percent of the machine since the last look; 0 at the first and where `/proc` cannot be read.
    pub(crate) fn look(&mut self, now: Instant) -> f64 {
        let Some(ticks) = std::fs::read_to_string("/proc/self/stat")
            .ok()
            .and_then(|stat| ticks(&stat))
        else {
            return 0.0;
        };
        let percent = self.last.map_or(0.0, |last| self.percent(last, now, ticks));
        self.last = Some((now, ticks));
        percent
    }

    fn percent(&self, (then, before): (Instant, u64), now: Instant, ticks: u64) -> f64 {
        let elapsed = now.saturating_duration_since(then).as_secs_f64();
        if elapsed <= 0.0 {
            return 0.0;
        }
        #[allow(clippy::cast_precision_loss)]
        let used = ticks.saturating_sub(before) as f64 / TICKS_PER_SECOND;
        (used / elapsed / self.cores * 100.0).clamp(0.0, 100.0)
    }
}

/// User and system time from `/proc/PID/stat` (proc(5)), in ticks. The second field may hold blanks and parentheses.
fn ticks(stat: &str) -> Option<u64> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

#[cfg(test)]
mod tests;
